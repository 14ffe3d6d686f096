"""Lays out what the screening leaves for a decision: the part of its public record, and the reason of each file left out.

It judges nothing; results are as `service` wrote them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from sqlalchemy import select
from sqlalchemy.orm import Session

from cohort.rounds.calls.parts import screening_terms_of
from cohort.rounds.decisions.tie_criteria import before_draw
from cohort.rounds.files.screening_part import screening_json
from cohort.rounds.models import Application, Round, Screened
from cohort.rules.ledger import Json
from cohort.rules.screening import Candidate, Outcome, Screening


def candidate_of(round_: Round, application: Application, row: Screened) -> Candidate:
    """Return a file as it was when it was screened."""
    return Candidate(
        application.code, row.points, application.country, row.womens, before_draw(round_, application.facts or {}))


def result_of(row: Screened) -> Screening:
    """Return the result of a file as the rule gives it."""
    return Screening(cast(Outcome, row.outcome), row.place)


def seats_of(round_: Round) -> dict[str, int]:
    """Return the most seats of each country."""
    return {code: int(limit["max"]) for code, limit in round_.protocol["country_limits"].items()}


def record_part(session: Session, round_: Round, held: Mapping[int, Screened]) -> dict[str, Json] | None:
    """Return the screening as the public record holds it; None for a call that does not screen."""
    terms = screening_terms_of(round_.protocol)
    if terms is None:
        return None
    files = {each.id: each for each in session.scalars(select(Application).where(Application.id.in_(held)))}
    return screening_json(
        terms.multiple, round_.protocol["screening"]["pass_mark"], seats_of(round_),
        [candidate_of(round_, files[key], row) for key, row in held.items()],
        {files[key].code for key, row in held.items() if row.is_late},
        {files[key].code: result_of(row) for key, row in held.items()})


def why_left_out(part: Mapping[str, Any], code: str) -> tuple[str, dict[str, Any]]:
    """Return reason code and facts of one file that was not sent on; they name no other firm."""
    rows = {row["code"]: row for row in part["rows"]}
    own = rows[code]
    if own["outcome"] == "failed":
        return "screen_failed", {"points": own["points"], "pass_mark": part["pass_mark"]}
    group = (own["country"], own["womens"] == "yes")
    sent = sum(1 for row in rows.values() if row["outcome"] == "sent" and (row["country"], row["womens"] == "yes") == group)
    return "screen_not_among_best", {
        "points": own["points"], "place": own["place"], "sent_count": sent, "country": own["country"], "is_womens": group[1]}
