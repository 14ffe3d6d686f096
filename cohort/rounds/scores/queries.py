"""Reads which files are to be scored and which have no score yet, within the actor's reach."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, joinedload

from cohort.firms.models import Firm
from cohort.kit.database import db
from cohort.rounds.models import Application, ScoreEntry
from cohort.rounds.screening.queries import left_out

PER_PAGE = 200


def to_score(round_id: int, country: str = "") -> Any:
    """Return a page of the files that may need a score: sent in, not refused and not screened out, by firm."""
    statement = _to_score(round_id)
    if country:
        statement = statement.where(Application.country == country)
    return db.paginate(statement, per_page=PER_PAGE, max_per_page=PER_PAGE, error_out=False)


def all_to_score(session: Session, round_id: int) -> list[Application]:
    """Return all files that may need a score, for a sheet."""
    return list(session.scalars(_to_score(round_id)))


def _to_score(round_id: int) -> Select[Application]:
    return (
        select(Application).outerjoin(Firm, Firm.id == Application.firm_id)
        .where(Application.round_id == round_id, Application.status == "submitted", Application.eligible != "no",
               Application.id.not_in(left_out()))
        .options(joinedload(Application.firm)).order_by(Application.country, Firm.sort_name, Application.id)
    )


def unscored_count(session: Session, round_id: int) -> int:
    """Return how many eligible files have no score; what the screening left out needs none."""
    newest = select(func.max(ScoreEntry.id)).group_by(ScoreEntry.application_id)
    scored = select(ScoreEntry.application_id).where(ScoreEntry.id.in_(newest), ScoreEntry.score.is_not(None))
    statement = select(func.count(Application.id)).where(
        Application.round_id == round_id, Application.status == "submitted", Application.eligible == "yes",
        Application.id.not_in(scored), Application.id.not_in(left_out()))
    return session.scalar(statement) or 0


def names_of(session: Session, application_ids: Sequence[int]) -> dict[int, str]:
    """Return the firm's name for each application, its code where the firm is not known."""
    statement = (
        select(Application.id, Application.code, Firm.trade_name, Firm.legal_name)
        .outerjoin(Firm, Firm.id == Application.firm_id).where(Application.id.in_(application_ids))
    )
    return {row.id: row.trade_name or row.legal_name or row.code for row in session.execute(statement)}
