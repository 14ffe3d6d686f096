"""Tells by when an export is to be checked, and hands it to the deputy when that day has passed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from cohort import reference
from cohort.exports.letters import queue, recipient_of
from cohort.exports.models import Export
from cohort.kit.outbox import OutboxMessage, mail_kind
from cohort.people.models import Person
from cohort.plans import queries as plan_queries
from cohort.plans.holidays import holidays_near
from cohort.plans.models import Plan
from cohort.rules.calendar import review_deadline

MAIL = "export_escalated"


def check_days(session: Session, plan_id: int, day: date) -> int:
    """Return within how many working days the plan promises to check an export."""
    return int(plan_queries.policy_on(session, plan_id, "thresholds", day).settings["verify_within_days"])


def check_by(export: Export, within_days: int) -> date:
    """Return the last day on which the check is in time: working days of the firm's country after it was received."""
    zone = ZoneInfo(reference.countries()[export.origin].time_zone)
    received_on = export.recorded_at.astimezone(zone).date()
    return review_deadline(received_on, within_days, holidays_near(export.origin, received_on))


def escalate(session: Session, plan: Plan, day: date) -> dict[str, int]:
    """Queue one mail to each deputy with the exports whose time ran out the day before; returns how many mails.

    Without a named deputy a coordinator of the next member country is asked (domain.md §5).
    """
    within = check_days(session, plan.id, day)
    statement = select(Export).where(
        Export.plan_id == plan.id, Export.state == "waiting", Export.is_baseline.is_(False)
    ).options(joinedload(Export.firm)).order_by(Export.recorded_at, Export.id)
    overdue: dict[str, list[Export]] = defaultdict(list)
    for export in session.scalars(statement):
        if check_by(export, within) + timedelta(days=1) == day:
            overdue[export.origin].append(export)
    to_tell: dict[Person, list[Export]] = defaultdict(list)
    for country, exports in overdue.items():
        for person in _deputies(session, plan, country, day):
            to_tell[person] += exports
    return {"deputies_told": sum(_tell(session, person, exports, day) for person, exports in to_tell.items())}


def _deputies(session: Session, plan: Plan, country: str, day: date) -> Sequence[Person]:
    named = [row.deputy_id for row in plan_queries.deputies_on(session, plan.id, day) if row.country == country]
    if named:
        return list(session.scalars(select(Person).where(Person.id.in_(named), Person.active).order_by(Person.id)))
    for other in plan_queries.origins_on(session, plan.id, day):
        people = plan_queries.coordinators_of(session, plan.id, other) if other != country else []
        if people:
            return people[:1]
    return []


def _tell(session: Session, person: Person, exports: Sequence[Export], day: date) -> int:
    lines = [
        {"export_id": each.id, "firm": each.firm.name, "product": each.product, "received_at": each.recorded_at.isoformat()}
        for each in exports
    ]
    return queue(session, [recipient_of(person, exports[0].origin)], MAIL, "digest", person.id, day, {"lines": lines}, None)


def still_waiting(session: Session, message: OutboxMessage) -> dict[str, Any] | None:
    """Return the lines of the exports that still wait; None when all have been answered."""
    numbers = [line["export_id"] for line in message.params["lines"]]
    waiting = set(session.scalars(select(Export.id).where(Export.id.in_(numbers), Export.state == "waiting")))
    lines = [line for line in message.params["lines"] if line["export_id"] in waiting]
    return {"lines": lines} if lines else None


mail_kind(MAIL, still_waiting, title=_l("Exports that waited too long"))
