"""The whole answer of `cohort select` as JSON values: the cohort, its rules and prices, or why there is none.

Reading files and printing are left to the command; the choice itself to the rules.
"""

from __future__ import annotations

from cohort.rounds.files.record import change_json, figure, quotas_json
from cohort.rules.conflicts import conflict, relaxation
from cohort.rules.explain import prices, tally, unconstrained
from cohort.rules.ledger import Json
from cohort.rules.lots import draw
from cohort.rules.milp import require
from cohort.rules.pool import Pool
from cohort.rules.quotas import SeatPlan
from cohort.rules.selection import choose
from cohort.rules.verifier import verify
from cohort.rules.waitlist import waitlist


def answer_of(pool: Pool, plan: SeatPlan, seed: str, waitlist_count: int | None = None) -> dict[str, Json]:
    """Return the answer of contract.md less its `record`; verified before it is returned.

    `waitlist_count` cuts the waitlist (None: everybody not chosen). Raises Unproven.
    """
    lots = draw(pool.ids, seed)
    found = choose(pool, plan, seed, lots=lots)
    checked = verify(pool, plan, seed, found, lots=lots)
    require(checked.stands, f"the verifier accepts the answer: {checked.failures}")
    by_score = unconstrained(pool, plan.seats, lots)
    optimal = found.status == "optimal"
    waiting = waitlist(pool, found.selected, seed, lots=lots)[:waitlist_count] if optimal else ()
    return {
        "status": found.status, "seats": plan.seats, "objective": figure(found.objective),
        "unconstrained_objective": figure(int(pool.scores[by_score].sum())),
        "selected": list(found.selected), "waitlist": list(waiting),
        "quotas": quotas_json(tally(pool, plan, found.selected), prices(pool, plan, found)) if optimal else [],
        "conflict": [] if optimal else list(conflict(pool, plan)),
        "relaxation": [] if optimal else [change_json(one) for one in relaxation(pool, plan)],
    }
