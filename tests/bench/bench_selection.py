"""Times the exact choice of a cohort, tie-break and draw included, against one binary an applicant in the same solver.

It is timed against sorting the scores too, up to a million applicants, where that programme does not end. Only those
who are tied at the boundary are hashed; one line shows what a round costs whose ties need every lot. Then prices,
conflict and relaxation against one choice, and the memory that a choice takes on top of its pool.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from fractions import Fraction
from pathlib import Path

import highspy
import numpy as np

from cohort.rules.conflicts import conflict, relaxation
from cohort.rules.pool import Column, Pool
from cohort.rules.quotas import Quota, SeatPlan
from cohort.rules.selection import best_score, choose, lay_out

SIZES = ((1_000, 100, 5), (10_000, 100, 5), (10_000, 500, 3), (100_000, 500, 1))
SORT_SIZES = (
    (1_000, 100, 5), (10_000, 500, 5), (100_000, 100, 5), (100_000, 500, 5), (100_000, 5_000, 5),
    (1_000_000, 100, 5), (1_000_000, 500, 5), (1_000_000, 5_000, 5),
)
EXPLAIN_SIZES = ((10_000, 500), (100_000, 500))
MEMORY_SIZES = ((100_000, 500), (1_000_000, 500), (1_000_000, 5_000))
SHARES = {"country": (5, None), "women": (2, [0.7, 0.3]), "size": (3, [0.5, 0.3, 0.2]), "sector": (10, None)}


def pool_of(count, step=1):
    """Applicants of 5 countries, 3 sizes and 10 sectors, 30 in 100 women's, scores about 60 of 100 points.

    Scores are whole multiples of `step` ten-thousandths: at 1 ties are as rare as 4 decimal places make them.
    """
    random = np.random.default_rng(2026)
    columns = {
        name: Column(random.choice(kinds, count, p=weights).astype(np.int32), tuple(map(str, range(kinds))))
        for name, (kinds, weights) in SHARES.items()
    }
    scores = np.rint(random.beta(6, 4, count) * (1_000_000 // step)).astype(np.int64) * step
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


def line(bench, size, seats, ratio, against, own, **more):
    """One line of the answer."""
    print(json.dumps({
        "bench": bench, "size": size, "seats": seats, "ratio": round(ratio, 2), "against": against,
        "seconds": round(own, 4), **more,
    }), flush=True)


def measure(count, seats, rounds, against, step=1):
    """One size: medians of interleaved rounds; equal totals where both answer the same question."""
    pool, plan = pool_of(count, step), plan_of(seats)
    ours, theirs = [], []
    for _ in range(rounds):
        seconds, found = timed(lambda: choose(pool, plan, "2026"))
        ours.append(seconds)
        if against == "argsort":
            theirs.append(timed(lambda: np.argsort(pool.scores))[0])
        else:
            seconds, best = timed(lambda: one_binary_each(pool, plan))
            theirs.append(seconds)
            assert best == found.objective, (best, found.objective)
    own, other = statistics.median(ours), statistics.median(theirs)
    ratio = own / other if against == "argsort" else other / own
    words = {"argsort": "np.argsort(scores): ours / theirs", "programme": "one binary an applicant in HiGHS, gap 0: theirs / ours"}
    ties = {} if step == 1 else {"ties": f"scores in steps of {step / 10_000:g} points: every lot is drawn"}
    line(
        "selection", count, seats, ratio, words[against], own, rows=len(plan.quotas) + 1, rounds=rounds,
        against_seconds=round(other, 4), **ties,
    )


def measure_reasons(count, seats):
    """The dearest price, and conflict and relaxation of an impossible round, against one choice."""
    pool, plan = pool_of(count), plan_of(seats)
    lots = np.zeros(count, dtype=np.int64)
    clash = SeatPlan(seats, (*plan.quotas, Quota("nobody of 0", {"country": ("0",)}, max=0)))
    one, dearest, conflicts, changes = [], [], [], []
    for _ in range(5):
        seconds, found = timed(lambda: choose(pool, plan, "2026"))
        one.append(seconds)
        dearest.append(max(
            timed(lambda: best_score(lay_out(pool, plan.without(name)), lots))[0]  # noqa: B023
            for name in ("women", "country 0", "size 2", "sector 3", "women of sector 3")
        ))
        assert found.status == "optimal"
        conflicts.append(timed(lambda: conflict(pool, clash))[0])
        changes.append(timed(lambda: relaxation(pool, clash))[0])
    base = statistics.median(one)
    for bench, seconds in (("price of a rule, the dearest of five", dearest), ("conflict", conflicts), ("relaxation", changes)):
        own = statistics.median(seconds)
        line(bench, count, seats, own / base, "one choice of a cohort: ours / theirs", own, against_seconds=round(base, 4))


def measure_memory(count, seats):
    """The peak that one choice adds to a process holding its pool, in MiB, in a fresh process."""
    code = f"from tests.bench.bench_selection import peak; print(peak({count}, {seats}))"
    extra, own = map(float, subprocess.check_output([sys.executable, "-c", code], text=True).split())
    line("selection, memory", count, seats, extra / 150, "150 MiB on top of the pool: ours / that", own, mib=round(extra, 1))


def peak(count, seats):
    """MiB that a choice needs at most beyond what is held before, and its seconds (Linux)."""
    pool, plan = pool_of(count), plan_of(seats)
    choose(pool_of(200), SeatPlan(20), "warm")
    Path("/proc/self/clear_refs").write_text("5")
    before = resident("VmRSS")
    seconds, _ = timed(lambda: choose(pool, plan, "2026"))
    return f"{(resident('VmHWM') - before) / 1024} {seconds}"


def resident(name):
    """A figure of this process in KiB."""
    return next(int(row.split()[1]) for row in Path("/proc/self/status").read_text().splitlines() if row.startswith(name))


def main(sizes):
    """Print one JSON line a size; sizes given as arguments keep only those."""
    wanted = {int(size) for size in sizes}
    choose(pool_of(200), SeatPlan(20), "warm")
    for kind, table in (("programme", SIZES), ("argsort", SORT_SIZES)):
        for count, seats, rounds in table:
            if not wanted or count in wanted:
                measure(count, seats, rounds, kind)
    if not wanted or 100_000 in wanted:
        measure(100_000, 500, 3, "argsort", step=10_000)
    for measured, table in ((measure_reasons, EXPLAIN_SIZES), (measure_memory, MEMORY_SIZES)):
        for count, seats in table:
            if not wanted or count in wanted:
                measured(count, seats)


if __name__ == "__main__":
    main(sys.argv[1:])
