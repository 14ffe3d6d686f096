"""Reads a row of `cohort classify` into facts, or says what is wrong with which cell and what is expected.

It leaves out the register: nothing is looked up or stored, and columns it does not know are left alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TypeVar, cast

from cohort.kit.tables import parse_number
from cohort.rules.parity import OwnershipFacts
from cohort.rules.size import SECTORS, Sector, SizeFacts

COLUMNS = (
    "country",
    "tax_id",
    "check_digit",
    "sector",
    "employees",
    "annual_sales",
    "sales_year",
    "fixed_assets",
    "total_assets",
    "women_ownership_pct",
    "women_control",
    "woman_signatory",
    "independent",
    "woman_chief_executive",
    "woman_legal_rep_pct",
    "board_total",
    "board_women",
)
_YES = frozenset({"yes", "y", "true", "1", "sí", "si", "s"})
_NO = frozenset({"no", "n", "false", "0"})
_Read = TypeVar("_Read")


@dataclass(frozen=True)
class CellFault:
    """One cell that cannot be read: the row number in the file, the column, the text and what was expected."""

    row: int
    column: str
    found: str
    expected: str


@dataclass(frozen=True)
class FirmRow:
    """The facts of one row; `country` is empty when it is not known."""

    country: str
    tax_id: str
    check_digit: str
    size: SizeFacts
    ownership: OwnershipFacts


@dataclass
class FirmReader:
    """Reads rows of one file; `names` maps each known column to its name in the header."""

    names: Mapping[str, str]
    has_decimal_comma: bool = False
    _cells: Mapping[str, str] = field(default_factory=dict)
    _faults: list[CellFault] = field(default_factory=list)
    _row: int = 0

    def read(self, row: int, cells: Mapping[str, str]) -> tuple[FirmRow | None, list[CellFault]]:
        """Return the row's facts, or None and its faults; an empty or absent cell is a fact not known."""
        self._row, self._cells, self._faults = row, cells, []
        firm = FirmRow(
            country=self._cell("country", _country, "two letters such as CL, CO, CR, MX or PE") or "",
            tax_id=self._text("tax_id"),
            check_digit=self._text("check_digit"),
            size=self._size(),
            ownership=self._ownership(),
        )
        self._check_board(firm.ownership)
        return (None if self._faults else firm), self._faults

    def _size(self) -> SizeFacts:
        return SizeFacts(
            sector=self._cell("sector", _sector, f"one of {', '.join(SECTORS)}"),
            employees=self._amount("employees"),
            annual_sales=self._amount("annual_sales"),
            sales_year=self._cell("sales_year", _year, "a year of four digits, such as 2025"),
            fixed_assets=self._amount("fixed_assets"),
            total_assets=self._amount("total_assets"),
        )

    def _ownership(self) -> OwnershipFacts:
        return OwnershipFacts(
            women_ownership_pct=self._percentage("women_ownership_pct"),
            women_control=self._answer("women_control"),
            woman_signatory=self._answer("woman_signatory"),
            independent=self._answer("independent"),
            woman_chief_executive=self._answer("woman_chief_executive"),
            woman_legal_rep_pct=self._percentage("woman_legal_rep_pct"),
            board_total=self._people("board_total"),
            board_women=self._people("board_women"),
        )

    def _text(self, column: str) -> str:
        return self._cells.get(self.names.get(column, ""), "").strip()

    def _cell(self, column: str, read: Callable[[str], _Read], expected: str) -> _Read | None:
        text = self._text(column)
        if not text:
            return None
        try:
            return read(text)
        except ValueError:
            self._faults.append(CellFault(self._row, column, text, expected))
            return None

    def _amount(self, column: str) -> Decimal | None:
        expected = "a number of 0 or more, such as 1200.50, without signs for thousands"
        return self._cell(column, lambda text: _not_negative(self._number(text)), expected)

    def _people(self, column: str) -> int | None:
        return self._cell(
            column, lambda text: _whole(self._number(text)), "a whole number of people, 0 or more"
        )

    def _percentage(self, column: str) -> Decimal | None:
        expected = "a percentage from 0 to 100, such as 51 or 33.33"
        return self._cell(column, lambda text: _up_to_100(self._number(text.removesuffix("%"))), expected)

    def _answer(self, column: str) -> bool | None:
        return self._cell(column, _yes_or_no, "yes, no or nothing")

    def _number(self, text: str) -> Decimal:
        return parse_number(text, self.has_decimal_comma)

    def _check_board(self, facts: OwnershipFacts) -> None:
        total, women = facts.board_total, facts.board_women
        if total is not None and women is not None and women > total:
            expected = f"no more than the {total} of board_total"
            self._faults.append(CellFault(self._row, "board_women", str(women), expected))


def known_columns(columns: tuple[str, ...]) -> dict[str, str]:
    """Return each known column with its name in the header, matched without regard to case."""
    written = {name.casefold(): name for name in columns}
    return {column: written[column] for column in COLUMNS if column in written}


def _country(text: str) -> str:
    """Two letters; a country without rules is no fault of the file and gets its reason row by row."""
    if not (len(text) == 2 and text.isascii() and text.isalpha()):
        raise ValueError(text)
    return text.upper()


def _sector(text: str) -> Sector:
    return cast(Sector, _one_of(text.lower(), SECTORS))


def _one_of(text: str, allowed: tuple[str, ...]) -> str:
    if text not in allowed:
        raise ValueError(text)
    return text


def _year(text: str) -> int:
    if not (len(text) == 4 and text.isascii() and text.isdigit()):
        raise ValueError(text)
    return int(text)


def _yes_or_no(text: str) -> bool:
    if text.lower() in _YES:
        return True
    if text.lower() in _NO:
        return False
    raise ValueError(text)


def _not_negative(number: Decimal) -> Decimal:
    if number < 0:
        raise ValueError(number)
    return number


def _up_to_100(number: Decimal) -> Decimal:
    if not 0 <= number <= 100:
        raise ValueError(number)
    return number


def _whole(number: Decimal) -> int:
    if number < 0 or number != int(number):
        raise ValueError(number)
    return int(number)
