"""Lets a firm invite a colleague to work on its application and to act for the firm; what a role allows is decided elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from flask import flash, redirect, render_template, url_for
from flask_babel import gettext

from cohort.kit.access import current_actor, signed_in
from cohort.kit.database import transaction
from cohort.kit.errors import DomainError, sentence
from cohort.people import invitations
from cohort.rounds.applications import colleagues, forms
from cohort.rounds.applications.views import own_here
from cohort.rounds.calls import words
from cohort.rounds.site import Page, apply

_: Callable[..., str] = gettext


@apply.route("/<code>/colleague", methods=["GET", "POST"])
@signed_in
def colleague(code: str) -> Page:
    """Invite a colleague by mail: with the link they act for the firm too, and find its application as it stands."""
    application, form = own_here(code), forms.ColleagueForm()
    back = url_for("apply.receipt", code=code)
    if form.validate_on_submit():
        try:
            with transaction() as session:
                colleagues.invite_colleague(session, current_actor(), own_here(code), cast(str, form.email.data))
        except DomainError as refusal:
            form.form_errors.append(sentence(refusal))
        else:
            flash(_("Invited: %(email)s gets a link by mail. It works for %(days)s days.", email=form.email.data, days=invitations.LASTS.days), "success")
            return redirect(back)
    page = render_template("apply/colleague.html", round=application.round, words=words, form=form, back=back)
    return (page, 422) if form.is_submitted() else page
