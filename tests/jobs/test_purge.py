"""Holds that files nothing names go on their day, once, in batches, and that whatever a row points at stays."""

from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from cohort.exports.models import Export, ExportProof
from cohort.kit import clock, purge
from cohort.kit.audit import AuditEntry
from cohort.kit.database import db, transaction
from cohort.kit.jobs import RunResult, run_job
from cohort.kit.uploads import Upload
from cohort.training.models import Milestone, MilestoneEntry
from tests.jobs import site as sites
from tests.jobs.plan import live_in, trade_in

CONTENT = b"%PDF-1.7 proof"


def bring(app: Flask, name: str, age_days: int, purpose: str = "export", at: datetime = sites.NOON) -> int:
    """Store one file so many days before the test's day."""
    with app.app_context(), transaction() as session:
        upload = Upload(
            token=name, purpose=purpose, original_name=f"{name} of Rosa.pdf", media_type="application/pdf",
            size_bytes=len(CONTENT), sha256=hashlib.sha256(CONTENT).hexdigest(), recorded_at=at - timedelta(days=age_days),
        )
        upload.path.parent.mkdir(parents=True, exist_ok=True)
        upload.path.write_bytes(CONTENT)
        session.add(upload)
        session.flush()
        return upload.id


def purged(app: Flask, day: date = sites.DAY, again: bool = False) -> RunResult:
    with app.app_context():
        return run_job("uploads.purge", day, again=again)


def left(app: Flask, folder: Path) -> tuple[list[str], list[str]]:
    """Names of the rows without the mark, and of the files on disk."""
    with app.app_context():
        rows = db.session.scalars(select(Upload.token).where(Upload.deleted_at.is_(None)).order_by(Upload.token))
        return list(rows), sorted(path.stem for path in (folder / "uploads").rglob("*.pdf"))


def test_a_file_goes_on_its_day_with_its_name_and_leaves_its_hash(any_site: Flask, tmp_path: Path) -> None:
    gone = bring(any_site, "aold", 31)
    bring(any_site, "bday", 30)  # brought at noon: its thirty days end during the day
    bring(any_site, "cnew", 1)
    bring(any_site, "dother", 900, "ownership")  # no room gave its purpose any days
    result = purged(any_site)
    assert (result.state, result.counts) == ("done", {"deleted": 1})
    assert left(any_site, tmp_path) == (["bday", "cnew", "dother"], ["bday", "cnew", "dother"])
    with any_site.app_context():
        row = db.session.get_one(Upload, gone)
        assert (row.original_name, row.sha256, row.deleted_at) == ("", hashlib.sha256(CONTENT).hexdigest(), sites.NOON)
        entries = db.session.scalars(select(AuditEntry).where(AuditEntry.subject_kind == "upload", AuditEntry.subject_id == gone))
        assert [(entry.action, entry.actor_name) for entry in entries] == [("upload.purged", "system")]
    assert purged(any_site, again=True).counts == {"deleted": 0}
    with any_site.app_context(), clock.at(sites.days_later(1)):
        assert run_job("uploads.purge", sites.DAY + timedelta(days=1)).counts == {"deleted": 1}


def test_a_replay_of_a_past_day_takes_only_what_was_due_then(sqlite_site: Flask, tmp_path: Path) -> None:
    bring(sqlite_site, "aold", 40)
    bring(sqlite_site, "bold", 32)
    assert purged(sqlite_site, sites.DAY - timedelta(days=5)).counts == {"deleted": 1}
    assert left(sqlite_site, tmp_path)[1] == ["bold"]


def test_what_any_row_points_at_stays(any_site: Flask, tmp_path: Path) -> None:
    live_in(any_site)
    trade_in(any_site)
    proof, entry, unnamed = (bring(any_site, name, 400) for name in ("proof", "entry", "unnamed"))
    with any_site.app_context(), transaction() as session:
        export = session.scalars(select(Export)).first()
        milestone = session.scalars(select(Milestone)).first()
        assert export is not None
        assert milestone is not None
        session.add(ExportProof(
            export_id=export.id, firm_id=export.firm_id, kind="invoice", upload_id=proof, recorded_at=clock.now()))
        session.add(MilestoneEntry(
            milestone_id=milestone.id, firm_id=milestone.firm_id, kind="handed_in", on=sites.DAY, upload_id=entry,
            recorded_at=clock.now()))
    assert purged(any_site).counts == {"deleted": 2}  # one that the arranged plan left unused, and ours
    assert left(any_site, tmp_path)[1] == ["entry", "proof"]
    with any_site.app_context():
        assert db.session.get_one(Upload, unnamed).deleted_at is not None


def test_every_reference_of_the_schema_counts_as_naming(sqlite_site: Flask) -> None:
    with sqlite_site.app_context():
        found = {f"{column.table.name}.{column.name}" for column in purge._references()}
    assert {"export_proof.upload_id", "milestone_entry.upload_id", "ownership_declaration.upload_id"} <= found


@pytest.mark.parametrize("count", [2, 3, 4, 5])
def test_batches_leave_nothing_behind(sqlite_site: Flask, tmp_path: Path, count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(purge, "AT_ONCE", 2)
    for number in range(count):
        bring(sqlite_site, f"old{number}", 60)
    assert purged(sqlite_site).counts == {"deleted": count}
    assert left(sqlite_site, tmp_path) == ([], [])


def test_bytes_that_a_killed_run_left_go_with_the_next(sqlite_site: Flask, tmp_path: Path) -> None:
    upload_id = bring(sqlite_site, "killed", 60)
    with sqlite_site.app_context(), transaction() as session:
        session.get_one(Upload, upload_id).deleted_at = datetime(2026, 11, 23, 3, 10, tzinfo=UTC)
    assert left(sqlite_site, tmp_path) == ([], ["killed"])
    assert purged(sqlite_site).counts == {"deleted": 0}
    assert left(sqlite_site, tmp_path) == ([], [])


def test_a_purpose_gets_its_days_once(sqlite_site: Flask) -> None:
    with pytest.raises(ValueError, match="has its days already"):
        purge.forget_after("export", 30)
    with pytest.raises(ValueError, match="too few"):
        purge.forget_after("of a test", 0)
