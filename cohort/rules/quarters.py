"""Counted operations rolled up by firm and calendar quarter: as columns, as bytes, and back from operations.

Leaves out what follows from them (`quarter_stages`) and where they are kept. When no gap that matters fits into a
quarter, a quarter's first and last day say all about gaps (`decide_by_quarters`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cohort.rules.runs import Flags, Whole, key_of, starts
from cohort.rules.season_columns import quarters_on
from cohort.rules.stages import RecurrencePolicy

LONGEST_QUARTER_DAYS = 92
MOST_PLACES = 64
_LETTERS = 26
_CODES = 1024  # a little more than there are pairs of letters

# One quarter of one firm as it is kept: days since 1970, US cents, destinations as bits of the firm's own list.
RECORD = np.dtype(
    [
        ("quarter", "<i4"),
        ("first_day", "<i4"),
        ("last_day", "<i4"),
        ("operations", "<i4"),
        ("cents", "<i8"),
        ("places", "<u8"),
    ]
)


def decide_by_quarters(policy: RecurrencePolicy) -> bool:
    """True when a rollup by quarter decides the stage exactly (issue 5, §5); otherwise operations must be asked.

    No gap of more than `max_gap_days` or `lapsed_days` can hide inside a quarter, a lapse always ends a run, and
    no quarter alone can make a firm recurring.
    """
    return LONGEST_QUARTER_DAYS <= policy.max_gap_days <= policy.lapsed_days and policy.min_quarters >= 2


def code_of(country: str) -> int:
    """The number of a country's two letters, below 1,024: what packed rows and rollups call it.

    >>> code_of("AA"), code_of("CL"), code_of("ZZ")
    (0, 63, 675)
    """
    return (ord(country[0]) - 65) * _LETTERS + ord(country[1]) - 65


def country_of(code: int) -> str:
    """The two letters of a code.

    >>> country_of(code_of("PE"))
    'PE'
    """
    return chr(code // _LETTERS + 65) + chr(code % _LETTERS + 65)


@dataclass(frozen=True)
class Places:
    """Which destinations each firm has had: the place of a country in its firm's ascending list is its bit.

    `key` is ascending, one entry a firm and country; `first` gives a firm's first entry, and one more for the end.
    """

    key: Whole
    first: Whole

    @classmethod
    def of(cls, firm: Whole, code: Whole, firm_count: int) -> Places:
        """The lists of firms from one entry an operation, in any order and as often as they come."""
        key = np.unique(firm * _CODES + code)
        return cls(key, np.searchsorted(key, np.arange(firm_count + 1) * _CODES))

    @classmethod
    def listed(cls, code: Whole, counts: Whole) -> Places:
        """The lists as they were kept: ascending country codes of one firm after the other, `counts` of each."""
        firm = np.repeat(np.arange(counts.size), counts)
        return cls(firm * _CODES + code, np.concatenate(([0], np.cumsum(counts))))

    def bits(self, firm: Whole, code: Whole) -> NDArray[np.uint64]:
        """Each operation's destination as a bit; 0 for a country beyond the first 64 of its firm."""
        place = np.searchsorted(self.key, firm * _CODES + code) - self.first[firm]
        bits = np.uint64(1) << np.minimum(place, MOST_PLACES - 1).astype(np.uint64)
        return np.where(place < MOST_PLACES, bits, np.uint64(0))

    def codes_of(self, firm: int) -> list[int]:
        """The countries of one firm index, ascending."""
        codes: list[int] = (self.key[self.first[firm] : self.first[firm + 1]] % _CODES).tolist()
        return codes

    @property
    def crowded(self) -> Flags:
        """True where a firm has more destinations than there are bits: only its operations can be counted."""
        found: Flags = np.diff(self.first) > MOST_PLACES
        return found


@dataclass(frozen=True)
class Quarters:
    """One row a firm and quarter with operations, sorted by both; `quarter` runs from 0 for the first of 1970.

    `places` are bits of `destinations`; `first_row` gives a firm's first row, and one more entry for the end.
    """

    firm: Whole
    quarter: Whole
    first_day: Whole
    last_day: Whole
    operations: Whole
    cents: Whole
    places: NDArray[np.uint64]
    first_row: Whole
    destinations: Places

    def records(self) -> NDArray[np.void]:
        """The rows as they are kept; those of a firm lie from `first_row` on."""
        kept = np.empty(self.firm.size, dtype=RECORD)
        for name in RECORD.names or ():
            kept[name] = getattr(self, name)
        return kept


def quarters_from(records: NDArray[np.void], counts: Whole, destinations: Places) -> Quarters:
    """The columns of kept records; `counts` says how many each firm index has."""
    whole = {name: records[name].astype(np.int64) for name in ("quarter", "first_day", "last_day", "operations", "cents")}
    return Quarters(
        firm=np.repeat(np.arange(counts.size), counts),
        places=records["places"].astype(np.uint64),
        first_row=np.concatenate(([0], np.cumsum(counts))),
        destinations=destinations,
        **whole,
    )


def roll_up(firm: Whole, day: Whole, code: Whole, cents: Whole, firm_count: int) -> Quarters:
    """The quarters of counted operations in any order: firm indexes, day numbers, country codes, US cents."""
    order = np.argsort(key_of(firm, day), kind="stable")
    firm, day, code, cents = firm[order], day[order], code[order], cents[order]
    destinations = Places.of(firm, code, firm_count)
    quarter = quarters_on(day)
    first = np.flatnonzero(starts(firm) | starts(quarter))
    last = np.append(first, firm.size)[1:] - 1
    if firm.size:
        totals = np.add.reduceat(cents, first)
        places = np.bitwise_or.reduceat(destinations.bits(firm, code), first)
    else:
        totals, places = cents, np.zeros(0, dtype=np.uint64)
    return Quarters(
        firm=firm[first],
        quarter=quarter[first],
        first_day=day[first],
        last_day=day[last],
        operations=last - first + 1,
        cents=totals,
        places=places,
        first_row=np.searchsorted(firm[first], np.arange(firm_count + 1)),
        destinations=destinations,
    )
