"""Opens the room of plans: its pages, and how the rail names the plan; decides nothing itself."""

from __future__ import annotations

from typing import cast

from flask import Flask
from sqlalchemy.orm import Session

from cohort.firms.profiles import name_profile_with
from cohort.kit import clock, navigation
from cohort.kit.access import Actor
from cohort.kit.database import db
from cohort.people import factors
from cohort.plans import queries, template_views, views, words
from cohort.plans.models import Plan
from cohort.rules.parity import ProfileName


def init_app(app: Flask) -> None:
    """Register the pages and let the rail name the plan."""
    app.register_blueprint(views.blueprint)
    app.register_blueprint(template_views.blueprint)
    app.jinja_env.filters["country_name"] = words.country_name
    navigation.name_plan_with(_plan_name)
    name_profile_with(_ownership_profile)
    factors.register_demand(_demands_second_factor)


def _plan_name(session: Session, actor: Actor) -> str:
    plan = session.get(Plan, actor.plan_id) if actor.plan_id else None
    return words.plan_name(plan) if plan else ""


def _ownership_profile(session: Session, actor: Actor) -> ProfileName:
    """Return the profile that the plan's parity rule of today names."""
    if actor.plan_id is None:
        return "IWA34"
    return cast(ProfileName, queries.policy_on(session, actor.plan_id, "parity", clock.today()).settings["profile"])


def _demands_second_factor(plan_id: int) -> bool:
    """Return whether the plan's policy of today asks its staff for a second step to sign in."""
    return queries.staff_need_second_factor(cast(Session, db.session()), plan_id, clock.today())
