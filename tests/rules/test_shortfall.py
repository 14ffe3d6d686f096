"""A round under the parity rule: the vectors of domain.md 8, countries, and what is kept empty."""

from __future__ import annotations

from fractions import Fraction

import pytest

from cohort.rules.conflicts import Change
from cohort.rules.quotas import Quota
from cohort.rules.shortfall import Applicant, ParityRule, decide, womens


def firms(women, others, country="CL", best=700_000, attributes=None):
    """Women's firms w0, w1, … from `best` down, and others o0, o1, … from 90 points down."""
    own = [Applicant(f"{country}-w{n}", best - n * 1_000, country, "yes", attributes or {}) for n in range(women)]
    rest = [Applicant(f"{country}-o{n}", 900_000 - n * 1_000, country, "no", attributes or {}) for n in range(others)]
    return own + rest


def parts(round_):
    """Women's firms, others, and empty seats a country."""
    women = sum("-w" in one for one in round_.selected)
    return women, len(round_.selected) - women, dict(round_.empty)


@pytest.mark.parametrize(
    ("applicants", "seats", "rule", "expected"),
    [
        (firms(10, 10), 5, ParityRule(), (3, 2, {"CL": 0})),
        (firms(4, 20), 10, ParityRule(shortfall="reserve"), (4, 5, {"CL": 1})),
        (firms(4, 20), 10, ParityRule(shortfall="release"), (4, 6, {"CL": 0})),
        (firms(4, 20), 10, ParityRule(shortfall="mirror"), (4, 4, {"CL": 2})),
        (firms(8, 20, best=990_000), 10, ParityRule(), (8, 2, {"CL": 0})),
        (firms(8, 20, best=990_000), 10, ParityRule(mode="balanced"), (5, 5, {"CL": 0})),
        (firms(8, 20, best=990_000), 9, ParityRule(mode="balanced"), (5, 4, {"CL": 0})),
        (firms(0, 20), 10, ParityRule(share=Fraction(0)), (0, 10, {"CL": 0})),
    ],
)
def test_the_vectors_of_the_domain(applicants, seats, rule, expected):
    found = decide(applicants, seats, {"CL": (seats, seats)}, rule, "seed")
    assert (found.status, parts(found)) == ("optimal", expected)
    assert found.shortfall == (rule.shortfall if len(applicants) == 24 else None)


LIMITS = dict.fromkeys(("CL", "MX", "PE"), (10, 10))
THREE = firms(4, 20) + firms(10, 10, "PE") + firms(1, 2, "MX")


@pytest.mark.parametrize(
    ("shortfall", "expected"),
    [
        ("reserve", (10, 12, {"CL": 1, "MX": 7, "PE": 0})),
        ("release", (10, 13, {"CL": 0, "MX": 7, "PE": 0})),
        ("mirror", (10, 10, {"CL": 2, "MX": 8, "PE": 0})),
    ],
)
def test_countries_keep_their_own_seats_empty(shortfall, expected):
    found = decide(THREE, 30, LIMITS, ParityRule(shortfall=shortfall), "seed")
    assert (found.shortfall, parts(found)) == (shortfall, expected)


def test_parity_may_hold_overall_only():
    uneven = firms(10, 10) + firms(0, 10, "PE")
    limits = {"CL": (5, 5), "PE": (5, 5)}
    each = decide(uneven, 10, limits, ParityRule(), "seed")
    overall = decide(uneven, 10, limits, ParityRule(per_country=False), "seed")
    assert (parts(each), each.shortfall) == ((3, 4, {"CL": 0, "PE": 3}), "reserve")
    assert (parts(overall), overall.shortfall) == ((5, 5, {"CL": 0, "PE": 0}), None)


