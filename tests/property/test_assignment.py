"""Assignments equal those of trying every set of pairs, and a clash is irreducible."""

from __future__ import annotations

import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from cohort.rules.assignment import Evaluator, File, assign
from cohort.rules.coverage import uncovered
from tests.property.sizes import examples

COUNTRIES, LANGUAGES = ("CL", "PE"), ("es", "en")
some_countries = st.frozensets(st.sampled_from(COUNTRIES), max_size=1)
some_languages = st.frozensets(st.sampled_from(LANGUAGES), max_size=1)


@st.composite
def tasks(draw):
    files = [
        File(f"f{n}", draw(st.sampled_from(COUNTRIES)), draw(st.sampled_from(LANGUAGES)), draw(st.integers(0, 2)))
        for n in range(draw(st.integers(1, 4)))
    ]
    evaluators = [
        Evaluator(f"e{n}", draw(some_countries), draw(some_languages), draw(st.none() | st.integers(0, 3)))
        for n in range(draw(st.integers(1, 3)))
    ]
    everything = [(file.id, one.id) for file in files for one in evaluators]
    conflicts = draw(st.frozensets(st.sampled_from(everything), max_size=3))
    free = [pair for pair in everything if pair not in conflicts]
    kept = draw(st.frozensets(st.sampled_from(free), max_size=2)) if free else frozenset()
    return files, evaluators, conflicts, kept


def allowed(file, one, conflicts):
    return (
        (file.id, one.id) not in conflicts and (not one.countries or file.country in one.countries)
        and (not one.languages or file.language in one.languages)
    )


def every_way(files, evaluators, conflicts, kept):
    """All sets of pairs that hold the kept ones, give no file more than it needs and nobody more than the limit."""
    open_pairs = [(f.id, e.id) for f in files for e in evaluators if allowed(f, e, conflicts) and (f.id, e.id) not in kept]
    needed = {file.id: file.needed for file in files}
    most = {one.id: one.most for one in evaluators}
    for count in range(len(open_pairs) + 1):
        for more in itertools.combinations(open_pairs, count):
            chosen = {*kept, *more}
            given = {file: sum(pair[0] == file for pair in chosen) for file in needed}
            loads = {one: sum(pair[1] == one for pair in chosen) for one in most}
            if all(given[file] <= needed[file] for file, _ in more) and all(
                most[one] is None or loads[one] <= most[one] for _, one in more
            ):
                yield chosen, given, loads


@settings(max_examples=examples(60, 1_000), deadline=None)
@given(tasks(), st.randoms(use_true_random=False))
def test_the_most_reviews_with_the_evenest_loads_in_any_order_of_rows(task, random):
    files, evaluators, conflicts, kept = task
    ways = [
        (-len(chosen), sum(load**2 for load in loads.values())) for chosen, _, loads in every_way(*task)
    ]
    found = assign(files, evaluators, conflicts, kept=kept, seed="seed")
    assert any(set(found.pairs) == chosen for chosen, _, _ in every_way(*task))
    assert (-len(found.pairs), sum(load**2 for load in found.loads.values())) == min(ways)
    mixed_files, mixed_evaluators = files[:], evaluators[:]
    random.shuffle(mixed_files)
    random.shuffle(mixed_evaluators)
    assert assign(mixed_files, mixed_evaluators, conflicts, kept=kept, seed="seed") == found


@settings(max_examples=examples(60, 1_000), deadline=None)
@given(tasks())
def test_a_clash_of_files_is_one_and_none_is_named_in_vain(task):
    files, evaluators, conflicts, kept = task
    found = assign(files, evaluators, conflicts, kept=kept)
    whys = uncovered(files, evaluators, found, conflicts, kept=kept)
    assert {why.file: why.missing for why in whys} == found.missing
    for why in whys:
        if why.reason == "full":
            given = {file.id: sum(pair[0] == file.id for pair in found.pairs) for file in files}
            given[why.file] += 1
            clash = {why.file, *why.rivals}
            assert not can_serve(task, given, clash)
            assert all(can_serve(task, given, clash - {one}) for one in clash)


def can_serve(task, wanted, among):
    return any(all(given[file] >= wanted[file] for file in among) for _, given, _ in every_way(*task))
