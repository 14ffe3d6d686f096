"""Turns a closed call into the question that `rules` answer, and answers it in a child process; adopts nothing.

The question holds only what the sealed rules name: code, score, country and whether the firm counts as women's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session

from cohort.kit.errors import DomainError, wording
from cohort.kit.process import run_in_child
from cohort.rounds.calls.parts import lottery_terms_of, screening_terms_of
from cohort.rounds.calls.protocol import sha256_of
from cohort.rounds.decisions.attributes import (
    OWNER_GROUP,
    attribute,
    group_quotas,
    named_by,
    owner_groups,
    quotas_of,
)
from cohort.rounds.decisions.ownership import refuted, womens_of
from cohort.rounds.decisions.tie_criteria import before_draw
from cohort.rounds.files.record import quota_json
from cohort.rounds.models import Application, Round, Screened
from cohort.rounds.reviews.settling import files_below_least_mark
from cohort.rounds.scores.service import latest_scores
from cohort.rounds.screening.evidence import record_part
from cohort.rounds.screening.queries import screened_in
from cohort.rules.round_question import RoundQuestion
from cohort.rules.shortfall import Applicant, ParityRule, RoundSelection

wording("decision_unscored", _l("%(count)s eligible files have no score. Score them, or set them aside with a reason; none ranks as zero."), 409)
wording("decision_pending", _l("%(count)s files wait for an answer on eligibility. Settle them, or set them aside with a reason."), 409)
wording("decision_unscreened", _l("%(count)s eligible files were not screened. Do that first, under Screening."), 409)
wording("decision_empty", _l("No eligible file reaches the minimum score, so there is nobody to choose from."), 409)

TIMEOUT_SECONDS = 60.0
POINTS = 10_000


def key_of(question: RoundQuestion) -> str:
    """Return the hash of everything asked: it tells whether the files changed since a selection was shown."""
    parity, edges = question.parity, question.edges
    return sha256_of({
        "applicants": [
            [one.id, one.score, one.country, one.womens, dict(one.attributes), list(one.before_draw)]
            for one in question.applicants],
        "seats": question.seats, "limits": {code: list(pair) for code, pair in question.limits.items()},
        "parity": [str(parity.share), parity.mode, parity.shortfall, parity.counts, parity.per_country],
        "seed": question.seed, "quotas": [quota_json(quota) for quota in question.quotas],
        "edges": None if edges is None else list(edges),
    })


@dataclass(frozen=True)
class Files:
    """The submitted files of a closed call by what becomes of them before the draw, with their scores."""

    pool: tuple[Application, ...]  # eligible, at or above the minimum
    below_minimum: tuple[Application, ...]
    ineligible: tuple[Application, ...]
    pending: tuple[Application, ...]
    unscored: tuple[Application, ...]
    scores: Mapping[int, int]
    refuted: frozenset[int] = frozenset()  # whose claim to women's ownership was found not proven
    low_mark: tuple[Application, ...] = ()  # marked below the least mark in a criterion: out, whatever the points
    low_criteria: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    screened_out: tuple[Application, ...] = ()  # eligible, but the screening did not send them on to review
    unscreened: tuple[Application, ...] = ()  # eligible, and the screening has still to judge them
    screening: Mapping[str, Any] | None = None  # as the public record holds it; None without the stage

    @property
    def all(self) -> tuple[Application, ...]:
        """Every submitted file."""
        return (*self.pool, *self.below_minimum, *self.low_mark, *self.screened_out, *self.ineligible, *self.pending,
                *self.unscreened, *self.unscored)


def files_of(session: Session, round_: Round) -> Files:
    """Return the files of a closed call, sorted into what becomes of them, by code."""
    statement = select(Application).where(Application.round_id == round_.id, Application.status == "submitted")
    applications = list(session.scalars(statement.order_by(Application.code)))
    scores = {key: row.score for key, row in latest_scores(session, round_.id).items() if row.score is not None}
    minimum = int(Decimal(round_.protocol["minimum_score"]) * POINTS)
    low, screened = files_below_least_mark(session, round_), screened_in(session, round_.id)
    screens = screening_terms_of(round_.protocol) is not None
    kept: dict[str, list[Application]] = {}
    for each in applications:
        place = (_screened_place(each, screened.get(each.id)) if screens else "") or _place_of(each, scores.get(each.id), minimum)
        kept.setdefault("low" if each.id in low and place in {"pool", "below"} else place, []).append(each)
    pool, below, ineligible, pending, unscored, low_mark, screened_out, unscreened = (
        tuple(kept.get(name, ())) for name in (
            "pool", "below", "ineligible", "pending", "unscored", "low", "screened_out", "unscreened"))
    return Files(
        pool, below, ineligible, pending, unscored, scores, refuted(session, applications), low_mark, low,
        screened_out, unscreened, record_part(session, round_, screened))


def _screened_place(application: Application, result: Screened | None) -> str:
    """Return where the screening puts an eligible file; '' for one that it sent on, and for any other file."""
    if application.eligible != "yes" or (result is not None and result.outcome == "sent"):
        return ""
    return "unscreened" if result is None else "screened_out"


def _place_of(application: Application, score: int | None, minimum: int) -> str:
    if application.eligible != "yes":
        return "ineligible" if application.eligible == "no" else "pending"
    if score is None:
        return "unscored"
    return "pool" if score >= minimum else "below"


def question_of(round_: Round, files: Files) -> RoundQuestion:
    """Return the question of a closed call; raises while files wait for eligibility, screening or a score, or none is left."""
    if files.pending:
        raise DomainError("decision_pending", count=len(files.pending))
    if files.unscreened:
        raise DomainError("decision_unscreened", count=len(files.unscreened))
    if files.unscored:
        raise DomainError("decision_unscored", count=len(files.unscored))
    if not files.pool:
        raise DomainError("decision_empty")
    quotas, groups = quotas_of(round_.protocol), owner_groups(round_.protocol, files.pool)
    named = named_by(quotas)
    applicants = tuple(
        Applicant(each.code, files.scores[each.id], each.country,
                  womens_of(each, each.id in files.refuted), _attributes(each, named, groups), before_draw(round_, each.facts or {}))
        for each in files.pool
    )
    lottery = lottery_terms_of(round_.protocol)
    return RoundQuestion(
        applicants, round_.seats, limits_of(round_.protocol), parity_of(round_.protocol), round_.seed,
        (*quotas, *group_quotas(round_.protocol, groups)),
        None if lottery is None else tuple(int(edge * POINTS) for edge in lottery.bands),
    )


def _attributes(each: Application, named: Sequence[str], groups: Mapping[str, str]) -> dict[str, str]:
    facts = each.facts or {}
    found = {name: attribute(facts, name) for name in named}
    return {**found, OWNER_GROUP: groups[each.code]} if groups else found


def limits_of(protocol: Mapping[str, Any]) -> dict[str, tuple[int, int]]:
    """Return least and most seats by country, as `rules` want them."""
    return {code: (limit["min"], limit["max"]) for code, limit in protocol["country_limits"].items()}


def parity_of(protocol: Mapping[str, Any]) -> ParityRule:
    """Return the parity rule of a protocol, as `rules` want it."""
    parity = protocol["parity"]
    return ParityRule(
        share=Fraction(parity["share"]), mode=parity["mode"], shortfall=parity["shortfall"], counts=parity["counts"],
        per_country="country" in parity["scope"],
    )


def answer(question: RoundQuestion) -> RoundSelection:
    """Return the proven, verified selection; stands at the top of the module so that a child can run it."""
    return question.decide()


def solve(question: RoundQuestion) -> RoundSelection:
    """Return the answer, computed in a child process that is stopped after a minute."""
    return run_in_child(answer, question, TIMEOUT_SECONDS)


def empty_seats(found: RoundSelection) -> int:
    """Return how many seats stay empty."""
    return sum(found.empty.values())


def womens_count(found: RoundSelection, applicants: Sequence[Applicant]) -> int:
    """Return how many of the selected count as women's."""
    chosen = set(found.selected)
    return sum(1 for one in applicants if one.id in chosen and one.womens == "yes")
