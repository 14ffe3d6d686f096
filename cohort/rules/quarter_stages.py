"""Decides the stage of every firm from its quarters: the same answers as `standings`, on far fewer rows.

Leaves out what only operations can say – `recheck_on`, next step, since when – and policies under which quarters
do not decide (`quarters.decide_by_quarters`). The quarter that the window's edge cuts comes in as operations.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from cohort.rules.quarters import Quarters
from cohort.rules.runs import Flags, Whole, key_of, latest, over_stretches, starts
from cohort.rules.season_columns import SeasonClock, SeasonRows, Seasons, meets_r1_s_on, quarters_on
from cohort.rules.stage_codes import CODE, NO_DAY, Codes, Days, most_advanced, with_idle, with_season
from cohort.rules.stages import RecurrencePolicy, Stage


@dataclass(frozen=True)
class History:
    """What a firm's whole past says, one entry a firm with operations: `firm` is its index, `end` its last row."""

    firm: Whole
    end: Whole
    operations: Whole
    years_in_a_row: Whole
    came_back: Flags


def history_of(quarters: Quarters, policy: RecurrencePolicy) -> History:
    """Operations in all, calendar years in a row up to the last, and whether a lapse was not made up for since."""
    firm = np.flatnonzero(np.diff(quarters.first_row))
    first, end = quarters.first_row[firm], quarters.first_row[firm + 1] - 1
    is_first = starts(quarters.firm)
    gap = quarters.first_day - np.concatenate((quarters.first_day[:1], quarters.last_day[:-1]))
    year = quarters.quarter // 4
    place: Whole = np.cumsum(is_first | starts(year))
    streak = latest(is_first | (np.diff(year, prepend=year[:1]) > 1))[end]
    lapse = latest(~is_first & (gap > policy.lapsed_days))[end]
    # On the first day of a quarter the one before it is nearest: if not then, the run never reached two.
    reach = min(policy.max_gap_days, policy.window_days - 1)
    advanced = latest(~is_first & (gap <= reach))[end]
    before = np.concatenate(([0], np.cumsum(quarters.operations)))
    return History(
        firm, end, before[end + 1] - before[first], place[end] - place[streak] + 1, (lapse >= first) & (advanced < lapse)
    )


@dataclass(frozen=True)
class QuarterRuns:
    """The current run of each firm of `History` as rows `start` to `end`, start past end where it is empty.

    `is_cut`: the window's edge goes through the quarter in row `start`; what it holds after it is an `Edge`.
    """

    start: Whole
    end: Whole
    is_cut: Flags


def runs_by_quarter(quarters: Quarters, history: History, as_of: date, policy: RecurrencePolicy) -> QuarterRuns:
    """The current run of each firm at the end of `as_of`, no operation of which lies after it."""
    today = np.datetime64(as_of, "D").astype(np.int64)
    opens = today - policy.window_days
    end = history.end
    gap = quarters.first_day - np.concatenate((quarters.first_day[:1], quarters.last_day[:-1]))
    run_from = latest(starts(quarters.firm) | (gap > policy.max_gap_days))[end]
    in_window = np.concatenate(([0], np.cumsum(quarters.last_day > opens)))
    first = quarters.first_row[history.firm]
    start = np.maximum(end + 1 - (in_window[end + 1] - in_window[first]), run_from)
    start = np.where(today - quarters.last_day[end] <= policy.max_gap_days, start, end + 1)
    is_cut = (start <= end) & (quarters.first_day[np.minimum(start, end)] <= opens)
    return QuarterRuns(start, end, is_cut)


@dataclass(frozen=True)
class Edge:
    """What the cut quarters hold inside the window, one entry a cut run in its order."""

    operations: Whole
    cents: Whole
    places: NDArray[np.uint64]


@dataclass(frozen=True)
class Figures:
    """What is written of each firm, one entry a firm index; days as numbers, NO_DAY where there is none."""

    stage: Codes
    waiting_for_us: Flags
    operations: Whole
    quarters: Whole
    destinations: Whole
    cents: Whole
    first_day: Whole
    last_day: Whole


