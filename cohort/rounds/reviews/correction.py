"""Puts the reviews of a round to `rules.severity` and reads the answer back by the round's own numbers.

Which score counts is said by the protocol and carried out by `settling`; a correction is shown beside the raw score.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cohort.rounds.reviews.outcome import SentMarks
from cohort.rules.severity import FileScore, Review, Severity, fit


@dataclass(frozen=True)
class Correction:
    """Scores by file and severities by evaluator, in ten-thousandths; comparable where shared files link everybody."""

    files: Mapping[int, FileScore]
    evaluators: Mapping[int, Severity]
    is_comparable: bool


def corrected(counted: Mapping[int, Sequence[SentMarks]]) -> Correction:
    """Return each file's raw mean, median and score less its evaluators' severity, and each evaluator's severity."""
    found = fit([
        Review(str(file), str(each.evaluator_id), each.points) for file, sent in counted.items() for each in sent])
    return Correction(
        {int(key): score for key, score in found.files.items()},
        {int(key): severity for key, severity in found.evaluators.items()}, found.is_comparable)
