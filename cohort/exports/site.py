"""Holds the blueprint of the room and what its views share; each view stands beside what it shows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from flask import Blueprint, flash, redirect, render_template, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from cohort.exports import words
from cohort.exports.counting import reasons_of, rule_on
from cohort.exports.entries import queries
from cohort.exports.entries.forms import ProofForm, ReasonForm
from cohort.exports.events import today_of
from cohort.exports.models import Export
from cohort.exports.proof.escalation import check_days
from cohort.exports.proof.forms import VerifyForm
from cohort.exports.proof.service import may_check
from cohort.exports.rates.service import Conversion, conversion_words
from cohort.kit import navigation
from cohort.kit.access import Actor, current_actor
from cohort.kit.database import db, transaction
from cohort.kit.errors import WORDINGS, DomainError, sentence
from cohort.kit.history import history_of, name_actions
from cohort.rules.shipments import sea_term_by_parcel

blueprint = Blueprint("exports", __name__, url_prefix="/exports")
Page = str | Response | tuple[str, int]

name_actions(words.ACTIONS)
navigation.announce(navigation.Entry(_l("Exports"), "exports.index", "ship", "export.see", 50, queries.waiting_count))


def session_of_request() -> Session:
    """Return the session of this request."""
    return cast(Session, db.session())


def refuse(form: Any, error: DomainError) -> None:
    """Show a refusal above the form; one that is not about what was typed gets its own page."""
    if int(WORDINGS[error.code].status) not in (409, 413, 422):
        raise error
    form.form_errors.append(sentence(error))


def detail_page(export_id: int, verify_form: VerifyForm | None = None) -> str:
    """Return the page of one export with everything that the reader may do to it."""
    session, actor = session_of_request(), current_actor()
    export = queries.export_named(session, export_id)
    today = today_of(export.firm)
    member = queries.member_of_export(session, export)
    is_own = export.firm_id in (actor.firm_ids or ()) and not actor.is_staff
    checks = may_check(session, actor, export)
    reasons = reasons_of(member, export, rule_on(session, export.plan_id, today)) if member else ()
    return render_template(
        "exports/detail.html", export=export, words=words, is_own=is_own, may_check=checks,
        row=queries.row_of(export, check_days(session, export.plan_id, today), today),
        reasons=reasons, why_words="; ".join(str(words.WHY_NOT[reason]) for reason in reasons),
        converted=conversion_words(conversion_of(export), export.currency),
        verify_form=verify_form or (VerifyForm().offer(export) if checks else None), refuse_form=ReasonForm(formdata=None),
        proof_form=ProofForm(formdata=None), history=history_of(session, export), is_odd_term=sea_term_by_parcel(export.incoterm, export.shipment),
        needs_own_tap=is_own and export.entered_for_firm and export.firm_confirmed_at is None and export.state != "withdrawn",
    )


def conversion_of(export: Export) -> Conversion | None:
    """Return the conversion that is frozen on an export; None while its rate is missing."""
    if export.fob_usd_cents is None or export.rate_on is None:
        return None
    return Conversion(export.fob_usd_cents, export.rate_per_usd or "1", export.rate_on, export.rate_source)


Act = Callable[[Session, Actor, Export], object]


def act_on(export_id: int, act: Act, said: str, target: str = "") -> Page:
    """Do one act and return to the export; a refusal is shown there."""
    back = url_for("exports.detail", export_id=export_id)
    try:
        with transaction() as session:
            act(session, current_actor(), queries.export_named(session, export_id, for_change=True))
    except DomainError as error:
        if int(WORDINGS[error.code].status) not in (409, 413, 422):
            raise
        flash(sentence(error), "error")
        return redirect(back)
    flash(said, "success")
    return redirect(target or back)


def ask_and_act(export_id: int, form: Any, title: str, act: Act, *, target: str = "") -> Page:
    """Ask for what an act needs, then do it; a refusal keeps what was typed."""
    if form.validate_on_submit():
        try:
            with transaction() as session:
                act(session, current_actor(), queries.export_named(session, export_id, for_change=True))
        except DomainError as error:
            refuse(form, error)
        else:
            flash(gettext("Saved."), "success")
            return redirect(target or url_for("exports.detail", export_id=export_id))
    export = queries.export_named(session_of_request(), export_id)
    page = render_template("exports/answer.html", export=export, form=form, title=title, words=words)
    return (page, 422) if form.is_submitted() else page
