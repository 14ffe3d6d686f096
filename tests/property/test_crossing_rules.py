"""Many random rounds with crossing rules and ratio rows: equal to trying every set, and to a plain programme."""

from __future__ import annotations

from fractions import Fraction
from random import Random

import pytest

from cohort.rules.conflicts import conflict, relaxation, relaxed
from cohort.rules.pool import Pool
from cohort.rules.quotas import Quota, SeatPlan
from cohort.rules.selection import choose
from cohort.rules.verifier import verify
from tests.property.brute_cohort import best_cohort
from tests.property.sizes import examples
from tests.property.test_selection import by_plain_programme

VALUES = {"country": ("CL", "CO", "MX"), "women": ("yes", "no"), "sector": ("food", "textile"), "size": ("micro", "small")}
CHUNKS = 8
SMALL, LARGE = "random small rounds with crossing rules, against every set", "random rounds of 300 applicants, against a plain programme"


def people_of(random, count, scores):
    return [
        {"id": f"f{n}", "score": random.choice(scores)(), **{name: random.choice(values) for name, values in VALUES.items()}}
        for n in range(count)
    ]


def pool_of(people):
    return Pool.of(
        [one["id"] for one in people], [one["score"] for one in people],
        {name: [one[name] for one in people] for name in VALUES},
    )


def crossing(random, most=2):
    """A condition on one to `most` attributes, each with one or more values."""
    names = random.sample(sorted(VALUES), random.randint(1, most))
    return {name: tuple(random.sample(VALUES[name], random.randint(1, len(VALUES[name]) - 1))) for name in names}


def small_rule(random, number, seats):
    where, kind = crossing(random), random.choice(["min", "max", "both", "share", "ratio", "ratio", "ratio max", "ratio both"])
    name = f"rule {number}"
    if kind in {"min", "max", "both"}:
        least, most = sorted((random.randint(0, seats), random.randint(0, seats)))
        return Quota(name, where, None if kind == "max" else least // 2, None if kind == "min" else most)
    share = Fraction(random.randint(1, 4), random.randint(4, 7))
    if kind == "share":
        return Quota(name, where, min_share=share * Fraction(1, 2))
    of = {key: values for key, values in crossing(random).items() if key not in where} or {"sector": ("food",)}
    limits = {"ratio": (share, None), "ratio max": (None, share), "ratio both": (share * Fraction(1, 3), share)}[kind]
    return Quota(name, where, min_share=limits[0], max_share=limits[1], of=of)


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_small_rounds_are_those_of_trying_every_set(chunk, record_property):
    random = Random(f"small {chunk}")
    count = examples(40, 250)
    for _ in range(count):
        scores = random.choice([(lambda: random.randrange(1_000_000),), (lambda: 600_000, lambda: 610_000, lambda: 90_000)])
        people = people_of(random, random.randint(4, 10), scores)
        seats = random.randint(2, min(len(people), 5))
        plan = SeatPlan(seats, tuple(small_rule(random, n, seats) for n in range(random.randint(2, 6))))
        expected = best_cohort(people, seats, plan.quotas, "seed")
        pool = pool_of(people)
        found = choose(pool, plan, "seed")
        answer = (set(found.selected), found.objective) if found.selected else None
        assert answer == expected, (people, plan)
        assert verify(pool, plan, "seed", found).failures == ()
        if expected is None:
            holds_for_conflict(people, plan, pool)
    record_property(SMALL, count)


def holds_for_conflict(people, plan, pool):
    """The conflict cannot hold and is irreducible; the relaxation makes room."""
    clash = [quota for quota in plan.quotas if quota.name in conflict(pool, plan)]
    assert best_cohort(people, plan.seats, clash, "") is None
    for quota in clash:
        assert best_cohort(people, plan.seats, [one for one in clash if one is not quota], "") is not None
    assert best_cohort(people, plan.seats, relaxed(plan, relaxation(pool, plan)).quotas, "") is not None


def large_plan(random, seats):
    """Rules that mostly fit: parity, countries, sectors and sizes, crossings, and ratio rows."""
    quotas = [Quota("women", {"women": ("yes",)}, min_share=Fraction(random.choice([2, 3, 5]), 6))]
    for one in VALUES["country"]:
        quotas.append(Quota(one, {"country": (one,)}, min=seats // 5, max=seats // 2))
        quotas.append(Quota(f"women {one}", {"women": ("yes",)}, min_share=Fraction(2, 5), of={"country": (one,)}))
    for one in VALUES["sector"]:
        share = Fraction(random.choice([2, 3]), random.choice([5, 7]))
        quotas.append(Quota(f"women of {one}", {"women": ("yes",)}, min_share=share, of={"sector": (one,)}))
    where = {"country": (random.choice(VALUES["country"]),), "size": ("micro",)}
    quotas.append(Quota("crossed", where, min=random.randint(0, seats // 6), max=seats // 3))
    quotas.append(Quota("micro", {"size": ("micro",)}, max_share=Fraction(random.randint(2, 4), 6), of={"women": ("no",)}))
    return SeatPlan(seats, tuple(quotas))


@pytest.mark.parametrize("chunk", range(4))
def test_three_hundred_applicants_reach_the_total_of_a_plain_programme(chunk, record_property):
    random = Random(f"large {chunk}")
    count = examples(3, 26)
    for _ in range(count):
        scores = random.choice([(lambda: random.randrange(1_000_000),), (lambda: random.randrange(40, 100) * 10_000,)])
        people = people_of(random, 300, scores)
        plan = large_plan(random, random.randint(20, 90))
        found = choose(pool_of(people), plan, "seed")
        assert found.objective == by_plain_programme(people, plan), plan
        assert verify(pool_of(people), plan, "seed", found).failures == ()
    record_property(LARGE, count)
