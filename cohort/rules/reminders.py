"""Decides which reminder steps are due on a day for a firm, a coordinator and an offer (rule 18 of domain.md).

Leaves out wording, addresses and sending: a step is a fact for the outbox, re-checked there before it goes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from cohort.rules.calendar import (
    add_working_days,
    is_working_day,
    reminder_day_after,
    reminder_day_before,
)
from cohort.rules.progress import MilestoneState, State


class Kind(StrEnum):
    """What a step speaks of."""

    MILESTONE = "milestone"
    REVIEW = "review"
    WEEK = "week"
    OFFER = "offer"
    OFFER_CALL = "offer_call"


class Audience(StrEnum):
    """Who is told."""

    FIRM = "firm"
    COORDINATOR = "coordinator"
    MANAGER = "manager"


@dataclass(frozen=True)
class Step:
    """One line of a message. `step`: days from the due date, negative before it (offers: working days after).

    (audience, kind, subject_id, due_on, step) is unique, so the same step is never sent twice.
    """

    audience: Audience
    kind: Kind
    subject_id: int
    due_on: date
    step: int


@dataclass(frozen=True)
class ReminderPolicy:
    """When reminders go; keys and defaults of rule 18. Weekday 0 is Monday."""

    before_days: tuple[int, ...] = (7, 1)
    overdue_days: tuple[int, ...] = (1, 7)
    min_gap_days: int = 3
    digest_weekday: int = 0
    urgent_hours: int = 48
    escalate_days: int = 14
    digest_ahead_days: int = 7
    offer_working_days: tuple[int, ...] = (1, 3)
    offer_call_working_day: int = 4

    @property
    def urgent_days(self) -> int:
        """The urgent hours in whole days, rounded up, because due dates are days."""
        return -(-self.urgent_hours // 24)


_FIRM_ACTS = frozenset({State.OPEN, State.SOON, State.DUE_TODAY, State.LATE})
_NOT_CLOSED = _FIRM_ACTS | {State.WAITING}


def firm_steps(
    states: Iterable[MilestoneState],
    day: date,
    *,
    sent: Collection[Step],
    last_message_on: date | None,
    holidays: Collection[date],
    is_active: bool = True,
    policy: ReminderPolicy | None = None,
) -> list[Step]:
    """The lines of the one message a firm gets on `day`, by due date; empty when there is nothing to say.

    Of each milestone only the newest step that has come up: 7 and 1 days before, 1 and 7 days after the due date,
    on working days (§7). A step held back by the pause of 3 days since `last_message_on` goes with the next
    message, if it still holds by then. Nothing for milestones that are done, waived, locked or with us, for firms
    that left (`is_active` False), and on days off.
    """
    rules = policy or ReminderPolicy()
    is_quiet = last_message_on is not None and (day - last_message_on).days < rules.min_gap_days
    if not is_active or is_quiet or not is_working_day(day, holidays):
        return []
    steps = [
        Step(Audience.FIRM, Kind.MILESTONE, state.number, state.due_on, newest)
        for state in states
        if state.state in _FIRM_ACTS
        and (newest := _newest_firm_step(state.due_on, day, holidays, rules)) is not None
    ]
    return sorted(
        (step for step in steps if step not in sent), key=lambda step: (step.due_on, step.subject_id)
    )


def _newest_firm_step(
    due_on: date, day: date, holidays: Collection[date], policy: ReminderPolicy
) -> int | None:
    for late_days in sorted(policy.overdue_days, reverse=True):
        if reminder_day_after(due_on, late_days, holidays) <= day:
            return late_days
    for left_days in sorted(policy.before_days):
        if reminder_day_before(due_on, left_days, holidays) <= day <= due_on:
            return -left_days
    return None


def rests(due_on: date, until_on: date | None, day: date) -> bool:
    """Whether a person who rested a line until a day is spared it on `day`: before that day, and while it is not late.

    What is overdue is owed and told all the same (rule 18).

    >>> rests(date(2026, 12, 16), date(2026, 12, 20), date(2026, 12, 16))
    True
    >>> rests(date(2026, 12, 16), date(2026, 12, 20), date(2026, 12, 17))
    False
    """
    return until_on is not None and day < until_on and day <= due_on


@dataclass(frozen=True)
class Due:
    """Something a coordinator answers for: a firm's milestone or a review of their own, open on the day."""

    kind: Kind
    subject_id: int
    due_on: date


