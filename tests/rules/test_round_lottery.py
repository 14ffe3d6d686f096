"""A round's lottery: country limits and parity hold, bands go first, empty seats stay empty, stayers stay."""

from __future__ import annotations

from fractions import Fraction

from cohort.rules.round_lottery import lottery_of_round
from cohort.rules.shortfall import Applicant, ParityRule

LIMITS = {"CL": (2, 2), "PE": (2, 2)}


def firms(*kinds):
    """Applicants from (how many, points, country, womens), ids f1, f2, … in that order."""
    rows = [kind[1:] for kind in kinds for _ in range(kind[0])]
    return [Applicant(f"f{n}", points * 10_000, country, womens) for n, (points, country, womens) in enumerate(rows, start=1)]


POOL = firms((2, 90, "CL", "yes"), (4, 80, "CL", "no"), (3, 70, "PE", "yes"), (3, 60, "PE", "unknown"))


def test_chances_are_as_equal_as_countries_and_parity_allow():
    found = lottery_of_round(POOL, 4, LIMITS, ParityRule())
    chances = found.lottery.chances
    assert (found.lottery.least, found.lottery.bound, sum(chances.values())) == (Fraction(1, 4), Fraction(1, 4), 4)
    assert {chances[f"f{n}"] for n in (3, 4, 5, 6)} == {Fraction(1, 4)}
    for seed in ("1", "2", "3"):
        drawn = found.drawn(seed)
        people = [one for one in POOL if one.id in drawn]
        assert [sum(one.country == each for one in people) for each in ("CL", "PE")] == [2, 2]
        assert all(sum(one.womens == "yes" for one in people if one.country == each) >= 1 for each in ("CL", "PE"))
        assert found.failures(seed, drawn) == ()
    assert found.failures("1", found.drawn("1")[1:]) != ()


def test_a_better_band_is_seated_first():
    found = lottery_of_round(POOL, 4, LIMITS, ParityRule(), (850_000, 650_000))
    assert {one: chance for one, chance in found.lottery.chances.items() if chance} == {
        "f1": 1, "f2": 1, **dict.fromkeys(("f7", "f8", "f9"), Fraction(2, 3)),
    }


def test_a_reserved_seat_stays_empty_and_the_others_are_drawn():
    few = firms((1, 90, "CL", "yes"), (4, 80, "CL", "no"), (1, 60, "PE", "no"), (3, 50, "PE", "no"))
    found = lottery_of_round(few, 4, LIMITS, ParityRule())
    assert (found.decision.shortfall, found.vacant) == ("reserve", ("empty seat PE 1",))
    assert found.lottery.chances == {
        "f1": 1, **dict.fromkeys((f"f{n}" for n in range(2, 6)), Fraction(1, 4)),
        **dict.fromkeys((f"f{n}" for n in range(6, 10)), Fraction(1, 4)),
    }
    assert (len(found.drawn("x")), found.failures("x", found.drawn("x"))) == (3, ())
    released = lottery_of_round(few, 4, LIMITS, ParityRule(shortfall="release"))
    assert (released.vacant, len(released.drawn("x")), released.failures("x", released.drawn("x"))) == ((), 4, ())


def test_those_who_stay_are_seated_beside_the_draw():
    found = lottery_of_round(POOL, 4, LIMITS, ParityRule(), stayers=["f3", "f7"], barred=["f1"])
    assert found.lottery.chances == {
        "f2": 1, **dict.fromkeys(("f4", "f5", "f6"), 0), **dict.fromkeys(("f8", "f9", "f10", "f11", "f12"), Fraction(1, 5)),
    }
    assert set(found.drawn("x")) >= {"f2", "f3", "f7"}
    assert found.failures("x", found.drawn("x")) == ()


def test_nothing_is_drawn_where_no_cohort_keeps_every_rule():
    found = lottery_of_round(POOL, 4, {"CL": (2, 2), "PE": (9, 9)}, ParityRule(per_country=False))
    assert (found.lottery.status, found.drawn("x"), found.decision.conflict) == ("infeasible", (), ("country:PE",))


def test_no_seat_is_left_to_draw_when_those_who_stay_hold_all():
    found = lottery_of_round(POOL, 4, LIMITS, ParityRule(), stayers=["f1", "f3", "f7", "f10"])
    assert (found.lottery.least, found.lottery.bound, set(found.lottery.chances.values())) == (0, 0, {0})
    assert (found.drawn("x"), found.failures("x", found.drawn("x"))) == (("f1", "f10", "f3", "f7"), ())
    everybody = lottery_of_round(POOL[:2], 2, {"CL": (0, 2)}, ParityRule(), stayers=["f1", "f2"])
    assert (everybody.lottery.kinds, everybody.drawn("x"), everybody.failures()) == ((), ("f1", "f2"), ())
