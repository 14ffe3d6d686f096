"""Shows the selection, adopts it once, publishes it, prints its act; appeals are answered here too."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import flask_babel
from flask import flash, g, redirect, render_template, request, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from sqlalchemy import select
from wtforms import RadioField, SelectChoice, TextAreaField
from wtforms.validators import DataRequired, Length

from cohort.firms.words import country_name
from cohort.kit.access import current_actor, gate
from cohort.kit.database import transaction
from cohort.kit.errors import WORDINGS, DomainError, sentence
from cohort.people.models import Person
from cohort.rounds.applications import queries as files
from cohort.rounds.calls import queries as rounds
from cohort.rounds.calls import words as call_words
from cohort.rounds.calls.protocol import sha256_of, short
from cohort.rounds.calls.times import local_text
from cohort.rounds.calls.views import round_here
from cohort.rounds.decisions import appeals, service, tables, words
from cohort.rounds.models import Appeal, Round
from cohort.rounds.site import Page, back_with, session_now, staff

_: Callable[..., str] = gettext
LINE_COUNT = 10  # how many of the waiting list are shown at first


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
        if int(WORDINGS[refusal.code].status) >= 500:
            raise
        return _blocked(round_, refusal)
    if shown.found.status != "optimal":
        return render_template("rounds/impossible.html", round=round_, **tables.impossible(round_, shown))
    record, standing = service.record_of(shown), service.decision_of(session, round_id)
    proposed = standing if standing is not None and standing.record_hash == sha256_of(record) else None
    return render_template(
        "rounds/decide.html", **_context(round_, record, tables.shown_lines(session, round_, shown)), key=shown.key,
        swaps=tables.swap_rows(session, round_, shown), proposed=proposed, eligible=len(shown.files.pool),
        proposer=_person(proposed.proposed_by) if proposed else "", needs_second=shown.found.shortfall == "release",
    )


def _blocked(round_: Round, refusal: DomainError) -> Page:
    """Say what has to be done before a list can be made."""
    standings = rounds.standings_of(session_now(), round_)
    return render_template("rounds/blocked.html", round=round_, reason=sentence(refusal), total=rounds.total_of(standings))


def _context(round_: Round, record: dict[str, Any], lines: list[tables.Line]) -> dict[str, Any]:
    """Return what the pages of a list have in common: figures, effects and rows, cut after the first waiting ones."""
    is_whole = "all" in request.args
    cut = [each for each in lines if each.outcome == "selected" or (
        each.outcome == "waitlist" and (each.place or 0) <= LINE_COUNT)]
    return {
        "round": round_, "figures": tables.figures_of(record), "effects": tables.effects(record, round_.protocol),
        "lines": lines if is_whole else cut, "hidden": 0 if is_whole else len(lines) - len(cut), "words": words,
        "call_words": call_words, "short": short, "country_name": country_name,
        "rule_share": float(round_.protocol["parity"]["share"]),
    }


@staff.post("/<int:round_id>/adopt")
@gate("round.decide")
def adopt(round_id: int) -> Page:
    """Adopt the list that was shown; a second click leads to the same result."""
    target = url_for("rounds.result", round_id=round_id)
    try:
        with transaction() as session:
            held = rounds.round_of(session, round_id, current_actor().plan_id)
            service.adopt(session, current_actor(), held, request.form.get("key", ""), request.form.get("reasons", ""))
    except DomainError as refusal:
        return back_with(refusal, url_for("rounds.decide", round_id=round_id))
    flash(_("The selection is adopted and sealed. Every firm gets its own answer by mail."), "success")
    return redirect(target)


@staff.post("/<int:round_id>/propose")
@gate("round.decide")
def propose(round_id: int) -> Page:
    """Propose a list that releases reserved seats, for a second person to adopt."""
    back = url_for("rounds.decide", round_id=round_id)
    try:
        with transaction() as session:
            held = rounds.round_of(session, round_id, current_actor().plan_id)
            service.propose(session, current_actor(), held, request.form.get("key", ""), request.form.get("reasons", ""))
    except DomainError as refusal:
        return back_with(refusal, back)
    flash(_("Proposed. A second person with the right to decide adopts it on this page."), "success")
    return redirect(back)


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
        "rounds/result.html", **_context(round_, decision.record, lines), decision=decision,
        adopter=_person(decision.adopted_by), adopted=local_text(decision.adopted_at, round_.time_zone),
    )


@staff.post("/<int:round_id>/publish")
@gate("round.publish")
def publish(round_id: int) -> Page:
    """Put the record and the names on the open pages."""
    back = url_for("rounds.result", round_id=round_id)
    try:
        with transaction() as session:
            service.publish(session, current_actor(), rounds.round_of(session, round_id, current_actor().plan_id))
    except DomainError as refusal:
        return back_with(refusal, back)
    flash(_("Published. Anybody can download the record and check it."), "success")
    return redirect(back)


@staff.get("/<int:round_id>/act")
@gate("round.decide")
def act(round_id: int) -> Page:
    """Print the act of the selection in Spanish: a draft before adoption, the act itself after."""
    g.language = "es"  # the act is a document in Spanish, whoever opens it
    flask_babel.refresh()
    session, round_ = session_now(), round_here(round_id)
    decision = service.decision_of(session, round_id)
    if decision is not None and decision.adopted_at is not None:
        record, lines = decision.record, tables.sealed_lines(session, round_, decision)
    else:
        shown = service.show(session, current_actor(), round_)
        if shown.found.status != "optimal":
            raise DomainError("decision_impossible")
        decision, record, lines = None, service.record_of(shown), tables.shown_lines(session, round_, shown)
    return render_template(
        "rounds/act.html", **{**_context(round_, record, lines), "lines": lines}, decision=decision,
        record_hash=sha256_of(record), adopter=_person(decision.adopted_by) if decision else "",
        adopted=local_text(decision.adopted_at, round_.time_zone) if decision and decision.adopted_at else "",
        closed=local_text(round_.closed_at, round_.time_zone) if round_.closed_at else "",
    )


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
    if found is None:
        raise DomainError("not_found")
    files.application_of(session_now(), round_id, found.application_id)
    return found


def _person(person_id: int | None) -> str:
    person = session_now().get(Person, person_id) if person_id else None
    return (person.name or person.email) if person else ""
