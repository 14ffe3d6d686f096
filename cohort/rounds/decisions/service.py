"""Shows, proposes and adopts the selection of a closed call, once, and publishes its record; solving is `solving`'s.

Adoption seals the record, notes what it says of each file, makes members and tells every firm its own reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from cohort.firms.models import Firm
from cohort.kit import audit, clock
from cohort.kit.access import Actor, unscoped
from cohort.kit.errors import DomainError, wording
from cohort.plans import queries as plans
from cohort.plans.service import join_member
from cohort.rounds.calls.protocol import sha256_of
from cohort.rounds.decisions import letters
from cohort.rounds.decisions.solving import POINTS, Files, Question, files_of, question_of, solve
from cohort.rounds.files.record import round_record
from cohort.rounds.models import Application, Decision, Round, Seat
from cohort.rules.shortfall import RoundSelection

wording("decision_not_closed", _l("A selection is made after the call is closed."), 409)
wording("decision_impossible", _l("No list keeps every rule, so there is nothing to adopt."), 409)
wording("decision_changed", _l("Files or scores changed since this list was shown. Look at the new list before you adopt it."), 409)
wording("decision_needs_second", _l("Reserved seats are released here: one person proposes it with a reason, another one adopts it."), 409)
wording("decision_needs_reason", _l("Say why reserved seats are released; the reason stands in the act."))
wording("decision_not_adopted", _l("The selection has not been adopted yet."), 409)


@dataclass(frozen=True)
class Shown:
    """A selection as it is shown before adoption: the question, its proven answer and the files around it."""

    question: Question
    found: RoundSelection
    files: Files

    @property
    def key(self) -> str:
        """What adoption must carry back, so that nobody adopts another list than the one they saw."""
        return self.question.hash


def show(session: Session, actor: Actor, round_: Round) -> Shown:
    """Return the best list under the sealed rules, proven and verified; nothing is stored.

    Raises while files wait for a score or for an answer on eligibility.
    """
    actor.require("round.decide")
    if round_.status != "closed":
        raise DomainError("decision_not_closed")
    files = files_of(session, round_)
    question = question_of(round_, files)
    return Shown(question, solve(question), files)


def propose(session: Session, actor: Actor, round_: Round, key: str, reasons: str) -> Decision:
    """Note a proposal that releases reserved seats, with its reason, for a second person to adopt."""
    actor.require("round.decide")
    if not reasons.strip():
        raise DomainError("decision_needs_reason")
    shown = _same(session, actor, round_, key)
    decision = decision_of(session, round_.id) or Decision(round_id=round_.id)
    record = record_of(shown)
    decision.record, decision.record_hash, decision.reasons = record, sha256_of(record), reasons.strip()[:1000]
    decision.proposed_by, decision.proposed_at = actor.person_id, clock.now()
    session.add(decision)
    session.flush()
    audit.record(session, actor, "round.proposed", round_, after={"record_hash": decision.record_hash, "reason": decision.reasons})
    return decision


def adopt(session: Session, actor: Actor, round_: Round, key: str, reasons: str = "") -> Decision:
    """Adopt the list that was shown and return the decision; a second time returns the first, unchanged.

    Two tabs or two people at once: one adopts, the other gets the same decision. Raises when files changed since
    the list was shown (`key`), when no list exists, or when reserved seats are released without a second person.
    """
    actor.require("round.decide")
    session.execute(select(Round.id).where(Round.id == round_.id).with_for_update())  # a second one waits here
    session.refresh(round_)
    standing = decision_of(session, round_.id)
    if standing is not None and standing.adopted_at is not None:
        return standing
    shown = _same(session, actor, round_, key)
    if shown.found.shortfall == "release" and (standing is None or standing.proposed_by == actor.person_id):
        raise DomainError("decision_needs_second")
    try:
        with session.begin_nested():
            decision = _seal(session, actor, round_, shown, standing, reasons)
    except IntegrityError:
        session.expire_all()
        adopted = decision_of(session, round_.id)
        if adopted is None:
            raise
        return adopted
    with unscoped(session):
        _carry_out(session, actor, round_, decision, shown)
    return decision


def publish(session: Session, actor: Actor, round_: Round) -> None:
    """Put the record and the names of the selected firms on the open pages, apart from each other; once."""
    actor.require("round.publish")
    if round_.status == "published":
        return
    if round_.status != "decided":
        raise DomainError("decision_not_adopted")
    round_.status, round_.published_at = "published", clock.now()
    session.flush()
    decision = decision_of(session, round_.id)
    audit.record(session, actor, "round.published", round_, after={"record_hash": decision.record_hash if decision else ""})


def decision_of(session: Session, round_id: int) -> Decision | None:
    """Return the decision of a round, proposed or adopted, or None."""
    return session.scalars(select(Decision).where(Decision.round_id == round_id)).one_or_none()


def record_of(shown: Shown) -> dict[str, Any]:
    """Return the public record: random codes, sealed scores, and only the attributes that the rules name."""
    asked = shown.question
    record = round_record(
        asked.applicants, asked.seats, asked.limits, asked.parity, asked.seed, shown.found, asked.quotas)
    return dict(record)


def _same(session: Session, actor: Actor, round_: Round, key: str) -> Shown:
    shown = show(session, actor, round_)
    if shown.key != key:
        raise DomainError("decision_changed")
    if shown.found.status != "optimal":
        raise DomainError("decision_impossible")
    return shown


def _seal(
    session: Session, actor: Actor, round_: Round, shown: Shown, standing: Decision | None, reasons: str
) -> Decision:
    """Write the decision row, unique by round, and move the round on."""
    now, record = clock.now(), record_of(shown)
    decision = standing or Decision(round_id=round_.id, proposed_by=actor.person_id, proposed_at=now, reasons="")
    decision.record, decision.record_hash = record, sha256_of(record)
    decision.reasons = decision.reasons or reasons.strip()[:1000]
    decision.adopted_by, decision.adopted_at = actor.person_id, now
    session.add(decision)
    round_.status, round_.decided_at = "decided", now
    session.flush()
    audit.record(session, actor, "round.decided", round_, after={
        "record_hash": decision.record_hash, "selected": len(shown.found.selected), "reason": decision.reasons})
    return decision


def _carry_out(session: Session, actor: Actor, round_: Round, decision: Decision, shown: Shown) -> None:
    """Note each seat, make the members and write to every firm."""
    seats = [
        Seat(decision_id=decision.id, application=each, recorded_at=clock.now(), **fate)
        for each, fate in fates(round_, shown)
    ]
    session.add_all(seats)
    session.flush()
    today = clock.today(round_.time_zone)
    standing = plans.countries_on(session, round_.plan_id, today)
    firms = {firm.id: firm for firm in session.scalars(
        select(Firm).where(Firm.id.in_([seat.application.firm_id for seat in seats])))}
    for seat in seats:
        firm = firms.get(seat.application.firm_id or 0)
        if seat.outcome != "selected" or firm is None or plans.member_of(session, round_.plan_id, firm.id):
            continue
        country = standing.get(firm.country)
        join_member(
            session, actor, round_.plan, firm, joined_on=today, round_id=round_.id,
            womens_at_entry=(seat.application.facts or {})["womens"],
            is_pilot=country is None or country.membership != "member",
        )
    letters.tell(session, round_, seats, firms)


def fates(round_: Round, shown: Shown) -> list[tuple[Application, dict[str, Any]]]:
    """Return for every submitted file its outcome, place, sealed score and reason, best first."""
    files, found = shown.files, shown.found
    by_code = {each.code: each for each in files.all}
    rows = []
    for place, code in enumerate(found.selected, start=1):
        rows.append((by_code[code], _fate("selected", place, files, by_code[code], _why(found, by_code[code]))))
    last = int(round_.protocol["waitlist_count"])
    for place, code in enumerate(found.waitlist, start=1):
        outcome, kept = ("waitlist", place) if place <= last else ("not_selected", None)
        rows.append((by_code[code], _fate(outcome, kept, files, by_code[code], _why(found, by_code[code]))))
    minimum = {"minimum": str(Decimal(round_.protocol["minimum_score"]))}
    below = sorted(files.below_minimum, key=lambda each: -files.scores[each.id])
    rows += [(each, _fate("not_selected", None, files, each, ("below_minimum", minimum))) for each in below]
    rows += [(each, _fate("ineligible", None, files, each, ("ineligible", _failed(each)))) for each in files.ineligible]
    return rows


def _fate(
    outcome: str, place: int | None, files: Files, each: Application, why: tuple[str, dict[str, Any]]
) -> dict[str, Any]:
    return {"outcome": outcome, "place": place, "score": files.scores.get(each.id), "reason": why[0], "reason_params": why[1]}


def _why(found: RoundSelection, each: Application) -> tuple[str, dict[str, Any]]:
    reason = found.reasons[each.code]
    points = None if reason.points is None else str((Decimal(reason.points) / POINTS).normalize())
    return reason.code, {"points": points, "rules": list(reason.rules), "country": each.country}


def _failed(each: Application) -> dict[str, Any]:
    return {"checks": [_told(check) for check in each.eligibility if check["answer"] == "no"]}


def _told(check: Mapping[str, Any]) -> dict[str, Any]:
    return {name: check[name] for name in ("check", "code", "params")}
