"""Answers which sessions there are, who is invited, what they said and who was there; within the actor's reach.

When and where a session is held is open to everybody of its plan, its list of firms to whoever reaches them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session, joinedload

from cohort.firms.models import Firm
from cohort.kit import clock
from cohort.kit.access import Actor, unscoped
from cohort.kit.errors import DomainError
from cohort.people.models import Person
from cohort.plans.models import Member
from cohort.training.sessions.models import Attendance, Invitation, TrainingSession


@dataclass(frozen=True)
class Tally:
    """What all firms invited to a session said, and how many were there; counts alone, of every country."""

    invited: int = 0
    yes: int = 0
    no: int = 0
    present: int = 0

    @property
    def unanswered(self) -> int:
        """How many have not said whether they come."""
        return self.invited - self.yes - self.no


@dataclass(frozen=True)
class Line:
    """One entry of attendance in words: which firm, minutes, how it was noted, by whom, when."""

    firm: str
    minutes: int
    source: str
    who: str
    recorded_at: datetime


def session_named(session: Session, actor: Actor, session_id: int) -> TrainingSession:
    """Return a session of the actor's plan; for a firm only one it is invited to or was at. Raises `not_found`."""
    found = session.get(TrainingSession, session_id)
    if found is None or (not actor.is_system and found.plan_id != actor.plan_id):
        raise DomainError("not_found")
    if not actor.is_system and not actor.is_staff:
        concerned = select(Invitation.id).where(Invitation.session_id == found.id).limit(1)
        present = select(Attendance.id).where(Attendance.session_id == found.id).limit(1)
        if session.scalar(concerned) is None and session.scalar(present) is None:
            raise DomainError("not_found")
    return found


def coming(session: Session, plan_id: int, *, is_past: bool, page: int = 1, per_page: int = 50) -> tuple[list[TrainingSession], int]:
    """Return one page of the sessions that are still to end (next first), or of those that ended (latest first), and how many."""
    ends = TrainingSession.ends_at
    chosen = (TrainingSession.plan_id == plan_id, ends <= clock.now() if is_past else ends > clock.now())
    order = TrainingSession.starts_at.desc() if is_past else TrainingSession.starts_at
    rows = session.scalars(select(TrainingSession).where(*chosen).order_by(order, TrainingSession.id).limit(per_page).offset((page - 1) * per_page))
    return list(rows), session.scalar(select(func.count(TrainingSession.id)).where(*chosen)) or 0


def tallies(session: Session, ids: Sequence[int]) -> dict[int, Tally]:
    """Return the counts of each session over all countries: a room is full for everybody alike, and no row leaves."""
    found: dict[int, dict[str, int]] = {key: defaultdict(int) for key in ids}
    answers = select(Invitation.session_id, Invitation.answer, func.count()).where(Invitation.session_id.in_(ids))
    there = select(Attendance.session_id, func.count()).where(Attendance.id.in_(_latest(Attendance.session_id.in_(ids))), Attendance.minutes > 0)
    with unscoped(session):
        for key, answer, count in session.execute(answers.group_by(Invitation.session_id, Invitation.answer)):
            found[key][answer] = count
        present = dict(session.execute(there.group_by(Attendance.session_id)).all())
    return {
        key: Tally(sum(counts.values()), counts["yes"], counts["no"], present.get(key, 0)) for key, counts in found.items()
    }


def invitations_of(session: Session, training: TrainingSession) -> list[Invitation]:
    """Return who is invited, by country and name, with member and firm."""
    statement = (
        select(Invitation).join(Member, Member.id == Invitation.member_id).join(Firm, Firm.id == Invitation.firm_id)
        .where(Invitation.session_id == training.id).options(joinedload(Invitation.member).joinedload(Member.firm))
        .order_by(Member.country, Firm.sort_name, Member.id)
    )
    return list(session.scalars(statement))


def own_invitations(session: Session, actor: Actor) -> list[Invitation]:
    """Return the invitations of the actor's own firms in the plan with their sessions, the earliest session first."""
    statement = (
        select(Invitation).join(TrainingSession, TrainingSession.id == Invitation.session_id)
        .where(TrainingSession.plan_id == actor.plan_id, Invitation.firm_id.in_(sorted(actor.firm_ids or ())))
        .options(joinedload(Invitation.session), joinedload(Invitation.member).joinedload(Member.firm)).order_by(TrainingSession.starts_at, Invitation.id)
    )
    return list(session.scalars(statement))


