"""Who is called when a firm leaves: the waitlist's order, and the exact re-solve with the stayers seated.

Offers, their five days and the seal of a replacement are the round's.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from cohort.rules.lots import draw
from cohort.rules.pool import Ints, Pool
from cohort.rules.quotas import SeatPlan
from cohort.rules.selection import Selection, choose


def waitlist(
    pool: Pool, selected: Collection[str], seed: str, *, lots: Ints | None = None, barred: Collection[str] = ()
) -> tuple[str, ...]:
    """Return everybody not chosen and not barred, by score (best first), then by lot."""
    drawn = draw(pool.ids, seed) if lots is None else lots
    gone = {*selected, *barred}
    order = np.lexsort((drawn, -pool.scores)).tolist()
    return tuple(pool.ids[place] for place in order if pool.ids[place] not in gone)


def replace(
    pool: Pool, plan: SeatPlan, seed: str, selected: Collection[str], leavers: Collection[str], *,
    barred: Collection[str] = (), lots: Ints | None = None,
) -> Selection:
    """Return the best cohort that keeps every chosen firm but the leavers, who may not come back.

    For one leaver that seats the first on the waitlist who keeps every rule; `infeasible` when nobody does.
    Source: domain.md §8, replacement.
    """
    stayers = [one for one in selected if one not in set(leavers)]
    return choose(pool, plan, seed, stayers=stayers, barred={*leavers, *barred}, lots=lots)
