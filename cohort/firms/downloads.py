"""Writes the list of firms as CSV or XLSX in the reader's region, with the columns that an import reads again.

It leaves out people: contacts are personal data and are seen one firm at a time.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import islice
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cohort import reference
from cohort.firms.imports.mapping import PROFILE_COLUMNS
from cohort.firms.models import Firm, FirmSize, OwnershipDeclaration
from cohort.firms.queries import FirmFilters, firm_rows
from cohort.firms.reach import may_edit
from cohort.kit import audit
from cohort.kit.access import Actor
from cohort.kit.tables import write_csv, write_xlsx
from cohort.rules.taxid import masked

CHUNK_ROWS = 500
_DECIMAL_COMMA = ("CL", "CO", "CR")
_SIZE = ("employees", "annual_sales", "sales_year", "fixed_assets", "total_assets")
_OWNERSHIP = ("women_ownership_pct", "women_control", "woman_signatory", "independent", "woman_chief_executive",
              "woman_legal_rep_pct", "board_total", "board_women")
COLUMNS = ("country", "tax_id", "check_digit", "tax_id_confirmed", *PROFILE_COLUMNS, "sector", *_SIZE, *_OWNERSHIP,
           "size_class", "women_owned", "women_led", "ownership_verified")


def download_firms(session: Session, actor: Actor, filters: FirmFilters, kind: str, region: str) -> bytes:
    """Return the firms within reach as a file, and note who took it; `kind` is csv or xlsx.

    In Chile, Colombia and Costa Rica a CSV has semicolons and decimal commas, elsewhere commas and points, so
    that a spreadsheet there opens it right. Numbers of natural persons are whole only for who may change the
    firm, masked for others. Errors: DomainError `not_allowed`, `filter_unknown`.
    """
    actor.require("firm.see")
    rows = _rows(session, actor, filters, has_comma=kind == "csv" and region in _DECIMAL_COMMA)
    if kind == "xlsx":
        book = io.BytesIO()
        count = write_xlsx(book, COLUMNS, rows, "firms")
        content = book.getvalue()
    else:
        page = io.StringIO()
        count = write_csv(page, COLUMNS, rows, delimiter=";" if region in _DECIMAL_COMMA else ",")
        content = b"\xef\xbb\xbf" + page.getvalue().encode()  # the mark by which spreadsheets know UTF-8
    audit.record(session, actor, "firms.downloaded", Firm(), after={
        "rows": count, "kind": kind, **{name: value for name, value in vars(filters).items() if value}})
    return content


def _rows(
    session: Session, actor: Actor, filters: FirmFilters, has_comma: bool
) -> Iterator[Sequence[object]]:
    walking = session.scalars(firm_rows(filters).execution_options(yield_per=CHUNK_ROWS))
    while chunk := list(islice(walking, CHUNK_ROWS)):
        sizes = _latest(session, FirmSize, chunk)
        declared = _latest(session, OwnershipDeclaration, chunk)
        for firm in chunk:
            yield [_cell(value, has_comma) for value in _row(actor, firm, sizes.get(firm.id), declared.get(firm.id))]


def _latest(session: Session, model: Any, chunk: Sequence[Firm]) -> dict[int, Any]:
    """Return the last declared row of each firm of the chunk, by one query."""
    last = select(func.max(model.id)).where(model.firm_id.in_([firm.id for firm in chunk])).group_by(model.firm_id)
    return {row.firm_id: row for row in session.scalars(select(model).where(model.id.in_(last)))}


def _row(actor: Actor, firm: Firm, size: FirmSize | None, declared: OwnershipDeclaration | None) -> list[object]:
    whole = may_edit(actor, firm)
    has_digit = firm.country == "CO" and whole
    number = firm.tax_id if whole else masked(firm.country, firm.tax_id)
    return [
        firm.country, number[:-1] if has_digit else number, number[-1] if has_digit else None,
        "yes" if firm.tax_id_status == "warning" else None,
        *(getattr(firm, name) for name in PROFILE_COLUMNS), firm.sector, *_size_cells(size),
        *(getattr(declared, name) if declared else None for name in _OWNERSHIP),
        firm.size_class, firm.women_owned, firm.women_led, "yes" if firm.ownership_verified else "no",
    ]


def _size_cells(size: FirmSize | None) -> list[object]:
    if size is None:
        return [None] * len(_SIZE)
    places = next(each.minor_units for each in reference.countries().values() if each.currency == size.currency)
    amounts = {name: getattr(size, f"{name}_minor") for name in ("annual_sales", "fixed_assets", "total_assets")}
    money = {name: None if minor is None else Decimal(minor).scaleb(-places) for name, minor in amounts.items()}
    return [size.employees, money["annual_sales"], size.sales_year, money["fixed_assets"], money["total_assets"]]


def _cell(value: object, has_comma: bool) -> object:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if has_comma and isinstance(value, Decimal):
        return format(value, "f").replace(".", ",")
    return value
