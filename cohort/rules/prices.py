"""Prices of the rows: what one place more of each is worth, and the upper bound that follows from them.

Any prices give a true bound, so they may be found in floating point and are then used as whole numbers only.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cohort.rules.ladders import Ladders
from cohort.rules.milp import Reals, solve
from cohort.rules.pool import Ints
from cohort.rules.quotas import OPEN

_FINE = 10_080 * 1_024
_COARSE = 10_080


@dataclass(frozen=True)
class Certificate:
    """A proof of an upper bound: row prices and the bound, both `scale` times too large, in whole numbers.

    `scale · value ≤ bound` for every cohort, since bound = Σ price·(its bound) + Σ max(0, scale·score − Σ price·term).
    """

    scale: int
    prices: tuple[int, ...]
    bound: int


@dataclass(frozen=True, eq=False)
class WholePrices:
    """Prices and bound for the normal weights of the ladders."""

    scale: int
    rows: Ints
    bound: int

    def of_cells(self, matrix: Ints) -> Ints:
        """Return what a place of each cell costs."""
        return np.asarray(self.rows @ matrix)

    def in_original_units(self, ladder: Ladders, seats: int) -> Certificate:
        """Return the same proof for the weights as they were given."""
        prices = [price * ladder.unit for price in self.rows.tolist()]
        prices[0] += self.scale * ladder.base
        return Certificate(
            self.scale, tuple(prices), self.bound * ladder.unit + self.scale * ladder.base * seats
        )


def floating_prices(ladder: Ladders, matrix: Ints, lower: Ints, upper: Ints) -> Reals | None:
    """Return the row prices of the linear programme over the ladders; None when even that does not fit.

    The ladders are cut into few steps; a step is split wherever the last prices fall inside it, until the
    coarse programme and the full one have the same bound.
    """
    marks = _first_marks(ladder)
    while True:
        first = np.flatnonzero(marks)
        ends = np.append(first[1:], len(ladder.members))
        size = ends - first
        worth = (ladder.running[ends] - ladder.running[first]) / np.maximum(size, 1)
        solved = solve(worth, matrix[:, ladder.cell[first]], lower, upper, size, whole=False)
        if solved is None:
            return None
        floating = ladder.weight > (solved.prices @ matrix)[ladder.cell] + 1e-6
        counted = np.concatenate([[0], np.cumsum(floating)])
        wanted = ladder.start[:-1] + counted[ladder.start[1:]] - counted[ladder.start[:-1]]
        if np.all(marks[wanted[wanted < ladder.start[1:]]]):
            return solved.prices
        for step in (-16, -4, -1, 0, 1, 4, 16):
            near = wanted + step
            marks[near[(near >= ladder.start[:-1]) & (near < ladder.start[1:])]] = True


def _first_marks(ladder: Ladders) -> NDArray[np.bool_]:
    marks = np.zeros(len(ladder.members), dtype=np.bool_)
    offset = np.array([0, *(4**power for power in range(12))])
    places = ladder.start[:-1, None] + offset
    marks[places[places < ladder.start[1:, None]]] = True
    return marks


def whole_prices(ladder: Ladders, found: Reals, matrix: Ints, lower: Ints, upper: Ints) -> WholePrices:
    """Return the found prices as whole numbers of the finest scale that stays exact, with their bound."""
    heaviest = float(ladder.weight.max(initial=0)) * (float(upper[0]) + 1)
    dearest = float(np.abs(found).sum() * np.abs(matrix).max(initial=1))
    scale = max(1, min(_FINE, int(2**60 / (heaviest + dearest + 1))))
    scale = scale // _COARSE * _COARSE or scale
    rows = np.rint(found * scale).astype(np.int64)
    rows[((rows > 0) & (upper >= OPEN // 2)) | ((rows < 0) & (lower <= -OPEN // 2))] = 0
    cell_prices = rows @ matrix
    counts = ladder.above(cell_prices, scale)
    limits = np.where(rows > 0, upper, lower).tolist()
    held = sum(price * limit for price, limit in zip(rows.tolist(), limits, strict=True) if price)
    spare = sum(
        scale * worth - price * count
        for worth, price, count in zip(ladder.worth(counts).tolist(), cell_prices.tolist(), counts.tolist(), strict=True)
    )
    return WholePrices(scale, rows, held + spare)
