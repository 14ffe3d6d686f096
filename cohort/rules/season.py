"""R1-S: what counts for a firm with a declared season of at most three quarters a year.

Leaves out who may declare a season and when it may change (a service decides that), and R1 itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from cohort.rules.stages import Operation, RecurrencePolicy, quarter_of, quarter_start


@dataclass(frozen=True)
class Season:
    """The quarters of the year (1–4) in which a firm sells; one to three of them, or ValueError."""

    quarters: frozenset[int]

    def __post_init__(self) -> None:
        if not 1 <= len(self.quarters) <= 3 or not self.quarters <= {1, 2, 3, 4}:
            raise ValueError("a season has one to three of the quarters 1, 2, 3, 4")

    @property
    def opening_quarter(self) -> int:
        """The quarter that opens the season: the one after its longest pause (the earliest, if two are equal)."""

        def pause_before(quarter: int) -> int:
            """Quarters from the one of the season before it, 1 when that is its neighbour."""
            return next(back for back in range(1, 5) if (quarter - back - 1) % 4 + 1 in self.quarters)

        return min(self.quarters, key=lambda quarter: (-pause_before(quarter), quarter))

    def covers(self, day: date) -> bool:
        """True when the day lies in the season."""
        return quarter_of(day) % 4 + 1 in self.quarters

    def number_of(self, day: date) -> int:
        """The running number of the season year that holds the day; a season over new year stays one."""
        return (quarter_of(day) - (self.opening_quarter - 1)) // 4

    def reopens_on(self, day: date) -> date:
        """The first day after `day` on which a season quarter starts."""
        quarter = quarter_of(day) + 1
        while quarter % 4 + 1 not in self.quarters:
            quarter += 1
        return quarter_start(quarter)


def meets_r1_s(
    operations: Iterable[Operation], as_of: date, season: Season, policy: RecurrencePolicy
) -> bool:
    """True when two consecutive seasons each hold `min_operations` operations and `min_fob_usd` (domain.md §1, R1-S).

    The two end with the latest season that has begun; while that one still runs, the two before it do as well, so
    that a new season never takes away at its first day what the firm earned. Only operations in season count.
    """
    counts: dict[int, int] = {}
    cents: dict[int, int] = {}
    for operation in operations:
        if operation.day <= as_of and season.covers(operation.day):
            number = season.number_of(operation.day)
            counts[number] = counts.get(number, 0) + 1
            cents[number] = cents.get(number, 0) + operation.cents
    good = {
        number
        for number, count in counts.items()
        if count >= policy.min_operations and cents[number] >= policy.min_fob_cents
    }
    latest = season.number_of(as_of)
    pairs = [(latest - 1, latest)]
    if _has_days_left(as_of, season):
        pairs.append((latest - 2, latest - 1))
    return any(before in good and after in good for before, after in pairs)


def _has_days_left(as_of: date, season: Season) -> bool:
    if season.covers(as_of):
        return True
    return season.number_of(season.reopens_on(as_of)) == season.number_of(as_of)


def in_season_days(after: date, until: date, season: Season) -> int:
    """Days in (after, until] that lie in the season: the clock of dormant and lapsed runs only then.

    >>> in_season_days(date(2026, 9, 30), date(2027, 4, 5), Season(frozenset({2, 3})))
    5
    """
    total = 0
    day = after + timedelta(days=1)
    while day <= until:
        next_quarter = quarter_start(quarter_of(day) + 1)
        if season.covers(day):
            total += (min(next_quarter, until + timedelta(days=1)) - day).days
        day = next_quarter
    return total


def day_past(after: date, days: int, season: Season) -> date:
    """The first day with more than `days` days of season since `after`: when the clock of dormant or lapsed runs out.

    >>> day_past(date(2026, 9, 30), 4, Season(frozenset({2, 3})))
    datetime.date(2027, 4, 5)
    """
    left = days + 1
    day = after + timedelta(days=1)
    while True:
        next_quarter = quarter_start(quarter_of(day) + 1)
        if season.covers(day):
            if left <= (next_quarter - day).days:
                return day + timedelta(days=left - 1)
            left -= (next_quarter - day).days
        day = next_quarter
