"""The lottery: vectors worked out by hand, bands, the draw from a seed, and a check that finds every false word."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from hashlib import sha256

import numpy as np
import pytest

from cohort.rules.exact import exact_solution
from cohort.rules.lots import digest_of
from cohort.rules.lottery import Lottery, Panel, bands_of, exact_shares, lottery_of
from cohort.rules.lottery_check import check_lottery
from cohort.rules.lottery_draw import drawn_panel, ticket
from cohort.rules.pool import Pool
from cohort.rules.quotas import Quota, SeatPlan
from cohort.rules.verifier import Failure

WOMEN = Quota("women", {"women": ("yes",)}, min=2)


def pool_of(kinds, scores=None):
    """A pool from (how many, women, country), ids f1, f2, … in that order."""
    rows = [kind[1:] for kind in kinds for _ in range(kind[0])]
    ids = [f"f{number}" for number in range(1, len(rows) + 1)]
    columns = {"women": [row[0] for row in rows], "country": [row[1] for row in rows]}
    return Pool.of(ids, [0] * len(rows) if scores is None else scores, columns)


FEW_WOMEN = pool_of([(4, "yes", "CL"), (16, "no", "CL")])


@pytest.mark.parametrize(
    ("pool", "plan", "least", "chances"),
    [
        (FEW_WOMEN, SeatPlan(5), Fraction(1, 4), {"f1": Fraction(1, 4), "f20": Fraction(1, 4)}),
        (FEW_WOMEN, SeatPlan(5, (WOMEN,)), Fraction(3, 16), {"f1": Fraction(1, 2), "f20": Fraction(3, 16)}),
        (FEW_WOMEN, SeatPlan(20), Fraction(1), {"f1": Fraction(1), "f20": Fraction(1)}),
        (
            pool_of([(3, "yes", "CL"), (5, "no", "PE")]),
            SeatPlan(3, (Quota("PE", {"country": ("PE",)}, max=0),)), Fraction(1), {"f1": Fraction(1), "f8": Fraction(0)},
        ),
    ],
)
def test_the_least_chance_is_as_high_as_the_quotas_allow(pool, plan, least, chances):
    found = lottery_of(pool, plan)
    assert (found.status, found.least, found.bound) == ("optimal", least, least)
    assert {one: found.chances[one] for one in chances} == chances
    assert sum(found.chances.values()) == plan.seats
    assert check_lottery(pool, plan, (), found, "seed", drawn_panel(found, "seed")) == ()


def test_a_lottery_that_needs_two_panels_names_both():
    """Of {CL 2, PE 2} one seat each country at most, three seats asked of three countries with two each."""
    pool = pool_of([(1, "yes", "CL"), (1, "no", "CL"), (1, "yes", "PE"), (1, "no", "PE")])
    plan = SeatPlan(2, (Quota("one woman", {"women": ("yes",)}, min=1, max=1), Quota("CL", {"country": ("CL",)}, max=1)))
    found = lottery_of(pool, plan)
    assert (found.least, found.bound, found.tickets) == (Fraction(1, 2), Fraction(1, 2), 2)
    assert sorted(found.kinds) == [("f1",), ("f2",), ("f3",), ("f4",)]
    assert {frozenset(k[0] for k, n in zip(found.kinds, panel.seats, strict=True) if n) for panel in found.panels} == {
        frozenset({"f1", "f4"}), frozenset({"f2", "f3"}),
    }


def test_better_bands_go_first_and_the_last_one_is_drawn():
    pool = pool_of([(3, "yes", "CL"), (3, "no", "CL")], [90, 80, 70, 90, 85, 60])
    assert bands_of(pool, (80, 85)) == ("1", "2", "3", "1", "1", "3")
    found = lottery_of(pool, SeatPlan(5, (Quota("women", {"women": ("yes",)}, max=2),)), (80, 85))
    assert found.chances == {
        "f1": 1, "f4": 1, "f5": 1, "f2": 1, "f3": 0, "f6": 1,
    }
    drawn = lottery_of(pool, SeatPlan(3), (70,))
    assert drawn.chances == {**dict.fromkeys(("f1", "f2", "f3", "f4", "f5"), Fraction(3, 5)), "f6": 0}
    assert check_lottery(pool, SeatPlan(3), (70,), drawn) == ()


@pytest.mark.parametrize(
    ("pool", "plan"), [(FEW_WOMEN, SeatPlan(21)), (FEW_WOMEN, SeatPlan(3, (replace(WOMEN, min=5),)))]
)
def test_no_lottery_where_no_cohort_keeps_every_rule(pool, plan):
    found = lottery_of(pool, plan)
    assert (found, found.status, found.chances, drawn_panel(found, "seed")) == (Lottery(), "infeasible", {}, ())
    assert check_lottery(pool, plan, (), found) == ()


def test_the_lottery_and_the_draw_do_not_depend_on_the_order_of_rows():
    mixed = pool_of([(7, "yes", "CL"), (9, "no", "PE"), (2, "yes", "PE"), (4, "no", "CL")])
    plan = SeatPlan(6, (replace(WOMEN, min=3), Quota("PE", {"country": ("PE",)}, min=2, max=3)))
    order = list(range(len(mixed)))[::-1]
    texts = {name: [column.values[code] for code in column.codes] for name, column in mixed.columns.items()}
    turned = Pool.of(
        [mixed.ids[place] for place in order], mixed.scores[order],
        {name: [column[place] for place in order] for name, column in texts.items()},
    )
    again = lottery_of(turned, replace(plan, quotas=plan.quotas[::-1]))
    assert again == lottery_of(mixed, plan)


def test_a_ticket_is_the_first_number_in_a_complete_round():
    def number(seed, first, digests):
        return int.from_bytes(
            b"".join(sha256(f"lottery\n{seed}\n{n}".encode()).digest() for n in range(first, first + digests)), "big"
        )

    half = 2**255 + 1
    seeds = {seed: number(seed, 0, 1) < half for seed in ("a", "b", "c", "d", "e")}
    assert set(seeds.values()) == {True, False}
    for seed, complete in seeds.items():
        turns = (number(seed, turn, 1) for turn in range(1, 99))
        expected = number(seed, 0, 1) if complete else next(found for found in turns if found < half)
        assert ticket(seed, half) == expected
    assert ticket("a", 2**300) == number("a", 0, 2) % 2**300
    assert ticket("a", 1) == 0


def test_who_is_drawn_is_told_by_the_ticket_and_by_the_digests():
    kinds = (("a", "b", "c"), ("d",))
    lottery = Lottery(kinds, (Panel(2, (1, 1)), Panel(1, (2, 0))), 3)
    for seed in ("1", "2", "3", "4", "5", "6"):
        order = sorted(kinds[0], key=lambda one: digest_of(seed, one))
        expected = {*order[:1], "d"} if ticket(seed, 3) < 2 else set(order[:2])
        assert drawn_panel(lottery, seed) == tuple(sorted(expected))
    assert {ticket(seed, 3) for seed in "123456"} == {0, 1, 2}
    assert lottery.kind_chances == (Fraction(4, 9), Fraction(2, 3))


def test_shares_that_are_no_corner_are_rounded_and_still_a_lottery():
    found = [np.array([1, 0]), np.array([0, 1])]
    sizes, possible = np.array([1, 1]), np.array([True, True])
    assert exact_shares(found, sizes, possible, np.array([0.5, 0.5, 0.5])) == [Fraction(1, 2)] * 2
    assert exact_shares(found, sizes, possible, np.array([0.25, 0.75, 0.1])) == [Fraction(1, 4), Fraction(3, 4)]


@pytest.mark.parametrize(
    ("matrix", "right", "solution"),
    [
        ([[0, 2], [3, 0]], [4, 6], [2, 2]),
        ([[1, 1], [1, -1], [2, 0]], [1, 0, 1], [Fraction(1, 2), Fraction(1, 2)]),
        ([[1, 1], [2, 2]], [1, 2], None),
        ([[1, 0], [0, 1], [1, 1]], [1, 1, 3], None),
        ([], [], []),
    ],
)
def test_equations_have_one_exact_solution_or_none(matrix, right, solution):
    assert exact_solution(matrix, right) == solution


LOTTERY = lottery_of(FEW_WOMEN, SeatPlan(5, (WOMEN,)))


@pytest.mark.parametrize(
    ("change", "rules"),
    [
        ({"kinds": (("f1",),)}, ["kinds"]),
        ({"kinds": (*LOTTERY.kinds, ())}, ["kinds"]),
        ({"kinds": (LOTTERY.kinds[0][:-1], (*LOTTERY.kinds[1], LOTTERY.kinds[0][-1]))}, ["kinds"]),
        ({"panels": (Panel(1, (3, 2)), Panel(1, (5, 0)))}, ["tickets", "panel 2"]),
        ({"tickets": LOTTERY.tickets + 1}, ["tickets"]),
        ({"panels": (Panel(0, (3, 2)),), "tickets": 0}, ["tickets"]),
        ({"panels": (Panel(1, (3, 2, 0)),), "tickets": 1}, ["panel 1"]),
        ({"panels": (Panel(1, (4, 1)),), "tickets": 1}, ["panel 1"]),
        ({"least": Fraction(1, 2)}, ["least"]),
        ({"bound": Fraction(1, 2)}, ["bound"]),
        ({"weights": (0, 0)}, ["bound"]),
        ({"weights": (-1, 1)}, ["bound"]),
        ({"weights": (1,)}, ["bound"]),
        ({"panels": (), "tickets": 0, "kinds": ()}, ["infeasible"]),
    ],
)
def test_a_false_word_in_a_lottery_is_named(change, rules):
    found = check_lottery(FEW_WOMEN, SeatPlan(5, (WOMEN,)), (), replace(LOTTERY, **change))
    assert [failure.rule for failure in found] == rules


def test_a_lottery_that_leaves_somebody_out_or_a_better_band_behind_is_named():
    plan, pool = SeatPlan(2), pool_of([(2, "yes", "CL"), (2, "no", "CL")], [90, 90, 10, 10])
    free = SeatPlan(2, (Quota("women", {"women": ("yes",)}, max=2),))
    left_out = Lottery((("f3", "f4"), ("f1", "f2")), (Panel(1, (0, 2)),), 1, Fraction(1), Fraction(1), (0, 1))
    assert check_lottery(pool, free, (), left_out) == (Failure("chances", "a chance for whoever can be seated", "none for some"),)
    passed_over = Lottery((("f1", "f2"), ("f3", "f4")), (Panel(1, (1, 1)),), 1, Fraction(1, 2), Fraction(1, 2), (1, 1))
    assert check_lottery(pool, plan, (50,), passed_over) == (Failure("merit band of the draw 1", "2", "1"),)


def test_a_cohort_that_the_seed_does_not_draw_is_named():
    drawn = drawn_panel(LOTTERY, "seed")
    other = (*drawn[:-1], next(one for one in FEW_WOMEN.ids if one not in drawn))
    found = check_lottery(FEW_WOMEN, SeatPlan(5, (WOMEN,)), (), LOTTERY, "seed", other)
    assert found == (Failure("draw", ", ".join(drawn), ", ".join(sorted(other))),)


def test_no_seat_is_left_to_draw_when_those_who_stay_hold_all():
    pool, plan = Pool.of(["a", "b", "c"], [1, 1, 1], {"women": ["yes", "no", "no"]}), SeatPlan(2)
    found = lottery_of(pool, plan, stayers=["a", "b"])
    assert (found.status, found.least, found.bound, set(found.chances.values())) == ("optimal", 0, 0, {0})
    assert drawn_panel(found, "x") == ()
    assert check_lottery(pool, plan, (), found, "x", (), stayers=["a", "b"]) == ()
