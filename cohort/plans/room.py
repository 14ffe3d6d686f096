"""Opens the room of plans: its pages, and how the rail names the plan; decides nothing itself."""

from __future__ import annotations

from flask import Flask
from sqlalchemy.orm import Session

from cohort.kit import navigation
from cohort.kit.access import Actor
from cohort.plans import views, words
from cohort.plans.models import Plan


def init_app(app: Flask) -> None:
    """Register the pages and let the rail name the plan."""
    app.register_blueprint(views.blueprint)
    navigation.name_plan_with(_plan_name)


def _plan_name(session: Session, actor: Actor) -> str:
    plan = session.get(Plan, actor.plan_id) if actor.plan_id else None
    return words.plan_name(plan) if plan else ""
