"""Decides what marks come to: points of a sheet, when a third review is called, the score that counts, marks too low.

Pure and exact, in ten-thousandths of a point; severity is judged in `rules.severity`, and nothing is stored here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from cohort.rounds.calls.parts import HIGHEST_MARK, Criterion, ReviewTerms

UNITS = 10_000


@dataclass(frozen=True)
class SentMarks:
    """The marks of one evaluator as they were sent in, and their points (ten-thousandths)."""

    evaluator_id: int
    marks: Mapping[str, int]
    points: int


@dataclass(frozen=True)
class Standing:
    """How the reviews of one file stand: sent in, how many it takes, points between the highest and lowest, a third called for."""

    sent_count: int
    needed_count: int
    gap: int | None  # ten-thousandths, None below two reviews
    calls_third: bool

    @property
    def is_complete(self) -> bool:
        """Whether every review is in: those that the protocol asks for, and those given besides."""
        return self.sent_count >= self.needed_count


def read_marks(criteria: Sequence[Criterion], typed: Mapping[str, Any]) -> tuple[dict[str, int], tuple[str, ...]]:
    """Return the marks by criterion, and the criteria whose mark is none of 0 to 5; what is empty is left open.

    >>> read_marks((Criterion("growth", 100, {}, ()),), {"growth": "6"})
    ({}, ('growth',))
    """
    marks: dict[str, int] = {}
    faulty = []
    for each in criteria:
        text = str(typed.get(each.name) if typed.get(each.name) is not None else "").strip()
        if text in {str(mark) for mark in range(HIGHEST_MARK + 1)}:
            marks[each.name] = int(text)
        elif text:
            faulty.append(each.name)
    return marks, tuple(faulty)


def open_criteria(criteria: Sequence[Criterion], marks: Mapping[str, int]) -> tuple[str, ...]:
    """Return the criteria without a mark; an open one is never a zero."""
    return tuple(each.name for each in criteria if each.name not in marks)


def points_of(criteria: Sequence[Criterion], marks: Mapping[str, int]) -> int:
    """Return Σ weight·mark/5 in ten-thousandths of a point, exact: 0 to 100 points (domain.md §8).

    Raises KeyError for a criterion without a mark.

    >>> points_of((Criterion("a", 60, {}, ()), Criterion("b", 40, {}, ())), {"a": 4, "b": 1})
    560000
    """
    return sum(each.weight * marks[each.name] * UNITS // HIGHEST_MARK for each in criteria)


def standing_of(terms: ReviewTerms, sent: Sequence[SentMarks], given_count: int = 0) -> Standing:
    """Return how a file stands: where two reviews are asked for and lie further apart than the limit, a third is needed.

    With three or more asked for the median needs no further one, and the gap is shown only. While somebody who was
    given the file (`given_count`) has not sent in, it is not complete: no score changes once it is given.
    """
    points = [each.points for each in sent]
    gap = max(points) - min(points) if len(points) > 1 else None
    is_apart = gap is not None and gap > terms.gap * UNITS
    calls_third = terms.per_file == 2 and is_apart
    # a gap that a third review has answered stays answered, however the three lie
    needed = max(3 if calls_third else terms.per_file, given_count)
    return Standing(len(points), needed, gap, calls_third and len(points) < 3)


def middle(values: Sequence[Fraction | int]) -> Fraction:
    """Return the median: the middle value, or the mean of the two in the middle."""
    ordered = sorted(values)
    half = len(ordered) // 2
    return Fraction(ordered[half]) if len(ordered) % 2 else Fraction(ordered[half - 1] + ordered[half], 2)


def mean(values: Sequence[Fraction | int]) -> Fraction:
    """Return the arithmetic mean of one value or more."""
    return Fraction(sum(values), len(values))


def mean_or_median(values: Sequence[Fraction | int]) -> Fraction:
    """Return the mean of up to two values, the median of three or more (domain.md §8).

    >>> mean_or_median([700_000, 800_000]), mean_or_median([700_000, 990_000, 720_000])
    (Fraction(750000, 1), Fraction(720000, 1))
    """
    return mean(values) if len(values) < 3 else middle(values)


def score_of(terms: ReviewTerms, points: Sequence[int], corrected: Fraction | None = None) -> int:
    """Return the score that counts, rounded half to even on ten-thousandths and held to 0 to 100 points.

    `corrected` is the mean without the evaluators' severity; it counts where the protocol says so.
    """
    if corrected is not None and terms.final == "severity":
        found = corrected
    elif terms.final == "median":
        found = middle(points)
    else:
        found = mean_or_median(points)
    return min(100 * UNITS, max(0, round(found)))


def low_criteria(terms: ReviewTerms, criteria: Sequence[Criterion], sent: Sequence[SentMarks]) -> tuple[str, ...]:
    """Return the criteria whose mark, put together as the score is, lies below the least one: the file cannot be selected.

    Mean of two, median of three; with `median` always the median. One evaluator alone never bars a file that the
    other finds good: 0 and 2 make 1.
    """
    together = middle if terms.final == "median" else mean_or_median
    return tuple(
        each.name for each in criteria if sent and together([one.marks[each.name] for one in sent]) < terms.least_mark
    )
