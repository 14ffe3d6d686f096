"""Reads what waits for evaluators: files to declare, to score and done, oldest first; shows nothing of a firm."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from cohort.kit.access import Actor, unscoped
from cohort.rounds.models import Application, Round
from cohort.rounds.reach import barred
from cohort.rounds.reviews.models import Assignment, Conflict, Review


@dataclass(frozen=True)
class Waiting:
    """One file in an evaluator's hands: how far it is (declare | score | sent), since when, and the call it belongs to."""

    application_id: int
    evaluator_id: int
    code: str
    country: str
    round_id: int
    title_es: str
    title_en: str
    state: str
    assigned_at: datetime
    saved_at: datetime | None


@dataclass(frozen=True)
class Counts:
    """How much one evaluator has to do in a round, and has done."""

    to_declare: int = 0
    to_score: int = 0
    sent: int = 0

    @property
    def open_count(self) -> int:
        """Files that are not sent in yet."""
        return self.to_declare + self.to_score

    @property
    def all_count(self) -> int:
        """Files that stand assigned."""
        return self.open_count + self.sent


def own_files(session: Session, actor: Actor) -> list[Waiting]:
    """Return the actor's files in calls that are still reviewed, oldest assignment first; barred ones are not there."""
    if actor.person_id is None:
        return []
    with unscoped(session):  # one's own assignments alone
        return files_in_hand(session, Round.plan_id == actor.plan_id, Assignment.evaluator_id == actor.person_id,
                             Application.id.not_in(barred(actor.person_id)))


def files_in_hand(session: Session, *criteria: object) -> list[Waiting]:
    """Return files that stand assigned in closed, undecided calls and match, oldest first, within the reach."""
    declared = exists().where(
        Conflict.application_id == Assignment.application_id, Conflict.evaluator_id == Assignment.evaluator_id,
        Conflict.source == "declared", Conflict.has_conflict.is_(False))
    statement = (
        select(
            Assignment.application_id, Assignment.evaluator_id, Assignment.assigned_at, Application.code,
            Application.country, Application.round_id, Round.title_es, Round.title_en, declared.label("is_declared"),
            Review.sent_at, Review.saved_at, Review.version)
        .join(Application, Application.id == Assignment.application_id).join(Round, Round.id == Application.round_id)
        .outerjoin(Review, (Review.application_id == Assignment.application_id)
                   & (Review.evaluator_id == Assignment.evaluator_id))
        .where(Assignment.ended_at.is_(None), Round.status == "closed", *criteria)  # type: ignore[arg-type]
        .order_by(Assignment.assigned_at, Assignment.id)
    )
    return [
        Waiting(
            row.application_id, row.evaluator_id, row.code, row.country, row.round_id, row.title_es, row.title_en,
            "sent" if row.sent_at else "score" if row.is_declared else "declare", row.assigned_at,
            row.saved_at if row.version else None)
        for row in session.execute(statement)
    ]


def counts_of(session: Session, round_id: int) -> dict[int, Counts]:
    """Return how much each evaluator of a round has to do and has done, within the reach."""
    found: dict[int, list[str]] = defaultdict(list)
    for row in files_in_hand(session, Application.round_id == round_id):
        found[row.evaluator_id].append(row.state)
    return {person: counted(states) for person, states in found.items()}


def counted(states: Sequence[str]) -> Counts:
    """Return the counts of a list of states."""
    return Counts(states.count("declare"), states.count("score"), states.count("sent"))


def open_count(session: Session, actor: Actor) -> int:
    """Return how many files wait for the actor: the gold number on the rail."""
    if actor.person_id is None:
        return 0
    sent = exists().where(
        Review.application_id == Assignment.application_id, Review.evaluator_id == Assignment.evaluator_id,
        Review.sent_at.is_not(None))
    statement = (
        select(func.count(Assignment.id)).join(Application, Application.id == Assignment.application_id)
        .join(Round, Round.id == Application.round_id)
        .where(Assignment.evaluator_id == actor.person_id, Assignment.ended_at.is_(None), Round.status == "closed",
               Round.plan_id == actor.plan_id, Application.id.not_in(barred(actor.person_id)), ~sent)
    )
    with unscoped(session):  # one's own assignments alone
        return session.scalar(statement) or 0
