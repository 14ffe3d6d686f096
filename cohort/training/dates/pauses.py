"""Answers which members stand still on a day; a pause that was taken back never was."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from cohort.plans.models import Member
from cohort.rules.redating import pause_days
from cohort.training.dates.models import DateChange, Pause


def standing_pauses(plan_id: int) -> Select[Any]:
    """Return the statement of all pauses of a plan that hold, past and coming ones too."""
    return (
        select(Pause).join(Member, Member.id == Pause.member_id).outerjoin(DateChange, DateChange.id == Pause.change_id)
        .where(Member.plan_id == plan_id, DateChange.undone_at.is_(None)).order_by(Pause.from_on, Pause.id)
    )


def paused_on(session: Session, plan_id: int, day: date) -> dict[int, Pause]:
    """Return the pause of each member that stands still on `day`, by the member's number, in one query."""
    rows = session.scalars(standing_pauses(plan_id).where(Pause.from_on <= day, Pause.until_on >= day))
    return {row.member_id: row for row in rows}


def pauses_of(session: Session, member: Member) -> list[Pause]:
    """Return the pauses of one member, earliest first."""
    return list(session.scalars(standing_pauses(member.plan_id).where(Pause.member_id == member.id)))


def paused_days(session: Session, plan_id: int) -> dict[int, int]:
    """Return how many days each member that ever paused has been given for it, in one query."""
    given: dict[int, int] = {}
    for row in session.scalars(standing_pauses(plan_id)):
        given[row.member_id] = given.get(row.member_id, 0) + pause_days(row.from_on, row.until_on)
    return given


def paused_members(day: date) -> Select[Any]:
    """Return the statement of the members that stand still on `day`, for a criterion."""
    return select(Pause.member_id).outerjoin(DateChange, DateChange.id == Pause.change_id).where(
        Pause.from_on <= day, Pause.until_on >= day, DateChange.undone_at.is_(None))
