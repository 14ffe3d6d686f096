"""Declared seasons of many firms as columns: R1-S, the idle clock and `resting` for any firm on any day at once.

The rule itself stands in `season`, one firm at a time; a property test holds that both give one answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from cohort.rules.runs import Flags, Whole, key_of
from cohort.rules.season import Season
from cohort.rules.stages import RecurrencePolicy

_QUARTERS = range(1, 5)
_CODES = range(1, 15)  # a season as four bits, the first for January to March; 0 and 15 are none


def quarters_on(day: Whole) -> Whole:
    """The calendar quarter of each day number as a running number, 0 for the first of 1970."""
    months: Whole = day.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    return months // 3


def first_days_of(quarter: Whole) -> Whole:
    """The day number on which each running quarter begins."""
    months = (np.asarray(quarter, dtype=np.int64) * 3).astype("datetime64[M]")
    days: Whole = months.astype("datetime64[D]").astype(np.int64)
    return days


def _season(code: int) -> Season:
    return Season(frozenset(quarter for quarter in _QUARTERS if code >> (quarter - 1) & 1))


def _quarters_ahead(code: int, quarter: int) -> int:
    return next(ahead for ahead in range(1, 5) if (quarter + ahead) % 4 + 1 in _season(code).quarters)


# By code of the season: the opening quarter less one, whether each quarter belongs, how far the next one is.
_SHIFT = np.array([0] + [_season(code).opening_quarter - 1 for code in _CODES] + [0], dtype=np.int64)
_BELONGS = np.array([[code >> place & 1 for place in range(4)] for code in range(16)], dtype=bool)
_AHEAD = np.array(
    [[1] * 4] + [[_quarters_ahead(code, place) for place in range(4)] for code in _CODES] + [[1] * 4], dtype=np.int64
)


@dataclass(frozen=True)
class Seasons:
    """The season of each firm index as four bits; 0 where none is declared."""

    code: Whole

    @classmethod
    def of(cls, firm_count: int, declared: Mapping[int, Iterable[int]]) -> Seasons:
        """Seasons from the quarters (1–4) that firms declared, by firm index; ValueError as `Season`."""
        code = np.zeros(firm_count, dtype=np.int64)
        for firm, quarters in declared.items():
            code[firm] = sum(1 << (quarter - 1) for quarter in Season(frozenset(quarters)).quarters)
        return cls(code)

    @property
    def declared(self) -> Flags:
        """True where a firm has a season."""
        found: Flags = self.code > 0
        return found

    def cover(self, firm: Whole, quarter: Whole) -> Flags:
        """True where the running quarter lies in the firm's season."""
        found: Flags = _BELONGS[self.code[firm], quarter % 4]
        return found

    def number(self, firm: Whole, quarter: Whole) -> Whole:
        """The running number of the season year that holds the quarter."""
        numbers: Whole = (quarter - _SHIFT[self.code[firm]]) // 4
        return numbers

    def first_day(self, firm: Whole, number: Whole) -> Whole:
        """The day number on which a season year begins."""
        return first_days_of(number * 4 + _SHIFT[self.code[firm]])

    def still_runs(self, firm: Whole, quarter: Whole) -> Flags:
        """True where the season year of the quarter has days of season at or after it."""
        later = quarter + _AHEAD[self.code[firm], quarter % 4]
        found: Flags = self.cover(firm, quarter) | (self.number(firm, later) == self.number(firm, quarter))
        return found


@dataclass(frozen=True)
class SeasonRows:
    """Rows (operations, or quarters of them) sorted by `key`, with running totals of what lies in season.

    `operations_before` and `cents_before` have one entry more than rows. `key` is that of `runs.Columns`.
    """

    key: Whole
    operations_before: Whole
    cents_before: Whole

    @classmethod
    def of(cls, key: Whole, operations: Whole, cents: Whole, is_in_season: Flags) -> SeasonRows:
        """Totals from the operations and cents of each row."""

        def before(values: Whole) -> Whole:
            """The running total before each row."""
            return np.concatenate(([0], np.cumsum(np.where(is_in_season, values, 0))))

        return cls(key, before(operations), before(cents))


def meets_r1_s_on(
    seasons: Seasons, rows: SeasonRows, firm: Whole, end: Whole, day: Whole, policy: RecurrencePolicy
) -> Flags:
    """R1-S of each entry: a firm, the last of its rows up to the day, the day number; as `season.meets_r1_s`."""
    quarter = quarters_on(day)
    latest = seasons.number(firm, quarter)

    def good(number: Whole) -> Flags:
        """True where the season year holds the count and the value."""
        first, after = (
            np.minimum(np.searchsorted(rows.key, key_of(firm, seasons.first_day(firm, each))), end + 1)
            for each in (number, number + 1)
        )
        enough: Flags = rows.operations_before[after] - rows.operations_before[first] >= policy.min_operations
        return enough & (rows.cents_before[after] - rows.cents_before[first] >= policy.min_fob_cents)

    last, before_last = good(latest), good(latest - 1)
    found: Flags = before_last & (last | (seasons.still_runs(firm, quarter) & good(latest - 2)))
    return found


class SeasonClock:
    """Counts days in season between any two days of a span, for every season at once."""

    def __init__(self, first_day: int, last_day: int) -> None:
        self._first = first_day
        quarter = quarters_on(np.arange(first_day, last_day + 1))
        self._until = np.cumsum(_BELONGS[:, quarter % 4], axis=1, dtype=np.int64)

    def days(self, code: Whole, after: Whole, until: Whole) -> Whole:
        """Days in (after, until] that lie in the season; both days within the span."""
        counted: Whole = self._until[code, until - self._first] - self._until[code, after - self._first]
        return counted

    def day_when(self, code: Whole, after: Whole, days: int) -> Whole:
        """The first day with more than `days` days of season since `after`; past the span where there is none."""
        wanted = self._until[code, after - self._first] + days + 1
        found = np.empty(code.size, dtype=np.int64)
        for each in np.unique(code):
            mine = code == each
            found[mine] = np.searchsorted(self._until[each], wanted[mine])
        return found + self._first
