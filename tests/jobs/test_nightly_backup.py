"""Holds that each night leaves one archive that was restored aside and found whole, and that a spoilt one alarms."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import zipfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import update

from cohort.kit import clock
from cohort.kit.backup import write_backup
from cohort.kit.backup_check import check_backup
from cohort.kit.database import db, transaction
from cohort.kit.errors import DomainError
from cohort.kit.jobs import run_job
from cohort.kit.uploads import Upload
from cohort.kit.watch import troubled
from tests.jobs import site as sites
from tests.jobs.plan import live_in
from tests.jobs.test_backup import everything, spoil

NIGHT = sites.NOON.replace(hour=2, minute=10)
PROOF = b"%PDF-1.7 proof"


@pytest.fixture
def lived(any_site: Flask, tmp_path: Path) -> Flask:
    return with_a_file(any_site, tmp_path)


def with_a_file(app: Flask, folder: Path) -> Flask:
    live_in(app)
    path = folder / "uploads" / "ab" / "abc.pdf"
    path.parent.mkdir(parents=True)
    path.write_bytes(PROOF)
    with app.app_context(), transaction() as session:
        session.add(Upload(
            token="abc", purpose="export", original_name="a.pdf", media_type="application/pdf", size_bytes=len(PROOF),
            sha256=hashlib.sha256(PROOF).hexdigest(), recorded_at=clock.now(),
        ))
    return app


def night(app: Flask, later: int = 0) -> Any:
    at = NIGHT + timedelta(days=later)
    with app.app_context(), clock.at(at):
        return run_job("backup", at.date())


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "backups").iterdir())


def test_a_night_leaves_an_archive_that_was_found_whole(lived: Flask, tmp_path: Path) -> None:
    rows = sum(len(found) for found in everything(lived).values())
    result = night(lived)
    assert (result.state, result.error) == ("done", "")
    claimed = 1  # the run's own line in the ledger
    assert result.counts == {"written": 1, "rows": rows + claimed, "files": 1, "dropped": 0}
    assert names(tmp_path) == ["cohort-2026-11-24.zip"]
    assert (tmp_path / "backups").stat().st_mode & 0o777 == 0o700
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith("tmp")] == []


def test_a_repeat_checks_the_same_archive_and_a_past_day_makes_none(sqlite_site: Flask, tmp_path: Path) -> None:
    with_a_file(sqlite_site, tmp_path)
    night(sqlite_site)
    before = (tmp_path / "backups" / "cohort-2026-11-24.zip").read_bytes()
    with sqlite_site.app_context(), clock.at(NIGHT + timedelta(days=2)):
        again = run_job("backup", sites.DAY, again=True)
        past = run_job("backup", sites.DAY + timedelta(days=1))
    assert (again.state, again.counts["written"], again.counts["files"]) == ("done", 0, 1)
    assert (past.state, past.counts) == ("done", {})
    assert names(tmp_path) == ["cohort-2026-11-24.zip"]
    assert (tmp_path / "backups" / "cohort-2026-11-24.zip").read_bytes() == before


def test_old_archives_go_by_the_rotation(sqlite_site: Flask, tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    for name in ("cohort-2026-10-31.zip", "cohort-2026-11-14.zip", "cohort-2026-11-15.zip", "cohort-2026-11-17.zip",
                 "cohort-2026-11-13.zip.spoilt", "cohort-2026-11-12.zip.part", "cohort-by-hand.zip", "notes.txt"):
        (folder / name).write_text("held elsewhere")
    for day in range(18, 24):
        (folder / f"cohort-2026-11-{day}.zip").write_text("held elsewhere")
    assert night(sqlite_site).counts["dropped"] == 4
    assert names(tmp_path) == sorted([
        "cohort-2026-10-31.zip", "cohort-2026-11-15.zip", *(f"cohort-2026-11-{day}.zip" for day in range(18, 25)),
        "cohort-by-hand.zip", "notes.txt",
    ])


def test_a_file_that_is_gone_fails_the_night_and_is_told_at_once(sqlite_site: Flask, tmp_path: Path) -> None:
    with_a_file(sqlite_site, tmp_path)
    night(sqlite_site)
    (tmp_path / "uploads" / "ab" / "abc.pdf").unlink()
    result = night(sqlite_site, later=1)
    assert (result.state, "backup_lacks_file" in result.error, "uploads/ab/abc.pdf" in result.error) == ("failed", True, True)
    assert names(tmp_path) == ["cohort-2026-11-24.zip", "cohort-2026-11-25.zip.spoilt"]
    with sqlite_site.app_context():
        found = troubled(db.session(), NIGHT + timedelta(days=1, minutes=1))
        assert [(each.job.name, each.is_late, each.has_failed) for each in found if each.job.name == "backup"] == [("backup", False, True)]
    (tmp_path / "uploads" / "ab" / "abc.pdf").write_bytes(PROOF)
    assert night(sqlite_site, later=1).counts["written"] == 1  # the next attempt writes a new one
    with sqlite_site.app_context():
        assert "backup" not in [each.job.name for each in troubled(db.session(), NIGHT + timedelta(days=1, minutes=1))]


def refused(app: Flask, archive: Path) -> str:
    with app.app_context(), pytest.raises(DomainError) as caught:
        check_backup(app, archive)
    return caught.value.code


def test_the_check_counts_what_it_reads_in(lived: Flask, tmp_path: Path) -> None:
    archive = tmp_path / "cohort.zip"
    with lived.app_context():
        write_backup(lived, archive)
        checked = check_backup(lived, archive)
    assert (checked.rows_count, checked.files_count) == (sum(len(rows) for rows in everything(lived).values()), 1)
    with zipfile.ZipFile(archive) as read:
        manifest = json.loads(read.read("manifest.json"))
    assert manifest["rows"]["milestone"] == len(everything(lived)["milestone"]) > 0
    manifest["rows"]["milestone"] += 1
    spoil(archive, "manifest.json", json.dumps(manifest).encode())
    assert refused(lived, archive) == "backup_counts"
    with lived.app_context(), transaction() as session:
        session.execute(update(Upload).values(sha256="0" * 64))
        archive.unlink()
    with lived.app_context():
        write_backup(lived, archive)
    assert refused(lived, archive) == "backup_lacks_file"


def test_a_database_whose_references_do_not_hold_is_refused(sqlite_site: Flask, tmp_path: Path) -> None:
    live_in(sqlite_site)
    with sqlite3.connect(tmp_path / "site.db") as raw:  # references are not looked at there
        raw.execute("DELETE FROM member WHERE id = 1")
    raw.close()
    with sqlite_site.app_context():
        write_backup(sqlite_site, tmp_path / "cohort.zip")
    assert refused(sqlite_site, tmp_path / "cohort.zip") == "backup_broken"


def test_an_archive_of_an_earlier_version_names_no_counts(sqlite_site: Flask, tmp_path: Path) -> None:
    archive = tmp_path / "cohort.zip"
    with sqlite_site.app_context():
        write_backup(sqlite_site, archive)
        with zipfile.ZipFile(archive) as read:
            manifest = json.loads(read.read("manifest.json"))
        del manifest["rows"]
        spoil(archive, "manifest.json", json.dumps(manifest).encode())
        assert check_backup(sqlite_site, archive).files_count == 0
