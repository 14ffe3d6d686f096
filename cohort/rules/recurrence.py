"""Decides the stage of one firm on one day, R1, R2 and R1-S, and when that began and may end.

Leaves out which rows count (`shipments`) and the words; `standings` gives the same answers on columns.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

from cohort.rules.next_step import Outlook, can_still_be_recurring, needs_of, next_step_of
from cohort.rules.season import Season, day_past, in_season_days, meets_r1_s
from cohort.rules.stages import (
    NextStep,
    Operation,
    RecurrencePolicy,
    Stage,
    Standing,
    policy_from,
    quarter_of,
    quarter_start,
)
from cohort.rules.standings import Standings, stages_of

__all__ = [
    "NextStep",
    "Operation",
    "Outlook",
    "RecurrencePolicy",
    "Season",
    "Stage",
    "Standing",
    "Standings",
    "can_still_be_recurring",
    "current_run",
    "meets_r2",
    "policy_from",
    "stage_of",
    "stages_of",
]

_DAY = timedelta(days=1)


def stage_of(
    operations: Sequence[Operation],
    as_of: date,
    policy: RecurrencePolicy,
    *,
    pending_on: date | None = None,
    season: Season | None = None,
) -> Standing:
    """Standing of one firm at the end of `as_of` (domain.md §1, paragraph "Exactly").

    Gets counted operations in any order; later ones are left out. `pending_on` is the day of the firm's latest
    operation that still waits for our check: it keeps the firm from dormant or lapsed, never helps it further.
    `effective_on` is the first day of the present spell of the stage (None for never, and while we are waited
    for); `recheck_on` the first later day on which the calendar alone changes the stage (None: none does).
    """
    pending_on = None if pending_on is None or pending_on > as_of else pending_on
    counted = sorted(operation for operation in operations if operation.day <= as_of)
    run = current_run(counted, as_of, policy)
    r1, r2 = _meets_r1(run, policy), meets_r2(counted, policy)
    stage = _stage_on(counted, as_of, policy, season, pending_on)
    waiting = stage is not _stage_on(counted, as_of, policy, season, None)
    recheck_on = _recheck_on(counted, as_of, policy, season, pending_on)
    step = next_step_of(stage, run, as_of, policy, r2=r2, recheck_on=recheck_on, waiting_for_us=waiting)
    return Standing(
        stage=stage,
        operations=len(run),
        quarters=len({quarter_of(operation.day) for operation in run}),
        destinations=len({operation.destination for operation in run}),
        fob_usd=Decimal(sum(operation.cents for operation in run)).scaleb(-2),
        longest_gap_days=_longest_gap_days(run, as_of),
        first_export_on=counted[0].day if counted else None,
        last_export_on=counted[-1].day if counted else None,
        r1=r1,
        r2=r2,
        effective_on=None if waiting else _effective_on(counted, as_of, policy, season),
        recheck_on=recheck_on,
        next_step=step,
        waiting_for_us=waiting,
        r1_seasonal=season is not None and meets_r1_s(counted, as_of, season, policy),
    )


def current_run(operations: Sequence[Operation], as_of: date, policy: RecurrencePolicy) -> list[Operation]:
    """The operations of the window after its last gap of more than `max_gap_days`; empty when that gap is now."""
    opens_on = as_of - timedelta(days=policy.window_days)
    run: list[Operation] = []
    for operation in sorted(operations):
        if opens_on < operation.day <= as_of:
            if run and (operation.day - run[-1].day).days > policy.max_gap_days:
                run = []
            run.append(operation)
    return run if run and (as_of - run[-1].day).days <= policy.max_gap_days else []


def meets_r2(operations: Sequence[Operation], policy: RecurrencePolicy) -> bool:
    """True when each of `annual_consecutive` calendar years, up to that of the last operation, holds one (R2)."""
    years = {operation.day.year for operation in operations}
    return bool(years) and all(max(years) - back in years for back in range(policy.annual_consecutive))


def _meets_r1(run: Sequence[Operation], policy: RecurrencePolicy) -> bool:
    return bool(run) and needs_of(run, policy).exports == 0


def _is_becoming(run: Sequence[Operation]) -> bool:
    return len({quarter_of(operation.day) for operation in run}) >= 2


def _longest_gap_days(run: Sequence[Operation], as_of: date) -> int | None:
    if not run:
        return None
    days = [operation.day for operation in run] + [as_of]
    return max((after - before).days for before, after in pairwise(days))


def _stage_on(
    counted: Sequence[Operation],
    day: date,
    policy: RecurrencePolicy,
    season: Season | None,
    pending_on: date | None,
) -> Stage:
    known = [operation for operation in counted if operation.day <= day]
    if not known:
        return Stage.NEVER
    run = current_run(known, day, policy)
    r1 = _meets_r1(run, policy)
    idle = _idle_stage(known[-1].day, day, policy, season, pending_on)
    r1_s = season is not None and meets_r1_s(known, day, season, policy)
    if season is not None and not season.covers(day) and (idle is not None or not (r1 or r1_s)):
        return Stage.RESTING
    if idle is not None:
        return idle
    if r1 or r1_s:
        return Stage.CONSOLIDATED if r1 and meets_r2(known, policy) else Stage.RECURRING
    return Stage.BECOMING if _is_becoming(run) else _early_stage(known, policy)


def _early_stage(known: Sequence[Operation], policy: RecurrencePolicy) -> Stage:
    if _has_come_back(known, policy):
        return Stage.REACTIVATED
    return Stage.FIRST if len(known) == 1 else Stage.REPEAT


def _idle_stage(
    last_on: date, day: date, policy: RecurrencePolicy, season: Season | None, pending_on: date | None
) -> Stage | None:
    if pending_on is not None and pending_on <= day:
        last_on = max(last_on, pending_on)
    idle_days = (day - last_on).days if season is None else in_season_days(last_on, day, season)
    if idle_days > policy.lapsed_days:
        return Stage.LAPSED
    return Stage.DORMANT if idle_days > policy.dormant_days else None


def _has_come_back(known: Sequence[Operation], policy: RecurrencePolicy) -> bool:
    """True after a lapse when on no operation's day since the firm has been becoming or better."""
    lapses = [
        place
        for place in range(1, len(known))
        if (known[place].day - known[place - 1].day).days > policy.lapsed_days
    ]
    if not lapses:
        return False
    for day in {operation.day for operation in known[lapses[-1] :]}:
        run = current_run(known, day, policy)
        if _is_becoming(run) or _meets_r1(run, policy):
            return False
    return True


