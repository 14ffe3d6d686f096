"""Tells what an export counts today, and what was known of it at any earlier instant; stages stand in `flags`.

Each event keeps the columns it changed, before and after: the past is read by walking the events back.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session

from cohort.exports.models import Export, ExportEvent
from cohort.plans import queries as plan_queries
from cohort.plans.models import Member
from cohort.rules.shipments import Counting, Shipment, WhyNot, why_not
from cohort.rules.stages import RecurrencePolicy, policy_from

_COLUMNS = (
    "exported_on", "origin", "destination", "channel", "fob_usd_cents", "state", "is_sample", "is_baseline",
    "document_type", "document_number",
)


def recurrence_policy(session: Session, plan_id: int, day: date) -> RecurrencePolicy:
    """Return the plan's rule that holds on `day`; its `version` is the label that flags name."""
    held = plan_queries.policy_on(session, plan_id, "recurrence", day)
    return policy_from({**held.settings, "version": held.label})


def counting_on(session: Session, member: Member, exported_on: date, policy: RecurrencePolicy) -> Counting:
    """Return what the plan says about an export of this member made on a day: countries count by that day."""
    destinations = frozenset(plan_queries.destinations_on(session, member.plan_id, exported_on))
    return Counting(member.country, member.joined_on, destinations, policy)


def plain(value: Any) -> Any:
    """Return a column's value as JSON keeps it."""
    return value.isoformat() if isinstance(value, date | datetime) else value


def columns_at(export: Export, events: Sequence[ExportEvent], known_at: datetime | None) -> Mapping[str, Any] | None:
    """Return the columns of an export as they were known at an instant (None: now); None when it was not known yet."""
    if known_at is not None and export.recorded_at > known_at:
        return None
    columns = {name: getattr(export, name) for name in _COLUMNS}
    for event in sorted(events, key=lambda event: event.id, reverse=True):
        if known_at is not None and event.recorded_at > known_at:
            columns.update({name: value for name, value in event.before.items() if name in columns})
    if isinstance(columns["exported_on"], str):
        columns["exported_on"] = date.fromisoformat(columns["exported_on"])
    return columns


def shipment_at(
    export: Export, events: Sequence[ExportEvent], known_at: datetime | None = None
) -> tuple[Shipment, str] | None:
    """Return an export as the rules see it and its state, as known at an instant; None before it was known."""
    columns = columns_at(export, events, known_at)
    if columns is None:
        return None
    shipment = Shipment(
        id=export.id, exported_on=columns["exported_on"], origin=columns["origin"], destination=columns["destination"],
        channel=columns["channel"], fob_cents=columns["fob_usd_cents"], verified=columns["state"] == "verified",
        returned_cents=refunded_cents(events, known_at), sample=columns["is_sample"], baseline=columns["is_baseline"],
        document_type=columns["document_type"] or "", document_number=columns["document_number"] or "",
    )
    return shipment, columns["state"]


def refunded_cents(events: Iterable[ExportEvent], known_at: datetime | None = None) -> int:
    """Return what was given back to the buyer, US cents, as known at an instant."""
    return sum(
        event.refunded_usd_cents or 0 for event in events if known_at is None or event.recorded_at <= known_at
    )


def reasons_of(session: Session, member: Member, export: Export, day: date) -> tuple[WhyNot, ...]:
    """Return why an export does not count now under the rule of `day`; empty when it counts."""
    found = shipment_at(export, export.events)
    counting = counting_on(session, member, export.exported_on, recurrence_policy(session, export.plan_id, day))
    return why_not(found[0], counting) if found else ()


def counted_cents(session: Session, member: Member | None, export: Export, day: date) -> int:
    """Return the US cents that an export counts for now: value less refunds, 0 when it does not count."""
    if member is None or export.fob_usd_cents is None or reasons_of(session, member, export, day):
        return 0
    return export.fob_usd_cents - refunded_cents(export.events)


def may_still_count(shipment: Shipment, state: str, counting: Counting) -> bool:
    """Return whether an export would count once we have done our part: checked it, or found its rate.

    Such an operation keeps its firm from being called quiet (domain.md §1, “never blame a firm for our queue”).
    """
    if state not in ("waiting", "verified"):
        return False
    ours = {WhyNot.NOT_VERIFIED, WhyNot.NO_VALUE}
    reasons = set(why_not(shipment, counting))
    return bool(reasons) and reasons <= ours
