"""Reads counted operations of many firms straight into columns; what they mean is decided in `rules`.

The database hands each firm's operations over as one text, because millions of rows one by one cost several times as
much. Leaves out what does not count, and why.
"""

from __future__ import annotations

import gc
import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Executable,
    Integer,
    String,
    any_,
    cast,
    func,
    literal,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import InstrumentedAttribute, Session

from cohort.exports.models import Export

Numbers = NDArray[np.int64]

_CENTS, _PLACES = 2**36, 2**10  # one whole number holds day, country and cents: 16, 10 and 36 bits
_EPOCH = date(1970, 1, 1)
_UNIX_EPOCH_JULIAN = 2440587.5
_LETTERS, _FIRST_LETTER = 26, 65  # as `rules.quarters.code_of`


@dataclass(frozen=True)
class Operations:
    """One entry an operation: place of its firm in the list asked for, day number, country code, US cents."""

    firm: Numbers
    day: Numbers
    code: Numbers
    cents: Numbers


@contextmanager
def without_collector() -> Iterator[None]:
    """Keep the cyclic collector still while a pass over every firm runs: plain rows hold no cycle.

    It would walk hundreds of thousands of them again and again, for half of the time of the pass.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def bare_rows(session: Session, statement: Executable) -> list[tuple[Any, ...]]:
    """Return the rows as the driver hands them over: no objects of ours, no conversion, no scope.

    For passes over every firm, which act for the system: a row object each costs as much as the reading.
    """
    cursor: Any = session.connection().execute(statement).cursor
    return list(cursor.fetchall())


def as_kept(session: Session, column: Column[Any]) -> Callable[[Any], Any]:
    """Return what turns a value of the column into what the driver takes."""
    dialect = session.get_bind().dialect
    convert = column.type.dialect_impl(dialect).bind_processor(dialect)
    return convert or (lambda value: value)


def put_rows(session: Session, statement: Executable, rows: list[dict[str, Any]]) -> None:
    """Run a statement once for each row of parameters, handed to the driver as they are (`as_kept`).

    To convert a thousand rows one value at a time costs more than to write them.
    """
    session.flush()
    compiled: Any = statement.compile(dialect=session.get_bind().dialect)  # type: ignore[attr-defined]
    names = compiled.positiontup
    parameters: Any = [tuple(row[name] for name in names) for row in rows] if names else rows
    session.connection().exec_driver_sql(compiled.string, parameters)


def is_sqlite(session: Session) -> bool:
    """Return whether the embedded database answers."""
    return session.get_bind().dialect.name == "sqlite"


def among(session: Session, column: InstrumentedAttribute[int], numbers: Iterable[int]) -> ColumnElement[bool]:
    """Return the condition that a column is one of many numbers, handed over as one parameter."""
    wanted = list(numbers)
    if is_sqlite(session):
        return column.in_(select(func.json_each(json.dumps(wanted)).table_valued("value").c.value))
    return column == any_(literal(wanted, ARRAY(Integer)))


def operations_of(
    session: Session, plan_id: int, firm_ids: Numbers, *, is_all: bool = False, after: date | None = None,
    until: date | None = None,
) -> Operations:
    """Return the counted operations of the firms (ascending numbers) in (after, until], as they stand now; one query.

    `is_all` says that the firms are nearly all there are, so that asking for each would cost more than it saves.
    """
    statement = (
        select(Export.firm_id, func.count(), func.aggregate_strings(cast(_packed(session), String), " "))
        .where(Export.plan_id == plan_id, Export.counted_usd_cents > 0)
        .group_by(Export.firm_id)
    )
    if after is not None:
        statement = statement.where(Export.exported_on > after)
    if until is not None:
        statement = statement.where(Export.exported_on <= until)
    if not is_all:
        statement = statement.where(among(session, Export.firm_id, firm_ids.tolist()))
    rows = bare_rows(session, statement)
    firms = np.array([row[0] for row in rows], dtype=np.int64)
    counts = np.array([row[1] for row in rows], dtype=np.int64)
    values = np.fromstring(" ".join(row[2] for row in rows), dtype=np.int64, sep=" ")
    place = np.searchsorted(firm_ids, firms)
    kept = np.isin(firms, firm_ids) if is_all else np.ones(firms.size, dtype=bool)
    firm, values = np.repeat(place[kept], counts[kept]), values[np.repeat(kept, counts)]
    return Operations(firm, values // (_CENTS * _PLACES), values // _CENTS % _PLACES, values % _CENTS)


def _packed(session: Session) -> ColumnElement[int]:
    day: Any
    if is_sqlite(session):
        day, letter = cast(func.julianday(Export.exported_on) - _UNIX_EPOCH_JULIAN, Integer), func.unicode
    else:
        day, letter = cast(Export.exported_on - literal(_EPOCH), BigInteger), func.ascii
    first, second = letter(Export.destination), letter(func.substr(Export.destination, 2))
    code = (first - _FIRST_LETTER) * _LETTERS + second - _FIRST_LETTER
    packed: ColumnElement[int] = (day * _PLACES + code) * _CENTS + Export.counted_usd_cents
    return packed
