"""Lets a firm accept the seat it was offered, or give it back; by the person who applied or one of the firm's people."""

from __future__ import annotations

from collections.abc import Callable

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from sqlalchemy.orm import Session
from wtforms import TextAreaField
from wtforms.validators import Length

from cohort.kit.access import current_actor, signed_in
from cohort.kit.database import transaction
from cohort.kit.errors import DomainError, sentence
from cohort.rounds.applications.views import own_here
from cohort.rounds.calls import words
from cohort.rounds.seats import offers
from cohort.rounds.seats.models import Offer
from cohort.rounds.site import Page, apply, back_with, session_now

_: Callable[..., str] = gettext


class DeclineForm(FlaskForm):
    """Why a firm gives its seat back, if it likes to say."""

    reason = TextAreaField(_l("Why, if you like to say"), [Length(max=1000)])


@apply.post("/<code>/accept")
@signed_in
def accept(code: str) -> Page:
    """Accept the offered seat."""
    back = url_for("apply.receipt", code=code)
    try:
        with transaction() as writing:
            offers.accept(writing, current_actor(), _own_offer(writing, code))
    except DomainError as refusal:
        return back_with(refusal, back)
    flash(_("The seat is yours. Your coordinator writes to you about the first steps."), "success")
    return redirect(back)


@apply.route("/<code>/decline", methods=["GET", "POST"])
@signed_in
def decline(code: str) -> Page:
    """Ask once more, then give the seat back."""
    offer, form = _own_offer(session_now(), code), DeclineForm()
    back = url_for("apply.receipt", code=code)
    if form.validate_on_submit():
        try:
            with transaction() as writing:
                offers.decline(writing, current_actor(), _own_offer(writing, code), form.reason.data or "")
        except DomainError as refusal:
            form.form_errors.append(sentence(refusal))
        else:
            flash(_("Thank you for telling us. The seat goes to another firm."), "success")
            return redirect(back)
    page = render_template("apply/decline.html", round=offer.application.round, words=words, form=form, back=back)
    return (page, 422) if request.method == "POST" else page


def _own_offer(session: Session, code: str) -> Offer:
    """Return the offer to the firm that is signed in; raises `not_found` where there is none."""
    application = own_here(code)
    offer = offers.standing_offer(session, application.id)
    if offer is None:
        raise DomainError("not_found")
    return offer
