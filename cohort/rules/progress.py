"""Decides the state of each milestone on a day, how far a firm is, and whether it completes the programme.

Leaves out due dates (`calendar`), reminders (`reminders`) and recurrence, which is an outcome of its own.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from fractions import Fraction

SOON_DAYS = 14
REQUIRED = frozenset({1, 5, 6, 15, 23})
REST_PERCENT = 80
ATTENDANCE_PERCENT = 80


class State(StrEnum):
    """What a milestone is on a day; `waiting` means that it lies with the person who confirms."""

    LOCKED = "locked"
    OPEN = "open"
    SOON = "soon"
    DUE_TODAY = "due_today"
    LATE = "late"
    WAITING = "waiting"
    DONE = "done"
    WAIVED = "waived"


@dataclass(frozen=True)
class Milestone:
    """One dated milestone of a firm with the days that things happened to it (None: not yet)."""

    number: int
    due_on: date
    after: tuple[int, ...] = ()
    submitted_on: date | None = None
    done_on: date | None = None
    waived_on: date | None = None


@dataclass(frozen=True)
class MilestoneState:
    """State of one milestone; `days_late` counts from the day after the due date, 0 when not late or closed."""

    number: int
    due_on: date
    state: State
    days_late: int = 0
    waits_for: tuple[int, ...] = ()


def _happened(on: date | None, day: date) -> bool:
    return on is not None and on <= day


def _is_closed(milestone: Milestone, day: date) -> bool:
    return _happened(milestone.done_on, day) or _happened(milestone.waived_on, day)


def states_of(
    milestones: Iterable[Milestone], day: date, *, soon_days: int = SOON_DAYS
) -> list[MilestoneState]:
    """State of every milestone at the end of `day`, by number.

    Done wins over waived, and both over the rest; then submitted (`waiting`); then locked while a milestone that
    must come first is neither done nor waived. A locked or waiting one still tells its days late. A number in
    `after` that the firm does not have locks nothing.
    """
    ordered = sorted(milestones, key=lambda milestone: milestone.number)
    open_numbers = {milestone.number for milestone in ordered if not _is_closed(milestone, day)}
    return [_state_of(milestone, day, open_numbers, soon_days) for milestone in ordered]


def _state_of(milestone: Milestone, day: date, open_numbers: set[int], soon_days: int) -> MilestoneState:
    days_left = (milestone.due_on - day).days
    waits_for = tuple(number for number in milestone.after if number in open_numbers)
    if _happened(milestone.done_on, day):
        return MilestoneState(milestone.number, milestone.due_on, State.DONE)
    if _happened(milestone.waived_on, day):
        return MilestoneState(milestone.number, milestone.due_on, State.WAIVED)
    if _happened(milestone.submitted_on, day):
        state = State.WAITING
    elif waits_for:
        state = State.LOCKED
    else:
        state = _by_days_left(days_left, soon_days)
    return MilestoneState(milestone.number, milestone.due_on, state, max(0, -days_left), waits_for)


def _by_days_left(days_left: int, soon_days: int) -> State:
    if days_left < 0:
        return State.LATE
    if days_left == 0:
        return State.DUE_TODAY
    return State.SOON if days_left <= soon_days else State.OPEN


@dataclass(frozen=True)
class Completion:
    """How far the completion rule is met: the required ones still missing, and the rest against its least."""

    required_missing: tuple[int, ...]
    rest_done: int
    rest_needed: int
    rest_count: int

    @property
    def is_graduate(self) -> bool:
        """True when the rule is met; being recurring is a separate outcome."""
        return not self.required_missing and self.rest_done >= self.rest_needed


def completion_of(
    states: Iterable[MilestoneState],
    *,
    required: frozenset[int] = REQUIRED,
    rest_percent: int = REST_PERCENT,
) -> Completion:
    """Completion by domain.md §7: the required milestones done and 80 % of the rest, rounded up.

    Waived ones leave the count of the rest. A required one counts only when done: a waiver does not replace it,
    and one that the firm does not have is missing.
    """
    known = {state.number: state.state for state in states}
    missing = tuple(sorted(number for number in required if known.get(number) is not State.DONE))
    rest = [state for number, state in known.items() if number not in required and state is not State.WAIVED]
    needed = -(-len(rest) * rest_percent // 100)
    return Completion(missing, rest.count(State.DONE), needed, len(rest))


def done_share(states: Iterable[MilestoneState]) -> Fraction:
    """Share of milestones done, 0–1, waived ones left out; 0 when none is left."""
    counted = [state.state for state in states if state.state is not State.WAIVED]
    return Fraction(counted.count(State.DONE), len(counted)) if counted else Fraction(0)


def attendance_share(attended_minutes: int, held_minutes: int) -> Fraction | None:
    """Share of the training time held that a firm attended, 0–1; None while nothing was held.

    Raises ValueError when more was attended than held, or an amount is negative.
    """
    if not 0 <= attended_minutes <= held_minutes:
        raise ValueError("attended minutes lie between 0 and the minutes held")
    return Fraction(attended_minutes, held_minutes) if held_minutes else None


def attends_enough(attended_minutes: int, held_minutes: int, percent: int = ATTENDANCE_PERCENT) -> bool:
    """True from exactly 80 % on (rule 19 of domain.md); False while nothing was held.

    >>> attends_enough(1920, 2400), attends_enough(1919, 2400)
    (True, False)
    """
    share = attendance_share(attended_minutes, held_minutes)
    return share is not None and share * 100 >= percent
