"""Chooses the best cohort: the highest total score that any set keeping every quota has, proven and unique.

Explaining the choice, checking it a second time and calling replacements are left to its neighbours.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

import numpy as np

from cohort.rules.boundary import settled
from cohort.rules.cells import Grid, grid_of, shifted
from cohort.rules.lots import draw
from cohort.rules.milp import proven, require
from cohort.rules.optimum import Optimum, Problem, maximise
from cohort.rules.pool import Ints, Pool
from cohort.rules.prices import Certificate
from cohort.rules.quotas import SeatPlan
from cohort.rules.ties import least_lots


@dataclass(frozen=True)
class Selection:
    """The cohort, best first (score, then lot), or the news that no cohort keeps every rule.

    `objective` is the total score in ten-thousandths of a point, stayers included. `certificate` prices the
    seats (first) and the rows of the plan for whoever is neither stayer nor barred.
    """

    status: Literal["optimal", "infeasible"]
    selected: tuple[str, ...] = ()
    objective: int | None = None
    certificate: Certificate | None = None


@dataclass(frozen=True, eq=False)
class Field:
    """A pool laid out under a plan, with stayers seated and barred applicants out: ready to be solved."""

    pool: Pool
    grid: Grid
    problem: Problem
    stayers: Ints

    @property
    def stayers_score(self) -> int:
        """The summed score of those who stay."""
        return int(self.pool.scores[self.stayers].sum())


def lay_out(
    pool: Pool, plan: SeatPlan, stayers: Collection[str] = (), barred: Collection[str] = ()
) -> Field:
    """Return the field of a selection; raises ValueError when a fixed applicant is unknown or is both."""
    grid = grid_of(pool, plan)
    places = {applicant_id: place for place, applicant_id in enumerate(pool.ids)} if stayers or barred else {}
    if not set(places).issuperset({*stayers, *barred}) or set(stayers) & set(barred):
        raise ValueError("a stayer or a barred applicant is not in the pool, or is both")
    fixed = np.array(sorted(places[one] for one in {*stayers}), dtype=np.int64)
    out = np.array(sorted(places[one] for one in {*barred}), dtype=np.int64)
    used = grid.matrix @ grid.sizes(fixed)
    if places:
        open_ = np.ones(len(pool), dtype=np.bool_)
        open_[fixed] = open_[out] = False
        members = np.flatnonzero(open_)
        cell = grid.cell[members]
    else:
        members, cell = np.arange(len(pool)), grid.cell
    return Field(
        pool, grid, Problem(members, cell, grid.matrix, shifted(grid.lower, used), shifted(grid.upper, used)), fixed
    )


def best_score(field: Field, lots: Ints) -> Optimum | None:
    """Return the proven best total of those not fixed; None when no cohort keeps every rule."""
    problem = field.problem
    if len(problem.members) < problem.lower[0] or problem.lower[0] < 0:
        return None
    return maximise(problem, field.pool.scores[problem.members], lots[problem.members])


def choose(
    pool: Pool, plan: SeatPlan, seed: str, *, stayers: Collection[str] = (), barred: Collection[str] = (),
    lots: Ints | None = None,
) -> Selection:
    """Return the one best cohort of `plan.seats` applicants under every quota, proven optimal.

    Equal cohorts: least sum of lots, then the least ascending list of lots, so that neither the order of
    rows nor the machine matters. `stayers` are in and `barred` are out whatever their score; `lots` replaces
    the plain draw of `seed` (criteria before the draw; 0 marks an empty reserved seat). Raises Unproven when
    the proof fails, ValueError and KeyError on what `lay_out` refuses. Source: contract.md, domain.md §8.
    """
    field = lay_out(pool, plan, stayers, barred) if len(pool) >= plan.seats else None
    found = best_score(field, np.zeros(len(pool), dtype=np.int64) if lots is None else lots) if field else None
    if field is None or found is None:
        return Selection("infeasible")
    cohort = np.concatenate([field.stayers, _told_apart(field, found, seed, lots)])
    drawn = np.zeros(len(pool), dtype=np.int64) if lots is None else lots
    if lots is None:
        drawn[cohort] = draw([pool.ids[place] for place in cohort.tolist()], seed)
    objective = found.value + field.stayers_score
    read_back = (int(pool.scores[cohort].sum()), len(np.unique(cohort)))
    require(read_back == (objective, plan.seats), "the cohort read back is the one that was proven")
    ordered = cohort[np.lexsort((drawn[cohort], -pool.scores[cohort]))]
    return Selection(
        "optimal", tuple(pool.ids[place] for place in ordered.tolist()), objective, found.certificate
    )


def _told_apart(field: Field, found: Optimum, seed: str, lots: Ints | None) -> Ints:
    """Return who of those not fixed is in the cohort that the tie rule names; all lots are drawn only if they must."""
    problem, pool = field.problem, field.pool
    if lots is None:
        cohort = settled(problem, pool.scores[problem.members], found, pool.ids, seed)
        if cohort is not None:
            return cohort
        lots = draw(pool.ids, seed)
        found = proven(best_score(field, lots), "the best total does not depend on lots")
    return least_lots(problem, found, lots)
