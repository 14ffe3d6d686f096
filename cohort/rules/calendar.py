"""Decides when milestones fall due, and what is a working day.

Leaves out which days are holidays (they come in as a set of dates), the state of a milestone (`progress`), calendar
months and what hangs on what (`anchors`).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from cohort.rules.anchors import Anchor, Unit, add_months, in_order

SHORTEST_DAYS = 365
JOINER_GAP_DAYS = 14
DUE_TIME = time(23, 59)
_SATURDAY = 5
_DAY = timedelta(days=1)


class TooFewDaysError(ValueError):
    """The plan leaves too little time: `days_left` against `needed_days`; `reason` is too_short or too_dense."""

    def __init__(self, reason: str, days_left: int, needed_days: int) -> None:
        super().__init__(f"{reason}: {days_left} days left, {needed_days} needed")
        self.reason = reason
        self.days_left = days_left
        self.needed_days = needed_days


@dataclass(frozen=True)
class Offset:
    """A milestone of the template: its number, and how many days or calendar months after its anchor it falls due.

    The anchor is the firm's enrolment (day 0 of a plan of full length), the first day of the plan, or the due date
    of milestone `anchor_number`; a negative count lies before that milestone.
    """

    number: int
    day: int
    anchor: Anchor = "enrolment"
    anchor_number: int | None = None
    unit: Unit = "days"

    @property
    def is_scaled(self) -> bool:
        """Whether it stretches and shrinks with the days that a firm has left: days from enrolment do, nothing else."""
        return self.anchor == "enrolment" and self.unit == "days"

    def from_day(self, anchor_on: date) -> date:
        """The day that lies so many days or calendar months from `anchor_on`, month ends and leap days kept."""
        return add_months(anchor_on, self.day) if self.unit == "months" else anchor_on + timedelta(days=self.day)


def due_days(
    template: Sequence[Offset], start_on: date, plan_end_on: date, plan_starts_on: date | None = None
) -> dict[int, date]:
    """Due date of each milestone number (domain.md §7), for a firm enrolled on `start_on`.

    Days from enrolment are scaled so that the last of them falls on plan end, rounded down to whole days. A plan
    with fewer days left than they need is that of a joiner: they keep, in the order of day and number, at least 14
    days from the start and from each other; one too close is moved on, and where that would pass plan end, moved
    back from there. Months from enrolment, and days and months from the first day of the plan (`plan_starts_on`,
    without it the enrolment), are fixed dates; a joiner has at least 14 days for each. A milestone that hangs on
    another follows its due date. Nothing lies before enrolment or after plan end: it is moved to there.

    Raises TooFewDaysError when fewer than 365 days are left, or when the scaled milestones do not fit 14 days
    apart; CircleError, and KeyError for an anchor that the template does not have.
    """
    days_left = (plan_end_on - start_on).days
    if days_left < SHORTEST_DAYS:
        raise TooFewDaysError("too_short", days_left, SHORTEST_DAYS)
    due = _scaled([offset for offset in template if offset.is_scaled], start_on, days_left)
    begins_on = plan_starts_on or start_on
    earliest = start_on if start_on <= begins_on else start_on + timedelta(days=JOINER_GAP_DAYS)
    hanging = {each.number: each.anchor_number for each in template if each.anchor == "milestone" and each.anchor_number is not None}
    offsets = {offset.number: offset for offset in template}
    for number, offset in offsets.items():
        if number not in hanging and not offset.is_scaled:
            fixed = offset.from_day(begins_on if offset.anchor == "plan" else start_on)
            due[number] = min(max(fixed, earliest), plan_end_on)
    for number in in_order(hanging):
        due[number] = min(max(offsets[number].from_day(due[hanging[number]]), start_on), plan_end_on)
    return {offset.number: due[offset.number] for offset in template}


def _scaled(template: Sequence[Offset], start_on: date, days_left: int) -> dict[int, date]:
    if not template:
        return {}
    ordered = sorted(template, key=lambda offset: (offset.day, offset.number))
    length = ordered[-1].day
    days = [offset.day * days_left // length if length else 0 for offset in ordered]
    if days_left < length:
        days = _spaced(days, days_left)
    return {offset.number: start_on + timedelta(days=day) for offset, day in zip(ordered, days, strict=True)}


def _spaced(scaled: Sequence[int], days_left: int) -> list[int]:
    needed = JOINER_GAP_DAYS * len(scaled)
    if needed > days_left:
        raise TooFewDaysError("too_dense", days_left, needed)
    days: list[int] = []
    earliest = JOINER_GAP_DAYS
    for day in scaled:
        days.append(max(day, earliest))
        earliest = days[-1] + JOINER_GAP_DAYS
    latest = days_left
    for place in reversed(range(len(days))):
        days[place] = min(days[place], latest)
        latest = days[place] - JOINER_GAP_DAYS
    return days


def due_at(due_on: date, zone: ZoneInfo) -> datetime:
    """The instant a due date ends, 23:59 in the firm's zone, in UTC.

    >>> due_at(date(2026, 7, 1), ZoneInfo("America/Santiago")).isoformat()
    '2026-07-02T03:59:00+00:00'
    """
    return datetime.combine(due_on, DUE_TIME, tzinfo=zone).astimezone(UTC)


def is_working_day(day: date, holidays: Collection[date]) -> bool:
    """True for Monday to Friday outside `holidays`."""
    return day.weekday() < _SATURDAY and day not in holidays


def add_working_days(start: date, count: int, holidays: Collection[date]) -> date:
    """The working day that lies `count` (0 or more) working days after `start`; 0 is `start` or the next one.

    >>> add_working_days(date(2026, 1, 2), 1, set())
    datetime.date(2026, 1, 5)
    """
    if count < 0:
        raise ValueError("count is 0 or more")
    day = start
    if count == 0:
        return _roll(day, _DAY, holidays)
    for _ in range(count):
        day = _roll(day + _DAY, _DAY, holidays)
    return day


def working_days_between(after: date, until: date, holidays: Collection[date]) -> int:
    """Number of working days in (after, until]; 0 when until is not later."""
    span = range(1, (until - after).days + 1)
    return sum(is_working_day(after + timedelta(days=count), holidays) for count in span)


def reminder_day_before(due_on: date, before_days: int, holidays: Collection[date]) -> date:
    """The day of a reminder `before_days` before the due date: the last working day on or before it (§7)."""
    return _roll(due_on - timedelta(days=before_days), -_DAY, holidays)


def reminder_day_after(due_on: date, after_days: int, holidays: Collection[date]) -> date:
    """The day of a reminder `after_days` after the due date: that day, or the next working day (§7)."""
    return _roll(due_on + timedelta(days=after_days), _DAY, holidays)


def review_deadline(received_on: date, working_days: int, holidays: Collection[date]) -> date:
    """The last day for a reviewer or verifier, always a working day: `working_days` after the day of receipt."""
    return add_working_days(received_on, working_days, holidays)


def _roll(day: date, step: timedelta, holidays: Collection[date]) -> date:
    while not is_working_day(day, holidays):
        day += step
    return day