def _change_days(
    counted: Sequence[Operation], policy: RecurrencePolicy, season: Season | None, until: date
) -> Iterator[date]:
    """All days on which the stage may differ from the day before."""
    for operation in counted:
        yield operation.day
        yield operation.day + timedelta(days=policy.window_days)
        yield operation.day + timedelta(days=policy.max_gap_days + 1)
        for days in (policy.dormant_days, policy.lapsed_days):
            yield operation.day + timedelta(days=days + 1) if season is None else day_past(operation.day, days, season)
    if season is not None:
        yield from map(quarter_start, range(quarter_of(counted[0].day) + 1, quarter_of(until) + 1))


def _effective_on(
    counted: Sequence[Operation], as_of: date, policy: RecurrencePolicy, season: Season | None
) -> date | None:
    if not counted:
        return None
    stage = _stage_on(counted, as_of, policy, season, None)
    days = sorted({day for day in _change_days(counted, policy, season, as_of) if day <= as_of})
    since = days.pop()
    # The first operation's day ends the walk at the latest: before it every firm is `never`.
    while _stage_on(counted, since - _DAY, policy, season, None) is stage:
        since = days.pop()
    return since


def _recheck_on(
    counted: Sequence[Operation],
    as_of: date,
    policy: RecurrencePolicy,
    season: Season | None,
    pending_on: date | None,
) -> date | None:
    if not counted:
        return None
    stage = _stage_on(counted, as_of, policy, season, pending_on)
    # With a season the clock runs in season only, at least one quarter in four, so it is looked at for longer.
    until = as_of + timedelta(days=5 * max(policy.window_days, policy.lapsed_days))
    waits = [Operation(pending_on, "", 0)] if pending_on is not None else []
    for day in sorted(set(_change_days([*counted, *waits], policy, season, until))):
        if day > as_of and (season is None or day <= until) and _stage_on(counted, day, policy, season, pending_on) is not stage:
            return day
    return None
