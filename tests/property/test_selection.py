"""The optimiser equals brute force and a plain programme; rows may stand in any order; more firms never harm."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import combinations
from random import Random

import mip
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cohort.rules.conflicts import Change, conflict, relaxation, relaxed
from cohort.rules.pool import Pool
from cohort.rules.quotas import Quota, SeatPlan
from cohort.rules.selection import choose
from cohort.rules.verifier import verify
from tests.property.brute_cohort import best_cohort, keeps, matches
from tests.property.sizes import examples

COUNTRIES, WOMEN, SECTORS = ("CL", "CO", "MX"), ("yes", "no"), ("food", "textile")

conditions = st.one_of(
    st.lists(st.sampled_from(COUNTRIES), min_size=1, max_size=2, unique=True).map(lambda some: {"country": tuple(some)}),
    st.sampled_from(WOMEN).map(lambda one: {"women": (one,)}),
    st.tuples(st.sampled_from(COUNTRIES), st.sampled_from(WOMEN)).map(lambda two: {"country": two[:1], "women": two[1:]}),
)
shares = st.builds(Fraction, st.integers(0, 4), st.integers(4, 7))
limits = st.one_of(
    st.integers(0, 5).map(lambda least: {"min": least}),
    st.integers(0, 5).map(lambda most: {"max": most}),
    shares.map(lambda share: {"min_share": share}),
    shares.map(lambda share: {"max_share": share}),
    st.tuples(shares, conditions).map(lambda two: {"min_share": two[0], "of": two[1]}),
    st.tuples(shares, conditions).map(lambda two: {"max_share": two[0], "of": two[1], "max_over": Fraction(1, 2)}),
    st.tuples(shares, conditions).map(lambda two: {"min_share": two[0], "of": two[1], "min_short": Fraction(1)}),
)
scores = st.one_of(st.just(70), st.sampled_from([600_000, 610_000, 800_000]), st.integers(-40, 40))


@st.composite
def questions(draw, most=11):
    count = draw(st.integers(1, most))
    people = [
        {
            "id": f"f{number}", "score": draw(scores), "country": draw(st.sampled_from(COUNTRIES)),
            "women": draw(st.sampled_from(WOMEN)), "sector": draw(st.sampled_from(SECTORS)),
        }
        for number in range(count)
    ]
    parts = draw(st.lists(st.tuples(conditions, limits), max_size=4))
    quotas = tuple(Quota(f"rule {place}", where, **limit) for place, (where, limit) in enumerate(parts))
    return people, SeatPlan(draw(st.integers(1, count)), quotas)


def pool_of(people):
    names = ("country", "women", "sector")
    return Pool.of(
        [one["id"] for one in people], [one["score"] for one in people],
        {name: [one[name] for one in people] for name in names},
    )


@settings(max_examples=examples(150, 1_500), deadline=None)
@given(questions(), st.booleans())
def test_the_cohort_is_the_one_that_trying_every_set_finds(question, someone_fixed):
    people, plan = question
    stayers = [people[0]["id"]] if someone_fixed else []
    barred = [people[1]["id"]] if someone_fixed and len(people) > 1 else []
    expected = best_cohort(people, plan.seats, plan.quotas, "seed", stayers, barred)
    found = choose(pool_of(people), plan, "seed", stayers=stayers, barred=barred)
    if expected is None:
        assert (found.status, found.selected, found.objective) == ("infeasible", (), None)
    else:
        assert (found.status, set(found.selected), found.objective) == ("optimal", *expected)
    assert verify(pool_of(people), plan, "seed", found, stayers=stayers, barred=barred).failures == ()


@settings(max_examples=examples(40, 400), deadline=None)
@given(questions(), st.randoms(use_true_random=False))
def test_the_order_of_rows_and_rules_never_matters(question, random):
    people, plan = question
    shuffled, rules = people[:], list(plan.quotas)
    random.shuffle(shuffled)
    random.shuffle(rules)
    first = choose(pool_of(people), plan, "seed")
    second = choose(pool_of(shuffled), replace(plan, quotas=tuple(rules)), "seed")
    assert (first.status, first.selected, first.objective) == (second.status, second.selected, second.objective)


@settings(max_examples=examples(40, 400), deadline=None)
@given(questions(), scores, st.sampled_from(COUNTRIES), st.sampled_from(WOMEN))
def test_one_more_eligible_firm_never_lowers_the_best_total(question, score, country, women):
    people, plan = question
    before = choose(pool_of(people), plan, "seed")
    newcomer = {"id": "new", "score": score, "country": country, "women": women, "sector": "food"}
    after = choose(pool_of([*people, newcomer]), plan, "seed")
    assert before.status == "infeasible" or after.objective >= before.objective


@settings(max_examples=examples(80, 800), deadline=None)
@given(questions(most=7))
def test_a_conflict_is_irreducible_and_its_relaxation_suffices_and_is_least(question):
    people, plan = question
    pool = pool_of(people)
    clash = conflict(pool, plan)
    assert bool(clash) == (best_cohort(people, plan.seats, plan.quotas, "") is None)
    if not clash:
        assert relaxation(pool, plan) == ()
        return
    alone = [quota for quota in plan.quotas if quota.name in clash]
    assert best_cohort(people, plan.seats, alone, "") is None
    for quota in alone:
        assert best_cohort(people, plan.seats, [one for one in alone if one is not quota], "") is not None
    changes = relaxation(pool, plan)
    assert best_cohort(people, plan.seats, relaxed(plan, changes).quotas, "") is not None
    assert places_moved(plan, changes, people) == least_places_moved(plan, people)


@settings(max_examples=examples(40, 400), deadline=None)
@given(questions(most=6), st.sampled_from(COUNTRIES), st.integers(0, 3), st.integers(1, 3))
def test_a_rule_whose_least_is_above_its_most_clashes_alone_and_moves_the_least(question, country, most, gap):
    people, plan = question
    crossed = Quota("crossed", {"country": (country,)}, min=most + gap, max_share=Fraction(min(most, plan.seats), plan.seats))
    pool, plan = pool_of(people), SeatPlan(plan.seats, (*plan.quotas, crossed))
    if len(people) < plan.seats:
        return
    assert conflict(pool, SeatPlan(plan.seats, (crossed,))) == ("crossed",)
    changes = relaxation(pool, plan)
    assert best_cohort(people, plan.seats, relaxed(plan, changes).quotas, "") is not None
    assert places_moved(plan, changes, people) == least_places_moved(plan, people)


def missed(quota, seats, group):
    """By how many places, in all, a group misses the two limits of a quota."""
    among = group if quota.of is None else [one for one in group if matches(one, quota.of)]
    count = sum(matches(one, quota.where) for one in among)
    total = seats if quota.of is None else len(among)
    least, most = Fraction(quota.min or 0), Fraction(seats if quota.max is None else quota.max)
    if quota.min_share is not None:
        asked = quota.min_share * total - quota.min_short
        least = max(least, asked if quota.of else Fraction(-(-asked.numerator // asked.denominator)))
    if quota.max_share is not None:
        left = quota.max_share * total + quota.max_over
        most = min(most, left if quota.of else Fraction(left.numerator // left.denominator))
    return max(least - count, Fraction(0)) + max(count - most, Fraction(0))


def groups(people, seats):
    return combinations(people, seats)


def least_places_moved(plan, people):
    return min(sum(missed(quota, plan.seats, group) for quota in plan.quotas) for group in groups(people, plan.seats))


def places_moved(plan, changes, people):
    """The least that any group keeping the changed rules misses the old ones by."""
    new = relaxed(plan, changes)
    kept = [group for group in groups(people, plan.seats) if all(keeps(quota, plan.seats, group) for quota in new.quotas)]
    return min(sum(missed(quota, plan.seats, group) for quota in plan.quotas) for group in kept)


def by_plain_programme(people, plan):
    """The best total by one binary a person in CBC; None when nothing fits."""
    model = mip.Model(sense=mip.MAXIMIZE, solver_name=mip.CBC)
    model.verbose = 0
    model.max_mip_gap = model.max_mip_gap_abs = 1e-9
    chosen = [model.add_var(var_type=mip.BINARY) for _ in people]
    pairs = list(zip(people, chosen, strict=True))
    model.objective = mip.xsum(one["score"] * taken for one, taken in pairs)
    model += mip.xsum(chosen) == plan.seats
    for quota in plan.quotas:
        base = [(one, taken) for one, taken in pairs if quota.of is None or matches(one, quota.of)]
        count = mip.xsum(taken for one, taken in base if matches(one, quota.where))
        total = mip.xsum(taken for _one, taken in base)
        if quota.min is not None:
            model += count >= quota.min
        if quota.max is not None:
            model += count <= quota.max
        if quota.min_share is not None:
            model += quota.min_share.denominator * count >= quota.min_share.numerator * total
        if quota.max_share is not None:
            model += quota.max_share.denominator * count <= quota.max_share.numerator * total
    status = model.optimize()
    return round(model.objective_value) if status == mip.OptimizationStatus.OPTIMAL else None


@pytest.mark.parametrize("kind", ["decimals", "whole points", "few levels", "impossible"])
def test_three_hundred_applicants_reach_the_total_of_a_plain_programme(kind):
    random = Random(kind)
    steps = {"decimals": 1, "whole points": 10_000, "few levels": 200_000, "impossible": 1}[kind]
    people = [
        {
            "id": f"f{number}", "score": random.randrange(1_000_000) // steps * steps, "country": random.choice(COUNTRIES),
            "women": random.choice(("yes", "no", "no")), "sector": random.choice(SECTORS),
        }
        for number in range(300)
    ]
    quotas = [
        Quota("women", {"women": ("yes",)}, min_share=Fraction(1, 2)),
        *(Quota(one, {"country": (one,)}, min=18, max=25 if kind != "impossible" else 19) for one in COUNTRIES),
        *(Quota(f"women {one}", {"women": ("yes",)}, min_share=Fraction(2, 5), of={"sector": (one,)}) for one in SECTORS),
        Quota("food", {"sector": ("food",)}, max_share=Fraction(2, 5)),
        Quota("women of CL", {"women": ("yes",), "country": ("CL",)}, max=11),
    ]
    plan = SeatPlan(60, tuple(quotas))
    found = choose(pool_of(people), plan, "seed")
    assert found.objective == by_plain_programme(people, plan)
    assert verify(pool_of(people), plan, "seed", found).failures == ()
    assert (found.status == "infeasible") == (kind == "impossible")


def test_a_relaxation_names_the_rule_its_limit_and_both_values():
    people = [{"id": str(n), "score": n, "country": "CL", "women": "no", "sector": "food"} for n in range(4)]
    plan = SeatPlan(3, (Quota("women", {"women": ("yes",)}, min=2), Quota("CL", {"country": ("CL",)}, max=2)))
    assert conflict(pool_of(people), plan) == ("CL",)
    assert relaxation(pool_of(people), plan) == (
        Change("women", "min", Fraction(2), Fraction(0)), Change("CL", "max", Fraction(2), Fraction(3)),
    )
