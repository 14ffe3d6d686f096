"""When no cohort keeps every rule: an irreducible set of rules that clash, and the least change that helps.

Both are questions about how many of each cell are seated, so they cost the same whatever the pool's size.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import lcm

import numpy as np
from numpy.typing import NDArray

from cohort.rules.milp import proven, require, solve
from cohort.rules.optimum import whole
from cohort.rules.pool import Ints, Pool
from cohort.rules.quotas import OPEN, Quota, Row, SeatPlan, Side, matching
from cohort.rules.selection import Field, lay_out

SEATS = "seats"
"""The name under which the number of seats stands in a conflict or a relaxation."""


@dataclass(frozen=True)
class Change:
    """One limit to move: places as whole numbers, or, when `of_share`, a ratio row's share as a fraction."""

    name: str
    limit: Side
    old: Fraction
    new: Fraction
    of_share: bool = False


@dataclass(frozen=True, eq=False)
class _Programme:
    """A whole-number programme: rows within bounds, columns from 0 to `box`."""

    matrix: Ints
    lower: Ints
    upper: Ints
    box: Ints

    def best(self, worth: Ints, least: Ints | None = None) -> Ints:
        """Return the solution worth most; raises Unproven when nothing fits."""
        solved = solve(worth, self.matrix, self.lower, self.upper, self.box, whole=True, least=least)
        return whole(proven(solved, "some change of limits makes room for a cohort").values)


@dataclass(frozen=True)
class _Limit:
    """One side of one row: its number in the grid and how many row units make a place."""

    row: int
    side: Side
    units: int
    most: int


