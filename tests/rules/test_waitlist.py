"""The waitlist and who is called: for one leaver the first who keeps every rule; for several the best together."""

from __future__ import annotations

from fractions import Fraction

import pytest

from cohort.rules.lots import draw
from cohort.rules.pool import Pool
from cohort.rules.quotas import Quota, SeatPlan
from cohort.rules.selection import choose
from cohort.rules.waitlist import replace, waitlist

POOL = Pool.of(
    list("abcdefgh"), [90, 85, 80, 75, 70, 60, 60, 50],
    {"women": ["no", "no", "yes", "no", "yes", "yes", "yes", "no"]},
)
PLAN = SeatPlan(4, (Quota("women", {"women": ("yes",)}, min_share=Fraction(1, 2)),))
CHOSEN = choose(POOL, PLAN, "seed").selected
EQUALS = tuple(sorted("fg", key=lambda one: draw(POOL.ids, "seed")[POOL.ids.index(one)]))


def test_the_unchosen_wait_by_score_then_lot():
    assert CHOSEN == ("a", "b", "c", "e")
    assert waitlist(POOL, CHOSEN, "seed") == ("d", *EQUALS, "h")
    assert waitlist(POOL, CHOSEN, "seed", lots=draw(POOL.ids, "seed"), barred=["d"]) == (*EQUALS, "h")


@pytest.mark.parametrize(
    ("leavers", "barred", "selected"),
    [
        (["a"], [], ("b", "c", "d", "e")),
        (["c"], [], ("a", "b", "e", EQUALS[0])),
        (["c"], [EQUALS[0]], ("a", "b", "e", EQUALS[1])),
        (["a", "c"], [], ("b", "d", "e", EQUALS[0])),
        ([], [], CHOSEN),
    ],
)
def test_the_best_that_keeps_every_rule_is_called_with_the_stayers_seated(leavers, barred, selected):
    assert replace(POOL, PLAN, "seed", CHOSEN, leavers, barred=barred).selected == selected


def test_nobody_may_fit():
    assert replace(POOL, PLAN, "seed", CHOSEN, ["c"], barred=["f", "g"]).status == "infeasible"
