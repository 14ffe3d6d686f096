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
    """One question that a call asks besides the usual ones; a blind one is hidden from evaluators everywhere."""

    name: str
    kind: str
    label: Words
    help: Words
    is_needed: bool = True
    is_blind: bool = False
    choices: tuple[Words, ...] = ()


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


def questions_of(protocol: Mapping[str, Any]) -> tuple[Question, ...]:
    """Return the questions that the call adds to the usual ones, in order."""
    return tuple(
        Question(row["name"], row["kind"], row["label"], row["help"], row["is_needed"], row["is_blind"],
                 tuple(row["choices"]))
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
