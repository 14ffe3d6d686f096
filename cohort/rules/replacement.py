"""Who enters when seated firms leave: the exact re-solve with those who stay, every rule and the share kept.

It answers "if these leave, these enter" and seats nobody; offers, their days and the record are the round's.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from cohort.rules.round_question import RoundQuestion
from cohort.rules.shortfall import RoundSelection


@dataclass(frozen=True)
class PassedOver:
    """Somebody on the waiting list ahead of the last who enters: its place from 1, and what stood before it.

    `rules` are those that it would have broken in place of the last one who enters (or of a seat kept empty).
    """

    id: str
    place: int
    rules: tuple[str, ...]


@dataclass(frozen=True)
class Replacement:
    """The cohort afterwards, who `enters` it (best first), which of them `first`, and who was passed over.

    `found` is infeasible when those who stay break a rule by themselves and nobody on the list mends it: then the
    seats stay empty, and its conflict and relaxation say which rules clash and what to change.
    """

    found: RoundSelection
    enters: tuple[str, ...]
    first: tuple[str, ...]
    passed_over: tuple[PassedOver, ...]


def replacement(
    question: RoundQuestion, stayers: Collection[str], barred: Collection[str] = (), first: Sequence[str] = ()
) -> Replacement:
    """Return who enters beside those who stay: the best cohort of the sealed rules that keeps all of them.

    For one free seat that is the first on the waiting list who keeps every rule. Those `first` (upheld appeals) go
    before the list, in their order, where the rules let as many seats be filled. `barred` gave a seat back, or let
    an offer pass. An empty seat follows the sealed shortfall mode. Raises ValueError, Unproven. Source: domain.md §8.
    """
    seated: tuple[str, ...] = ()
    found = reseated(question, stayers, barred)
    for code in first if found.status == "optimal" else ():
        tried = reseated(question, (*stayers, *seated, code), barred)
        if tried.status == "optimal" and len(tried.selected) >= len(found.selected):
            found, seated = tried, (*seated, code)
    enters = tuple(one for one in found.selected if one not in set(stayers))
    waiting = [one for one in question.in_order() if one not in {*stayers, *barred}]
    return Replacement(found, enters, seated, _passed_over(waiting, [one for one in enters if one not in seated], found))


def reseated(question: RoundQuestion, stayers: Collection[str], barred: Collection[str]) -> RoundSelection:
    """Return the selection with some seated for certain and some out; a lottery goes on down its waiting list.

    The totals are those of the scores, whatever the order.
    """
    if question.edges is None:
        return question.decide(stayers, barred)
    found = question.by_place().decide(stayers, barred)
    scores = {one.id: one.score for one in question.applicants}
    best = sorted((score for one, score in scores.items() if one not in {*stayers, *barred}), reverse=True)
    free = sum(scores[one] for one in stayers) + sum(best[: question.seats - len(stayers)])
    total = sum(scores[one] for one in found.selected) if found.status == "optimal" else None
    return replace(found, objective=total, unconstrained_objective=free, prices=None, swaps=())


def _passed_over(waiting: Sequence[str], enters: Sequence[str], found: RoundSelection) -> tuple[PassedOver, ...]:
    """Return those who were ahead of the last one who enters, or all when a seat is kept empty."""
    seats_left = len(waiting) if any(found.empty.values()) else 0
    last = max([waiting.index(one) + 1 for one in enters], default=0)
    seated = set(found.selected)
    return tuple(
        PassedOver(one, place, found.reasons[one].rules)
        for place, one in enumerate(waiting[: max(last, seats_left)], start=1) if one not in seated
    )
