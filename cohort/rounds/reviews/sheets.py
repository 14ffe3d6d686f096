"""Keeps an evaluator's sheet: conflict declared first, saved with its version, sent in, re-opened with a reason.

What marks come to is decided in `outcome`; a file that is not assigned, or that a conflict bars, is not there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from cohort.kit import audit, clock
from cohort.kit.access import Actor, unscoped
from cohort.kit.errors import DomainError, wording
from cohort.rounds.calls.parts import criteria_of
from cohort.rounds.models import Application, Round
from cohort.rounds.reach import barred
from cohort.rounds.reviews import assigning, changes, conflicts, settling
from cohort.rounds.reviews.models import Assignment, Conflict, Review, ReviewSent
from cohort.rounds.reviews.outcome import SentMarks, open_criteria, points_of, read_marks

wording("review_barred", _l("A conflict of interest closes this file to you. You cannot see or score it. Go on with another file of your list."), 403)
wording("review_undeclared", _l("Say first whether you have a conflict of interest with this file."), 409)
wording("review_stale", _l("This sheet was changed in another window meanwhile. Nothing was overwritten: compare, then save again."), 409)
wording("review_sent", _l("You have sent this review in. Re-open it before you change it."), 409)
wording("review_mark", _l("A mark is a whole number from 0 to 5."))
wording("review_open_criteria", _l("Some criteria have no mark yet. An open criterion is never a zero, so the review cannot be sent."))
wording("review_not_sent", _l("This review has not been sent in, so there is nothing to re-open."), 409)
wording("review_others_seen", _l("You have seen other scores of this file since you sent yours. Ask the programme manager to re-open it."), 409)
wording("conflict_words", _l("Say in a few words what the conflict is: the programme manager reads it."))

MOST_WORDS = 4_000


def file_of(session: Session, actor: Actor, application_id: int, *, for_update: bool = False) -> Assignment:
    """Return the actor's standing assignment of a file, with file and round.

    Raises `review_barred` for a file that was theirs and that a conflict closed, `not_found` for everybody else's.
    """
    person_id = actor.person_id or 0
    own = (Assignment.application_id == application_id, Assignment.evaluator_id == person_id)
    statement = (
        select(Assignment).join(Application, Application.id == Assignment.application_id)
        .where(*own, Assignment.ended_at.is_(None), Application.id.not_in(barred(person_id)))
        .options(joinedload(Assignment.application).joinedload(Application.round))
    )
    with unscoped(session):  # one's own assignment alone, and why the file is closed
        found = session.scalars(statement.with_for_update(of=Assignment) if for_update else statement).one_or_none()
        was_theirs = session.scalar(select(Assignment.id).where(*own, Assignment.application_id.in_(barred(person_id))).limit(1))
    if found is not None and found.application.round.plan_id == actor.plan_id:
        return found
    if was_theirs:
        raise DomainError("review_barred")
    raise DomainError("not_found")


def is_declared(session: Session, assignment: Assignment) -> bool:
    """Return whether the evaluator said “no conflict” of the file."""
    said = select(Conflict.id).where(
        Conflict.application_id == assignment.application_id, Conflict.evaluator_id == assignment.evaluator_id,
        Conflict.source == "declared", Conflict.has_conflict.is_(False))
    return session.scalar(said.limit(1)) is not None


def declare(session: Session, actor: Actor, application_id: int, has_conflict: bool, reason: str = "") -> bool:
    """Note what the evaluator declares of a file, before it opens or later, and return whether it is open to them now.

    “No conflict” opens the sheet, unless a link is detected at that moment: then it bars instead. “Conflict” needs
    words, closes the file and ends the assignment.
    """
    actor.require("round.review")
    held = file_of(session, actor, application_id, for_update=True)
    round_ = held.application.round
    assigning.require_open(round_)
    words = reason.strip()[:500]
    if has_conflict and not words:
        raise DomainError("conflict_words")
    with unscoped(session):  # what the evaluator cannot see is compared, never shown
        said = conflicts.note(session, actor, (application_id, held.evaluator_id), has_conflict, "declared",
                              "other" if has_conflict else "", words)
        audit.record(session, actor, "conflict.declared", said, after={"has_conflict": has_conflict})
        latest = conflicts.detect_and_note(session, actor, [held.evaluator], [held.application])
        is_barred = latest[application_id, held.evaluator_id].has_conflict
        if is_barred:
            changes.close_barred(session, actor, round_)
        elif review_of(session, held) is None:
            session.add(Review(application_id=application_id, evaluator_id=held.evaluator_id, marks={}, saved_at=clock.now()))
            session.flush()
    return not is_barred


def review_of(session: Session, assignment: Assignment) -> Review | None:
    """Return the sheet of an assignment, or None before the file was opened."""
    return session.scalars(select(Review).where(
        Review.application_id == assignment.application_id,
        Review.evaluator_id == assignment.evaluator_id)).one_or_none()


def sheet_of(session: Session, actor: Actor, application_id: int, *, for_update: bool = False) -> tuple[Assignment, Review]:
    """Return the actor's assignment and sheet of a file; raises `review_undeclared` before the declaration."""
    held = file_of(session, actor, application_id, for_update=for_update)
    review = review_of(session, held) if is_declared(session, held) else None
    if review is None:
        raise DomainError("review_undeclared")
    return held, review


