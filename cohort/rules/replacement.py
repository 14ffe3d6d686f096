"""Who enters when seated firms leave: the exact re-solve with those who stay, every rule and the share kept.

It answers "if these leave, these enter" and seats nobody; offers, their days and the record are the round's.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from cohort.rules.conflicts import Change
from cohort.rules.explain import Tally
from cohort.rules.lots import draw
from cohort.rules.quotas import Quota
from cohort.rules.shortfall import Applicant, ParityRule, RoundSelection, decide


@dataclass(frozen=True)
class SealedRound:
    """What was sealed, as `shortfall.decide` took it: the pool and every rule."""

    applicants: Sequence[Applicant]
    seats: int
    country_limits: Mapping[str, tuple[int, int]]
    parity: ParityRule
    seed: str
    quotas: Sequence[Quota] = ()

    def decide(self, stayers: Collection[str], barred: Collection[str]) -> RoundSelection:
        """Return the decision with some seated for certain and some out."""
        return decide(
            self.applicants, self.seats, self.country_limits, self.parity, self.seed, self.quotas, stayers, barred
        )

    def ranked(self) -> list[str]:
        """Return everybody in the order of a waitlist: by score, then lot."""
        ordered = sorted(self.applicants, key=lambda one: one.id)
        lots = draw([one.id for one in ordered], self.seed, [one.before_draw for one in ordered]).tolist()
        pairs = sorted(zip(ordered, lots, strict=True), key=lambda pair: (-pair[0].score, pair[1]))
        return [one.id for one, _ in pairs]


@dataclass(frozen=True)
class Share:
    """How many of the seated count as women's, of how many."""

    womens: int
    seated: int


@dataclass(frozen=True)
class PassedOver:
    """Somebody on the waitlist ahead of the last who enters: its place from 1, and what stood before it.

    `rules` are those that it would have broken in place of the last one who enters (or of a seat kept empty).
    """

    id: str
    place: int
    reason: Literal["frozen", "rule"]
    rules: tuple[str, ...] = ()


@dataclass(frozen=True)
class Replacement:
    """What follows when `leavers` leave: who `enters` (best first), and whose seats wait because they are frozen.

    `infeasible`: those who stay break a rule by themselves and nobody on the waitlist mends it; then the seats
    stay empty, and `conflict` and `relaxation` say which rules clash and what to change. `empty` counts the
    seats kept empty in each country, `quotas` what each rule counts afterwards.
    """

    status: Literal["optimal", "infeasible"]
    leavers: tuple[str, ...]
    enters: tuple[str, ...]
    held: tuple[str, ...]
    passed_over: tuple[PassedOver, ...]
    empty: Mapping[str, int]
    before: Share
    after: Share
    quotas: tuple[Tally, ...]
    conflict: tuple[str, ...] = ()
    relaxation: tuple[Change, ...] = ()


def replacement(
    sealed: SealedRound, seated: Collection[str], leavers: Collection[str], *, frozen: Collection[str] = (),
    barred: Collection[str] = (),
) -> Replacement:
    """Return who enters when the leavers leave: the best cohort of the sealed rules that keeps all who stay.

    For one leaver that is the first on the waitlist who keeps every rule. The seat of a `frozen` leaver is not
    filled: it counts as held until it is decided; a frozen firm on the waitlist is not called. `barred` are
    off the waitlist (declined, expired, refuted). An empty seat follows the sealed shortfall mode.
    Raises ValueError when a leaver is not seated or a seated firm is barred, and Unproven. Source: domain.md §8.
    """
    gone, held = set(leavers) - set(frozen), set(leavers) & set(frozen)
    if not set(leavers) <= set(seated) or set(seated) & set(barred):
        raise ValueError("a leaver is not seated, or a seated firm is barred")
    stayers = set(seated) - gone
    waiting = [one for one in sealed.ranked() if one not in {*seated, *barred}]
    found = sealed.decide(sorted(stayers), sorted({*gone, *barred, *(set(frozen) - set(seated))}))
    enters = tuple(one for one in found.selected if one not in stayers)
    after = {*stayers, *enters} - held
    return Replacement(
        status=found.status, leavers=tuple(sorted(leavers)), enters=enters, held=tuple(sorted(held)),
        passed_over=_passed_over(waiting, enters, found, set(frozen)), empty=found.empty,
        before=_share(sealed.applicants, set(seated)), after=_share(sealed.applicants, after),
        quotas=found.quotas, conflict=found.conflict, relaxation=found.relaxation,
    )


def _passed_over(
    waiting: Sequence[str], enters: Sequence[str], found: RoundSelection, frozen: Collection[str]
) -> tuple[PassedOver, ...]:
    """Return those who were ahead of the last one who enters, or all when a seat is kept empty."""
    seats_left = len(waiting) if any(found.empty.values()) else 0
    last = max([waiting.index(one) + 1 for one in enters], default=0)
    ahead = [
        (place, one) for place, one in enumerate(waiting[: max(last, seats_left)], start=1) if one not in set(enters)
    ]
    return tuple(
        PassedOver(one, place, "frozen") if one in frozen else PassedOver(one, place, "rule", found.reasons[one].rules)
        for place, one in ahead
    )


def _share(applicants: Sequence[Applicant], seated: Collection[str]) -> Share:
    return Share(sum(one.womens == "yes" for one in applicants if one.id in seated), len(seated))
