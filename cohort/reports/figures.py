"""Counts how a plan stands: parity, recurring exporters, milestones on time, verified value, the path by ownership.

Every figure is one set-based query over the rooms below, whatever the number of firms. Pilot firms are left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, and_, case, func, or_, select
from sqlalchemy.orm import Session

from cohort.exports.models import Export, FirmStanding, StageFlag
from cohort.firms.models import Firm
from cohort.plans import groups
from cohort.plans.models import Member
from cohort.rounds.models import Application, Decision, Round, Seat
from cohort.training.models import Milestone

RECURRING = ("recurring", "consolidated")


@dataclass(frozen=True)
class Group:
    """A number of firms and how many of them are women-owned or women-led by declared and judged facts."""

    women: int
    total: int

    @property
    def share(self) -> float:
        """Women's part, 0–1; 0 for an empty group."""
        return self.women / self.total if self.total else 0.0


@dataclass(frozen=True)
class Punctuality:
    """Milestones due so far: how many were handed in or done by their day, how many are overdue, the oldest in days."""

    due_count: int
    on_time_count: int
    overdue_count: int
    oldest_days: int

    @property
    def share(self) -> float | None:
        """Part on time, 0–1; None while nothing was due."""
        return self.on_time_count / self.due_count if self.due_count else None


@dataclass(frozen=True)
class Value:
    """Value of goods to partner countries in US cents: verified, and waiting for our check."""

    verified_cents: int
    waiting_cents: int
    waiting_count: int


def is_womens() -> ColumnElement[bool]:
    """Return the criterion that a firm is women-owned or women-led today; unknown is neither yes nor no."""
    return or_(Firm.women_owned == "yes", Firm.women_led == "yes")


def _present(plan_id: int) -> ColumnElement[bool]:
    return and_(Member.plan_id == plan_id, groups.in_group(groups.Group.COHORT))


def owed() -> ColumnElement[bool]:
    """Return the criterion that a milestone lies with its firm: neither handed in nor closed."""
    return and_(Milestone.done_on.is_(None), Milestone.waived_on.is_(None), Milestone.handed_in_on.is_(None))


def _group(women: ColumnElement[bool]) -> tuple[ColumnElement[int], ColumnElement[int]]:
    return func.coalesce(func.sum(case((women, 1), else_=0)), 0), func.count()


def parity_today(session: Session, plan_id: int) -> dict[str, Group]:
    """Return the present members by country; the empty key holds all of them."""
    statement = select(Member.country, *_group(is_womens())).join(Firm, Firm.id == Member.firm_id)
    rows = session.execute(statement.where(_present(plan_id)).group_by(Member.country).order_by(Member.country))
    by_country = {country: Group(int(women), int(total)) for country, women, total in rows}
    everyone = Group(sum(each.women for each in by_country.values()), sum(each.total for each in by_country.values()))
    return {"": everyone, **by_country}


def parity_at_selection(session: Session, plan_id: int) -> Group:
    """Return everybody who ever joined, by what was frozen at their selection."""
    statement = select(*_group(Member.womens_at_entry == "yes"))
    women, total = session.execute(statement.where(Member.plan_id == plan_id, Member.is_pilot.is_(False))).one()
    return Group(int(women), int(total))


def recurring(session: Session, plan_id: int) -> Group:
    """Return the present members that are recurring or consolidated now."""
    return _with_standing(session, plan_id, FirmStanding.stage.in_(RECURRING))


def _with_standing(session: Session, plan_id: int, criterion: ColumnElement[bool]) -> Group:
    statement = (
        select(*_group(is_womens())).select_from(Member).join(Firm, Firm.id == Member.firm_id)
        .join(FirmStanding, and_(FirmStanding.firm_id == Member.firm_id, FirmStanding.plan_id == Member.plan_id))
        .where(_present(plan_id), criterion)
    )
    women, total = session.execute(statement).one()
    return Group(int(women), int(total))


def recurring_by_country(session: Session, plan_id: int, countries: list[str]) -> dict[str, int]:
    """Return how many present members are recurring in each of `countries`."""
    return _standing_by_country(session, plan_id, countries, FirmStanding.stage.in_(RECURRING))


def exporters_by_country(session: Session, plan_id: int, countries: list[str]) -> dict[str, int]:
    """Return how many present members have a verified export in each of `countries`."""
    return _standing_by_country(session, plan_id, countries, FirmStanding.first_export_on.is_not(None))


def _standing_by_country(session: Session, plan_id: int, countries: list[str], criterion: ColumnElement[bool]) -> dict[str, int]:
    statement = (
        select(Member.country, func.count()).select_from(Member)
        .join(FirmStanding, and_(FirmStanding.firm_id == Member.firm_id, FirmStanding.plan_id == Member.plan_id))
        .where(_present(plan_id), criterion).group_by(Member.country)
    )
    return {**dict.fromkeys(countries, 0), **{country: int(count) for country, count in session.execute(statement)}}


