"""Tells how far a firm is, as things stand this minute: stage, quarters, next step, outlook by plan end.

Leaves out milestones, which belong to a room above; `reports` puts both on one page.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy.orm import Session

from cohort.exports.counting import rule_on
from cohort.exports.flags.facts import FirmFacts, facts_of, standing_of
from cohort.exports.flags.words import quarter_name
from cohort.firms.models import Firm
from cohort.plans import queries as plan_queries
from cohort.plans.models import Member, Plan
from cohort.rules.next_step import Outlook, can_still_be_recurring
from cohort.rules.stages import Operation, Standing, quarter_of

QUARTERS_SHOWN = 8


@dataclass(frozen=True)
class Square:
    """One quarter of the year: `state` is verified, waiting or none."""

    name: str
    state: str


@dataclass(frozen=True)
class FirmProgress:
    """How far one firm is on a day. `if_checked` is its standing once what waits for us is verified."""

    member: Member
    standing: Standing
    if_checked: Standing
    squares: list[Square]
    partners: list[str]
    outlook: Outlook
    ends_on: date
    waiting_count: int


def firm_progress(session: Session, plan: Plan, firm: Firm, day: date) -> FirmProgress | None:
    """Return how far a firm is at the end of `day`; None when it is no member of the plan. Five queries."""
    member = plan_queries.member_of(session, plan.id, firm.id)
    return progress_of(session, plan, [member], day)[0] if member is not None else None


def progress_of(session: Session, plan: Plan, members: Sequence[Member], day: date) -> list[FirmProgress]:
    """Return how far each member is, in the order given; the same queries for one and for fifty."""
    if not members:
        return []
    rule = rule_on(session, plan.id, day)
    found = facts_of(session, plan.id, members, rule, day)
    ends_on = plan_queries.end_of(plan)
    answers = []
    for member in members:
        facts = found[member.firm_id]
        standing = standing_of(facts, member, day, rule.policy)
        checked = FirmFacts([(operation, 0) for operation in facts.counted(with_waiting=True)])
        answers.append(FirmProgress(
            member, standing, standing_of(checked, member, day, rule.policy) if facts.waiting else standing,
            squares_of(facts, day), sorted({operation.destination for operation in facts.counted()}),
            can_still_be_recurring(facts.counted(with_waiting=True), day, ends_on, rule.policy), ends_on,
            len(facts.waiting),
        ))
    return answers


def squares_of(facts: FirmFacts, day: date) -> list[Square]:
    """Return the last eight quarters, oldest first, as the macro `quarter_squares` draws them."""
    verified = _quarters(facts.counted())
    waiting = {quarter_of(on) for on, _place, _cents in facts.waiting}
    newest = quarter_of(day)
    return [
        Square(quarter_name(quarter), "verified" if quarter in verified else "waiting" if quarter in waiting else "none")
        for quarter in range(newest - QUARTERS_SHOWN + 1, newest + 1)
    ]


def _quarters(operations: Iterable[Operation]) -> set[int]:
    return {quarter_of(operation.day) for operation in operations}
