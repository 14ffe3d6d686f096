"""Ends, moves and bars what was assigned, each with its reason, and lets what follows from it happen.

Giving files is `assigning`'s part; what marks come to afterwards is brought up to date by `settling`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from cohort.kit import audit, clock
from cohort.kit.access import Actor
from cohort.kit.errors import DomainError, wording
from cohort.rounds.models import Application, Round
from cohort.rounds.reviews import assigning, conflicts, settling
from cohort.rounds.reviews.conflicts import Pair
from cohort.rounds.reviews.models import Assignment, Conflict

wording("conflict_unknown", _l("Nothing is known of this evaluator and this file that could be lifted."))
wording("move_same", _l("Choose another evaluator to move the files to."))

CONFLICT = "conflict"  # the reason of an assignment that a conflict ended; worded for people by `words`


def reason_given(text: str) -> str:
    """Return a reason without its margins; raises `reason_missing`."""
    reason = text.strip()[:300]
    if not reason:
        raise DomainError("reason_missing")
    return reason


def standing_of_evaluator(session: Session, round_id: int, evaluator_id: int) -> list[Assignment]:
    """Return the assignments of one evaluator that stand in a round, oldest first, with their files."""
    statement = (
        select(Assignment).join(Application, Application.id == Assignment.application_id)
        .where(Application.round_id == round_id, Assignment.evaluator_id == evaluator_id, Assignment.ended_at.is_(None))
        .options(joinedload(Assignment.application)).order_by(Assignment.assigned_at, Assignment.id)
    )
    return list(session.scalars(statement))


def end(session: Session, actor: Actor, round_: Round, rows: Sequence[Assignment], reason: str) -> int:
    """End assignments with a reason and return how many; a review that was sent in no longer counts, and is kept."""
    actor.require("round.edit")
    assigning.require_open(round_)
    why = reason_given(reason)
    if not rows:
        raise DomainError("assign_nothing")
    for row in rows:
        _end(session, actor, row, why)
    for row in rows:
        settling.settle(session, actor, round_, row.application)
    return len(rows)


def move(
    session: Session, actor: Actor, round_: Round, rows: Sequence[Assignment], to_evaluator: int, reason: str
) -> assigning.Given:
    """Move files of one evaluator to another: all that the other is free for; the rest stay where they are.

    Returns what was given and what was refused. Raises for the same evaluator, no files, or no reason.
    """
    actor.require("round.edit")
    why = reason_given(reason)
    if any(row.evaluator_id == to_evaluator for row in rows):
        raise DomainError("move_same")
    given = assigning.give(session, actor, round_, [(row.application_id, to_evaluator) for row in rows], "hand")
    arrived = {file for file, _person in (*given.given, *given.stood)}
    for row in rows:
        if row.application_id in arrived:
            _end(session, actor, row, why)
            settling.settle(session, actor, round_, row.application)
    return given


def _end(session: Session, actor: Actor, row: Assignment, reason: str) -> None:
    row.ended_at, row.ended_by, row.end_reason = clock.now(), actor.person_id, reason
    session.flush()
    audit.record(session, actor, "review.ended", row, after={
        "file": row.application_id, "evaluator": row.evaluator_id, "reason": reason})


def close_barred(session: Session, actor: Actor, round_: Round) -> list[Assignment]:
    """End every standing assignment whose latest word is a conflict, and return them."""
    words = conflicts.words_on(session, round_.id)
    barred = {pair for pair, said in words.items() if said.has_conflict}
    rows = session.scalars(
        select(Assignment).join(Application, Application.id == Assignment.application_id)
        .where(Application.round_id == round_.id, Assignment.ended_at.is_(None))
        .options(joinedload(Assignment.application)).order_by(Assignment.id)).all()
    ended = [row for row in rows if (row.application_id, row.evaluator_id) in barred]
    for row in ended:
        _end(session, actor, row, CONFLICT)
        settling.settle(session, actor, round_, row.application)
    return ended


def check_conflicts(session: Session, actor: Actor, round_: Round, evaluator_ids: Collection[int]) -> int:
    """Look for links of these evaluators with every file of the round, bar what is found, and return how many are new."""
    actor.require("round.edit")
    assigning.terms_of(round_)
    people = [each for each in conflicts.evaluators_of(session, round_.plan_id) if each.id in evaluator_ids]
    before = {pair for pair, said in conflicts.words_on(session, round_.id).items() if said.has_conflict}
    words = conflicts.detect_and_note(session, actor, people, assigning.to_review(session, round_.id))
    found = {pair: said for pair, said in words.items() if said.has_conflict and pair not in before}
    for said in found.values():
        audit.record(session, actor, "conflict.noted", said, after={"kind": said.kind})
    close_barred(session, actor, round_)
    return len(found)


def say_by_staff(
    session: Session, actor: Actor, round_: Round, pair: Pair, has_conflict: bool, reason: str
) -> Conflict:
    """Note what staff know of a pair: a conflict that bars, or that what was found is none; a reason is needed.

    Only a conflict can be lifted, and an evaluator's own declaration cannot: who says “I am not free” is not free.
    """
    actor.require("round.edit")
    why = reason_given(reason)
    said = conflicts.words_on(session, round_.id).get(pair)
    if not has_conflict and (said is None or not said.has_conflict or said.source == "declared"):
        raise DomainError("conflict_unknown")
    if pair[0] not in {each.id for each in assigning.to_review(session, round_.id)}:
        raise DomainError("assign_foreign")
    noted = conflicts.note(session, actor, pair, has_conflict, "staff", said.kind if said else "other", why)
    if has_conflict:
        audit.record(session, actor, "conflict.noted", noted, after={"reason": why})
    else:
        audit.record(session, actor, "conflict.lifted", noted, after={"reason": why})
    close_barred(session, actor, round_)
    return noted
