"""Answers which diagnostics of a firm count, and what firms, countries and the plan gained; changes nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from cohort import reference
from cohort.plans.groups import Group, in_group
from cohort.plans.models import Member
from cohort.rules import capacity
from cohort.rules.capacity import FirmGain, GroupGain
from cohort.training.diagnostics.models import MOMENTS, Diagnostic

MOMENT_OF = {4: "start", 20: "month_18", 23: "end"}  # milestones that a diagnostic belongs to (domain.md §7)


def area_codes() -> list[str]:
    """Return the codes of the seven areas in their order."""
    return [area.code for area in reference.diagnostic()]


def marks_of(diagnostic: Diagnostic) -> dict[str, int]:
    """Return the marks that were given, in the order of the areas."""
    return {code: int(diagnostic.marks[code]) for code in area_codes() if code in diagnostic.marks}


def is_whole(diagnostic: Diagnostic) -> bool:
    """Return whether every area has its mark: only then it counts."""
    return len(marks_of(diagnostic)) == len(area_codes())


@dataclass(frozen=True)
class Capacity:
    """One member's diagnostics: the one that counts of each moment, and what was gained since the start."""

    member: Member
    taken: Mapping[str, Diagnostic]

    @property
    def start(self) -> Diagnostic | None:
        """The first diagnostic."""
        return self.taken.get("start")

    @property
    def latest(self) -> Diagnostic | None:
        """The diagnostic of the latest moment, which may be the start itself."""
        return next((self.taken[moment] for moment in reversed(MOMENTS) if moment in self.taken), None)

    @property
    def gain(self) -> FirmGain | None:
        """What the firm gained from the start to the latest later moment; None before it has both."""
        start, latest = self.start, self.latest
        if start is None or latest is None or latest is start:
            return None
        return capacity.gain_of(marks_of(start), marks_of(latest))


def capacities(session: Session, members: Sequence[Member]) -> list[Capacity]:
    """Return each member's diagnostics, in the order given; one query whatever their number."""
    statement = select(Diagnostic).where(Diagnostic.member_id.in_([member.id for member in members]))
    counted: dict[int, dict[str, Diagnostic]] = defaultdict(dict)
    for row in session.scalars(statement.order_by(Diagnostic.id)):  # the latest whole one of a moment counts
        if is_whole(row):
            counted[row.member_id][row.moment] = row
    return [Capacity(member, counted[member.id]) for member in members]


def capacity_of(session: Session, member: Member) -> Capacity:
    """Return one member's diagnostics."""
    return capacities(session, [member])[0]


def last_saved(session: Session, member_id: int, moment: str) -> Diagnostic | None:
    """Return what was saved last of a moment, whole or not: the form goes on from it."""
    statement = select(Diagnostic).where(Diagnostic.member_id == member_id, Diagnostic.moment == moment)
    return session.scalars(statement.order_by(Diagnostic.id.desc()).limit(1)).one_or_none()


def moment_due(capacity: Capacity, day: date) -> str:
    """Return which diagnostic a coach would take on a day: the start if it is missing, then by how long it is in the plan."""
    if capacity.start is None:
        return "start"
    days = (day - capacity.member.joined_on).days
    return "end" if days >= 640 else "month_18"


@dataclass(frozen=True)
class PlanCapacity:
    """What the firms of a group gained together, country by country, and firm by firm: least gain first, open ones last."""

    everyone: GroupGain
    countries: Mapping[str, GroupGain]
    firms: Sequence[Capacity]


def plan_capacity(session: Session, plan_id: int, group: Group = Group.COHORT, country: str = "") -> PlanCapacity:
    """Return what the firms of a group gained, within the actor's reach; `country` narrows all but the countries."""
    statement = (
        select(Member).where(Member.plan_id == plan_id, in_group(group))
        .options(joinedload(Member.firm)).order_by(Member.country, Member.id)
    )
    rows = capacities(session, list(session.scalars(statement)))
    codes = sorted({row.member.country for row in rows})
    by_country = {code: _together([row for row in rows if row.member.country == code]) for code in codes}
    shown = [row for row in rows if not country or row.member.country == country]
    return PlanCapacity(_together(shown), by_country, sorted(shown, key=_least_gain_first))


def _together(rows: Sequence[Capacity]) -> GroupGain:
    return capacity.group_gain([gain for row in rows if (gain := row.gain) is not None])


def _least_gain_first(row: Capacity) -> tuple[bool, float, bool, str]:
    gain = row.gain
    return gain is None, float(gain.gain) if gain else 0.0, row.start is not None, row.member.firm.sort_name
