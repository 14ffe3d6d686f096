"""Screening before reviews: vectors by hand, and the rule against a slow one that reads like its sentence."""

from __future__ import annotations

import doctest
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from cohort.rules import screening
from cohort.rules.lots import digest_of
from cohort.rules.screening import (
    Candidate,
    Screening,
    choice_worth,
    screened,
    screened_late,
    self_test_points,
)

SEED = "7" * 32
SENT, LEFT, FAILED = "sent", "not_among_best", "failed"


def test_points_are_the_mean_of_the_answers_and_an_open_one_counts_nothing() -> None:
    assert self_test_points([100, 0]) == 500_000
    assert self_test_points([Fraction(145, 2), None]) == 362_500
    assert self_test_points([100, 0, 0]) == 333_333
    assert self_test_points([100, 100, 0]) == 666_667
    assert self_test_points([Fraction(1, 20_000)]) == 0  # half to even, once
    assert self_test_points([Fraction(3, 20_000)]) == 2
    assert self_test_points([None]) == self_test_points([]) == 0
    assert [choice_worth(place, 4) for place in range(4)] == [0, Fraction(100, 3), Fraction(200, 3), 100]


def test_the_best_of_each_country_and_group_go_on() -> None:
    files = [
        Candidate("w1", 90, "PE", "yes"), Candidate("w2", 70, "PE", "yes"), Candidate("w3", 60, "PE", "yes"),
        Candidate("o1", 95, "PE", "no"), Candidate("o2", 80, "PE", "unknown"), Candidate("o3", 79, "PE", "no"),
        Candidate("o4", 49, "PE", "no"), Candidate("c1", 50, "CL", "no"), Candidate("c2", 0, "CL", "yes"),
        Candidate("x1", 100, "AR", "yes"),
    ]
    assert screened(files, {"PE": 1, "CL": 3}, 2, 50, SEED) == {
        "w1": Screening(SENT, 1), "w2": Screening(SENT, 2), "w3": Screening(LEFT, 3),
        "o1": Screening(SENT, 1), "o2": Screening(SENT, 2), "o3": Screening(LEFT, 3), "o4": Screening(FAILED, None),
        "c1": Screening(SENT, 1), "c2": Screening(FAILED, None), "x1": Screening(LEFT, 1),
    }
    assert screened([], {"PE": 1}, 2, 50, SEED) == {}


def test_equal_points_follow_the_published_seed() -> None:
    files = [Candidate(f"F{number}", 60, "CO", "no") for number in range(9)]
    order = sorted((one.id for one in files), key=lambda code: digest_of(SEED, code))
    found = screened(files, {"CO": 2}, 2, 60, SEED)
    assert sorted(found, key=lambda code: found[code].place or 0) == order
    assert [code for code in order if found[code].outcome == SENT] == order[:4]
    assert screened(files, {"CO": 2}, 2, 60, "another") != found
    small = [Candidate(one.id, one.points, one.country, one.womens, (int(one.id != order[-1]),)) for one in files]
    assert screened(small, {"CO": 2}, 2, 60, SEED)[order[-1]] == Screening(SENT, 1)


def test_a_late_file_is_held_against_those_screened_at_first() -> None:
    first = [Candidate("a", 90, "PE", "no"), Candidate("b", 80, "PE", "no"), Candidate("w", 60, "PE", "yes")]
    found = [
        screened_late(Candidate("late", points, "PE", womens), first, {"PE": 1}, 2, 50, SEED)
        for points, womens in ((95, "no"), (70, "no"), (49, "no"), (55, "yes"))
    ]
    assert found == [Screening(SENT, 1), Screening(LEFT, 3), Screening(FAILED, None), Screening(SENT, 2)]


FILES = st.lists(
    st.builds(
        Candidate, st.text("ABCDEFGH", min_size=1, max_size=4), st.integers(0, 6), st.sampled_from(["CL", "PE"]),
        st.sampled_from(["yes", "no", "unknown"])),
    max_size=14, unique_by=lambda one: one.id)


@given(FILES, st.integers(0, 3), st.integers(1, 3), st.integers(0, 5), st.text(max_size=4), st.randoms())
def test_the_rule_is_its_sentence_whatever_the_order_of_files(files, seats, multiple, pass_mark, seed, shuffled) -> None:  # type: ignore[no-untyped-def]
    found = screened(files, {"CL": seats, "PE": 2}, multiple, pass_mark, seed)

    def is_before(one: Candidate, other: Candidate) -> bool:
        return (-one.points, digest_of(seed, one.id)) < (-other.points, digest_of(seed, other.id))

    for one in files:
        ahead = sum(
            1 for other in files
            if other.points >= pass_mark and other.country == one.country
            and (other.womens == "yes") == (one.womens == "yes") and is_before(other, one))
        last = multiple * (seats if one.country == "CL" else 2)
        expected = Screening(FAILED, None) if one.points < pass_mark else Screening(SENT if ahead < last else LEFT, ahead + 1)
        assert found[one.id] == expected
    again = list(files)
    shuffled.shuffle(again)
    assert screened(again, {"CL": seats, "PE": 2}, multiple, pass_mark, seed) == found


def test_the_examples_in_the_words_hold() -> None:
    assert doctest.testmod(screening).failed == 0
