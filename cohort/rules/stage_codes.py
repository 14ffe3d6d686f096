"""Stages as numbers, and which of them follows from the figures of many firms at once.

Leaves out where the figures come from: `standings` takes them from operations, `quarters` from a rollup.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cohort.rules.runs import Columns, Flags, Runs, Whole, runs_on
from cohort.rules.stages import STAGES, RecurrencePolicy, Stage

CODE = {stage: np.int8(place) for place, stage in enumerate(STAGES)}
NO_DAY = np.iinfo(np.int64).min
Codes = NDArray[np.int8]
Days = NDArray[np.datetime64]


def most_advanced(
    *, is_only: Flags, came_back: Flags, is_becoming: Flags, r1: Flags, r2: Flags
) -> Codes:
    """The most advanced stage that holds of firms with operations, before dormant and lapsed are looked at."""
    stage = np.where(is_only, CODE[Stage.FIRST], CODE[Stage.REPEAT])
    stage[came_back] = CODE[Stage.REACTIVATED]
    stage[is_becoming] = CODE[Stage.BECOMING]
    stage[r1] = CODE[Stage.RECURRING]
    stage[r1 & r2] = CODE[Stage.CONSOLIDATED]
    return stage


def active_stage(columns: Columns, runs: Runs, back: Flags, policy: RecurrencePolicy) -> Codes:
    """The most advanced stage of each run's firm on its day, from operations; `back` as `came_back`."""
    end = runs.end
    return most_advanced(
        is_only=end == columns.first_row[columns.firm[end]],
        came_back=back,
        is_becoming=runs.quarters >= 2,
        r1=runs.r1,
        r2=columns.years_in_a_row[end] >= policy.annual_consecutive,
    )


def with_idle(active: Codes, idle_days: Whole, policy: RecurrencePolicy) -> Codes:
    """The stage once dormant and lapsed, which win over all others, have been looked at."""
    stage = np.where(idle_days > policy.dormant_days, CODE[Stage.DORMANT], active)
    result: Codes = np.where(idle_days > policy.lapsed_days, CODE[Stage.LAPSED], stage)
    return result


def with_season(
    active: Codes, r1: Flags, r1_s: Flags, covers: Flags, idle_days: Whole, policy: RecurrencePolicy
) -> Codes:
    """The stage of firms with a season, on a day that the season `covers` or not; `idle_days` count in season only."""
    stage = np.where(r1_s & ~r1, CODE[Stage.RECURRING], active)
    is_idle = idle_days > min(policy.dormant_days, policy.lapsed_days)
    stage = with_idle(stage, idle_days, policy)
    stage[~covers & (is_idle | ~(r1 | r1_s))] = CODE[Stage.RESTING]
    return stage


def came_back(columns: Columns, end: Whole, policy: RecurrencePolicy) -> Flags:
    """True where the firm lapsed before row `end` and on no operation's day since was becoming or better."""
    result = columns.lapse_row[end] >= 0
    asked = np.flatnonzero(result)
    start = columns.lapse_row[end[asked]]
    lengths = end[asked] - start + 1
    entry = np.repeat(np.arange(asked.size), lengths)
    row = np.arange(entry.size) + np.repeat(start - (np.cumsum(lengths) - lengths), lengths)
    # An operation's day is judged with all rows of that day, so the last of them speaks for it.
    same_day = np.append(columns.key[1:] == columns.key[:-1], False)[row]
    entry, row = entry[~same_day], row[~same_day]
    runs = runs_on(columns, row, columns.day[row], policy)
    advanced = (runs.quarters >= 2) | runs.r1
    result[asked[entry[advanced]]] = False
    return result
