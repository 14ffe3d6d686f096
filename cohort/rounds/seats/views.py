"""Shows staff what follows a sealed decision: the act, the letters, each seat as it stands today, and who is called next."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext, ngettext
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload
from wtforms import DateField, RadioField, SelectChoice, StringField, TextAreaField
from wtforms.validators import DataRequired, InputRequired, Length

from cohort.firms.words import country_name
from cohort.kit import clock
from cohort.kit.access import current_actor, gate
from cohort.kit.database import transaction
from cohort.kit.errors import DomainError, sentence
from cohort.kit.language import ZONES
from cohort.rounds.calls import queries as rounds
from cohort.rounds.calls import words as call_words
from cohort.rounds.calls.times import local_text
from cohort.rounds.calls.views import round_here
from cohort.rounds.decisions import letters, tables
from cohort.rounds.decisions import words as decision_words
from cohort.rounds.decisions.service import decision_of
from cohort.rounds.models import Application, Decision, Round, Seat
from cohort.rounds.seats import acts, offers, replacing, standing, words
from cohort.rounds.seats.models import AdministrativeAct, Offer, Replacement
from cohort.rounds.site import Page, back_with, session_now, staff
from cohort.rules.replacement import PassedOver

_: Callable[..., str] = gettext
LINE_COUNT = 25  # how many seats are shown at first, those that wait for somebody above
_NEEDED = DataRequired(_l("This cannot stay empty."))


class ActForm(FlaskForm):
    """Number and date of the administrative act."""

    number = StringField(_l("Number of the act"), [_NEEDED, Length(max=60)])
    signed_on = DateField(_l("Signed on"), [InputRequired(_l("Give a day."))])
    country = RadioField(_l("Country"), validate_choice=False)

    def offer(self, parts: Sequence[str]) -> ActForm:
        """Offer the countries whose act is not recorded; one alone needs no choice."""
        self.country.choices = [SelectChoice(code, country_name(code)) for code in parts if code]
        return self


class ReasonForm(FlaskForm):
    """Why a seat is taken back, or why these firms are called."""

    reason = TextAreaField(_l("Reason, which is kept"), [_NEEDED, Length(max=1000)])


@staff.route("/<int:round_id>/seats", methods=["GET", "POST"])
@gate("round.see")
def seats(round_id: int) -> Page:
    """Show every seat as it stands today; record the act on the same page."""
    current_actor().require("firm.see")
    session, round_ = session_now(), round_here(round_id)
    decision = _decision(session, round_)
    recorded, mine = acts.acts_of(session, decision), acts.parts_within(current_actor(), round_)
    unrecorded = [part for part in mine if part not in recorded]
    form = ActForm().offer(unrecorded)
    if form.is_submitted() and not mine:
        raise DomainError("not_allowed")
    if form.validate_on_submit():
        try:
            with transaction() as writing:
                acts.record_act(writing, current_actor(), rounds.round_of(writing, round_id, current_actor().plan_id),
                                form.number.data, form.signed_on.data,
                                form.country.data or (unrecorded[0] if len(unrecorded) == 1 else acts.FOR_ALL))
        except DomainError as refusal:
            form.form_errors.append(sentence(refusal))
        else:
            flash(_("The act is recorded. Read the letters, then send them."), "success")
            return redirect(url_for("rounds.seats", round_id=round_id))
    elif not form.is_submitted():
        form.signed_on.data = clock.today(round_.time_zone)
    held = standing.standing_of(session, round_, decision)
    page = render_template(
        "rounds/seats.html", round=round_, decision=decision, form=form, held=held, unrecorded=unrecorded,
        **_acts(round_, recorded, mine),
        **_cut(standing.rows_of(held.holders)), words=words, call_words=call_words, country_name=country_name,
        replacements=list(session.scalars(select(Replacement).where(Replacement.decision_id == decision.id).order_by(Replacement.id))),
        step=5 if held.holders else 4,
    )
    return (page, 422) if form.is_submitted() else page


def _acts(round_: Round, recorded: Mapping[str, AdministrativeAct], mine: Collection[str]) -> dict[str, Any]:
    """Return the one act, or a row for each country with its act and letters, and whose letters can be read now."""
    ready = [part for part, act in recorded.items() if act.told_at is None and part in mine]
    rows = [
        {"part": part, "country": country_name(part), "act": recorded.get(part), "is_mine": part in mine,
         "told": local_text(told_at, ZONES[part]) if (told_at := getattr(recorded.get(part), "told_at", None)) else ""}
        for part in acts.parts_of(round_) if part
    ]
    return {"act": recorded.get(acts.FOR_ALL), "act_rows": rows, "recorded": recorded, "ready": ready}


def _cut(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the first rows and how many more there are; `?all=1` in the address shows every one."""
    shown = rows if "all" in request.args else rows[:LINE_COUNT]
    return {"rows": shown, "hidden": len(rows) - len(shown)}


@staff.get("/<int:round_id>/letters")
@gate("round.score")
def letters_page(round_id: int) -> Page:
    """Show one letter of each kind before all are sent as one batch; those of a country where it has its own act."""
    session, round_ = session_now(), round_here(round_id)
    part = _part(round_, request.args)
    decision = _decision(session, round_)
    rows = offers.seats_of(session, decision, part)
    said = letters.feedback_of(session, [seat.application_id for seat in rows])
    kinds = [
        {"outcome": outcome, "count": sum(1 for seat in rows if seat.outcome == outcome),
         **_sample(round_, next((seat for seat in rows if seat.outcome == outcome), None), said)}
        for outcome in decision_words.OUTCOMES
    ]
    act = acts.acts_of(session, decision).get(part)
    return render_template(
        "rounds/letters.html", round=round_, part=part, country=country_name(part) if part else "", kinds=[each for each in kinds if each["count"]], count=len(rows), act=act,
        is_sent=act is not None and act.told_at is not None, call_words=call_words, outcomes=decision_words,
    )