def open_milestones(states: Iterable[tuple[int, MilestoneState]]) -> list[Due]:
    """Milestones a coordinator looks after, from (subject id, state): all but closed and locked ones."""
    return [
        Due(Kind.MILESTONE, subject_id, state.due_on)
        for subject_id, state in states
        if state.state in _NOT_CLOSED
    ]


def coordinator_steps(
    dues: Iterable[Due],
    day: date,
    *,
    sent: Collection[Step],
    holidays: Collection[date],
    policy: ReminderPolicy | None = None,
) -> list[Step]:
    """The lines of a coordinator's message on `day`, and those for the manager; empty when nothing is to be said.

    On Monday (or the first working day after it): every open matter that is late or due within 7 days, under a
    heading (kind `week`, subject 0). On other days only what falls due within 48 hours or has become 14 days
    late, each once; of the latter the manager is told too. Nothing on days off.
    """
    rules = policy or ReminderPolicy()
    if not is_working_day(day, holidays):
        return []
    week_on = day - timedelta(days=(day.weekday() - rules.digest_weekday) % 7)
    opens_week = add_working_days(week_on, 0, holidays) == day
    steps: list[Step] = []
    for due in sorted(dues, key=lambda due: (due.due_on, due.kind, due.subject_id)):
        fresh = [step for step in _urgent_steps(due, day, holidays, rules) if step not in sent]
        steps += fresh
        days_left = (due.due_on - day).days
        is_told = any(step.audience is Audience.COORDINATOR for step in fresh)
        if opens_week and not is_told and days_left <= rules.digest_ahead_days:
            steps.append(Step(Audience.COORDINATOR, due.kind, due.subject_id, due.due_on, -days_left))
    if opens_week and steps:
        steps.insert(0, Step(Audience.COORDINATOR, Kind.WEEK, 0, week_on, 0))
    return [step for step in steps if step not in sent]


def _urgent_steps(due: Due, day: date, holidays: Collection[date], policy: ReminderPolicy) -> list[Step]:
    if 0 <= (due.due_on - day).days <= policy.urgent_days:
        step = -policy.urgent_days
        return [Step(Audience.COORDINATOR, due.kind, due.subject_id, due.due_on, step)]
    if reminder_day_after(due.due_on, policy.escalate_days, holidays) <= day:
        return [
            Step(audience, due.kind, due.subject_id, due.due_on, policy.escalate_days)
            for audience in (Audience.COORDINATOR, Audience.MANAGER)
        ]
    return []


def offer_steps(
    offer_id: int,
    offered_on: date,
    day: date,
    *,
    is_answered: bool,
    sent: Collection[Step],
    holidays: Collection[date],
    policy: ReminderPolicy | None = None,
) -> list[Step]:
    """What an open offer of a seat needs on `day`: a mail on working days 1 and 3, a call on day 4 (rule 18).

    The newest mail step only, and the call, which is a line on the coordinator's work list. Nothing once answered.
    """
    rules = policy or ReminderPolicy()
    if is_answered or not is_working_day(day, holidays):
        return []
    mails = [
        count
        for count in sorted(rules.offer_working_days)
        if add_working_days(offered_on, count, holidays) <= day
    ]
    steps = [Step(Audience.FIRM, Kind.OFFER, offer_id, offered_on, count) for count in mails[-1:]]
    if add_working_days(offered_on, rules.offer_call_working_day, holidays) <= day:
        call = rules.offer_call_working_day
        steps = [Step(Audience.COORDINATOR, Kind.OFFER_CALL, offer_id, offered_on, call)]
    return [step for step in steps if step not in sent]
