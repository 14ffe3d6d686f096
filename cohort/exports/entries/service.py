"""Logs, corrects and withdraws exports and takes their files; who checked them stands in `proof`.

It opens no transaction and shows nothing: the door does both. Every change appends an event.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from werkzeug.datastructures import FileStorage

from cohort.exports import events
from cohort.exports.documents import PROOF_KINDS
from cohort.exports.entries.checks import check_facts, hs_columns
from cohort.exports.facts import ExportFacts, minor_units
from cohort.exports.models import Export, ExportEvent, ExportProof
from cohort.exports.rates.service import converted, rate_columns
from cohort.firms.models import Firm
from cohort.kit import audit, clock, uploads
from cohort.kit.access import Actor, unscoped
from cohort.kit.errors import DomainError, wording
from cohort.kit.uploads import Upload
from cohort.plans import queries as plan_queries
from cohort.plans.models import Member
from cohort.rules.shipments import document_key

wording("document_twice", _l("Document %(number)s shows another export already (number %(export)s). One document counts once."))
wording("document_elsewhere", _l("Document %(number)s shows another firm's export already. Check the number."))
wording("export_closed", _l("This export has been checked. Ask your coordinator to open it again before you change it."))
wording("proof_kind", _l("Choose what the file is."))
wording("nothing_to_confirm", _l("There is nothing to confirm here."))
wording("own_firm_confirms", _l("Only a person of the firm can confirm this."))


def log_export(
    session: Session, actor: Actor, member_or_firm: Member | Firm, facts: ExportFacts,
    files: Sequence[FileStorage | Upload] = (), request_key: str | None = None, *, proof_kind: str = "other",
    import_id: int | None = None,
) -> Export:
    """Return the logged export, waiting for somebody's check; the same one when `request_key` was used before.

    A firm logs for itself, staff for a firm of their countries. The rate of the day is frozen on the row; without
    one the dollars stay empty until it arrives. A firm that is no member may note exports from before only.
    Errors: DomainError `not_allowed`, any of `entries.checks`, `value_…`, `document_twice`, files' own.
    """
    actor.require("export.log")
    firm, member, plan_id = _whose(session, actor, member_or_firm)
    events.require_reach(actor, firm)
    saved = _saved_before(session, firm, request_key)
    if saved is not None:
        return saved
    check_facts(firm, member, facts)
    columns = columns_of(session, firm, facts)
    refuse_twice(session, firm, columns["document_type"], columns["document_number"])
    export = Export(
        plan_id=plan_id, firm_id=firm.id, origin=firm.country, recorded_at=clock.now(), logged_by=actor.person_id,
        entered_for_firm=firm.id not in (actor.firm_ids or ()), request_key=request_key, import_id=import_id, **columns,
    )
    try:
        with session.begin_nested():
            session.add(export)
            session.flush()
    except IntegrityError as error:  # the other click of a double click, or the same document, a moment earlier
        saved = _saved_before(session, firm, request_key)
        if saved is None:
            raise DomainError("document_elsewhere", number=columns["document_number"] or "") from error
        return saved
    for file in files:
        _attach(session, actor, export, file, proof_kind)
    events.mark_dirty(session, plan_id, firm.id)
    if import_id is None:  # an import is one entry of its own
        audit.record(session, actor, "export.logged", export, after={
            "firm_id": firm.id, **{name: value for name, value in columns.items() if value not in (None, "", False)}})
    return export


def correct_export(session: Session, actor: Actor, export: Export, facts: ExportFacts, reason: str) -> ExportEvent | None:
    """Replace the facts of an export that nobody has verified; one that was sent back waits again.

    Returns the event, or None when nothing differs. Errors: as `log_export`, `export_closed`, `reason_missing`.
    """
    actor.require("export.log")
    events.require_reach(actor, export.firm)
    if export.state not in ("waiting", "refused"):
        raise DomainError("export_closed")
    member = plan_queries.member_of(session, export.plan_id, export.firm_id)
    check_facts(export.firm, member, facts)
    wanted = columns_of(session, export.firm, facts)
    changed = {name: value for name, value in wanted.items() if getattr(export, name) != value}
    if export.state == "refused":
        changed["state"] = "waiting"
    if not changed:
        return None
    refuse_twice(session, export.firm, wanted["document_type"], wanted["document_number"], besides=export.id)
    return events.append(session, actor, export, "corrected", changed, reason=events.said(reason))


def withdraw_export(session: Session, actor: Actor, export: Export, reason: str) -> ExportEvent:
    """Take an export back, with the reason; its document is free again. Verified ones only staff who verify may.

    Errors: DomainError `not_allowed`, `export_closed`, `export_settled`, `reason_missing`.
    """
    actor.require("export.log")
    events.require_reach(actor, export.firm)
    if export.state == "withdrawn":
        raise DomainError("export_settled")
    if export.state == "verified" and not actor.may("export.verify"):
        raise DomainError("export_closed")
    changes = {"state": "withdrawn", "verified_at": None, "document_type": None, "document_number": None}
    return events.append(session, actor, export, "withdrawn", changes, reason=events.said(reason))


def add_proof(
    session: Session, actor: Actor, export: Export, file: FileStorage | Upload, kind: str = "other"
) -> ExportProof:
    """Attach a file to an export; raises for files that are no PDF or photo, empty or too large."""
    actor.require("export.log")
    events.require_reach(actor, export.firm)
    if export.state == "withdrawn":
        raise DomainError("export_closed")
    proof = _attach(session, actor, export, file, kind)
    audit.record(session, actor, "export.proof_added", export, after={"kind": kind, "sha256": proof.upload.sha256})
    return proof


def confirm_own(session: Session, actor: Actor, export: Export) -> ExportEvent:
    """Let the firm say that an export which staff entered for it is its own: from then on the firm logged it.

    Errors: DomainError `own_firm_confirms` for anybody else, `nothing_to_confirm` when it is no such export.
    """
    if not actor.may("own.edit") or export.firm_id not in (actor.firm_ids or ()):
        raise DomainError("own_firm_confirms")
    if not export.entered_for_firm or export.firm_confirmed_at is not None or export.state == "withdrawn":
        raise DomainError("nothing_to_confirm")
    return events.append(session, actor, export, "confirmed", {"firm_confirmed_at": clock.now()})


def columns_of(session: Session, firm: Firm, facts: ExportFacts) -> dict[str, Any]:
    """Return what the facts are as columns, the amount converted at the rate of the day."""
    value_minor = minor_units(facts.value, facts.currency)
    key = document_key(firm.country, facts.document_type, facts.document_number)
    return {
        "exported_on": facts.exported_on, "destination": facts.destination, "product": facts.product.strip(),
        "quantity": facts.quantity.strip(), "value_minor": value_minor, "currency": facts.currency,
        "channel": facts.channel, "marketplace": facts.marketplace.strip(), "buyer": facts.buyer,
        "incoterm": facts.incoterm, "shipment": facts.shipment, "is_baseline": facts.is_baseline,
        "is_sample": facts.is_sample, "document_type": key[1] if key else None, "document_number": key[2] if key else None,
        **hs_columns(facts.hs_code, facts.exported_on),
        **rate_columns(converted(session, value_minor, facts.currency, facts.exported_on)),
    }


def refuse_twice(
    session: Session, firm: Firm, document_type: str | None, number: str | None, besides: int | None = None
) -> None:
    """Raise when another export has this document: one document counts once per country and kind (domain.md §5)."""
    if not document_type or not number:
        return
    statement = select(Export.id, Export.firm_id).where(
        Export.origin == firm.country, Export.document_type == document_type, Export.document_number == number,
        Export.id != (besides or 0),
    )
    with unscoped(session):  # another firm's number blocks too; the answer names neither firm nor export
        found = session.execute(statement).first()
    if found is None:
        return
    if found.firm_id == firm.id:
        raise DomainError("document_twice", number=number, export=found.id)
    raise DomainError("document_elsewhere", number=number)


def _whose(session: Session, actor: Actor, member_or_firm: Member | Firm) -> tuple[Firm, Member | None, int]:
    if isinstance(member_or_firm, Member):
        return member_or_firm.firm, member_or_firm, member_or_firm.plan_id
    plan = plan_queries.plan_of(session, actor.plan_id)
    return member_or_firm, plan_queries.member_of(session, plan.id, member_or_firm.id), plan.id


def _saved_before(session: Session, firm: Firm, request_key: str | None) -> Export | None:
    if not request_key:
        return None
    return session.scalars(
        select(Export).where(Export.request_key == request_key, Export.firm_id == firm.id)
    ).one_or_none()


def _attach(session: Session, actor: Actor, export: Export, file: FileStorage | Upload, kind: str) -> ExportProof:
    if kind not in PROOF_KINDS:
        raise DomainError("proof_kind")
    stored = file if isinstance(file, Upload) else uploads.store(session, actor, file, "export", export.firm_id)
    proof = ExportProof(
        firm_id=export.firm_id, kind=kind, upload_id=stored.id, upload=stored, recorded_at=clock.now(),
        recorded_by=actor.person_id,
    )
    export.proofs.append(proof)
    session.flush()
    return proof
