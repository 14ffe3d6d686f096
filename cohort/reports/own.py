"""Gathers a firm's own first page: what is next and when, how far to recurring, its last exports."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from cohort.exports.flags.progress import firm_progress
from cohort.exports.models import Export
from cohort.kit import clock
from cohort.kit.access import Actor
from cohort.kit.language import ZONES
from cohort.plans import queries as plan_queries
from cohort.rounds.decisions.appeals import seat_of
from cohort.rounds.decisions.letters import notice_on
from cohort.rounds.models import Application, Seat
from cohort.rounds.seats.models import Offer
from cohort.rounds.seats.offers import standing_offer
from cohort.training import queries as training_queries
from cohort.training.growth import growth_of
from cohort.training.sessions.hours import next_sessions

LAST_EXPORTS = 5


def own_page(session: Session, actor: Actor) -> dict[str, Any]:
    """Return what the template `reports/own.html` shows; a firm that is no member sees its applications alone."""
    firm_ids = sorted(actor.firm_ids or ())
    members = [plan_queries.member_of(session, actor.plan_id or 0, firm_id) for firm_id in firm_ids]
    member = next((each for each in members if each is not None), None)
    applications = list(session.scalars(
        select(Application).where(Application.firm_id.in_(firm_ids)).order_by(Application.id.desc())
        .options(joinedload(Application.round)).limit(LAST_EXPORTS)
    ))
    said = {"applications": applications, "outcomes": _outcomes(session, applications)}
    if member is None:
        return {"member": None, **said}
    today = clock.today(ZONES[member.country])
    exports = session.scalars(
        select(Export).where(Export.plan_id == member.plan_id, Export.firm_id == member.firm_id)
        .order_by(Export.exported_on.desc(), Export.id.desc()).limit(LAST_EXPORTS)
    )
    return {
        "member": member, **said, "today": today,
        "standing": training_queries.standing_of(session, member, today), "growth": growth_of(session, actor, member, today),
        "progress": firm_progress(session, member.plan, member.firm, today), "exports": list(exports),
        **next_sessions(session, actor, member),
    }


def _outcomes(session: Session, applications: list[Application]) -> dict[int, tuple[Seat, Offer | None]]:
    """Return what came of each application that was told its outcome, and the seat that it was offered."""
    found: dict[int, tuple[Seat, Offer | None]] = {}
    for each in applications:
        if each.round.status not in ("decided", "published") or not notice_on(session, each.round, each.country):
            continue
        seat = seat_of(session, each.id)
        if seat is not None:
            found[each.id] = (seat, standing_offer(session, each.id))
    return found
