"""The additive model: a vector by hand, numpy's least squares, groups that cannot be compared, and no guess at errors."""

from __future__ import annotations

from fractions import Fraction
from random import Random

import numpy as np
import pytest

from cohort.rules.severity import FileScore, Fit, Review, Severity, fit


def reviews_of(table):
    return [Review(file, one, score) for file, given in table.items() for one, score in given.items()]


def test_a_severe_evaluator_is_told_from_a_weak_file():
    """Ana gives 10 less than Ben on every file they share; Eva is known through Ben only."""
    found = fit(reviews_of({"f": {"ana": 60, "ben": 70}, "g": {"ana": 40, "ben": 50}, "h": {"ben": 80, "eva": 86}}))
    assert found.groups == (("ana", "ben", "eva"),)
    assert found.is_comparable
    points = {one: each.points for one, each in found.evaluators.items()}
    assert points == {"ana": Fraction(-26, 3), "ben": Fraction(4, 3), "eva": Fraction(22, 3)}
    assert {file: (each.raw, each.median, each.adjusted, each.adjusted_score) for file, each in found.files.items()} == {
        "f": (65, 65, Fraction(206, 3), 69), "g": (45, 45, Fraction(146, 3), 49), "h": (83, 83, Fraction(236, 3), 79),
    }
    assert found.spread == pytest.approx(0)
    assert [each.reviews_count for each in found.evaluators.values()] == [2, 3, 1]


def by_numpy(reviews):
    """Severities, file scores and their errors from the whole design matrix, each group's severities summing to 0."""
    files, ones = sorted({r.file for r in reviews}), sorted({r.evaluator for r in reviews})
    design = np.zeros((len(reviews), len(files) + len(ones)))
    for row, each in enumerate(reviews):
        design[row, files.index(each.file)] = design[row, len(files) + ones.index(each.evaluator)] = 1
    scores = np.array([each.score for each in reviews], float)
    sums = np.append(np.zeros(len(files)), np.ones(len(ones)))
    whole = np.vstack([design, sums])
    solution = np.linalg.lstsq(whole, np.append(scores, 0), rcond=None)[0]
    left = scores - design @ solution
    freedom = len(reviews) - len(files) - len(ones) + 1
    cofactor = np.linalg.inv(np.block([[design.T @ design, sums[:, None]], [sums, np.zeros((1, 1))]]))
    errors = np.sqrt(np.diag(cofactor)[:-1] * (left @ left) / freedom)
    return solution[len(files):], solution[: len(files)], errors[len(files):], errors[: len(files)]


@pytest.mark.parametrize("seed", range(6))
def test_the_model_is_the_least_squares_of_numpy(seed):
    random = Random(seed)
    reviews = [
        Review(f"f{number}", one, random.randrange(1_000_000))
        for number in range(20) for one in random.sample(["a", "b", "c", "d", "e"], random.choice([2, 2, 3]))
    ]
    found = fit(reviews)
    assert found.is_comparable
    severities, scores, severity_errors, score_errors = by_numpy(sorted(reviews, key=lambda each: each.file))
    assert [float(each.points) for each in found.evaluators.values()] == pytest.approx(severities, abs=1e-6)
    assert [each.error for each in found.evaluators.values()] == pytest.approx(severity_errors, rel=1e-9)
    assert [float(found.files[file].adjusted) for file in sorted(found.files)] == pytest.approx(scores, abs=1e-6)
    assert [found.files[file].error for file in sorted(found.files)] == pytest.approx(score_errors, rel=1e-9)
    assert sum(each.points for each in found.evaluators.values()) == 0
    random.shuffle(reviews)
    assert fit(reviews) == found


def test_evaluators_without_a_common_file_are_not_compared():
    found = fit(reviews_of({"f": {"a": 10, "b": 20}, "g": {"c": 90, "d": 90}, "h": {"a": 12, "b": 16}, "i": {"e": 5}}))
    assert found.groups == (("a", "b"), ("c", "d"), ("e",))
    assert not found.is_comparable
    assert {one: each.points for one, each in found.evaluators.items()} == {
        "a": Fraction(-7, 2), "b": Fraction(7, 2), "c": 0, "d": 0, "e": 0,
    }
    assert (found.files["g"].adjusted, found.files["i"].adjusted) == (90, 5)
    assert found.spread == pytest.approx(3)


def test_groups_that_a_later_file_links_are_one():
    found = fit(reviews_of({"f": {"a": 1, "b": 1}, "g": {"c": 1, "d": 1}, "h": {"b": 1, "c": 1}}))
    assert found.groups == (("a", "b", "c", "d"),)


def test_no_error_is_guessed_when_nothing_is_left_over():
    found = fit([Review("f", "a", 700), Review("f", "b", 800)])
    assert found == Fit(
        {"a": Severity("a", Fraction(-50), None, 1), "b": Severity("b", Fraction(50), None, 1)},
        {"f": FileScore("f", Fraction(750), Fraction(750), Fraction(750), None, 2)}, (("a", "b"),), None,
    )
    assert fit([]) == Fit({}, {}, (), None)


def test_a_median_looks_past_one_strange_review():
    found = fit(reviews_of({"f": {"a": 80, "b": 82, "c": 10}}))
    assert (found.files["f"].raw, found.files["f"].median) == (Fraction(172, 3), 80)


def test_a_file_reviewed_twice_by_one_evaluator_is_an_error():
    with pytest.raises(ValueError, match=r"^an evaluator reviewed a file twice$"):
        fit([Review("f", "a", 1), Review("f", "a", 2)])
