"""Decides which earlier calls a manager may start a new one from, also of other plans, and what of them cannot come along.

What a copy brings is put together by `protocol.carried`; the countries of a call are checked in `service`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from cohort.kit.access import PERMISSIONS, Actor
from cohort.people.actors import valid_grants
from cohort.plans import queries as plans
from cohort.plans.models import Plan
from cohort.rounds.models import Round
from cohort.rules.shortfall import COUNTRY


def sources_of(session: Session, actor: Actor) -> list[tuple[Plan, list[Round]]]:
    """Return the calls to start from by plan, the actor's plan first, the latest first in each.

    An opened call can be read by anybody; a draft only in a plan where the person may write calls.
    """
    actor.require("round.edit")
    own = {actor.plan_id} | {
        each.plan_id for each in (valid_grants(session, actor.person_id) if actor.person_id else ())
        if "round.edit" in PERMISSIONS[each.role]}
    by_plan: dict[int, list[Round]] = {}
    for each in session.scalars(select(Round).order_by(Round.id.desc())):
        if each.status != "draft" or each.plan_id in own:
            by_plan.setdefault(each.plan_id, []).append(each)
    ordered = sorted(plans.plans(session), key=lambda plan: plan.id != actor.plan_id)
    return [(plan, by_plan[plan.id]) for plan in ordered if plan.id in by_plan]


def source_of(session: Session, actor: Actor, number: str) -> Round | None:
    """Return the call of that number when the actor may start from it; None for anything else."""
    return next((each for _plan, rounds in sources_of(session, actor) for each in rounds if str(each.id) == number), None)


def countries_for(earlier: Round, plan_id: int, origins: Sequence[str]) -> list[str]:
    """Return the countries that a copy offers: those of the call; of another plan's only those of this plan, else its own."""
    said: list[str] = list(earlier.protocol["countries"])
    if earlier.plan_id == plan_id:
        return said
    return [code for code in said if code in origins] or list(origins)


def left_out(protocol: Mapping[str, Any], countries: Collection[str]) -> list[Mapping[str, Any]]:
    """Return the further rules that name a country which the new call has not; they cannot come along."""
    return [row for row in protocol.get("quotas", ()) if not _named(row) <= set(countries)]


def for_countries(protocol: Mapping[str, Any], countries: Collection[str]) -> dict[str, Any]:
    """Return a protocol without the further rules that `left_out` names."""
    gone = left_out(protocol, countries)
    return {**protocol, **({"quotas": [row for row in protocol["quotas"] if row not in gone]} if gone else {})}


def _named(row: Mapping[str, Any]) -> set[str]:
    return {code for where in (row["where"], row["of"] or {}) for code in where.get(COUNTRY, ())}
