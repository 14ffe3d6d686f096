"""Takes a note of a call and shows a prepared WhatsApp message; the person sends it from their own phone."""

from __future__ import annotations

from typing import Any, cast

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from cohort.kit import clock
from cohort.kit.access import current_actor, gate
from cohort.kit.database import db, transaction
from cohort.kit.errors import DomainError, sentence
from cohort.kit.history import name_actions
from cohort.people.links import safe_target
from cohort.training import forms, queries
from cohort.training.contacts import service
from cohort.training.views import refuse

blueprint = Blueprint("contacts", __name__, url_prefix="/training/members/<int:member_id>")
Page = str | Response | tuple[str, int]
name_actions({"contact.call": _l("noted a call"), "contact.whatsapp": _l("prepared a WhatsApp message")})


def _session() -> Session:
    return cast(Session, db.session())


@blueprint.route("/call", methods=["GET", "POST"])
@gate("call.log")
def call(member_id: int) -> Page:
    """Note what was said on the phone."""
    form = forms.CallForm()
    if form.validate_on_submit():
        with transaction() as session:
            service.log_call(session, current_actor(), queries.member_named(session, member_id), form.text.data)
        flash(gettext("Noted."), "success")
        return redirect(safe_target(request.form.get("back"), url_for("training.member", member_id=member_id)))
    member = queries.member_named(_session(), member_id)
    page = render_template("training/call.html", form=form, member=member)
    return (page, 422) if form.is_submitted() else page


@blueprint.route("/whatsapp", methods=["GET", "POST"])
@gate("call.log")
def whatsapp(member_id: int) -> Page:
    """Write the message, then show the button that opens WhatsApp with it."""
    form = forms.WhatsAppForm()
    if form.validate_on_submit():
        try:
            with transaction() as session:
                member = queries.member_named(session, member_id)
                prepared = service.prepare_whatsapp(
                    session, current_actor(), member, form.text.data, with_link=form.with_link.data
                )
        except DomainError as error:
            refuse(form, error)
        else:
            return _show(member_id, form, prepared)
    elif not form.is_submitted():
        member = queries.member_named(_session(), member_id)
        try:
            contact = service.whatsapp_contact(_session(), member)
        except DomainError as error:
            flash(sentence(error), "error")
            return redirect(url_for("training.member", member_id=member_id))
        standing = queries.standing_of(_session(), member, clock.today(member.plan.time_zone))
        form.text.data = service.suggested_text(standing, contact)
    page = _show(member_id, form, None)
    return (page, 422) if form.is_submitted() else page


def _show(member_id: int, form: Any, prepared: service.Prepared | None) -> str:
    member = queries.member_named(_session(), member_id)
    return render_template("training/whatsapp.html", form=form, member=member, prepared=prepared)
