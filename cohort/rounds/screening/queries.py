"""Reads what the screening of a round left out and sent on; rounds without the stage leave nobody out."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.orm import Session

from cohort.kit.access import Actor, unscoped
from cohort.kit.errors import DomainError, wording
from cohort.rounds.calls.parts import screening_terms_of
from cohort.rounds.models import Application, Round, Screened

wording("screening_due", _l("This call screens its files before they are reviewed and scored. Do that first, under Screening."), 409)


def left_out() -> Any:
    """Return the query of the files, of any round, that the screening did not send on.

    It is not scoped: whoever uses it narrows files that are theirs to see.
    """
    kept = Screened.__table__
    return select(kept.c.application_id).where(kept.c.outcome != "sent")


def sent_on() -> Any:
    """Return the query of the files, of any round, that the screening sent on to review; not scoped either."""
    kept = Screened.__table__
    return select(kept.c.application_id).where(kept.c.outcome == "sent")


def screened_in(session: Session, round_id: int) -> dict[int, Screened]:
    """Return the results of a round by application, within the reach; none before it is carried out."""
    statement = select(Screened).join(Application, Application.id == Screened.application_id)
    rows = session.scalars(statement.where(Application.round_id == round_id).order_by(Application.code))
    return {row.application_id: row for row in rows}


def has_screening(session: Session, round_id: int) -> bool:
    """Return whether a round screens its files before reviews."""
    round_ = session.get(Round, round_id)
    return round_ is not None and screening_terms_of(round_.protocol) is not None


def require_screened(session: Session, round_: Round) -> None:
    """Return when the call has no screening stage or it is carried out; raises `screening_due`."""
    if screening_terms_of(round_.protocol) is not None and not _count(session, round_.id, is_screened=True):
        raise DomainError("screening_due")


def state_of_file(round_: Round) -> ColumnElement[str]:
    """Return the column that says where the stage puts an eligible file: left_out, sent, or unscreened for now."""
    later = "sent" if screening_terms_of(round_.protocol) is None else "unscreened"
    return case(
        (Application.id.in_(left_out()), "left_out"), (Application.id.in_(sent_on()), "sent"), else_=later)


def rounds_due(session: Session, actor: Actor) -> list[Round]:
    """Return the closed calls of the actor's plan with eligible files to screen, for whoever screens; oldest first."""
    if not actor.may("round.edit"):
        return []
    statement = select(Round).where(Round.plan_id == actor.plan_id, Round.status == "closed").order_by(Round.closed_at)
    return [
        each for each in session.scalars(statement)
        if screening_terms_of(each.protocol) is not None and _count(session, each.id, is_screened=False)
    ]


def _count(session: Session, round_id: int, *, is_screened: bool) -> int:
    """Count the files of all countries that were judged, or the eligible ones that were not."""
    kept = Screened.__table__
    judged = Application.id.in_(select(kept.c.application_id))
    wanted = judged if is_screened else ~judged & (Application.eligible == "yes")
    statement = select(func.count(Application.id)).where(
        Application.round_id == round_id, Application.status == "submitted", wanted)
    with unscoped(session):  # how many there are; no row leaves
        return session.scalar(statement) or 0
