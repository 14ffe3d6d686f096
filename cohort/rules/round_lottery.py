"""The lottery of a round: its seats, country limits, parity and shortfall mode, drawn inside merit bands.

How many seats stay empty, and where, is decided as in any round (`shortfall`); who sits in the others is drawn.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from cohort.rules.lottery import Lottery, lottery_of
from cohort.rules.lottery_check import check_lottery
from cohort.rules.lottery_draw import drawn_panel
from cohort.rules.milp import require
from cohort.rules.pool import Pool
from cohort.rules.quotas import Quota, SeatPlan
from cohort.rules.shortfall import Answer, Applicant, ParityRule, RoundSelection, decide, pool_of
from cohort.rules.verifier import Failure


@dataclass(frozen=True, eq=False)
class RoundLottery:
    """The chances of a round, to be published before its seed, and what is needed to check and to draw them.

    `decision` is the round's best cohort by score: it tells the seats kept empty, and, when nothing can be
    drawn, the conflict and the relaxation.
    """

    lottery: Lottery
    decision: RoundSelection
    pool: Pool
    plan: SeatPlan
    edges: tuple[int, ...]
    vacant: tuple[str, ...]
    stayers: tuple[str, ...] = ()
    barred: tuple[str, ...] = ()

    def failures(self, seed: str | None = None, drawn: Collection[str] = ()) -> tuple[Failure, ...]:
        """Return what of the lottery, or of the cohort drawn with `seed`, does not stand."""
        return check_lottery(
            self.pool, self.plan, self.edges, self.lottery, seed, set(drawn) - set(self.stayers),
            stayers=(*self.stayers, *self.vacant), barred=self.barred,
        )

    def drawn(self, seed: str) -> tuple[str, ...]:
        """Return the cohort that the seed draws, those who stay included, in order of id."""
        return tuple(sorted((*drawn_panel(self.lottery, seed), *self.stayers))) if self.lottery.panels else ()


def lottery_of_round(
    applicants: Sequence[Applicant], seats: int, country_limits: Mapping[str, tuple[int, int]],
    parity: ParityRule, edges: Sequence[int] = (), quotas: Sequence[Quota] = (), *,
    stayers: Collection[str] = (), barred: Collection[str] = (),
) -> RoundLottery:
    """Return the lottery of a round under the rules that `shortfall.decide` takes; checked before it is returned.

    Where too few women's firms are eligible, the seats that the shortfall mode keeps empty are those of the
    round's best cohort by score, settled without a seed. Raises Unproven, ValueError.
    """
    ordered = sorted(applicants, key=lambda one: one.id)
    decision = decide(ordered, seats, country_limits, parity, "", quotas, stayers, barred)
    womens: Answer = "yes" if decision.shortfall == "reserve" else "no"
    empties = [
        Applicant(f"empty seat {country} {place}", 0, country, womens)
        for country, count in sorted(decision.empty.items()) for place in range(1, count + 1)
    ]
    pool, vacant = pool_of(ordered, empties), tuple(one.id for one in empties)
    found = Lottery()
    if decision.status == "optimal":
        found = lottery_of(pool, decision.plan, edges, stayers=(*stayers, *vacant), barred=barred)
    answer = RoundLottery(
        found, decision, pool, decision.plan, tuple(edges), vacant, tuple(sorted(stayers)), tuple(sorted(barred))
    )
    failures = answer.failures() if decision.status == "optimal" else ()
    require(not failures, f"the check accepts the lottery: {failures}")
    return answer
