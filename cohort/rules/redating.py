"""Decides where a due date goes when the plan starts on another day, ends later, or stands still for a firm.

Leaves out which milestones are open and who is told; a milestone that is done never comes here.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta


def moved_along(due_on: date, before_on: date, after_on: date, earliest_on: date, end_on: date) -> date:
    """The new day of a milestone whose day by the template goes from `before_on` to `after_on`.

    One that was given a day of its own keeps its distance from the template's; none goes before `earliest_on` or
    after plan end.

    >>> moved_along(date(2026, 3, 5), date(2026, 3, 1), date(2026, 3, 11), date(2026, 1, 1), date(2028, 1, 1))
    datetime.date(2026, 3, 15)
    """
    return min(max(due_on + (after_on - before_on), earliest_on), end_on)


def pause_days(from_on: date, until_on: date) -> int:
    """How many days a pause lasts, both days included; raises ValueError when it ends before it begins.

    >>> pause_days(date(2026, 3, 1), date(2026, 3, 1))
    1
    """
    if until_on < from_on:
        raise ValueError("a pause ends on or after its first day")
    return (until_on - from_on).days + 1


def missing_days(due_ons: Iterable[date], days: int, end_on: date) -> int:
    """How many days plan end lies too early for all of these milestones to move on by `days`; 0 when they fit.

    >>> missing_days([date(2027, 12, 20)], 20, date(2027, 12, 31))
    9
    """
    latest = max(due_ons, default=None)
    return 0 if latest is None else max(0, (latest + timedelta(days=days) - end_on).days)
