"""Reads a table of exports into columns of counted operations, or says what is wrong with which cell.

It leaves out the database and the stages: which row counts is decided here as contract.md says, the rest in `rules`.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal

import numpy as np
from numpy.typing import NDArray

from cohort.kit.tables import parse_number
from cohort.rules.shipments import is_returned_in_full
from cohort.rules.stages import ECOMMERCE_CHANNELS, RecurrencePolicy

REQUIRED = ("firm_id", "date", "destination", "value_usd")
OPTIONAL = ("origin", "channel", "verified", "returned_usd")
_YES = frozenset({"yes", "1"})
_NO = frozenset({"no", "0", ""})
_EPOCH = date(1970, 1, 1).toordinal()
_MOST_CENTS = 10**15


@dataclass(frozen=True)
class CellFault:
    """One cell that cannot be read: row number in the file, column, the text, and what was expected."""

    row: int
    column: str
    found: str
    expected: str


@dataclass
class ExportColumns:
    """Firms in the order met, and the counted rows as columns; `left_out` counts rows by the reason."""

    firms: dict[str, int] = field(default_factory=dict)
    destinations: dict[str, int] = field(default_factory=dict)
    left_out: Counter[str] = field(default_factory=Counter)
    firm: array[int] = field(default_factory=lambda: array("q"))
    day: array[int] = field(default_factory=lambda: array("q"))
    destination: array[int] = field(default_factory=lambda: array("q"))
    cents: array[int] = field(default_factory=lambda: array("q"))

    def arrays(
        self,
    ) -> tuple[NDArray[np.int64], NDArray[np.datetime64], NDArray[np.int64], NDArray[np.int64]]:
        """Firm index, day, destination index and US cents, as `rules.standings.stages_of` wants them."""
        firm, day, place, cents = (
            np.frombuffer(column, dtype=np.int64) if column else np.zeros(0, dtype=np.int64)
            for column in (self.firm, self.day, self.destination, self.cents)
        )
        return firm, day.astype("datetime64[D]"), place, cents


def column_names(columns: Iterable[str]) -> tuple[dict[str, str], list[str]]:
    """Known columns by their name in the header, matched without regard to case, and the required ones missing."""
    written = {name.casefold(): name for name in columns}
    names = {name: written[name] for name in (*REQUIRED, *OPTIONAL) if name in written}
    return names, [name for name in REQUIRED if name not in names]


@dataclass
class ExportReader:
    """Takes the rows of one file one by one; `names` maps a known column to its name in the header.

    An absent optional column counts as satisfied; an empty cell of a present one does not (contract.md).
    """

    names: Mapping[str, str]
    policy: RecurrencePolicy
    has_decimal_comma: bool = False
    columns: ExportColumns = field(default_factory=ExportColumns)
    _days: dict[str, int | None] = field(default_factory=dict)

    def read(self, row: int, cells: Mapping[str, str]) -> list[CellFault]:
        """Add the row, counted or left out, and return no fault; or return its faults and add nothing."""
        texts = {name: cells[written].strip() for name, written in self.names.items()}
        day = self._day(texts["date"])
        value = self._cents(texts["value_usd"])
        returned = self._cents(texts.get("returned_usd") or "0")
        faults = [
            CellFault(row, column, texts[column], expected)
            for is_wrong, column, expected in (
                (not texts["firm_id"], "firm_id", "the number or name of a firm"),
                (day is None, "date", "a day such as 2026-03-31"),
                (not texts["destination"], "destination", "a country code such as CL"),
                (value is None, "value_usd", "an amount of 0 or more, such as 1200.50"),
                (returned is None, "returned_usd", "an amount of 0 or more, such as 1200.50"),
                (texts.get("verified", "").lower() not in _YES | _NO, "verified", "yes, no, 1 or 0"),
            )
            if is_wrong
        ]
        if not faults and day is not None and value is not None and returned is not None:
            self._add(texts, day, value, returned)
        return faults

    def _add(self, texts: Mapping[str, str], day: int, value: int, returned: int) -> None:
        columns = self.columns
        firm = columns.firms.setdefault(texts["firm_id"], len(columns.firms))
        reason = self._why_not(texts, value, returned)
        if reason is not None:
            columns.left_out[reason] += 1
            return
        place = columns.destinations.setdefault(texts["destination"].upper(), len(columns.destinations))
        columns.firm.append(firm)
        columns.day.append(day)
        columns.destination.append(place)
        columns.cents.append(value - returned)

    def _why_not(self, texts: Mapping[str, str], value: int, returned: int) -> str | None:
        destination = texts["destination"].upper()
        origin = texts.get("origin")
        if texts.get("verified", "1").lower() not in _YES:
            return "verified"
        if origin is not None and origin.upper() in ("", destination):
            return "origin"
        if self.policy.destinations and destination not in self.policy.destinations:
            return "destination"
        if (
            self.policy.ecommerce_only
            and "channel" in texts
            and texts["channel"].lower() not in ECOMMERCE_CHANNELS
        ):
            return "channel"
        if texts.get("returned_usd") == "" or is_returned_in_full(value, returned):
            return "returned_usd"
        return None

    def _day(self, text: str) -> int | None:
        if text not in self._days:
            try:
                read = date.fromisoformat(text) if len(text) == 10 else None
            except ValueError:
                read = None
            self._days[text] = None if read is None else read.toordinal() - _EPOCH
        return self._days[text]

    def _cents(self, text: str) -> int | None:
        # Nearly every cell is written plainly; a million of them need no reading of separators.
        whole, _, part = text.partition(".")
        if whole.isdecimal() and len(whole) < 13 and (part.isdecimal() or text == whole) and len(part) <= 2:
            return int(whole) * 100 + int(part.ljust(2, "0"))
        try:
            cents = parse_number(text, self.has_decimal_comma) * 100
        except ValueError:
            return None
        if not 0 <= cents <= _MOST_CENTS:
            return None
        return int(cents.quantize(Decimal(1), ROUND_HALF_EVEN))
