"""Restores an archive into a scratch folder and holds it against what its manifest says; replaces nothing."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Flask
from flask_babel import lazy_gettext as _l
from sqlalchemy import create_engine

from cohort.config import Settings
from cohort.kit.backup import DATABASE, row_counts, unpack
from cohort.kit.database import Base
from cohort.kit.errors import DomainError, wording
from cohort.kit.table_lines import fill_empty
from cohort.kit.uploads import ACCEPTED

wording("backup_broken", _l("%(file)s: the database in it does not hold together (%(fault)s)."))
wording("backup_counts", _l("%(file)s: the table “%(table)s” has %(found)s rows; %(expected)s were written."))
wording("backup_lacks_file", _l("%(file)s: the file “%(part)s”, which the database names, is missing or another one."))


@dataclass(frozen=True)
class Checked:
    """What was found whole."""

    tables_count: int
    rows_count: int
    files_count: int


def check_backup(app: Flask, source: Path) -> Checked:
    """Restore an archive aside and return what it holds, when all of it holds.

    Checked are the hash of every part, the kind and schema of the database, that its rows can be read in again and
    keep their references, how many there are by table, and that every file a row names is there with its hash.
    Raises `DomainError` naming the first that does not hold.
    """
    settings: Settings = app.extensions["settings"]
    with tempfile.TemporaryDirectory(dir=settings.instance) as name:
        folder = Path(name)
        manifest = unpack(source, folder, app)
        database = folder / DATABASE["sqlite"]
        if manifest["kind"] != "sqlite":
            _read_in(folder / DATABASE[manifest["kind"]], database)
        with closing(sqlite3.connect(database)) as connection:
            _hold_together(source, connection)
            found = row_counts(connection)
            _hold_counts(source, found, manifest.get("rows", {}))
            files_count = _hold_files(source, connection, manifest["parts"])
    return Checked(len(found), sum(found.values()), files_count)


def _read_in(lines: Path, database: Path) -> None:
    """Build the tables anew beside the running database and read the rows in, references checked row by row."""
    engine = create_engine(f"sqlite:///{database}")
    try:
        with engine.begin() as connection:
            Base.metadata.create_all(connection)
            fill_empty(connection, lines)
    finally:
        engine.dispose()


def _hold_together(source: Path, connection: sqlite3.Connection) -> None:
    [fault] = connection.execute("PRAGMA integrity_check(1)").fetchone()
    lost = connection.execute("PRAGMA foreign_key_check").fetchone()
    if fault != "ok" or lost:
        raise DomainError("backup_broken", file=source.name, fault=fault if fault != "ok" else f"{lost[0]} {lost[1]}")


def _hold_counts(source: Path, found: Mapping[str, int], expected: Mapping[str, int]) -> None:
    """Raise for the first table with another number of rows; an archive of an earlier version names none."""
    for table in sorted(expected.keys() | found.keys() if expected else ()):
        if found.get(table, 0) != expected.get(table, 0):
            raise DomainError(
                "backup_counts", file=source.name, table=table, found=found.get(table, 0), expected=expected.get(table, 0))


def _hold_files(source: Path, connection: sqlite3.Connection, parts: Mapping[str, Any]) -> int:
    """Raise for the first upload without its file; the parts' hashes were held against their bytes before."""
    rows = connection.execute("SELECT token, media_type, sha256 FROM upload WHERE deleted_at IS NULL").fetchall()
    for token, media_type, sha256 in rows:
        part = f"uploads/{token[:2]}/{token}.{ACCEPTED[media_type]}"
        if parts.get(part) != sha256:
            raise DomainError("backup_lacks_file", file=source.name, part=part)
    return len(rows)
