"""Lets a person rest the reminders about one milestone for some days, and says who rests what; late ones are told anyway."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, date, datetime, time, timedelta

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session

from cohort.kit import audit, clock
from cohort.kit.access import Actor
from cohort.kit.errors import DomainError, wording
from cohort.kit.language import ZONES
from cohort.rules.reminders import Kind
from cohort.training.models import Milestone, Snooze

LEAST_DAYS, MOST_DAYS = 1, 14

wording("snooze_days", _l("Reminders can rest for 1 to 14 days."))
wording("snooze_closed", _l("This milestone is closed: nobody is reminded of it."))
wording("snooze_late", _l("This milestone is late: reminders about it go on until it is done."))


def snooze(session: Session, actor: Actor, milestone: Milestone, days: int) -> Snooze:
    """Rest the actor's own reminders about a milestone until so many days from today where the firm is.

    A second wish takes the place of the first. Raises `DomainError`: `snooze_days` outside 1 to 14, `snooze_closed`,
    `snooze_late` once its day is past, for what is overdue is owed.
    """
    if not LEAST_DAYS <= days <= MOST_DAYS:
        raise DomainError("snooze_days")
    if milestone.done_on or milestone.waived_on or milestone.member.left_on:
        raise DomainError("snooze_closed")
    today = clock.today(ZONES[milestone.member.country])
    if milestone.due_on < today:
        raise DomainError("snooze_late")
    row = _own(session, actor, milestone)
    if row is None:
        row = Snooze(person_id=actor.person_id, kind=Kind.MILESTONE, subject_id=milestone.id)
        session.add(row)
    row.until_on, row.recorded_at = today + timedelta(days=days), clock.now()
    session.flush()
    audit.record(session, actor, "reminder.snoozed", row, after={
        "milestone_id": milestone.id, "until_on": row.until_on.isoformat()})
    return row


def wake(session: Session, actor: Actor, milestone: Milestone) -> None:
    """Take the actor's rest back; without one nothing happens."""
    row = _own(session, actor, milestone)
    if row is not None:
        audit.record(session, actor, "reminder.woken", row, before={"milestone_id": milestone.id})
        session.flush()
        session.delete(row)


def _own(session: Session, actor: Actor, milestone: Milestone) -> Snooze | None:
    statement = select(Snooze).where(
        Snooze.person_id == actor.person_id, Snooze.kind == Kind.MILESTONE, Snooze.subject_id == milestone.id)
    return session.scalars(statement).one_or_none()


def rests_of(session: Session, person_id: int | None, milestone_ids: Collection[int], today: date) -> dict[int, date]:
    """Return until when one person's reminders about these milestones rest, by milestone; none that are over."""
    statement = select(Snooze.subject_id, Snooze.until_on).where(
        Snooze.person_id == person_id, Snooze.kind == Kind.MILESTONE, Snooze.subject_id.in_(milestone_ids),
        Snooze.until_on > today,
    )
    return {row.subject_id: row.until_on for row in session.execute(statement)}


def rests_on(session: Session, day: date) -> dict[tuple[int, int], date]:
    """Return until when reminders rest on `day`, by (person, milestone); wishes of later days do not count."""
    ends_at = datetime.combine(day + timedelta(days=1), time(), UTC)
    statement = select(Snooze.person_id, Snooze.subject_id, Snooze.until_on).where(
        Snooze.kind == Kind.MILESTONE, Snooze.until_on > day, Snooze.recorded_at < ends_at)
    return {(person_id, milestone_id): until_on for person_id, milestone_id, until_on in session.execute(statement)}
