"""Decides the stage of every firm at once on columns: the rule of `recurrence`, no loop over firms.

Leaves out which rows count (`shipments`); firms with a declared season go through `season_stages`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from cohort.rules.runs import (
    Columns,
    Endings,
    Flags,
    Runs,
    Whole,
    columns_of,
    endings_of,
    over_stretches,
    runs_on,
)
from cohort.rules.season_columns import Seasons
from cohort.rules.season_stages import SeasonStages
from cohort.rules.stage_codes import CODE, NO_DAY, Codes, Days, active_stage, came_back, with_idle
from cohort.rules.stages import STAGES, Operation, RecurrencePolicy, Stage


@dataclass(frozen=True)
class Standings:
    """One entry a firm, in the order of its index. `stage` holds places in STAGES, days are datetime64[D] (NaT: none).

    `longest_gap_days` is -1 for an empty run; `run_start` and `run_end` are the rows of the run in `columns`,
    both included, start past end when it is empty.
    """

    stage: Codes
    operations: Whole
    quarters: Whole
    destinations: Whole
    fob_cents: Whole
    longest_gap_days: Whole
    first_export_on: Days
    last_export_on: Days
    r1: Flags
    r2: Flags
    recheck_on: Days
    waiting_for_us: Flags
    run_start: Whole
    run_end: Whole
    columns: Columns
    seasons: Seasons | None = None

    def stage_name(self, firm: int) -> Stage:
        """The stage of one firm index."""
        return STAGES[int(self.stage[firm])]

    def run_of(self, firm: int) -> list[Operation]:
        """The current run of one firm index, oldest first; destinations are their indexes as text."""
        return next(iter(self.runs_of(np.array([firm]))))

    def runs_of(self, firms: Whole) -> Iterator[list[Operation]]:
        """The current run of each firm index as `run_of`, read from the columns at once."""
        start = self.run_start[firms]
        lengths = np.maximum(self.run_end[firms] - start + 1, 0)
        ends = np.cumsum(lengths)
        row = np.arange(lengths.sum()) + np.repeat(start - (ends - lengths), lengths)
        columns = self.columns
        days = columns.day[row].astype("datetime64[D]").tolist()
        cents = (columns.cents_before[row + 1] - columns.cents_before[row]).tolist()
        run = list(map(Operation, days, map(str, columns.destination[row].tolist()), cents))
        return (run[end - length : end] for end, length in zip(ends.tolist(), lengths.tolist(), strict=True))


def stages_of(
    firm: NDArray[np.integer],
    day: NDArray[np.datetime64],
    destination: NDArray[np.integer],
    cents: NDArray[np.integer],
    *,
    firm_count: int,
    as_of: date,
    policy: RecurrencePolicy,
    pending_on: Days | None = None,
    seasons: Seasons | None = None,
) -> Standings:
    """Standing of firms 0..firm_count-1 at the end of `as_of` from counted operations in any order.

    `firm` and `destination` are indexes from 0, `day` datetime64[D], `cents` US cents less partial refunds; rows
    after `as_of` are left out, a firm without rows is `never`. `pending_on`, one day a firm (NaT: none), is the
    latest operation that waits for our check; `seasons` are those declared. Same answers as `recurrence.stage_of`,
    held by a property test.
    """
    until = np.datetime64(as_of, "D")
    known = np.asarray(day, dtype="datetime64[D]") <= until
    if not bool(known.all()):
        firm, day, destination, cents = firm[known], day[known], destination[known], cents[known]
    columns = columns_of(firm, day, destination, cents, firm_count=firm_count, policy=policy)
    present = np.flatnonzero(np.diff(columns.first_row))
    end = columns.first_row[present + 1] - 1
    today = np.full(present.size, until.astype(np.int64))
    runs = runs_on(columns, end, today, policy)
    heard = columns.day[end]
    if pending_on is not None:
        waits = np.asarray(pending_on, dtype="datetime64[D]")[present]
        heard = np.where(waits <= until, np.maximum(heard, waits.astype(np.int64)), heard)
    active = active_stage(columns, runs, came_back(columns, end, policy), policy)
    stage = with_idle(active, today - heard, policy)
    waiting = stage != with_idle(active, today - columns.day[end], policy)
    recheck = _recheck(stage, endings_of(columns, runs, policy), heard, policy)
    if seasons is not None:
        _put_seasonal(columns, seasons, present, end, heard, today, policy, stage=stage, waiting=waiting, recheck=recheck)
    return _spread(columns, present, runs, today, policy, seasons, stage=stage, waiting=waiting, recheck=recheck)


def _put_seasonal(
    columns: Columns,
    seasons: Seasons,
    present: Whole,
    end: Whole,
    heard: Whole,
    today: Whole,
    policy: RecurrencePolicy,
    *,
    stage: Codes,
    waiting: Flags,
    recheck: Whole,
) -> None:
    """Put the answers of firms with a season in place of those by R1 alone."""
    mine = np.flatnonzero(seasons.declared[present])
    if mine.size == 0:
        return
    judged = SeasonStages(columns, seasons, int(today[0]), policy)
    stage[mine] = judged.on(end[mine], today[mine], heard[mine])
    waiting[mine] = stage[mine] != judged.on(end[mine], today[mine], columns.day[end[mine]])
    recheck[mine] = judged.recheck(end[mine], heard[mine], stage[mine])


def _recheck(stage: Codes, endings: Endings, heard: Whole, policy: RecurrencePolicy) -> Whole:
    """First day number on which the calendar alone changes the stage; NO_DAY where it never does."""
    lapsed_day = heard + policy.lapsed_days + 1
    idle_day = np.minimum(heard + policy.dormant_days + 1, lapsed_day)
    is_r1 = (stage == CODE[Stage.RECURRING]) | (stage == CODE[Stage.CONSOLIDATED])
    day = np.where(is_r1, np.minimum(endings.r1, idle_day), idle_day)
    day = np.where(stage == CODE[Stage.BECOMING], np.minimum(endings.becoming, idle_day), day)
    day = np.where(stage == CODE[Stage.DORMANT], lapsed_day, day)
    result: Whole = np.where(stage == CODE[Stage.LAPSED], NO_DAY, day)
    return result


@dataclass(frozen=True)
class _Spread:
    """Puts answers of the firms with operations (`present`) at their index; the others get what is said for them."""

    present: Whole
    firm_count: int

    def whole(self, values: NDArray[np.integer] | Flags, absent: int) -> Whole:
        """The values at their firm's index, `absent` elsewhere."""
        full = np.full(self.firm_count, absent, dtype=np.int64)
        full[self.present] = values
        return full

    def days(self, values: NDArray[np.integer]) -> Days:
        """Day numbers as days; the least int64 is NaT, so a missing day needs no second step."""
        return self.whole(values, NO_DAY).view("datetime64[D]")


