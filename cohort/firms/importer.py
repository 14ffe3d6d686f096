"""Checks a whole file of firms against itself and the register, and brings it in at once or not at all.

How a row is read stands in `imports.rows`, how findings are worded in `imports.words`.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from cohort.firms.imports.mapping import NO_MAP, ColumnMap
from cohort.firms.imports.report import Finding, ImportReport
from cohort.firms.imports.rows import EXPONENT, FirmRows, PreparedFirm
from cohort.firms.models import Firm, FirmPerson, FirmSize, OwnershipDeclaration
from cohort.kit import audit, clock
from cohort.kit.access import Actor
from cohort.kit.imports import ImportRun
from cohort.kit.tables import open_table
from cohort.rules.parity import ProfileName

CHUNK_ROWS = 500
KIND = "firms"
Progress = Callable[[int], object]


@dataclass
class _Seen:
    """What was met so far of the file: first row, hash of its cells and how often, by (country, tax id)."""

    first: dict[tuple[str, str], tuple[int, int]] = field(default_factory=dict)
    times: Counter[tuple[str, str]] = field(default_factory=Counter)
    conflicting: set[tuple[str, str]] = field(default_factory=set)


def check_file(
    session: Session, actor: Actor, path: Path, column_map: ColumnMap = NO_MAP, profile: ProfileName = "IWA34",
    file_name: str = "", progress: Progress = lambda _rows: None,
) -> ImportReport:
    """Return what the file would do, storing nothing: faults, duplicates within it and against the register.

    Exact duplicates of a row are left out with a warning, firms on the register stay as they are. Faults are
    cells that cannot be read, tax ids that cannot be right, one firm in rows that differ, a country outside
    the actor's reach. Errors: DomainError `not_allowed`, those of the mapping, `import_column_absent`;
    TableFault for a file that is no table.
    """
    actor.require("firm.import")
    report = ImportReport(file_name or path.name, _sha256(path))
    before = session.scalar(
        select(ImportRun).where(ImportRun.kind == KIND, ImportRun.file_sha256 == report.file_sha256)
    )
    report.brought_in_before = before.recorded_at.date().isoformat() if before else ""
    rows = FirmRows(open_table(path), column_map, profile, clock.today())
    report.unknown_columns = rows.unknown_columns
    seen = _Seen()
    for chunk in _chunks(rows):
        fresh = [prepared for prepared in chunk if _take(prepared, seen, report, actor, rows.names)]
        known = _known_ids(session, fresh)
        for prepared in fresh:
            if prepared.key in known:
                report.known += 1
                report.add(_about(prepared, "tax_id", rows.names, "firm_known", is_fault=False))
        progress(len(chunk))
    report.firms, report.new = len(seen.first), len(seen.first) - report.known
    report.conflicting_firms = len(seen.conflicting)
    if report.check_digits_computed:
        params = {"count": str(report.check_digits_computed)}
        report.add(Finding(1, rows.names.get("tax_id", "tax_id"), "", "check_digits_computed", params, is_fault=False))
    report.rows_in_duplicate_groups = sum(times for times in seen.times.values() if times > 1)
    return report


def bring_in(
    session: Session, actor: Actor, path: Path, column_map: ColumnMap = NO_MAP, profile: ProfileName = "IWA34",
    file_name: str = "", progress: Progress = lambda _rows: None,
) -> ImportReport:
    """Store every new firm of a file that has no fault, and return its report; one audit entry tells the counts.

    A file with any fault, or one whose bytes were brought in before, stores nothing: the report says why. The
    caller's transaction makes it all or nothing. Errors: those of `check_file`.
    """
    report = check_file(session, actor, path, column_map, profile, file_name, progress)
    if not report.may_be_brought_in:
        return report
    run = ImportRun(
        kind=KIND, file_name=report.file_name[:200], file_sha256=report.file_sha256, counts={},
        recorded_at=clock.now(), recorded_by=actor.person_id,
    )
    session.add(run)
    session.flush()
    taken: set[tuple[str, str]] = set()
    for chunk in _chunks(FirmRows(open_table(path), column_map, profile, clock.today())):
        fresh = [prepared for prepared in chunk if prepared.key not in taken and not taken.add(prepared.key)]  # type: ignore[func-returns-value]
        known = _known_ids(session, fresh)
        report.brought_in += _store(session, actor, run.id, [prepared for prepared in fresh if prepared.key not in known])
        progress(len(chunk))
    run.counts = report.counts()
    session.flush()
    audit.record(session, actor, "firms.imported", run, after={**report.counts(), "file_sha256": run.file_sha256})
    return report


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


def _known_ids(session: Session, prepared: Iterable[PreparedFirm]) -> dict[tuple[str, str], int]:
    """Return the numbers of those firms that are on the register, one query a country."""
    wanted: dict[str, list[str]] = {}
    for each in prepared:
        if each.key[1]:
            wanted.setdefault(each.key[0], []).append(each.key[1])
    known: dict[tuple[str, str], int] = {}
    for country, tax_ids in wanted.items():
        statement = select(Firm.tax_id, Firm.id).where(Firm.country == country, Firm.tax_id.in_(tax_ids))
        known |= {(country, tax_id): number for tax_id, number in session.execute(statement)}
    return known


def _store(session: Session, actor: Actor, import_id: int, prepared: list[PreparedFirm]) -> int:
    """Insert one chunk and what it declares; a fixed number of statements, whatever its size."""
    if not prepared:
        return 0
    connection = session.connection()
    common = {"import_id": import_id, "recorded_at": clock.now(), "recorded_by": actor.person_id}
    firms = [
        {**each.firm, **common,
         "tax_id_confirmed_by": actor.person_id if each.firm["tax_id_status"] == "warning" else None}
        for each in prepared
    ]
    connection.execute(insert(Firm), firms)
    # Read back rather than RETURNING: SQLite would insert row by row to promise the order of the answers.
    ids = _known_ids(session, prepared)
    numbered = [(ids[each.key], each) for each in prepared]
    declared: list[tuple[type[Any], list[dict[str, Any]]]] = [
        (FirmSize, [{"firm_id": number, **each.size, **common} for number, each in numbered if each.size]),
        (OwnershipDeclaration,
         [{"firm_id": number, **each.ownership, **common} for number, each in numbered if each.ownership]),
        (FirmPerson, [{"firm_id": number, **each.contact, "recorded_at": common["recorded_at"]}
                      for number, each in numbered if each.contact]),
    ]
    for model, values in declared:
        if values:
            connection.execute(insert(model), values)
    return len(ids)


def _chunks(rows: Iterable[PreparedFirm]) -> Iterator[list[PreparedFirm]]:
    walking = iter(rows)
    while chunk := list(islice(walking, CHUNK_ROWS)):
        yield chunk


def _sha256(path: Path) -> str:
    with path.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
