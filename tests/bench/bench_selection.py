"""Times the exact choice of a cohort, tie-break included, against one binary an applicant in the same solver.

At a million applicants, where that programme does not end, it is timed against sorting the scores. The draw of
lots (one SHA-256 an applicant, done once when a pool is frozen) is timed beside it and left out of the ratio.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from fractions import Fraction

import highspy
import numpy as np

from cohort.rules.lots import draw
from cohort.rules.pool import Column, Pool
from cohort.rules.quotas import Quota, SeatPlan
from cohort.rules.selection import choose

SIZES = ((1_000, 100, 5), (10_000, 100, 5), (100_000, 500, 1))
SORT_SIZES = ((1_000_000, 500, 5), (1_000_000, 5_000, 5))
SHARES = {"country": (5, None), "women": (2, [0.7, 0.3]), "size": (3, [0.5, 0.3, 0.2]), "sector": (10, None)}


def pool_of(count):
    """Applicants of 5 countries, 3 sizes and 10 sectors, 30 in 100 women's, scores about 60 of 100 points."""
    random = np.random.default_rng(2026)
    columns = {
        name: Column(random.choice(kinds, count, p=weights).astype(np.int32), tuple(map(str, range(kinds))))
        for name, (kinds, weights) in SHARES.items()
    }
    scores = np.rint(np.clip(random.normal(60, 15, count), 0, 100) * 10_000).astype(np.int64)
    return Pool(tuple(f"a{place}" for place in range(count)), scores, columns)


def plan_of(seats):
    """Thirty-five rows with the seats: parity, countries, women by country, sizes, sectors, women by sector."""
    quotas = [Quota("women", {"women": ("1",)}, min_share=Fraction(1, 2))]
    for country in "01234":
        quotas.append(Quota(f"country {country}", {"country": (country,)}, min=seats // 10, max=seats * 3 // 10))
        quotas.append(Quota(f"women {country}", {"country": (country,), "women": ("1",)}, min=seats // 20))
    for size, share in zip("012", (20, 25, 25), strict=True):
        quotas.append(Quota(f"size {size}", {"size": (size,)}, min=seats * share // 100))
    for sector in "0123456789":
        quotas.append(Quota(f"sector {sector}", {"sector": (sector,)}, min=seats // 20, max=seats * 3 // 20))
        of = {"sector": (sector,)}
        quotas.append(Quota(f"women of sector {sector}", {"women": ("1",)}, min_share=Fraction(2, 5), of=of))
    return SeatPlan(seats, tuple(quotas))


def one_binary_each(pool, plan):
    """The plain programme: its optimum in ten-thousandths. Solver defaults, gap 0, run to the end, one thread."""
    held = {name: np.array(column.values)[column.codes] for name, column in pool.columns.items()}
    rows, lower, upper = [np.ones(len(pool))], [plan.seats], [plan.seats]
    for quota in plan.quotas:
        inside = np.all([np.isin(held[name], wanted) for name, wanted in quota.where.items()], axis=0)
        if quota.of:
            base = np.all([np.isin(held[name], wanted) for name, wanted in quota.of.items()], axis=0)
            rows.append(np.where(base, inside - float(quota.min_share), 0.0))
            lower.append(0)
            upper.append(highspy.kHighsInf)
        else:
            rows.append(inside.astype(float))
            lower.append(quota.min if quota.min_share is None else quota.min_share * plan.seats)
            upper.append(highspy.kHighsInf if quota.max is None else quota.max)
    model = highspy.HighsLp()
    matrix = np.array(rows)
    column, row = np.nonzero(matrix.T)
    model.num_col_, model.num_row_ = len(pool), len(rows)
    model.col_cost_ = -pool.scores.astype(float)
    model.col_lower_, model.col_upper_ = np.zeros(len(pool)), np.ones(len(pool))
    model.row_lower_, model.row_upper_ = np.array(lower, float), np.array(upper, float)
    model.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    model.a_matrix_.start_ = np.searchsorted(column, np.arange(len(pool) + 1)).astype(np.int32)
    model.a_matrix_.index_, model.a_matrix_.value_ = row.astype(np.int32), matrix[row, column]
    model.integrality_ = [highspy.HighsVarType.kInteger] * len(pool)
    solver = highspy.Highs()
    for option, value in (("output_flag", False), ("threads", 1), ("mip_rel_gap", 0.0)):
        solver.setOptionValue(option, value)
    solver.passModel(model)
    solver.run()
    assert solver.getModelStatus() == highspy.HighsModelStatus.kOptimal
    return -round(solver.getObjectiveValue())


def timed(action):
    """Wall time of one call, and what it answered."""
    begun = time.perf_counter()
    answer = action()
    return time.perf_counter() - begun, answer


def measure(count, seats, rounds, against):
    """One size: medians of interleaved rounds; equal totals where both answer the same question."""
    pool, plan = pool_of(count), plan_of(seats)
    draw_seconds, lots = timed(lambda: draw(pool.ids, "2026"))
    ours, theirs = [], []
    for _ in range(rounds):
        seconds, found = timed(lambda: choose(pool, plan, "2026", lots=lots))
        ours.append(seconds)
        if against == "argsort":
            theirs.append(timed(lambda: np.argsort(pool.scores))[0])
        else:
            seconds, best = timed(lambda: one_binary_each(pool, plan))
            theirs.append(seconds)
            assert best == found.objective, (best, found.objective)
    own, other = statistics.median(ours), statistics.median(theirs)
    ratio = own / other if against == "argsort" else other / own
    return {
        "bench": "selection", "size": count, "seats": seats, "rows": len(plan.quotas) + 1, "rounds": rounds,
        "ratio": round(ratio, 2),
        "against": "np.argsort(scores): ours / theirs" if against == "argsort" else
                   "one binary an applicant in HiGHS, gap 0: theirs / ours",
        "seconds": round(own, 4), "against_seconds": round(other, 4), "draw_seconds": round(draw_seconds, 3),
    }


def main(sizes):
    """Print one JSON line a size; sizes given as arguments keep only those."""
    wanted = {int(size) for size in sizes}
    choose(pool_of(200), SeatPlan(20), "warm")
    for kind, table in (("programme", SIZES), ("argsort", SORT_SIZES)):
        for count, seats, rounds in table:
            if not wanted or count in wanted:
                print(json.dumps(measure(count, seats, rounds, kind)), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
