"""Decides the stage of firms with a declared season from their operations, since when it holds and until when.

One evaluation for any number of pairs of firm and day; leaves out firms without a season (`standings`, `spells`).
"""

from __future__ import annotations

import numpy as np

from cohort.rules.runs import Columns, Whole, key_of, runs_on
from cohort.rules.season_columns import (
    SeasonClock,
    SeasonRows,
    Seasons,
    first_days_of,
    meets_r1_s_on,
    quarters_on,
)
from cohort.rules.stage_codes import NO_DAY, Codes, active_stage, came_back, with_season
from cohort.rules.stages import RecurrencePolicy

_LOOK_AHEAD = 5  # times the longest clock: in season alone it runs at least one quarter in four


class SeasonStages:
    """The stage of any firm with a season on any day up to far after `as_of` (a day number)."""

    def __init__(self, columns: Columns, seasons: Seasons, as_of: int, policy: RecurrencePolicy) -> None:
        self._columns, self._seasons, self._policy, self._as_of = columns, seasons, policy, as_of
        self._until = as_of + _LOOK_AHEAD * max(policy.window_days, policy.lapsed_days)
        self._clock = SeasonClock(min(as_of, int(columns.day.min(initial=as_of))), self._until)
        in_season = seasons.cover(columns.firm, quarters_on(columns.day))
        ones = np.ones(columns.day.size, dtype=np.int64)
        self._rows = SeasonRows.of(columns.key, ones, np.diff(columns.cents_before), in_season)

    def on(self, end: Whole, day: Whole, heard: Whole) -> Codes:
        """The stage on each day of the firm whose last operation up to it is row `end`, last heard of on `heard`."""
        columns, policy = self._columns, self._policy
        firm = columns.firm[end]
        runs = runs_on(columns, end, day, policy)
        return with_season(
            active_stage(columns, runs, came_back(columns, end, policy), policy),
            runs.r1,
            meets_r1_s_on(self._seasons, self._rows, firm, end, day, policy),
            self._seasons.cover(firm, quarters_on(day)),
            self._clock.days(self._seasons.code[firm], heard, day),
            policy,
        )

    def recheck(self, end: Whole, heard: Whole, stage: Codes) -> Whole:
        """The first day number after `as_of` on which the calendar alone changes the stage; NO_DAY where none does."""
        columns, policy = self._columns, self._policy
        firm = columns.firm[end]
        runs = runs_on(columns, end, np.full(end.size, self._as_of), policy)
        code = self._seasons.code[firm]
        places = np.arange(end.size)
        entry, row = _stretches(runs.start, np.maximum(runs.operations, 0))
        now, last = quarters_on(np.array([self._as_of, self._until])).tolist()
        ahead = first_days_of(np.arange(now + 1, last + 1))
        asked = np.concatenate([entry, np.tile(places, 3), np.repeat(places, ahead.size)])
        day = np.concatenate([
            columns.day[row] + policy.window_days,
            columns.day[end] + policy.max_gap_days + 1,
            self._clock.day_when(code, heard, policy.dormant_days),
            self._clock.day_when(code, heard, policy.lapsed_days),
            np.tile(ahead, end.size),
        ])
        kept = (day > self._as_of) & (day <= self._until)
        asked, day = asked[kept], day[kept]
        differs = self.on(end[asked], day, heard[asked]) != stage[asked]
        first = np.full(end.size, np.iinfo(np.int64).max)
        np.minimum.at(first, asked[differs], day[differs])
        result: Whole = np.where(first == np.iinfo(np.int64).max, NO_DAY, first)
        return result

    def since(self, firm: Whole) -> Whole:
        """The first day number of the spell that holds on `as_of`, of firms with operations and nothing that waits."""
        columns = self._columns
        entry, row = _stretches(columns.first_row[firm], columns.first_row[firm + 1] - columns.first_row[firm])
        place, day = self._days_of_change(firm, entry, row)
        order = np.lexsort((day, place))
        place, day = place[order], day[order]
        end = np.searchsorted(columns.key, key_of(firm[place], day), side="right") - 1
        stage = self.on(end, day, columns.day[end])
        is_first = np.diff(place, prepend=-1) != 0
        begins = is_first | (np.diff(stage, prepend=stage[:1]) != 0)
        begin = np.maximum.accumulate(np.where(begins, np.arange(day.size), 0))
        is_last = np.append(is_first[1:], True)
        result: Whole = day[begin[is_last]]
        return result

    def _days_of_change(self, firm: Whole, entry: Whole, row: Whole) -> tuple[Whole, Whole]:
        """Every day up to `as_of` on which the stage may differ from the day before: place of the firm, day number."""
        columns, policy = self._columns, self._policy
        own, code = columns.day[row], self._seasons.code[firm[entry]]
        first = quarters_on(columns.day[columns.first_row[firm]])
        lengths = quarters_on(np.full(first.size, self._as_of)) - first
        where, quarter = _stretches(first + 1, lengths)
        place = np.concatenate([np.tile(entry, 5), where])
        day = np.concatenate([
            own,
            own + policy.window_days,
            own + policy.max_gap_days + 1,
            self._clock.day_when(code, own, policy.dormant_days),
            self._clock.day_when(code, own, policy.lapsed_days),
            first_days_of(quarter),
        ])
        kept = day <= self._as_of
        return place[kept], day[kept]


def _stretches(start: Whole, lengths: Whole) -> tuple[Whole, Whole]:
    """For stretches of whole numbers: the place of the stretch of each number, and the number."""
    entry = np.repeat(np.arange(lengths.size), lengths)
    number = np.arange(entry.size) + np.repeat(start - (np.cumsum(lengths) - lengths), lengths)
    return entry, number
