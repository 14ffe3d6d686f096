"""Reads the business facts of a demo as plain rows that two builds can be compared by: no code, token, salt or hash."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from cohort.exports.models import Export, ExportEvent, FirmStanding, StageFlag
from cohort.firms.models import Firm
from cohort.kit.outbox import OutboxMessage
from cohort.plans.models import Member
from cohort.rounds.models import Appeal, Application, Seat
from cohort.training.models import ContactNote, Milestone, MilestoneEntry, ReminderStep

FACTS: dict[type[Any], tuple[str, ...]] = {
    Firm: ("country", "tax_id", "legal_name", "trade_name", "city", "size_class", "women_owned", "women_led", "ownership_verified"),
    Application: ("round_id", "firm_id", "country", "status", "eligible", "submitted_at", "answers"),
    Seat: ("application_id", "outcome", "place", "score", "reason"),
    Appeal: ("application_id", "state", "filed_on", "due_on"),
    Member: ("firm_id", "country", "is_pilot", "joined_on", "womens_at_entry", "season_quarters"),
    Milestone: ("member_id", "number", "due_on", "handed_in_on", "done_on", "waived_on"),
    MilestoneEntry: ("milestone_id", "kind", "on", "recorded_at", "text"),
    Export: ("firm_id", "exported_on", "destination", "value_minor", "currency", "fob_usd_cents", "counted_usd_cents",
             "channel", "state", "document_number", "is_baseline"),
    ExportEvent: ("export_id", "kind", "on", "recorded_at", "refunded_usd_cents"),
    FirmStanding: ("firm_id", "stage", "operations_count", "quarters_count", "fob_usd_cents", "next_step", "recheck_on"),
    StageFlag: ("firm_id", "stage", "previous_stage", "effective_on", "raised_on", "operations"),
    ReminderStep: ("person_id", "audience", "kind", "subject_id", "due_on", "step", "written_on"),
    ContactNote: ("firm_id", "kind", "text", "recorded_at"),
    OutboxMessage: ("address", "kind", "subject_kind", "due_on", "step", "state"),
}


def facts(session: Session, *models: type[Any]) -> dict[str, list[tuple[str, ...]]]:
    """Return the facts of each table in the order in which they were written.

    Seats and letters are sorted: they are written in the order of the files' random codes.
    """
    found = {}
    for model in models or FACTS:
        columns = [getattr(model, name) for name in FACTS[model]]
        rows = session.execute(select(*columns).order_by(model.id))
        found[model.__tablename__] = [tuple(repr(value) for value in row) for row in rows]
        if model in (Seat, OutboxMessage):
            found[model.__tablename__].sort()
    return found
