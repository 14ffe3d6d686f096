"""Decides a round: seats, country limits and the parity rule, also when women's firms are too few.

It turns a parity rule into quotas and empty reserved seats (domain.md §8); the sealing is the round's.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Literal

import numpy as np

from cohort.rules.conflicts import Change, conflict, relaxation
from cohort.rules.explain import Prices, Reason, Swap, Tally, prices, reasons, swaps, tally, unconstrained
from cohort.rules.lots import draw
from cohort.rules.lottery import Lottery
from cohort.rules.milp import require
from cohort.rules.pool import Ints, Pool
from cohort.rules.quotas import Quota, SeatPlan
from cohort.rules.selection import Selection, best_score, choose, lay_out
from cohort.rules.verifier import verify
from cohort.rules.waitlist import waitlist

Answer = Literal["yes", "no", "unknown"]
Counts = Literal["owned_or_led", "owned", "led", "both"]
Mode = Literal["at_least", "balanced"]
Shortfall = Literal["reserve", "release", "mirror"]

COUNTRY, WOMENS, EMPTY = "country", "womens", "empty seat"
PARITY = "parity"
_EMPTY_CAP = "empty seats"
_REAL = {EMPTY: ("no",)}


@dataclass(frozen=True)
class ParityRule:
    """How many of the cohort are women's firms, and what happens when too few are eligible.

    The share is a floor (`at_least`) or, at one half, also a ceiling to the next place (`balanced`); it holds
    overall and, unless `per_country` is off, in each country.
    """

    share: Fraction = Fraction(1, 2)
    mode: Mode = "at_least"
    shortfall: Shortfall = "reserve"
    counts: Counts = "owned_or_led"
    per_country: bool = True

    def __post_init__(self) -> None:
        if not 0 <= self.share <= 1 or (self.mode == "balanced" and self.share != Fraction(1, 2)):
            raise ValueError("a parity share lies between 0 and 1, and is one half when balanced")


@dataclass(frozen=True)
class Applicant:
    """One eligible applicant: score in ten-thousandths of a point, and only the facts that rules name.

    `before_draw` holds its places in criteria that the protocol names ahead of the draw (smaller first).
    """

    id: str
    score: int
    country: str
    womens: Answer
    attributes: Mapping[str, str] = field(default_factory=dict)
    before_draw: tuple[int, ...] = ()


@dataclass(frozen=True)
class RoundSelection:
    """Everything a public record says of a decision; `empty` counts the seats kept empty in each country.

    `selection` holds the answer and its proof for `plan`, in which empty seats stand as applicants of score 0.
    """

    status: Literal["optimal", "infeasible"]
    seats: int
    shortfall: Shortfall | None
    selected: tuple[str, ...]
    empty: Mapping[str, int]
    objective: int | None
    unconstrained_objective: int
    waitlist: tuple[str, ...]
    quotas: tuple[Tally, ...]
    prices: Prices | None
    reasons: Mapping[str, Reason]
    swaps: tuple[Swap, ...]
    conflict: tuple[str, ...]
    relaxation: tuple[Change, ...]
    plan: SeatPlan
    selection: Selection
    lottery: Lottery | None = None  # the published chances, where a draw decided


def womens(owned: Answer, led: Answer, counts: Counts = "owned_or_led") -> Answer:
    """Return whether a firm counts for parity, three-valued.

    >>> womens("no", "unknown"), womens("no", "unknown", "both"), womens("yes", "unknown")
    ('unknown', 'no', 'yes')
    """
    if counts in {"owned", "led"}:
        return owned if counts == "owned" else led
    decisive: Answer = "yes" if counts == "owned_or_led" else "no"
    if decisive in {owned, led}:
        return decisive
    other: Answer = "no" if decisive == "yes" else "yes"
    return other if owned == led == other else "unknown"


def question_of(
    applicants: Sequence[Applicant], seats: int, country_limits: Mapping[str, tuple[int, int]],
    parity: ParityRule, quotas: Sequence[Quota] = (),
) -> tuple[Pool, SeatPlan]:
    """Return a round as the pool and the plan that `selection` takes, with no seat kept empty."""
    rules = (*_country_quotas(country_limits), *_parity_quotas(parity, country_limits), *quotas)
    return pool_of(applicants), SeatPlan(seats, rules)


def decide(
    applicants: Sequence[Applicant], seats: int, country_limits: Mapping[str, tuple[int, int]],
    parity: ParityRule, seed: str, quotas: Sequence[Quota] = (), stayers: Collection[str] = (),
    barred: Collection[str] = (),
) -> RoundSelection:
    """Return the round's cohort: the best that keeps seats, country limits (least, most), parity and quotas.

    When no full cohort keeps them, `reserve` keeps the fewest seats empty that will do, as women's seats of
    score 0; `release` lowers each parity floor by its empty seats and decides again; `mirror` keeps others
    ≤ women's in the same share and fills what it can. Infeasible when even empty seats do not help.
    The answer is verified before it is returned. Raises Unproven, ValueError. Source: domain.md §8.
    """
    ordered = sorted(applicants, key=lambda one: one.id)
    pool, plan = question_of(ordered, seats, country_limits, parity, quotas)
    lots = draw(pool.ids, seed, [one.before_draw for one in ordered])
    call = _Call(ordered, country_limits, seed, stayers, barred)
    full = choose(pool, plan, seed, stayers=stayers, barred=barred, lots=lots)
    if full.status == "optimal":
        return call.report(pool, plan, lots, full, None)
    if parity.shortfall == "reserve":
        return call.with_empty(plan, "yes", "reserve") or call.impossible(pool, plan, lots)
    if parity.shortfall == "mirror":
        mirror = replace(plan, quotas=tuple(_among_real(quota) for quota in plan.quotas))
        return call.with_empty(mirror, "no", "mirror") or call.impossible(pool, plan, lots)
    reserved = call.with_empty(plan, "yes", "reserve")
    if reserved is None:
        return call.impossible(pool, plan, lots)
    lowered = replace(plan, quotas=tuple(_lowered(quota, reserved.empty) for quota in plan.quotas))
    return call.with_empty(lowered, "no", "release") or call.impossible(pool, plan, lots)


@dataclass(frozen=True)
class _Call:
    """What stays the same while a round is decided in more than one way."""

    applicants: Sequence[Applicant]
    country_limits: Mapping[str, tuple[int, int]]
    seed: str
    stayers: Collection[str]
    barred: Collection[str]

    def with_empty(self, plan: SeatPlan, womens_seat: Answer, mode: Shortfall) -> RoundSelection | None:
        """Return the cohort with the fewest empty seats, then the best score, then lots; None if none helps."""
        empties = [
            Applicant(f"{EMPTY} {country} {place}", 0, country, womens_seat)
            for country, (_, most) in sorted(self.country_limits.items())
            for place in range(1, min(most, plan.seats) + 1)
        ]
        pool = pool_of(self.applicants, empties)
        lots = draw(
            [one.id for one in self.applicants], self.seed, [one.before_draw for one in self.applicants]
        )
        lots = np.concatenate([lots, np.zeros(len(empties), dtype=np.int64)])
        emptiness = replace(pool, scores=np.where(lots == 0, -1, 0).astype(np.int64))
        fewest = best_score(lay_out(emptiness, plan, self.stayers, self.barred), lots)
        if fewest is None:
            return None
        capped = replace(plan, quotas=(*plan.quotas, Quota(_EMPTY_CAP, {EMPTY: ("yes",)}, max=-fewest.value)))
        found = choose(pool, capped, self.seed, stayers=self.stayers, barred=self.barred, lots=lots)
        return self.report(pool, capped, lots, found, mode)

    def report(
        self, pool: Pool, plan: SeatPlan, lots: Ints, found: Selection, mode: Shortfall | None
    ) -> RoundSelection:
        """Return the verified answer with its reasons, prices and waitlist."""
        fixed = {"stayers": self.stayers, "barred": self.barred}
        checked = verify(pool, plan, self.seed, found, lots=lots, **fixed)
        require(checked.stands, f"the verifier accepts the cohort: {checked.failures}")
        real = {one.id for one in self.applicants}
        by_score = unconstrained(pool, plan.seats, lots, **fixed)
        vacant = {one for one in pool.ids if one not in real}
        countries = pool.columns[COUNTRY]
        places = {one: place for place, one in enumerate(pool.ids)}
        empty = dict.fromkeys(self.country_limits, 0)
        for one in vacant & set(found.selected):
            empty[countries.values[countries.codes[places[one]]]] += 1
        why = reasons(pool, plan, found.selected, lots, **fixed)
        return RoundSelection(
            status=found.status, seats=plan.seats, shortfall=mode,
            selected=tuple(one for one in found.selected if one in real), empty=empty,
            objective=found.objective, unconstrained_objective=int(pool.scores[by_score].sum()),
            waitlist=waitlist(pool, found.selected, self.seed, lots=lots, barred={*self.barred, *vacant}),
            quotas=tuple(one for one in tally(pool, plan, found.selected) if one.name != _EMPTY_CAP),
            prices=prices(pool, plan, found, **fixed),
            reasons={one: why[one] for one in pool.ids if one in real},
            swaps=tuple(swaps(pool, plan, found.selected, lots, **fixed)), conflict=(), relaxation=(),
            plan=plan, selection=found,
        )

    def impossible(self, pool: Pool, plan: SeatPlan, lots: Ints) -> RoundSelection:
        """Return the answer that no cohort exists, with the rules that clash and the least change."""
        by_score = unconstrained(pool, plan.seats, lots, self.stayers, self.barred)
        return RoundSelection(
            status="infeasible", seats=plan.seats, shortfall=None, selected=(), empty={}, objective=None,
            unconstrained_objective=int(pool.scores[by_score].sum()), waitlist=(), quotas=(), prices=None,
            reasons={}, swaps=(), conflict=conflict(pool, plan, self.stayers, self.barred),
            relaxation=relaxation(pool, plan, self.stayers, self.barred), plan=plan,
            selection=Selection("infeasible"),
        )


def pool_of(applicants: Sequence[Applicant], empties: Sequence[Applicant] = ()) -> Pool:
    """Return the pool of a round; `empties` are empty seats, which stand as applicants of score 0."""
    everyone = [*applicants, *empties]
    columns: dict[str, list[str]] = {
        COUNTRY: [one.country for one in everyone],
        WOMENS: [one.womens for one in everyone],
        EMPTY: ["no"] * len(applicants) + ["yes"] * len(empties),
    }
    for name in sorted({name for one in applicants for name in one.attributes}):
        columns[name] = [one.attributes.get(name, "") for one in everyone]
    return Pool.of([one.id for one in everyone], [one.score for one in everyone], columns)


def _country_quotas(limits: Mapping[str, tuple[int, int]]) -> list[Quota]:
    return [
        Quota(f"{COUNTRY}:{country}", {COUNTRY: (country,)}, min=least, max=most)
        for country, (least, most) in sorted(limits.items())
    ]


def _parity_quotas(parity: ParityRule, limits: Mapping[str, tuple[int, int]]) -> list[Quota]:
    overall = Quota(PARITY, {WOMENS: ("yes",)}, min_share=parity.share)
    if parity.mode == "balanced":
        overall = replace(overall, max_share=parity.share, max_over=Fraction(1, 2))
    countries = sorted(limits) if parity.per_country else []
    return [overall, *(replace(overall, name=f"{PARITY}:{one}", of={COUNTRY: (one,)}) for one in countries)]


def _is_parity(quota: Quota) -> bool:
    return quota.name.split(":")[0] == PARITY


def _among_real(quota: Quota) -> Quota:
    """Return a parity quota that looks at filled seats only; any other quota unchanged."""
    return replace(quota, of={**(quota.of or {}), **_REAL}) if _is_parity(quota) else quota


def _lowered(quota: Quota, empty: Mapping[str, int]) -> Quota:
    """Return a parity quota with its floor lowered by its empty seats; any other quota unchanged."""
    if not _is_parity(quota):
        return quota
    country = quota.name.removeprefix(PARITY).removeprefix(":")
    short = empty[country] if country else sum(empty.values())
    lowered = replace(quota, min_short=Fraction(short), max_over=quota.max_over + short)
    return replace(lowered, of={**quota.of, **_REAL}) if quota.of else lowered
