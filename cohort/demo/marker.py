"""Knows whether a database holds the demo, nothing, or somebody's work, and empties a demo; builds nothing."""

from __future__ import annotations

import hashlib

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cohort.firms.models import Firm
from cohort.kit import clock
from cohort.kit.database import db
from cohort.kit.imports import ImportRun
from cohort.kit.uploads import Upload
from cohort.people.models import Person
from cohort.plans.models import Plan

KIND = "demo"


def note_demo(session: Session, seed: int, as_of: str) -> ImportRun:
    """Note that what this database holds is invented, before the first row of it is written."""
    name = f"seed {seed}, as of {as_of}"
    run = ImportRun(
        kind=KIND, file_name=name, file_sha256=hashlib.sha256(name.encode()).hexdigest(), counts={"finished": 0},
        recorded_at=clock.now(), recorded_by=None,
    )
    session.add(run)
    session.flush()
    return run


def demo_of(session: Session) -> ImportRun | None:
    """Return the note of the demo that this database holds, or None."""
    return session.scalars(select(ImportRun).where(ImportRun.kind == KIND).order_by(ImportRun.id).limit(1)).one_or_none()


def holds_work(session: Session) -> bool:
    """Return whether anything but a demo is here: data without the demo's note, or a second plan beside the demo's."""
    counts = {model: session.scalar(select(func.count()).select_from(model)) or 0 for model in (Plan, Person, Firm)}
    if demo_of(session) is None:
        return any(counts.values())
    return counts[Plan] > 1


def empty_demo(session: Session) -> None:
    """Delete every row, and the files that belong to them; the schema stays."""
    for upload in session.scalars(select(Upload)):
        upload.path.unlink(missing_ok=True)
    for table in reversed(db.metadata.sorted_tables):
        session.execute(table.delete())
    session.expunge_all()
