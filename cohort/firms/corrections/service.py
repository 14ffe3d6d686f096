"""Corrects a tax number that was mistyped and tells which numbers a firm had; registering is the room's own service.

The firm stays the same row. What was frozen or sealed with the old number – applications, round records – keeps it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from cohort.firms.facts import NewFirm
from cohort.firms.models import Firm
from cohort.firms.reach import is_own, require_edit
from cohort.firms.service import checked_tax_id
from cohort.kit import audit
from cohort.kit.access import Actor
from cohort.kit.audit import AuditEntry
from cohort.kit.errors import DomainError
from cohort.rules.taxid import format_tax_id, is_natural_person


@dataclass(frozen=True, kw_only=True)
class TypedTaxId:
    """A tax number as typed; `check_digit` is the second box of a NIT, `confirmed` stands by a doubtful one."""

    tax_id: str
    check_digit: str = ""
    confirmed: bool = False


@dataclass(frozen=True)
class EarlierNumber:
    """A number that the firm had, as it is written, the instant from which it no longer holds, and why."""

    written: str
    until_at: datetime
    reason: str


def correct_tax_id(session: Session, actor: Actor, firm: Firm, typed: TypedTaxId, reason: str) -> Firm:
    """Return the firm under its right tax number; the old one, the new one and the reason stand in its history.

    Staff of its country alone may, never the firm itself. Errors: DomainError `not_allowed`, `reason_missing`,
    `tax_id_refused` and `tax_id_doubtful` as when a firm is registered, `tax_id_same` when nothing would change,
    `tax_id_taken` with `firm_id` and `firm` of the firm that has the number, `firm_exists` where the actor may not
    see that firm. Source: domain.md §4.
    """
    actor.require("firm.edit")
    require_edit(actor, firm)
    if is_own(actor, firm):
        raise DomainError("not_allowed")
    if not reason.strip():
        raise DomainError("reason_missing")
    checked = checked_tax_id(NewFirm(country=firm.country, legal_name=firm.legal_name, **vars(typed)))
    if checked.compact == firm.tax_id:
        raise DomainError("tax_id_same", tax_id=checked.formatted)
    other = session.scalar(select(Firm).where(Firm.country == firm.country, Firm.tax_id == checked.compact))
    if other is not None:
        raise DomainError("tax_id_taken", tax_id=checked.formatted, firm=other.name, firm_id=other.id)
    before = {"tax_id": firm.tax_id, "tax_id_status": firm.tax_id_status}
    try:
        with session.begin_nested():
            firm.tax_id, firm.tax_id_status = checked.compact, checked.status
            firm.tax_id_confirmed_by = actor.person_id if checked.status == "warning" else None
            firm.is_natural_person = is_natural_person(firm.country, checked.compact)
            session.flush()
    except IntegrityError as error:  # a firm that the actor does not see, or one registered this very moment
        raise DomainError("firm_exists", tax_id=checked.formatted) from error
    audit.record(session, actor, "firm.tax_id_corrected", firm, before=before, after={
        "tax_id": firm.tax_id, "tax_id_status": firm.tax_id_status, "reason": reason.strip()[:500],
    })
    return firm


def earlier_numbers(session: Session, firm: Firm) -> list[EarlierNumber]:
    """Return the numbers that the firm had before, latest first; one whose record was erased is left out."""
    statement = select(AuditEntry).where(
        AuditEntry.subject_kind == Firm.__tablename__, AuditEntry.subject_id == firm.id, AuditEntry.action == "firm.tax_id_corrected"
    )
    told = ((entry, audit.changes(entry)) for entry in session.scalars(statement.order_by(AuditEntry.seq.desc())))
    return [
        EarlierNumber(format_tax_id(firm.country, changed[0]["tax_id"]), entry.at, changed[1]["reason"])
        for entry, changed in told if changed
    ]