def _sample(round_: Round, seat: Seat | None, said: dict[int, list[str]]) -> dict[str, Any]:
    if seat is None:
        return {}
    facts = letters.letter_facts(round_, seat, seat.application.firm)
    why = decision_words.reason_text(seat.reason, seat.reason_params, round_.protocol)
    return {"facts": facts, "why": why.removesuffix("."), "feedback": said.get(seat.application_id, [])}


@staff.post("/<int:round_id>/letters")
@gate("round.score")
def send_letters(round_id: int) -> Page:
    """Offer the seats and queue every letter at once, of all countries or of the one whose act it is."""
    part = _part(round_here(round_id), request.form)
    back = url_for("rounds.seats", round_id=round_id)
    try:
        with transaction() as session:
            count = offers.send_letters(
                session, current_actor(), rounds.round_of(session, round_id, current_actor().plan_id), part)
    except DomainError as refusal:
        return back_with(refusal, back)
    flash(ngettext("%(num)s seat is offered, and every firm gets its letter.", "%(num)s seats are offered, and every firm gets its letter.", count), "success")
    return redirect(back)


@staff.route("/<int:round_id>/seats/<int:offer_id>", methods=["GET", "POST"])
@gate("round.score")
def seat(round_id: int, offer_id: int) -> Page:
    """Note the answer that a firm gave by telephone, or take its seat back with a reason."""
    session, round_ = session_now(), round_here(round_id)
    offer, form, back = _offer(session, round_, offer_id), ReasonForm(), url_for("rounds.seats", round_id=round_id)
    act = request.form.get("act", "")
    if form.is_submitted() and (act == "accept" or form.validate()):
        try:
            with transaction() as writing:
                _note(writing, _offer(writing, round_, offer_id), act, form.reason.data or "")
        except DomainError as refusal:
            form.form_errors.append(sentence(refusal))
        else:
            flash(_("Noted."), "success")
            return redirect(back)
    page = render_template("rounds/seat.html", round=round_, offer=offer, form=form, back=back, words=words)
    return (page, 422) if form.is_submitted() else page


def _note(session: Session, offer: Offer, act: str, reason: str) -> None:
    acts: dict[str, Callable[[], None]] = {
        "accept": lambda: offers.accept(session, current_actor(), offer),
        "decline": lambda: offers.decline(session, current_actor(), offer, reason),
        "free": lambda: offers.free_seat(session, current_actor(), offer, reason),
    }
    if act not in acts:
        raise DomainError("not_found")
    acts[act]()


@staff.route("/<int:round_id>/replace", methods=["GET", "POST"])
@gate("round.decide")
def replace(round_id: int) -> Page:
    """Show who would enter if these firms left, and call those who enter the seats that are free."""
    session, round_, form = session_now(), round_here(round_id), ReasonForm()
    back = url_for("rounds.seats", round_id=round_id)
    leaving = [int(each) for each in request.args.getlist("leaves") if each.isdecimal()]
    if form.validate_on_submit():
        try:
            with transaction() as writing:
                held = rounds.round_of(writing, round_id, current_actor().plan_id)
                replacing.call(writing, current_actor(), held, request.form.get("key", ""), form.reason.data)
        except DomainError as refusal:
            return back_with(refusal, url_for("rounds.replace", round_id=round_id))
        flash(_("Called. Each firm has its letter with the last day to accept."), "success")
        return redirect(back)
    try:
        shown = replacing.dry_run(session, current_actor(), round_, leaving)
    except DomainError as refusal:
        if refusal.code != "replace_nobody_free":
            return back_with(refusal, back)
        shown = None
    decision = _decision(session, round_)
    held_now = standing.standing_of(session, round_, decision)
    passed = () if shown is None else shown.passed_over
    names = tables.names_of(session, [] if shown is None else [*shown.leaving, *shown.entering, *(each for each, _why in passed)])
    page = render_template(
        "rounds/replace.html", round=round_, shown=shown, form=form, back=back, leaving=leaving, held=held_now,
        names=names, passed_over=[_passed(round_, each, why, names) for each, why in passed], rows=standing.rows_of([each for each in held_now.holders if each.holds]),
        country_name=country_name, call_words=call_words, words=words,
    )
    return (page, 422) if form.is_submitted() else page


def _passed(round_: Round, each: Application, why: PassedOver, names: dict[int, str]) -> dict[str, object]:
    rules = decision_words.rules_text({"rules": why.rules, "country": each.country}, round_.protocol)
    return {"firm": names.get(each.firm_id or 0, each.code), "place": why.place, "rules": rules}


def _part(round_: Round, given: Mapping[str, str]) -> str:
    """Return whose letters are asked for: the country named, else the only part; raises unless they are the actor's."""
    part = given.get("country", acts.FOR_ALL)
    acts.require_part(current_actor(), round_, part)
    return part


def _decision(session: Session, round_: Round) -> Decision:
    decision = decision_of(session, round_.id)
    if decision is None or decision.adopted_at is None:
        raise DomainError("not_found")
    return decision


def _offer(session: Session, round_: Round, offer_id: int) -> Offer:
    found = session.scalars(
        select(Offer).join(Application, Application.id == Offer.application_id)
        .where(Offer.id == offer_id, Application.round_id == round_.id)
        .options(joinedload(Offer.application).joinedload(Application.firm))
    ).one_or_none()
    if found is None:
        raise DomainError("not_found")
    return found
