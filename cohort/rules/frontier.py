"""What each share costs: the best total score for every step of a share, all other rules kept.

It draws no picture and adopts nothing; a cohort that already keeps the next step is not looked for again.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from cohort.rules.pool import Ints, Pool
from cohort.rules.quotas import SeatPlan, matching
from cohort.rules.selection import Field, best_score, lay_out
from cohort.rules.shortfall import PARITY

TWENTIETHS = tuple(Fraction(step, 20) for step in range(21))


@dataclass(frozen=True)
class Point:
    """The best total (ten-thousandths of a point) with at least this share; None when no cohort has it.

    `count` is how many of that cohort the share counts.
    """

    share: Fraction
    total: int | None
    count: int | None


def parity_rules(plan: SeatPlan) -> tuple[str, ...]:
    """Return the names of the parity rules of a round's plan: overall, and of each country."""
    return tuple(quota.name for quota in plan.quotas if quota.name.split(":")[0] == PARITY)


def at_share(plan: SeatPlan, names: Collection[str], share: Fraction) -> SeatPlan:
    """Return the plan with these rules as floors of this share, and nothing else in them."""
    floors = tuple(
        replace(
            quota, min=None, max=None, min_share=share, max_share=None, min_short=Fraction(0), max_over=Fraction(0)
        ) if quota.name in names else quota
        for quota in plan.quotas
    )
    return replace(plan, quotas=floors)


def frontier(
    pool: Pool, plan: SeatPlan, names: Sequence[str], shares: Sequence[Fraction] = TWENTIETHS, *,
    stayers: Collection[str] = (), barred: Collection[str] = (),
) -> tuple[Point, ...]:
    """Return the best total for each share, ascending, that the rules of these names ask as a floor.

    A higher share only forbids, so a best cohort that keeps the next step is best there too, and after the
    first step without a cohort there is none: one solve for each step at which the cohort changes, and one
    for the end. Counted are those whom the first named rule covers. Raises Unproven, and ValueError when no
    rule has one of the names.
    """
    counted = next((quota.where for quota in plan.quotas if quota.name in names), None)
    if counted is None:
        raise ValueError("no rule of the plan has one of these names")
    covered = matching(pool, counted)
    none = np.zeros(len(pool), dtype=np.int64)
    points: list[Point] = []
    cohort: Ints | None = none[:0]
    for share in sorted(shares):
        field = lay_out(pool, at_share(plan, names, share), stayers, barred)
        if cohort is not None and not (points and _keeps(field, cohort)):
            found = best_score(field, none)
            cohort = None if found is None else np.concatenate([field.stayers, field.problem.members[found.chosen]])
        if cohort is None:
            points.append(Point(share, None, None))
        else:
            points.append(Point(share, int(pool.scores[cohort].sum()), int(covered[cohort].sum())))
    return tuple(points)


def _keeps(field: Field, cohort: Ints) -> bool:
    reached = field.grid.matrix @ field.grid.sizes(cohort)
    return bool(np.all(reached >= field.grid.lower) and np.all(reached <= field.grid.upper))
