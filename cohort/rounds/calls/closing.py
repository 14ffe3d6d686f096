"""Decides which open calls are past their deadline with its grace, and closes them as a manager's button does.

Leaves out opening: a manager opens a call and seals its rules; it takes applications from its opening hour on by itself.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from cohort.kit import clock
from cohort.kit.access import Actor
from cohort.rounds.calls.service import close_round, deadline_of
from cohort.rounds.models import Application, Round

SETTLING = timedelta(minutes=1)  # an application that was sent at the last second is saved by then


def close_due(session: Session, actor: Actor, as_of: date) -> int:
    """Close every open call whose deadline, grace included, passed by the end of a UTC day; return how many.

    A call that nobody applied to stays open: its deadline has to be moved, by a person. A closed call is not touched
    again, so a day can be repeated.
    """
    until = min(clock.now(), datetime.combine(as_of + timedelta(days=1), time(0), UTC)) - SETTLING
    rounds = select(Round).where(Round.status == "open", Round.closes_at < until).order_by(Round.closes_at, Round.id)
    due = [each for each in session.scalars(rounds.with_for_update()) if deadline_of(each) < until]
    applied = _applied(session, [each.id for each in due])
    for each in due:
        if each.id in applied:
            close_round(session, actor, each)
    return len(applied)


def _applied(session: Session, round_ids: list[int]) -> set[int]:
    """Return those of the rounds to which at least one firm applied."""
    statement = select(Application.round_id).distinct()
    return set(session.scalars(statement.where(Application.round_id.in_(round_ids), Application.status == "submitted")))
