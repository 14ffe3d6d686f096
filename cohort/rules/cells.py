"""Cells: applicants whom no rule tells apart, so that only the best few of each can ever be chosen.

A cell is a distinct column of the quota matrix. Choosing among cells is left to `optimum`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cohort.rules.pool import Column, Ints, Pool
from cohort.rules.quotas import OPEN, Row, SeatPlan, matching, rows_of

CellNumbers = NDArray[np.int16] | NDArray[np.int64]
"""Short numbers where they suffice: numpy then sorts the applicants by counting, not by comparing."""

_DENSE = 1 << 15


@dataclass(frozen=True, eq=False)
class Grid:
    """The plan on the pool: `matrix[r, c]` is what one chosen applicant of cell c adds to row r.

    Row 0 counts the seats; the others follow `rows`. Bounds are whole numbers, `OPEN` or beyond for none.
    """

    cell: CellNumbers
    matrix: Ints
    lower: Ints
    upper: Ints
    rows: tuple[Row, ...]

    def sizes(self, counted: Ints) -> Ints:
        """Return how many of these applicants stand in each cell."""
        return np.bincount(self.cell[counted], minlength=self.matrix.shape[1]).astype(np.int64)


def grid_of(pool: Pool, plan: SeatPlan) -> Grid:
    """Return the cells of the pool under the plan; raises KeyError when a rule names an unknown column."""
    rows = rows_of(plan)
    rough, representatives = _rough_cells(pool, rows)
    sample = _sample(pool, representatives)
    seats = np.ones(len(representatives), dtype=np.int64)
    full = np.vstack([seats, *(_coefficients(sample, row) for row in rows)])
    matrix, merged = np.unique(full, axis=1, return_inverse=True)
    lower = np.array([plan.seats, *(row.lower for row in rows)], dtype=np.int64)
    upper = np.array([plan.seats, *(row.upper for row in rows)], dtype=np.int64)
    merged = np.asarray(merged).ravel()
    cell: CellNumbers = (merged.astype(np.int16) if matrix.shape[1] < _DENSE else merged)[rough]
    return Grid(cell, matrix, lower, upper, tuple(rows))


def shifted(bounds: Ints, by: Ints) -> Ints:
    """Return the bounds less what is already taken; open bounds stay open."""
    return np.where(np.abs(bounds) >= OPEN // 2, bounds, bounds - by)


def _rough_cells(pool: Pool, rows: Sequence[Row]) -> tuple[NDArray[np.int64], Ints]:
    """Number the applicants by what the rules' conditions say of them; return also one applicant of each."""
    key = np.zeros(len(pool), dtype=np.int64)
    base = 1
    for name, conditions in _conditions(rows).items():
        column = pool.columns[name]
        answers = [tuple(value in wanted for wanted in conditions) for value in column.values]
        classes = {answer: place for place, answer in enumerate(dict.fromkeys(answers))}
        key = key * len(classes) + np.array([classes[answer] for answer in answers], dtype=np.int64)[column.codes]
        base *= len(classes)
        if base > _DENSE:
            used, key = np.unique(key, return_inverse=True)
            base = len(used)
    present = np.zeros(base, dtype=np.int64)
    present[key] = np.arange(1, len(pool) + 1)
    used = np.flatnonzero(present)
    places = np.zeros(base, dtype=np.int64)
    places[used] = np.arange(len(used))
    return places[key], present[used] - 1


def _conditions(rows: Sequence[Row]) -> dict[str, list[frozenset[str]]]:
    asked: dict[str, list[frozenset[str]]] = {}
    for row in rows:
        for where in (row.quota.where, row.quota.of or {}):
            for name, wanted in where.items():
                asked.setdefault(name, []).append(frozenset(wanted))
    return {name: list(dict.fromkeys(conditions)) for name, conditions in asked.items()}


def _sample(pool: Pool, chosen: Ints) -> Pool:
    columns = {name: Column(column.codes[chosen], column.values) for name, column in pool.columns.items()}
    return Pool(tuple(pool.ids[place] for place in chosen.tolist()), pool.scores[chosen], columns)


def _coefficients(pool: Pool, row: Row) -> Ints:
    covered = matching(pool, row.quota.where)
    if row.quota.of is None:
        return np.where(covered, row.inside, 0).astype(np.int64)
    base = matching(pool, row.quota.of)
    return np.where(base, np.where(covered, row.inside, row.outside), 0).astype(np.int64)
