"""Reads the counted operations of many firms straight into columns; what they mean is decided in `rules.standings`.

SQLite hands each firm's operations over as one text, because two million rows one by one cost three times as much.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import BigInteger, ColumnElement, Integer, String, case, cast, func, literal, select
from sqlalchemy.orm import Session

from cohort.exports.counting import Joined, PlanRule, may_still_count, shipment_at
from cohort.exports.models import STATES, Export, ExportEvent
from cohort.rules.stage_codes import NO_DAY, Days
from cohort.rules.standings import Standings, stages_of

_CENTS, _PLACES = 2**36, 2**10  # one whole number holds day, place and cents: 16, 10 and 36 bits
_EPOCH = date(1970, 1, 1)
_UNIX_EPOCH_JULIAN = 2440587.5
_MOST_IN_LIST = 20_000
Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class Columns:
    """One entry an operation; `firm` is the place in the list of firms asked for."""

    firm: Numbers
    day: Days
    destination: Numbers
    cents: Numbers


def operations_of(session: Session, plan_id: int, firm_ids: Numbers, places: Sequence[str], *, all_firms: bool) -> Columns:
    """Return the counted operations of the firms, ascending numbers, as they stand now; one query."""
    packed = (_day_number(session) * _PLACES + _place_number(places)) * _CENTS + Export.counted_usd_cents
    statement = (
        select(Export.firm_id, func.count(), func.aggregate_strings(cast(packed, String), " "))
        .where(Export.plan_id == plan_id, Export.counted_usd_cents > 0)
        .group_by(Export.firm_id)
    )
    if not all_firms and firm_ids.size <= _MOST_IN_LIST:
        statement = statement.where(Export.firm_id.in_(firm_ids.tolist()))
    rows = session.execute(statement).all()
    firms = np.array([row[0] for row in rows], dtype=np.int64)
    counts = np.array([row[1] for row in rows], dtype=np.int64)
    values = np.fromstring(" ".join(row[2] for row in rows), dtype=np.int64, sep=" ")
    place = np.searchsorted(firm_ids, firms)
    wanted = (place < firm_ids.size) & (firm_ids[np.minimum(place, firm_ids.size - 1)] == firms) if firm_ids.size else np.zeros(0, bool)
    firm, kept = np.repeat(place, counts), np.repeat(wanted, counts)
    day = (values // (_CENTS * _PLACES)).astype("datetime64[D]")
    columns = (firm, day, values // _CENTS % _PLACES, values % _CENTS)
    return Columns(*columns) if bool(kept.all()) else Columns(*(column[kept] for column in columns))


def _day_number(session: Session) -> ColumnElement[int]:
    if session.get_bind().dialect.name == "sqlite":
        return cast(func.julianday(Export.exported_on) - _UNIX_EPOCH_JULIAN, Integer)
    days: Any = Export.exported_on - literal(_EPOCH)
    return cast(days, BigInteger)


def _place_number(places: Sequence[str]) -> ColumnElement[int]:
    if not places:
        return literal(0)
    numbered = {code: number for number, code in enumerate(places)}
    return case(numbered, value=Export.destination, else_=len(places))


def pending_of(
    session: Session, plan_id: int, members: dict[int, Joined], rule: PlanRule, day: date
) -> dict[int, date]:
    """Return the day of the latest operation of each firm that waits for us, for firms that have one."""
    # Two statements, because one with OR makes SQLite walk every export of every firm.
    here = (Export.plan_id == plan_id, Export.exported_on <= day)
    lists = (select(Export).where(*here, Export.state == "waiting"), select(Export).where(*here, Export.fob_usd_cents.is_(None)))
    found: dict[int, date] = {}
    for export in chain.from_iterable(session.scalars(statement) for statement in lists):
        member = members.get(export.firm_id)
        known = shipment_at(export, ())
        if member is None or known is None:
            continue
        if may_still_count(*known, rule.counting(member, export.exported_on)):
            found[export.firm_id] = max(found.get(export.firm_id, export.exported_on), export.exported_on)
    return found


def standings_of(
    session: Session, plan_id: int, members: dict[int, Joined], rule: PlanRule, day: date, *, all_firms: bool
) -> tuple[Numbers, Standings]:
    """Return the firms, ascending, and the standing of each at the end of `day`; four queries for any number."""
    firm_ids = np.array(sorted(members), dtype=np.int64)
    columns = operations_of(session, plan_id, firm_ids, rule.places, all_firms=all_firms)
    pending = np.full(firm_ids.size, NO_DAY, dtype=np.int64).view("datetime64[D]")
    for firm_id, waits_on in pending_of(session, plan_id, members, rule, day).items():
        pending[int(np.searchsorted(firm_ids, firm_id))] = np.datetime64(waits_on, "D")
    return firm_ids, stages_of(
        columns.firm, columns.day, columns.destination, columns.cents, firm_count=firm_ids.size, as_of=day,
        policy=rule.policy, pending_on=pending,
    )


def firms_known_later(session: Session, plan_id: int, known_at: datetime) -> set[int]:
    """Return the firms of which something was recorded after an instant: their past must be read back event by event."""
    later = set(session.scalars(select(Export.firm_id).where(
        Export.plan_id == plan_id, Export.state.in_(STATES), Export.recorded_at > known_at  # every state, so that the index serves
    )))
    events = select(ExportEvent.firm_id).where(ExportEvent.recorded_at > known_at)
    return later | set(session.scalars(events))
