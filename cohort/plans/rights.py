"""Decides who may change a plan, its members and its deputies, and that a change says why; roles stand in kit.access."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from cohort.kit.access import Actor, Role
from cohort.kit.errors import DomainError, wording
from cohort.plans.models import Plan

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
