"""Writes the list of exports as CSV or XLSX in the reader's region; people and files are left out."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from cohort.exports.entries.queries import ExportFilters
from cohort.exports.facts import whole_units
from cohort.exports.models import Export
from cohort.kit import audit
from cohort.kit.access import Actor
from cohort.kit.tables import write_csv, write_xlsx

COLUMNS = (
    "export", "country", "tax_id", "firm", "date", "destination", "product", "value", "currency", "value_usd",
    "rate_per_usd", "rate_on", "rate_source", "channel", "marketplace", "hs_code", "document_type", "document_number",
    "state", "evidence", "counted_usd", "baseline",
)
_DECIMAL_COMMA = ("CL", "CO", "CR")
_CHUNK_ROWS = 500


def download_exports(
    session: Session, actor: Actor, plan_id: int, filters: ExportFilters, kind: str, region: str
) -> bytes:
    """Return the exports within reach as a file, and note who took it; `kind` is csv or xlsx.

    In Chile, Colombia and Costa Rica a CSV has semicolons and decimal commas. Errors: DomainError `not_allowed`,
    `no_such_filter`.
    """
    actor.require("export.see")
    has_comma = kind == "csv" and region in _DECIMAL_COMMA
    rows = _rows(session, plan_id, filters, has_comma)
    if kind == "xlsx":
        book = io.BytesIO()
        count = write_xlsx(book, COLUMNS, rows, "exports")
        content = book.getvalue()
    else:
        page = io.StringIO()
        count = write_csv(page, COLUMNS, rows, delimiter=";" if has_comma else ",")
        content = b"\xef\xbb\xbf" + page.getvalue().encode()  # the mark by which spreadsheets know UTF-8
    audit.record(session, actor, "exports.downloaded", Export(), after={"rows": count, "kind": kind, **vars(filters)})
    return content


def _rows(session: Session, plan_id: int, filters: ExportFilters, has_comma: bool) -> Iterator[Sequence[object]]:
    statement = select(Export).where(*filters.criteria(plan_id)).options(joinedload(Export.firm))
    ordered = statement.order_by(Export.exported_on, Export.id).execution_options(yield_per=_CHUNK_ROWS)
    for export in session.scalars(ordered):
        yield [_cell(value, has_comma) for value in _row(export)]


def _row(export: Export) -> list[object]:
    return [
        export.id, export.origin, export.firm.tax_id, export.firm.name, export.exported_on, export.destination,
        export.product, whole_units(export.value_minor, export.currency), export.currency, _usd(export.fob_usd_cents),
        Decimal(export.rate_per_usd) if export.rate_per_usd else None, export.rate_on, export.rate_source, export.channel,
        export.marketplace, export.hs_code, export.document_type, export.document_number, export.state,
        export.evidence_level, _usd(export.counted_usd_cents), "yes" if export.is_baseline else "no",
    ]


def _usd(cents: int | None) -> Decimal | None:
    return None if cents is None else Decimal(cents).scaleb(-2)


def _cell(value: Any, has_comma: bool) -> object:
    return format(value, "f").replace(".", ",") if has_comma and isinstance(value, Decimal) else value
