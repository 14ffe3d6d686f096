"""The choice under quotas: each exit, ties at every level, fixed members, and solver answers that do not hold."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from cohort.rules.boundary import settled
from cohort.rules.cells import grid_of
from cohort.rules.ladders import ladders
from cohort.rules.lots import draw
from cohort.rules.milp import Unproven, proven, require, solve
from cohort.rules.optimum import Problem, fits, maximise
from cohort.rules.pool import SCORE_LIMIT, Pool
from cohort.rules.quotas import OPEN, Quota, SeatPlan
from cohort.rules.selection import Selection, choose, lay_out

WOMEN = {"women": ("yes",)}


def pool_of(rows):
    """A pool of (id, points, women, country)."""
    return Pool.of(
        [row[0] for row in rows], [row[1] * 10_000 for row in rows],
        {"women": [row[2] for row in rows], "country": [row[3] for row in rows]},
    )


SIX = [
    ("a", 90, "no", "CL"), ("b", 85, "no", "CL"), ("c", 80, "yes", "PE"),
    ("d", 75, "no", "PE"), ("e", 70, "yes", "CL"), ("f", 60, "yes", "PE"),
]


@pytest.mark.parametrize(
    ("seats", "quotas", "selected"),
    [
        (3, (), ("a", "b", "c")),
        (4, (Quota("women", WOMEN, min_share=Fraction(1, 2)),), ("a", "b", "c", "e")),
        (3, (Quota("women", WOMEN, min=3),), ("c", "e", "f")),
        (3, (Quota("PE", {"country": ("PE",)}, max=0),), ("a", "b", "e")),
        (4, (Quota("w", WOMEN, of={"country": ("PE",)}, min_share=Fraction(1)),), ("a", "b", "c", "e")),
        (4, (Quota("w", WOMEN, of={"country": ("CL",)}, max_share=Fraction(0)),), ("a", "b", "c", "d")),
        (6, (), ("a", "b", "c", "d", "e", "f")),
    ],
)
def test_the_best_set_that_keeps_every_quota(seats, quotas, selected):
    found = choose(pool_of(SIX), SeatPlan(seats, quotas), "seed")
    assert (found.status, found.selected) == ("optimal", selected)
    assert found.objective == sum(row[1] * 10_000 for row in SIX if row[0] in selected)


@pytest.mark.parametrize(
    ("seats", "quotas"),
    [
        (7, ()),
        (3, (Quota("women", WOMEN, min=4),)),
        (4, (Quota("women", WOMEN, min=3), Quota("CL", {"country": ("CL",)}, min=3))),
        (3, (Quota("w", WOMEN, min_share=Fraction(1, 2), max_share=Fraction(1, 2)),)),
    ],
)
def test_no_set_keeps_every_quota(seats, quotas):
    assert choose(pool_of(SIX), SeatPlan(seats, quotas), "seed") == Selection("infeasible")


def test_an_empty_pool_has_no_cohort():
    assert choose(Pool.of([], [], {"x": []}), SeatPlan(1), "seed") == Selection("infeasible")


def test_stayers_are_seated_and_barred_applicants_are_not():
    plan = SeatPlan(3, (Quota("women", WOMEN, min=1),))
    assert choose(pool_of(SIX), plan, "seed", stayers=["f"], barred=["a"]).selected == ("b", "c", "f")
    assert choose(pool_of(SIX), plan, "seed", stayers=["a", "b", "d"]).status == "infeasible"
    assert choose(pool_of(SIX), plan, "seed", stayers=["a", "b", "c"]).selected == ("a", "b", "c")
    assert choose(pool_of(SIX), plan, "seed", stayers=["a", "b", "c", "d"]).status == "infeasible"
    assert choose(pool_of(SIX), plan, "seed", barred=["a", "b", "c", "d"]).status == "infeasible"


@pytest.mark.parametrize(("stayers", "barred"), [(["x"], []), ([], ["x"]), (["a"], ["a"])])
def test_a_fixed_applicant_must_be_in_the_pool_and_only_one_of_both(stayers, barred):
    with pytest.raises(ValueError, match=r"^a stayer or a barred applicant is not in the pool, or is both$"):
        lay_out(pool_of(SIX), SeatPlan(2), stayers, barred)


def test_a_rule_on_an_unknown_column_is_an_error():
    with pytest.raises(KeyError, match="region"):
        grid_of(pool_of(SIX), SeatPlan(2, (Quota("q", {"region": ("x",)}, min=1),)))


def test_equal_scores_go_by_lot():
    rows = [(f"f{number}", 50, "no", "CL") for number in range(40)]
    lots = draw([row[0] for row in rows], "seed").tolist()
    expected = [row[0] for _lot, row in sorted(zip(lots, rows, strict=True))][:7]
    assert choose(pool_of(rows), SeatPlan(7), "seed").selected == tuple(expected)


def together(*names):
    """Rules by which two applicants are chosen both or not at all."""
    half = Fraction(1, 2)
    pair = {"country": names}
    return Quota("+".join(names), {"country": names[:1]}, of=pair, min_share=half, max_share=half)


PAIRS = (together("A", "B"), together("C", "D"), together("E", "F"))


@pytest.mark.parametrize("points", [(60, 40, 50, 50, 70, 30), (50,) * 6, (99, 1, 98, 2, 3, 97)])
@pytest.mark.parametrize(
    ("lots", "expected"),
    [
        ((1, 6, 2, 4, 3, 5), {"C", "D"}),  # sums 7, 6, 8
        ((6, 4, 5, 3, 2, 1), {"E", "F"}),  # sums 10, 8, 3
        ((2, 5, 3, 4, 1, 6), {"E", "F"}),  # all sums 7: the list 1, 6 is least
        ((6, 1, 2, 5, 3, 4), {"A", "B"}),  # all sums 7: the list 1, 6 is least
        ((4, 3, 5, 2, 1, 6), {"E", "F"}),
        ((3, 6, 2, 5, 4, 1), {"E", "F"}),  # sums 9, 7, 5
        ((2, 5, 3, 4, 6, 7), {"A", "B"}),  # sums 7, 7, 13
    ],
)
def test_equal_cohorts_take_the_least_sum_of_lots_then_the_least_list(points, lots, expected):
    rows = [(name, score, "no", name) for name, score in zip("ABCDEF", points, strict=True)]
    found = choose(pool_of(rows), SeatPlan(2, PAIRS), "", lots=np.array(lots))
    assert (set(found.selected), found.objective) == (expected, 1_000_000)


def test_lot_nought_is_nobody_and_comes_last_in_a_list():
    rows = [(name, 50, "no", name) for name in "ABCDEF"]
    found = choose(pool_of(rows), SeatPlan(2, PAIRS), "", lots=np.array([0, 7, 3, 4, 1, 6]))
    assert set(found.selected) == {"E", "F"}


def test_scores_at_the_limit_stay_exact():
    rows = Pool.of(["a", "b", "c"], [SCORE_LIMIT, SCORE_LIMIT - 1, -SCORE_LIMIT], {"w": ["n", "n", "y"]})
    found = choose(rows, SeatPlan(2, (Quota("w", {"w": ("y",)}, min=1),)), "seed")
    assert (found.selected, found.objective) == (("a", "c"), 0)


def test_weights_too_wide_for_one_key_are_ranked_instead():
    weights, lots = np.array([2**61, 0, 2**61]), np.array([2, 1, 1])
    found = ladders(np.zeros(3, dtype=np.int64), weights, lots, np.ones((1, 1), dtype=np.int64), np.array([3]))
    assert (found.members.tolist(), found.weight.tolist(), found.unit) == ([2, 0, 1], [1, 1, 0], 2**61)


def test_crossing_rules_on_many_values_still_make_one_cell_a_column():
    values = [str(number) for number in range(300)]
    pool = Pool.of(values, list(range(300)), {"x": values, "y": values[::-1]})
    quotas = [Quota(f"{name}{value}", {name: (value,)}, max=1) for name in "xy" for value in values]
    grid = grid_of(pool, SeatPlan(3, tuple(quotas)))
    assert grid.matrix.shape == (601, 300)
    assert choose(pool, SeatPlan(3, tuple(quotas)), "seed").selected == ("299", "298", "297")


def problem_of(random, members, cells, seats):
    """Members in cells with two rows beside the seats: an even count of some cells, and a ceiling on others."""
    cell = random.integers(0, cells, members)
    matrix = np.vstack([np.ones(cells), random.integers(-2, 4, cells), random.integers(0, 3, cells)]).astype(np.int64)
    lower, upper = np.array([seats, 3, -OPEN]), np.array([seats, 5, seats])
    return Problem(np.arange(members), cell, matrix, lower, upper)


@pytest.mark.parametrize("number", range(12))
def test_a_window_too_small_grows_until_the_answer_is_the_same(number):
    random = np.random.default_rng(number)
    problem = problem_of(random, 60, 9, 12)
    weights, lots = random.integers(0, 1_000, 60), np.arange(1, 61)
    narrow, wide = maximise(problem, weights, lots, window=1), maximise(problem, weights, lots)
    assert (narrow is None) == (wide is None)
    if narrow is not None:
        assert narrow.value == wide.value == int(weights[narrow.chosen].sum())
        assert narrow.certificate == wide.certificate


@pytest.mark.parametrize("window", [1, 120])
def test_rows_that_only_fractions_keep_are_seen_as_impossible(window):
    """Twice some, three times others: 1 can be reached by halves, never by whole applicants."""
    matrix = np.array([[1, 1, 1], [2, 4, 0]])
    problem = Problem(np.arange(9), np.repeat(np.arange(3), 3), matrix, np.array([4, 5]), np.array([4, 5]))
    assert maximise(problem, np.arange(9), np.arange(1, 10), window) is None
    assert not fits(problem)


def test_the_solver_refuses_to_guess():
    one = np.ones((1, 1))
    with pytest.raises(Unproven, match=r"^the solver ended with "):
        solve(np.array([1.0]), one, np.array([0]), np.array([OPEN]), np.array([np.inf]), whole=False)
    nothing = np.zeros((1, 0))
    assert solve(np.zeros(0), nothing, np.array([1]), np.array([1]), np.zeros(0), whole=True) is None
    assert solve(np.zeros(0), nothing, np.array([0]), np.array([0]), np.zeros(0), whole=True).values.tolist() == []


def test_an_answer_that_must_exist_is_a_fault_when_it_does_not():
    with pytest.raises(Unproven, match=r"^it is there$"):
        proven(None, "it is there")
    with pytest.raises(Unproven, match=r"^it holds$"):
        require(False, "it holds")
    require(True, "it holds")


def test_nobody_is_left_to_choose_when_all_others_are_barred():
    found = choose(pool_of(SIX), SeatPlan(2), "seed", stayers=["a", "b"], barred=["c", "d", "e", "f"])
    assert (found.selected, found.objective) == (("a", "b"), 1_750_000)


def test_a_question_without_any_answer_is_seen_from_counts():
    problem = Problem(
        np.arange(2), np.array([0, 1]), np.array([[1, 1], [1, 0]]), np.array([1, 1]), np.array([1, 1])
    )
    assert fits(problem)
    assert not fits(Problem(problem.members, problem.cell, problem.matrix, np.array([1, 2]), np.array([1, OPEN])))
    assert maximise(problem, np.array([1, 5]), np.array([1, 2])).chosen.tolist() == [0]


LEVELS = {
    "one group in part": [(f"f{n}", 50, "no", "CL") for n in range(9)],
    "two groups in part": [(f"f{n}", 50, "yes" if n % 2 else "no", "CL") for n in range(12)],
    "groups that trade": [(f"f{n}", 50 + n % 3, "yes" if n % 2 else "no", "CL" if n % 5 else "PE") for n in range(40)],
}


@pytest.mark.parametrize("rows", LEVELS.values(), ids=LEVELS)
@pytest.mark.parametrize("seed", ["1", "2", "3"])
def test_hashing_only_those_who_are_tied_names_the_same_cohort_as_drawing_all_lots(rows, seed):
    pool = pool_of(rows)
    plan = SeatPlan(6, (Quota("women", WOMEN, min=2, max=3), Quota("PE", {"country": ("PE",)}, max=2)))
    stayers, barred = [rows[0][0]], [rows[1][0]]
    lots = draw(pool.ids, seed)
    assert choose(pool, plan, seed, stayers=stayers, barred=barred) == choose(
        pool, plan, seed, stayers=stayers, barred=barred, lots=lots
    )


@pytest.mark.parametrize(
    ("plan", "told"),
    [
        (SeatPlan(3), True), (SeatPlan(9), True),
        (SeatPlan(4, (Quota("women", WOMEN, min=2, max=2),)), True),
        (SeatPlan(4, (Quota("women", WOMEN, max=9),)), False),
        (SeatPlan(4, (Quota("women", WOMEN, min=2, max=3),)), False),
    ],
)
def test_the_boundary_is_settled_unless_other_counts_are_as_good(plan, told):
    pool = pool_of([(f"f{n}", 50, "yes" if n < 4 else "no", "CL") for n in range(9)])
    field = lay_out(pool, plan)
    found = maximise(field.problem, pool.scores, np.zeros(9, dtype=np.int64))
    cohort = settled(field.problem, pool.scores, found, pool.ids, "seed")
    assert (cohort is not None) == told
    if told:
        assert {pool.ids[place] for place in cohort} == set(choose(pool, plan, "seed", lots=draw(pool.ids, "seed")).selected)
