"""Why the cohort is what it is: the price of each rule, and why each applicant is in or out.

It gives codes and figures, never sentences, and never the name of another firm to an applicant.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor
from typing import Literal

import numpy as np

from cohort.rules.cells import Grid
from cohort.rules.milp import proven
from cohort.rules.pool import Ints, Pool
from cohort.rules.quotas import Quota, SeatPlan, least_of, matching, most_of
from cohort.rules.selection import Selection, best_score, lay_out

ReasonCode = Literal[
    "stays", "barred", "in_by_score", "in_by_rule", "out_by_score", "out_by_lot", "out_by_rule",
    "in_by_draw", "out_by_draw", "out_of_draw",
]


@dataclass(frozen=True)
class Tally:
    """What a rule asked, in places, and how many of the cohort it counts; `of_count` for a ratio row."""

    name: str
    min: int | None
    max: int | None
    count: int
    of_count: int | None = None


@dataclass(frozen=True)
class Prices:
    """Points (in ten-thousandths) that the rules cost: each one alone, and all of them together."""

    by_rule: Mapping[str, int]
    together: int


@dataclass(frozen=True)
class Reason:
    """Why an applicant is in or out.

    `points` is the rise in score (ten-thousandths) with which it would have taken one chosen firm's seat,
    every rule kept; None when no single exchange keeps them. `rules` are those that forbid exchanging it
    with the last seat (out) or with the best firm left out (in). Where a draw decides there are neither:
    drawn, not drawn, or without a chance because better bands and the rules leave no seat.
    """

    code: ReasonCode
    points: int | None = None
    rules: tuple[str, ...] = ()


@dataclass(frozen=True)
class Swap:
    """One seat that the rules moved: who holds it, who would by score alone, what it cost, which rules."""

    enters: str
    leaves: str
    points: int
    rules: tuple[str, ...]


def tally(pool: Pool, plan: SeatPlan, selected: Collection[str]) -> list[Tally]:
    """Return each quota's least, most and count in the cohort, in the order of the plan."""
    chosen = _places(pool, selected)
    return [_tally(pool, quota, plan.seats, chosen) for quota in plan.quotas]


def unconstrained(
    pool: Pool, seats: int, lots: Ints, stayers: Collection[str] = (), barred: Collection[str] = ()
) -> Ints:
    """Return the places of the cohort by score alone (then lot), stayers first; fewer when the pool is."""
    fixed = _places(pool, stayers)
    gone = np.concatenate([fixed, _places(pool, barred)])
    order = np.lexsort((lots, -pool.scores))
    return np.concatenate([fixed, order[~np.isin(order, gone)][: seats - len(fixed)]])


def prices(
    pool: Pool, plan: SeatPlan, selection: Selection, stayers: Collection[str] = (), barred: Collection[str] = ()
) -> Prices:
    """Return what each rule costs: the best total without it alone, less the objective; never negative.

    A rule without a price in a proof that leaves no gap costs nothing; every other one is solved again.
    Raises ValueError when the selection is not optimal.
    """
    if selection.objective is None or selection.certificate is None:
        raise ValueError("only an optimal selection has prices")
    proof, objective = selection.certificate, selection.objective
    field = lay_out(pool, plan, stayers, barred)
    none = np.zeros(len(pool), dtype=np.int64)
    closed = proof.bound // proof.scale + field.stayers_score == objective
    priced = {row.quota.name for row, price in zip(field.grid.rows, proof.prices[1:], strict=True) if price}
    by_rule = {}
    for quota in plan.quotas:
        if closed and quota.name not in priced:
            by_rule[quota.name] = 0
            continue
        without = lay_out(pool, plan.without(quota.name), stayers, barred)
        found = proven(best_score(without, none), "a cohort that keeps every rule also keeps all but one")
        by_rule[quota.name] = found.value + field.stayers_score - objective
    free = int(pool.scores[unconstrained(pool, plan.seats, none, stayers, barred)].sum())
    return Prices(by_rule, free - objective)


