"""Answers "what if": the same closed call under other seats, shares, limits or minimum, side by side; adopts nothing.

The sealed rules stand first and are what everything else is compared with.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction

from sqlalchemy.orm import Session

from cohort.kit.access import Actor
from cohort.kit.errors import DomainError
from cohort.kit.process import run_in_child
from cohort.rounds.calls.protocol import split_seats
from cohort.rounds.decisions.solving import (
    POINTS,
    TIMEOUT_SECONDS,
    Files,
    answer,
    files_of,
    question_of,
    womens_count,
)
from cohort.rounds.models import Application, Round
from cohort.rules.frontier import Point, frontier, parity_rules
from cohort.rules.round_question import RoundQuestion
from cohort.rules.shortfall import RoundSelection
from cohort.rules.shortfall import question_of as as_plan

MOST_SCENARIOS = 3


@dataclass(frozen=True)
class Scenario:
    """Other figures than the sealed ones: seats, women's share (0 to 1), lowest score in points, equal seats or not."""

    seats: int
    share: Decimal
    minimum: Decimal
    has_country_seats: bool


@dataclass(frozen=True)
class Outcome:
    """What one scenario would give, against the sealed rules: who comes in and who goes out, by application."""

    scenario: Scenario
    found: RoundSelection
    womens: int
    total: Decimal | None
    difference: Decimal | None  # of the totals, in points
    enters: tuple[Application, ...] = ()
    leaves: tuple[Application, ...] = ()


def sealed_scenario(round_: Round) -> Scenario:
    """Return the figures of the sealed rules."""
    limits = round_.protocol["country_limits"].values()
    return Scenario(
        round_.seats, Decimal(round_.protocol["parity"]["share"]), Decimal(round_.protocol["minimum_score"]),
        has_country_seats=any(limit["min"] for limit in limits),
    )


def compare(session: Session, actor: Actor, round_: Round, scenarios: Sequence[Scenario]) -> list[Outcome]:
    """Return the outcome of the sealed rules and of each scenario, each proven; nothing is stored.

    Raises what `question_of` raises while files wait, and `what_if_seats` when a scenario has too few seats.
    """
    actor.require("round.decide")
    if round_.status != "closed":
        raise DomainError("decision_not_closed")
    files = files_of(session, round_)
    sealed = question_of(round_, files)
    asked = (sealed, *(variant(round_, files, sealed, each) for each in scenarios))
    found = run_in_child(answer_all, asked, TIMEOUT_SECONDS)
    by_code = {each.code: each for each in files.all}
    first = found[0]
    return [
        _outcome(scenario, question, each, first, by_code)
        for scenario, question, each in zip((sealed_scenario(round_), *scenarios), asked, found, strict=True)
    ]


def price_of_share(session: Session, round_: Round) -> tuple[Point, ...]:
    """Return the best total for each twentieth of women's share under the other sealed rules, each proven."""
    asked = question_of(round_, files_of(session, round_))
    return run_in_child(frontier_of, asked, TIMEOUT_SECONDS)


def frontier_of(question: RoundQuestion) -> tuple[Point, ...]:
    """Return the frontier of a question; stands at the top of the module so that a child can run it."""
    pool, plan = as_plan(question.applicants, question.seats, question.limits, question.parity, question.quotas)
    return frontier(pool, plan, parity_rules(plan))


def answer_all(questions: tuple[RoundQuestion, ...]) -> list[RoundSelection]:
    """Return the answer to each question; stands at the top of the module so that a child can run it."""
    return [answer(each) for each in questions]


def variant(round_: Round, files: Files, sealed: RoundQuestion, scenario: Scenario) -> RoundQuestion:
    """Return the sealed question with the figures of a scenario; the minimum also changes who is in the pool."""
    countries = round_.protocol["countries"]
    if scenario.seats < (len(countries) if scenario.has_country_seats else 1):
        raise DomainError("round_seats")
    lowest = int(scenario.minimum * POINTS)
    pool = tuple(each for each in (*files.pool, *files.below_minimum) if files.scores[each.id] >= lowest)
    if not pool:
        raise DomainError("decision_empty")
    asked = question_of(round_, replace(files, pool=tuple(sorted(pool, key=lambda each: each.code)), below_minimum=()))
    limits = (
        {code: (count, count) for code, count in split_seats(scenario.seats, countries).items()}
        if scenario.has_country_seats else dict.fromkeys(countries, (0, scenario.seats))
    )
    parity = replace(sealed.parity, share=Fraction(scenario.share))
    if parity.mode == "balanced" and scenario.share != Decimal("0.5"):
        parity = replace(parity, mode="at_least")
    return replace(asked, seats=scenario.seats, limits=limits, parity=parity)


def _outcome(
    scenario: Scenario, question: RoundQuestion, found: RoundSelection, sealed: RoundSelection,
    by_code: dict[str, Application],
) -> Outcome:
    if found.objective is None:
        return Outcome(scenario, found, 0, None, None)
    now, before = set(found.selected), set(sealed.selected)
    total = Decimal(found.objective) / POINTS
    return Outcome(
        scenario, found, womens_count(found, question.applicants), total,
        None if sealed.objective is None else total - Decimal(sealed.objective) / POINTS,
        tuple(by_code[code] for code in found.selected if code not in before),
        tuple(by_code[code] for code in sealed.selected if code not in now),
    )
