"""Judges many firms at once: from their operations in full, or from their quarters as far as a comparison needs.

What the figures mean is decided in `rules`; what a past night knew is read back from events (`facts`), not here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from cohort.exports.counting import PlanRule, may_still_count, shipment_at
from cohort.exports.flags.written import Flags, places_in
from cohort.exports.models import STATES, Export, ExportEvent
from cohort.exports.operations import Numbers, operations_of
from cohort.exports.rollup import quarters_of
from cohort.plans.models import Member
from cohort.rules.quarter_stages import (
    Edge,
    Figures,
    History,
    QuarterRuns,
    figures_on,
    history_of,
    runs_by_quarter,
)
from cohort.rules.quarters import Quarters
from cohort.rules.season_columns import Seasons, first_days_of
from cohort.rules.stage_codes import NO_DAY, Days
from cohort.rules.standings import Standings, stages_of

Declared = Mapping[int, Sequence[int]]


def standings_of(
    session: Session, plan_id: int, firm_ids: Numbers, rule: PlanRule, day: date, declared: Declared, *, is_all: bool
) -> Standings:
    """Return the standing of each firm (ascending numbers) at the end of `day`; three queries for any number.

    `declared` are the quarters of the year in which firms with a season sell, by firm.
    """
    found = operations_of(session, plan_id, firm_ids, is_all=is_all)
    is_there = np.bincount(found.code, minlength=1) > 0
    return stages_of(
        found.firm, found.day.astype("datetime64[D]"), (np.cumsum(is_there) - 1)[found.code], found.cents,
        firm_count=firm_ids.size, as_of=day, policy=rule.policy,
        pending_on=_pending(session, plan_id, firm_ids, rule, day),
        seasons=_seasons(firm_ids, declared),
    )


def figures_of(
    session: Session, plan_id: int, firm_ids: Numbers, rule: PlanRule, day: date, declared: Declared
) -> tuple[Figures, Flags]:
    """Return the figures of each firm from its quarters, and of which firms only their operations can say them.

    Those are firms with an operation after `day`, and with more destinations than a quarter can hold apart.
    """
    quarters = quarters_of(session, plan_id, firm_ids)
    history = history_of(quarters, rule.policy)
    runs = runs_by_quarter(quarters, history, day, rule.policy)
    figures = figures_on(
        quarters, history, runs, _edge(session, plan_id, firm_ids, quarters, history, runs, rule, day), day, rule.policy,
        _pending(session, plan_id, firm_ids, rule, day), _seasons(firm_ids, declared),
    )
    return figures, (figures.last_day > (day - date(1970, 1, 1)).days) | quarters.destinations.crowded


def _edge(
    session: Session, plan_id: int, firm_ids: Numbers, quarters: Quarters, history: History, runs: QuarterRuns,
    rule: PlanRule, day: date,
) -> Edge:
    """Return what the quarters cut by the window's edge hold inside it: the only operations that must be read."""
    cut = history.firm[runs.is_cut]
    if cut.size == 0:
        return Edge(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.uint64))
    opens_on = np.datetime64(day, "D") - rule.policy.window_days
    closes = int(first_days_of(quarters.quarter[runs.start[runs.is_cut][:1]] + 1)[0]) - 1
    found = operations_of(
        session, plan_id, firm_ids[cut], is_all=False, after=opens_on.item(), until=np.datetime64(closes, "D").item()
    )
    places = np.zeros(cut.size, dtype=np.uint64)
    np.bitwise_or.at(places, found.firm, quarters.destinations.bits(cut[found.firm], found.code))
    cents = np.zeros(cut.size, dtype=np.int64)
    np.add.at(cents, found.firm, found.cents)
    return Edge(np.bincount(found.firm, minlength=cut.size), cents, places)


def _seasons(firm_ids: Numbers, declared: Declared) -> Seasons:
    places = np.flatnonzero(places_in(firm_ids, declared)).tolist()
    return Seasons.of(firm_ids.size, {place: declared[int(firm_ids[place])] for place in places})


def _pending(session: Session, plan_id: int, firm_ids: Numbers, rule: PlanRule, day: date) -> Days:
    """Return the day of each firm's latest operation that waits for us; NaT for firms without one."""
    pending = np.full(firm_ids.size, NO_DAY, dtype=np.int64)
    waiting = _waiting(session, plan_id, day)
    asked = set(firm_ids[places_in(firm_ids, {row.firm_id for row in waiting})].tolist())
    members = _members(session, plan_id, asked)
    for export in waiting:
        member, known = members.get(export.firm_id), shipment_at(export, ())
        if member is None or known is None or not may_still_count(*known, rule.counting(member, export.exported_on)):
            continue
        place = int(np.searchsorted(firm_ids, export.firm_id))
        pending[place] = max(pending[place], np.datetime64(export.exported_on, "D").astype(np.int64))
    return pending.view("datetime64[D]")


def _waiting(session: Session, plan_id: int, day: date) -> list[Export]:
    # Two statements, because one with OR makes SQLite walk every export of every firm.
    here = (Export.plan_id == plan_id, Export.exported_on <= day)
    lists = (select(Export).where(*here, Export.state == "waiting"), select(Export).where(*here, Export.fob_usd_cents.is_(None)))
    return [export for statement in lists for export in session.scalars(statement)]


def _members(session: Session, plan_id: int, firm_ids: Iterable[int]) -> dict[int, Member]:
    wanted = sorted(firm_ids)
    found: dict[int, Member] = {}
    for start in range(0, len(wanted), 500):
        statement = select(Member).where(Member.plan_id == plan_id, Member.firm_id.in_(wanted[start:start + 500]))
        found.update({member.firm_id: member for member in session.scalars(statement)})
    return found


def firms_known_later(session: Session, plan_id: int, known_at: datetime) -> set[int]:
    """Return the firms of which something was recorded after an instant: their past must be read back event by event."""
    later = set(session.scalars(select(Export.firm_id).where(
        Export.plan_id == plan_id, Export.state.in_(STATES), Export.recorded_at > known_at  # every state, so that the index serves
    )))
    events = select(ExportEvent.firm_id).where(ExportEvent.recorded_at > known_at)
    return later | set(session.scalars(events))
