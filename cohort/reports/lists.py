"""Lists what a person looks at first: firms on their way, what is due next, what waits for whom; counts stand in figures."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import and_, case, func, or_, select
from sqlalchemy.orm import Session, joinedload

from cohort.exports.models import Export, FirmStanding
from cohort.plans.groups import Group, in_group
from cohort.plans.models import Member
from cohort.reports.figures import owed
from cohort.rounds.models import Appeal, Application, Round
from cohort.training.dates.pauses import paused_members
from cohort.training.models import ContactNote, Milestone

AHEAD_DAYS, BACK_DAYS = 14, 60
# The order in which a manager wants to see firms: nearest to recurring, then about to go quiet, then the rest.
_INTEREST = {"becoming": 0, "recurring": 1, "repeat": 2, "reactivated": 3, "dormant": 4, "consolidated": 5, "first": 6}


@dataclass(frozen=True)
class DueGroup:
    """One milestone of the template on one day: how many firms still owe it, and in which countries."""

    number: int
    title_es: str
    title_en: str
    due_on: date
    firm_count: int
    countries: tuple[str, ...]
    days_left: int


@dataclass(frozen=True)
class Call:
    """A firm worth a call, with the reasons: what is late, or that its last export is long ago."""

    member: Member
    late: list[Milestone] = field(default_factory=list)
    standing: FirmStanding | None = None


@dataclass(frozen=True)
class Decisions:
    """What only the manager can do today."""

    rounds: list[Round]
    appeal_count: int


def on_their_way(session: Session, plan_id: int, limit: int = 8) -> list[Member]:
    """Return the firms of the cohort nearest to recurring, then those that may go quiet, each with its firm."""
    order = case(_INTEREST, value=FirmStanding.stage, else_=9)
    statement = (
        select(Member)
        .join(FirmStanding, and_(Member.firm_id == FirmStanding.firm_id, Member.plan_id == FirmStanding.plan_id))
        .where(FirmStanding.plan_id == plan_id, in_group(Group.COHORT), FirmStanding.stage.in_(_INTEREST))
        .options(joinedload(Member.firm))
        .order_by(order, FirmStanding.quarters_count.desc(), FirmStanding.last_export_on.desc(), FirmStanding.id)
        .limit(limit)
    )
    return list(session.scalars(statement))


def due_next(session: Session, plan_id: int, day: date, limit: int = 6) -> list[DueGroup]:
    """Return what the cohort owes in the next two weeks and what it is late with, one line a milestone, soonest first."""
    statement = (
        select(Milestone.number, Milestone.title_es, Milestone.title_en, Member.country, func.min(Milestone.due_on), func.count())
        .join(Member, Member.id == Milestone.member_id)
        .where(Milestone.plan_id == plan_id, in_group(Group.COHORT), owed())
        .where(Milestone.due_on.between(day - timedelta(days=BACK_DAYS), day + timedelta(days=AHEAD_DAYS)))
        .group_by(Milestone.number, Milestone.title_es, Milestone.title_en, Member.country)
    )
    merged: dict[int, list[tuple[str, str, str, date, int]]] = defaultdict(list)
    for number, title_es, title_en, country, due_on, count in session.execute(statement):
        merged[number].append((title_es, title_en, country, due_on, count))
    groups = [
        DueGroup(
            number, rows[0][0], rows[0][1], soonest := min(row[3] for row in rows), sum(row[4] for row in rows),
            tuple(sorted(row[2] for row in rows)), (soonest - day).days,
        )
        for number, rows in merged.items()
    ]
    return sorted(groups, key=lambda group: (group.due_on, group.number))[:limit]


def late_by_country(session: Session, plan_id: int, day: date) -> dict[str, int]:
    """Return how many milestones of the cohort are overdue in each country."""
    statement = (
        select(Member.country, func.count(Milestone.id)).join(Member, Member.id == Milestone.member_id)
        .where(Milestone.plan_id == plan_id, in_group(Group.COHORT), owed(), Milestone.due_on < day)
        .group_by(Member.country).order_by(Member.country)
    )
    return {country: int(count) for country, count in session.execute(statement)}


def decisions(session: Session, plan_id: int) -> Decisions:
    """Return the rounds that wait for the manager and how many appeals do."""
    rounds = session.scalars(
        select(Round).where(Round.plan_id == plan_id, Round.status.in_(("draft", "closed", "decided"))).order_by(Round.closes_at)
    )
    appeals = (
        select(func.count(Appeal.id)).join(Application, Application.id == Appeal.application_id)
        .join(Round, Round.id == Application.round_id).where(Round.plan_id == plan_id, Appeal.state == "waiting")
    )
    return Decisions(list(rounds), session.scalar(appeals) or 0)


def to_verify(session: Session, plan_id: int, limit: int = 50) -> list[Export]:
    """Return the exports that wait for our check, oldest first, within the actor's reach."""
    statement = (
        select(Export).where(Export.plan_id == plan_id, Export.state == "waiting", Export.is_baseline.is_(False))
        .options(joinedload(Export.firm)).order_by(Export.recorded_at, Export.id).limit(limit)
    )
    return list(session.scalars(statement))


