"""A draw inside merit bands whose chances are as equal as the quotas allow: the least chance is as high as can be.

It works out the lottery, which is published before the seed is known; drawing from it is `lottery_draw`'s part.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import lcm

import numpy as np
from numpy.typing import NDArray

from cohort.rules.exact import exact_solution
from cohort.rules.milp import Reals, proven, require, solve
from cohort.rules.pool import Column, Ints, Pool
from cohort.rules.quotas import OPEN, Quota, SeatPlan
from cohort.rules.selection import lay_out

BAND = "merit band of the draw"
"""The column, and the beginning of the names, under which bands stand among the rules."""

_FINE = 10**6
_CLOSE = 1e-9


@dataclass(frozen=True)
class Panel:
    """One make-up of the cohort: of how many tickets it is the answer, and how many of each kind are seated."""

    tickets: int
    seats: tuple[int, ...]


@dataclass(frozen=True)
class Lottery:
    """Chances as equal as the rules allow, or the news that no cohort keeps every rule.

    `kinds` are applicants (by id) whom no rule and no band tells apart; inside a kind the draw is even, so a
    member's chance is its kind's share of seats. `tickets` is the sum over `panels`. `least` is the least
    chance of anybody who can be chosen at all (0 when no seat is left to draw); no lottery whatever gives all of them more than `bound`, which
    `weights` (one a kind) prove: it is the best weight of any cohort over the weight of all applicants.
    """

    kinds: tuple[tuple[str, ...], ...] = ()
    panels: tuple[Panel, ...] = ()
    tickets: int = 0
    least: Fraction = Fraction(0)
    bound: Fraction = Fraction(0)
    weights: tuple[int, ...] = ()

    @property
    def status(self) -> str:
        """`optimal` when somebody is drawn, `infeasible` when no cohort keeps every rule."""
        return "optimal" if self.panels else "infeasible"

    @property
    def kind_chances(self) -> tuple[Fraction, ...]:
        """The chance of one member of each kind."""
        return tuple(
            Fraction(sum(panel.tickets * panel.seats[place] for panel in self.panels), self.tickets * len(kind))
            for place, kind in enumerate(self.kinds)
        )

    @property
    def chances(self) -> dict[str, Fraction]:
        """The chance of each applicant, by id."""
        return {one: chance for kind, chance in zip(self.kinds, self.kind_chances, strict=True) for one in kind}


@dataclass(frozen=True, eq=False)
class _Programme:
    """Which counts of each kind make a cohort: rows within bounds, at most `sizes` of each kind."""

    matrix: Ints
    lower: Ints
    upper: Ints
    sizes: Ints

    def heaviest(self, weights: Ints) -> Ints | None:
        """Return the counts of a cohort of the most weight, proven; None when no cohort keeps every row."""
        solved = solve(weights, self.matrix, self.lower, self.upper, self.sizes, whole=True)
        if solved is None:
            return None
        counts = np.rint(solved.values).astype(np.int64)
        reached = self.matrix @ counts
        kept = np.all(reached >= self.lower) and np.all(reached <= self.upper)
        require(
            bool(kept and np.all(counts >= 0) and np.all(counts <= self.sizes)),
            "the solver's panel keeps every row when counted in whole numbers",
        )
        return counts


def bands_of(pool: Pool, edges: Sequence[int]) -> tuple[str, ...]:
    """Return each applicant's merit band, "1" the best: one more than the number of edges above its score.

    `edges` are scores in ten-thousandths of a point, each the lower end of a band; none makes all equal.

    >>> bands_of(Pool.of(["a", "b"], [800_000, 799_999], {}), [800_000])
    ('1', '2')
    """
    above = np.array(sorted(edges), dtype=np.int64)
    return tuple(str(1 + len(above) - below) for below in np.searchsorted(above, pool.scores, side="right").tolist())


def banded(pool: Pool, plan: SeatPlan, edges: Sequence[int]) -> tuple[Pool, SeatPlan]:
    """Return pool and plan with the bands as one more column, and a rule for each band that limits nothing yet."""
    columns = {**pool.columns, BAND: Column.of(bands_of(pool, edges))}
    names = [str(band) for band in range(1, len(edges) + 2)]
    rules = tuple(Quota(f"{BAND} {one}", {BAND: (one,)}, min=0, max=plan.seats) for one in names)
    return replace(pool, columns=columns), replace(plan, quotas=(*plan.quotas, *rules))


def lottery_of(
    pool: Pool, plan: SeatPlan, edges: Sequence[int] = (), *, stayers: Collection[str] = (),
    barred: Collection[str] = (),
) -> Lottery:
    """Return the lottery of a pool: who can be seated at all has as equal a chance as the quotas allow.

    A better band goes first: as many seats as the quotas let it have, then the next. Among all cohorts that
    do so, the least chance of anybody is as high as it can be (maximin, the first stage of leximin: Flanigan
    et al. 2021, Nature 596, 548), found by column generation over counts of kinds. `stayers` are seated
    beside the draw and `barred` are out; neither is in a kind. Nothing depends on the order of rows or rules.
    Raises Unproven, KeyError on an unknown column, and ValueError on who is fixed and unknown, or both.
    """
    if len(pool) < plan.seats:
        return Lottery()
    with_bands, rules = banded(pool, plan, edges)
    in_order = replace(rules, quotas=tuple(sorted(rules.quotas, key=lambda quota: quota.name)))
    field = lay_out(with_bands, in_order, stayers, barred)
    problem = field.problem
    used, kind = np.unique(problem.cell, return_inverse=True)
    sizes = np.bincount(kind, minlength=len(used)).astype(np.int64)
    programme = _Programme(problem.matrix[:, used], problem.lower.copy(), problem.upper.copy(), sizes)
    places = {row.quota.name: place for place, row in enumerate(field.grid.rows, start=1)}
    for band in range(1, len(edges) + 2):
        row = places[f"{BAND} {band}"]
        best = programme.heaviest(programme.matrix[row])
        if best is None:
            return Lottery()
        programme.lower[row] = programme.upper[row] = programme.matrix[row] @ best
    kinds: list[list[str]] = [[] for _ in sizes]
    for member, own in zip(problem.members.tolist(), kind.ravel().tolist(), strict=True):
        kinds[own].append(pool.ids[member])
    return _most_equal(programme, tuple(tuple(sorted(each)) for each in kinds))


def _most_equal(programme: _Programme, kinds: tuple[tuple[str, ...], ...]) -> Lottery:
    found = _first_panels(programme)
    possible = np.sum(found, axis=0) > 0
    if not possible.any():
        nobody = (0,) * len(kinds)
        return Lottery(kinds, (Panel(1, nobody),), 1, Fraction(0), Fraction(0), nobody)
    known: set[tuple[int, ...]] = {tuple(counts.tolist()) for counts in found}
    while True:
        shares, prices = _master(np.array(found).T[possible], programme.sizes[possible])
        weights = np.zeros(len(kinds), dtype=np.int64)
        weights[possible] = np.rint(prices / prices.max() * _FINE)
        best = proven(programme.heaviest(weights), "a cohort that was found exists")
        proven_enough = weights @ best <= shares[-1] * (weights @ programme.sizes)
        if proven_enough or tuple(best.tolist()) in known:
            break
        known.add(tuple(best.tolist()))
        found.append(best)
    panels = _panels(found, exact_shares(found, programme.sizes, possible, shares))
    proof, bound = _proof(programme, possible, prices)
    drawn = Lottery(kinds, panels, sum(panel.tickets for panel in panels), Fraction(0), bound, proof)
    least = min(chance for chance, can in zip(drawn.kind_chances, possible.tolist(), strict=True) if can)
    require(least <= bound, "no chance is above its own bound")
    return replace(drawn, least=least)


def _first_panels(programme: _Programme) -> list[Ints]:
    """Return cohorts that between them seat every kind that can be seated."""
    found: list[Ints] = []
    missing = np.ones(len(programme.sizes), dtype=np.bool_)
    while missing.any():
        best = proven(programme.heaviest(missing.astype(np.int64)), "a cohort that was found exists")
        if found and not best[missing].any():
            break
        found.append(best)
        missing &= best == 0
    return found


def _master(counts: Ints, sizes: Ints) -> tuple[Reals, Reals]:
    """Return the panels' shares with the least chance behind them, and what each kind's chance is worth."""
    kinds, panels = counts.shape
    matrix = np.zeros((kinds + 1, panels + 1), dtype=np.int64)
    matrix[:kinds, :panels], matrix[:kinds, panels] = counts, -sizes
    matrix[kinds, :panels] = 1
    lower, upper = np.zeros(kinds + 1), np.full(kinds + 1, float(OPEN))
    lower[kinds] = upper[kinds] = 1
    worth = np.zeros(panels + 1)
    worth[panels] = 1
    solved = solve(worth, matrix, lower, upper, np.full(panels + 1, 2), whole=False)
    answer = proven(solved, "some share of each panel is a lottery")
    return answer.values, np.maximum(-answer.prices[:kinds], 0)


def exact_shares(
    found: Sequence[Ints], sizes: Ints, possible: NDArray[np.bool_], shares: Reals
) -> list[Fraction]:
    """Return the panels' shares as fractions: the exact corner that the floating answer stands for.

    When the answer is no such corner, its shares rounded to nine places (a lottery still, a hair less equal).
    """
    held = np.flatnonzero(shares[:-1] > _CLOSE)
    seats = np.array(found)[held].T
    tight = possible & (np.abs(seats @ shares[held] - shares[-1] * sizes) <= _CLOSE * sizes)
    rows = [[*row, -size] for row, size in zip(seats[tight].tolist(), sizes[tight].tolist(), strict=True)]
    solved = exact_solution([*rows, [*[1] * len(held), 0]], [*[0] * len(rows), 1])
    answer = [Fraction(0)] * len(found)
    if solved is None or min(solved[:-1], default=Fraction(-1)) < 0:
        rounded = [Fraction(round(share * 10**9)) for share in shares[:-1].tolist()]
        return [share / sum(rounded) for share in rounded]
    for place, share in zip(held.tolist(), solved[:-1], strict=True):
        answer[place] = share
    return answer


def _panels(found: Sequence[Ints], shares: Sequence[Fraction]) -> tuple[Panel, ...]:
    total = lcm(*(share.denominator for share in shares))
    panels = [
        Panel(int(share * total), tuple(counts.tolist())) for counts, share in zip(found, shares, strict=True) if share
    ]
    return tuple(sorted(panels, key=lambda panel: panel.seats))


def _proof(programme: _Programme, possible: NDArray[np.bool_], prices: Reals) -> tuple[tuple[int, ...], Fraction]:
    """Return whole-number weights of the kinds and the least bound that they prove, the plainest weights first."""
    best: tuple[tuple[int, ...], Fraction] | None = None
    for finest in (1, 12, 1_000):
        near = [Fraction(price).limit_denominator(finest) for price in (prices / prices.max()).tolist()]
        scale = min(lcm(*(one.denominator for one in near)), _FINE)
        weights = np.zeros(len(possible), dtype=np.int64)
        weights[possible] = [round(one * scale) for one in near]
        heaviest = proven(programme.heaviest(weights), "a cohort that was found exists")
        bound = Fraction(int(weights @ heaviest), int(weights @ programme.sizes))
        if best is None or bound < best[1]:
            best = tuple(weights.tolist()), bound
    return proven(best, "some weights were tried")
