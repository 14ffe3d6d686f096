"""Answers what a plan says on a day: its end, its countries, its policies, its members; changes nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload

from cohort.kit import clock
from cohort.kit.access import Actor, Role, unscoped
from cohort.kit.errors import DomainError
from cohort.people.models import Person, RoleGrant
from cohort.plans.models import Deputy, Member, Plan, PlanCountry, PolicyVersion, TemplateMilestone


@dataclass(frozen=True)
class PlanMonth:
    """Where a plan stands: month `number` of `total`; 0 before it starts, `total` after it ended."""

    number: int
    total: int


def plan_of(session: Session, plan_id: int | None) -> Plan:
    """Return the plan; raises `DomainError("not_found")`."""
    plan = session.get(Plan, plan_id) if plan_id is not None else None
    if plan is None:
        raise DomainError("not_found")
    return plan


def plans(session: Session) -> list[Plan]:
    """Return every plan, the latest start first."""
    return list(session.scalars(select(Plan).order_by(Plan.starts_on.desc(), Plan.id.desc())))


def public_plan(session: Session, day: date) -> Plan | None:
    """Return the plan that the public page speaks of: the latest one that has started, else the next one."""
    found = plans(session)
    return next((plan for plan in found if plan.starts_on <= day), found[-1] if found else None)


def end_of(plan: Plan) -> date:
    """Return the last day of the plan, extensions included."""
    return plan.extensions[-1].ends_on if plan.extensions else plan.ends_on


def month_of(plan: Plan, day: date) -> PlanMonth:
    """Return the month of the plan in which `day` lies, counted from 1.

    A month begins on the day of the month on which the plan began; a plan of 730 days has 24.
    """
    total = round((end_of(plan) - plan.starts_on).days / 30.4375)
    passed = (day.year - plan.starts_on.year) * 12 + day.month - plan.starts_on.month
    if day.day < plan.starts_on.day:
        passed -= 1
    return PlanMonth(max(0, min(passed + 1, total)), total)


def countries_on(session: Session, plan_id: int, day: date) -> dict[str, PlanCountry]:
    """Return how each country stands on `day`, by code, members first."""
    statement = select(PlanCountry).where(PlanCountry.plan_id == plan_id, PlanCountry.effective_on <= day)
    latest = {row.country: row for row in session.scalars(statement.order_by(PlanCountry.effective_on))}
    return dict(sorted(latest.items(), key=lambda pair: (pair[1].membership != "member", pair[0])))


def origins_on(session: Session, plan_id: int, day: date) -> list[str]:
    """Return the countries whose firms count on `day`."""
    return [code for code, row in countries_on(session, plan_id, day).items() if row.counts_as_origin]


def destinations_on(session: Session, plan_id: int, day: date) -> list[str]:
    """Return the countries that count as destination on `day`; a firm's own country never does."""
    return [code for code, row in countries_on(session, plan_id, day).items() if row.counts_as_destination]


def staff_need_second_factor(session: Session, plan_id: int, day: date) -> bool:
    """Return whether the plan asks its staff for a second step to sign in; no when it has no such policy."""
    statement = select(PolicyVersion.settings).where(
        PolicyVersion.plan_id == plan_id, PolicyVersion.kind == "thresholds", PolicyVersion.valid_from_on <= day
    )
    latest = session.scalars(statement.order_by(PolicyVersion.version.desc()).limit(1)).one_or_none()
    return bool(latest and latest["demands_second_factor"])


def policy_on(session: Session, plan_id: int, kind: str, day: date) -> PolicyVersion:
    """Return the version of a policy that holds on `day`; the first one holds before its own day too."""
    found = policy_versions(session, plan_id, kind)
    holding = [row for row in found if row.valid_from_on <= day]
    return holding[-1] if holding else found[0]


def policy_versions(session: Session, plan_id: int, kind: str) -> list[PolicyVersion]:
    """Return all versions of one policy, oldest first; raises `DomainError("not_found")` when it has none."""
    statement = select(PolicyVersion).where(PolicyVersion.plan_id == plan_id, PolicyVersion.kind == kind)
    found = list(session.scalars(statement.order_by(PolicyVersion.valid_from_on, PolicyVersion.version)))
    if not found:
        raise DomainError("not_found")
    return found


def template_of(session: Session, plan_id: int) -> list[TemplateMilestone]:
    """Return the plan's milestone template in order."""
    statement = select(TemplateMilestone).where(TemplateMilestone.plan_id == plan_id)
    return list(session.scalars(statement.order_by(TemplateMilestone.number)))


def active_members(session: Session, plan_id: int, day: date) -> list[Member]:
    """Return the members on `day` with their firms, by country and name, within the actor's reach."""
    statement = (
        select(Member)
        .where(Member.plan_id == plan_id, Member.joined_on <= day)
        .where(Member.left_on.is_(None) | (Member.left_on > day))
        .options(joinedload(Member.firm))
    )
    return sorted(session.scalars(statement), key=lambda member: (member.country, member.firm.sort_name, member.id))


