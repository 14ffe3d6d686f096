"""Ladders: the few applicants of each cell who can matter, best first, with running sums.

Within a cell a better weight, then a smaller lot, always goes first; who is taken is left to `optimum`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cohort.rules.cells import CellNumbers
from cohort.rules.pool import Ints
from cohort.rules.quotas import OPEN


@dataclass(frozen=True, eq=False)
class Ladders:
    """Members sorted by cell, weight (falling) and lot; cell c owns places `start[c]` to `start[c + 1]`.

    `weight` is `(original - base) / unit`, so the smallest is 0 and the steps have no common factor.
    """

    members: Ints
    cell: Ints
    weight: Ints
    start: Ints
    running: Ints
    base: int
    unit: int

    def above(self, prices: Ints, scale: int) -> Ints:
        """Return for each cell how many of its members weigh more than the price of their place."""
        inside = scale * self.weight > prices[self.cell]
        counted = np.concatenate([[0], np.cumsum(inside)])
        return np.asarray(counted[self.start[1:]] - counted[self.start[:-1]])

    def worth(self, counts: Ints) -> Ints:
        """Return for each cell the summed weight of its best `counts` members."""
        return np.asarray(self.running[self.start[:-1] + counts] - self.running[self.start[:-1]])


def ladders(cell: CellNumbers, weights: Ints, lots: Ints, matrix: Ints, upper: Ints) -> Ladders:
    """Return the ladders of these members, cut where no cohort within the bounds could reach.

    One rung more than can be used is kept, so that a linear programme never leans on the cut itself.
    """
    caps = _caps(matrix, upper) + 1
    by_cell = np.argsort(cell, kind="stable")
    counts = np.bincount(cell, minlength=matrix.shape[1])
    ends = np.cumsum(counts)
    low, key = _keys(weights, lots)
    if np.any(counts > caps):
        kept = _best(by_cell, key, ends - counts, ends, caps)
        counts = np.minimum(counts, caps)
    else:
        kept = by_cell
    order = kept[np.lexsort((key[kept], cell[kept]))]
    shifted = weights[order] - low
    unit = int(np.gcd.reduce(shifted)) if len(shifted) else 1
    unit = max(unit, 1)
    weight = shifted // unit
    start = np.concatenate([[0], np.cumsum(counts)])
    return Ladders(
        members=order, cell=cell[order].astype(np.int64), weight=weight, start=start,
        running=np.concatenate([[0], np.cumsum(weight)]), base=low, unit=unit,
    )


def _caps(matrix: Ints, upper: Ints) -> Ints:
    """Return for each cell the most of it that any row with no negative term lets in; row 0 is the seats."""
    caps = np.full(matrix.shape[1], max(int(upper[0]), 0), dtype=np.int64)
    for row, most in zip(matrix[1:], upper[1:], strict=True):
        if most < OPEN // 2 and row.min(initial=0) >= 0:
            covered = row > 0
            caps[covered] = np.minimum(caps[covered], max(int(most), 0) // row[covered])
    return caps


def _keys(weights: Ints, lots: Ints) -> tuple[int, Ints]:
    """Return the least weight, and one sortable key an applicant: smaller is better."""
    if not len(weights):
        return 0, weights
    low, high = int(weights.min()), int(weights.max())
    step = int(lots.max()) + 1
    if (high - low + 1) * step < 2**62:
        return low, (high - weights) * step + lots
    order = np.lexsort((lots, -weights))
    key = np.empty(len(order), dtype=np.int64)
    key[order] = np.arange(len(order))
    return low, key


def _best(by_cell: Ints, key: Ints, starts: Ints, ends: Ints, caps: Ints) -> Ints:
    kept = []
    for start, end, cap in zip(starts.tolist(), ends.tolist(), caps.tolist(), strict=True):
        own = by_cell[start:end]
        if end - start > cap:
            own = own[np.argpartition(key[own], cap - 1)[:cap]]
        kept.append(own)
    return np.concatenate(kept)
