"""The verifier: a true decision stands, and every way to falsify one is named."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from cohort.rules.lots import draw
from cohort.rules.pool import Pool
from cohort.rules.prices import Certificate
from cohort.rules.quotas import Quota, SeatPlan
from cohort.rules.selection import Selection, choose
from cohort.rules.verifier import Failure, verify

WOMEN = {"women": ("yes",)}
POOL = Pool.of(
    list("abcdef"), [900_000, 850_000, 800_000, 750_000, 700_000, 600_000],
    {"women": ["no", "no", "yes", "no", "yes", "yes"], "country": ["CL", "CL", "PE", "PE", "CL", "PE"]},
)
PLAN = SeatPlan(4, (
    Quota("women", WOMEN, min=2), Quota("CL", {"country": ("CL",)}, max=3),
    Quota("women of CL", WOMEN, of={"country": ("CL",)}, min_share=Fraction(1, 3), max_share=Fraction(1)),
    Quota("share", {"country": ("PE",)}, max_share=Fraction(1, 2)),
))
TRUE = choose(POOL, PLAN, "seed")


def test_a_true_decision_stands():
    assert TRUE.selected == ("a", "b", "c", "e")
    checked = verify(POOL, PLAN, "seed", TRUE)
    assert (checked.stands, checked.failures, checked.ties_checked) == (True, (), True)


def test_a_true_decision_with_fixed_members_stands():
    found = choose(POOL, PLAN, "seed", stayers=["f"], barred=["a"])
    assert verify(POOL, PLAN, "seed", found, stayers=["f"], barred=["a"]).failures == ()


@pytest.mark.parametrize(
    ("change", "failures"),
    [
        ({"selected": ("a", "b", "c")}, [Failure("seats", "4", "3")]),
        ({"selected": ("a", "b", "c", "c")}, [Failure("seats", "4", "3")]),
        ({"selected": ("a", "b", "c", "x")}, [Failure("pool", "ids of the pool", "x")]),
        ({"objective": 1}, [Failure("objective", "3250000", "1")]),
        ({"selected": ("b", "a", "c", "e")}, [Failure("order", "best first, then by lot", "another order")]),
        (
            {"selected": ("a", "b", "c", "d"), "objective": 3_300_000},
            [Failure("women", "2 to 4", "1"), Failure("women of CL", "2/3 to 2", "0")],
        ),
        (
            {"selected": ("a", "c", "d", "f"), "objective": 3_050_000},
            [Failure("women of CL", "1/3 to 1", "0"), Failure("share", "0 to 2", "3")],
        ),
        ({"selected": ("a", "b", "e", "f"), "objective": 3_050_000}, [Failure("optimum", "3250000", "3050000")]),
        ({"certificate": None}, [Failure("certificate", "a proof of the total", "none")]),
        (
            {"certificate": Certificate(0, (0,) * 6, 0)},
            [Failure("certificate", "one price a limit that is set", "other prices")],
        ),
        (
            {"certificate": Certificate(1, (0,) * 7, 0)},
            [Failure("certificate", "one price a limit that is set", "other prices")],
        ),
        (
            {"certificate": Certificate(1, (0, 5, 0, 0, 0, 0), 0)},
            [Failure("certificate", "one price a limit that is set", "other prices")],
        ),
        (
            {"certificate": Certificate(1, (0, 0, -5, 0, 0, 0), 0)},
            [Failure("certificate", "one price a limit that is set", "other prices")],
        ),
    ],
)
def test_what_is_false_is_named(change, failures):
    assert verify(POOL, PLAN, "seed", replace(TRUE, **change)).failures == tuple(failures)


def test_any_prices_on_set_limits_prove_the_optimum_in_the_end():
    useless = Certificate(1, (0, 0, 0, 0, 0, 0), 0)
    assert verify(POOL, PLAN, "seed", replace(TRUE, certificate=useless)).failures == ()


def test_fixed_members_are_checked():
    found = choose(POOL, PLAN, "seed")
    assert verify(POOL, PLAN, "seed", found, stayers=["f"], barred=["a"]).failures == (
        Failure("stayers", "every stayer seated", "f"), Failure("barred", "nobody barred", "a"),
    )


def test_a_false_infeasible_is_named_and_a_true_one_stands():
    claim = Selection("infeasible")
    assert verify(POOL, PLAN, "seed", claim).failures == (
        Failure("infeasible", "no cohort keeps every rule", "one does"),
    )
    impossible = SeatPlan(4, (Quota("women", WOMEN, min=4),))
    assert verify(POOL, impossible, "seed", claim).failures == ()
    assert verify(Pool.of([], [], {"women": []}), impossible, "seed", claim).failures == ()


def test_an_equal_cohort_with_a_greater_sum_of_lots_is_named():
    pool = Pool.of([f"f{n}" for n in range(9)], [500_000] * 9, {"women": ["yes", "no", "no"] * 3})
    plan = SeatPlan(3, (Quota("women", WOMEN, min=1),))
    lots = draw(pool.ids, "seed")
    found = choose(pool, plan, "seed")
    by_lot = [pool.ids[place] for place in np.argsort(lots)]
    women = {"f0", "f3", "f6"}
    worse = (*[one for one in by_lot if one not in women][-2:], [one for one in by_lot if one in women][-1])
    ordered = tuple(sorted(worse, key=by_lot.index))
    least = sum(int(lots[pool.ids.index(one)]) for one in found.selected)
    high = sum(int(lots[pool.ids.index(one)]) for one in worse)
    assert verify(pool, plan, "seed", found).failures == ()
    assert verify(pool, plan, "seed", replace(found, selected=ordered)).failures == (
        Failure("lots", str(least), str(high)),
    )


def test_so_many_equals_that_the_tie_order_is_left_unchecked_is_said():
    pool = Pool.of([str(n) for n in range(2_100)], [0] * 2_100, {"women": ["yes", "no"] * 1_050})
    plan = SeatPlan(5, (Quota("women", WOMEN, min=1),))
    checked = verify(pool, plan, "seed", choose(pool, plan, "seed"))
    assert (checked.failures, checked.ties_checked) == ((), False)