def conflict(
    pool: Pool, plan: SeatPlan, stayers: Collection[str] = (), barred: Collection[str] = ()
) -> tuple[str, ...]:
    """Return names of rules that cannot hold together although all but any one of them can; () if all hold.

    `("seats",)` when the pool is smaller than the seats. Deletion filter in file order.
    """
    if _fair_seats(pool, plan, stayers, barred) != plan.seats:
        return (SEATS,)
    field = lay_out(pool, plan, stayers, barred)
    if _fits(field, np.ones(len(field.grid.rows), dtype=np.bool_)):
        return ()
    owner = [row.quota.name for row in field.grid.rows]
    kept = dict.fromkeys(owner)
    step = max(len(kept) // 4, 1)
    while step:
        step = _drop_blocks(field, owner, kept, step)
    return tuple(kept)


def _drop_blocks(field: Field, owner: Sequence[str], kept: dict[str, None], step: int) -> int:
    """Drop blocks of `step` rules while the rest still clashes; return the next, smaller step."""
    names = list(kept)
    for start in range(0, len(names), step):
        block = set(names[start : start + step])
        if not _fits(field, np.array([name in kept and name not in block for name in owner], dtype=np.bool_)):
            for name in block:
                del kept[name]
    return step // 2


def _fits(field: Field, kept: NDArray[np.bool_]) -> bool:
    mask = np.concatenate([[True], kept])
    problem = field.problem
    sizes = np.bincount(problem.cell, minlength=problem.matrix.shape[1])
    none = np.zeros(len(sizes))
    return solve(
        none, problem.matrix[mask], problem.lower[mask], problem.upper[mask], sizes, whole=True
    ) is not None


def relaxation(
    pool: Pool, plan: SeatPlan, stayers: Collection[str] = (), barred: Collection[str] = ()
) -> tuple[Change, ...]:
    """Return the least change of limits with which a cohort exists: least total places moved, then the
    fewest rules' limits, then those that come first in the file; () when nothing needs to move.

    A ratio row's change counts the places that its share is missed by. Seats move only when the pool is
    smaller, and first. Raises Unproven if the changed plan were not to hold.
    """
    changes: list[Change] = []
    seats = _fair_seats(pool, plan, stayers, barred)
    if seats != plan.seats:
        changes.append(Change(SEATS, "max" if seats > plan.seats else "min", Fraction(plan.seats), Fraction(seats)))
        plan = replace(plan, seats=seats)
    field = lay_out(pool, plan, stayers, barred)
    limits = _limits(field)
    counts, moved = _least_change(field, limits)
    cohort = _anyone(field, counts)
    changes += [
        _change(pool, field.grid.rows[limit.row - 1], limit, units, cohort)
        for limit, units in zip(limits, moved.tolist(), strict=True)
        if units
    ]
    require(not conflict(pool, relaxed(plan, changes), stayers, barred), "the suggested relaxation suffices")
    return tuple(changes)


def relaxed(plan: SeatPlan, changes: Sequence[Change]) -> SeatPlan:
    """Return the plan with the changes made; a share of the seats becomes the places it is relaxed to."""
    quotas = list(plan.quotas)
    seats = plan.seats
    for change in changes:
        if change.name == SEATS:
            seats = int(change.new)
            continue
        place = next(at for at, quota in enumerate(quotas) if quota.name == change.name)
        quotas[place] = _with(quotas[place], change)
    return SeatPlan(seats, tuple(quotas))


def _with(quota: Quota, change: Change) -> Quota:
    if change.of_share:
        return replace(quota, min_share=change.new) if change.limit == "min" else replace(quota, max_share=change.new)
    least_share, most_share = (None, None) if quota.of is None else (quota.min_share, quota.max_share)
    if change.limit == "min":
        return replace(quota, min=int(change.new), min_share=least_share)
    return replace(quota, max=int(change.new), max_share=most_share)


def _fair_seats(pool: Pool, plan: SeatPlan, stayers: Collection[str], barred: Collection[str]) -> int:
    return max(min(plan.seats, len(pool) - len(set(barred))), len(set(stayers)))


def _limits(field: Field) -> list[_Limit]:
    limits = []
    for place, row in enumerate(field.grid.rows, start=1):
        units = row.inside - row.outside
        widest = units * len(field.pool)
        if row.lower > -OPEN:
            limits.append(_Limit(place, "min", units, widest + abs(row.lower)))
        if row.upper < OPEN:
            limits.append(_Limit(place, "max", units, widest + abs(row.upper)))
    return limits


def _least_change(field: Field, limits: Sequence[_Limit]) -> tuple[Ints, Ints]:
    """Return how many of each cell are seated, and by how many row units each limit moves."""
    problem = field.problem
    cells, count = problem.matrix.shape[1], len(limits)
    sizes = np.bincount(problem.cell, minlength=cells)
    matrix, lower, upper = _with_room(problem.matrix, problem.lower, problem.upper, limits)
    whole_place = lcm(*(limit.units for limit in limits))
    cost = np.array([whole_place // limit.units for limit in limits], dtype=np.int64)
    widest = np.array([limit.most for limit in limits], dtype=np.int64)
    moving = _Programme(matrix, lower, upper, np.concatenate([sizes, widest]))
    total = int(cost @ moving.best(np.concatenate([np.zeros(cells, np.int64), -cost]))[cells:])
    flagged = _flagged(moving, cost, total)
    chosen = _first_in_file(flagged, cells, count)
    return chosen[:cells], chosen[cells : cells + count]


def _with_room(matrix: Ints, lower: Ints, upper: Ints, limits: Sequence[_Limit]) -> tuple[Ints, Ints, Ints]:
    """Return the rows with a column for each limit that moves; a row whose least is above its most becomes two.

    Shares that no whole number of seats lies between are such a row: there either limit alone may move.
    """
    room = np.zeros((len(matrix), len(limits)), dtype=np.int64)
    for column, limit in enumerate(limits):
        room[limit.row, column] = 1 if limit.side == "min" else -1
    rows, crossed = np.hstack([matrix, room]), lower > upper
    whole = matrix.shape[1]
    least, most = rows.copy(), rows[crossed]
    least[:, whole:][crossed] = np.maximum(room[crossed], 0)
    most[:, whole:] = np.minimum(room[crossed], 0)
    open_below = np.full(len(most), -OPEN, dtype=np.int64)
    return (
        np.vstack([least, most]), np.concatenate([lower, open_below]),
        np.concatenate([np.where(crossed, OPEN, upper), upper[crossed]]),
    )


def _flagged(moving: _Programme, cost: Ints, total: int) -> _Programme:
    """Return the programme held to the total change, with a 0/1 flag for each limit that moves at all."""
    rows, width = moving.matrix.shape
    count, cells = len(cost), width - len(cost)
    ties = np.zeros((count + 2, width + count), dtype=np.int64)
    ties[0, cells:width] = cost
    ties[1:-1, cells:width] = np.diag(cost)
    ties[1:-1, width:] = np.diag(np.full(count, -total))
    ties[-1, width:] = 1
    return _Programme(
        np.vstack([np.hstack([moving.matrix, np.zeros((rows, count), dtype=np.int64)]), ties]),
        np.concatenate([moving.lower, np.full(count + 2, -OPEN, dtype=np.int64)]),
        np.concatenate([moving.upper, [total], np.zeros(count, np.int64), [count]]),
        np.concatenate([moving.box[:cells], np.minimum(moving.box[cells:], total // cost), np.ones(count, np.int64)]),
    )


def _first_in_file(flagged: _Programme, cells: int, count: int) -> Ints:
    """Return the solution with the fewest limits moved, then those first in the file, each by the most."""
    width = cells + 2 * count
    none = np.zeros(width, dtype=np.int64)
    least, flags = none.copy(), none.copy()
    flags[cells + count :] = 1
    held = flagged.best(-flags)
    upper = flagged.upper.copy()
    upper[-1] = fewest = int(held[cells + count :].sum())
    held_to = replace(flagged, upper=upper)
    start = cells + count
    while int(least[cells + count :].sum()) < fewest:
        place, held = _next_flag(held_to, held, least, start)
        least[place] = 1
        start = place + 1
    for place in np.flatnonzero(least[cells + count :]).tolist():
        wish = none.copy()
        wish[cells + place] = 1
        held = held_to.best(wish, least)
        least[cells + place] = held[cells + place]
    return held


def _next_flag(held_to: _Programme, held: Ints, least: Ints, start: int) -> tuple[int, Ints]:
    """Return the first flag from `start` on that a solution can raise, with such a solution; `held` is one.

    The stretch before the first flag raised so far is asked as one, then in halves: few solves, however long.
    """
    end = start + int(np.argmax(held[start:] > 0))
    low, high = start, end
    while low < end:
        wish = np.zeros(len(held), dtype=np.int64)
        wish[low:high] = 1
        found = held_to.best(wish, least)
        if found[low:high].any():
            held, end = found, low + int(np.argmax(found[low:high] > 0))
        else:
            low = high
        high = low + max((end - low) // 2, 1)
    return end, held


def _anyone(field: Field, counts: Ints) -> Ints:
    """Return some cohort with these counts in the cells; who it is does not matter to the rules."""
    by_cell = np.argsort(field.problem.cell, kind="stable")
    starts = np.searchsorted(field.problem.cell[by_cell], np.arange(len(counts)))
    taken = [by_cell[start : start + count] for start, count in zip(starts.tolist(), counts.tolist(), strict=True)]
    return np.concatenate([field.stayers, *(field.problem.members[places] for places in taken)])


def _change(pool: Pool, row: Row, limit: _Limit, units: int, cohort: Ints) -> Change:
    quota, side = row.quota, limit.side
    if row.side is None:
        old = row.lower if side == "min" else row.upper
        return Change(quota.name, side, Fraction(old), Fraction(old - units if side == "min" else old + units))
    base = matching(pool, quota.of or {})[cohort]
    inside = int((base & matching(pool, quota.where)[cohort]).sum())
    spare = quota.min_short if side == "min" else -quota.max_over
    share = quota.min_share if side == "min" else quota.max_share
    return Change(quota.name, side, share or Fraction(0), (inside + spare) / int(base.sum()), of_share=True)