def member_of(session: Session, plan_id: int, firm_id: int) -> Member | None:
    """Return the firm's membership in the plan, past or present, or None."""
    statement = select(Member).where(Member.plan_id == plan_id, Member.firm_id == firm_id)
    return session.scalars(statement.options(joinedload(Member.firm))).one_or_none()


def member_count(session: Session, plan_id: int) -> int:
    """Return how many firms are members now, pilots left out."""
    statement = select(func.count(Member.id)).where(Member.plan_id == plan_id, Member.left_on.is_(None))
    return session.scalar(statement.where(Member.is_pilot.is_(False))) or 0


def deputies_on(session: Session, plan_id: int, day: date) -> list[Deputy]:
    """Return who stands in for whom on `day`."""
    return [row for row in deputies_from(session, plan_id, day) if row.from_on <= day]


def deputies_from(session: Session, plan_id: int, day: date) -> list[Deputy]:
    """Return who stands in for whom on `day` or later, by country and first day."""
    statement = select(Deputy).where(Deputy.plan_id == plan_id, Deputy.until_on >= day)
    return list(session.scalars(statement.order_by(Deputy.country, Deputy.from_on, Deputy.id)))


def standing_in(session: Session, actor: Actor, day: date) -> list[tuple[str, str, date]]:
    """Return where the actor stands in on `day` as (country, name of whoever is away, last day), for a page to say."""
    until: dict[str, date] = {}
    for row in deputies_on(session, actor.plan_id or 0, day) if actor.stands_in else ():
        if row.deputy_id == actor.person_id:
            until[row.country] = max(row.until_on, until.get(row.country, row.until_on))
    return [(country, name, until[country]) for country, name in actor.stands_in if country in until]


def names_of(session: Session, person_ids: Iterable[int | None]) -> dict[int, str]:
    """Return the names of people by their number, in one query."""
    wanted = {person_id for person_id in person_ids if person_id is not None}
    if not wanted:
        return {}
    rows = session.execute(select(Person.id, Person.name, Person.email).where(Person.id.in_(wanted)))
    return {row.id: row.name or row.email for row in rows}


def staff_choices(session: Session, plan_id: int) -> list[tuple[int, str]]:
    """Return (person, name) of whoever coordinates or manages the plan, by name, for a select box.

    Of all countries, whoever asks: a deputy may come from another one.
    """
    statement = (
        select(Person.id, Person.name, Person.email)
        .join(RoleGrant, RoleGrant.person_id == Person.id)
        .where(*_holds_today(plan_id), RoleGrant.role.in_((Role.MANAGER, Role.COORDINATOR)))
        .distinct()
    )
    with unscoped(session):
        found = session.execute(statement).all()
    return sorted(((row.id, row.name or row.email) for row in found), key=lambda pair: (pair[1], pair[0]))


def _holds_today(plan_id: int) -> tuple[Any, ...]:
    """The conditions of a role that somebody holds today and can still use."""
    today = clock.today()
    return (
        RoleGrant.plan_id == plan_id, RoleGrant.revoked_at.is_(None), RoleGrant.valid_from <= today,
        RoleGrant.valid_to.is_(None) | (RoleGrant.valid_to >= today), Person.active,
    )


def people_with_role(session: Session, plan_id: int, role: Role, country: str | None = None) -> list[Person]:
    """Return who holds a role of the plan today, in one country or in all, by number; jobs write to them."""
    statement = select(Person).join(RoleGrant, RoleGrant.person_id == Person.id).where(
        *_holds_today(plan_id), RoleGrant.role == role
    )
    if country is not None:
        statement = statement.where(RoleGrant.country == country)
    with unscoped(session):
        return list(session.scalars(statement.order_by(Person.id)).unique())


def people_of_firms(session: Session, plan_id: int) -> dict[int, list[Person]]:
    """Return who acts for each firm of the plan today, by the firm's number; jobs write to them."""
    statement = select(RoleGrant.firm_id, Person).join(Person, Person.id == RoleGrant.person_id).where(
        *_holds_today(plan_id), RoleGrant.role == Role.FIRM, RoleGrant.firm_id.is_not(None)
    )
    found: dict[int, list[Person]] = defaultdict(list)
    for firm_id, person in session.execute(statement.order_by(RoleGrant.id)):
        if person not in found[int(firm_id or 0)]:
            found[int(firm_id or 0)].append(person)
    return found


def coordinators_of(session: Session, plan_id: int, country: str) -> list[Person]:
    """Return the coordinators of one country today, whoever asks; jobs and letters name them."""
    return people_with_role(session, plan_id, Role.COORDINATOR, country)
