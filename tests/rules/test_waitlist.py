"""The waitlist: by score, then lot; whoever is barred is not on it."""

from __future__ import annotations

from fractions import Fraction

from cohort.rules.lots import draw
from cohort.rules.pool import Pool
from cohort.rules.quotas import Quota, SeatPlan
from cohort.rules.selection import choose
from cohort.rules.waitlist import waitlist

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
