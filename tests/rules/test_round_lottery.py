"""A round's lottery: country limits and parity hold, bands go first, empty seats stay empty."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from cohort.rules.round_lottery import lottery_of_round
from cohort.rules.round_question import RoundQuestion
from cohort.rules.shortfall import Applicant, ParityRule

LIMITS = {"CL": (2, 2), "PE": (2, 2)}
EQUAL = ParityRule()


def lottery(applicants, parity=EQUAL, edges=(), limits=LIMITS):
    return lottery_of_round(RoundQuestion(tuple(applicants), 4, limits, parity, "2026", edges=edges))


def drawn(found, seed):
    again = replace(found.question, seed=seed)
    return lottery_of_round(again, found.lottery).selection().selected


def firms(*kinds):
    """Applicants from (how many, points, country, womens), ids f1, f2, … in that order."""
    rows = [kind[1:] for kind in kinds for _ in range(kind[0])]
    return [Applicant(f"f{n}", points * 10_000, country, womens) for n, (points, country, womens) in enumerate(rows, start=1)]


POOL = firms((2, 90, "CL", "yes"), (4, 80, "CL", "no"), (3, 70, "PE", "yes"), (3, 60, "PE", "unknown"))


def test_chances_are_as_equal_as_countries_and_parity_allow():
    found = lottery(POOL)
    chances = found.lottery.chances
    assert (found.lottery.least, found.lottery.bound, sum(chances.values())) == (Fraction(1, 4), Fraction(1, 4), 4)
    assert {chances[f"f{n}"] for n in (3, 4, 5, 6)} == {Fraction(1, 4)}
    for seed in ("1", "2", "3"):
        chosen = drawn(found, seed)
        people = [one for one in POOL if one.id in chosen]
        assert [sum(one.country == each for one in people) for each in ("CL", "PE")] == [2, 2]
        assert all(sum(one.womens == "yes" for one in people if one.country == each) >= 1 for each in ("CL", "PE"))
        assert found.failures(seed, chosen) == ()
    assert found.failures("1", drawn(found, "1")[1:]) != ()


def test_a_better_band_is_seated_first():
    found = lottery(POOL, edges=(850_000, 650_000))
    assert {one: chance for one, chance in found.lottery.chances.items() if chance} == {
        "f1": 1, "f2": 1, **dict.fromkeys(("f7", "f8", "f9"), Fraction(2, 3)),
    }


def test_a_reserved_seat_stays_empty_and_the_others_are_drawn():
    few = firms((1, 90, "CL", "yes"), (4, 80, "CL", "no"), (1, 60, "PE", "no"), (3, 50, "PE", "no"))
    found = lottery(few)
    assert (found.decision.shortfall, found.vacant) == ("reserve", ("empty seat PE 1",))
    assert found.lottery.chances == {
        "f1": 1, **dict.fromkeys((f"f{n}" for n in range(2, 6)), Fraction(1, 4)),
        **dict.fromkeys((f"f{n}" for n in range(6, 10)), Fraction(1, 4)),
    }
    assert (len(drawn(found, "x")), found.failures("x", drawn(found, "x"))) == (3, ())
    released = lottery(few, ParityRule(shortfall="release"))
    assert (released.vacant, len(drawn(released, "x")), released.failures("x", drawn(released, "x"))) == ((), 4, ())


def test_nothing_is_drawn_where_no_cohort_keeps_every_rule():
    found = lottery(POOL, ParityRule(per_country=False), limits={"CL": (2, 2), "PE": (9, 9)})
    assert (found.lottery.status, drawn(found, "x"), found.decision.conflict) == ("infeasible", (), ("country:PE",))
