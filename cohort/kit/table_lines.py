"""Writes every table of a PostgreSQL database as JSON lines and reads them back whole; SQLite is copied as a file."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from itertools import groupby, islice
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, MetaData, Table, func, select, text

from cohort.kit.database import db

ROWS_AT_ONCE = 1000
REVISION_TABLE = "alembic_version"
# datetime stands before date, whose child it is
WRITERS: tuple[tuple[type | tuple[type, ...], str, Callable[[Any], Any]], ...] = (
    (datetime, "$datetime", datetime.isoformat), (date, "$date", date.isoformat), (time, "$time", time.isoformat),
    (Decimal, "$decimal", str), (bytes, "$bytes", lambda value: base64.b64encode(value).decode()),
    ((dict, list), "$json", lambda value: value),
)


def _encoded(value: Any) -> Any:
    """Return a value as JSON can hold it, tagged where JSON has no such type."""
    for kind, tag, written in WRITERS:
        if isinstance(value, kind):
            return {tag: written(value)}
    return value


def _decoded(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    [(tag, inner)] = value.items()
    readers: dict[str, Any] = {
        "$datetime": datetime.fromisoformat, "$date": date.fromisoformat, "$time": time.fromisoformat,
        "$decimal": Decimal, "$bytes": base64.b64decode, "$json": lambda kept: kept,
    }
    return readers[tag](inner)


def _tables(connection: Connection) -> list[Table]:
    """Return the tables as they stand in the database, parents before children, without the schema's own mark."""
    found = MetaData()
    found.reflect(connection)
    return [table for table in found.sorted_tables if table.name != REVISION_TABLE]


def write_lines(target: Path) -> dict[str, int]:
    """Write one line a row, `[table, {column: value}]`, of one unchanging view of the database.

    Returns how many rows each table has in that view, counted by the database itself.
    """
    counts: dict[str, int] = {}
    snapshot = db.engine.connect().execution_options(isolation_level="REPEATABLE READ")
    with snapshot as connection, connection.begin(), target.open("w", encoding="utf-8") as stream:
        for table in _tables(connection):
            counts[table.name] = connection.scalar(select(func.count()).select_from(table)) or 0
            rows = connection.execute(table.select(), execution_options={"yield_per": ROWS_AT_ONCE})
            for row in rows.mappings():
                line = [table.name, {name: _encoded(value) for name, value in row.items()}]
                stream.write(json.dumps(line, ensure_ascii=False) + "\n")
    return counts


def _rows(source: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    with source.open(encoding="utf-8") as stream:
        for line in stream:
            name, row = json.loads(line)
            yield name, {column: _decoded(value) for column, value in row.items()}


def read_lines(source: Path) -> None:
    """Replace the content of every table by the file's, in one transaction: all of it or nothing."""
    with db.engine.connect() as connection, connection.begin():
        tables = {table.name: table for table in _tables(connection)}
        quote = connection.dialect.identifier_preparer.quote
        if tables:
            names = ", ".join(quote(name) for name in tables)
            connection.execute(text(f"TRUNCATE {names} RESTART IDENTITY CASCADE"))
        _fill(connection, tables, source)
        for table in tables.values():
            _continue_numbers(connection, table, quote(table.name))


def fill_empty(connection: Connection, source: Path) -> None:
    """Write the file's rows into a database that has the tables and no rows, of whatever kind: to try them out."""
    _fill(connection, {table.name: table for table in _tables(connection)}, source)


def _fill(connection: Connection, tables: Mapping[str, Table], source: Path) -> None:
    for name, rows in groupby(_rows(source), key=lambda entry: entry[0]):
        values = (row for _name, row in rows)
        while batch := list(islice(values, ROWS_AT_ONCE)):
            connection.execute(tables[name].insert(), batch)


def _continue_numbers(connection: Connection, table: Table, quoted: str) -> None:
    """Let the numbers of new rows go on after the greatest restored one."""
    if "id" not in table.c:
        return
    sequence = connection.scalar(text("SELECT pg_get_serial_sequence(:name, 'id')"), {"name": quoted})
    if sequence is not None:
        greatest = connection.scalar(text(f"SELECT max(id) FROM {quoted}"))
        if greatest is not None:
            connection.execute(text("SELECT setval(:name, :value)"), {"name": sequence, "value": greatest})
