"""Answers what was talked about with a firm and which next steps are open; a corrected note gives way to its correction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session, aliased, joinedload

from cohort.kit.access import Actor
from cohort.kit.errors import DomainError
from cohort.people.models import Person
from cohort.plans.models import Member
from cohort.training.coaching.models import CoachingLog


@dataclass(frozen=True)
class HeldTalk:
    """A talk with the name of whoever noted it, and whether a later note corrected it."""

    talk: CoachingLog
    who: str
    is_corrected: bool


@dataclass(frozen=True)
class Step:
    """An open next step with the member it was agreed with; negative days are past."""

    talk: CoachingLog
    member: Member
    days_left: int


def _stands() -> ColumnElement[bool]:
    """Return the criterion that no later note corrects a talk."""
    later = aliased(CoachingLog)
    return ~select(later.id).where(later.corrects_id == CoachingLog.id).exists()


def is_corrected(session: Session, talk_id: int) -> bool:
    """Return whether a later note corrects this one."""
    return session.scalar(select(CoachingLog.id).where(CoachingLog.corrects_id == talk_id).limit(1)) is not None


def talk_named(session: Session, member_id: int, talk_id: int) -> CoachingLog:
    """Return a talk of a member within the actor's reach; raises `DomainError("not_found")`."""
    found = session.scalars(select(CoachingLog).where(
        CoachingLog.id == talk_id, CoachingLog.member_id == member_id)).one_or_none()
    if found is None:
        raise DomainError("not_found")
    return found


def talks_of(session: Session, member: Member, limit: int = 200) -> list[HeldTalk]:
    """Return the talks with a member, latest first, corrected ones among them."""
    statement = select(CoachingLog, Person.name).outerjoin(Person, Person.id == CoachingLog.recorded_by).where(
        CoachingLog.member_id == member.id)
    rows = session.execute(statement.order_by(CoachingLog.held_on.desc(), CoachingLog.id.desc()).limit(limit)).all()
    corrected = {talk.corrects_id for talk, _who in rows}
    return [HeldTalk(talk, who or "", talk.id in corrected) for talk, who in rows]


def open_steps(session: Session, member: Member, day: date) -> list[Step]:
    """Return what was agreed with a member and is not done, soonest first."""
    return _steps(session, day, CoachingLog.member_id == member.id)


def due_steps(session: Session, actor: Actor, day: date) -> list[Step]:
    """Return the steps that the actor noted and that are due by `day`, oldest first: a part of their work list."""
    return _steps(
        session, day, CoachingLog.recorded_by == actor.person_id, CoachingLog.plan_id == (actor.plan_id or 0),
        CoachingLog.next_on <= day, Member.left_on.is_(None))


def _steps(session: Session, day: date, *criteria: ColumnElement[bool]) -> list[Step]:
    statement = (
        select(CoachingLog, Member).join(Member, Member.id == CoachingLog.member_id)
        .where(CoachingLog.next_on.is_not(None), CoachingLog.next_done_on.is_(None), _stands(), *criteria)
        .options(joinedload(Member.firm)).order_by(CoachingLog.next_on, CoachingLog.id)
    )
    return [Step(talk, member, (talk.next_on - day).days) for talk, member in session.execute(statement) if talk.next_on]


def minutes_of(talks: Sequence[HeldTalk]) -> int:
    """Return how many minutes of coaching a firm had, each talk counted once."""
    return sum(each.talk.minutes for each in talks if not each.is_corrected)
