"""Changes plans: new plan, extension, country switches, policy versions, deputies; which firm joins, rounds decide.

Membership and template stand beside it in `members` and `template` and are named here too, so that callers know one place.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cohort import reference
from cohort.kit import audit, clock
from cohort.kit.access import Actor, Role
from cohort.kit.errors import DomainError, wording
from cohort.people import grants
from cohort.people.models import Person
from cohort.plans import defaults, queries, words
from cohort.plans.checks import check_policy
from cohort.plans.members import check_leaving, join_member, leave_member
from cohort.plans.models import (
    Deputy,
    Plan,
    PlanCountry,
    PlanExtension,
    PolicyVersion,
    TemplateMilestone,
)
from cohort.plans.rights import may_name_deputy, require_edit, said
from cohort.plans.template import edit_template
from cohort.rules.calendar import SHORTEST_DAYS

__all__ = [
    "NewPlan", "check_leaving", "create_plan", "edit_template", "extend_plan", "join_member", "leave_member", "name_deputy",
    "set_policy", "switch_country",
]

wording("plan_code_taken", _l("There is a plan with the code “%(taken)s” already. Choose another code."))
wording("plan_end_not_later", _l("The new end must be after %(end)s, the present one."))
wording("plan_code_missing", _l("Give the plan a short code."))
wording("plan_too_short", _l("A plan lasts at least %(days)s days: the milestones of a firm need that long."))
wording("membership_unknown", _l("A country is a member or a candidate."))
wording("policy_same", _l("Nothing differs from what holds on that day."))
wording("policy_in_past", _l("A rule holds from today or a later day; the past keeps the rule it had."))
wording("deputy_dates", _l("The last day must not be before the first."))
wording("deputy_self", _l("Somebody else has to stand in."))
wording("deputy_unknown", _l("Choose two people who work for this plan."))
wording("deputy_not_theirs", _l("%(name)s does not coordinate %(country)s, so there is nothing to stand in for."))


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
    """Return a plan with its countries, first policies and template; whoever starts it keeps their role in it.

    Errors: DomainError `not_allowed`, `plan_code_missing`, `plan_code_taken`, `plan_too_short`, `country_unknown`.
    """
    actor.require("plan.edit")
    code = new.code.strip()
    if not code:
        raise DomainError("plan_code_missing")
    if session.scalar(select(func.count(Plan.id)).where(func.lower(Plan.code) == code.lower())):
        raise DomainError("plan_code_taken", taken=code)
    if new.duration_days < SHORTEST_DAYS:
        raise DomainError("plan_too_short", days=SHORTEST_DAYS)
    countries = reference.countries()
    if new.lead_country not in countries:
        raise DomainError("country_unknown", country=new.lead_country)
    plan = Plan(
        code=code, name_es=new.name_es, name_en=new.name_en, promise_es=new.promise_es, promise_en=new.promise_en,
        starts_on=new.starts_on, ends_on=new.starts_on + timedelta(days=new.duration_days),
        time_zone=countries[new.lead_country].time_zone, lead_country=new.lead_country,
        goal_recurring_count=new.goal_recurring_count, recorded_at=clock.now(), recorded_by=actor.person_id,
    )
    session.add(plan)
    session.flush()
    _furnish(session, actor, plan)
    audit.record(session, actor, "plan.created", plan, after={"code": plan.code, "ends_on": plan.ends_on})
    _keep_roles(session, actor, plan)
    return plan


def _keep_roles(session: Session, actor: Actor, plan: Plan) -> None:
    """Give whoever starts a plan the roles that let them furnish it: a role belongs to one plan."""
    person = session.get(Person, actor.person_id) if actor.person_id is not None else None
    if person is not None:
        for role in sorted(actor.roles & {Role.ADMINISTRATOR, Role.MANAGER}):
            grants.give(session, actor, person, role, plan.id, None, None)


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
    require_edit(actor, plan)
    reason = said(reason)
    before = queries.end_of(plan)
    if ends_on <= before:
        raise DomainError("plan_end_not_later", end=before)
    extension = PlanExtension(
        plan_id=plan.id, ends_on=ends_on, reason=reason,
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
    """Say how a country stands from a day on; operations count by their own date, so the past stays as it was.

    A second word about the same day replaces the first, which the history keeps.
    Errors: DomainError `not_allowed`, `plan_other`, `country_unknown`, `membership_unknown`, `reason_missing`.
    """
    require_edit(actor, plan)
    reason = said(reason)
    if country not in reference.countries():
        raise DomainError("country_unknown", country=country)
    if membership not in words.MEMBERSHIP_NAMES:
        raise DomainError("membership_unknown")
    held = session.scalars(select(PlanCountry).where(
        PlanCountry.plan_id == plan.id, PlanCountry.country == country, PlanCountry.effective_on == effective_on,
    )).one_or_none()
    before = {name: getattr(held, name) for name in _SWITCHES} if held else {}
    row = held or PlanCountry(plan_id=plan.id, country=country, effective_on=effective_on)
    row.membership, row.counts_as_origin, row.counts_as_destination = membership, counts_as_origin, counts_as_destination
    row.reason, row.recorded_at, row.recorded_by = reason, clock.now(), actor.person_id
    session.add(row)
    session.flush()
    audit.record(session, actor, "plan.country_switched", plan, before=before, after={
        "country": country, "effective_on": effective_on, "reason": reason,
        **{name: getattr(row, name) for name in _SWITCHES},
    })
    return row


_SWITCHES = ("membership", "counts_as_origin", "counts_as_destination")


def set_policy(
    session: Session, actor: Actor, plan: Plan, kind: str, settings: Mapping[str, Any], *, valid_from_on: date, reason: str
) -> PolicyVersion:
    """Append a version of a policy; what is not named stays as it is on that day, past decisions keep theirs.

    Errors: DomainError `not_allowed`, `plan_other`, `policy_key`, `policy_value`, `policy_clash`, `policy_same`,
    `policy_in_past`, `reason_missing`; `not_found` for an unknown kind.
    """
    require_edit(actor, plan)
    reason = said(reason)
    if valid_from_on < clock.today():
        raise DomainError("policy_in_past")
    versions = queries.policy_versions(session, plan.id, kind)
    held = queries.policy_on(session, plan.id, kind, valid_from_on)
    checked = check_policy(kind, {**held.settings, **settings})
    changed = {key: value for key, value in checked.items() if held.settings.get(key) != value}
    if not changed:
        raise DomainError("policy_same")
    row = PolicyVersion(
        plan_id=plan.id, kind=kind, version=max(each.version for each in versions) + 1, valid_from_on=valid_from_on,
        settings=checked, reason=reason, recorded_at=clock.now(), recorded_by=actor.person_id,
    )
    session.add(row)
    session.flush()
    audit.record(
        session, actor, "plan.policy_set", plan, before={key: held.settings.get(key) for key in changed},
        after={"policy": row.label, "changed": changed, "reason": reason},
    )
    return row


def name_deputy(
    session: Session, actor: Actor, plan: Plan, country: str, *, coordinator_id: int, deputy_id: int, from_on: date, until_on: date
) -> Deputy:
    """Let one person stand in for another from one day to another, both included.

    Who may change the plan may name any; a coordinator names their own, for a country of theirs (domain.md §5). In
    these days the deputy reaches that country as the person away does (`people.actors`).
    Errors: DomainError `not_allowed`, `plan_other`, `deputy_dates`, `deputy_self`, `deputy_unknown`,
    `deputy_not_theirs`, `country_unknown`.
    """
    if not may_name_deputy(actor, country, coordinator_id):
        raise DomainError("not_allowed")
    if not actor.is_system and actor.plan_id != plan.id:
        raise DomainError("plan_other")
    if country not in reference.countries():
        raise DomainError("country_unknown", country=country)
    if until_on < from_on:
        raise DomainError("deputy_dates")
    if deputy_id == coordinator_id:
        raise DomainError("deputy_self")
    staff = dict(queries.staff_choices(session, plan.id))
    if not {coordinator_id, deputy_id} <= staff.keys():
        raise DomainError("deputy_unknown")
    if coordinator_id not in {person.id for person in queries.coordinators_of(session, plan.id, country)}:
        raise DomainError("deputy_not_theirs", name=staff[coordinator_id], country=words.CountryWords(country))
    deputy = Deputy(
        plan_id=plan.id, country=country, coordinator_id=coordinator_id, deputy_id=deputy_id,
        from_on=from_on, until_on=until_on, recorded_at=clock.now(), recorded_by=actor.person_id,
    )
    session.add(deputy)
    session.flush()
    audit.record(session, actor, "plan.deputy_named", plan, after={
        "country": country, "coordinator": coordinator_id, "deputy": deputy_id, "from_on": from_on, "until_on": until_on,
    })
    return deputy
