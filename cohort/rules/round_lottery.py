"""The lottery of a round: its seats, country limits, parity and shortfall mode, drawn inside merit bands.

How many seats stay empty, and where, is decided as in any round (`shortfall`); who sits in the others is drawn.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from cohort.rules.explain import Reason, tally
from cohort.rules.lottery import Lottery, lottery_of
from cohort.rules.lottery_check import check_lottery
from cohort.rules.lottery_draw import drawn_panel
from cohort.rules.milp import require
from cohort.rules.pool import Pool
from cohort.rules.quotas import SeatPlan
from cohort.rules.round_question import RoundQuestion
from cohort.rules.shortfall import Answer, Applicant, RoundSelection, pool_of
from cohort.rules.verifier import Failure


@dataclass(frozen=True, eq=False)
class RoundLottery:
    """The chances of a round, to be published before its seed, and what is needed to check and to draw them.

    `decision` is the round's best cohort by score: it tells the seats kept empty, and, when nothing can be
    drawn, the conflict and the relaxation.
    """

    question: RoundQuestion
    lottery: Lottery
    decision: RoundSelection
    pool: Pool
    plan: SeatPlan
    vacant: tuple[str, ...]

    def failures(self, seed: str | None = None, drawn: Collection[str] = ()) -> tuple[Failure, ...]:
        """Return what of the lottery, or of the cohort drawn with `seed`, does not stand."""
        return check_lottery(
            self.pool, self.plan, self.question.edges or (), self.lottery, seed, drawn, stayers=self.vacant)

    def selection(self) -> RoundSelection:
        """Return the cohort that the seed draws as a round's selection: no rule has a price where a draw decides.

        Chosen and waiting stand by band, then by lot.
        """
        if self.decision.status != "optimal":
            return self.decision
        drawn = set(drawn_panel(self.lottery, self.question.seed))
        ranked = self.question.in_order()
        scores = {one.id: one.score for one in self.question.applicants}
        asked = {one.name for one in self.decision.quotas}
        return replace(
            self.decision, selected=tuple(one for one in ranked if one in drawn),
            waitlist=tuple(one for one in ranked if one not in drawn),
            objective=sum(scores[one] for one in drawn), prices=None, swaps=(),
            quotas=tuple(one for one in tally(self.pool, self.plan, drawn | set(self.vacant)) if one.name in asked),
            reasons={one: self._reason(one, one in drawn) for one in ranked}, lottery=self.lottery,
        )

    def _reason(self, one: str, is_drawn: bool) -> Reason:
        if is_drawn:
            return Reason("in_by_draw")
        return Reason("out_by_draw" if self.lottery.chances[one] else "out_of_draw")


def lottery_of_round(question: RoundQuestion, published: Lottery | None = None) -> RoundLottery:
    """Return the lottery of a round with merit bands; a new one is checked before it is returned.

    A `published` one is taken as it is: `failures` says whether it stands. Where too few women's firms are
    eligible, the seats that the shortfall mode keeps empty are those of the round's best cohort by score, settled
    without a seed. Raises Unproven, ValueError.
    """
    ordered = sorted(question.applicants, key=lambda one: one.id)
    decision = replace(question, applicants=tuple(ordered), seed="").decide()
    womens: Answer = "yes" if decision.shortfall == "reserve" else "no"
    empties = [
        Applicant(f"empty seat {country} {place}", 0, country, womens)
        for country, count in sorted(decision.empty.items()) for place in range(1, count + 1)
    ]
    pool, vacant = pool_of(ordered, empties), tuple(one.id for one in empties)
    found = published
    if found is None:
        is_possible = decision.status == "optimal"
        found = lottery_of(pool, decision.plan, question.edges or (), stayers=vacant) if is_possible else Lottery()
    answer = RoundLottery(question, found, decision, pool, decision.plan, vacant)
    if published is None and decision.status == "optimal":
        failures = answer.failures()
        require(not failures, f"the check accepts the lottery: {failures}")
    return answer
