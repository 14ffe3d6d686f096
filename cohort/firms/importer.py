"""Checks a whole file of firms against itself and the register; stores nothing.

How a row is read stands in `imports.rows`, how it is stored in `imports.storing`, how findings are worded in
`imports.words`.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from sqlalchemy.orm import Session

from cohort.firms.imports.mapping import NO_MAP, ColumnMap
from cohort.firms.imports.report import Finding, ImportReport
from cohort.firms.imports.rows import EXPONENT, FirmRows, PreparedFirm
from cohort.firms.imports.storing import ReadyRows, brought_in_before, known_ids
from cohort.kit import clock
from cohort.kit.access import Actor
from cohort.kit.errors import DomainError
from cohort.kit.tables import open_table
from cohort.rules.parity import ProfileName

CHUNK_ROWS = 500
Progress = Callable[[int], object]


@dataclass
class _Seen:
    """What was met so far of the file: first row, hash of its cells and how often, by (country, tax id)."""

    first: dict[tuple[str, str], tuple[int, int]] = field(default_factory=dict)
    times: Counter[tuple[str, str]] = field(default_factory=Counter)
    conflicting: set[tuple[str, str]] = field(default_factory=set)


def check_file(
    session: Session, actor: Actor, path: Path, column_map: ColumnMap = NO_MAP, profile: ProfileName = "IWA34",
    file_name: str = "", progress: Progress = lambda _rows: None, ready: ReadyRows | None = None,
    most_rows: int | None = None,
) -> ImportReport:
    """Return what the file would do, storing nothing: faults, duplicates within it and against the register.

    Exact duplicates of a row are left out with a warning, firms on the register stay as they are. Faults are
    cells that cannot be read, tax ids that cannot be right, one firm in rows that differ, a country outside
    the actor's reach. `ready` keeps the rows for `imports.storing.store_checked`. Errors: DomainError
    `not_allowed`, those of the mapping, `import_column_absent`, `import_too_long` beyond `most_rows`; TableFault
    for a file that is no table.
    """
    actor.require("firm.import")
    report = ImportReport(file_name or path.name, _sha256(path))
    report.brought_in_before = brought_in_before(session, report.file_sha256)
    rows = FirmRows(open_table(path), column_map, profile, clock.today())
    report.unknown_columns = rows.unknown_columns
    seen = _Seen()
    for chunk in _chunks(rows):
        fresh = [prepared for prepared in chunk if _take(prepared, seen, report, actor, rows.names)]
        if most_rows is not None and report.rows > most_rows:
            raise DomainError("import_too_long", most=most_rows)
        _note_known(session, fresh, report, rows.names)
        if ready is not None and not report.faults:
            ready.add(fresh)
        progress(len(chunk))
    _sum_up(report, seen, rows.names)
    return report


def _note_known(session: Session, fresh: list[PreparedFirm], report: ImportReport, names: Mapping[str, str]) -> None:
    known = known_ids(session, (prepared.key for prepared in fresh))
    for prepared in fresh:
        if prepared.key in known:
            report.known += 1
            report.add(_about(prepared, "tax_id", names, "firm_known", is_fault=False))


def _sum_up(report: ImportReport, seen: _Seen, names: Mapping[str, str]) -> None:
    report.firms, report.new = len(seen.first), len(seen.first) - report.known
    report.conflicting_firms = len(seen.conflicting)
    if report.check_digits_computed:
        params = {"count": str(report.check_digits_computed)}
        report.add(Finding(1, names.get("tax_id", "tax_id"), "", "check_digits_computed", params, is_fault=False))
    report.rows_in_duplicate_groups = sum(times for times in seen.times.values() if times > 1)


def _take(
    prepared: PreparedFirm, seen: _Seen, report: ImportReport, actor: Actor, names: Mapping[str, str]
) -> bool:
    """Count one row and its findings; return whether it is the first of its firm."""
    _count_cells(prepared, report)
    for finding in prepared.findings:
        report.add(finding)
    if not prepared.key[1]:
        return False
    if not actor.sees_all and prepared.key[0] not in (actor.countries or ()):
        report.add(_about(prepared, "country", names, "country_outside"))
    content = hash(tuple(prepared.cells.values()))
    first = seen.first.setdefault(prepared.key, (prepared.row, content))
    seen.times[prepared.key] += 1
    if first[0] == prepared.row:
        return True
    if first[1] == content:
        report.exact_duplicate_rows += 1
        report.add(_about(prepared, "tax_id", names, "duplicate_exact", first[0], is_fault=False))
    else:
        seen.conflicting.add(prepared.key)
        report.add(_about(prepared, "tax_id", names, "duplicate_conflicting", first[0]))
    return False


def _count_cells(prepared: PreparedFirm, report: ImportReport) -> None:
    report.rows += 1
    report.check_digits_computed += prepared.is_digit_computed
    for column, text in prepared.cells.items():
        if not text:
            report.empty_cells += 1
        elif text[-1].isdecimal() and EXPONENT.fullmatch(text):
            report.exponent_cells += 1
            by_column = report.exponent_cells_by_column
            by_column[column] = by_column.get(column, 0) + 1


def _about(
    prepared: PreparedFirm, ours: str, names: Mapping[str, str], code: str, first: int = 0, *, is_fault: bool = True
) -> Finding:
    written = names.get(ours, ours)
    found = prepared.cells.get(written, prepared.key[1] if ours == "tax_id" else prepared.key[0])
    return Finding(prepared.row, written, found, code, {"ours": ours, "first": str(first)}, is_fault)


def _chunks(rows: Iterable[PreparedFirm]) -> Iterator[list[PreparedFirm]]:
    walking = iter(rows)
    while chunk := list(islice(walking, CHUNK_ROWS)):
        yield chunk


def _sha256(path: Path) -> str:
    with path.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
