"""Keeps the rows of a checked file outside memory and stores them in one short transaction; it checks no cell.

Reading and judging a file takes seconds, storing it a fraction of one. So a door checks first, while anybody may
write, and takes the write lock only for what stands here.
"""

from __future__ import annotations

import pickle
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import IO, Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from cohort.firms.imports.report import ImportReport
from cohort.firms.imports.rows import PreparedFirm
from cohort.firms.models import Firm, FirmPerson, FirmSize, OwnershipDeclaration
from cohort.kit import audit, clock
from cohort.kit.access import Actor
from cohort.kit.imports import ImportRun

KIND = "firms"
Key = tuple[str, str]
Stored = tuple[Key, dict[str, Any], dict[str, Any] | None, dict[str, Any] | None, dict[str, Any] | None]


@dataclass
class ReadyRows:
    """The rows of one checked file as they will be stored, chunk by chunk, in a file that ends with the block."""

    _kept: IO[bytes]
    _chunks_count: int = field(default=0)

    def add(self, prepared: Iterable[PreparedFirm]) -> None:
        """Keep what will be stored of some rows, each the first of its firm."""
        rows: list[Stored] = [(each.key, each.firm, each.size, each.ownership, each.contact) for each in prepared]
        if rows:
            pickle.dump(rows, self._kept, pickle.HIGHEST_PROTOCOL)
            self._chunks_count += 1

    def __iter__(self) -> Iterator[list[Stored]]:
        self._kept.seek(0)
        for _number in range(self._chunks_count):
            yield pickle.load(self._kept)  # our own bytes, in a file without a name that nobody else can open


@contextmanager
def ready_rows() -> Iterator[ReadyRows]:
    """Give a place for the rows of one file, gone after the block."""
    with tempfile.TemporaryFile() as kept:
        yield ReadyRows(kept)


def store_checked(session: Session, actor: Actor, report: ImportReport, ready: ReadyRows) -> ImportReport:
    """Store the firms of a checked file that the register still lacks; one audit entry tells the counts.

    `report` and `ready` come from `check_file`. What another import brought in since the check is left as it is,
    the very same file included. A report with faults stores nothing. The caller's transaction makes it all or
    nothing. Errors: DomainError `not_allowed`.
    """
    actor.require("firm.import")
    report.brought_in_before = brought_in_before(session, report.file_sha256)
    if not report.may_be_brought_in:
        return report
    run = ImportRun(
        kind=KIND, file_name=report.file_name[:200], file_sha256=report.file_sha256, counts={},
        recorded_at=clock.now(), recorded_by=actor.person_id,
    )
    session.add(run)
    session.flush()
    for chunk in ready:
        known = known_ids(session, (key for key, *_rest in chunk))
        report.brought_in += _store(session, actor, run.id, [row for row in chunk if row[0] not in known])
    report.new, report.known = report.brought_in, report.firms - report.brought_in
    run.counts = report.counts()
    session.flush()
    audit.record(session, actor, "firms.imported", run, after={**report.counts(), "file_sha256": run.file_sha256})
    return report


def brought_in_before(session: Session, file_sha256: str) -> str:
    """Return the day on which a file of these very bytes was brought in, empty if it never was."""
    statement = select(ImportRun.recorded_at).where(ImportRun.kind == KIND, ImportRun.file_sha256 == file_sha256)
    before = session.scalars(statement.order_by(ImportRun.id)).first()
    return before.date().isoformat() if before else ""


def known_ids(session: Session, keys: Iterable[Key]) -> dict[Key, int]:
    """Return the numbers of those firms that are on the register, one query a country."""
    wanted: dict[str, list[str]] = {}
    for country, tax_id in keys:
        if tax_id:
            wanted.setdefault(country, []).append(tax_id)
    known: dict[Key, int] = {}
    for country, tax_ids in wanted.items():
        statement = select(Firm.tax_id, Firm.id).where(Firm.country == country, Firm.tax_id.in_(tax_ids))
        known |= {(country, tax_id): number for tax_id, number in session.execute(statement)}
    return known


def _store(session: Session, actor: Actor, import_id: int, rows: list[Stored]) -> int:
    """Insert one chunk and what it declares; a fixed number of statements, whatever its size."""
    if not rows:
        return 0
    connection = session.connection()
    common = {"import_id": import_id, "recorded_at": clock.now(), "recorded_by": actor.person_id}
    connection.execute(insert(Firm), [
        {**firm, **common, "tax_id_confirmed_by": actor.person_id if firm["tax_id_status"] == "warning" else None}
        for _key, firm, *_declared in rows
    ])
    # Read back rather than RETURNING: SQLite would insert row by row to promise the order of the answers.
    ids = known_ids(session, (key for key, *_rest in rows))
    at = {"recorded_at": common["recorded_at"]}
    declared: list[tuple[type[Any], list[dict[str, Any]]]] = [
        (FirmSize, [{"firm_id": ids[key], **size, **common} for key, _firm, size, _own, _who in rows if size]),
        (OwnershipDeclaration, [{"firm_id": ids[key], **own, **common} for key, _firm, _size, own, _who in rows if own]),
        (FirmPerson, [{"firm_id": ids[key], **who, **at} for key, _firm, _size, _own, who in rows if who]),
    ]
    for model, values in declared:
        if values:
            connection.execute(insert(model), values)
    return len(ids)