def reasons(
    pool: Pool, plan: SeatPlan, selected: Collection[str], lots: Ints,
    stayers: Collection[str] = (), barred: Collection[str] = (),
) -> dict[str, Reason]:
    """Return for every applicant why it is in or out of the cohort, as codes and figures (see `Reason`)."""
    grid = lay_out(pool, plan).grid
    fixed, gone = set(stayers), set(barred)
    chosen = _places(pool, selected)
    moving = chosen[[pool.ids[place] not in fixed for place in chosen.tolist()]]
    view = _View(pool, grid, grid.matrix @ grid.sizes(chosen), moving, lots)
    by_score = set(unconstrained(pool, plan.seats, lots, stayers, barred).tolist())
    inside = set(chosen.tolist())
    best_out = next(iter([place for place in _ranked(pool, lots, by_score) if place not in inside]), None)
    answers = {}
    for place, applicant_id in enumerate(pool.ids):
        if applicant_id in fixed:
            answers[applicant_id] = Reason("stays")
        elif applicant_id in gone:
            answers[applicant_id] = Reason("barred")
        elif place not in inside:
            answers[applicant_id] = view.why_out(place)
        elif place in by_score or best_out is None:
            answers[applicant_id] = Reason("in_by_score")
        else:
            answers[applicant_id] = Reason("in_by_rule", rules=view.broken(best_out, place))
    return answers


def swaps(
    pool: Pool, plan: SeatPlan, selected: Collection[str], lots: Ints,
    stayers: Collection[str] = (), barred: Collection[str] = (),
) -> list[Swap]:
    """Return seat by seat how the cohort differs from the one by score alone, best against best.

    `rules` names what undoing that one exchange would break; it may be empty when only several together do.
    """
    grid = lay_out(pool, plan).grid
    chosen = _places(pool, selected)
    view = _View(pool, grid, grid.matrix @ grid.sizes(chosen), chosen, lots)
    inside = set(chosen.tolist())
    by_score = set(unconstrained(pool, plan.seats, lots, stayers, barred).tolist())
    pairs = zip(_ranked(pool, lots, inside - by_score), _ranked(pool, lots, by_score - inside), strict=True)
    return [
        Swap(pool.ids[new], pool.ids[old], int(pool.scores[old] - pool.scores[new]), view.broken(old, new))
        for new, old in pairs
    ]


class _View:
    """The cohort as the rules see it: what each row counts, and the weakest chosen firm of each cell."""

    def __init__(self, pool: Pool, grid: Grid, activity: Ints, moving: Ints, lots: Ints) -> None:
        self.pool, self.grid, self.activity = pool, grid, activity
        order = _ranked(pool, lots, set(moving.tolist()))
        self.last = order[-1] if order else None
        self.weakest = {int(grid.cell[place]): place for place in order}

    def broken(self, enters: int, leaves: int) -> tuple[str, ...]:
        """Return the names of the rules that one exchange would break."""
        cell = self.grid.cell
        after = self.activity + self.grid.matrix[:, cell[enters]] - self.grid.matrix[:, cell[leaves]]
        wrong = (after < self.grid.lower) | (after > self.grid.upper)
        return tuple(
            dict.fromkeys(row.quota.name for row, bad in zip(self.grid.rows, wrong[1:].tolist(), strict=True) if bad)
        )

    def why_out(self, place: int) -> Reason:
        """Return how far an unchosen applicant is from the nearest seat, and which rules stand before it."""
        scores = self.pool.scores
        open_seats = [int(scores[weak]) for weak in self.weakest.values() if not self.broken(place, weak)]
        points = min(open_seats) - int(scores[place]) if open_seats else None
        rules = () if self.last is None else self.broken(place, self.last)
        if points == 0:
            return Reason("out_by_lot", 0, rules)
        if self.last is not None and scores[place] <= scores[self.last]:
            return Reason("out_by_score", points, rules)
        return Reason("out_by_rule", points, rules)


def _ranked(pool: Pool, lots: Ints, places: Collection[int]) -> list[int]:
    """Return these places best first: by score, then lot."""
    return sorted(places, key=lambda place: (-int(pool.scores[place]), int(lots[place])))


def _places(pool: Pool, ids: Collection[str]) -> Ints:
    wanted = set(ids)
    return np.array([place for place, one in enumerate(pool.ids) if one in wanted] if wanted else [], dtype=np.int64)


def _tally(pool: Pool, quota: Quota, seats: int, chosen: Sequence[int] | Ints) -> Tally:
    covered = matching(pool, quota.where)[chosen]
    least, most = least_of(quota, seats), most_of(quota, seats)
    if quota.of is None:
        return Tally(quota.name, least, most, int(covered.sum()))
    base = matching(pool, quota.of)[chosen]
    among = int(base.sum())
    least = _ratio(quota.min_share, among, -quota.min_short, up=True, other=least)
    most = _ratio(quota.max_share, among, quota.max_over, up=False, other=most)
    return Tally(quota.name, least, most, int((covered & base).sum()), among)


def _ratio(share: Fraction | None, among: int, spare: Fraction, *, up: bool, other: int | None) -> int | None:
    if share is None:
        return other
    places = share * among + spare
    found = max(ceil(places), 0) if up else floor(places)
    if other is None:
        return found
    return max(found, other) if up else min(found, other)
