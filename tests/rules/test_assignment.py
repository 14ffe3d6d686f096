"""Files and evaluators: what bars a pair, even loads, kept pairs, and why a file lacks reviews."""

from __future__ import annotations

import pytest

from cohort.rules.assignment import Assignment, Evaluator, File, assign
from cohort.rules.coverage import Uncovered, uncovered

CL, ES = frozenset({"CL"}), frozenset({"es"})


def files_of(*ids, country="CL", language="es", needed=2):
    return [File(one, country, language, needed) for one in ids]


def evaluators_of(*ids, **limits):
    return [Evaluator(one, **limits) for one in ids]


@pytest.mark.parametrize(
    ("evaluator", "conflicts", "bar"),
    [
        (Evaluator("e"), (), None),
        (Evaluator("e", CL, ES), (), None),
        (Evaluator("e", CL, ES), {("f", "e")}, "conflict"),
        (Evaluator("e", frozenset({"PE"}), frozenset({"en"})), (), "country"),
        (Evaluator("e", CL, frozenset({"en"})), (), "language"),
    ],
)
def test_what_keeps_an_evaluator_from_a_file(evaluator, conflicts, bar):
    assert evaluator.bar(File("f", "CL", "es"), conflicts) == bar


def test_every_file_has_its_reviews_and_loads_are_even():
    found = assign(files_of("a", "b", "c", "d", "e"), evaluators_of("x", "y", "z"), {("a", "x"), ("b", "y")}, seed="2026")
    assert (found.loads, found.missing) == ({"x": 4, "y": 3, "z": 3}, {})
    assert {file for file, one in found.pairs if (file, one) in {("a", "x"), ("b", "y")}} == set()
    assert [file for file, _ in found.pairs] == ["a", "a", "b", "b", "c", "c", "d", "d", "e", "e"]


def test_equal_assignments_are_told_apart_by_the_seed_and_not_by_the_order_of_rows():
    files, evaluators = files_of(*"abcdefgh", needed=1), evaluators_of("x", "y")
    found = assign(files, evaluators, seed="1")
    assert assign(files[::-1], evaluators[::-1], seed="1") == found
    assert len({assign(files, evaluators, seed=str(seed)).pairs for seed in range(6)}) > 1


def test_kept_pairs_stay_and_count_as_load():
    kept = {("a", "x"), ("b", "x"), ("c", "x")}
    found = assign(files_of("a", "b", "c", "d", needed=1), evaluators_of("x", "y", most=2), kept=kept)
    assert found == Assignment((("a", "x"), ("b", "x"), ("c", "x"), ("d", "y")), {"x": 3, "y": 1}, {})
    assert assign(files_of("a"), evaluators_of("x"), kept={("a", "x")}) == Assignment((("a", "x"),), {"x": 1}, {"a": 1})


@pytest.mark.parametrize(
    ("files", "evaluators", "kept", "message"),
    [
        (files_of("a", "a"), evaluators_of("x"), (), "a file or an evaluator stands twice"),
        (files_of("a"), evaluators_of("x", "x"), (), "a file or an evaluator stands twice"),
        (files_of("a"), evaluators_of("x"), {("a", "y")}, "a pair to keep is unknown, or has a conflict"),
        (files_of("a"), evaluators_of("x"), {("a", "x")}, "a pair to keep is unknown, or has a conflict"),
    ],
)
def test_what_cannot_be_asked(files, evaluators, kept, message):
    with pytest.raises(ValueError, match=f"^{message}$"):
        assign(files, evaluators, {("a", "x")}, kept=kept)


@pytest.mark.parametrize(("files", "evaluators"), [([], []), (files_of("a"), []), ([], evaluators_of("x"))])
def test_nobody_to_assign(files, evaluators):
    found = assign(files, evaluators)
    assert found == Assignment((), {one.id: 0 for one in evaluators}, {file.id: 2 for file in files})


def test_too_few_may_read_a_file():
    files = [File("a", "CL", "es"), File("b", "PE", "en", 1)]
    evaluators = [Evaluator("x", CL), Evaluator("y", languages=ES), Evaluator("z")]
    conflicts = {("a", "z"), ("b", "z"), ("a", "x")}
    found = assign(files, evaluators, conflicts)
    assert (found.pairs, found.missing) == ((("a", "y"),), {"a": 1, "b": 1})
    assert uncovered(files, evaluators, found, conflicts) == (
        Uncovered("a", 1, "too_few", ("y",), {"x": "conflict", "z": "conflict"}),
        Uncovered("b", 1, "too_few", (), {"x": "country", "y": "language", "z": "conflict"}),
    )


def test_files_that_clash_over_full_evaluators_are_named():
    files = [*files_of("a", "b", "c", needed=1), File("d", "PE", "es", 1)]
    evaluators = [Evaluator("x", CL, most=2), Evaluator("y", frozenset({"PE"}))]
    found = assign(files, evaluators, seed="s")
    (lacking,) = found.missing
    (why,) = uncovered(files, evaluators, found)
    assert (why.file, why.missing, why.reason, why.may, why.barred) == (lacking, 1, "full", ("x",), {"y": "country"})
    assert {why.file, *why.rivals} == {"a", "b", "c"}
    kept = {("a", "x")}
    again = assign(files, evaluators, kept=kept, seed="s")
    (why,) = uncovered(files, evaluators, again, kept=kept)
    assert {why.file, *why.rivals} == {"b", "c"}
