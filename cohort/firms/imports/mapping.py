"""Reads the mapping file that says how a foreign file's columns and values are called here; reads no row itself."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from cohort.firms.facts import plain
from cohort.firms.files.importer import COLUMNS as JUDGED_COLUMNS
from cohort.kit.errors import DomainError

PROFILE_COLUMNS = (
    "legal_name", "trade_name", "region", "city", "is_rural", "founded_on", "sells_online", "product", "web_address",
    "owner_group",
)
CONTACT_COLUMNS = ("contact_name", "contact_title", "contact_email", "contact_phone", "contact_language")
COLUMNS = (*JUDGED_COLUMNS, *PROFILE_COLUMNS, *CONTACT_COLUMNS, "tax_id_confirmed")
AMOUNTS = ("annual_sales", "fixed_assets", "total_assets")
OPTIONS = ("compute_check_digit", "decimal_comma")


@dataclass(frozen=True)
class ColumnMap:
    """Names of columns, constant cells, renamed values, factors of amounts and two switches.

    `columns` maps our name to the file's. `values` maps our column to {text without accents and case: our value}.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    factors: Mapping[str, Decimal] = field(default_factory=dict)
    compute_check_digit: bool = False
    decimal_comma: bool | None = None

    def names_in(self, header: tuple[str, ...]) -> dict[str, str]:
        """Return each of our columns with its name in the header; DomainError `map_column_absent` for a lost one."""
        written = {name.casefold(): name for name in header if name}
        for ours, theirs in self.columns.items():
            if theirs.casefold() not in written:
                raise DomainError("map_column_absent", ours=ours, theirs=theirs)
        taken = {theirs.casefold() for theirs in self.columns.values()}
        same = {name: written[name] for name in COLUMNS if name in written and name not in taken}
        return same | {ours: written[theirs.casefold()] for ours, theirs in self.columns.items()}


NO_MAP = ColumnMap()


def read_mapping(text: str) -> ColumnMap:
    """Return the mapping that a TOML text holds; see docs/import.md for its five tables.

    Errors: DomainError `map_unreadable`, or `map_unknown` naming the table, column or option that is not known.
    """
    try:
        found = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise DomainError("map_unreadable", reason=error) from error
    _refuse_unknown("", found, ("columns", "constants", "values", "multiply", "options"))
    for table, known in (("columns", COLUMNS), ("constants", COLUMNS), ("values", COLUMNS), ("multiply", AMOUNTS),
                         ("options", OPTIONS)):
        if not isinstance(found.get(table, {}), dict):
            raise DomainError("map_unknown", name=table)
        _refuse_unknown(table, found.get(table, {}), known)
    options = found.get("options", {})
    return ColumnMap(
        columns={ours: str(theirs).strip() for ours, theirs in found.get("columns", {}).items()},
        constants={ours: str(value) for ours, value in found.get("constants", {}).items()},
        values={ours: _renamed(ours, table) for ours, table in found.get("values", {}).items()},
        factors={ours: _factor(ours, value) for ours, value in found.get("multiply", {}).items()},
        compute_check_digit=bool(options.get("compute_check_digit", False)),
        decimal_comma=options.get("decimal_comma"),
    )


def _refuse_unknown(table: str, found: Mapping[str, Any], known: tuple[str, ...]) -> None:
    for name in found:
        if name not in known:
            raise DomainError("map_unknown", name=f"{table}.{name}" if table else name)


def _renamed(ours: str, table: object) -> dict[str, str]:
    if not isinstance(table, dict):
        raise DomainError("map_unknown", name=f"values.{ours}")
    return {plain(str(theirs)): str(value) for theirs, value in table.items()}


def _factor(ours: str, value: object) -> Decimal:
    try:
        return Decimal(str(value))
    except InvalidOperation as error:
        raise DomainError("map_unknown", name=f"multiply.{ours} = {value}") from error
