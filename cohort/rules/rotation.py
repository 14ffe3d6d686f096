"""Decides which dated copies stay and which go (daily, weekly, monthly); what a copy holds and where it lies is the caller's."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date


def kept_days(days: Iterable[date], *, daily: int, weekly: int, monthly: int) -> set[date]:
    """Return the days whose copy stays: the newest `daily` ones, and the newest of each of the last `weekly` ISO weeks
    and `monthly` months that have one.

    A week or month without a copy takes no place, so that a machine that stood still loses nothing. The newest copy
    always stays. Raises `ValueError` for a negative number.

    >>> sorted(kept_days([date(2026, 1, 31), date(2026, 2, 1), date(2026, 2, 2)], daily=1, weekly=1, monthly=2))
    [datetime.date(2026, 1, 31), datetime.date(2026, 2, 2)]
    """
    if min(daily, weekly, monthly) < 0:
        raise ValueError("a number of copies is not negative")
    newest_first = sorted(set(days), reverse=True)
    weeks: dict[tuple[int, int], date] = {}
    months: dict[tuple[int, int], date] = {}
    for day in newest_first:
        weeks.setdefault(day.isocalendar()[:2], day)
        months.setdefault((day.year, day.month), day)
    return {*newest_first[: max(1, daily)], *list(weeks.values())[:weekly], *list(months.values())[:monthly]}
