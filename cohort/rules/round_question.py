"""What a round decides, complete and plain: the same question gives the same answer on any machine.

Files, pages and records all ask in this one form; how it is answered stands in `shortfall` and `round_lottery`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

import numpy as np

from cohort.rules.lots import draw
from cohort.rules.lottery import bands_of
from cohort.rules.quotas import Quota
from cohort.rules.shortfall import Applicant, ParityRule, RoundSelection, decide, pool_of


@dataclass(frozen=True)
class RoundQuestion:
    """A pool with every rule that was sealed; `limits` are the least and most seats of each country.

    `edges` are the lower ends of a lottery's merit bands in ten-thousandths of a point (none: one band for all);
    None when the best total score decides.
    """

    applicants: tuple[Applicant, ...]
    seats: int
    limits: Mapping[str, tuple[int, int]]
    parity: ParityRule
    seed: str
    quotas: tuple[Quota, ...] = ()
    edges: tuple[int, ...] | None = None

    def decide(self, stayers: Collection[str] = (), barred: Collection[str] = ()) -> RoundSelection:
        """Return the best cohort by score, with some seated for certain and some out. Raises Unproven, ValueError."""
        return decide(
            self.applicants, self.seats, self.limits, self.parity, self.seed, self.quotas, stayers, barred)

    def in_order(self) -> list[str]:
        """Return everybody in the order of a waiting list: by score, or by merit band in a lottery; then by lot."""
        ordered = sorted(self.applicants, key=lambda one: one.id)
        ids = [one.id for one in ordered]
        if self.edges is None:
            lots = draw(ids, self.seed, [one.before_draw for one in ordered])
            merit = np.array([-one.score for one in ordered], dtype=np.int64)
        else:
            lots = draw(ids, self.seed)
            merit = np.array([int(band) for band in bands_of(pool_of(ordered), self.edges)], dtype=np.int64)
        return [ids[place] for place in np.lexsort((lots, merit)).tolist()]

    def by_place(self) -> RoundQuestion:
        """Return the question in which a place on the waiting list counts in place of a score, the first most.

        A lottery is replaced by it: for one leaver it seats the first on the list who keeps every rule.
        """
        ordered = self.in_order()
        worth = {one: len(ordered) - place for place, one in enumerate(ordered)}
        return replace(self, edges=None, applicants=tuple(
            replace(one, score=worth[one.id], before_draw=()) for one in self.applicants))
