"""Says which ownership profile judges a declaration, and which seals count under it; the plan, a room above, names it.

Services take both as arguments; this is only how a door of this room learns them.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import select
from sqlalchemy.orm import Session

from cohort import reference
from cohort.kit.access import Actor
from cohort.kit.database import Base
from cohort.rules.parity import ProfileName

NameProfile = Callable[[Session, Actor], ProfileName]
_named: dict[str, NameProfile] = {}


def name_profile_with(name: NameProfile) -> None:
    """Let the room of plans say which profile holds for an actor's plan; without it IWA34 does."""
    _named["plan"] = name


def profile_for(session: Session, actor: Actor) -> ProfileName:
    """Return the profile by which this actor's plan judges ownership."""
    return _named["plan"](session, actor) if "plan" in _named else "IWA34"


def accepted_seals(profile: ProfileName, country: str) -> frozenset[str]:
    """Return the country's seals that the profile names; in force, they stand for owned or led (domain.md §2)."""
    return frozenset(seal.name for seal in reference.seals(country) if profile in seal.profiles)


def plan_numbers(session: Session) -> dict[str, int]:
    """Return the plans' numbers by code; the table is read by its name, as `plans` stands above this room."""
    plan = Base.metadata.tables["plan"]
    return dict(session.execute(select(plan.c.code, plan.c.id).order_by(plan.c.code)).all())
