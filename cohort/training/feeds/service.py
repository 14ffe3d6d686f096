"""Makes, revokes and writes a person's calendar feed: open milestones and sessions within that person's reach.

The address of a feed is known to its holder alone: its hash is kept. Calendar programs read it without signing in.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import date, datetime, timedelta
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from icalendar import Calendar, Event
from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload

from cohort.kit import audit, clock
from cohort.kit.access import Actor, act_as, unscoped
from cohort.kit.errors import DomainError, wording
from cohort.kit.mail import read_by
from cohort.people.actors import actor_of
from cohort.people.models import Person
from cohort.plans.models import Member, Plan
from cohort.training.feeds.models import CalendarFeed
from cohort.training.models import Milestone, MilestoneEntry
from cohort.training.sessions.models import Invitation, TrainingSession
from cohort.training.words import title_in

wording("calendar_revoked", _l("This calendar address was revoked. Make a new one on the page “My calendar”."), 410)

PAST_DAYS, COMING_DAYS = 60, 400
MOST_EVENTS = 2_000  # a calendar program gives up on more; the nearest days stay


def feed_of(session: Session, actor: Actor) -> CalendarFeed | None:
    """Return the feed that stands for the actor in their plan, or None."""
    statement = select(CalendarFeed).where(
        CalendarFeed.person_id == actor.person_id, CalendarFeed.plan_id == actor.plan_id, CalendarFeed.revoked_at.is_(None))
    return session.scalars(statement).one_or_none()


def make_feed(session: Session, actor: Actor) -> str:
    """Return the secret part of a new address; the address before it no longer opens.

    It is shown once and kept as a hash. Raises `not_allowed` for somebody who works in no plan.
    """
    if actor.person_id is None or actor.plan_id is None:
        raise DomainError("not_allowed")
    revoke_feed(session, actor)
    token = secrets.token_urlsafe(24)
    made = CalendarFeed(person_id=actor.person_id, plan_id=actor.plan_id, token_hash=_hash(token), made_at=clock.now())
    session.add(made)
    session.flush()
    audit.record(session, actor, "calendar.made", made)
    return token


def revoke_feed(session: Session, actor: Actor) -> None:
    """Close the actor's feed; without one nothing happens."""
    feed = feed_of(session, actor)
    if feed is not None:
        feed.revoked_at = clock.now()
        session.flush()
        audit.record(session, actor, "calendar.revoked", feed)


def opened(session: Session, token: str) -> tuple[CalendarFeed, Person]:
    """Return the feed of an address with its person; raises `not_found`, and `calendar_revoked` for one that was closed."""
    with unscoped(session):  # a calendar program is nobody
        feed = session.scalars(select(CalendarFeed).where(CalendarFeed.token_hash == _hash(token))).one_or_none()
        person = None if feed is None else session.get(Person, feed.person_id)
    if feed is None or person is None:
        raise DomainError("not_found")
    if feed.revoked_at is not None or not person.active:
        raise DomainError("calendar_revoked")
    return feed, person


def written(session: Session, feed: CalendarFeed, person: Person, public_url: str) -> bytes:
    """Return the feed as iCalendar (RFC 5545): one all-day event a milestone, and sessions with their hours.

    An event keeps its UID when its day moves, so that calendars move it too. Read with the person's own reach.
    """
    actor = actor_of(session, person, feed.plan_id)
    plan = session.get(Plan, feed.plan_id)
    assert plan is not None, "a feed is of a plan"
    act_as(session, actor)
    with read_by(person.language, person.region or plan.lead_country):
        found = Calendar()
        found.add("prodid", "-//cohort//calendar//ES")
        found.add("version", "2.0")
        found.add("method", "PUBLISH")
        found.add("x-wr-calname", plan.name_es if person.language == "es" else plan.name_en)
        found.add("refresh-interval", timedelta(hours=6), parameters={"value": "DURATION"})
        is_firm = bool(actor.firm_ids)
        for event in (*_milestones(session, actor, person.language, is_firm, public_url), *_sessions(session, actor, person.language)):
            found.add_component(event)
    return bytes(found.to_ical())


def _milestones(session: Session, actor: Actor, language: str, is_firm: bool, public_url: str) -> list[Event]:
    today = clock.today()
    statement = (
        select(Milestone).join(Member, Member.id == Milestone.member_id)
        .where(Milestone.plan_id == actor.plan_id, Milestone.done_on.is_(None), Milestone.waived_on.is_(None), Member.left_on.is_(None))
        .where(Milestone.due_on.between(today - timedelta(days=PAST_DAYS), today + timedelta(days=COMING_DAYS)))
        .options(joinedload(Milestone.member).joinedload(Member.firm)).order_by(Milestone.due_on, Milestone.id).limit(MOST_EVENTS)
    )
    rows = session.scalars(statement).all()
    moved = _moved(session, [row.id for row in rows])
    return [
        _event(
            f"milestone-{row.id}", title_in(language, row) if is_firm else f"{row.member.firm.name}: {title_in(language, row)}",
            row.due_on, row.due_on + timedelta(days=1), moved.get(row.id, 0),
            {"description": row.evidence_es if language == "es" else row.evidence_en, "url": f"{public_url}/training/milestones/{row.id}", "transp": "TRANSPARENT"},
        )
        for row in rows
    ]


def _moved(session: Session, ids: list[int]) -> dict[int, int]:
    """Return how often each milestone was given another day."""
    counts = select(MilestoneEntry.milestone_id, func.count(MilestoneEntry.id)).where(
        MilestoneEntry.milestone_id.in_(ids), MilestoneEntry.kind == "redated").group_by(MilestoneEntry.milestone_id)
    return dict(session.execute(counts).all())


def _sessions(session: Session, actor: Actor, language: str) -> list[Event]:
    """Return the sessions that a firm is invited to and did not decline, or all of the plan for staff; cancelled ones say so."""
    now = clock.now()
    statement = select(TrainingSession).where(
        TrainingSession.plan_id == actor.plan_id, TrainingSession.ends_at > now - timedelta(days=PAST_DAYS))
    if actor.firm_ids:
        invited = select(Invitation.session_id).where(Invitation.firm_id.in_(sorted(actor.firm_ids)), Invitation.answer != "no")
        statement = statement.where(TrainingSession.id.in_(invited))
    rows = session.scalars(statement.order_by(TrainingSession.starts_at).limit(MOST_EVENTS)).all()
    return [
        _event(f"session-{row.id}", title_in(language, row), row.starts_at, row.ends_at,
               1 if row.cancelled_at else 0,
               {"location": row.place or row.link, "status": "CANCELLED" if row.cancelled_at else "CONFIRMED",
                **({"description": gettext("Cancelled: %(reason)s", reason=row.cancel_reason)} if row.cancelled_at else {})})
        for row in rows
    ]


def _event(uid: str, summary: str, start: date | datetime, end: date | datetime, sequence: int, more: dict[str, Any]) -> Event:
    event = Event()
    event.add("uid", f"{uid}@cohort")
    event.add("dtstamp", clock.now())
    event.add("summary", summary)
    event.add("dtstart", start)
    event.add("dtend", end)
    event.add("sequence", sequence)
    for name, value in more.items():
        if value:
            event.add(name, value)
    return event


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
