"""Reads what is known of firms' exports at an instant, as operations and as what waits for us; stages are judged elsewhere.

Two queries for any number of firms. The same reading serves pages (now), replays and firms with late facts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from cohort.exports.counting import PlanRule, may_still_count, recurrence_policy, shipment_at
from cohort.exports.models import Export, ExportEvent
from cohort.kit.errors import DomainError
from cohort.plans import queries as plan_queries
from cohort.plans.models import Member
from cohort.rules.recurrence import stage_of
from cohort.rules.season import Season
from cohort.rules.shipments import why_not
from cohort.rules.stages import Operation, RecurrencePolicy, Standing

_CHUNK_FIRMS = 500


@dataclass
class FirmFacts:
    """One firm's operations by day with the number of their export, and the days of those that wait for us."""

    operations: list[tuple[Operation, int]] = field(default_factory=list)
    waiting: list[tuple[date, str, int]] = field(default_factory=list)  # day, destination, US cents (0: rate missing)

    @property
    def pending_on(self) -> date | None:
        """The day of the latest operation that waits for us."""
        return max((day for day, _place, _cents in self.waiting), default=None)

    def counted(self, with_waiting: bool = False) -> list[Operation]:
        """Return the operations; with what waits for us as well, taken as verified, when asked."""
        found = [operation for operation, _number in self.operations]
        if with_waiting:
            found += [Operation(*row) for row in self.waiting]
        return sorted(found)


def known_by_end_of(day: date) -> datetime:
    """Return the instant at which a day is over for the records: midnight UTC, before the job of that day runs."""
    return datetime.combine(day + timedelta(days=1), time(0), UTC)


def facts_of(
    session: Session, plan_id: int, members: Iterable[Member], rule: PlanRule, day: date,
    known_at: datetime | None = None,
) -> dict[int, FirmFacts]:
    """Return the facts of each member dated up to `day` and known by `known_at` (None: now), by firm."""
    by_firm = {member.firm_id: member for member in members}
    found = {firm_id: FirmFacts() for firm_id in by_firm}
    firm_ids = sorted(by_firm)
    for start in range(0, len(firm_ids), _CHUNK_FIRMS):
        chunk = firm_ids[start:start + _CHUNK_FIRMS]
        happened = _events(session, plan_id, chunk)
        statement = select(Export).where(Export.plan_id == plan_id, Export.firm_id.in_(chunk))
        for export in session.scalars(statement.order_by(Export.exported_on, Export.id)):
            _add(found[export.firm_id], export, happened[export.id], by_firm[export.firm_id], rule, day, known_at)
    return found


def _events(session: Session, plan_id: int, firm_ids: Sequence[int]) -> dict[int, list[ExportEvent]]:
    happened: dict[int, list[ExportEvent]] = defaultdict(list)
    for event in session.scalars(select(ExportEvent).where(ExportEvent.firm_id.in_(firm_ids)).order_by(ExportEvent.id)):
        happened[event.export_id].append(event)
    return happened


def _add(
    facts: FirmFacts, export: Export, happened: Sequence[ExportEvent], member: Member, rule: PlanRule, day: date,
    known_at: datetime | None,
) -> None:
    known = shipment_at(export, happened, known_at)
    if known is None:
        return
    shipment, state = known
    if shipment.exported_on > day:
        return
    counting = rule.counting(member, shipment.exported_on)
    cents = (shipment.fob_cents or 0) - shipment.returned_cents
    if not why_not(shipment, counting):
        facts.operations.append((Operation(shipment.exported_on, shipment.destination, cents), export.id))
    elif may_still_count(shipment, state, counting):
        facts.waiting.append((shipment.exported_on, shipment.destination, cents))


def season_of(member: Member) -> Season | None:
    """Return the season that the firm declared, or None."""
    return Season(frozenset(member.season_quarters)) if member.season_quarters else None


def standing_of(facts: FirmFacts, member: Member, day: date, policy: RecurrencePolicy) -> Standing:
    """Return one firm's standing at the end of a day."""
    return stage_of(facts.counted(), day, policy, pending_on=facts.pending_on, season=season_of(member))


def stage(session: Session, plan_id: int, firm_id: int, day: date, known_at: datetime | None = None) -> Standing:
    """Return where a firm stood at the end of `day` by what was known at `known_at` (default: the end of that day).

    A replay: the same answer for ever, whatever was corrected since. Raises DomainError `not_found` for a firm
    that is no member.
    """
    member = plan_queries.member_of(session, plan_id, firm_id)
    if member is None:
        raise DomainError("not_found")
    policy = recurrence_policy(session, plan_id, day)
    rule = PlanRule(session, plan_id, policy)
    facts = facts_of(session, plan_id, [member], rule, day, known_at or known_by_end_of(day))[firm_id]
    return standing_of(facts, member, day, policy)
