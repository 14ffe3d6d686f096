"""Keeps what follows from reviews up to date: a third review when two lie apart, and the score once all are in.

What marks come to is decided in `outcome` and `rules.severity`; a file without all its reviews has no score.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cohort.kit import audit, clock
from cohort.kit.access import Actor, unscoped
from cohort.rounds.calls.parts import ReviewTerms, criteria_of, review_terms_of
from cohort.rounds.models import Application, Round, ScoreEntry
from cohort.rounds.reviews import assigning, correction
from cohort.rounds.reviews.models import Assignment, Review, ReviewSent
from cohort.rounds.reviews.outcome import SentMarks, Standing, low_criteria, score_of, standing_of
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


@dataclass(frozen=True)
class Reviewed:
    """The reviews that count, and how each file that has or was given one stands."""

    counted: Mapping[int, Sequence[SentMarks]]
    standings: Mapping[int, Standing]

    @property
    def complete(self) -> dict[int, Sequence[SentMarks]]:
        """The reviews of the files that are complete."""
        return {key: sent for key, sent in self.counted.items() if self.standings[key].is_complete}


def reviewed(session: Session, round_: Round, terms: ReviewTerms) -> Reviewed:
    """Return how the files of a round stand, within the reach."""
    counted = counted_reviews(session, round_.id)
    given = Counter(file for file, _person in assigning.standing_pairs(session, round_.id))
    return Reviewed(counted, {
        key: standing_of(terms, counted.get(key, ()), given[key]) for key in {*given, *counted}})


def settle(session: Session, actor: Actor, round_: Round, file: Application) -> None:
    """Bring one file up to date after its reviews changed: call a third where two lie apart, give or take back scores.

    With `severity` every review bears on every file, so that scores are given once all files are complete.
    """
    terms = review_terms_of(round_.protocol)
    if terms is None or round_.status != "closed":
        return
    session.flush()
    with unscoped(session):  # whoever sends in last sees neither the others' marks nor who else is free
        found = reviewed(session, round_, terms)
        standing = found.standings.get(file.id)
        if standing is not None and standing.calls_third and standing.needed_count == 3:
            assigning.call_third(session, actor, round_, file)
            found = reviewed(session, round_, terms)
        touched = assigning.to_review(session, round_.id) if terms.final == "severity" else [file]
        _give_scores(session, actor, round_, touched, scores_of(session, round_, terms, found))


def settle_round(session: Session, actor: Actor, round_: Round) -> int:
    """Bring the scores of every file up to date, after files were set aside; returns how many scores changed."""
    actor.require("round.edit")
    terms = assigning.require_open(round_)
    scores = scores_of(session, round_, terms, reviewed(session, round_, terms))
    return _give_scores(session, actor, round_, assigning.to_review(session, round_.id), scores)


def scores_of(session: Session, round_: Round, terms: ReviewTerms, found: Reviewed) -> dict[int, int]:
    """Return the score of each file whose reviews are complete, as the sealed protocol says."""
    complete = found.complete
    points = {key: [each.points for each in sent] for key, sent in complete.items()}
    if terms.final != "severity":
        return {key: score_of(terms, each) for key, each in points.items()}
    files = assigning.to_review(session, round_.id)
    if any(each.id not in complete for each in files):
        return {}
    fit = correction.corrected({each.id: complete[each.id] for each in files})
    return {each.id: score_of(terms, points[each.id], fit.files[each.id].adjusted) for each in files}


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
    found = {key: low_criteria(terms, criteria, sent) for key, sent in reviewed(session, round_, terms).complete.items()}
    return {key: low for key, low in found.items() if low}
