"""Reads what stands written of firms as columns, one entry a firm by its number, and which of them are apart.

Leaves out what the figures should be (`judging`): this is only the other side of the comparison.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import BigInteger, ColumnElement, String, and_, case, cast, func, literal, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from cohort.exports.models import FirmStanding
from cohort.exports.operations import Numbers, among, bare_rows, is_sqlite
from cohort.plans.models import Member
from cohort.rules.quarter_stages import Figures
from cohort.rules.stage_codes import CODE, NO_DAY

Flags = NDArray[np.bool_]
# Stage, whether it waits for us, destinations, quarters, operations, whether it must be written: 54 bits in all.
_SIZES = (16, 2, 2**12, 2**12, 2**24, 2)
_DAYS = 2**22
_UNIX_EPOCH = 2_440_588  # the first of January 1970 as a Julian day


@dataclass(frozen=True)
class Written:
    """What the nightly job wrote last. `must`: it has to be written anew whatever it says – a new fact, a day that
    has come, another rule."""

    firm_ids: Numbers
    must: Flags
    figures: Figures

    def of(self, kept: Flags) -> Written:
        """Return the entries that are to be kept."""
        figures = {name: values[kept] for name, values in vars(self.figures).items()}
        return Written(self.firm_ids[kept], self.must[kept], Figures(**figures))

    def differs(self, found: Figures) -> Flags:
        """Return which entries must be written: what was found of them is another thing, or `must` says so."""
        result = self.must.copy()
        for name, values in vars(self.figures).items():
            result |= values != getattr(found, name)
        return result


def written_of(session: Session, plan_id: int, version: str, day: date, *, is_full: bool) -> Written:
    """Return what stands written of every firm of the plan, or of those alone that `must` be written on `day`."""
    table = FirmStanding
    statement = select(
        table.firm_id, _packed(version, day), table.fob_usd_cents,
        _julian(session, table.first_export_on) * _DAYS + _julian(session, table.last_export_on),
    ).where(table.plan_id == plan_id)
    if is_full:
        rows = bare_rows(session, statement.order_by(table.firm_id))
    else:
        # Two statements, because one with OR would walk every firm; each is served by the index on what is due.
        dirty = statement.where(table.is_dirty.is_(True))
        due = statement.where(table.is_dirty.is_(False), table.recheck_on <= day)
        rows = sorted(bare_rows(session, dirty) + bare_rows(session, due))
    numbers = np.fromiter(chain.from_iterable(rows), dtype=np.int64, count=4 * len(rows)).reshape(-1, 4)
    firm_ids, packed, cents, days = np.ascontiguousarray(numbers.T)
    stage, waiting, destinations, quarters, operations, must = _unpacked(packed)
    figures = Figures(
        stage.astype(np.int8), waiting.astype(bool), operations, quarters, destinations, cents,
        _day_numbers(days // _DAYS), _day_numbers(days % _DAYS),
    )
    return Written(firm_ids, must.astype(bool), figures)


def _packed(version: str, day: date) -> ColumnElement[int]:
    """What stands written in one whole number: a value less a row is what a night over all firms is made of."""
    table = FirmStanding
    must = or_(
        table.is_dirty.is_(True), table.rule_version != version,
        and_(table.recheck_on.is_not(None), table.recheck_on <= day),
    )
    values = (
        case({stage.value: int(code) for stage, code in CODE.items()}, value=table.stage),
        case((table.is_waiting_for_us, 1), else_=0), table.destinations_count, table.quarters_count,
        table.operations_count, case((must, 1), else_=0),
    )
    packed: ColumnElement[int] = literal(0, BigInteger)
    for value, size in zip(values, _SIZES, strict=True):
        packed = packed * size + value
    return packed


def _unpacked(packed: Numbers) -> list[Numbers]:
    values: list[Numbers] = []
    for size in reversed(_SIZES):
        values.append(packed % size)
        packed = packed // size
    return values[::-1]


def _julian(session: Session, column: InstrumentedAttribute[date | None]) -> ColumnElement[int]:
    """The Julian day number, 0 for no day: what SQLite counts days in."""
    found: Any
    if is_sqlite(session):
        found = cast(func.julianday(column) + 0.5, BigInteger)
    else:
        found = cast(column - literal(date(1970, 1, 1)), BigInteger) + _UNIX_EPOCH
    return func.coalesce(found, 0)


def _day_numbers(julian: Numbers) -> Numbers:
    return np.where(julian == 0, NO_DAY, julian - _UNIX_EPOCH)


def apart(
    session: Session, plan_id: int, firm_ids: Numbers, day: date, *, is_all: bool
) -> tuple[set[int], dict[int, list[int]]]:
    """Return the firms that are not in the plan on a day, and the quarters of those that declared a season.

    `is_all` says that nearly all firms are asked for; the answer may then name others as well. One query.
    """
    is_absent, is_seasonal = or_(Member.joined_on > day, Member.left_on <= day), cast(Member.season_quarters, String) != "[]"
    statement = select(Member.firm_id, Member.season_quarters, case((is_absent, 1), else_=0)).where(
        Member.plan_id == plan_id, or_(is_absent, is_seasonal)
    )
    if not is_all:
        statement = statement.where(among(session, Member.firm_id, firm_ids.tolist()))
    rows = session.execute(statement).all()
    return {row[0] for row in rows if row[2]}, {row[0]: row[1] for row in rows if row[1] and not row[2]}


def places_in(firm_ids: Numbers, wanted: Iterable[int]) -> Flags:
    """Return where in the ascending list the wanted firms stand."""
    return np.isin(firm_ids, np.array(sorted(wanted), dtype=np.int64), assume_unique=True)
