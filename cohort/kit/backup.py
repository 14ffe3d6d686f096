"""Writes one archive with all that an installation holds and puts it back whole; nothing is replaced before all is checked.

The archive is a ZIP file: `manifest.json` (kind, versions, hash of every part), the database, the key and the
uploads. Settings of the environment are not part of it.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Flask
from flask_babel import lazy_gettext as _l

from cohort import __version__
from cohort.config import Settings
from cohort.kit import clock
from cohort.kit.database import db
from cohort.kit.errors import DomainError, wording
from cohort.kit.schema import revisions
from cohort.kit.table_lines import REVISION_TABLE, read_lines, write_lines

MANIFEST, KEY, FORMAT = "manifest.json", "secret_key", 1
DATABASE = {"sqlite": "database.sqlite", "postgresql": "database.jsonl"}

wording("backup_unreadable", _l("%(file)s is not a backup of Cohort, or it is cut short."))
wording("backup_altered", _l("%(file)s: the part “%(part)s” is not what was written into it. Nothing was replaced."))
wording("backup_kind", _l("%(file)s holds a %(kind)s database; this installation runs on %(ours)s. Nothing was replaced."))
wording("backup_revision", _l("%(file)s has schema %(theirs)s, this version has %(ours)s. Install version %(version)s first. Nothing was replaced."))
wording("backup_exists", _l("%(file)s exists already. Choose another name."))


@dataclass(frozen=True)
class Summary:
    """What an archive holds."""

    made_at: str
    version: str
    revision: str | None
    parts: int
    size_bytes: int


def _hash_of(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _sqlite_path() -> Path:
    return Path(str(db.engine.url.database))


def _copy_sqlite(source: Path, target: Path) -> dict[str, int]:
    """Copy a database page by page while others may write to it; return the rows by table that the source then had."""
    with closing(sqlite3.connect(source, isolation_level=None)) as read, closing(sqlite3.connect(target)) as written:
        read.execute("BEGIN")  # counts and pages are of one view
        rows = row_counts(read)
        read.backup(written)
        read.execute("ROLLBACK")
    return rows


def row_counts(connection: sqlite3.Connection) -> dict[str, int]:
    """Return the number of rows of each table, the schema's own mark aside."""
    found = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    names = sorted(name for (name,) in found if name != REVISION_TABLE)
    return {name: connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in names}


def _parts(settings: Settings) -> Iterator[tuple[str, Path]]:
    """Give the name in the archive and the place on disk of the key and of every upload."""
    key = settings.instance / KEY
    if key.exists():
        yield KEY, key
    for path in sorted(settings.uploads.rglob("*")) if settings.uploads.exists() else []:
        if path.is_file():
            yield f"uploads/{path.relative_to(settings.uploads).as_posix()}", path


def write_backup(app: Flask, target: Path) -> Summary:
    """Write the archive; the database first, so that no row in it lacks its file. Refuses to overwrite."""
    settings: Settings = app.extensions["settings"]
    if target.exists():
        raise DomainError("backup_exists", file=target.name)
    kind = db.engine.dialect.name
    with tempfile.TemporaryDirectory(dir=settings.instance) as folder:
        database = Path(folder) / DATABASE[kind]
        rows = _copy_sqlite(_sqlite_path(), database) if kind == "sqlite" else write_lines(database)
        parts = [(DATABASE[kind], database), *_parts(settings)]
        with db.engine.connect() as connection:
            revision = revisions(app, connection)[0]
        manifest: dict[str, Any] = {
            "format": FORMAT, "kind": kind, "version": __version__, "revision": revision,
            "made_at": clock.now().isoformat(), "rows": rows, "parts": {name: _hash_of(path) for name, path in parts},
        }
        unfinished = target.with_name(target.name + ".part")
        private = os.open(unfinished, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
        with open(private, "w+b") as stream, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(MANIFEST, json.dumps(manifest, indent=1))
            for name, path in parts:
                archive.write(path, name)
        unfinished.replace(target)
    return Summary(manifest["made_at"], __version__, revision, len(parts), target.stat().st_size)


def _manifest_of(source: Path, archive: zipfile.ZipFile) -> dict[str, Any]:
    try:
        manifest = json.loads(archive.read(MANIFEST))
    except (KeyError, ValueError, zipfile.BadZipFile) as error:
        raise DomainError("backup_unreadable", file=source.name) from error
    named = set(manifest.get("parts", {})) if isinstance(manifest, dict) else set()
    if not named or manifest.get("format") != FORMAT or set(archive.namelist()) != named | {MANIFEST}:
        raise DomainError("backup_unreadable", file=source.name)
    if any(Path(name).is_absolute() or ".." in Path(name).parts for name in named):
        raise DomainError("backup_unreadable", file=source.name)
    return dict(manifest)


def unpack(source: Path, folder: Path, app: Flask) -> dict[str, Any]:
    """Unpack into `folder`, check every part, the kind of database and the schema, and return the manifest.

    Raises `DomainError` naming what does not hold; nothing but `folder` is written.
    """
    try:
        with zipfile.ZipFile(source) as archive:
            manifest = _manifest_of(source, archive)
            archive.extractall(folder)
    except (OSError, zipfile.BadZipFile) as error:
        raise DomainError("backup_unreadable", file=source.name) from error
    for name, expected in manifest["parts"].items():
        if _hash_of(folder / name) != expected:
            raise DomainError("backup_altered", file=source.name, part=name)
    ours = db.engine.dialect.name
    if manifest["kind"] != ours:
        raise DomainError("backup_kind", file=source.name, kind=manifest["kind"], ours=ours)
    with db.engine.connect() as connection:
        newest = revisions(app, connection)[1]
    if manifest["revision"] != newest:
        theirs, version = manifest["revision"], manifest["version"]
        raise DomainError("backup_revision", file=source.name, theirs=theirs, ours=newest, version=version)
    return manifest


def restore_backup(app: Flask, source: Path) -> Summary:
    """Replace database, key and uploads by those of the archive, after every check has passed.

    Stop the site first. The files that were there stay beside the new ones, as `uploads.before-restore` and
    `secret_key.before-restore`, until the next restore.
    """
    settings: Settings = app.extensions["settings"]
    with tempfile.TemporaryDirectory(dir=settings.instance) as name:
        folder = Path(name)
        manifest = unpack(source, folder, app)
        if manifest["kind"] == "sqlite":
            db.engine.dispose()
            _copy_sqlite(folder / DATABASE["sqlite"], _sqlite_path())
        else:
            read_lines(folder / DATABASE["postgresql"])
        for part in (KEY, "uploads"):
            _exchange(settings.instance / part, folder / part)
    size = source.stat().st_size
    return Summary(manifest["made_at"], manifest["version"], manifest["revision"], len(manifest["parts"]), size)


def _exchange(present: Path, restored: Path) -> None:
    """Put the restored file or folder in place of the present one, which is kept aside."""
    aside = present.with_name(present.name + ".before-restore")
    if aside.is_dir():
        shutil.rmtree(aside)
    elif aside.exists():
        aside.unlink()
    if present.exists():
        present.rename(aside)
    if restored.exists():
        restored.rename(present)
        if present.is_file():
            present.chmod(0o600)
