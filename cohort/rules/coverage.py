"""Why a file lacks reviews: who may not read it, or which files clash over evaluators who are full.

It explains an assignment that was made; making it is `assignment`'s part, and no sentence is written here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from cohort.rules.assignment import Assignment, Bar, Evaluator, File, Pair, room_for


@dataclass(frozen=True)
class Uncovered:
    """A file with reviews missing: `may` read it (kept pairs apart), `barred` may not, and by what.

    `too_few`: fewer may read it than it needs. `full`: it and its `rivals` ask more of those who may read them
    than these can take, although all but any one of them could be served.
    """

    file: str
    missing: int
    reason: Literal["too_few", "full"]
    may: tuple[str, ...]
    barred: Mapping[str, Bar]
    rivals: tuple[str, ...] = ()


def uncovered(
    files: Sequence[File], evaluators: Sequence[Evaluator], assignment: Assignment,
    conflicts: Collection[Pair] = (), *, kept: Collection[Pair] = (),
) -> tuple[Uncovered, ...]:
    """Return each file that `assign`, given the same arguments, left with reviews missing, and why."""
    room = room_for(files, evaluators, conflicts, kept)
    barred, given = set(conflicts), set(assignment.pairs) - set(kept)
    may, holds = _lists(room.pairs), _lists([(one, file) for file, one in sorted(given)])
    found = []
    for file in sorted(files, key=lambda each: each.id):
        if file.id not in assignment.missing:
            continue
        able = tuple(may.get(file.id, ()))
        why = {one.id: bar for one in sorted(evaluators, key=lambda one: one.id) if (bar := one.bar(file, barred))}
        if len(able) < room.lacks[file.id]:
            found.append(Uncovered(file.id, assignment.missing[file.id], "too_few", able, why))
        else:
            rivals = _rivals(file.id, may, holds, given)
            found.append(Uncovered(file.id, assignment.missing[file.id], "full", able, why, rivals))
    return tuple(found)


def _lists(pairs: Iterable[Pair]) -> dict[str, list[str]]:
    lists: dict[str, list[str]] = {}
    for first, second in pairs:
        lists.setdefault(first, []).append(second)
    return lists


def _rivals(
    file: str, may: Mapping[str, Sequence[str]], holds: Mapping[str, Sequence[str]], given: Collection[Pair]
) -> tuple[str, ...]:
    """Return the files from which a chain of exchanges leads to this one.

    Everybody met on the way is full, with these files only: so they clash. Taking any one of them away frees
    a place from which exchanges lead back to this file: so none is named in vain.
    """
    reached, asked = {file}, set[str]()
    waiting = [file]
    while waiting:
        own = waiting.pop()
        for one in may.get(own, ()):
            if (own, one) not in given and one not in asked:
                asked.add(one)
                fresh = [rival for rival in holds.get(one, ()) if rival not in reached]
                reached.update(fresh)
                waiting += fresh
    return tuple(sorted(reached - {file}))
