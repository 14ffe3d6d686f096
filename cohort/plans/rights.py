"""Decides who may change a plan, its members and its deputies, and that a change says why; roles stand in kit.access."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from cohort.kit.access import Actor, Role
from cohort.kit.errors import DomainError, wording
from cohort.plans.models import Member, Plan

wording("plan_other", _l("You are working in another plan. Choose this one in your account first."), 403)


def require_edit(actor: Actor, plan: Plan) -> None:
    """Raise unless the actor may change this plan: a role holds within its own plan only."""
    actor.require("plan.edit")
    if not actor.is_system and actor.plan_id != plan.id:
        raise DomainError("plan_other")


def require_decide(actor: Actor, plan: Plan) -> None:
    """Raise unless the actor may say who takes part in this plan."""
    actor.require("round.decide")
    if not actor.is_system and actor.plan_id != plan.id:
        raise DomainError("plan_other")


def may_end(actor: Actor, member: Member) -> bool:
    """Return whether the actor may say that this firm leaves: a manager, or a coordinator of its country."""
    coordinates = Role.COORDINATOR in actor.roles and member.country in (actor.countries or ())
    is_here = actor.is_system or actor.plan_id == member.plan_id
    return is_here and (actor.may("round.decide") or coordinates)


def require_leave(actor: Actor, member: Member) -> None:
    """Raise unless the actor may say that this firm leaves its plan."""
    if not actor.may("round.decide") and Role.COORDINATOR not in actor.roles:
        raise DomainError("not_allowed")
    if not actor.is_system and actor.plan_id != member.plan_id:
        raise DomainError("plan_other")
    if not may_end(actor, member):
        raise DomainError("not_allowed")


def may_name_deputy(actor: Actor, country: str, coordinator_id: int) -> bool:
    """Return whether the actor may say who stands in for this person in this country."""
    is_own = Role.COORDINATOR in actor.roles and coordinator_id == actor.person_id and country in actor.own_countries
    return actor.may("plan.edit") or is_own


def said(text: str) -> str:
    """Return the reason as typed, without its margins; raises `reason_missing` when there is none."""
    stripped = text.strip()
    if not stripped:
        raise DomainError("reason_missing")
    return stripped
