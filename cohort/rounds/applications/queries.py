"""Reads applications: one's own, the files of a round for staff, and the requests to act for a firm."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, joinedload

from cohort.firms.models import Firm
from cohort.kit.access import Actor, unscoped
from cohort.kit.database import db
from cohort.kit.errors import DomainError
from cohort.rounds.models import Application, Round, Submission

PER_PAGE = 50


def own_application(session: Session, actor: Actor, round_: Round) -> Application | None:
    """Return the application of the actor's firm or own draft in a round, the latest where there are several."""
    own = Application.applicant_id == actor.person_id
    if actor.firm_ids:
        own = own | Application.firm_id.in_(sorted(actor.firm_ids))
    statement = select(Application).where(Application.round_id == round_.id, own)
    statement = statement.options(joinedload(Application.round), joinedload(Application.firm))
    with unscoped(session):  # own rows alone, whatever else the actor may see
        return session.scalars(statement.order_by(Application.id.desc()).limit(1)).one_or_none()


def application_of(session: Session, round_id: int, application_id: int) -> Application:
    """Return one file of a round within the actor's reach; raises `not_found`."""
    found = session.scalars(
        select(Application).where(Application.id == application_id, Application.round_id == round_id)
        .options(joinedload(Application.round), joinedload(Application.firm), joinedload(Application.applicant))
    ).one_or_none()
    if found is None:
        raise DomainError("not_found")
    return found


def files(round_id: int, chosen: Mapping[str, str]) -> Any:
    """Return a page of a round's files by firm, filtered by `country`, `state` and `words`, within the reach."""
    statement = _filtered(round_id, chosen).options(joinedload(Application.firm))
    return db.paginate(statement, per_page=PER_PAGE, max_per_page=PER_PAGE, error_out=False)


def _filtered(round_id: int, chosen: Mapping[str, str]) -> Select[Application]:
    statement = select(Application).outerjoin(Firm, Firm.id == Application.firm_id).where(Application.round_id == round_id)
    if chosen.get("country"):
        statement = statement.where(Application.country == chosen["country"])
    state = chosen.get("state") or ""
    if state in {"yes", "no", "unknown"}:
        statement = statement.where(Application.status == "submitted", Application.eligible == state)
    elif state in {"draft", "withdrawn"}:
        statement = statement.where(Application.status == state)
    words = (chosen.get("words") or "").strip().lower()
    if words:
        statement = statement.where(
            Firm.sort_name.contains(words, autoescape=True) | Application.code.icontains(words, autoescape=True)
            | Application.tax_id.icontains(words, autoescape=True))
    return statement.order_by(Firm.sort_name, Application.id)


def requests_of(session: Session, round_id: int) -> list[Application]:
    """Return the requests to act for a firm that wait, oldest first, with who asks."""
    statement = select(Application).where(Application.round_id == round_id, Application.asks_state == "waiting")
    return list(session.scalars(statement.options(joinedload(Application.applicant)).order_by(Application.id)))


def requests_to(session: Session, actor: Actor) -> list[Application]:
    """Return the requests that wait for an answer of the actor's own firm."""
    if not actor.firm_ids:
        return []
    statement = select(Application).where(
        Application.asks_firm_id.in_(sorted(actor.firm_ids)), Application.asks_state == "waiting")
    with unscoped(session):  # who asks for the actor's own firm, nothing else
        return list(session.scalars(statement.options(joinedload(Application.applicant)).order_by(Application.id)))


def submissions_of(session: Session, application_id: int) -> list[Submission]:
    """Return what was sent in, the latest first."""
    statement = select(Submission).where(Submission.application_id == application_id)
    return list(session.scalars(statement.order_by(Submission.id.desc())))
