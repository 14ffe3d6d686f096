"""Changes plans: new plan, extension, country switches, policy versions, members; which firm joins, rounds decide."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cohort import reference
from cohort.firms.models import Firm
from cohort.kit import audit, clock
from cohort.kit.access import Actor
from cohort.kit.errors import DomainError, wording
from cohort.kit.signals import member_joined, member_left
from cohort.plans import defaults, queries
from cohort.plans.checks import check_policy
from cohort.plans.models import (
    Deputy,
    Member,
    Plan,
    PlanCountry,
    PlanExtension,
    PolicyVersion,
    TemplateMilestone,
)

wording("plan_code_taken", _l("There is a plan with the code “%(taken)s” already. Choose another code."))
wording("plan_end_not_later", _l("The new end must be after %(end)s, the present one."))
wording("already_member", _l("%(firm)s is a member of this plan already."))
wording("member_left_already", _l("%(firm)s has left the plan already."))
wording("deputy_dates", _l("The last day must not be before the first."))


@dataclass(frozen=True)
class NewPlan:
    """What a person says to start a plan; it lasts two years unless `duration_days` says otherwise."""

    code: str
    name_es: str
    name_en: str
    starts_on: date
    lead_country: str
    promise_es: str = ""
    promise_en: str = ""
    goal_recurring_count: int = 0
    duration_days: int = defaults.DURATION_DAYS


def create_plan(session: Session, actor: Actor, new: NewPlan) -> Plan:
    """Return a plan with its countries, first policies and template; raises when the code is taken."""
    actor.require("plan.edit")
    if session.scalar(select(func.count(Plan.id)).where(Plan.code == new.code)):
        raise DomainError("plan_code_taken", taken=new.code)
    countries = reference.countries()
    if new.lead_country not in countries:
        raise DomainError("country_unknown", country=new.lead_country)
    plan = Plan(
        code=new.code, name_es=new.name_es, name_en=new.name_en, promise_es=new.promise_es, promise_en=new.promise_en,
        starts_on=new.starts_on, ends_on=new.starts_on + timedelta(days=new.duration_days),
        time_zone=countries[new.lead_country].time_zone, lead_country=new.lead_country,
        goal_recurring_count=new.goal_recurring_count, recorded_at=clock.now(), recorded_by=actor.person_id,
    )
    session.add(plan)
    session.flush()
    _furnish(session, actor, plan)
    audit.record(session, actor, "plan.created", plan, after={"code": plan.code, "ends_on": plan.ends_on})
    return plan


def _furnish(session: Session, actor: Actor, plan: Plan) -> None:
    """Give a new plan the default countries, policies and template."""
    stamp: dict[str, Any] = {"recorded_at": clock.now(), "recorded_by": actor.person_id}
    for code, country in reference.countries().items():
        session.add(PlanCountry(
            plan_id=plan.id, country=code, effective_on=min(plan.starts_on, country.membership_as_of),
            membership=country.membership, counts_as_origin=country.counts_as_origin,
            counts_as_destination=country.counts_as_destination, **stamp,
        ))
    for kind, settings in defaults.POLICIES.items():
        session.add(PolicyVersion(
            plan_id=plan.id, kind=kind, version=1, valid_from_on=plan.starts_on, settings=dict(settings), **stamp,
        ))
    for row in defaults.template_rows():
        session.add(TemplateMilestone(
            plan_id=plan.id, is_required=row["number"] in defaults.REQUIRED_MILESTONES,
            **{key: row[key] for key in _TEMPLATE_KEYS},
        ))
    session.flush()


_TEMPLATE_KEYS = (
    "number", "phase", "title_es", "title_en", "day", "evidence_es", "evidence_en", "confirms", "after",
)


def extend_plan(session: Session, actor: Actor, plan: Plan, ends_on: date, reason: str) -> PlanExtension:
    """Give the plan a later end; the earlier one stays readable. Raises without a reason or a later day."""
    actor.require("plan.edit")
    before = queries.end_of(plan)
    if ends_on <= before:
        raise DomainError("plan_end_not_later", end=before.isoformat())
    extension = PlanExtension(
        plan_id=plan.id, ends_on=ends_on, reason=_reason(reason),
        recorded_at=clock.now(), recorded_by=actor.person_id,
    )
    plan.extensions.append(extension)
    session.flush()
    audit.record(session, actor, "plan.extended", plan, before={"ends_on": before}, after={"ends_on": ends_on, "reason": reason})
    return extension


def switch_country(
    session: Session, actor: Actor, plan: Plan, country: str, *, effective_on: date, membership: str,
    counts_as_origin: bool, counts_as_destination: bool, reason: str,
) -> PlanCountry:
    """Say how a country stands from a day on; operations count by their own date, so the past stays as it was."""
    actor.require("plan.edit")
    if country not in reference.countries():
        raise DomainError("country_unknown", country=country)
    held = session.scalars(select(PlanCountry).where(
        PlanCountry.plan_id == plan.id, PlanCountry.country == country, PlanCountry.effective_on == effective_on,
    )).one_or_none()
    row = held or PlanCountry(plan_id=plan.id, country=country, effective_on=effective_on)
    row.membership, row.counts_as_origin, row.counts_as_destination = membership, counts_as_origin, counts_as_destination
    row.reason, row.recorded_at, row.recorded_by = _reason(reason), clock.now(), actor.person_id
    session.add(row)
    session.flush()
    audit.record(session, actor, "plan.country_switched", plan, after={
        "country": country, "effective_on": effective_on, "membership": membership,
        "counts_as_origin": counts_as_origin, "counts_as_destination": counts_as_destination, "reason": reason,
    })
    return row


def set_policy(
    session: Session, actor: Actor, plan: Plan, kind: str, settings: Mapping[str, Any], *, valid_from_on: date, reason: str
) -> PolicyVersion:
    """Append a version of a policy; past decisions keep the version they name. Raises for values out of range."""
    actor.require("plan.edit")
    versions = queries.policy_versions(session, plan.id, kind)
    checked = check_policy(kind, {**versions[-1].settings, **settings})
    row = PolicyVersion(
        plan_id=plan.id, kind=kind, version=versions[-1].version + 1, valid_from_on=valid_from_on, settings=checked,
        reason=_reason(reason), recorded_at=clock.now(), recorded_by=actor.person_id,
    )
    session.add(row)
    session.flush()
    changed = {key: value for key, value in checked.items() if versions[-1].settings.get(key) != value}
    audit.record(session, actor, "plan.policy_set", plan, after={"policy": row.label, "changed": changed, "reason": reason})
    return row


def join_member(
    session: Session, actor: Actor, plan: Plan, firm: Firm, *, joined_on: date, round_id: int | None,
    womens_at_entry: str, entry_stage: str = "never", is_pilot: bool = False, season_quarters: tuple[int, ...] = (),
) -> Member:
    """Make the firm a member and tell the rooms above; parity and stage at entry are frozen here."""
    if queries.member_of(session, plan.id, firm.id) is not None:
        raise DomainError("already_member", firm=firm.name)
    member = Member(
        plan_id=plan.id, firm_id=firm.id, country=firm.country, round_id=round_id, is_pilot=is_pilot,
        joined_on=joined_on, womens_at_entry=womens_at_entry, entry_stage=entry_stage,
        season_quarters=list(season_quarters), recorded_at=clock.now(), recorded_by=actor.person_id,
    )
    member.firm, member.plan = firm, plan
    session.add(member)
    session.flush()
    audit.record(session, actor, "member.joined", member, after={"firm": firm.id, "joined_on": joined_on})
    member_joined.send(session, member=member, actor=actor)
    return member


def leave_member(session: Session, actor: Actor, member: Member, left_on: date, reason: str) -> None:
    """End a membership with its reason; the record stays, and the rooms above close what is open."""
    if member.left_on is not None:
        raise DomainError("member_left_already", firm=member.firm.name)
    member.left_on, member.left_reason, member.left_recorded_at = left_on, _reason(reason), clock.now()
    session.flush()
    audit.record(session, actor, "member.left", member, after={"left_on": left_on, "reason": reason})
    member_left.send(session, member=member, actor=actor)


def name_deputy(
    session: Session, actor: Actor, plan: Plan, country: str, *, coordinator_id: int, deputy_id: int, from_on: date, until_on: date
) -> Deputy:
    """Let one person stand in for another from one day to another, both included."""
    if until_on < from_on:
        raise DomainError("deputy_dates")
    deputy = Deputy(
        plan_id=plan.id, country=country, coordinator_id=coordinator_id, deputy_id=deputy_id,
        from_on=from_on, until_on=until_on, recorded_at=clock.now(), recorded_by=actor.person_id,
    )
    session.add(deputy)
    session.flush()
    audit.record(session, actor, "plan.deputy_named", plan, after={"country": country, "deputy": deputy_id})
    return deputy


def _reason(text: str) -> str:
    stripped = text.strip()
    if not stripped:
        raise DomainError("reason_missing")
    return stripped


def edit_template(
    session: Session, actor: Actor, plan: Plan, number: int, facts: Mapping[str, Any], reason: str
) -> TemplateMilestone:
    """Change one row of the template; members keep their own copies, so only later joiners see it."""
    actor.require("plan.edit")
    row = next((each for each in queries.template_of(session, plan.id) if each.number == number), None)
    if row is None:
        raise DomainError("not_found")
    before = {key: getattr(row, key) for key, value in facts.items() if getattr(row, key) != value}
    for key in before:
        setattr(row, key, facts[key])
    audit.record(
        session, actor, "plan.template_edited", plan, before=before,
        after={**{key: facts[key] for key in before}, "number": number, "reason": _reason(reason)},
    )
    return row
