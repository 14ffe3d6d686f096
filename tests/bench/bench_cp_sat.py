"""Times the exact choice of a cohort, tie-break and draw included, against one binary an applicant in CP-SAT.

Both are run in one process, in turn, on one thread, to the end. CP-SAT is no dependency: `pip install -e '.[bench]'`
brings it, and without it the line says so.
"""

from __future__ import annotations

import json
import statistics
import sys

import numpy as np

from cohort.rules.selection import choose
from tests.bench.bench_selection import line, plan_of, pool_of, timed

try:
    from ortools.sat.python import cp_model
except ImportError:
    cp_model = None

SIZES = ((1_000, 100, 5), (10_000, 500, 3), (100_000, 500, 1))
CAP_SECONDS = 900.0
AGAINST = "one binary an applicant in CP-SAT, one worker, to the end: theirs / ours"


def one_boolean_each(pool, plan):
    """The plain programme: its optimum in ten-thousandths, or None when the cap came first."""
    model = cp_model.CpModel()
    taken = [model.new_bool_var("") for _ in range(len(pool))]
    held = {name: np.array(column.values)[column.codes] for name, column in pool.columns.items()}
    model.add(sum(taken) == plan.seats)
    for quota in plan.quotas:
        inside = np.all([np.isin(held[name], wanted) for name, wanted in quota.where.items()], axis=0)
        if quota.of:
            base = np.all([np.isin(held[name], wanted) for name, wanted in quota.of.items()], axis=0)
            share, members = quota.min_share, np.flatnonzero(base)
            weights = [share.denominator * int(inside[place]) - share.numerator for place in members]
            model.add(cp_model.LinearExpr.weighted_sum([taken[place] for place in members], weights) >= 0)
            continue
        count = cp_model.LinearExpr.sum([taken[place] for place in np.flatnonzero(inside)])
        least = quota.min if quota.min_share is None else -(-quota.min_share.numerator * plan.seats // quota.min_share.denominator)
        model.add(count >= least)
        if quota.max is not None:
            model.add(count <= quota.max)
    model.maximize(cp_model.LinearExpr.weighted_sum(taken, pool.scores.tolist()))
    solver = cp_model.CpSolver()
    solver.parameters.num_workers, solver.parameters.max_time_in_seconds = 1, CAP_SECONDS
    return round(solver.objective_value) if solver.solve(model) == cp_model.OPTIMAL else None


def measure(count, seats, rounds):
    """One size: medians of rounds in turn; the totals are equal where CP-SAT came to its end."""
    pool, plan = pool_of(count), plan_of(seats)
    ours, theirs, ended = [], [], True
    for _ in range(rounds):
        seconds, found = timed(lambda: choose(pool, plan, "2026"))
        ours.append(seconds)
        seconds, best = timed(lambda: one_boolean_each(pool, plan))
        theirs.append(seconds)
        ended = ended and best is not None
        assert best in {None, found.objective}, (best, found.objective)
    own, other = statistics.median(ours), statistics.median(theirs)
    more = {} if ended else {"capped": f"stopped after {CAP_SECONDS:g} s without a proof: at least so many times"}
    line("selection", count, seats, other / own, AGAINST, own, rounds=rounds, against_seconds=round(other, 4), **more)


def main(sizes):
    """Print one JSON line a size; sizes given as arguments keep only those."""
    wanted = {int(size) for size in sizes}
    choose(pool_of(200), plan_of(20), "warm")
    for count, seats, rounds in SIZES:
        if wanted and count not in wanted:
            continue
        if cp_model is None:
            print(json.dumps({
                "bench": "selection", "size": count, "seats": seats, "ratio": None, "against": AGAINST, "seconds": None,
                "note": "CP-SAT is not installed: pip install -e '.[bench]'",
            }))
        else:
            measure(count, seats, rounds)


if __name__ == "__main__":
    main(sys.argv[1:])
