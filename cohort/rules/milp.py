"""One door to HiGHS: a linear or whole-number programme in, a solution and row prices out.

It models nothing itself, and an answer that the solver does not call optimal or infeasible is a fault.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TypeVar

import highspy
import numpy as np
from numpy.typing import NDArray

from cohort.rules.quotas import OPEN

Reals = NDArray[np.float64]
Numbers = NDArray[np.int64] | Reals


def _hush() -> None:
    """Build the first solver of the process unheard: it prints a banner that would spoil a command's answer."""
    heard, unheard = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    os.dup2(unheard, 1)
    try:
        highspy.Highs()  # type: ignore[no-untyped-call]
    finally:
        os.dup2(heard, 1)
        os.close(heard)
        os.close(unheard)


_hush()


class Unproven(RuntimeError):
    """The solver or a check could not prove an answer; never a status of a decision."""


T = TypeVar("T")


def proven(answer: T | None, claim: str) -> T:
    """Return an answer that must exist; raises Unproven with the claim when it does not.

    >>> proven(3, "three is there")
    3
    """
    if answer is None:
        raise Unproven(claim)
    return answer


def require(holds: bool, claim: str) -> None:
    """Raise Unproven with the claim unless it holds."""
    if not holds:
        raise Unproven(claim)


@dataclass(frozen=True, eq=False)
class Solved:
    """Values of the columns and, for a linear programme, what one unit more of each row's bound is worth."""

    values: Reals
    prices: Reals


def solve(
    worth: Numbers, matrix: Numbers, lower: Numbers, upper: Numbers, most: Numbers, *, whole: bool,
    least: Numbers | None = None,
) -> Solved | None:
    """Maximise `worth · x` with lower ≤ matrix · x ≤ upper, least ≤ x ≤ most; None when nothing fits.

    `matrix` is rows x columns; bounds beyond `OPEN` are none. `whole` asks for whole numbers and an
    optimum proven to less than one unit of a whole-number `worth`. Raises Unproven.
    """
    if not len(worth):
        fits = bool(np.all(np.asarray(lower) <= 0) and np.all(np.asarray(upper) >= 0))
        return Solved(np.zeros(0), np.zeros(len(lower))) if fits else None
    solver = highspy.Highs()  # type: ignore[no-untyped-call]
    for option, value in _OPTIONS.items():
        solver.setOptionValue(option, value)
    floor = np.zeros(len(worth)) if least is None else least
    solver.passModel(_model(worth, matrix, (lower, upper), (floor, most), whole))
    solver.run()
    status = solver.getModelStatus()
    if status == highspy.HighsModelStatus.kInfeasible:
        return None
    if status != highspy.HighsModelStatus.kOptimal:
        raise Unproven(f"the solver ended with {solver.modelStatusToString(status)}")
    answer = solver.getSolution()
    prices = np.zeros(len(lower)) if whole else -np.array(answer.row_dual)
    return Solved(np.array(answer.col_value), prices)


_OPTIONS: dict[str, bool | int | float | str] = {
    "output_flag": False, "threads": 1, "random_seed": 0, "mip_rel_gap": 0.0, "mip_abs_gap": 0.5,
    "mip_feasibility_tolerance": 1e-9, "primal_feasibility_tolerance": 1e-9, "dual_feasibility_tolerance": 1e-9,
}


def _model(
    worth: Numbers, matrix: Numbers, limits: tuple[Numbers, Numbers], box: tuple[Numbers, Numbers], whole: bool
) -> highspy.HighsLp:
    rows, columns = matrix.shape
    lower, upper = limits
    least, most = box
    by_column = np.ascontiguousarray(matrix.T)
    column, row = np.nonzero(by_column)
    model = highspy.HighsLp()
    model.num_col_, model.num_row_ = columns, rows
    model.col_cost_ = -np.asarray(worth, dtype=np.float64)
    model.col_lower_, model.col_upper_ = np.asarray(least, float), np.asarray(most, float)
    model.row_lower_ = np.where(np.asarray(lower) <= -OPEN // 2, -highspy.kHighsInf, lower).astype(float)
    model.row_upper_ = np.where(np.asarray(upper) >= OPEN // 2, highspy.kHighsInf, upper).astype(float)
    model.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    model.a_matrix_.start_ = np.searchsorted(column, np.arange(columns + 1)).astype(np.int32)
    model.a_matrix_.index_ = row.astype(np.int32)
    model.a_matrix_.value_ = by_column[column, row].astype(np.float64)
    if whole:
        model.integrality_ = [highspy.HighsVarType.kInteger] * columns
    return model
