"""The answer of `cohort select --lottery` as JSON values: the chances, who is drawn, and the lottery read back.

Working the chances out and checking them are the rules'; reading files and printing are the command's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np

from cohort.rounds.files.record import change_json, figure, lottery_json, quotas_json
from cohort.rules.conflicts import conflict, relaxation
from cohort.rules.explain import tally, unconstrained
from cohort.rules.ledger import Json
from cohort.rules.lots import draw
from cohort.rules.lottery import Lottery, Panel, bands_of, lottery_of
from cohort.rules.lottery_check import check_lottery
from cohort.rules.lottery_draw import drawn_panel
from cohort.rules.milp import require
from cohort.rules.pool import SCORE_UNITS, Pool
from cohort.rules.quotas import SeatPlan


def lottery_answer(
    pool: Pool, plan: SeatPlan, seed: str, edges: Sequence[int], waitlist_count: int | None = None,
    lottery: Lottery | None = None,
) -> dict[str, Json]:
    """Return the answer of contract.md less its `record`, with `lottery`; checked before it is returned.

    `edges` are the lower ends of the merit bands in ten-thousandths of a point, none for one band. A
    `lottery` already published is drawn from instead of a new one. Chosen and waiting are listed by band,
    then lot. Raises Unproven.
    """
    found = lottery_of(pool, plan, edges) if lottery is None else lottery
    drawn = drawn_panel(found, seed)
    if lottery is None:
        failures = check_lottery(pool, plan, edges, found, seed, drawn)
        require(not failures, f"the check accepts the lottery: {failures}")
    lots = draw(pool.ids, seed)
    bands = np.array([int(band) for band in bands_of(pool, edges)], dtype=np.int64)
    ranked = [pool.ids[place] for place in np.lexsort((lots, bands)).tolist()]
    chosen, optimal = set(drawn), bool(drawn)
    scores = dict(zip(pool.ids, pool.scores.tolist(), strict=True))
    return {
        "status": found.status, "seats": plan.seats,
        "objective": figure(sum(scores[one] for one in drawn)) if optimal else None,
        "unconstrained_objective": figure(int(pool.scores[unconstrained(pool, plan.seats, lots)].sum())),
        "selected": [one for one in ranked if one in chosen],
        "waitlist": list([one for one in ranked if one not in chosen][:waitlist_count]) if optimal else [],
        "quotas": quotas_json(tally(pool, plan, drawn), None) if optimal else [],
        "conflict": [] if optimal else list(conflict(pool, plan)),
        "relaxation": [] if optimal else [change_json(one) for one in relaxation(pool, plan)],
        "lottery": lottery_json(found, edges),
    }


def lottery_from(spelt: Mapping[str, Any]) -> Lottery:
    """Return the lottery that `lottery_json` spelt; raises KeyError, TypeError or ValueError on any other text."""
    return Lottery(
        tuple(tuple(kind["ids"]) for kind in spelt["kinds"]),
        tuple(Panel(int(panel["tickets"]), tuple(map(int, panel["seats"]))) for panel in spelt["panels"]),
        int(spelt["tickets"]), Fraction(spelt["least"]), Fraction(spelt["bound"]),
        tuple(int(kind["weight"]) for kind in spelt["kinds"]),
    )


def edges_from(texts: Sequence[str]) -> tuple[int, ...]:
    """Return the lower ends of bands given in points, as whole numbers; raises ValueError on anything else.

    >>> edges_from(["80", "62.5"])
    (800000, 625000)
    """
    edges = []
    for text in texts:
        if not text.replace(".", "", 1).isdecimal() or Decimal(text) * SCORE_UNITS % 1:
            raise ValueError(f"{text!r} is no score with 4 decimal places at most")
        edges.append(int(Decimal(text) * SCORE_UNITS))
    if len(set(edges)) != len(edges):
        raise ValueError("a band stands twice")
    return tuple(edges)
