"""Who reviews which file: as many reviews as can be given, loads as even as they can be, nobody with a conflict.

Solved as a flow of least cost; detecting conflicts and telling the evaluators are left to the round. Why a file
stays uncovered is `coverage`'s question.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Literal

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import csc_array

from cohort.rules.milp import require
from cohort.rules.pool import Ints

Pair = tuple[str, str]
Bar = Literal["conflict", "country", "language"]


@dataclass(frozen=True)
class File:
    """A file to review: its country and language, and how many evaluators must read it."""

    id: str
    country: str
    language: str
    needed: int = 2


@dataclass(frozen=True)
class Evaluator:
    """Who may review: an empty set of countries or languages means all; `most` files in all, None for no limit."""

    id: str
    countries: frozenset[str] = frozenset()
    languages: frozenset[str] = frozenset()
    most: int | None = None

    def bar(self, file: File, conflicts: Collection[Pair]) -> Bar | None:
        """Return what keeps this evaluator from a file; None when nothing does."""
        if (file.id, self.id) in conflicts:
            return "conflict"
        if self.countries and file.country not in self.countries:
            return "country"
        return "language" if self.languages and file.language not in self.languages else None


@dataclass(frozen=True, eq=False)
class Room:
    """What is left to fill: the pairs that may be made, reviews each file lacks, files each evaluator may add."""

    pairs: tuple[Pair, ...]
    lacks: Mapping[str, int]
    may_add: Mapping[str, int]
    kept: Mapping[str, int]


@dataclass(frozen=True)
class Assignment:
    """The pairs (file, evaluator), kept ones included, in order; files each evaluator has; reviews still missing."""

    pairs: tuple[Pair, ...]
    loads: Mapping[str, int]
    missing: Mapping[str, int]


def room_for(
    files: Sequence[File], evaluators: Sequence[Evaluator], conflicts: Collection[Pair], kept: Collection[Pair]
) -> Room:
    """Return what is left to assign beside the pairs that are kept.

    Raises ValueError on an id that stands twice, and on a kept pair that is unknown or has a conflict.
    """
    known = {(file.id, one.id) for file in files for one in evaluators}
    if len(known) != len(files) * len(evaluators):
        raise ValueError("a file or an evaluator stands twice")
    barred, held = set(conflicts), set(kept)
    if not held <= known or held & barred:
        raise ValueError("a pair to keep is unknown, or has a conflict")
    have, load = Counter(file for file, _ in held), Counter(one for _, one in held)
    lacks = {file.id: max(file.needed - have[file.id], 0) for file in files}
    pairs = sorted(
        (file.id, one.id) for file in files for one in evaluators
        if lacks[file.id] and (file.id, one.id) not in held and one.bar(file, barred) is None
    )
    possible = Counter(one for _, one in pairs)
    limits = {one.id: possible[one.id] if one.most is None else max(one.most - load[one.id], 0) for one in evaluators}
    may_add = {one: min(limit, possible[one]) for one, limit in limits.items()}
    return Room(tuple(pairs), lacks, may_add, {one.id: load[one.id] for one in evaluators})


def assign(
    files: Sequence[File], evaluators: Sequence[Evaluator], conflicts: Collection[Pair] = (), *,
    kept: Collection[Pair] = (), seed: str = "",
) -> Assignment:
    """Return the assignment: the most reviews that can be given, then the least sum of squared loads.

    Nobody gets a file barred to them by conflict, country or language, nor more than their limit; `kept` pairs
    stay. Equal assignments: the least sum of the pairs' SHA-256 numbers (24 bits, of seed, file and evaluator),
    so that the order of rows never matters. Raises Unproven, and ValueError on what `room_for` refuses.
    """
    room = room_for(files, evaluators, conflicts, kept)
    chosen = sorted({*_flow(room, seed), *kept})
    loads = Counter(one for _, one in chosen)
    have = Counter(file for file, _ in chosen)
    missing = {file.id: file.needed - have[file.id] for file in files if have[file.id] < file.needed}
    return Assignment(
        tuple(chosen), {one.id: loads[one.id] for one in sorted(evaluators, key=lambda one: one.id)},
        dict(sorted(missing.items())),
    )


def _flow(room: Room, seed: str) -> list[Pair]:
    """Return the pairs of the cheapest flow from files through evaluators; a review not given costs the most."""
    files = {one: place for place, one in enumerate(sorted(room.lacks))}
    evaluators = {one: len(files) + place for place, one in enumerate(sorted(room.may_add))}
    steps = [(one, 2 * (room.kept[one] + step) + 1) for one in sorted(room.may_add) for step in range(room.may_add[one])]
    dearest = max((cost for _, cost in steps), default=0) + 1
    entries = [(files[file], 1, evaluators[one], 1) for file, one in room.pairs]
    entries += [(files[file], 1, files[file], 0) for file in files]
    entries += [(evaluators[one], -1, evaluators[one], 0) for one, _ in steps]
    ends = np.array(entries, dtype=np.int64).reshape(-1, 4)
    column = np.arange(len(ends))
    matrix = csc_array(
        (ends[:, [1, 3]].ravel(), (ends[:, [0, 2]].ravel(), np.repeat(column, 2))),
        shape=(len(files) + len(evaluators), len(ends)),
    )
    pairs, unmet = len(room.pairs), [room.lacks[one] for one in files]
    right = np.array([*unmet, *[0] * len(evaluators)], dtype=np.int64)
    most = np.array([*[1] * pairs, *unmet, *[1] * len(steps)], dtype=np.int64)
    cost = np.array([*[0] * pairs, *[dearest] * len(files), *[each for _, each in steps]], dtype=np.int64)
    least, most = _cheapest(cost, matrix, right, (np.zeros(len(ends), dtype=np.int64), most))
    ties = np.array([_number(seed, pair) for pair in room.pairs] + [0] * (len(ends) - pairs), dtype=np.int64)
    flow, _ = _cheapest(ties, matrix, right, (least, most), last=True)
    return [pair for pair, taken in zip(room.pairs, flow[:pairs].tolist(), strict=True) if taken]


def _cheapest(
    cost: Ints, matrix: csc_array, right: Ints, box: tuple[Ints, Ints], *, last: bool = False
) -> tuple[Ints, Ints]:
    """Return the box, narrowed to exactly the cheapest flows; when `last`, the one flow found, twice.

    The duals of a flow with whole costs are whole: they prove the flow cheapest without a tolerance.
    """
    least, most = box
    if not len(cost):
        return least, most
    solved = linprog(cost, A_eq=matrix, b_eq=right, bounds=np.stack(box, axis=1), method="highs-ds")
    require(solved.status == 0, f"the cheapest flow was found: {solved.message}")
    flow = np.rint(solved.x).astype(np.int64)
    prices = np.rint(solved.eqlin.marginals).astype(np.int64)
    left = cost - matrix.T @ prices
    kept = np.array_equal(matrix @ flow, right) and np.all((flow >= least) & (flow <= most))
    cheapest = np.all(flow[left > 0] == least[left > 0]) and np.all(flow[left < 0] == most[left < 0])
    require(bool(kept and cheapest), "the flow keeps its limits and is the cheapest when counted in whole numbers")
    if last:
        return flow, flow
    return np.where(left < 0, most, least), np.where(left > 0, least, most)


def _number(seed: str, pair: Pair) -> int:
    return int.from_bytes(sha256(f"{seed}\n{pair[0]}\n{pair[1]}".encode()).digest()[:3], "big")
