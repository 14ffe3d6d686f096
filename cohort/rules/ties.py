"""Equal cohorts: the least sum of lots, then the least ascending list of lots (contract: `cohort select`).

It narrows a solved problem to its equally good choices; who is good at all is left to `optimum`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cohort.rules.cells import shifted
from cohort.rules.milp import proven, solve
from cohort.rules.optimum import Optimum, Problem, maximise, whole
from cohort.rules.pool import Ints


def narrowed(problem: Problem, optimum: Optimum) -> Problem:
    """Return the problem whose choices, with `optimum.taken`, are exactly the equally good ones.

    When the proof left no gap, they are the choices that keep every priced row tight; else the value itself
    becomes a row, its terms counted from a middle weight so that they stay small.
    """
    used = problem.matrix @ np.bincount(problem.cell[optimum.taken], minlength=problem.matrix.shape[1])
    lower, upper = shifted(problem.lower, used), shifted(problem.upper, used)
    members, cell = problem.members[optimum.free], problem.cell[optimum.free]
    prices = optimum.row_prices
    if optimum.gap == 0:
        tight_lower, tight_upper = np.where(prices > 0, upper, lower), np.where(prices < 0, lower, upper)
        return Problem(members, cell, problem.matrix, tight_lower, tight_upper)
    weight = optimum.free_weight
    middle = int(weight[len(weight) // 2]) if len(weight) else 0
    pairs, split = np.unique(np.stack([cell, weight]), axis=1, return_inverse=True)
    in_free = np.isin(optimum.chosen, optimum.free)
    place = {position: index for index, position in enumerate(optimum.free.tolist())}
    reached = sum(int(weight[place[position]]) - middle for position in optimum.chosen[in_free].tolist())
    return Problem(
        members, np.asarray(split).ravel(), np.vstack([problem.matrix[:, pairs[0]], pairs[1] - middle]),
        np.append(lower, reached), np.append(upper, reached),
    )


def least_lots(problem: Problem, optimum: Optimum, lots: Ints) -> Ints:
    """Return the applicants of the one cohort that the tie rule names among the equally good ones."""
    kept = [problem.members[optimum.taken]]
    equal = narrowed(problem, optimum)
    own = lots[equal.members]
    best = proven(maximise(equal, -own, own), "a cohort as good as the best one exists")
    kept.append(equal.members[best.taken])
    last = narrowed(equal, best)
    kept.append(last.members[_least_list(last, lots[last.members], np.isin(best.free, best.chosen))])
    return np.concatenate(kept)


def _least_list(problem: Problem, lots: Ints, held: NDArray[np.bool_]) -> Ints:
    """Return the positions of the choice whose ascending list of lots is least; lot 0 (no one) comes last.

    `held` is one choice that fits: an applicant in it may be fixed in without asking the solver.
    """
    columns = problem.matrix[:, problem.cell]
    least, most = np.zeros(len(lots)), np.ones(len(lots))
    if _is_alone(problem, columns, held):
        return np.flatnonzero(held)
    for place in np.lexsort((lots, lots == 0)).tolist():
        least[place] = 1
        if not held[place]:
            solved = solve(np.zeros(len(lots)), columns, problem.lower, problem.upper, most, whole=True, least=least)
            if solved is None:
                least[place] = most[place] = 0
            else:
                held = whole(solved.values) == 1
    return np.flatnonzero(held)


def _is_alone(
    problem: Problem, columns: Ints, held: NDArray[np.bool_]
) -> bool:
    solved = solve(
        (~held).astype(np.int64), columns, problem.lower, problem.upper, np.ones(len(held)), whole=True
    )
    most = proven(solved, "a cohort as good as the best one exists")
    return not np.any(whole(most.values)[~held])
