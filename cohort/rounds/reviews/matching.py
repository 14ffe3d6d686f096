"""Matches files with evaluators: puts the round's question to `rules.assignment` and reads the answer back.

Own country and own language come first, then the language alone; a file that nobody is left for is given by hand.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from cohort.people.models import Person
from cohort.rounds.models import Application
from cohort.rounds.reviews.conflicts import Pair
from cohort.rules.assignment import Evaluator, File, assign


def matched(
    needed: Mapping[int, int], files: Sequence[Application], people: Sequence[Person], homes: Mapping[int, frozenset[str]],
    barred: Collection[Pair], kept: Collection[Pair], seed: str,
) -> list[Pair]:
    """Return the pairs to add so that every file has `needed` evaluators, with loads as even as can be.

    `kept` stand already and count; `barred` are never made. An evaluator without a known country reads all of them.
    Equal answers are told apart by `seed`, so that the order of rows never matters.
    """
    asked = [File(str(each.id), each.country, each.language, needed.get(each.id, 0)) for each in files]
    readers = [Evaluator(str(each.id), homes.get(each.id, frozenset()), frozenset({each.language})) for each in people]
    known = {(each.id, one.id) for each in files for one in people}
    held = {_text(pair) for pair in kept if pair in known}
    closed = {_text(pair) for pair in barred if pair in known} - held
    near = assign(asked, readers, closed, kept=held, seed=seed)
    found = near
    if near.missing:
        wide = [replace(each, countries=frozenset()) for each in readers]
        found = assign(asked, wide, closed, kept=near.pairs, seed=seed)
    return [(int(file), int(one)) for file, one in found.pairs if (file, one) not in held]


def _text(pair: Pair) -> tuple[str, str]:
    return str(pair[0]), str(pair[1])
