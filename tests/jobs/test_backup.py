"""Backs a whole installation up and brings it back on both databases; spoilt archives replace nothing."""

from __future__ import annotations

import json
import zipfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, text

from cohort.kit.backup import restore_backup, write_backup
from cohort.kit.database import db, transaction
from cohort.kit.errors import DomainError
from cohort.kit.jobs import run_job
from cohort.kit.outbox import OutboxMessage
from tests.jobs import site as sites


def filled(app: Flask, folder: Path) -> None:
    with app.app_context():
        run_job("test.remind", sites.DAY)
    upload = folder / "uploads" / "ab" / "abc.pdf"
    upload.parent.mkdir(parents=True, exist_ok=True)
    upload.write_bytes(b"%PDF-1.7 proof")
    (folder / "secret_key").write_text("the key of this installation, 32 characters long")


def everything(app: Flask) -> dict[str, list[Any]]:
    with app.app_context(), db.engine.connect() as connection:
        return {
            name: sorted(map(tuple, connection.execute(table.select())), key=repr)
            for name, table in sorted(db.metadata.tables.items())
        }


def test_what_was_backed_up_comes_back_whole(any_site: Flask, tmp_path: Path) -> None:
    filled(any_site, tmp_path)
    before, archive = everything(any_site), tmp_path / "cohort.backup"
    with any_site.app_context():
        written = write_backup(any_site, archive)
    assert (written.parts, archive.stat().st_mode & 0o777) == (3, 0o600)
    with any_site.app_context():
        run_job("test.remind", sites.DAY + timedelta(days=1))
        (tmp_path / "uploads" / "later.pdf").write_bytes(b"later")
        (tmp_path / "secret_key").write_text("another")
        restored = restore_backup(any_site, archive)
    assert restored == written
    assert everything(any_site) == before
    kept = [str(path.relative_to(tmp_path)) for path in sorted((tmp_path / "uploads").rglob("*")) if path.is_file()]
    assert kept == ["uploads/ab/abc.pdf"]
    assert (tmp_path / "secret_key").read_text() == "the key of this installation, 32 characters long"
    with any_site.app_context():
        run_job("test.remind", sites.DAY + timedelta(days=2))  # new rows find free numbers
        assert len(list(db.session.scalars(select(OutboxMessage)))) == 6


def spoil(archive: Path, part: str, content: bytes | None) -> None:
    """Rewrite an archive with one part changed, or without it."""
    with zipfile.ZipFile(archive) as read:
        parts = {name: read.read(name) for name in read.namelist()}
    parts.pop(part)
    if content is not None:
        parts[part] = content
    with zipfile.ZipFile(archive, "w") as written:
        for name, kept in parts.items():
            written.writestr(name, kept)


def manifest_with(archive: Path, **changed: Any) -> bytes:
    with zipfile.ZipFile(archive) as read:
        return json.dumps(json.loads(read.read("manifest.json")) | changed).encode()


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("altered", "backup_altered"), ("missing", "backup_unreadable"), ("cut", "backup_unreadable"),
        ("kind", "backup_kind"), ("revision", "backup_revision"), ("outside", "backup_unreadable"),
    ],
)
def test_a_spoilt_archive_replaces_nothing(sqlite_site: Flask, tmp_path: Path, fault: str, code: str) -> None:
    filled(sqlite_site, tmp_path)
    archive = tmp_path / "cohort.backup"
    with sqlite_site.app_context():
        write_backup(sqlite_site, archive)
        run_job("test.remind", sites.DAY + timedelta(days=1))
    before = everything(sqlite_site)
    match fault:
        case "altered":
            spoil(archive, "uploads/ab/abc.pdf", b"another proof")
        case "missing":
            spoil(archive, "uploads/ab/abc.pdf", None)
        case "cut":
            archive.write_bytes(archive.read_bytes()[:-100])
        case "kind":
            spoil(archive, "manifest.json", manifest_with(archive, kind="postgresql"))
        case "revision":
            spoil(archive, "manifest.json", manifest_with(archive, revision="of another time"))
        case _:
            spoil(archive, "manifest.json", manifest_with(archive, parts={"../evil": "0"}))
    with sqlite_site.app_context(), pytest.raises(DomainError) as caught:
        restore_backup(sqlite_site, archive)
    assert caught.value.code == code
    assert everything(sqlite_site) == before
    assert (tmp_path / "uploads" / "ab" / "abc.pdf").read_bytes() == b"%PDF-1.7 proof"


def test_a_backup_overwrites_nothing(sqlite_site: Flask, tmp_path: Path) -> None:
    archive = tmp_path / "cohort.backup"
    archive.write_text("something else")
    with sqlite_site.app_context(), pytest.raises(DomainError) as caught:
        write_backup(sqlite_site, archive)
    assert (caught.value.code, archive.read_text()) == ("backup_exists", "something else")


def test_a_backup_is_whole_while_others_write(sqlite_site: Flask, tmp_path: Path) -> None:
    with sqlite_site.app_context(), transaction() as session:
        sites.queue(session, 1)
        with db.engine.connect() as reader:  # a write is under way: the copy holds what was committed before
            assert reader.scalar(text("SELECT count(*) FROM outbox_message")) == 0
        assert write_backup(sqlite_site, tmp_path / "cohort.backup").parts == 1
    with sqlite_site.app_context():
        restore_backup(sqlite_site, tmp_path / "cohort.backup")
        assert list(db.session.scalars(select(OutboxMessage))) == []
