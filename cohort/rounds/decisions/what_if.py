"""Answers "what if": the same closed call under other seats, shares, limits, minimum or weights, side by side; adopts nothing.

The sealed rules stand first and are what everything else is compared with.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction

from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from cohort.kit.access import Actor
from cohort.kit.errors import DomainError, wording
from cohort.kit.process import run_in_child
from cohort.rounds.calls.protocol import split_seats
from cohort.rounds.decisions.reweighing import Marked, marked, require_marks, reweighed
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

wording("what_if_lottery", _l("A draw decides this call, so no other list can be compared. Its chances stand on this page."), 409)

MOST_SCENARIOS = 3


@dataclass(frozen=True)
class Scenario:
    """Other figures than the sealed ones: seats, women's share (0 to 1), lowest score in points, equal seats or not.

    `weights` are percents by criterion that sum to 100; None leaves the scores as they are.
    """

    seats: int
    share: Decimal
    minimum: Decimal
    has_country_seats: bool
    weights: Mapping[str, int] | None = None


@dataclass(frozen=True)
class Outcome:
    """What one scenario would give, against the sealed rules: who comes in and who goes out, by application.

    The difference is taken in sealed scores, so that other weights are compared on one scale.
    """

    scenario: Scenario
    found: RoundSelection
    womens: int
    total: Decimal | None
    difference: Decimal | None  # of the totals in sealed scores, in points
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

    Raises what `question_of` raises while files wait, `round_seats` when a scenario has too few seats, and
    `reweigh_no_marks` when one has other weights while no score comes from reviews.
    """
    actor.require("round.decide")
    if round_.status != "closed":
        raise DomainError("decision_not_closed")
    files = files_of(session, round_)
    sealed = question_of(round_, files)
    if sealed.edges is not None:
        raise DomainError("what_if_lottery")
    held = marked(session, round_) if any(each.weights is not None for each in scenarios) else None
    asked = (sealed, *(
        variant(round_, _scored_anew(session, round_, files, held, each), sealed, each) for each in scenarios))
    found = run_in_child(answer_all, asked, TIMEOUT_SECONDS)
    by_code = {each.code: each for each in files.all}
    first = found[0]
    return [
        _outcome(scenario, question, each, first, by_code, files.scores)
        for scenario, question, each in zip((sealed_scenario(round_), *scenarios), asked, found, strict=True)
    ]


def _scored_anew(session: Session, round_: Round, files: Files, held: Marked | None, scenario: Scenario) -> Files:
    """Return the files with the scores of the scenario's weights."""
    if scenario.weights is None:
        return files
    return replace(files, scores={**files.scores, **reweighed(session, round_, require_marks(held), scenario.weights)})


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
    by_code: dict[str, Application], scores: Mapping[int, int],
) -> Outcome:
    if found.objective is None:
        return Outcome(scenario, found, 0, None, None)
    now, before = set(found.selected), set(sealed.selected)
    kept = sum(scores[by_code[code].id] for code in found.selected)
    return Outcome(
        scenario, found, womens_count(found, question.applicants), Decimal(found.objective) / POINTS,
        None if sealed.objective is None else Decimal(kept - sealed.objective) / POINTS,
        tuple(by_code[code] for code in found.selected if code not in before),
        tuple(by_code[code] for code in sealed.selected if code not in now),
    )
