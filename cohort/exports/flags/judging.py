"""Judges which firms' standing is new on a day: on columns for most, one by one where the past must be read back.

Leaves out writing and telling (`nightly`). A firm with a declared season, or of which something was recorded after
the day's end, is judged from its events; all others from their columns as they stand.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, String, cast, select, true
from sqlalchemy.orm import Session, joinedload

from cohort.exports.counting import Joined, PlanRule
from cohort.exports.flags.columns import Numbers, firms_known_later, standings_of
from cohort.exports.flags.facts import facts_of, known_by_end_of, standing_of
from cohort.exports.models import FirmStanding
from cohort.plans.models import Member
from cohort.rules.next_step import next_step_of
from cohort.rules.spells import effective_on
from cohort.rules.stages import STAGES, NextStep, Stage, Standing
from cohort.rules.standings import Standings

_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Judgement:
    """Where one firm stands on the day judged; days are None where there is none."""

    firm_id: int
    stage: Stage
    waiting_for_us: bool
    operations: int
    quarters: int
    destinations: int
    fob_cents: int
    first_on: date | None
    last_on: date | None
    recheck_on: date | None
    effective_on: date | None
    next_step: NextStep

    @property
    def look_again_on(self) -> date | None:
        """The first day on which the calendar alone changes the stage, or makes the next step out of date."""
        by_on = self.next_step.by_on
        days = [day for day in (self.recheck_on, by_on + _DAY if by_on else None) if day is not None]
        return min(days, default=None)


def judge(
    session: Session, plan_id: int, rule: PlanRule, day: date, stored: Sequence[Any], *, is_full: bool
) -> list[Judgement]:
    """Return the judgement of each member of `stored` whose standing is new at the end of `day`, by firm."""
    due = {row.firm_id for row in stored}
    joined = {row.firm_id: row for row in _members(session, plan_id, day, is_full=is_full) if row.firm_id in due}
    known_at = known_by_end_of(day)
    later = firms_known_later(session, plan_id, known_at)
    one_by_one = {firm_id for firm_id, row in joined.items() if row.has_season or firm_id in later}
    at_once: dict[int, Joined] = {firm_id: row for firm_id, row in joined.items() if firm_id not in one_by_one}
    found = _by_columns(session, plan_id, at_once, rule, day, stored, is_full=is_full)
    return sorted(
        [*found, *_by_events(session, plan_id, one_by_one, rule, day)], key=lambda judgement: judgement.firm_id
    )


def stored_rows(session: Session, plan_id: int, day: date, *, is_full: bool) -> Sequence[Any]:
    """Return what stands written of the firms that are due on `day`, as plain rows by firm.

    Due are firms with new facts, those whose stage the calendar may have changed, and with `is_full` all of them.
    """
    return session.execute(
        select(
            FirmStanding.id, FirmStanding.firm_id, FirmStanding.stage, FirmStanding.is_waiting_for_us,
            FirmStanding.operations_count, FirmStanding.quarters_count, FirmStanding.destinations_count,
            FirmStanding.fob_usd_cents, FirmStanding.first_export_on, FirmStanding.last_export_on,
            FirmStanding.recheck_on, FirmStanding.is_dirty, FirmStanding.rule_version,
        ).where(FirmStanding.plan_id == plan_id, _is_due(day, is_full=is_full)).order_by(FirmStanding.firm_id)
    ).all()


def _is_due(day: date, *, is_full: bool) -> ColumnElement[bool]:
    if is_full:
        return true()
    # Both sides name `is_dirty`, so that one index serves them; a night under a new rule is a full one.
    return FirmStanding.is_dirty.is_(True) | (FirmStanding.is_dirty.is_(False) & (FirmStanding.recheck_on <= day))


def _members(session: Session, plan_id: int, day: date, *, is_full: bool) -> Sequence[Any]:
    statement = select(
        Member.firm_id, Member.country, Member.joined_on, (cast(Member.season_quarters, String) != "[]").label("has_season")
    ).where(
        Member.plan_id == plan_id, Member.joined_on <= day, Member.left_on.is_(None) | (Member.left_on > day)
    )
    if not is_full:
        due = select(FirmStanding.firm_id).where(FirmStanding.plan_id == plan_id, _is_due(day, is_full=False))
        statement = statement.where(Member.firm_id.in_(due))
    return session.execute(statement).all()


def _by_events(
    session: Session, plan_id: int, firm_ids: set[int], rule: PlanRule, day: date
) -> Iterable[Judgement]:
    if not firm_ids:
        return
    statement = select(Member).where(Member.plan_id == plan_id, Member.firm_id.in_(sorted(firm_ids)))
    members = list(session.scalars(statement.options(joinedload(Member.firm))))
    found = facts_of(session, plan_id, members, rule, day, known_by_end_of(day))
    for member in members:
        yield of_standing(member.firm_id, standing_of(found[member.firm_id], member, day, rule.policy))


def of_standing(firm_id: int, standing: Standing) -> Judgement:
    """Return one firm's standing in the shape that is written."""
    return Judgement(
        firm_id, standing.stage, standing.waiting_for_us, standing.operations, standing.quarters,
        standing.destinations, int(standing.fob_usd * 100), standing.first_export_on, standing.last_export_on,
        standing.recheck_on, standing.effective_on, standing.next_step,
    )


