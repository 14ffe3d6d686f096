"""Decides since when each firm has held its present stage, on the columns of `standings`.

Leaves out firms that wait for us: while our own queue holds a proof, no change is announced.
"""

from __future__ import annotations

from datetime import date

import numpy as np

from cohort.rules.runs import Columns, Flags, Runs, Whole, endings_of, runs_on
from cohort.rules.season_stages import SeasonStages
from cohort.rules.stage_codes import CODE, NO_DAY, Codes, Days, active_stage, with_idle
from cohort.rules.stages import RecurrencePolicy, Stage
from cohort.rules.standings import Standings


def effective_on(
    standings: Standings, as_of: date, policy: RecurrencePolicy, *, wanted: Flags | None = None
) -> Days:
    """First day of the present spell of the stage, one a firm; NaT for never, waiting and unwanted firms.

    `wanted` (one flag a firm) keeps the walk back to the firms whose stage changed; same answers as
    `recurrence.stage_of`. Within a stay between two operations stages only fall: so a spell begins on an
    operation's day that changes the stage, or on the day the calendar last lowered it.
    """
    columns = standings.columns
    result = np.full(standings.stage.size, NO_DAY, dtype=np.int64)
    asked, today = _asked(standings, wanted), np.datetime64(as_of, "D").astype(np.int64)
    if standings.seasons is not None:
        mine = np.flatnonzero(asked & standings.seasons.declared & (np.diff(columns.first_row) > 0))
        if mine.size:
            result[mine] = SeasonStages(columns, standings.seasons, int(today), policy).since(mine)
        asked = asked & ~standings.seasons.declared
    row = _last_rows_of_days(columns, asked)
    if row.size == 0:
        return result.view("datetime64[D]")
    firm, day = columns.firm[row], columns.day[row]
    is_newest = np.append(firm[1:] != firm[:-1], True)
    until = np.where(is_newest, today, np.append(day[1:], 0) - 1)
    opening = runs_on(columns, row, day, policy)
    back = _came_back(columns, opening)
    opened = active_stage(columns, opening, back, policy)
    closing = runs_on(columns, row, until, policy)
    closed = with_idle(active_stage(columns, closing, back, policy), until - day, policy)
    begins = (opened != closed) | np.append(True, (firm[1:] != firm[:-1]) | (closed[:-1] != opened[1:]))
    begin = np.maximum.accumulate(np.where(begins, np.arange(row.size), 0))[is_newest]
    result[firm[is_newest]] = _since(columns, row[begin], opened[begin], closed[begin], policy)
    return result.view("datetime64[D]")


def _asked(standings: Standings, wanted: Flags | None) -> Flags:
    asked = ~standings.waiting_for_us
    return asked if wanted is None else asked & wanted


def _last_rows_of_days(columns: Columns, asked: Flags) -> Whole:
    """The last row of each day of the firms asked for: it stands for the whole day."""
    is_last = np.ones(columns.key.size, dtype=bool)
    np.not_equal(columns.key[1:], columns.key[:-1], out=is_last[:-1])
    return np.flatnonzero(is_last & asked[columns.firm])


def _came_back(columns: Columns, opening: Runs) -> Flags:
    """As `standings.came_back`, for every operation's day at once: the opening runs are at hand."""
    advanced = (opening.quarters >= 2) | opening.r1
    latest = np.maximum.accumulate(np.where(advanced, opening.end, -1))
    lapse = columns.lapse_row[opening.end]
    back: Flags = (lapse >= 0) & (latest < lapse)
    return back


def _since(columns: Columns, row: Whole, opened: Codes, closed: Codes, policy: RecurrencePolicy) -> Whole:
    """First day number of the closing stage within the stay that begins with the operation in `row`."""
    day = columns.day[row]
    runs = runs_on(columns, row, day, policy)
    endings = endings_of(columns, runs, policy)
    r1_end = np.where(runs.r1, endings.r1, day)
    becoming_end = np.where(runs.quarters >= 2, endings.becoming, day)
    since = np.maximum(r1_end, becoming_end)
    since = np.where(closed == CODE[Stage.BECOMING], r1_end, since)
    since = np.where(closed == CODE[Stage.DORMANT], day + policy.dormant_days + 1, since)
    since = np.where(closed == CODE[Stage.LAPSED], day + policy.lapsed_days + 1, since)
    result: Whole = np.where(opened == closed, day, since)
    return result
