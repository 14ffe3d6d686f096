"""Keeps what follows from reviews up to date: a third review when two lie apart, and the score once all are in.

What marks come to is decided in `outcome` and `rules.severity`; a file without all its reviews has no score.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from fractions import Fraction

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cohort.kit import audit, clock
from cohort.kit.access import Actor, unscoped
from cohort.rounds.calls.parts import ReviewTerms, criteria_of, review_terms_of
from cohort.rounds.models import Application, Round, ScoreEntry
from cohort.rounds.reviews import assigning, correction
from cohort.rounds.reviews.models import Assignment, Review, ReviewSent
from cohort.rounds.reviews.outcome import SentMarks, low_criteria, score_of, standing_of
from cohort.rounds.scores.service import latest_scores


def counted_reviews(session: Session, round_id: int) -> dict[int, list[SentMarks]]:
    """Return the reviews that count for each file, by evaluator: sent in and not re-opened, the file still theirs."""
    latest = select(func.max(ReviewSent.id)).group_by(ReviewSent.review_id)
    statement = (
        select(Review.application_id, Review.evaluator_id, ReviewSent.marks, ReviewSent.points)
        .join(ReviewSent, ReviewSent.review_id == Review.id)
        .join(Application, Application.id == Review.application_id)
        .join(Assignment, (Assignment.application_id == Review.application_id)
              & (Assignment.evaluator_id == Review.evaluator_id) & Assignment.ended_at.is_(None))
        .where(ReviewSent.id.in_(latest), Review.sent_at.is_not(None), Application.round_id == round_id)
        .order_by(Review.application_id, Review.evaluator_id)
    )
    found: dict[int, list[SentMarks]] = defaultdict(list)
    for row in session.execute(statement):
        found[row.application_id].append(SentMarks(row.evaluator_id, row.marks, row.points))
    return found


def settle(session: Session, actor: Actor, round_: Round, file: Application) -> None:
    """Bring one file up to date after its reviews changed: call a third where two lie apart, give or take back scores.

    With `severity` every review bears on every file, so that scores are given once all files are complete.
    """
    terms = review_terms_of(round_.protocol)
    if terms is None or round_.status != "closed":
        return
    session.flush()
    with unscoped(session):  # whoever sends in last sees neither the others' marks nor who else is free
        counted = counted_reviews(session, round_.id)
        standing = standing_of(terms, counted.get(file.id, []))
        given = select(func.count(Assignment.id)).where(
            Assignment.application_id == file.id, Assignment.ended_at.is_(None))
        if standing.calls_third and (session.scalar(given) or 0) < standing.needed_count:
            assigning.call_third(session, actor, round_, file)
        touched = assigning.to_review(session, round_.id) if terms.final == "severity" else [file]
        _give_scores(session, actor, round_, touched, scores_of(session, round_, terms, counted))


def settle_round(session: Session, actor: Actor, round_: Round) -> int:
    """Bring the scores of every file up to date, after files were set aside; returns how many scores changed."""
    actor.require("round.edit")
    terms = assigning.require_open(round_)
    scores = scores_of(session, round_, terms, counted_reviews(session, round_.id))
    return _give_scores(session, actor, round_, assigning.to_review(session, round_.id), scores)


def scores_of(
    session: Session, round_: Round, terms: ReviewTerms, counted: Mapping[int, Sequence[SentMarks]]
) -> dict[int, int]:
    """Return the score of each file whose reviews are complete, as the sealed protocol says."""
    complete = {key: sent for key, sent in counted.items() if standing_of(terms, sent).is_complete}
    if terms.final != "severity":
        return {key: score_of(terms, [each.points for each in sent], None) for key, sent in complete.items()}
    if any(each.id not in complete for each in assigning.to_review(session, round_.id)):
        return {}
    return severity_scores(terms, complete)


def severity_scores(terms: ReviewTerms, complete: Mapping[int, Sequence[SentMarks]]) -> dict[int, int]:
    """Return the mean of each file's points with each evaluator's severity taken out."""
    corrected = correction.corrected(complete)
    return {
        key: score_of(terms, [each.points for each in sent], [Fraction(point) for point in corrected[key]])
        for key, sent in complete.items()
    }


def _give_scores(
    session: Session, actor: Actor, round_: Round, files: Sequence[Application], scores: Mapping[int, int]
) -> int:
    """Append what changed; a score typed or brought in meanwhile is taken back by nobody but its own kind."""
    held = latest_scores(session, round_.id)
    changed = 0
    for file in files:
        before, now = held.get(file.id), scores.get(file.id)
        if (before.score if before else None) == now or (now is None and before is not None and before.source != "review"):
            continue
        entry = ScoreEntry(
            application_id=file.id, score=now, source="review", recorded_at=clock.now(), recorded_by=None)
        session.add(entry)
        session.flush()
        audit.record(session, actor, "review.scored", entry, after={"file": file.id, "score": now})
        changed += 1
    return changed


def files_below_least_mark(session: Session, round_: Round) -> dict[int, tuple[str, ...]]:
    """Return the files that cannot be selected for a mark, with the criteria; empty where scores come from elsewhere.

    Only complete files: an open review says nothing yet.
    """
    terms = review_terms_of(round_.protocol)
    if terms is None:
        return {}
    criteria = criteria_of(round_.protocol)
    found = {
        key: low_criteria(terms, criteria, sent)
        for key, sent in counted_reviews(session, round_.id).items() if standing_of(terms, sent).is_complete
    }
    return {key: low for key, low in found.items() if low}
