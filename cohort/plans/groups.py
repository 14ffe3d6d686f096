"""Sorts a plan's members into the cohort, the pilot group and those that left; counts and lists of them ask here.

Firms of a candidate country take part as a pilot group, outside seats, parity and every total (domain.md §0), so no
list mixes them with the cohort. Who the members are stands in `queries`.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, and_, case, func, select
from sqlalchemy.orm import Session

from cohort.plans.models import Member


class Group(StrEnum):
    """Which members a list is about; a pilot firm that left is among those that left."""

    COHORT = "cohort"
    PILOT = "pilot"
    LEFT = "left"


GROUP_NAMES: Mapping[Group, object] = {
    Group.COHORT: _l("The cohort"), Group.PILOT: _l("Pilot group"), Group.LEFT: _l("Left the plan"),
}


def in_group(group: Group) -> ColumnElement[bool]:
    """Return the criterion that a member belongs to the group now."""
    if group is Group.LEFT:
        return Member.left_on.is_not(None)
    return and_(Member.left_on.is_(None), Member.is_pilot.is_(group is Group.PILOT))


def group_counts(session: Session, plan_id: int) -> dict[Group, int]:
    """Return how many firms within the actor's reach are in each group, all three of them, in one query."""
    kind = case((Member.left_on.is_not(None), Group.LEFT.value), (Member.is_pilot, Group.PILOT.value), else_=Group.COHORT.value)
    rows = session.execute(select(kind, func.count(Member.id)).where(Member.plan_id == plan_id).group_by(kind))
    return dict.fromkeys(Group, 0) | {Group(name): int(count) for name, count in rows}


def chosen_group(typed: str, counts: Mapping[Group, int]) -> Group:
    """Return the group that a filter names; without one the cohort, or the pilot group for whoever reaches it alone."""
    if typed in list(Group):
        return Group(typed)
    return Group.PILOT if counts[Group.PILOT] and not counts[Group.COHORT] else Group.COHORT


def group_choices(counts: Mapping[Group, int], chosen: Group) -> list[tuple[str, str]]:
    """Return (value, words) of the groups that have firms, for a select box; none when there is nothing to choose."""
    shown = [(group.value, f"{GROUP_NAMES[group]} ({counts[group]})") for group in Group if counts[group] or group is chosen]
    return shown if len(shown) > 1 else []
