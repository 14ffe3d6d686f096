"""Reads the parts of a protocol as typed values, with the defaults of what an older protocol does not say.

It neither writes a protocol nor applies a rule; weights, marks and limits mean what domain.md §8 says.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

Words = Mapping[str, str]  # language → text
QUESTION_KINDS = ("short", "long", "number", "money", "choice", "file", "percentage")
HIGHEST_MARK = 5
Final = Literal["mean_or_median", "median", "severity"]


@dataclass(frozen=True)
class Question:
    """One question that a call asks besides the usual ones; a blind one is hidden from evaluators everywhere.

    One of the self-test counts in the screening stage: a percentage as it is, choices from 0 (first) to 100 (last).
    """

    name: str
    kind: str
    label: Words
    help: Words
    is_needed: bool = True
    is_blind: bool = False
    choices: tuple[Words, ...] = ()
    is_self_test: bool = False


@dataclass(frozen=True)
class Criterion:
    """One criterion of the rubric: its weight in percent and what each mark from 0 to 5 means."""

    name: str
    weight: int
    label: Words
    anchors: tuple[Words, ...]


@dataclass(frozen=True)
class ReviewTerms:
    """How files are reviewed: evaluators a file, the gap in points that calls a third, and which score counts.

    `final`: the mean of two and the median of three, the median always, or the mean corrected for severity.
    A file with a criterion marked below `least_mark` cannot be selected.
    """

    per_file: int = 2
    gap: Decimal = Decimal(20)
    final: Final = "mean_or_median"
    is_blind: bool = True
    least_mark: int = 1


@dataclass(frozen=True)
class ScreeningTerms:
    """How files are screened before reviews: the pass mark of the self-test in points, and how many go on.

    The best `multiple` × seats of each country and ownership group are sent to review.
    """

    multiple: int
    pass_mark: Decimal


@dataclass(frozen=True)
class LotteryTerms:
    """The merit bands of a draw: the lower ends in points, best first; none is one band for all."""

    bands: tuple[Decimal, ...]


def screening_terms_of(protocol: Mapping[str, Any]) -> ScreeningTerms | None:
    """Return how files are screened before reviews, or None when the call has no such stage."""
    said = protocol.get("screening")
    return None if said is None else ScreeningTerms(said["multiple"], Decimal(said["pass_mark"]))


def lottery_terms_of(protocol: Mapping[str, Any]) -> LotteryTerms | None:
    """Return the merit bands of the draw, or None when the best total score decides."""
    said = protocol.get("lottery")
    return None if said is None else LotteryTerms(tuple(Decimal(edge) for edge in said["bands"]))


def questions_of(protocol: Mapping[str, Any]) -> tuple[Question, ...]:
    """Return the questions that the call adds to the usual ones, in order."""
    return tuple(
        Question(row["name"], row["kind"], row["label"], row["help"], row["is_needed"], row["is_blind"],
                 tuple(row["choices"]), row.get("is_self_test", False))
        for row in protocol.get("questions", ())
    )


def criteria_of(protocol: Mapping[str, Any]) -> tuple[Criterion, ...]:
    """Return the rubric; a protocol of the first format has neither labels nor anchors of its own."""
    return tuple(
        Criterion(row["criterion"], row["weight"], row.get("label", {}), tuple(row.get("anchors", ())))
        for row in protocol["rubric"]
    )


def review_terms_of(protocol: Mapping[str, Any]) -> ReviewTerms | None:
    """Return how the call's files are reviewed, or None when scores are brought in from elsewhere."""
    said = protocol.get("reviews")
    if said is None:
        return None
    return ReviewTerms(said["per_file"], Decimal(said["gap"]), said["final"], said["is_blind"], said["least_mark"])
