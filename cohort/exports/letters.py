"""Queues the mails of this room and asks at sending whether they still hold; how they read stands in the templates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session

from cohort.exports.models import Export, ExportEvent
from cohort.firms import queries as firm_queries
from cohort.firms.models import Firm
from cohort.kit.access import Role, unscoped
from cohort.kit.language import REGIONS
from cohort.kit.notices import may_be_off
from cohort.kit.outbox import OutboxMessage, Recipient, enqueue, mail_kind
from cohort.people.models import Person, RoleGrant

_STATE_OF = {"export_verified": "verified", "export_refused": "refused"}


def recipient_of(person: Person, country: str) -> Recipient:
    """Return a person as recipient, with the formats of their region or else of `country`."""
    region = person.region or person.office_country or country
    return Recipient(person.email, person.name, person.language, region if region in REGIONS else country, person.id)


def people_of_firms(session: Session, plan_id: int, countries: Mapping[int, str]) -> dict[int, list[Recipient]]:
    """Return who is written to for each firm: its people with an account, or else its contacts with a mail address.

    `countries` gives the country of each firm by its number. Two queries, however many firms.
    """
    statement = (
        select(RoleGrant.firm_id, Person).join(Person, Person.id == RoleGrant.person_id)
        .where(RoleGrant.plan_id == plan_id, RoleGrant.firm_id.in_(countries), RoleGrant.role == Role.FIRM)
        .where(RoleGrant.revoked_at.is_(None), Person.active).order_by(Person.id)
    )
    found: dict[int, dict[str, Recipient]] = {firm_id: {} for firm_id in countries}
    with unscoped(session):
        for firm_id, person in session.execute(statement):
            number = int(firm_id or 0)
            found[number][person.email] = recipient_of(person, countries[number])
    lacking = [firm_id for firm_id, people in found.items() if not people]
    for firm_id, contacts in (firm_queries.contacts_of(session, lacking) if lacking else {}).items():
        for contact in contacts:
            if contact.email:
                found[firm_id][contact.email] = Recipient(
                    contact.email, contact.name, contact.language, countries[firm_id], contact.person_id
                )
    return {firm_id: list(people.values()) for firm_id, people in found.items()}


def people_of_firm(session: Session, plan_id: int, firm: Firm) -> list[Recipient]:
    """Return who is written to for one firm."""
    return people_of_firms(session, plan_id, {firm.id: firm.country})[firm.id]


def tell_firm(session: Session, export: Export, kind: str, event: ExportEvent) -> None:
    """Queue one mail to each person of the firm about an answer to an export; the event is its effect key."""
    params: dict[str, Any] = {
        "export_id": export.id, "product": export.product, "exported_on": export.exported_on, "reason": event.reason,
        "destination": export.destination, "value_minor": export.value_minor, "currency": export.currency,
    }
    queue(session, people_of_firm(session, export.plan_id, export.firm), kind, "export_event", event.id, event.on, params, export.firm_id)


def queue(
    session: Session, recipients: Sequence[Recipient], kind: str, subject_kind: str, subject_id: int, due_on: Any,
    params: dict[str, Any], firm_id: int | None,
) -> int:
    """Queue one mail a recipient; returns how many were not queued before."""
    written = [
        enqueue(session, each, kind, subject_kind, subject_id, due_on, 0, params, firm_id=firm_id) for each in recipients
    ]
    return sum(message is not None for message in written)


def still_so(session: Session, message: OutboxMessage) -> dict[str, Any] | None:
    """Return the facts of an answer that still holds; None when the export was opened again meanwhile."""
    export = session.get(Export, message.params["export_id"])
    if export is None or export.state != _STATE_OF[message.kind]:
        return None
    return message.params


mail_kind("export_verified", still_so, title=_l("Export verified"))
may_be_off("export_verified", _l("An export of ours that was verified"))
mail_kind("export_refused", still_so, title=_l("Export that lacks something"))