def became_recurring(session: Session, plan_id: int, since: date) -> int:
    """Return how many firms became recurring on or after `since`, by the day it became true."""
    of_the_cohort = and_(Member.firm_id == StageFlag.firm_id, Member.plan_id == StageFlag.plan_id, Member.is_pilot.is_(False))
    statement = select(func.count(StageFlag.firm_id.distinct())).join(Member, of_the_cohort).where(
        StageFlag.plan_id == plan_id, StageFlag.stage == "recurring", StageFlag.effective_on >= since,
        StageFlag.previous_stage.not_in(RECURRING),
    )
    return session.scalar(statement) or 0


def punctuality(session: Session, plan_id: int, day: date) -> Punctuality:
    """Return how milestones due up to `day` went; waived ones are left out."""
    met = or_(Milestone.done_on <= Milestone.due_on, Milestone.handed_in_on <= Milestone.due_on)
    overdue = and_(Milestone.done_on.is_(None), Milestone.handed_in_on.is_(None), Milestone.due_on < day)
    statement = (
        select(
            func.count(Milestone.id), func.coalesce(func.sum(case((met, 1), else_=0)), 0),
            func.coalesce(func.sum(case((overdue, 1), else_=0)), 0), func.min(case((overdue, Milestone.due_on))),
        )
        .join(Member, Member.id == Milestone.member_id)
        .where(_present(plan_id), Milestone.waived_on.is_(None), Milestone.due_on <= day)
    )
    due, on_time, late, oldest = session.execute(statement).one()
    return Punctuality(int(due), int(on_time), int(late), (day - oldest).days if oldest else 0)


def value(session: Session, plan_id: int) -> Value:
    """Return what members exported to partners, verified, and what waits for our check; baseline left out."""
    waiting = Export.state == "waiting"
    statement = select(
        func.coalesce(func.sum(Export.counted_usd_cents), 0),
        func.coalesce(func.sum(case((waiting, Export.fob_usd_cents), else_=0)), 0),
        func.coalesce(func.sum(case((waiting, 1), else_=0)), 0),
    ).join(Member, and_(Member.firm_id == Export.firm_id, Member.plan_id == Export.plan_id))
    row = session.execute(statement.where(
        Member.plan_id == plan_id, Member.is_pilot.is_(False), Export.is_baseline.is_(False),
    )).one()
    return Value(*(int(each) for each in row))


def value_by_country(session: Session, plan_id: int) -> dict[str, int]:
    """Return verified US cents by the firms' country."""
    statement = (
        select(Export.origin, func.sum(Export.counted_usd_cents))
        .join(Member, and_(Member.firm_id == Export.firm_id, Member.plan_id == Export.plan_id))
        .where(Member.plan_id == plan_id, Member.is_pilot.is_(False), Export.is_baseline.is_(False))
        .group_by(Export.origin).order_by(Export.origin)
    )
    return {origin: int(cents or 0) for origin, cents in session.execute(statement)}


def stages(session: Session, plan_id: int) -> dict[str, int]:
    """Return how many present members stand in each stage."""
    statement = (
        select(FirmStanding.stage, func.count()).join(
            Member, and_(Member.firm_id == FirmStanding.firm_id, Member.plan_id == FirmStanding.plan_id)
        ).where(_present(plan_id)).group_by(FirmStanding.stage)
    )
    return {stage: int(count) for stage, count in session.execute(statement)}


def path(session: Session, plan_id: int) -> list[tuple[str, Group]]:
    """Return the path of the plan's firms by ownership: applied, eligible, selected, first export, recurring."""
    applied = and_(Round.plan_id == plan_id, Application.status == "submitted")
    counted = _group(is_womens())
    base = select(*counted).select_from(Application).join(Round, Round.id == Application.round_id).join(Firm, Firm.id == Application.firm_id)
    seated = base.join(Seat, Seat.application_id == Application.id).join(Decision, Decision.id == Seat.decision_id)
    groups = [
        ("applied", base.where(applied)),
        ("eligible", base.where(applied, Application.eligible == "yes")),
        ("selected", seated.where(Round.plan_id == plan_id, Seat.outcome == "selected", Decision.adopted_at.is_not(None))),
    ]
    found = [(name, Group(*(int(each) for each in session.execute(statement).one()))) for name, statement in groups]
    return [
        *found,
        ("first_export", _with_standing(session, plan_id, FirmStanding.first_export_on.is_not(None))),
        ("recurring", recurring(session, plan_id)),
    ]
