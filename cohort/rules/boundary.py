"""Settles equal scores at the boundary by hashing only those who are tied there, when nothing more is needed.

When equally good cohorts differ in more than who of a tied group is in, the sums of lots count: that is `ties`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cohort.rules.lots import draw
from cohort.rules.milp import proven, solve
from cohort.rules.optimum import Optimum, Problem, whole
from cohort.rules.pool import Ints
from cohort.rules.quotas import OPEN
from cohort.rules.ties import narrowed


def settled(
    problem: Problem, weights: Ints, optimum: Optimum, ids: Sequence[str], seed: str
) -> Ints | None:
    """Return the applicants of the one cohort that the tie rule names, or None when only all lots can tell.

    Members of one cell and one weight are a group. If every best choice takes as many of each group, the least
    lots of each group are in, whatever the other lots are; only groups taken in part are hashed. `weights`
    are those of the problem's members, in any order of equals.
    """
    equal = narrowed(problem, optimum)
    sizes = np.bincount(equal.cell, minlength=equal.matrix.shape[1])
    held = np.bincount(equal.cell[np.isin(optimum.free, optimum.chosen)], minlength=len(sizes))
    if not _is_alone(equal, sizes, held):
        return None
    chosen = [problem.members[optimum.taken]]
    groups, first = np.unique(equal.cell, return_index=True)
    examples = optimum.free[first[held[groups] > 0]]
    for example, count in zip(examples.tolist(), held[groups[held[groups] > 0]].tolist(), strict=True):
        group = problem.members[np.flatnonzero((weights == weights[example]) & (problem.cell == problem.cell[example]))]
        if len(group) > count:
            group = group[np.argsort(draw([ids[place] for place in group.tolist()], seed))[:count]]
        chosen.append(group)
    return np.concatenate(chosen)


def _is_alone(equal: Problem, sizes: Ints, held: Ints) -> bool:
    """Return whether no other counts of the groups are as good: nobody beyond those held can be taken.

    Each group is split into those held and those beyond; a flag lets the latter in only when all of the former are.
    """
    kept, more = np.flatnonzero(held > 0), np.flatnonzero(sizes > held)
    both = np.flatnonzero((held > 0) & (sizes > held))
    if not len(more):
        return True
    flags = np.zeros((2 * len(both), len(kept) + len(more) + len(both)), dtype=np.int64)
    rows = np.arange(len(both))
    flags[rows, len(kept) + np.searchsorted(more, both)] = 1
    flags[rows, len(kept) + len(more) + rows] = held[both] - sizes[both]
    flags[len(both) + rows, np.searchsorted(kept, both)] = -1
    flags[len(both) + rows, len(kept) + len(more) + rows] = held[both]
    none = np.zeros((len(equal.matrix), len(both)), dtype=np.int64)
    open_below = np.full(2 * len(both), -OPEN)
    worth = np.concatenate([np.zeros(len(kept)), np.ones(len(more)), np.zeros(len(both))])
    most = np.concatenate([held[kept], sizes[more] - held[more], np.ones(len(both), dtype=np.int64)])
    solved = solve(
        worth, np.vstack([np.hstack([equal.matrix[:, kept], equal.matrix[:, more], none]), flags]),
        np.concatenate([equal.lower, open_below]), np.concatenate([equal.upper, np.zeros(2 * len(both))]), most,
        whole=True,
    )
    best = proven(solved, "a cohort as good as the best one exists")
    return not whole(best.values)[len(kept) : len(kept) + len(more)].any()
