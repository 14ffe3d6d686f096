"""How severe each evaluator is: the additive model, score = file + evaluator, by least squares.

Shown beside the raw score and used only if the sealed protocol said so; rubrics and third reviews are elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import lcm
from statistics import median

import numpy as np

from cohort.rules.exact import exact_solution
from cohort.rules.milp import Reals, proven


@dataclass(frozen=True)
class Review:
    """One review that is in: its score in ten-thousandths of a point."""

    file: str
    evaluator: str
    score: int


@dataclass(frozen=True)
class Severity:
    """How many ten-thousandths of a point an evaluator gives above (+, mild) or below (−, severe) the mean of
    those that it can be compared with; `error` is the standard error, None when nothing is left over to tell it."""

    evaluator: str
    points: Fraction
    error: float | None
    reviews_count: int


@dataclass(frozen=True)
class FileScore:
    """A file's raw mean, its median and its score less the evaluators' severity, in ten-thousandths of a point."""

    file: str
    raw: Fraction
    median: Fraction
    adjusted: Fraction
    error: float | None
    reviews_count: int

    @property
    def adjusted_score(self) -> int:
        """The adjusted score rounded half-even, as sealed scores are."""
        return round(self.adjusted)


@dataclass(frozen=True)
class Fit:
    """The model of a round: evaluators and files by id, and the standard deviation that it leaves over.

    `groups` are evaluators linked by common files. Two of different groups cannot be compared: each group's
    mean severity is zero, and adjusted scores mean the same only inside a group.
    """

    evaluators: Mapping[str, Severity]
    files: Mapping[str, FileScore]
    groups: tuple[tuple[str, ...], ...]
    spread: float | None

    @property
    def is_comparable(self) -> bool:
        """Whether common files link all evaluators."""
        return len(self.groups) <= 1


def fit(reviews: Sequence[Review]) -> Fit:
    """Return the additive model of the reviews, exact in fractions; its errors in floating point.

    Least squares with each group's mean severity zero. Errors come from the pooled residuals with
    n − files − evaluators + groups degrees of freedom, None when that is 0. The order of rows never matters.
    Raises ValueError when an evaluator reviews a file twice. Source: two-way additive model without
    interaction (Searle 1971, Linear Models, ch. 7); connectedness: Weeks & Williams 1964.
    """
    table = {(one.file, one.evaluator): one.score for one in sorted(reviews, key=lambda one: (one.file, one.evaluator))}
    if len(table) != len(reviews):
        raise ValueError("an evaluator reviewed a file twice")
    by_file: dict[str, dict[str, int]] = {}
    for (file, one), score in table.items():
        by_file.setdefault(file, {})[one] = score
    groups = _groups(by_file)
    severities = {one: points for group in groups for one, points in _severities(group, by_file).items()}
    adjusted = {
        file: Fraction(sum(given.values()) - sum(severities[one] for one in given)) / len(given)
        for file, given in by_file.items()
    }
    left = [score - adjusted[file] - severities[one] for (file, one), score in table.items()]
    freedom = len(table) - len(by_file) - len(severities) + len(groups)
    spread = float(sum(each**2 for each in left) / freedom) ** 0.5 if freedom else None
    covariance = _covariance(by_file, sorted(severities))
    return Fit(_evaluators(severities, by_file, covariance, spread), _files(adjusted, by_file, covariance, spread), groups, spread)


@dataclass(frozen=True, eq=False)
class _Covariance:
    """How the errors of severities go together, in units of the squared spread."""

    place: Mapping[str, int]
    matrix: Reals

    def error(self, weights: Mapping[str, float], alone: float, spread: float | None) -> float | None:
        """Return the standard error of a weighted sum of severities plus an independent part."""
        if spread is None:
            return None
        vector = np.zeros(len(self.place))
        for one, weight in weights.items():
            vector[self.place[one]] = weight
        return spread * float(np.sqrt(max(alone + float(vector @ self.matrix @ vector), 0.0)))


def _groups(by_file: Mapping[str, Mapping[str, int]]) -> tuple[tuple[str, ...], ...]:
    """Return the evaluators linked by common files, each group and the list of groups in order of id."""
    group: dict[str, set[str]] = {}
    for given in by_file.values():
        linked = {one for name in given for one in group.get(name, {name})}
        group.update(dict.fromkeys(linked, linked))
    return tuple(sorted({tuple(sorted(each)) for each in group.values()}))


def _severities(group: Sequence[str], by_file: Mapping[str, Mapping[str, int]]) -> dict[str, Fraction]:
    """Solve the group's normal equations, the files' part taken out, with the severities' sum zero."""
    place = {one: at for at, one in enumerate(group)}
    own = [given for given in by_file.values() if next(iter(given)) in place]
    scale = lcm(*(len(given) for given in own))
    matrix = [[0] * len(group) for _ in group]
    right = [0] * len(group)
    for given in own:
        share, total = scale // len(given), sum(given.values())
        for one, score in given.items():
            matrix[place[one]][place[one]] += scale
            right[place[one]] += scale * score - share * total
            for other in given:
                matrix[place[one]][place[other]] -= share
    solved = exact_solution([*matrix, [1] * len(group)], [*right, 0])
    return dict(zip(group, proven(solved, "linked evaluators have one severity each"), strict=True))


def _covariance(by_file: Mapping[str, Mapping[str, int]], evaluators: Sequence[str]) -> _Covariance:
    place = {one: at for at, one in enumerate(evaluators)}
    normal: Reals = np.zeros((len(evaluators), len(evaluators)))
    for given in by_file.values():
        own = [place[one] for one in given]
        normal[own, own] += 1
        normal[np.ix_(own, own)] -= 1 / len(own)
    inverse: Reals = np.asarray(np.linalg.pinv(normal, hermitian=True), dtype=np.float64) if evaluators else normal
    return _Covariance(place, inverse)


def _evaluators(
    severities: Mapping[str, Fraction], by_file: Mapping[str, Mapping[str, int]], covariance: _Covariance,
    spread: float | None,
) -> dict[str, Severity]:
    return {
        one: Severity(
            one, points, covariance.error({one: 1.0}, 0.0, spread), sum(one in given for given in by_file.values())
        )
        for one, points in sorted(severities.items())
    }


def _files(
    adjusted: Mapping[str, Fraction], by_file: Mapping[str, Mapping[str, int]], covariance: _Covariance,
    spread: float | None,
) -> dict[str, FileScore]:
    return {
        file: FileScore(
            file, Fraction(sum(given.values()), len(given)), Fraction(median(map(Fraction, given.values()))),
            adjusted[file], covariance.error(dict.fromkeys(given, 1 / len(given)), 1 / len(given), spread), len(given),
        )
        for file, given in by_file.items()
    }