def test_the_public_parts_of_a_full_round():
    found = decide(firms(3, 3), 4, {"CL": (4, 4)}, ParityRule(), "seed")
    assert found.selected == ("CL-o0", "CL-o1", "CL-w0", "CL-w1")
    assert found.waitlist == ("CL-o2", "CL-w2")
    assert (found.objective, found.unconstrained_objective) == (3_198_000, 3_397_000)
    assert [(one.name, one.min, one.max, one.count) for one in found.quotas] == [
        ("country:CL", 4, 4, 4), ("parity", 2, None, 2), ("parity:CL", 2, None, 2),
    ]
    assert (dict(found.prices.by_rule), found.prices.together) == (
        {"country:CL": 0, "parity": 0, "parity:CL": 0}, 199_000,
    )
    assert {one: why.code for one, why in found.reasons.items()} == {
        "CL-o0": "in_by_score", "CL-o1": "in_by_score", "CL-o2": "out_by_rule",
        "CL-w0": "in_by_score", "CL-w1": "in_by_rule", "CL-w2": "out_by_score",
    }
    assert [(one.enters, one.leaves) for one in found.swaps] == [("CL-w1", "CL-o2")]


def test_other_quotas_and_criteria_before_the_draw_count():
    rural = [Applicant("r", 500_000, "CL", "yes", {"area": "rural"}, (2,)), Applicant("u", 900_000, "CL", "yes", {}, (1,))]
    equal = [Applicant(name, 800_000, "CL", "no", {}, (place,)) for name, place in (("x", 2), ("y", 1))]
    found = decide(rural + equal, 2, {"CL": (2, 2)}, ParityRule(), "seed", [Quota("rural", {"area": ("rural",)}, min=1)])
    assert found.selected == ("u", "r")
    plain = decide(equal + rural, 2, {"CL": (2, 2)}, ParityRule(), "seed")
    assert plain.selected == ("u", "y")


def test_stayers_keep_their_seats_and_leavers_stay_out():
    first = decide(firms(3, 5), 4, {"CL": (4, 4)}, ParityRule(), "seed")
    stayers = [one for one in first.selected if one != "CL-w0"]
    second = decide(firms(3, 5), 4, {"CL": (4, 4)}, ParityRule(), "seed", (), stayers, ["CL-w0"])
    assert second.selected == ("CL-o0", "CL-o1", "CL-w1", "CL-w2")


@pytest.mark.parametrize("shortfall", ["reserve", "release", "mirror"])
def test_a_round_that_even_empty_seats_cannot_save_names_the_clash(shortfall):
    quotas = [Quota("rural", {"country": ("CL",)}, max=1)]  # an empty seat is a seat of its country too
    found = decide(firms(4, 4), 4, {"CL": (4, 4)}, ParityRule(shortfall=shortfall), "seed", quotas)
    assert (found.status, found.selected, found.conflict) == ("infeasible", (), ("rural",))
    assert found.relaxation == (Change("rural", "max", Fraction(1), Fraction(4)),)
    assert found.unconstrained_objective == 3_594_000


def test_release_may_still_be_impossible():
    """The floor is lowered by the seat reserved for women's firms, but a rule of its own asks for them too."""
    quotas = [Quota("women too", {"womens": ("yes",)}, min=5)]
    found = decide(firms(4, 20), 10, {"CL": (10, 10)}, ParityRule(shortfall="release"), "seed", quotas)
    assert (found.status, found.conflict) == ("infeasible", ("women too",))


@pytest.mark.parametrize(("share", "mode"), [(Fraction(-1, 2), "at_least"), (Fraction(3, 2), "at_least"), (Fraction(2, 5), "balanced")])
def test_a_parity_rule_that_means_nothing_is_refused(share, mode):
    with pytest.raises(ValueError, match=r"^a parity share lies between 0 and 1, and is one half when balanced$"):
        ParityRule(share=share, mode=mode)


@pytest.mark.parametrize(
    ("owned", "led", "answers"),
    [
        ("yes", "no", ("yes", "yes", "no", "no")),
        ("no", "yes", ("yes", "no", "yes", "no")),
        ("no", "no", ("no", "no", "no", "no")),
        ("yes", "yes", ("yes", "yes", "yes", "yes")),
        ("unknown", "no", ("unknown", "unknown", "no", "no")),
        ("unknown", "yes", ("yes", "unknown", "yes", "unknown")),
        ("unknown", "unknown", ("unknown", "unknown", "unknown", "unknown")),
    ],
)
def test_what_counts_for_parity_is_three_valued(owned, led, answers):
    assert tuple(womens(owned, led, counts) for counts in ("owned_or_led", "owned", "led", "both")) == answers
