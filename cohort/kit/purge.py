"""Deletes uploaded files that nothing names any more once their days are over; rooms say whose days and what names them.

A file that a row points at stays whatever its age, and so does one of a purpose for which no room gave days.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from sqlalchemy import Column, select
from sqlalchemy.orm import Session

from cohort.kit import audit, clock
from cohort.kit.access import SYSTEM
from cohort.kit.database import Base, transaction
from cohort.kit.jobs import job
from cohort.kit.language import number
from cohort.kit.uploads import Upload

Named = Callable[[Session, Collection[int]], set[int]]
AT_ONCE = 200
_LOOK_BACK = timedelta(days=7)  # a run that was killed between its commit and its deletions is taken up for so long


@dataclass(frozen=True)
class Keeping:
    """How long files of one purpose stay that nothing names; `named` finds what names them beside references."""

    purpose: str
    days: int
    named: Named | None


KEEPINGS: dict[str, Keeping] = {}


def forget_after(purpose: str, days: int, named: Named | None = None) -> None:
    """Let files of a purpose be deleted that many days after they were brought, unless something names them.

    Every reference of the schema counts as naming; `named` returns which of the given numbers are named elsewhere,
    as in answers. Raises `ValueError` for a purpose that has its days already, or for less than one day.
    """
    if purpose in KEEPINGS or days < 1:
        raise ValueError(f"the purpose {purpose!r} has its days already, or they are too few")
    KEEPINGS[purpose] = Keeping(purpose, days, named)


@job(
    "uploads.purge", _l("Deletes files that were replaced or never used, once their days are over."), daily_at="03:10",
    own_transactions=True, title=_l("Delete unused files"),
    counted={"deleted": lambda n: ngettext("%(count)s file deleted", "%(count)s files deleted", n, count=number(n))},
)
def purge_uploads(session: Session, as_of: date) -> dict[str, int]:
    """Delete in batches what was brought before its days began and has no name; the row stays with hash and date.

    The row is marked first and the bytes go after the commit, so that no row without the mark lacks its file.
    """
    _remove_bytes(_marked_lately(session))
    deleted = 0
    for keeping in KEEPINGS.values():
        before_at = datetime.combine(as_of, time(), UTC) - timedelta(days=keeping.days)
        last_id = 0
        while True:
            with transaction() as opened:
                batch = _batch(opened, keeping.purpose, before_at, last_id)
                last_id = batch[-1].id if len(batch) == AT_ONCE else 0
                gone = _mark(opened, keeping, batch)
            _remove_bytes(gone)
            deleted += len(gone)
            if not last_id:
                break
    return {"deleted": deleted}


def _batch(session: Session, purpose: str, before_at: datetime, last_id: int) -> Sequence[Upload]:
    statement = select(Upload).where(
        Upload.purpose == purpose, Upload.deleted_at.is_(None), Upload.recorded_at < before_at, Upload.id > last_id)
    return session.scalars(statement.order_by(Upload.id).limit(AT_ONCE).with_for_update()).all()


def _mark(session: Session, keeping: Keeping, batch: Sequence[Upload]) -> list[Path]:
    """Mark what nothing names as deleted, without what the file was called, and note each in the audit chain."""
    ids = [each.id for each in batch]
    named = _referenced(session, ids) | (keeping.named(session, ids) if keeping.named and ids else set())
    gone = [each for each in batch if each.id not in named]
    for each in gone:
        each.deleted_at, each.original_name = clock.now(), ""
        audit.record(session, SYSTEM, "upload.purged", each, after={"purpose": each.purpose, "sha256": each.sha256})
    return [each.path for each in gone]


def _referenced(session: Session, ids: Collection[int]) -> set[int]:
    """Return which uploads some row of any table points at."""
    if not ids:
        return set()
    found: set[int] = set()
    for column in _references():
        found.update(session.scalars(select(column).where(column.in_(ids))))
    return found


def _references() -> list[Column[int]]:
    target = Base.metadata.tables[Upload.__tablename__]
    return [
        key.parent for table in Base.metadata.tables.values() for key in table.foreign_keys if key.column.table is target
    ]


def _marked_lately(session: Session) -> list[Path]:
    since_at = clock.now() - _LOOK_BACK
    return [each.path for each in session.scalars(select(Upload).where(Upload.deleted_at >= since_at))]


def _remove_bytes(paths: Sequence[Path]) -> None:
    for path in paths:
        path.unlink(missing_ok=True)
