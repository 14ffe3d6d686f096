"""Tells what an export counts today, and what was known of it at any earlier instant; stages stand in `flags`.

Each event keeps the columns it changed, before and after: the past is read by walking the events back.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Protocol

from sqlalchemy import select
from sqlalchemy.orm import Session

from cohort.exports.models import Export, ExportEvent
from cohort.plans import queries as plan_queries
from cohort.plans.models import PlanCountry
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


class PlanRule:
    """One plan's rule with its dated countries, loaded once: what it says of an export made on any day."""

    def __init__(self, session: Session, plan_id: int, policy: RecurrencePolicy) -> None:
        self.policy = policy
        statement = select(PlanCountry).where(PlanCountry.plan_id == plan_id)
        self._rows = list(session.scalars(statement.order_by(PlanCountry.effective_on)))

    def counting(self, member: Joined, exported_on: date) -> Counting:
        """Return what the plan says about an export of this member: countries count by the export's day."""
        standing = {row.country: row.counts_as_destination for row in self._rows if row.effective_on <= exported_on}
        destinations = frozenset(code for code, counts in standing.items() if counts)
        return Counting(member.country, member.joined_on, destinations, self.policy)

    @property
    def places(self) -> list[str]:
        """Every country that any version of the plan counts as destination, or that the rule names."""
        return sorted({row.country for row in self._rows} | set(self.policy.destinations))


class Joined(Protocol):
    """Whatever says where a firm is and since when it takes part: a member, or a row of its columns."""

    @property
    def country(self) -> str:
        """ISO code."""

    @property
    def joined_on(self) -> date:
        """First day in the plan."""


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


def rule_on(session: Session, plan_id: int, day: date) -> PlanRule:
    """Return the plan's rule of a day with its dated countries."""
    return PlanRule(session, plan_id, recurrence_policy(session, plan_id, day))


def reasons_of(member: Joined, export: Export, rule: PlanRule) -> tuple[WhyNot, ...]:
    """Return why an export does not count now; empty when it counts."""
    found = shipment_at(export, export.events)
    return why_not(found[0], rule.counting(member, export.exported_on)) if found else ()


def counted_cents(member: Joined | None, export: Export, rule: PlanRule) -> int:
    """Return the US cents that an export counts for now: value less refunds, 0 when it does not count."""
    if member is None or export.fob_usd_cents is None or reasons_of(member, export, rule):
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
