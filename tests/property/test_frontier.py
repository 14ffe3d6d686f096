"""The frontier equals trying every set at each step, and takes few solves; so do prices, conflicts and relaxations."""

from __future__ import annotations

import sys
from collections import Counter
from fractions import Fraction
from random import Random

import pytest
from hypothesis import given, settings

from cohort.rules.conflicts import conflict, relaxation
from cohort.rules.explain import prices
from cohort.rules.frontier import TWENTIETHS, Point, at_share, frontier, parity_rules
from cohort.rules.optimum import maximise
from cohort.rules.quotas import Quota, SeatPlan
from cohort.rules.selection import choose
from cohort.rules.shortfall import Applicant, ParityRule, question_of
from tests.property.brute_cohort import best_cohort
from tests.property.sizes import examples
from tests.property.test_selection import COUNTRIES, pool_of, questions

SHARES = tuple(Fraction(step, 6) for step in range(7))


@settings(max_examples=examples(40, 400), deadline=None)
@given(questions(most=8))
def test_the_best_total_of_each_share_is_that_of_trying_every_set(question):
    people, plan = question
    women = Quota("women", {"women": ("yes",)}, min_share=Fraction(1, 2), max=3)
    plan = SeatPlan(plan.seats, (women, *plan.quotas))
    found = frontier(pool_of(people), plan, ["women"], SHARES[::-1])
    for share, point in zip(SHARES, found, strict=True):
        best = best_cohort(people, plan.seats, at_share(plan, ["women"], share).quotas, "")
        assert (point.share, point.total) == (share, None if best is None else best[1])
        assert best is None or share * plan.seats <= point.count <= plan.seats


def solves(action):
    """How many choices are solved to a proof while the action runs, and its answer."""
    counted = Counter()
    sys.setprofile(lambda frame, event, _: counted.update([frame.f_code]) if event == "call" else None)
    try:
        answer = action()
    finally:
        sys.setprofile(None)
    return counted[maximise.__code__], answer


def round_of(count=300, women=("yes", "no", "no")):
    random = Random("frontier")
    people = [
        {"id": f"f{n}", "score": random.randrange(1_000_000), "country": random.choice(COUNTRIES),
         "women": random.choice(women), "sector": random.choice(("food", "textile"))}
        for n in range(count)
    ]
    quotas = (
        Quota("women", {"women": ("yes",)}, min_share=Fraction(1, 2)),
        *(Quota(one, {"country": (one,)}, min=6, max=10) for one in COUNTRIES),
        *(Quota(f"women {one}", {"women": ("yes",)}, min_share=Fraction(2, 5), of={"country": (one,)}) for one in COUNTRIES),
    )
    return people, SeatPlan(25, quotas)


def test_a_frontier_takes_one_solve_for_each_change_of_the_cohort():
    people, plan = round_of()
    taken, found = solves(lambda: frontier(pool_of(people), plan, ["women"]))
    totals = [point.total for point in found]
    assert [point.share for point in found] == list(TWENTIETHS)
    assert None not in totals
    assert totals == sorted(totals, reverse=True)
    assert taken == len(set(totals)) < len(TWENTIETHS)


def test_a_frontier_ends_where_no_cohort_has_the_share():
    people, plan = round_of(women=("no",))
    people[0]["women"] = "yes"
    bare = SeatPlan(25, plan.quotas[:4])
    taken, found = solves(lambda: frontier(pool_of(people), bare, ["women"], stayers=["f1"], barred=["f2"]))
    assert [point.total is None for point in found] == [False] + [True] * 20
    assert (taken, found[-1]) == (2, Point(Fraction(1), None, None))


def test_every_price_takes_one_solve_at_most():
    people, plan = round_of()
    pool = pool_of(people)
    found = choose(pool, plan, "seed")
    taken, answer = solves(lambda: prices(pool, plan, found))
    costly = [name for name, price in answer.by_rule.items() if price]
    assert len(costly) <= taken <= len(plan.quotas)


def test_a_conflict_and_its_relaxation_choose_nobody_so_they_take_no_solve():
    people, plan = round_of(women=("no",))
    pool = pool_of(people)
    taken, (clash, changes) = solves(lambda: (conflict(pool, plan), relaxation(pool, plan)))
    assert (taken, clash) == (0, ("women CL", "women CO", "women MX"))
    assert {change.name for change in changes} == {"women", "women CL", "women CO", "women MX"}


def test_a_rounds_parity_moves_overall_and_in_each_country():
    applicants = [
        Applicant("a", 90, "CL", "no"), Applicant("b", 80, "CL", "yes"), Applicant("c", 70, "PE", "no"),
        Applicant("d", 40, "PE", "yes"),
    ]
    pool, plan = question_of(applicants, 2, {"CL": (1, 1), "PE": (1, 1)}, ParityRule(mode="balanced"))
    assert parity_rules(plan) == ("parity", "parity:CL", "parity:PE")
    halves = (Fraction(0), Fraction(1, 2), Fraction(1))
    assert frontier(pool, plan, parity_rules(plan), halves) == (
        Point(Fraction(0), 160, 0), Point(Fraction(1, 2), 120, 2), Point(Fraction(1), 120, 2),
    )
    assert frontier(pool, plan, ["parity"], halves, barred=["d"])[1:] == (
        Point(Fraction(1, 2), None, None), Point(Fraction(1), None, None),
    )


def test_a_frontier_of_no_rule_is_an_error():
    people, plan = round_of()
    with pytest.raises(ValueError, match=r"^no rule of the plan has one of these names$"):
        frontier(pool_of(people), plan, ["men"])
