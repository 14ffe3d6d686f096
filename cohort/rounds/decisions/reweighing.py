"""Decides what the scores would be under other weights of the rubric: from the marks, exactly as reviews gave them.

Which list follows from them is asked in `what_if`; a score that was typed or brought in has no marks and stays.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from cohort.kit.errors import DomainError, wording
from cohort.rounds.calls.parts import Criterion, ReviewTerms, criteria_of, review_terms_of
from cohort.rounds.models import Round
from cohort.rounds.reviews import settling
from cohort.rounds.reviews.outcome import points_of
from cohort.rounds.scores.service import latest_scores

wording("reweigh_no_marks", _l("The scores of this call were brought in, so there are no marks to weigh anew."), 409)

Weights = Mapping[str, int]  # criterion → percent


@dataclass(frozen=True)
class Marked:
    """The marks behind the scores of a call: its criteria, its terms, and the reviews of the files scored by them."""

    criteria: tuple[Criterion, ...]
    terms: ReviewTerms
    found: settling.Reviewed
    files: frozenset[int]  # whose score that counts comes from their reviews

    @property
    def sealed(self) -> dict[str, int]:
        """The weights of the sealed rubric."""
        return {each.name: each.weight for each in self.criteria}


def marked(session: Session, round_: Round) -> Marked | None:
    """Return the marks behind the scores of a call, within the reach; None when no score comes from reviews."""
    terms = review_terms_of(round_.protocol)
    if terms is None:
        return None
    files = frozenset(key for key, row in latest_scores(session, round_.id).items() if row.source == "review")
    if not files:
        return None
    return Marked(criteria_of(round_.protocol), terms, settling.reviewed(session, round_, terms), files)


def reweighed(session: Session, round_: Round, held: Marked, weights: Weights) -> dict[int, int]:
    """Return the scores (ten-thousandths) of the files scored by reviews under other weights of the same criteria.

    A third review that the gap called for has been given and counts as it did; the least mark stays the sealed one.
    Raises `rubric_weight` or `rubric_sum` for weights that no rubric may have, KeyError for a criterion without one.
    """
    if any(not 0 <= each <= 100 for each in weights.values()):
        raise DomainError("rubric_weight")
    if sum(weights.values()) != 100:
        raise DomainError("rubric_sum", total=sum(weights.values()))
    criteria = [replace(each, weight=weights[each.name]) for each in held.criteria]
    counted = {
        key: [replace(one, points=points_of(criteria, one.marks)) for one in sent] for key, sent in held.found.counted.items()}
    scores = settling.scores_of(session, round_, held.terms, replace(held.found, counted=counted))
    return {key: score for key, score in scores.items() if key in held.files}


def require_marks(held: Marked | None) -> Marked:
    """Return the marks; raises `reweigh_no_marks` where there are none."""
    if held is None:
        raise DomainError("reweigh_no_marks")
    return held