def to_verify_count(session: Session, plan_id: int) -> int:
    """Return how many exports wait for our check, within the actor's reach."""
    statement = select(func.count(Export.id)).where(Export.plan_id == plan_id, Export.state == "waiting")
    return session.scalar(statement.where(Export.is_baseline.is_(False))) or 0


def pilot_firms(session: Session, plan_id: int) -> frozenset[int]:
    """Return the firms of the pilot group within the actor's reach: a list of work marks them."""
    return frozenset(session.scalars(select(Member.firm_id).where(Member.plan_id == plan_id, in_group(Group.PILOT))))


def to_call(session: Session, plan_id: int, day: date, limit: int = 50) -> list[Call]:
    """Return members worth a call, worst first: a milestone a week late or a firm gone quiet, not called for a week.

    The oldest late milestone decides the order; a firm without one comes after, by its last export. A firm that
    pauses is left in peace.
    """
    week_ago = datetime.combine(day - timedelta(days=7), time.max, UTC)
    recently = select(ContactNote.firm_id).where(ContactNote.plan_id == plan_id, ContactNote.recorded_at > week_ago)
    late = list(session.scalars(
        select(Milestone).join(Member, Member.id == Milestone.member_id)
        .where(Milestone.plan_id == plan_id, Member.left_on.is_(None), owed(), Milestone.due_on <= day - timedelta(days=7))
        .where(Milestone.firm_id.not_in(recently), Member.id.not_in(paused_members(day)))
        .options(joinedload(Milestone.member).joinedload(Member.firm)).order_by(Milestone.due_on, Milestone.id)
    ))
    quiet = select(FirmStanding, Member).join(
        Member, and_(Member.firm_id == FirmStanding.firm_id, Member.plan_id == FirmStanding.plan_id)
    ).where(
        FirmStanding.plan_id == plan_id, Member.left_on.is_(None), FirmStanding.firm_id.not_in(recently), Member.id.not_in(paused_members(day)),
        FirmStanding.is_waiting_for_us.is_(False),
        or_(FirmStanding.stage == "dormant", FirmStanding.last_export_on <= day - timedelta(days=150)),
        FirmStanding.stage != "lapsed",
    ).options(joinedload(Member.firm)).order_by(FirmStanding.last_export_on, FirmStanding.id)
    calls: dict[int, Call] = {}
    for row in late:
        calls.setdefault(row.firm_id, Call(row.member, [])).late.append(row)
    for standing, member in session.execute(quiet):
        known = calls.get(member.firm_id)
        calls[member.firm_id] = Call(member, known.late if known else [], standing)
    return list(calls.values())[:limit]