def _by_columns(
    session: Session, plan_id: int, members: dict[int, Joined], rule: PlanRule, day: date, stored: Sequence[Any],
    *, is_full: bool,
) -> Iterable[Judgement]:
    if not members:
        return
    firm_ids, found = standings_of(session, plan_id, members, rule, day, all_firms=is_full)
    is_new = _differs(firm_ids, found, [row for row in stored if row.firm_id in members], rule.policy.version, day)
    since = effective_on(found, day, rule.policy, wanted=is_new)
    for place in np.flatnonzero(is_new).tolist():
        yield _judgement(int(firm_ids[place]), place, found, since[place].item(), rule, day)


def _differs(
    firm_ids: Numbers, found: Standings, stored: Sequence[Any], version: str, day: date
) -> NDArray[np.bool_]:
    """Return which firms' row must be written: other figures, a new fact, a day that has come, another rule."""
    codes = {stage.value: place for place, stage in enumerate(STAGES)}
    written = np.array(
        [
            (codes[row.stage], row.is_waiting_for_us, row.operations_count, row.quarters_count, row.destinations_count,
             row.fob_usd_cents, _number(row.first_export_on), _number(row.last_export_on))
            for row in stored
        ],
        dtype=np.int64,
    )
    must = np.array(
        [row.is_dirty or row.rule_version != version or bool(row.recheck_on and row.recheck_on <= day) for row in stored]
    )
    figures = np.column_stack([
        found.stage, found.waiting_for_us, found.operations, found.quarters, found.destinations, found.fob_cents,
        found.first_export_on.astype(np.int64), found.last_export_on.astype(np.int64),
    ])
    result: NDArray[np.bool_] = must | np.any(written != figures, axis=1)
    return result


def _number(day: date | None) -> int:
    return np.iinfo(np.int64).min if day is None else (day - date(1970, 1, 1)).days


def _judgement(
    firm_id: int, place: int, found: Standings, since: date | None, rule: PlanRule, day: date
) -> Judgement:
    stage, waiting = found.stage_name(place), bool(found.waiting_for_us[place])
    recheck_on: date | None = found.recheck_on[place].item()
    step = next_step_of(
        stage, found.run_of(place), day, rule.policy, r2=bool(found.r2[place]),
        recheck_on=recheck_on, waiting_for_us=waiting,
    )
    return Judgement(
        firm_id, stage, waiting, int(found.operations[place]), int(found.quarters[place]), int(found.destinations[place]),
        int(found.fob_cents[place]), found.first_export_on[place].item(), found.last_export_on[place].item(), recheck_on,
        since, step,
    )