def save(session: Session, actor: Actor, application_id: int, version: int, typed: Mapping[str, Any]) -> Review:
    """Save marks and words as they stand and return the sheet with its next version; open criteria stay open.

    `version` is the one that the page was drawn from. Raises `review_stale` when another window saved since,
    `review_mark` for a mark that is none of 0 to 5, `review_sent` after sending.
    """
    actor.require("round.review")
    held, review = sheet_of(session, actor, application_id, for_update=True)
    round_ = held.application.round
    assigning.require_open(round_)
    session.refresh(review, with_for_update=True)
    if review.sent_at is not None:
        raise DomainError("review_sent")
    if review.version != version:
        raise DomainError("review_stale")
    marks, faulty = read_marks(criteria_of(round_.protocol), typed)
    if faulty:
        raise DomainError("review_mark")
    review.marks, review.version, review.saved_at = marks, version + 1, clock.now()
    review.comment = str(typed.get("comment") or "").strip()[:MOST_WORDS]
    review.feedback = str(typed.get("feedback") or "").strip()[:MOST_WORDS]
    session.flush()
    return review


def send(session: Session, actor: Actor, application_id: int, version: int, typed: Mapping[str, Any]) -> ReviewSent:
    """Save the sheet and send it in: it is appended with its points, and what follows from it happens.

    Raises what `save` raises, and `review_open_criteria` while a criterion has no mark.
    """
    review = save(session, actor, application_id, version, typed)
    held = file_of(session, actor, application_id)
    criteria = criteria_of(held.application.round.protocol)
    if open_criteria(criteria, review.marks):
        raise DomainError("review_open_criteria")
    now = clock.now()
    sent = ReviewSent(
        review_id=review.id, marks=review.marks, points=points_of(criteria, review.marks), comment=review.comment,
        feedback=review.feedback, sent_at=now, sent_by=actor.person_id,
    )
    session.add(sent)
    review.sent_at = now
    session.flush()
    audit.record(session, actor, "review.sent", review, after={"points": sent.points})
    with unscoped(session):
        settling.settle(session, actor, held.application.round, held.application)
    return sent


def others_sent(session: Session, assignment: Assignment) -> list[SentMarks]:
    """Return the reviews of the file that count, without the evaluator's own; shown once their own is in."""
    with unscoped(session):
        counted = settling.counted_reviews(session, assignment.application.round_id)
    return [each for each in counted.get(assignment.application_id, []) if each.evaluator_id != assignment.evaluator_id]


def may_reopen(session: Session, assignment: Assignment, review: Review) -> bool:
    """Return whether the evaluator may re-open by themselves: sent in, undecided, and no other score of the file seen."""
    is_open = review.sent_at is not None and assignment.application.round.status == "closed"
    return is_open and not others_sent(session, assignment)


def reopen_own(session: Session, actor: Actor, application_id: int, reason: str) -> Review:
    """Re-open one's own review with a reason, as long as nobody else's score of the file could be seen.

    Raises `review_others_seen` afterwards: a manager may still re-open it.
    """
    actor.require("round.review")
    held, review = sheet_of(session, actor, application_id, for_update=True)
    assigning.require_open(held.application.round)
    if review.sent_at is not None and not may_reopen(session, held, review):
        raise DomainError("review_others_seen")
    return _reopen(session, actor, held.application.round, held.application, review, reason)


def reopen(session: Session, actor: Actor, round_: Round, application_id: int, evaluator_id: int, reason: str) -> Review:
    """Re-open an evaluator's review for a manager, with a reason, before the decision; its score is taken back until then."""
    actor.require("round.edit")
    assigning.require_open(round_)
    review = session.scalars(
        select(Review).join(Application, Application.id == Review.application_id)
        .where(Review.application_id == application_id, Review.evaluator_id == evaluator_id,
               Application.round_id == round_.id)
        .options(joinedload(Review.application))).one_or_none()
    if review is None:
        raise DomainError("not_found")
    return _reopen(session, actor, round_, review.application, review, reason)


def _reopen(
    session: Session, actor: Actor, round_: Round, file: Application, review: Review, reason: str
) -> Review:
    why = changes.reason_given(reason)
    if review.sent_at is None:
        raise DomainError("review_not_sent")
    review.sent_at, review.version = None, review.version + 1
    session.flush()
    audit.record(session, actor, "review.reopened", review, after={"reason": why})
    with unscoped(session):
        settling.settle(session, actor, round_, file)
    return review