def places(session: Session, trainings: Sequence[TrainingSession]) -> dict[int, int]:
    """Return by invitation the place in the order of the yeses of its session, 1 for the first that said so.

    Whoever stands beyond the session's capacity waits: first come, first served. No row of another firm leaves.
    """
    rank = func.row_number().over(partition_by=Invitation.session_id, order_by=(Invitation.answered_at, Invitation.id))
    statement = select(Invitation.id, rank).where(Invitation.session_id.in_([each.id for each in trainings]), Invitation.answer == "yes")
    with unscoped(session):
        return dict(session.execute(statement).all())


def waits(training: TrainingSession, place: int | None) -> int:
    """Return the place on the waiting list, 1 for the next one; 0 for whoever has a place or did not say yes."""
    return max(0, place - training.capacity) if place and training.capacity is not None else 0


def latest_attendance(session: Session, training: TrainingSession) -> dict[int, Attendance]:
    """Return the entry that counts for each member of a session."""
    rows = session.scalars(select(Attendance).where(Attendance.id.in_(_latest(Attendance.session_id == training.id))))
    return {row.member_id: row for row in rows}


def entries_of(session: Session, training: TrainingSession, limit: int = 20) -> list[Line]:
    """Return what was written down of a session, the latest first, also what no longer counts."""
    statement = (
        select(Attendance, Firm, Person.name).join(Firm, Firm.id == Attendance.firm_id)
        .outerjoin(Person, Person.id == Attendance.recorded_by).where(Attendance.session_id == training.id)
    )
    rows = session.execute(statement.order_by(Attendance.id.desc()).limit(limit))
    return [Line(firm.name, row.minutes, row.source, name or "", row.recorded_at) for row, firm, name in rows]


def others(session: Session, training: TrainingSession, known: Mapping[int, object]) -> list[Member]:
    """Return further members of the plan who may be added to the list, by name: of it on the session's day."""
    statement = select(Member).join(Firm, Firm.id == Member.firm_id).where(
        Member.plan_id == training.plan_id, Member.left_on.is_(None) | (Member.left_on > training.starts_at.date()))
    rows = session.scalars(statement.options(joinedload(Member.firm)).order_by(Firm.sort_name, Member.id))
    return [row for row in rows if row.id not in known]


def unanswered_count(session: Session, actor: Actor) -> int:
    """Return how many coming sessions wait for the answer of the actor's own firm; 0 for staff."""
    if actor.is_staff or not actor.firm_ids:
        return 0
    statement = select(func.count(Invitation.id)).join(TrainingSession, TrainingSession.id == Invitation.session_id).where(
        TrainingSession.plan_id == actor.plan_id, TrainingSession.starts_at > clock.now(), TrainingSession.cancelled_at.is_(None),
        Invitation.answer == "waiting", Invitation.firm_id.in_(sorted(actor.firm_ids)))
    return session.scalar(statement) or 0


def _latest(chosen: ColumnElement[bool]) -> Select[int]:
    """The numbers of the entries that count: the last one of each member in each session."""
    return select(func.max(Attendance.id)).where(chosen).group_by(Attendance.session_id, Attendance.member_id)


def is_held(session: Session, training: TrainingSession) -> bool:
    """Return whether attendance of a session was written down, of any country; no row leaves."""
    with unscoped(session):
        return session.scalar(select(Attendance.id).where(Attendance.session_id == training.id).limit(1)) is not None


def own_attendance(session: Session, actor: Actor) -> dict[tuple[int, int], Attendance]:
    """Return the entries that count of the actor's own firms, by session and member."""
    chosen = Attendance.firm_id.in_(sorted(actor.firm_ids or ()))
    rows = session.scalars(select(Attendance).where(Attendance.id.in_(_latest(chosen))))
    return {(row.session_id, row.member_id): row for row in rows}


def members_of(session: Session, ids: Iterable[int]) -> list[Member]:
    """Return members within the reach by number, with their firms, by name."""
    statement = select(Member).join(Firm, Firm.id == Member.firm_id).where(Member.id.in_(list(ids))).options(joinedload(Member.firm))
    return list(session.scalars(statement.order_by(Member.country, Firm.sort_name, Member.id)))
