"""Says which ownership profile judges a declaration made on a page; the plan, a room above, names it.

Services take the profile as an argument; this is only how a door of this room learns it.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy.orm import Session

from cohort.kit.access import Actor
from cohort.rules.parity import ProfileName

NameProfile = Callable[[Session, Actor], ProfileName]
_named: dict[str, NameProfile] = {}


def name_profile_with(name: NameProfile) -> None:
    """Let the room of plans say which profile holds for an actor's plan; without it IWA34 does."""
    _named["plan"] = name


def profile_for(session: Session, actor: Actor) -> ProfileName:
    """Return the profile by which this actor's plan judges ownership."""
    return _named["plan"](session, actor) if "plan" in _named else "IWA34"
