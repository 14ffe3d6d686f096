"""Keeps what counts of each firm by quarter in step with its exports, reads it for all firms at once, and checks it.

A firm's quarters are one value of packed records (`rules.quarters.RECORD`), because a night reads them all: a row a
quarter would take as long as the exports themselves. They are derived from the rows anew after each change, never
added up, so that nothing can drift. Leaves out what a past night knew: that is read back from events.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from cohort.exports.models import Export, FirmQuarters
from cohort.exports.operations import Numbers, among, bare_rows, is_sqlite, operations_of
from cohort.kit.checks import database_check
from cohort.plans.models import Member
from cohort.rules.quarters import RECORD, Places, Quarters, country_of, quarters_from, roll_up

_CHUNK = 5_000
_KEPT = ("plan_id", "firm_id")


def keep_quarters(session: Session, plan_id: int, firm_ids: Iterable[int]) -> None:
    """Bring the quarters of firms in step with their exports; called wherever a counted value changes.

    One change of a firm at a time: the second waits for the first, then sees it.
    """
    wanted = np.array(sorted(set(firm_ids)), dtype=np.int64)
    session.execute(
        select(Member.id).where(Member.plan_id == plan_id, among(session, Member.firm_id, wanted.tolist()))
        .order_by(Member.id).with_for_update()
    ).all()
    for start in range(0, wanted.size, _CHUNK):
        chunk = wanted[start:start + _CHUNK]
        rows = _rows_of(session, plan_id, chunk)
        gone = sorted(set(chunk.tolist()) - {row["firm_id"] for row in rows})
        if gone:
            session.execute(delete(FirmQuarters).where(FirmQuarters.plan_id == plan_id, among(session, FirmQuarters.firm_id, gone)))
        if rows:
            dialect: Any = sqlite if is_sqlite(session) else postgresql
            statement = dialect.insert(FirmQuarters.__table__)
            news = {name: statement.excluded[name] for name in ("destinations", "quarters")}
            session.execute(statement.on_conflict_do_update(index_elements=list(_KEPT), set_=news), rows)


def _rows_of(session: Session, plan_id: int, firm_ids: Numbers) -> list[dict[str, Any]]:
    """Return the rows that should be kept of the firms, from their exports."""
    found = operations_of(session, plan_id, firm_ids)
    quarters = roll_up(found.firm, found.day, found.code, found.cents, firm_ids.size)
    records, first = quarters.records(), quarters.first_row.tolist()
    return [
        {
            "plan_id": plan_id, "firm_id": firm_id,
            "destinations": "".join(country_of(code) for code in quarters.destinations.codes_of(place)),
            "quarters": records[first[place]:first[place + 1]].tobytes(),
        }
        for place, firm_id in enumerate(firm_ids.tolist()) if first[place] < first[place + 1]
    ]


def quarters_of(session: Session, plan_id: int, firm_ids: Numbers) -> Quarters:
    """Return the quarters of the firms (ascending numbers, nearly all of the plan) as columns; one query."""
    columns = FirmQuarters.__table__.c
    statement = select(columns.firm_id, columns.destinations, columns.quarters).where(columns.plan_id == plan_id)
    rows = bare_rows(session, statement.order_by(columns.firm_id))
    firms = np.array([row[0] for row in rows], dtype=np.int64)
    place = np.searchsorted(firm_ids, firms)
    wanted = np.append(firm_ids, 0)[place] == firms
    if not wanted.all():
        rows, place = [row for row, is_wanted in zip(rows, wanted.tolist(), strict=True) if is_wanted], place[wanted]
    kept, lists = [row[2] for row in rows], [row[1] for row in rows]
    counts = _spread(place, list(map(len, kept)), firm_ids.size) // RECORD.itemsize
    letters = np.frombuffer("".join(lists).encode("ascii"), dtype=np.uint8).astype(np.int64) - ord("A")
    destinations = _spread(place, list(map(len, lists)), firm_ids.size) // 2
    places = Places.listed(letters[::2] * 26 + letters[1::2], destinations)
    return quarters_from(np.frombuffer(b"".join(kept), dtype=RECORD), counts, places)


def _spread(place: Numbers, values: Sequence[int], size: int) -> Numbers:
    spread = np.zeros(size, dtype=np.int64)
    spread[place] = values
    return spread


@database_check("quarters", "what counts by quarter agrees with the exports")
def check_quarters(session: Session, mend: bool) -> list[str]:
    """Return one line a firm whose kept quarters differ from its exports; with `mend` they are derived anew."""
    faults: list[str] = []
    plan_ids = set(session.scalars(select(Export.plan_id).distinct())) | set(session.scalars(select(FirmQuarters.plan_id).distinct()))
    for plan_id in sorted(plan_ids):
        differing = _differing(session, plan_id)
        faults += [f"firm {firm_id} of plan {plan_id}: its quarters differ from its exports" for firm_id in differing]
        if mend and differing:
            keep_quarters(session, plan_id, differing)
    return faults


def _differing(session: Session, plan_id: int) -> list[int]:
    counted = select(Export.firm_id).where(Export.plan_id == plan_id, Export.counted_usd_cents > 0)
    kept = select(FirmQuarters.firm_id).where(FirmQuarters.plan_id == plan_id)
    firm_ids = np.array(sorted(set(session.scalars(counted.distinct())) | set(session.scalars(kept))), dtype=np.int64)
    differing: list[int] = []
    for start in range(0, firm_ids.size, _CHUNK):
        chunk = firm_ids[start:start + _CHUNK]
        wanted = {row["firm_id"]: (row["destinations"], row["quarters"]) for row in _rows_of(session, plan_id, chunk)}
        table = FirmQuarters.__table__.c
        rows = session.execute(
            select(table.firm_id, table.destinations, table.quarters)
            .where(table.plan_id == plan_id, among(session, FirmQuarters.firm_id, chunk.tolist()))
        )
        found = {row.firm_id: (row.destinations, bytes(row.quarters)) for row in rows}
        differing += [firm_id for firm_id in chunk.tolist() if wanted.get(firm_id) != found.get(firm_id)]
    return differing
