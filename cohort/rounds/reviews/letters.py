"""Tells evaluators what waits for them, and reminds those who have not finished: counts and the call, nothing of any firm."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session

from cohort.kit import clock
from cohort.kit.outbox import OutboxMessage, enqueue, mail_kind
from cohort.people.links import recipient_of
from cohort.people.models import Person
from cohort.rounds.models import Round
from cohort.rounds.reviews import waiting

KIND = "review_waiting"
ASSIGNED, REMINDED = 0, 1  # steps: one mail of each a person, call and day


def still_waiting(session: Session, message: OutboxMessage) -> dict[str, Any] | None:
    """Return the mail's facts with what waits now, or None when the evaluator has finished: it is cancelled."""
    counts = waiting.counts_of(session, message.subject_id).get(message.person_id or 0)
    if counts is None or not counts.open_count:
        return None
    return {**message.params, "declare": counts.to_declare, "score": counts.to_score}


mail_kind(KIND, still_waiting, title=_l("Files to review"))


def tell_assigned(session: Session, round_: Round, person_ids: Iterable[int]) -> int:
    """Queue a mail to each evaluator who was given files, once a day; returns how many were queued."""
    return _tell(session, round_, sorted(set(person_ids)), ASSIGNED)


def remind(session: Session, round_: Round, person_ids: Iterable[int]) -> int:
    """Queue a reminder to each of these evaluators, once a day; returns how many were queued."""
    return _tell(session, round_, sorted(set(person_ids)), REMINDED)


def _tell(session: Session, round_: Round, person_ids: list[int], step: int) -> int:
    people = session.scalars(select(Person).where(Person.id.in_(person_ids), Person.active).order_by(Person.id)).all()
    params = {"title_es": round_.title_es, "title_en": round_.title_en, "is_reminder": step == REMINDED}
    queued = [
        enqueue(session, recipient_of(person), KIND, "round", round_.id, clock.today(round_.time_zone), step, params)
        for person in people
    ]
    return sum(1 for row in queued if row is not None)
