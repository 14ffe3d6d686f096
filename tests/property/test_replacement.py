"""Replacements equal those of trying every set that may enter, empty seats included; who is passed over breaks a rule."""

from __future__ import annotations

import itertools
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from cohort.rules.quotas import Quota
from cohort.rules.replacement import replacement
from cohort.rules.round_question import RoundQuestion
from cohort.rules.shortfall import Applicant, ParityRule
from tests.property.brute_cohort import keeps, lots_of
from tests.property.sizes import examples

COUNTRIES = ("CL", "PE")


@st.composite
def rounds(draw):
    firms = [
        Applicant(
            f"f{number}", draw(st.sampled_from([50, 60, 60, 70, 90])), draw(st.sampled_from(COUNTRIES)),
            draw(st.sampled_from(["yes", "yes", "no", "unknown"])), {"sector": draw(st.sampled_from(["food", "textile"]))},
        )
        for number in range(draw(st.integers(4, 9)))
    ]
    limits = {country: (draw(st.integers(0, 1)), draw(st.integers(2, 3))) for country in COUNTRIES}
    parity = ParityRule(draw(st.sampled_from([Fraction(1, 2), Fraction(1, 3)])), per_country=draw(st.booleans()))
    quotas = draw(st.sampled_from([
        (), (Quota("food", {"sector": ("food",)}, max=2),),
        (Quota("women of food", {"womens": ("yes",)}, min_share=Fraction(2, 5), of={"sector": ("food",)}),),
    ]))
    return RoundQuestion(tuple(firms), draw(st.integers(2, 4)), limits, parity, "seed", quotas)


def rules_of(sealed):
    """The sealed rules as quotas, written down from domain.md §8."""
    share = sealed.parity.share
    limits = [Quota(one, {"country": (one,)}, min=low, max=high) for one, (low, high) in sealed.limits.items()]
    parity = [Quota("parity", {"womens": ("yes",)}, min_share=share)]
    if sealed.parity.per_country:
        parity += [Quota(one, {"womens": ("yes",)}, min_share=share, of={"country": (one,)}) for one in COUNTRIES]
    return [*limits, *parity, *sealed.quotas]


def person(one):
    return {"id": one.id, "score": one.score, "country": one.country, "womens": one.womens, **one.attributes}


def best_entrants(sealed, stayers, barred):
    """(fewest empty seats, best total, least lots), and every set of ids that reaches it; None when nothing does."""
    people = [person(one) for one in sealed.applicants]
    lots = lots_of([one["id"] for one in people], sealed.seed)
    seated = [one for one in people if one["id"] in stayers]
    free = [one for one in people if one["id"] not in stayers and one["id"] not in barred]
    best, reached = None, []
    for empty in itertools.product(*(range(sealed.limits[one][1] + 1) for one in COUNTRIES)):
        vacant = [
            {"id": f"empty {country} {n}", "score": 0, "country": country, "womens": "yes", "sector": ""}
            for country, count in zip(COUNTRIES, empty, strict=True) for n in range(count)
        ]
        for group in itertools.combinations(free, max(sealed.seats - len(seated) - len(vacant), 0)):
            everyone = [*seated, *vacant, *group]
            if len(everyone) != sealed.seats or not all(keeps(rule, sealed.seats, everyone) for rule in rules_of(sealed)):
                continue
            ids = {one["id"] for one in group}
            key = (len(vacant), -sum(one["score"] for one in group), sum(lots[one] for one in ids))
            if best is None or key < best:
                best, reached = key, []
            if key == best:
                reached.append(ids)
    return best, reached


@settings(max_examples=examples(100, 1_500), deadline=None)
@given(rounds(), st.randoms(use_true_random=False))
def test_the_best_set_enters_and_who_is_passed_over_breaks_the_rules_named(sealed, random):
    decision = sealed.decide()
    if not decision.selected:
        return
    seated = set(decision.selected)
    leavers = set(random.sample(sorted(seated), random.randint(1, len(seated))))
    others = [one.id for one in sealed.applicants if one.id not in seated]
    barred = {one for one in others if random.random() < 0.2}
    stayers = seated - leavers
    found = replacement(sealed, stayers, leavers | barred)
    best, reached = best_entrants(sealed, stayers, leavers | barred)
    assert (found.found.status == "optimal") == (best is not None)
    if best is None:
        assert found.enters == ()
        return
    assert set(found.enters) in reached
    assert sum(found.found.empty.values()) == best[0]
    people = {one.id: person(one) for one in sealed.applicants}
    lots = lots_of(people, sealed.seed)
    waiting = sorted(set(others) - barred, key=lambda one: (-people[one]["score"], lots[one]))
    for passed in found.passed_over:
        assert waiting[passed.place - 1] == passed.id
        assert passed.rules
    if len(leavers) == 1 and not best[0]:
        after = [people[one] for one in stayers]
        fits = [
            one for one in waiting
            if all(keeps(rule, sealed.seats, [*after, people[one]]) for rule in rules_of(sealed))
        ]
        assert found.enters == (fits[0],)
        assert [one.id for one in found.passed_over] == waiting[: waiting.index(fits[0])]
    elif not best[0]:
        last = max([waiting.index(one) for one in found.enters], default=-1)
        assert {one.id for one in found.passed_over} | set(found.enters) == set(waiting[: last + 1])
    else:
        assert {one.id for one in found.passed_over} | set(found.enters) == set(waiting)
