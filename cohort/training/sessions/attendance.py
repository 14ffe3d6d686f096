"""Writes down who was at a session: from the list on the screen, at the door, from a file. Hours are worked out in `hours`.

An entry is appended and never changed; the latest one counts, 0 minutes takes it back. So of two people who write
at once nothing is lost: only what each of them changed is appended.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from cohort.kit import audit, clock
from cohort.kit.access import Actor
from cohort.kit.errors import DomainError, wording
from cohort.kit.imports import ImportRun
from cohort.plans.models import Member
from cohort.training.sessions import queries
from cohort.training.sessions.hours import length_minutes
from cohort.training.sessions.models import Attendance, Invitation, TrainingSession
from cohort.training.sessions.service import require_edit

wording("attendance_early", _l("Attendance can be written down from the day of the session on."))
wording("attendance_minutes", _l("Minutes are whole numbers from 0 to 1,440."))
wording("door_closed", _l("This code works on the day of the session alone: %(day)s."))
wording("door_stranger", _l("Your firm is no member of this plan, so there is nothing to note."), 403)

MOST_MINUTES = 1440


@dataclass(frozen=True)
class Noted:
    """What one save changed: (firm, minutes before or None for no entry, minutes now), by firm."""

    changes: tuple[tuple[str, int | None, int], ...]

    @property
    def came(self) -> int:
        """How many are newly there."""
        return sum(not before and now > 0 for _firm, before, now in self.changes)

    @property
    def taken_back(self) -> int:
        """How many are no longer there."""
        return sum(bool(before) and now == 0 for _firm, before, now in self.changes)

    @property
    def corrected(self) -> int:
        """How many have other minutes now."""
        return sum(bool(before) and now > 0 for _firm, before, now in self.changes)


def note_attendance(
    session: Session, actor: Actor, training: TrainingSession, minutes: Mapping[int, int], *, source: str = "screen",
    import_run: ImportRun | None = None,
) -> Noted:
    """Append the minutes of members, by number, where they differ from what counts now; all or nothing.

    A member that has no entry and is not there needs none. Errors: DomainError `session_not_yours`,
    `session_cancelled`, `attendance_early`, `attendance_minutes`, and `not_found` for a member out of reach.
    """
    require_edit(actor, training)
    _refuse_not_held(training)
    if any(not 0 <= each <= MOST_MINUTES for each in minutes.values()):
        raise DomainError("attendance_minutes")
    session.execute(select(TrainingSession.id).where(TrainingSession.id == training.id).with_for_update())
    statement = select(Member).where(Member.id.in_(minutes), Member.plan_id == training.plan_id).options(joinedload(Member.firm))
    members = {each.id: each for each in session.scalars(statement)}
    if len(members) != len(minutes):
        raise DomainError("not_found")
    held = queries.latest_attendance(session, training)
    changes = []
    for key, now in minutes.items():
        before = held[key].minutes if key in held else None
        if now == (before or 0):
            continue
        _append(session, actor, training, members[key], now, source, import_run)
        changes.append((members[key].firm.name, before, now))
    if changes:
        session.flush()
        audit.record(session, actor, "session.attendance", training, after={"source": source, "firms": len(changes)})
    return Noted(tuple(sorted(changes)))


def door_open(training: TrainingSession, today: date) -> bool:
    """Return whether the code at the door works on a day of the session's zone."""
    zone = ZoneInfo(training.time_zone)
    return training.starts_at.astimezone(zone).date() <= today <= training.ends_at.astimezone(zone).date()


def at_door(session: Session, actor: Actor, code: str) -> tuple[TrainingSession, list[Member], bool]:
    """Return the session of a code, the actor's firms that it concerns, and whether all of them are noted already.

    Of several firms those invited, else the first. Errors: DomainError `not_found`, `session_cancelled`,
    `door_closed`, `door_stranger`.
    """
    training = session.scalars(select(TrainingSession).where(TrainingSession.door_code == code)).one_or_none()
    if training is None or training.plan_id != actor.plan_id:
        raise DomainError("not_found")
    if training.cancelled_at is not None:
        raise DomainError("session_cancelled")
    if not door_open(training, clock.today(training.time_zone)):
        raise DomainError("door_closed", day=training.starts_at.astimezone(ZoneInfo(training.time_zone)).date())
    statement = select(Member).where(
        Member.plan_id == training.plan_id, Member.firm_id.in_(sorted(actor.firm_ids or ())), Member.left_on.is_(None))
    members = list(session.scalars(statement.options(joinedload(Member.firm)).order_by(Member.id)))
    if not members:
        raise DomainError("door_stranger")
    invited = set(session.scalars(select(Invitation.member_id).where(Invitation.session_id == training.id)))
    concerned = [each for each in members if each.id in invited] or members[:1]
    noted = set(session.scalars(select(Attendance.member_id).where(Attendance.session_id == training.id)))
    return training, concerned, all(each.id in noted for each in concerned)


def enter(session: Session, actor: Actor, code: str) -> TrainingSession:
    """Note the actor's firm as there for the whole session, once: whoever has an entry already keeps it.

    Errors: those of `at_door`.
    """
    training, members, _is_noted = at_door(session, actor, code)
    session.execute(select(TrainingSession.id).where(TrainingSession.id == training.id).with_for_update())
    noted = set(session.scalars(select(Attendance.member_id).where(Attendance.session_id == training.id)))
    fresh = [each for each in members if each.id not in noted]
    for member in fresh:
        _append(session, actor, training, member, length_minutes(training), "door", None)
    if fresh:
        session.flush()
        audit.record(session, actor, "session.entered", training, after={"firms": [each.firm_id for each in fresh]})
    return training


def _append(
    session: Session, actor: Actor, training: TrainingSession, member: Member, minutes: int, source: str, import_run: ImportRun | None
) -> None:
    session.add(Attendance(
        session_id=training.id, member_id=member.id, firm_id=member.firm_id, minutes=minutes, source=source,
        import_id=import_run.id if import_run else None, recorded_at=clock.now(), recorded_by=actor.person_id))


def _refuse_not_held(training: TrainingSession) -> None:
    if training.cancelled_at is not None:
        raise DomainError("session_cancelled")
    if clock.today(training.time_zone) < training.starts_at.astimezone(ZoneInfo(training.time_zone)).date():
        raise DomainError("attendance_early")
