"""Gathers what anybody may read of a plan: what it promised, where it stands, how firms were chosen; no small groups.

Figures are counted over all firms by decision (`unscoped`), and only protected aggregates leave this module.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from cohort.kit.access import unscoped
from cohort.plans import queries as plan_queries
from cohort.plans.models import Plan
from cohort.plans.queries import PlanMonth
from cohort.reports import figures
from cohort.reports.figures import Group, Value
from cohort.reports.pilots import pilot_lines
from cohort.rounds.models import Round
from cohort.rules.capacity import PublicGain, public_gain
from cohort.rules.suppression import Split, protect, protect_splits
from cohort.training.diagnostics.queries import plan_capacity

LEAST_VALUE_FIRMS = 5


@dataclass(frozen=True)
class CountryLine:
    """One country's firms: how many, how many women-owned or led (None: too few to say), verified value in cents."""

    country: str
    firm_count: int
    women_count: int | None
    recurring_count: int | None
    value_cents: int | None


@dataclass(frozen=True)
class PublicReport:
    """Everything that the public page shows."""

    plan: Plan
    month: PlanMonth
    ends_on: date
    everyone: Group
    at_selection: Group
    recurring_count: int | None
    value: Value
    countries: list[CountryLine]
    path: list[tuple[str, Group | None]]
    rounds: list[Round]
    capacity: PublicGain | None  # None: too few firms have two diagnostics
    pilot_countries: list[str]  # candidate countries whose firms take part and stand in none of these figures


def report_of(session: Session, plan: Plan, day: date) -> PublicReport:
    """Return the public figures of a plan on a day, small groups hidden."""
    with unscoped(session):
        groups = figures.parity_today(session, plan.id)
        everyone = groups.pop("")
        recurring = figures.recurring(session, plan.id)
        gained = plan_capacity(session, plan.id)
        rounds = session.scalars(
            select(Round).where(Round.plan_id == plan.id, Round.status == "published").order_by(Round.published_at)
        )
        return PublicReport(
            plan=plan, month=plan_queries.month_of(plan, day), ends_on=plan_queries.end_of(plan), everyone=everyone,
            at_selection=figures.parity_at_selection(session, plan.id),
            recurring_count=recurring.total if recurring.total == 0 or recurring.total >= LEAST_VALUE_FIRMS else None,
            value=figures.value(session, plan.id), countries=_countries(session, plan.id, groups),
            path=[(name, _shown(group)) for name, group in figures.path(session, plan.id)], rounds=list(rounds),
            capacity=public_gain(gained.everyone, gained.countries),
            pilot_countries=[line.country for line in pilot_lines(session, plan.id, day)],
        )


def _countries(session: Session, plan_id: int, groups: dict[str, Group]) -> list[CountryLine]:
    women = protect_splits({country: Split(group.women, group.total) for country, group in groups.items()})
    recurring = protect(figures.recurring_by_country(session, plan_id, list(groups)))
    cents = figures.value_by_country(session, plan_id)
    exporters = protect(figures.exporters_by_country(session, plan_id, list(groups)))
    return [
        CountryLine(
            country, group.total, women[country], recurring[country],
            cents.get(country, 0) if exporters[country] is not None else None,
        )
        for country, group in groups.items()
    ]


def _shown(group: Group) -> Group | None:
    """Return a stage of the path, or None where one side of it is too small to be shown."""
    side = min(group.women, group.total - group.women)
    return group if group.total == 0 or side >= LEAST_VALUE_FIRMS else None