def figures_on(
    quarters: Quarters,
    history: History,
    runs: QuarterRuns,
    edge: Edge,
    as_of: date,
    policy: RecurrencePolicy,
    pending_on: Days,
    seasons: Seasons,
) -> Figures:
    """Stage and figures of every firm index at the end of `as_of`; arguments as `standings.stages_of` has them."""
    run = _run_figures(quarters, runs, edge)
    today = np.full(history.firm.size, np.datetime64(as_of, "D").astype(np.int64))
    r1 = (
        (run.operations >= policy.min_operations)
        & (run.quarters >= policy.min_quarters)
        & (run.destinations >= policy.min_destinations)
        & (run.cents >= policy.min_fob_cents)
        & (run.quarters > 0)
    )
    active = most_advanced(
        is_only=history.operations == 1,
        came_back=history.came_back,
        is_becoming=run.quarters >= 2,
        r1=r1,
        r2=history.years_in_a_row >= policy.annual_consecutive,
    )
    last = quarters.last_day[history.end]
    waits = np.asarray(pending_on, dtype="datetime64[D]")[history.firm]
    heard = np.where(waits <= np.datetime64(as_of, "D"), np.maximum(last, waits.astype(np.int64)), last)
    stage, unheard = with_idle(active, today - heard, policy), with_idle(active, today - last, policy)
    mine = np.flatnonzero(seasons.declared[history.firm])
    if mine.size:
        judged = _Seasonal(quarters, history, seasons, mine, today, policy)
        stage[mine] = judged(active[mine], r1[mine], heard[mine])
        unheard[mine] = judged(active[mine], r1[mine], last[mine])
    return _spread(quarters, history, run, stage, stage != unheard)


@dataclass(frozen=True)
class _Run:
    operations: Whole
    quarters: Whole
    destinations: Whole
    cents: Whole


def _run_figures(quarters: Quarters, runs: QuarterRuns, edge: Edge) -> _Run:
    """The figures of each run; a cut quarter counts as one, with what it holds inside the window."""
    start, end, cut = runs.start, runs.end, np.flatnonzero(runs.is_cut)
    whole = start + runs.is_cut
    operations_before = np.concatenate(([0], np.cumsum(quarters.operations)))
    cents_before = np.concatenate(([0], np.cumsum(quarters.cents)))
    operations = operations_before[end + 1] - operations_before[whole]
    cents = cents_before[end + 1] - cents_before[whole]
    places = over_stretches(np.bitwise_or, np.append(quarters.places, np.uint64(0)), whole, end)
    operations[cut] += edge.operations
    cents[cut] += edge.cents
    places[cut] |= edge.places
    return _Run(operations, end - start + 1, np.bitwise_count(places).astype(np.int64), cents)


class _Seasonal:
    """The stage of the firms at `mine` (places in `history`) on the day, with what each was last heard of."""

    def __init__(
        self, quarters: Quarters, history: History, seasons: Seasons, mine: Whole, today: Whole, policy: RecurrencePolicy
    ) -> None:
        firm, end, day = history.firm[mine], history.end[mine], today[mine]
        in_season = seasons.cover(quarters.firm, quarters.quarter)
        key = key_of(quarters.firm, quarters.first_day)
        rows = SeasonRows.of(key, quarters.operations, quarters.cents, in_season)
        self._r1_s = meets_r1_s_on(seasons, rows, firm, end, day, policy)
        self._covers = seasons.cover(firm, quarters_on(day))
        last = quarters.last_day[end]  # may lie after the day: such firms are not decided here, but must not harm
        self._clock = SeasonClock(int(last.min()), max(int(last.max()), int(day[0])))
        self._code, self._day, self._policy = seasons.code[firm], day, policy

    def __call__(self, active: Codes, r1: Flags, heard: Whole) -> Codes:
        idle_days = self._clock.days(self._code, heard, self._day)
        return with_season(active, r1, self._r1_s, self._covers, idle_days, self._policy)


def _spread(quarters: Quarters, history: History, run: _Run, stage: Codes, waiting: Flags) -> Figures:
    """Answers of firms with operations put at their index; the others are `never` with empty figures."""

    def whole(values: NDArray[np.integer] | Flags, absent: int) -> Whole:
        """The values at their firm's index, `absent` elsewhere."""
        full = np.full(quarters.first_row.size - 1, absent, dtype=np.int64)
        full[history.firm] = values
        return full

    return Figures(
        stage=whole(stage, int(CODE[Stage.NEVER])).astype(np.int8),
        waiting_for_us=whole(waiting, 0).astype(bool),
        operations=whole(run.operations, 0),
        quarters=whole(run.quarters, 0),
        destinations=whole(run.destinations, 0),
        cents=whole(run.cents, 0),
        first_day=whole(quarters.first_day[quarters.first_row[history.firm]], NO_DAY),
        last_day=whole(quarters.last_day[history.end], NO_DAY),
    )
