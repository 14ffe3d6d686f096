"""The waitlist's order; who is called from it when a firm leaves is decided by `replacement`."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from cohort.rules.lots import draw
from cohort.rules.pool import Ints, Pool


def waitlist(
    pool: Pool, selected: Collection[str], seed: str, *, lots: Ints | None = None, barred: Collection[str] = ()
) -> tuple[str, ...]:
    """Return everybody not chosen and not barred, by score (best first), then by lot."""
    drawn = draw(pool.ids, seed) if lots is None else lots
    gone = {*selected, *barred}
    order = np.lexsort((drawn, -pool.scores)).tolist()
    return tuple(pool.ids[place] for place in order if pool.ids[place] not in gone)
