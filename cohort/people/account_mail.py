"""Takes which notices a person wants and a new mail address, and confirms that address; the page is `account`'s."""

from __future__ import annotations

from typing import cast

from flask import flash, redirect, render_template, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from cohort.kit.access import current_actor, public, signed_in
from cohort.kit.database import db, transaction
from cohort.kit.doors import limiter
from cohort.kit.errors import DomainError, sentence
from cohort.people import account, addresses, profile, sessions
from cohort.people.account import Page, ask_again, blueprint
from cohort.people.forms import AddressForm, NoticesForm

__all__ = ["blueprint"]  # the account's, with the views below hung on it


@blueprint.post("/account/notices")
@signed_in
def choose_notices() -> Page:
    """Keep which notices the person wants by mail."""
    actor = current_actor()
    form = NoticesForm().offer(profile.notices_of(actor))
    if not form.validate_on_submit():
        return account.page(notices_form=form), 422
    with transaction() as session:
        profile.choose_notices(session, actor, form.wanted.data or [])
    flash(_("Saved."), "success")
    return redirect(url_for("account.index", _anchor="notices"))


@blueprint.post("/account/address")
@signed_in
@limiter.limit("20 per minute")
def change_address() -> Page:
    """Mail a link to a new address; the old one holds until the link is opened."""
    if not sessions.is_fresh():
        return ask_again(url_for("account.index"))
    form = AddressForm()
    if not form.validate_on_submit():
        return account.page(address_form=form), 422
    try:
        with transaction() as session:
            email = addresses.ask_for_address(session, current_actor(), form.email.data or "")
    except DomainError as error:
        form.email.errors = [sentence(error)]
        return account.page(address_form=form), 422
    flash(_("We sent a link to %(email)s. Until you open it, your old address holds.", email=email), "success")
    return redirect(url_for("account.index", _anchor="address"))


@blueprint.get("/account/address/<token>")
@public
@limiter.limit("60 per minute")
def new_address(token: str) -> Page:
    """Show a button, so that a preview of the mail does not use the link up."""
    found = addresses.find_address_link(cast(Session, db.session()), token)
    return render_template("people/new_address.html", email=found.target)


@blueprint.post("/account/address/<token>")
@public
@limiter.limit("20 per minute")
def confirm_address(token: str) -> Page:
    """Let the new address hold."""
    with transaction() as session:
        email = addresses.confirm_address(session, token).email
    flash(_("Your mail address is %(email)s now. Sign in with it from now on.", email=email), "success")
    return redirect(url_for("account.index") if current_actor().person_id else url_for("sign_in.index", email=email))
