"""Answers which changes of dates a plan had, what one of them did within the reader's reach, and tells them in histories."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from flask_babel import gettext
from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from cohort.firms.models import Firm
from cohort.kit.errors import DomainError
from cohort.kit.history import Act
from cohort.plans import queries as plan_queries
from cohort.plans.models import Member
from cohort.training.dates.models import DateChange
from cohort.training.models import Milestone, MilestoneEntry


@dataclass(frozen=True)
class Done:
    """One milestone that a change moved: its days before and after, and why it stayed when the change was taken back."""

    milestone_id: int
    firm: str
    country: str
    number: int
    title_es: str
    title_en: str
    before: date
    after: date
    kept: str = ""


def changes_of(session: Session, plan_id: int, limit: int = 50) -> list[DateChange]:
    """Return the changes of a plan, latest first."""
    statement = select(DateChange).where(DateChange.plan_id == plan_id).order_by(DateChange.id.desc())
    return list(session.scalars(statement.limit(limit)))


def change_named(session: Session, plan_id: int | None, change_id: int) -> DateChange:
    """Return a change of the plan; raises `DomainError("not_found")`."""
    change = session.get(DateChange, change_id)
    if change is None or change.plan_id != plan_id:
        raise DomainError("not_found")
    return change


def done_by(session: Session, change: DateChange) -> list[Done]:
    """Return what a change did to the milestones within the actor's reach, by firm and number, in one query."""
    days = {row["milestone"]: (date.fromisoformat(row["before"]), date.fromisoformat(row["after"])) for row in change.rows}
    kept = {row["milestone"]: row["why"] for row in change.facts.get("kept", ())}
    concerned = select(MilestoneEntry.milestone_id).where(MilestoneEntry.change_id == change.id)
    statement = (
        select(Milestone).join(Member, Member.id == Milestone.member_id).join(Firm, Firm.id == Milestone.firm_id)
        .where(Milestone.id.in_(concerned)).options(joinedload(Milestone.member).joinedload(Member.firm))
        .order_by(Firm.sort_name, Milestone.member_id, Milestone.number)
    )
    return [
        Done(row.id, row.member.firm.name, row.member.country, row.number, row.title_es, row.title_en, *days[row.id], kept.get(row.id, ""))
        for row in session.scalars(statement) if row.id in days
    ]


def acts_with_others(session: Session, entries: Sequence[MilestoneEntry]) -> list[Act]:
    """Return the re-datings of a milestone that came with a change of many, for its history: the audit has one line for all."""
    together = [entry for entry in entries if entry.change_id is not None]
    names = plan_queries.names_of(session, [entry.recorded_by for entry in together])
    return [
        Act(names.get(entry.recorded_by or 0, gettext("The system")), gettext("gave it another day, together with others"),
            entry.recorded_at, entry.text)
        for entry in together
    ]
