"""Brings in a whole file of exchange rates or nothing of it, and converts what waited for them.

Leaves out where the figures come from: the file names its source in each row, or `--source` does for all.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from cohort.exports.entries.checks import currencies
from cohort.exports.models import ExchangeRate
from cohort.exports.rates.service import DOLLAR, fill_pending
from cohort.kit import audit, clock
from cohort.kit.access import Actor
from cohort.kit.imports import ImportRun
from cohort.kit.tables import Table, TableFault, open_table, parse_number

COLUMNS = {
    "currency": ("currency", "moneda"), "on": ("date", "on", "day", "fecha"),
    "per_usd": ("per_usd", "rate", "value", "tasa", "valor"), "source": ("source", "fuente"),
}
_MOST_SOURCE = 40


@dataclass(frozen=True)
class Fault:
    """One cell that cannot be taken."""

    row: int
    column: str
    found: str
    expected: str

    def __str__(self) -> str:
        return f'row {self.row}, column {self.column}: "{self.found}"; expected {self.expected}'


@dataclass
class RatesReport:
    """What a file of rates turned out to be; with any fault nothing is stored."""

    new: list[tuple[str, date, str, str]] = field(default_factory=list)
    known_count: int = 0
    filled_count: int = 0
    faults: list[Fault] = field(default_factory=list)
    brought_in_before: bool = False


def bring_in_rates(session: Session, actor: Actor, path: Path, source: str = "", *, dry_run: bool = False) -> RatesReport:
    """Return what came of a file; store its new rates and fill the exports that waited for them.

    Columns: currency, date (ISO), per_usd (units for one dollar), and source unless `source` says it for all rows.
    A rate that is there with the same value changes nothing; with another value it is a fault, because exports may
    have used it. Errors: TableFault for a file that is no table or lacks a column.
    """
    actor.require("plan.edit")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    before = session.scalars(select(ImportRun.id).where(ImportRun.kind == "rates", ImportRun.file_sha256 == digest)).first()
    if before is not None:
        return RatesReport(brought_in_before=True)
    report = RatesReport()
    table = open_table(path)
    _sort_in(session, _rates(table, source, report.faults), report)
    if report.faults or dry_run or not report.new:
        return report
    run = ImportRun(
        kind="rates", file_name=path.name[:200], file_sha256=digest, counts={"new": len(report.new), "known": report.known_count},
        recorded_at=clock.now(), recorded_by=actor.person_id,
    )
    session.add(run)
    session.flush()
    session.add_all(
        ExchangeRate(currency=currency, on=on, per_usd=per_usd, source=named, recorded_at=clock.now(), import_id=run.id)
        for currency, on, per_usd, named in report.new
    )
    session.flush()
    report.filled_count = fill_pending(session)
    audit.record(session, actor, "rates.imported", run, after={**run.counts, "sha256": digest, "filled": report.filled_count})
    return report


def _rates(table: Table, source: str, faults: list[Fault]) -> Iterator[tuple[int, str, date, str, str]]:
    names = _names(table, bool(source))
    for row, cells in table.rows:
        currency = cells[names["currency"]].strip().upper()
        on = _day(cells[names["on"]])
        per_usd = _rate(cells[names["per_usd"]], table.has_decimal_comma)
        named = (cells[names["source"]] if "source" in names else "").strip() or source
        checks = (
            ("currency", currency in set(currencies()) - {DOLLAR}, "a currency of the plan other than USD"),
            ("on", on is not None, "a day such as 2026-11-24"),
            ("per_usd", per_usd is not None, "units for one dollar, more than 0"),
            ("source", 0 < len(named) <= _MOST_SOURCE, f"who published it, at most {_MOST_SOURCE} characters"),
        )
        wrong = [
            Fault(row, names.get(name, name), cells.get(names.get(name, ""), ""), expected)
            for name, holds, expected in checks if not holds
        ]
        faults += wrong
        if not wrong and on is not None and per_usd is not None:
            yield row, currency, on, per_usd, named


def _names(table: Table, has_source: bool) -> dict[str, str]:
    written = {name.strip().lower(): name for name in table.columns}
    names = {
        ours: written[each] for ours, known in COLUMNS.items() for each in reversed(known) if each in written
    }
    for needed in COLUMNS:
        if needed not in names and not (needed == "source" and has_source):
            raise TableFault("no_column", 1, column=COLUMNS[needed][0])
    return names


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        return None


def _rate(text: str, has_decimal_comma: bool) -> str | None:
    try:
        value = parse_number(text, has_decimal_comma)
    except ValueError:
        return None
    plain = format(value.normalize(), "f")
    return plain if value > 0 and value < Decimal(10) ** 9 and len(plain) <= 24 else None


def _sort_in(session: Session, rates: Iterable[tuple[int, str, date, str, str]], report: RatesReport) -> None:
    known = {(row.currency, row.on, row.source): row.rate for row in session.scalars(select(ExchangeRate))}
    for row, currency, on, per_usd, named in rates:
        held = known.get((currency, on, named))
        if held is None:
            report.new.append((currency, on, per_usd, named))
            known[currency, on, named] = Decimal(per_usd)
        elif held == Decimal(per_usd):
            report.known_count += 1
        else:
            report.faults.append(Fault(row, "per_usd", per_usd, f"{held}, the rate that is there for that day and source"))
