"""Counted operations of many firms as sorted columns, and the figures of any current run in them.

Leaves out stages (`standings`): this only answers what lies in the run that ends at a given row on a given day.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from cohort.rules.stages import RecurrencePolicy

Whole = NDArray[np.int64]
Flags = NDArray[np.bool_]
_Value = TypeVar("_Value", np.int64, np.uint64)

# One key orders firm and day together; a day number (1970 = 0) stays well under this for every date there is.
_SPAN = 1 << 32
_HALF = 1 << 31
_BLOCK = 64


@dataclass(frozen=True)
class Columns:
    """Rows sorted by firm and day. Days are day numbers (1970-01-01 = 0), `cents` US cents.

    `first_row` gives, a firm, its first row, and one more entry for the end. For each row: `run_from` is the row
    after the last gap of more than `max_gap_days` (or the firm's first), `years_in_a_row` the calendar years in a
    row with an operation that end with its year, `lapse_row` the row that ended the latest lapse or -1.
    `quarters_before` and `cents_before` are running totals.
    """

    key: Whole
    firm: Whole
    day: Whole
    destination: Whole
    first_row: Whole
    quarters_before: Whole
    cents_before: Whole
    run_from: Whole
    years_in_a_row: Whole
    lapse_row: Whole
    destination_count: int


def columns_of(
    firm: NDArray[np.integer],
    day: NDArray[np.datetime64],
    destination: NDArray[np.integer],
    cents: NDArray[np.integer],
    *,
    firm_count: int,
    policy: RecurrencePolicy,
) -> Columns:
    """Sort once (free when the rows come by firm and day) and precompute what every question needs."""
    key, firms, numbers, places, money = _sorted(firm, day, destination, cents)
    months = numbers.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    quarter, year = months // 3, months // 12
    is_first = starts(firms)
    gap = np.diff(numbers, prepend=numbers[:1])
    new_quarter = is_first | starts(quarter)
    new_year = is_first | starts(year)
    streak_from = latest(is_first | (np.diff(year, prepend=year[:1]) > 1))
    year_place: Whole = np.cumsum(new_year)
    is_lapse = ~is_first & (gap > policy.lapsed_days)
    lapse_row = latest(is_lapse)
    first_row = np.searchsorted(firms, np.arange(firm_count + 1))
    return Columns(
        key=key,
        firm=firms,
        day=numbers,
        destination=places,
        first_row=first_row,
        quarters_before=np.cumsum(new_quarter),
        cents_before=np.concatenate(([0], np.cumsum(money))),
        run_from=latest(is_first | (gap > policy.max_gap_days)),
        years_in_a_row=year_place - year_place[streak_from] + 1,
        lapse_row=np.where(lapse_row >= first_row[firms], lapse_row, -1),
        destination_count=int(places.max()) + 1 if places.size else 0,
    )


def _sorted(
    firm: NDArray[np.integer],
    day: NDArray[np.datetime64],
    destination: NDArray[np.integer],
    cents: NDArray[np.integer],
) -> tuple[Whole, Whole, Whole, Whole, Whole]:
    """The key of firm and day, then firms, day numbers, destinations and cents, all in the order of the key."""
    firms = np.asarray(firm, dtype=np.int64)
    numbers = np.asarray(day, dtype="datetime64[D]").astype(np.int64)
    places = np.asarray(destination, dtype=np.int64)
    money = np.asarray(cents, dtype=np.int64)
    key = key_of(firms, numbers)
    if bool(np.all(key[1:] >= key[:-1])):
        return key, firms, numbers, places, money
    order = np.argsort(key, kind="stable")
    return key[order], firms[order], numbers[order], places[order], money[order]


def key_of(firm: Whole, day: Whole) -> Whole:
    """The one number that orders rows by firm and day number."""
    return firm * _SPAN + (day + _HALF)


def starts(values: Whole) -> Flags:
    """True where the value differs from the one before; the first row starts."""
    found = np.ones(values.size, dtype=bool)
    np.not_equal(values[1:], values[:-1], out=found[1:])
    return found


def latest(marks: Flags) -> Whole:
    """For each row the latest marked row at or before it, -1 when there is none."""
    rows: Whole = np.maximum.accumulate(np.where(marks, np.arange(marks.size), -1))
    return rows


@dataclass(frozen=True)
class Runs:
    """One current run an entry: rows `start` to `end`, both included; figures 0 and start past end when empty."""

    start: Whole
    end: Whole
    operations: Whole
    quarters: Whole
    destinations: Whole
    cents: Whole
    r1: Flags


def runs_on(columns: Columns, end: Whole, day: Whole, policy: RecurrencePolicy) -> Runs:
    """The current run on each `day` of the firm whose last operation up to that day stands in row `end`."""
    opens = key_of(columns.firm[end], day - policy.window_days)
    window_row = np.searchsorted(columns.key, opens, side="right")
    start = np.maximum(window_row, columns.run_from[end])
    start = np.where(day - columns.day[end] <= policy.max_gap_days, start, end + 1)
    holds = start <= end
    safe = np.minimum(start, end)
    operations = end - start + 1
    quarters = np.where(holds, columns.quarters_before[end] - columns.quarters_before[safe] + 1, 0)
    cents = np.where(holds, columns.cents_before[end + 1] - columns.cents_before[start], 0)
    destinations = distinct_destinations(columns, start, end)
    r1 = (
        (operations >= policy.min_operations)
        & (quarters >= policy.min_quarters)
        & (destinations >= policy.min_destinations)
        & (cents >= policy.min_fob_cents)
        & holds
    )
    return Runs(start, end, operations, quarters, destinations, cents, r1)


def distinct_destinations(columns: Columns, start: Whole, end: Whole) -> Whole:
    """Number of different destinations in rows start..end of each entry; 0 where start lies past end.

    Sets of 64 destinations at a time as bits of one word, joined over each stretch of rows at once.
    """
    row_count = columns.day.size
    total = np.zeros(start.size, dtype=np.int64)
    for block in range(0, columns.destination_count, _BLOCK):
        bits = np.zeros(row_count + 1, dtype=np.uint64)
        place = columns.destination - block
        inside = (place >= 0) & (place < _BLOCK)
        bits[:-1][inside] = np.uint64(1) << place[inside].astype(np.uint64)
        total += np.bitwise_count(over_stretches(np.bitwise_or, bits, start, end)).astype(np.int64)
    return total


def over_stretches(join: np.ufunc, values: NDArray[_Value], start: Whole, end: Whole) -> NDArray[_Value]:
    """`join` over rows start..end of each entry, 0 where start lies past end; `values` has one spare last row.

    Entries come by rising `end`: between two stretches at most the rows that lie there are read once more.
    """
    bounds = np.column_stack((np.minimum(start, end + 1), end + 1))
    joined: NDArray[_Value] = join.reduceat(values, bounds.ravel())[::2]
    joined[start > end] = 0
    return joined


@dataclass(frozen=True)
class Endings:
    """First day number on which, with no further export, a run no longer meets R1, or is no longer becoming.

    Meaningful only where it holds at the start; elsewhere the day is at or before it.
    """

    r1: Whole
    becoming: Whole


def endings_of(columns: Columns, runs: Runs, policy: RecurrencePolicy) -> Endings:
    """When the calendar alone ends what each run gives: its oldest rows leave the window one day after another.

    What remains only shrinks, so the tails that still meet R1 are the longest ones: counting them finds the row
    whose leaving ends it. A gap of more than `max_gap_days` since the last row ends everything.
    """
    lengths = np.maximum(runs.operations, 0)
    entry = np.repeat(np.arange(lengths.size), lengths)
    offset = np.arange(entry.size) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    row, end = runs.start[entry] + offset, runs.end[entry]
    quarters = columns.quarters_before[end] - columns.quarters_before[row] + 1
    meets = (
        (end - row + 1 >= policy.min_operations)
        & (quarters >= policy.min_quarters)
        & (columns.cents_before[end + 1] - columns.cents_before[row] >= policy.min_fob_cents)
    )
    if policy.min_destinations > 1:
        meets &= distinct_destinations(columns, row, end) >= policy.min_destinations
    gap_day = columns.day[runs.end] + policy.max_gap_days + 1

    def ends(holds: Flags) -> Whole:
        """The day on which each run's longest tail that `holds` has become too short."""
        tails = np.bincount(entry[holds], minlength=lengths.size)
        leaving = np.maximum(runs.start + tails - 1, 0)
        left_day = columns.day[np.minimum(leaving, runs.end)] + policy.window_days
        result: Whole = np.minimum(left_day, gap_day)
        return result

    return Endings(ends(meets), ends(quarters >= 2))
