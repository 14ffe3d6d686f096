"""Re-checks a decision in whole numbers: the cohort, each rule, the total, the proof, and the tie order.

It shares the words of a rule and the solver's door with the optimiser, nothing else; what it did not check it says.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from cohort.rules.lots import draw
from cohort.rules.milp import solve
from cohort.rules.pool import Ints, Pool
from cohort.rules.quotas import OPEN, Quota, SeatPlan, Where, rows_of

Mask = NDArray[np.bool_]

_TIE_LIMIT = 2_000


class Proof(Protocol):
    """Row prices and an upper bound, `scale` times too large."""

    @property
    def scale(self) -> int:
        """By how much prices and bound are multiplied so that they are whole numbers."""

    @property
    def prices(self) -> tuple[int, ...]:
        """The price of each row of the quota matrix, in its order."""

    @property
    def bound(self) -> int:
        """No lawful cohort scores more than this, over `scale`."""


class Decision(Protocol):
    """What is checked: the answer of a selection, wherever it came from."""

    @property
    def status(self) -> str:
        """`optimal` or `infeasible`."""

    @property
    def selected(self) -> tuple[str, ...]:
        """Ids of the chosen; empty when no cohort is lawful."""

    @property
    def objective(self) -> int | None:
        """Total score of the chosen in whole units; None when no cohort is lawful."""

    @property
    def certificate(self) -> Proof | None:
        """What shows that nothing scores more, when the solver left it."""


@dataclass(frozen=True)
class Failure:
    """A rule that the decision breaks: its name (a quota's own, or one of this module's), asked and found."""

    rule: str
    expected: str
    found: str


@dataclass(frozen=True)
class Verification:
    """The failures, none when the decision stands; `ties_checked` says whether the tie order was re-proven."""

    failures: tuple[Failure, ...]
    ties_checked: bool = True

    @property
    def stands(self) -> bool:
        """Whether nothing failed."""
        return not self.failures


@dataclass(frozen=True, eq=False)
class _Sums:
    """One row a limit, one column an applicant: what each adds; row 0 counts the seats."""

    terms: Ints
    lower: Ints
    upper: Ints

    def less(self, taken: Ints) -> _Sums:
        """Return the limits that remain once these places are taken."""
        used = self.terms[:, taken].sum(axis=1)
        shut = np.abs(self.lower) >= OPEN
        open_ = np.abs(self.upper) >= OPEN
        return replace(
            self, lower=np.where(shut, self.lower, self.lower - used), upper=np.where(open_, self.upper, self.upper - used)
        )


def verify(
    pool: Pool, plan: SeatPlan, seed: str, decision: Decision, *, stayers: Collection[str] = (),
    barred: Collection[str] = (), lots: Ints | None = None,
) -> Verification:
    """Return which rules the decision breaks, by name; the same arguments as `selection.choose` took.

    The bound is recomputed from the certificate's prices; where that leaves room for a better total, the
    applicants that it leaves undecided are solved again, one variable each. Source: proof.md, domain.md §8.
    """
    places = {applicant_id: place for place, applicant_id in enumerate(pool.ids)}
    fixed = np.array(sorted(places[one] for one in set(stayers)), dtype=np.int64)
    out = set(barred)
    member = np.array([one not in out for one in pool.ids], dtype=np.bool_)
    member[fixed] = False
    sums = _sums(pool, plan)
    if decision.status == "infeasible":
        return Verification(_room_for_any(sums.less(fixed), np.flatnonzero(member)))
    failures = [*_people(decision, plan, places, set(stayers), out)]
    if failures:
        return Verification(tuple(failures))
    chosen = np.array([places[one] for one in decision.selected], dtype=np.int64)
    failures += _quotas(pool, plan, chosen.tolist())
    drawn = draw(pool.ids, seed) if lots is None else lots
    failures += _figures(pool, decision, chosen, drawn)
    if failures or decision.certificate is None:
        missing = () if decision.certificate else (Failure("certificate", "a proof of the total", "none"),)
        return Verification((*failures, *missing))
    return _best(pool, sums.less(fixed), decision.certificate, np.setdiff1d(chosen, fixed), (member, drawn))


def _people(
    decision: Decision, plan: SeatPlan, places: Mapping[str, int], stayers: set[str], barred: set[str]
) -> list[Failure]:
    chosen = set(decision.selected)
    strangers = sorted(chosen - set(places))
    checks = [
        ("seats", len(decision.selected) == plan.seats == len(chosen), str(plan.seats), str(len(chosen))),
        ("pool", not strangers, "ids of the pool", ", ".join(strangers)),
        ("stayers", stayers <= chosen, "every stayer seated", ", ".join(sorted(stayers - chosen))),
        ("barred", not chosen & barred, "nobody barred", ", ".join(sorted(chosen & barred))),
    ]
    return [Failure(rule, expected, found) for rule, holds, expected, found in checks if not holds]


def _quotas(pool: Pool, plan: SeatPlan, chosen: list[int]) -> list[Failure]:
    """Count every quota person by person, as its words say."""
    failures = []
    for quota in plan.quotas:
        base = [place for place in chosen if _matches(pool, quota.of or {}, place)]
        count = sum(_matches(pool, quota.where, place) for place in base)
        among = plan.seats if quota.of is None else len(base)
        asked = _asked(quota, plan.seats, among)
        if not asked[0] <= count <= asked[1]:
            failures.append(Failure(quota.name, f"{asked[0]} to {asked[1]}", str(count)))
    return failures


def _asked(quota: Quota, seats: int, among: int) -> tuple[Fraction, Fraction]:
    least, most = Fraction(quota.min or 0), Fraction(seats if quota.max is None else quota.max)
    if quota.min_share is not None:
        least = max(least, quota.min_share * among - quota.min_short)
    if quota.max_share is not None:
        most = min(most, quota.max_share * among + quota.max_over)
    return least, most


def _matches(pool: Pool, where: Where, place: int) -> bool:
    return all(
        pool.columns[name].values[pool.columns[name].codes[place]] in wanted for name, wanted in where.items()
    )


def _figures(pool: Pool, decision: Decision, chosen: Ints, lots: Ints) -> list[Failure]:
    total = sum(int(pool.scores[place]) for place in chosen)
    order = sorted(chosen.tolist(), key=lambda place: (-int(pool.scores[place]), int(lots[place])))
    failures = []
    if total != decision.objective:
        failures.append(Failure("objective", str(total), str(decision.objective)))
    if order != chosen.tolist():
        failures.append(Failure("order", "best first, then by lot", "another order"))
    return failures


def _sums(pool: Pool, plan: SeatPlan) -> _Sums:
    rows = rows_of(plan)
    terms = np.ones((len(rows) + 1, len(pool)), dtype=np.int64)
    for place, row in enumerate(rows, start=1):
        base, inside = _mask(pool, row.quota.of or {}), _mask(pool, row.quota.where)
        terms[place] = row.inside * (base & inside) + row.outside * (base & ~inside)
    least = [plan.seats, *(row.lower for row in rows)]
    most = [plan.seats, *(row.upper for row in rows)]
    return _Sums(terms, np.array(least, dtype=np.int64), np.array(most, dtype=np.int64))


def _mask(pool: Pool, where: Where) -> Mask:
    held = np.ones(len(pool), dtype=np.bool_)
    for name, wanted in where.items():
        column = pool.columns[name]
        held &= np.array([value in wanted for value in column.values] or [False], dtype=np.bool_)[column.codes]
    return held


def _room_for_any(sums: _Sums, members: Ints) -> tuple[Failure, ...]:
    """Return a failure when, against the decision, some cohort does keep every rule."""
    kinds, sizes = np.unique(sums.terms[:, members], axis=1, return_counts=True)
    found = solve(np.zeros(len(sizes)), kinds, sums.lower, sums.upper, sizes, whole=True)
    return () if found is None else (Failure("infeasible", "no cohort keeps every rule", "one does"),)


def _best(
    pool: Pool, sums: _Sums, proof: Proof, chosen: Ints, field: tuple[Mask, Ints]
) -> Verification:
    member, lots = field
    limits = list(zip(proof.prices, sums.lower.tolist(), sums.upper.tolist(), strict=False))
    unsigned = any((price > 0 and most >= OPEN) or (price < 0 and least <= -OPEN) for price, least, most in limits)
    if proof.scale < 1 or unsigned or len(proof.prices) != len(sums.terms):
        return Verification((Failure("certificate", "one price a limit that is set", "other prices"),))
    costs = sum(price * row.astype(object) for price, row in zip(proof.prices, sums.terms, strict=True))
    gains = proof.scale * pool.scores.astype(object) - costs
    gains[~member] = 0
    bound = sum(price * (most if price > 0 else least) for price, least, most in limits if price)
    bound += sum(gain for gain in gains.tolist() if gain > 0)
    value = int(pool.scores[chosen].sum())
    gap = int(bound) - proof.scale * value
    taken = np.flatnonzero((gains > gap).astype(np.bool_) & member)
    free = np.flatnonzero((gains <= gap).astype(np.bool_) & (gains >= -gap).astype(np.bool_) & member)
    rest = sums.less(taken)
    if gap >= proof.scale:
        best = _solved(pool.scores[free], rest, free, pool.scores[taken])
        if best != value:
            return Verification((Failure("optimum", str(best), str(value)),))
    return _ties(pool, rest, (taken, free), chosen, lots)


def _solved(weight: Ints, sums: _Sums, free: Ints, taken: Ints) -> int:
    middle = int(np.median(weight)) if len(weight) else 0
    answer = solve(weight - middle, sums.terms[:, free], sums.lower, sums.upper, np.ones(len(free)), whole=True)
    picked = np.zeros(len(free), dtype=np.int64) if answer is None else np.rint(answer.values).astype(np.int64)
    return int(weight @ picked) + int(taken.sum())


def _ties(pool: Pool, sums: _Sums, fate: tuple[Ints, Ints], chosen: Ints, lots: Ints) -> Verification:
    """Compare with the least sum of lots among cohorts as good; too many equals are said to be unchecked."""
    taken, free = fate
    if len(free) > _TIE_LIMIT:
        return Verification((), ties_checked=False)
    level = int(np.median(pool.scores[free])) if len(free) else 0
    own = pool.scores[free] - level
    reached = int(own[np.isin(free, chosen)].sum())
    equal = _Sums(np.vstack([sums.terms[:, free], own]), np.append(sums.lower, reached), np.append(sums.upper, reached))
    least = -_solved(-lots[free], equal, np.arange(len(free)), -lots[taken])
    found = int(lots[chosen].sum())
    return Verification(() if least == found else (Failure("lots", str(least), str(found)),))
