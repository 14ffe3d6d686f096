"""The exact best choice of one weight under whole-number rows: priced, bounded, and proven.

Every weight and bound it compares is a whole number; what the weights mean, and what happens when several
choices are equally good, is left to `selection` and `ties`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cohort.rules.cells import CellNumbers, shifted
from cohort.rules.ladders import Ladders, ladders
from cohort.rules.milp import Reals, require, solve
from cohort.rules.pool import Ints
from cohort.rules.prices import Certificate, WholePrices, floating_prices, whole_prices

WINDOW = 120
_GROWTH = 3


@dataclass(frozen=True, eq=False)
class Problem:
    """Members to choose among: their applicant numbers and cells, and the bounds that remain for them.

    Row 0 counts the seats, its two bounds are equal.
    """

    members: Ints
    cell: CellNumbers
    matrix: Ints
    lower: Ints
    upper: Ints


@dataclass(frozen=True, eq=False)
class Optimum:
    """The best value with one choice that reaches it, all as positions within the problem.

    Every best choice holds all of `taken` and differs only among `free`, whose normal weights (as in the
    ladders) are `free_weight`. `gap` is, in scaled normal units, what the proof leaves between bound and
    value; at 0 every row with a price is tight in every best choice.
    """

    value: int
    chosen: Ints
    taken: Ints
    free: Ints
    free_weight: Ints
    gap: int
    row_prices: Ints
    certificate: Certificate


@dataclass(frozen=True, eq=False)
class _Groups:
    """Members of one cell and one weight, whom the value cannot tell apart."""

    first: Ints
    size: Ints
    cell: Ints
    weight: Ints
    gain: Ints


def maximise(problem: Problem, weights: Ints, lots: Ints, window: int = WINDOW) -> Optimum | None:
    """Return the proven best choice of these weights, smaller lots first in each group; None if none fits.

    `window` groups nearest to their price are left open at first; more when that proves too few.
    Raises Unproven when the solver's answer does not stand up in whole numbers.
    """
    ladder = ladders(problem.cell, weights, lots, problem.matrix, problem.upper)
    found = floating_prices(ladder, problem.matrix, problem.lower, problem.upper)
    if found is None:
        return None
    prices = whole_prices(ladder, found, problem.matrix, problem.lower, problem.upper)
    groups = _groups(ladder, prices.of_cells(problem.matrix), prices.scale)
    counts = _close(groups, problem, prices, window)
    if counts is None:
        return None
    normal_value = sum((counts * groups.weight).tolist())
    gap = prices.bound - prices.scale * normal_value
    require(gap >= 0, "the answer is no better than its own bound")
    seats = int(problem.lower[0])
    free = np.abs(groups.gain) <= gap
    taken = groups.gain > gap
    rungs = _rungs(groups, free, groups.size)
    return Optimum(
        value=ladder.unit * normal_value + ladder.base * seats,
        chosen=ladder.members[_rungs(groups, counts > 0, counts)],
        taken=ladder.members[_rungs(groups, taken, groups.size)],
        free=ladder.members[rungs],
        free_weight=ladder.weight[rungs],
        gap=gap,
        row_prices=prices.rows,
        certificate=prices.in_original_units(ladder, seats),
    )


def fits(problem: Problem) -> bool:
    """Return whether any choice at all keeps every row: a question about counts in cells, whatever the size."""
    sizes = np.bincount(problem.cell, minlength=problem.matrix.shape[1])
    worth = np.zeros(len(sizes))
    return solve(worth, problem.matrix, problem.lower, problem.upper, sizes, whole=True) is not None


def _groups(ladder: Ladders, cell_prices: Ints, scale: int) -> _Groups:
    edge = np.ones(len(ladder.members), dtype=np.bool_)
    edge[1:] = (np.diff(ladder.cell) != 0) | (np.diff(ladder.weight) != 0)
    first = np.flatnonzero(edge)
    size = np.diff(np.append(first, len(ladder.members)))
    cell, weight = ladder.cell[first], ladder.weight[first]
    return _Groups(first, size, cell, weight, scale * weight - cell_prices[cell])


def _rungs(groups: _Groups, wanted: NDArray[np.bool_], counts: Ints) -> Ints:
    """Return the places on the ladders of the first `counts` members of each wanted group."""
    chosen = np.flatnonzero(wanted)
    repeats = counts[chosen]
    ends = np.cumsum(repeats)
    return np.asarray(np.repeat(groups.first[chosen] - (ends - repeats), repeats) + np.arange(repeats.sum()))


def _close(groups: _Groups, problem: Problem, prices: WholePrices, window: int) -> Ints | None:
    """Return how many of each group the best choice takes, the window of open groups grown until proven.

    It grows to the groups that could still matter, yet never more than threefold at a time.
    """
    distance = np.abs(groups.gain)
    window, known_to_fit = min(window, len(distance)), False
    while True:
        nearest = np.argpartition(distance, window - 1)[:window] if window < len(distance) else (
            np.arange(len(distance))
        )
        opened = np.zeros(len(distance), dtype=np.bool_)
        opened[nearest] = True
        counts = np.where(~opened & (groups.gain > 0), groups.size, 0)
        answer = _open(groups, problem, np.flatnonzero(opened), counts)
        closed, wider = distance[~opened].min(initial=np.iinfo(np.int64).max), window * _GROWTH
        if answer is not None:
            left = prices.bound - prices.scale * sum((answer * groups.weight).tolist())
            if opened.all() or closed >= left:
                return answer
            wider = min(wider, int(np.count_nonzero(distance < left)))
        elif opened.all():
            return None
        elif not known_to_fit:
            if not fits(problem):
                return None
            known_to_fit = True
        window = min(wider, len(distance))


def _open(groups: _Groups, problem: Problem, opened: Ints, counts: Ints) -> Ints | None:
    """Return the counts with the opened groups solved exactly, the others as given."""
    used = _activity(groups, problem, counts)
    weight = groups.weight[opened]
    middle = int(weight[len(weight) // 2]) if len(weight) else 0
    solved = solve(
        weight - middle, problem.matrix[:, groups.cell[opened]], shifted(problem.lower, used),
        shifted(problem.upper, used), groups.size[opened], whole=True,
    )
    if solved is None:
        return None
    answer = counts.copy()
    answer[opened] = whole(solved.values)
    activity = _activity(groups, problem, answer)
    kept = np.all(activity >= problem.lower) and np.all(activity <= problem.upper) and np.all(answer <= groups.size)
    require(bool(kept), "the solver's answer keeps every row when counted in whole numbers")
    return answer


def _activity(groups: _Groups, problem: Problem, counts: Ints) -> Ints:
    """Return what each row counts, summed by cell first: there are far fewer cells than groups."""
    in_cells = np.bincount(groups.cell, weights=counts, minlength=problem.matrix.shape[1])
    return np.asarray(problem.matrix @ whole(in_cells.astype(np.float64)))


def whole(values: Reals) -> Ints:
    """Return the solver's values as the whole numbers that they stand for."""
    return np.rint(values).astype(np.int64)
