"""Judges which firms' standing is new on a day: on columns for most, one by one where the past must be read back.

Leaves out writing and telling (`nightly`). A full night finds by quarters which firms differ from what stands
written; whatever is written is judged from operations. A firm of which something was recorded after the day's end
is judged from its events.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload

from cohort.exports.counting import PlanRule
from cohort.exports.flags.columns import Declared, figures_of, firms_known_later, standings_of
from cohort.exports.flags.facts import facts_of, known_by_end_of, standing_of
from cohort.exports.flags.written import Written, apart, places_in, written_of
from cohort.exports.models import StageFlag
from cohort.exports.operations import Numbers, among
from cohort.plans.models import Member
from cohort.rules.next_step import next_step_of
from cohort.rules.quarter_stages import Figures
from cohort.rules.quarters import decide_by_quarters
from cohort.rules.spells import effective_on
from cohort.rules.stage_codes import CODE
from cohort.rules.stages import STAGES, NextStep, Stage, Standing
from cohort.rules.standings import Standings

_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Judgement:
    """Where one firm stands on the day judged; days are None where there is none.

    `announced` is the stage of its latest flag. `effective_on` is told only where the stage is another one.
    """

    firm_id: int
    announced: Stage
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

    @property
    def is_change(self) -> bool:
        """Whether the firm's stage is to be announced: while something of it waits for us, no change is."""
        return not self.waiting_for_us and self.stage is not self.announced


@dataclass(frozen=True)
class Judged:
    """The judgement of each firm whose standing is new, by firm, and the firms that a later night must look at again."""

    judgements: list[Judgement]
    known_later: set[int]


def judge(session: Session, plan_id: int, rule: PlanRule, day: date, *, is_full: bool) -> Judged:
    """Return the judgement of each member whose standing is new at the end of `day`.

    Looked at are firms with new facts, those whose day has come, and with `is_full` all of them.
    """
    written = written_of(session, plan_id, rule.policy.version, day, is_full=is_full)
    absent, declared = apart(session, plan_id, written.firm_ids, day, is_all=is_full)
    if absent:
        written = written.of(~places_in(written.firm_ids, absent))
    later = firms_known_later(session, plan_id, known_by_end_of(day))
    by_events = written.firm_ids[places_in(written.firm_ids, later)].tolist() if later else []
    if by_events:
        written = written.of(~places_in(written.firm_ids, by_events))
    firms_count = written.firm_ids.size
    if is_full and decide_by_quarters(rule.policy):
        figures, is_asked = figures_of(session, plan_id, written.firm_ids, rule, day, declared)
        written = written.of(written.differs(figures) | is_asked)
    is_all = is_full and written.firm_ids.size * 4 > firms_count
    judgements = [
        *_by_columns(session, plan_id, written, rule, day, declared, is_all=is_all),
        *_by_events(session, plan_id, by_events, rule, day),
    ]
    return Judged(sorted(judgements, key=lambda judgement: judgement.firm_id), later)


def _by_columns(
    session: Session, plan_id: int, written: Written, rule: PlanRule, day: date, declared: Declared, *, is_all: bool
) -> Iterable[Judgement]:
    if written.firm_ids.size == 0:
        return []
    found = standings_of(session, plan_id, written.firm_ids, rule, day, declared, is_all=is_all)
    is_new = written.differs(_figures(found))
    # What waited for us was written but not announced; of all others the stage written is the one announced.
    announced, asked = written.figures.stage.astype(np.int64), is_new & ~found.waiting_for_us
    asked &= (found.stage != announced) | written.figures.waiting_for_us
    announced[asked] = _announced(session, plan_id, written.firm_ids[asked], is_all=is_all)
    is_changed = asked & (found.stage != announced)
    since = effective_on(found, day, rule.policy, wanted=is_changed)
    return _judgements(written.firm_ids, np.flatnonzero(is_new), found, announced, since.tolist(), rule, day)


def _figures(found: Standings) -> Figures:
    return Figures(
        found.stage, found.waiting_for_us, found.operations, found.quarters, found.destinations, found.fob_cents,
        found.first_export_on.astype(np.int64), found.last_export_on.astype(np.int64),
    )


def _judgements(
    firm_ids: Numbers, places: Numbers, found: Standings, announced: Numbers, since: list[date | None], rule: PlanRule,
    day: date,
) -> Iterable[Judgement]:
    columns = (
        firm_ids, announced, found.stage, found.waiting_for_us, found.operations, found.quarters, found.destinations,
        found.fob_cents, found.first_export_on, found.last_export_on, found.recheck_on, found.r2,
    )
    rows = zip(places.tolist(), *(column[places].tolist() for column in columns), strict=True)
    runs = found.runs_of(places)
    steps_without_run: dict[tuple[Stage, bool], NextStep] = {}
    for run, (place, firm_id, before, code, waiting, count, quarters, places_count, cents, first_on, last_on, recheck_on, r2) in zip(
        runs, rows, strict=True
    ):
        stage = STAGES[code]
        step = steps_without_run.get((stage, waiting)) if not run else None
        if step is None:
            step = next_step_of(stage, run, day, rule.policy, r2=r2, recheck_on=recheck_on, waiting_for_us=waiting)
        if not run:  # nothing of it depends on the firm but its stage
            steps_without_run[stage, waiting] = step
        yield Judgement(
            firm_id, STAGES[before], stage, waiting, count, quarters, places_count, cents, first_on, last_on,
            recheck_on, since[place], step,
        )


def _announced(session: Session, plan_id: int, firm_ids: Numbers, *, is_all: bool) -> Numbers:
    """Return the stage of each firm's latest flag as a code; `never` for firms without one."""
    last = select(func.max(StageFlag.id)).where(StageFlag.plan_id == plan_id).group_by(StageFlag.firm_id)
    if not is_all:
        last = last.where(among(session, StageFlag.firm_id, firm_ids.tolist()))
    codes = {stage.value: int(code) for stage, code in CODE.items()}
    found = {row[0]: codes[row[1]] for row in session.execute(select(StageFlag.firm_id, StageFlag.stage).where(StageFlag.id.in_(last)))}
    return np.array([found.get(firm_id, 0) for firm_id in firm_ids.tolist()], dtype=np.int64)


def _by_events(
    session: Session, plan_id: int, firm_ids: list[int], rule: PlanRule, day: date
) -> Iterable[Judgement]:
    if not firm_ids:
        return
    announced = dict(zip(firm_ids, _announced(session, plan_id, np.array(firm_ids), is_all=False).tolist(), strict=True))
    statement = select(Member).where(Member.plan_id == plan_id, among(session, Member.firm_id, firm_ids))
    members = list(session.scalars(statement.options(joinedload(Member.firm))))
    found = facts_of(session, plan_id, members, rule, day, known_by_end_of(day))
    for member in members:
        standing = standing_of(found[member.firm_id], member, day, rule.policy)
        yield of_standing(member.firm_id, STAGES[announced[member.firm_id]], standing)


def of_standing(firm_id: int, announced: Stage, standing: Standing) -> Judgement:
    """Return one firm's standing in the shape that is written."""
    return Judgement(
        firm_id, announced, standing.stage, standing.waiting_for_us, standing.operations, standing.quarters,
        standing.destinations, int(standing.fob_usd * 100), standing.first_export_on, standing.last_export_on,
        standing.recheck_on, standing.effective_on, standing.next_step,
    )
