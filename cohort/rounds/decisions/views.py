"""Shows the selection before it is proposed and after it is sealed, and publishes it; appeals are answered here too."""

from __future__ import annotations

from collections.abc import Callable

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from sqlalchemy import select
from wtforms import RadioField, SelectChoice, TextAreaField
from wtforms.validators import DataRequired, Length

from cohort.kit.access import current_actor, gate
from cohort.kit.database import transaction
from cohort.kit.errors import WORDINGS, DomainError, sentence
from cohort.people.queries import names_of_people
from cohort.rounds.applications import queries as files
from cohort.rounds.calls import queries as rounds
from cohort.rounds.calls.crossings import rare_in_record
from cohort.rounds.calls.protocol import sha256_of
from cohort.rounds.calls.time_left import time_left_of
from cohort.rounds.calls.times import local_text
from cohort.rounds.calls.views import round_here
from cohort.rounds.decisions import adoption, appeals, service, tables, words
from cohort.rounds.decisions.context import selection_context
from cohort.rounds.models import Appeal, Round
from cohort.rounds.reach import may_read_names
from cohort.rounds.site import Page, back_with, session_now, staff

_: Callable[..., str] = gettext


class AnswerForm(FlaskForm):
    """The answer to an appeal."""

    is_upheld = RadioField(_l("Outcome"), [DataRequired(_l("Choose one."))], choices=[
        SelectChoice("yes", _l("The firm is right")), SelectChoice("no", _l("The outcome stands"))])
    answer = TextAreaField(_l("Answer, which the firm reads"), [DataRequired(_l("This cannot stay empty.")), Length(max=4000)])


@staff.get("/<int:round_id>/decide")
@gate("round.decide")
def decide(round_id: int) -> Page:
    """Show the best list under the sealed rules, or what has to be done first, or why no list exists."""
    session, round_ = session_now(), round_here(round_id)
    if round_.status in {"decided", "published"}:
        return redirect(url_for("rounds.result", round_id=round_id))
    try:
        shown = service.show(session, current_actor(), round_)
    except DomainError as refusal:
        if refusal.code in {"lottery_not_drawn", "lottery_changed"}:
            return redirect(url_for("rounds.chances", round_id=round_id))
        if int(WORDINGS[refusal.code].status) >= 500:
            raise
        return _blocked(round_, refusal)
    if shown.found.status != "optimal":
        return render_template("rounds/impossible.html", round=round_, **tables.clash(round_, shown.found))
    record, standing = service.record_of(shown), service.decision_of(session, round_id)
    is_proposed = standing is not None and standing.record_hash == sha256_of(record)
    return render_template(
        "rounds/decide.html", **selection_context(round_, record, tables.shown_lines(session, round_, shown)), key=shown.key,
        swaps=tables.swap_rows(session, round_, shown), is_proposed=is_proposed, eligible=len(shown.files.pool),
        needs_reason=shown.found.shortfall == "release",
        time_left=time_left_of(session, round_),
    )


def _blocked(round_: Round, refusal: DomainError) -> Page:
    """Say what has to be done before a list can be made."""
    standings = rounds.standings_of(session_now(), round_)
    return render_template("rounds/blocked.html", round=round_, reason=sentence(refusal), total=rounds.total_of(standings))


@staff.get("/<int:round_id>/result")
@gate("round.see")
def result(round_id: int) -> Page:
    """Show the adopted selection: to staff of a country their own files, to all of them the figures."""
    session, round_ = session_now(), round_here(round_id)
    decision = service.decision_of(session, round_id)
    if decision is None or decision.adopted_at is None:
        return back_with(DomainError("decision_not_adopted"), url_for("rounds.detail", round_id=round_id))
    lines = tables.sealed_lines(session, round_, decision) if current_actor().may("firm.see") else []
    return render_template(
        "rounds/result.html", **selection_context(round_, decision.record, lines), decision=decision,
        adopter=names_of_people(session, [decision.adopted_by]).get(decision.adopted_by or 0, ""), adopted=local_text(decision.adopted_at, round_.time_zone),
        adopters=adoption.adopters_of(session, round_, decision),
    )


@staff.route("/<int:round_id>/publish", methods=["GET", "POST"])
@gate("round.publish")
def publish(round_id: int) -> Page:
    """Ask where crossings are rare, then put the record and the names on the open pages."""
    back, round_ = url_for("rounds.result", round_id=round_id), round_here(round_id)
    if request.method == "GET":
        return _asked_to_publish(round_, back)
    try:
        with transaction() as session:
            held = rounds.round_of(session, round_id, current_actor().plan_id)
            service.publish(session, current_actor(), held, request.form.get("rare_reason", ""))
    except DomainError as refusal:
        return back_with(refusal, request.path if refusal.code == "rare_reason_missing" else back)
    flash(_("Published. Anybody can download the record and check it."), "success")
    return redirect(back)


def _asked_to_publish(round_: Round, back: str) -> Page:
    """Show what would be published and which crossings are rare; a call that is not sealed leads to its page."""
    decision = service.decision_of(session_now(), round_.id)
    if round_.status != "decided" or decision is None:
        return redirect(back)
    return render_template("rounds/publish.html", round=round_, back=back, rare=rare_in_record(decision.record, round_.protocol))


@staff.route("/<int:round_id>/appeals/<int:appeal_id>", methods=["GET", "POST"])
@gate("round.see")
def appeal(round_id: int, appeal_id: int) -> Page:
    """Show an appeal with the outcome it is against, and take the answer of whoever may decide."""
    session, round_, form = session_now(), round_here(round_id), AnswerForm()
    held = _appeal(round_.id, appeal_id)
    back = url_for("rounds.detail", round_id=round_id)
    if form.is_submitted():
        current_actor().require("round.decide")
    if form.validate_on_submit():
        try:
            with transaction() as writing:
                appeals.answer_appeal(writing, current_actor(), _appeal(round_id, appeal_id), form.is_upheld.data == "yes", form.answer.data)
        except DomainError as refusal:
            form.form_errors.append(sentence(refusal))
        else:
            flash(_("The answer is on its way to the firm."), "success")
            return redirect(back)
    seat = appeals.seat_of(session, held.application_id)
    page = render_template(
        "rounds/appeal.html", round=round_, appeal=held, form=form, back=back, words=words, seat=seat,
        why=words.reason_text(seat.reason, seat.reason_params, round_.protocol) if seat else "",
    )
    return (page, 422) if form.is_submitted() else page


def _appeal(round_id: int, appeal_id: int) -> Appeal:
    found = session_now().scalars(select(Appeal).where(Appeal.id == appeal_id)).one_or_none()
    if found is None or not may_read_names(current_actor()):
        raise DomainError("not_found")
    files.application_of(session_now(), round_id, found.application_id)
    return found
