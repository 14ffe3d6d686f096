"""Counts the pilot group by country, apart from every other figure; the cohort's own figures stand in figures."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import Select, and_, case, func, select
from sqlalchemy.orm import Session

from cohort.exports.models import Export, FirmStanding
from cohort.plans.groups import Group, in_group
from cohort.plans.models import Member
from cohort.reports.figures import RECURRING, owed
from cohort.training.models import Milestone


@dataclass(frozen=True)
class PilotLine:
    """One candidate country's firms now: how many, with a verified export, recurring; what is late, what was exported."""

    country: str
    firm_count: int
    exporter_count: int
    recurring_count: int
    late_count: int
    value_cents: int


def pilot_lines(session: Session, plan_id: int, day: date) -> list[PilotLine]:
    """Return the pilot group by country as far as the actor may see, none when the plan has no such group.

    Value is verified US cents to countries that count, so it stays 0 until the country's accession is in force.
    """
    present = and_(Member.plan_id == plan_id, in_group(Group.PILOT))
    firms = session.execute(
        select(
            Member.country, func.count(), func.count(FirmStanding.first_export_on),
            func.coalesce(func.sum(case((FirmStanding.stage.in_(RECURRING), 1), else_=0)), 0),
        )
        .select_from(Member)
        .outerjoin(FirmStanding, and_(FirmStanding.firm_id == Member.firm_id, FirmStanding.plan_id == Member.plan_id))
        .where(present).group_by(Member.country).order_by(Member.country)
    ).all()
    if not firms:
        return []
    late = select(Member.country, func.count(Milestone.id)).join(Member, Member.id == Milestone.member_id)
    late_counts = _by_country(session, late.where(present, owed(), Milestone.due_on < day).group_by(Member.country))
    value = select(Member.country, func.sum(Export.counted_usd_cents)).join(
        Member, and_(Member.firm_id == Export.firm_id, Member.plan_id == Export.plan_id))
    cents = _by_country(session, value.where(present, Export.is_baseline.is_(False)).group_by(Member.country))
    return [
        PilotLine(country, int(total), int(exporters), int(recurring), late_counts.get(country, 0), cents.get(country, 0))
        for country, total, exporters, recurring in firms
    ]


def _by_country(session: Session, statement: Select[str, int]) -> dict[str, int]:
    return {country: int(count or 0) for country, count in session.execute(statement)}
