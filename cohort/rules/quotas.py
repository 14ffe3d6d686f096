"""What a cohort must look like: seats, and quotas with the least and most of whom they cover.

It says which sums a rule limits; finding the best cohort is left to `selection`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from math import ceil, floor
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from cohort.rules.pool import Pool

Side = Literal["min", "max"]
Where = Mapping[str, tuple[str, ...]]

OPEN = 2**60
"""Beyond any sum that can occur: the bound of a limit that is not set."""


@dataclass(frozen=True)
class Quota:
    """A rule about the chosen who match `where` (every column named must hold one of its values).

    `min` and `max` are places. `min_share` and `max_share` are shares of the seats, rounded against the
    cohort, or, when `of` is given, of the chosen who match `of`: a ratio row. `min_short` and `max_over`
    are the places by which a share may be missed (domain.md §8: `release`, `balanced`).
    """

    name: str
    where: Where
    min: int | None = None
    max: int | None = None
    min_share: Fraction | None = None
    max_share: Fraction | None = None
    of: Where | None = None
    min_short: Fraction = Fraction(0)
    max_over: Fraction = Fraction(0)


@dataclass(frozen=True)
class SeatPlan:
    """The seats to fill and the quotas that hold together, in the order of their file."""

    seats: int
    quotas: tuple[Quota, ...] = ()

    def without(self, *names: str) -> SeatPlan:
        """Return the plan less the quotas of these names."""
        return replace(self, quotas=tuple(quota for quota in self.quotas if quota.name not in names))


@dataclass(frozen=True)
class Row:
    """One linear limit in whole numbers: lower ≤ inside·(chosen in) + outside·(chosen of, not in) ≤ upper."""

    quota: Quota
    side: Side | None = field(default=None)
    inside: int = 1
    outside: int = 0
    lower: int = -OPEN
    upper: int = OPEN


def least_of(quota: Quota, seats: int) -> int | None:
    """Return the least places that the quota asks of `seats`; None when it sets none.

    >>> least_of(Quota("women", {"women": ("yes",)}, min_share=Fraction(1, 2)), 25)
    13
    """
    asked = [] if quota.min is None else [quota.min]
    if quota.min_share is not None and quota.of is None:
        asked.append(ceil(quota.min_share * seats - quota.min_short))
    return max(asked, default=None)


def most_of(quota: Quota, seats: int) -> int | None:
    """Return the most places that the quota leaves of `seats`; None when it sets none."""
    left = [] if quota.max is None else [quota.max]
    if quota.max_share is not None and quota.of is None:
        left.append(floor(quota.max_share * seats + quota.max_over))
    return min(left, default=None)


def rows_of(plan: SeatPlan) -> list[Row]:
    """Return the plan's quotas as whole-number rows: one for places, one for each ratio limit."""
    rows: list[Row] = []
    for quota in plan.quotas:
        least, most = least_of(quota, plan.seats), most_of(quota, plan.seats)
        if least is not None or most is not None:
            rows.append(Row(quota, None, 1, 0, -OPEN if least is None else least, OPEN if most is None else most))
        if quota.of is not None:
            rows.extend(_ratio_rows(quota))
    return rows


def _ratio_rows(quota: Quota) -> list[Row]:
    rows = []
    if quota.min_share is not None:
        share, short = quota.min_share, quota.min_short
        scale = share.denominator * short.denominator
        inside, outside = int((1 - share) * scale), int(-share * scale)
        rows.append(Row(quota, "min", inside, outside, lower=int(-short * scale)))
    if quota.max_share is not None:
        share, over = quota.max_share, quota.max_over
        scale = share.denominator * over.denominator
        inside, outside = int((1 - share) * scale), int(-share * scale)
        rows.append(Row(quota, "max", inside, outside, upper=int(over * scale)))
    return rows


def seats_each(column: str, values: Sequence[str], most: int = 1) -> tuple[Quota, ...]:
    """Return the rules that no value of a column has more than `most` seats: one seat an owner group.

    `values` are those of the applicants. A value that no more than `most` of them hold needs no rule, nor does
    an empty one (no group known). Source: domain.md §8, eligibility.

    >>> [quota.name for quota in seats_each("owner", ["x", "y", "x", "", ""])]
    ['owner: x']
    """
    held = Counter(value for value in values if value)
    return tuple(Quota(f"{column}: {one}", {column: (one,)}, max=most) for one in sorted(held) if held[one] > most)


def matching(pool: Pool, where: Where) -> NDArray[np.bool_]:
    """Return for each applicant whether all columns of `where` hold; raises KeyError on an unknown column."""
    held = np.ones(len(pool), dtype=np.bool_)
    for column, wanted in where.items():
        held &= pool.columns[column].matching(wanted)
    return held