def _spread(
    columns: Columns,
    present: Whole,
    runs: Runs,
    today: Whole,
    policy: RecurrencePolicy,
    seasons: Seasons | None,
    *,
    stage: Codes,
    waiting: Flags,
    recheck: Whole,
) -> Standings:
    """Answers of firms with operations put at their index; firms without are `never` with empty figures."""
    spread = _Spread(present, columns.first_row.size - 1)
    return Standings(
        stage=spread.whole(stage, int(CODE[Stage.NEVER])).astype(np.int8),
        operations=spread.whole(runs.operations, 0),
        quarters=spread.whole(runs.quarters, 0),
        destinations=spread.whole(runs.destinations, 0),
        fob_cents=spread.whole(runs.cents, 0),
        longest_gap_days=spread.whole(_longest_gap(columns, runs, today), -1),
        first_export_on=spread.days(columns.day[columns.first_row[present]]),
        last_export_on=spread.days(columns.day[runs.end]),
        r1=spread.whole(runs.r1, 0).astype(bool),
        r2=spread.whole(columns.years_in_a_row[runs.end] >= policy.annual_consecutive, 0).astype(bool),
        recheck_on=spread.days(recheck),
        waiting_for_us=spread.whole(waiting, 0).astype(bool),
        run_start=spread.whole(runs.start, 0),
        run_end=spread.whole(runs.end, -1),
        columns=columns,
        seasons=seasons,
    )


def _longest_gap(columns: Columns, runs: Runs, today: Whole) -> Whole:
    """The greatest of the days between operations of the run and from its last one to today; -1 when empty."""
    gaps = np.zeros(columns.day.size + 1, dtype=np.int64)
    gaps[1:-1] = np.diff(columns.day)
    between = over_stretches(np.maximum, gaps, runs.start + 1, runs.end)
    longest: Whole = np.where(runs.operations > 0, np.maximum(between, today - columns.day[runs.end]), -1)
    return longest
