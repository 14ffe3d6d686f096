"""Screening before reviews: who passes the self-test, and which of those go on in each country and ownership group.

What a file's answers are worth is one sum here; reading answers and writing results are the room's.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from cohort.rules.lots import draw

Outcome = Literal["sent", "failed", "not_among_best"]
POINT = 10_000
"""Units of a point: a self-test has from 0 to 100 points."""


@dataclass(frozen=True)
class Candidate:
    """One eligible file: its code, points of the self-test (ten-thousandths), country, and whether it counts as women's.

    `before_draw` are its places in the criteria that the call names ahead of the draw, as for the selection.
    """

    id: str
    points: int
    country: str
    womens: str  # yes | no | unknown
    before_draw: tuple[int, ...] = ()


@dataclass(frozen=True)
class Screening:
    """What the stage makes of one file: it goes on or not, and its place in its group; none for one that failed."""

    outcome: Outcome
    place: int | None


def self_test_points(worth: Sequence[Fraction | int | None]) -> int:
    """Return the mean of the answers' worth (0 to 100 points each, None: unanswered, 0) in ten-thousandths of a point.

    Rounded once, half to even; no answer at all is 0.

    >>> self_test_points([100, None, Fraction(50)]), self_test_points([])
    (500000, 0)
    """
    if not worth:
        return 0
    return round(sum((Fraction(each or 0) for each in worth), Fraction(0)) * POINT / len(worth))


def choice_worth(place: int, count: int) -> Fraction:
    """Return what the answer at `place` of `count` is worth in points: the first 0, the last 100, evenly between.

    >>> choice_worth(1, 3), choice_worth(3, 4)
    (Fraction(50, 1), Fraction(100, 1))
    """
    return Fraction(100 * place, count - 1)


def group_of(candidate: Candidate) -> tuple[str, bool]:
    """Return the group in which a file is compared: its country, and whether it counts as women's.

    Nobody is women's without knowing it: unknown stands among the others, as for parity.
    """
    return candidate.country, candidate.womens == "yes"


def places_in(country: str, seats_by_country: Mapping[str, int], multiple: int) -> int:
    """Return how many files of each group of a country go on; none where the country has no seat."""
    return multiple * seats_by_country.get(country, 0)


def screened(
    candidates: Sequence[Candidate], seats_by_country: Mapping[str, int], multiple: int, pass_mark: int, seed: str
) -> dict[str, Screening]:
    """Return for each file, by code, whether it goes on to review. Source: domain.md §8.

    Below `pass_mark` (ten-thousandths of a point) a file failed. Of those that pass, the best `multiple` × most
    seats of their country go on in each group; equal points follow the lots of the round, so that the answer is
    the same for any order of files. A group that is smaller goes on whole.

    >>> found = screened([Candidate("a", 900, "PE", "no"), Candidate("b", 10, "PE", "no")], {"PE": 1}, 1, 100, "2026")
    >>> [(key, one.outcome, one.place) for key, one in found.items()]
    [('a', 'sent', 1), ('b', 'failed', None)]
    """
    ids = [one.id for one in candidates]
    lots = dict(zip(ids, draw(ids, seed, [one.before_draw for one in candidates]).tolist(), strict=True))
    groups: dict[tuple[str, bool], list[Candidate]] = defaultdict(list)
    for one in candidates:
        if one.points >= pass_mark:
            groups[group_of(one)].append(one)
    found = {one.id: Screening("failed", None) for one in candidates}
    for (country, _womens), held in groups.items():
        last = places_in(country, seats_by_country, multiple)
        for place, one in enumerate(sorted(held, key=lambda each: (-each.points, lots[each.id])), start=1):
            found[one.id] = Screening("sent" if place <= last else "not_among_best", place)
    return found


def screened_late(
    late: Candidate, candidates: Sequence[Candidate], seats_by_country: Mapping[str, int], multiple: int, pass_mark: int,
    seed: str,
) -> Screening:
    """Return what becomes of a file that became eligible after the others were screened: as if it had been there.

    Nobody who went on is called back for it, so a group may then send one more; each late file is held against those
    screened at first alone, so that the order in which late files come does not matter.
    """
    return screened([*candidates, late], seats_by_country, multiple, pass_mark, seed)[late.id]
