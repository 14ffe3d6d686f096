"""Decides how much capacity a firm, a country and a plan gained between two diagnostics, and what of it anybody may read.

Leaves out which areas there are and what their marks mean (a reference table), and which diagnostics are compared.
Source: domain.md §7, seven areas marked 1 to 5; a gain worth speaking of is half a point, our own choice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from cohort.rules.suppression import LEAST, Split, protect, protect_splits

LOWEST, HIGHEST = 1, 5
GAINED = Fraction(1, 2)

Marks = Mapping[str, int]


@dataclass(frozen=True)
class FirmGain:
    """One firm at two moments: its marks by area, and its gain in points (negative when it lost)."""

    before: Marks
    after: Marks
    gain: Fraction

    @property
    def is_gain(self) -> bool:
        """Whether it gained at least half a point."""
        return self.gain >= GAINED


@dataclass(frozen=True)
class GroupGain:
    """A group of firms: how many were compared, their mean gain and, by area, the means before and after."""

    firm_count: int
    gained_count: int
    gain: Fraction | None
    before: Mapping[str, Fraction]
    after: Mapping[str, Fraction]

    @property
    def gained_share(self) -> Fraction | None:
        """Share of the compared firms that gained at least half a point, 0–1; None without firms."""
        return Fraction(self.gained_count, self.firm_count) if self.firm_count else None


NOBODY = GroupGain(0, 0, None, {}, {})


def mean_of(marks: Marks) -> Fraction:
    """Return the mean mark over the areas, 1–5.

    Raises ValueError for a mark outside 1 to 5, and for no area at all.

    >>> mean_of({"product": 2, "team": 3})
    Fraction(5, 2)
    """
    if not marks:
        raise ValueError("a diagnostic has at least one area")
    if any(not LOWEST <= mark <= HIGHEST for mark in marks.values()):
        raise ValueError("a mark lies between 1 and 5")
    return Fraction(sum(marks.values()), len(marks))


def gain_of(before: Marks, after: Marks) -> FirmGain:
    """Return the gain of one firm: the mean over the areas of (after − before).

    Raises ValueError unless both speak of the same areas: means over different ones cannot be compared.

    >>> gain_of({"product": 2, "team": 3}, {"product": 3, "team": 3}).gain
    Fraction(1, 2)
    """
    if before.keys() != after.keys():
        raise ValueError("two diagnostics are compared over the same areas")
    return FirmGain(dict(before), dict(after), mean_of(after) - mean_of(before))


def group_gain(firms: Sequence[FirmGain]) -> GroupGain:
    """Return the gain of a group: each firm counts the same; `NOBODY` for an empty one.

    Raises ValueError when the firms' diagnostics speak of different areas.
    """
    if not firms:
        return NOBODY
    areas = list(firms[0].before)
    if any(firm.before.keys() != firms[0].before.keys() for firm in firms):
        raise ValueError("firms are compared over the same areas")
    count = len(firms)
    return GroupGain(
        firm_count=count, gained_count=sum(firm.is_gain for firm in firms),
        gain=sum((firm.gain for firm in firms), Fraction(0)) / count,
        before={area: Fraction(sum(firm.before[area] for firm in firms), count) for area in areas},
        after={area: Fraction(sum(firm.after[area] for firm in firms), count) for area in areas},
    )


@dataclass(frozen=True)
class PublicGain:
    """What anybody may read: the plan's gain, how many firms gained (None: not said), countries (None: too few firms)."""

    plan: GroupGain
    gained_count: int | None
    countries: Mapping[str, GroupGain | None]


def public_gain(plan: GroupGain, countries: Mapping[str, GroupGain], least: int = LEAST) -> PublicGain | None:
    """Return the gain of a plan without its small groups, or None when the plan itself is one.

    A country with fewer than `least` compared firms is hidden; where one alone would be, the smallest other one is
    hidden too, so that the plan's mean does not give it away. How many gained is said only where both sides are large.
    """
    if plan.firm_count < least:
        return None
    shown = protect({code: group.firm_count for code, group in countries.items()}, least)
    counted = protect_splits({"plan": Split(plan.gained_count, plan.firm_count)}, least)
    return PublicGain(
        plan, counted["plan"], {code: group if shown[code] is not None else None for code, group in countries.items()},
    )
