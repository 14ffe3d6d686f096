"""Verifies exports, sends them back, opens them again and notes refunds; what suffices is decided in `rules.shipments`.

Nobody verifies what they logged or corrected themselves, nor what their own firm did.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session

from cohort import reference
from cohort.exports import events, letters
from cohort.exports.counting import refunded_cents
from cohort.exports.documents import documents_of
from cohort.exports.entries.checks import hs_columns
from cohort.exports.entries.service import refuse_twice
from cohort.exports.models import Export, ExportEvent
from cohort.firms.models import FirmPerson
from cohort.kit import clock
from cohort.kit.access import Actor
from cohort.kit.errors import DomainError, wording
from cohort.rules.shipments import Evidence, counts_as_verified, document_key, may_verify

wording("own_export", _l("You logged or corrected this export yourself; somebody else has to check it."))
wording("approved_already", _l("You approved it already; a second person has to."))
wording("evidence_weak", _l("An invoice and a payment alone do not suffice: a courier guide, a postal form or a declaration is needed."))
wording("evidence_over_limit", _l("Above US$ %(limit)s a customs declaration is needed; a courier or postal document is not enough."))
wording("evidence_unknown", _l("Choose what shows the export."))
wording("document_needed", _l("Type the number of the document."))
wording("rate_missing", _l("The exchange rate of that day is not there yet, so the limit for courier and post cannot be checked."))
wording("not_verified_yet", _l("Only a verified export can be refunded."))
wording("refund_out_of_range", _l("The refund must be more than zero and at most what is left of the value."))


def verify_export(
    session: Session, actor: Actor, export: Export, level: int, document_type: str = "", document_number: str = "",
    *, hs_code: str = "", reason: str = "",
) -> ExportEvent:
    """Verify an export by its evidence and return the event, of kind `verified`, or `approved` for a first of two.

    E3 and E4 count (a service's contract and payment is E3); E2 up to the origin's simplified limit, or, where
    none is set, once a second person approves. Marked for a second look: an export entered by the verifier for
    its firm, and one that two approvals carried. Errors: DomainError `not_allowed`, `own_export`,
    `approved_already`, `export_settled`, `evidence_…`, `document_…`, `rate_missing`, `hs_code_malformed`.
    """
    _require_verifier(session, actor, export)
    if level not in tuple(Evidence):
        raise DomainError("evidence_unknown")
    changes = _document_changes(session, export, document_type, document_number)
    changes |= {"hs_code": hs_columns(hs_code, export.exported_on)["hs_code"]} if hs_code.strip() else {}
    approvals = [event for event in _since_reopened(export) if event.kind == "approved"]
    if any(event.recorded_by == actor.person_id for event in approvals):
        raise DomainError("approved_already")
    suffices = _suffices(export, Evidence(level), approvals=1 + len(approvals))
    changes["evidence_level"] = level
    if not suffices:
        return events.append(session, actor, export, "approved", changes, evidence_level=level, reason=reason.strip())
    second_look = bool(approvals) or (export.entered_for_firm and export.logged_by == actor.person_id)
    changes |= {"state": "verified", "verified_at": clock.now()}
    event = events.append(
        session, actor, export, "verified", changes, evidence_level=level, second_look=second_look, reason=reason.strip()
    )
    letters.tell_firm(session, export, "export_verified", event)
    return event


def refuse_export(session: Session, actor: Actor, export: Export, reason: str) -> ExportEvent:
    """Send an export back with a reason that the firm reads; its document is free again. Errors as `verify_export`."""
    _require_verifier(session, actor, export)
    changes = {"state": "refused", "document_type": None, "document_number": None}
    event = events.append(session, actor, export, "refused", changes, reason=events.said(reason))
    letters.tell_firm(session, export, "export_refused", event)
    return event


def reopen_export(session: Session, actor: Actor, export: Export, reason: str) -> ExportEvent:
    """Let a verified, refused or withdrawn export wait for a check again, by counter-entry with the reason.

    Errors: DomainError `not_allowed`, `export_settled` when it waits already, `reason_missing`.
    """
    actor.require("export.verify")
    events.require_reach(actor, export.firm)
    if export.state == "waiting":
        raise DomainError("export_settled")
    return events.append(
        session, actor, export, "reopened", {"state": "waiting", "verified_at": None}, reason=events.said(reason)
    )


def refund_export(
    session: Session, actor: Actor, export: Export, amount_usd_cents: int | None, reason: str
) -> ExportEvent:
    """Note that the buyer got US cents back; None means all that is left, after which the export no longer counts.

    Errors: DomainError `not_allowed`, `not_verified_yet`, `refund_out_of_range`, `reason_missing`.
    """
    actor.require("export.verify")
    events.require_reach(actor, export.firm)
    if export.state != "verified" or export.fob_usd_cents is None:
        raise DomainError("not_verified_yet")
    left = export.fob_usd_cents - refunded_cents(export.events)
    refunded = left if amount_usd_cents is None else amount_usd_cents
    if not 0 < refunded <= left:
        raise DomainError("refund_out_of_range")
    return events.append(
        session, actor, export, "refunded", {}, refunded_usd_cents=refunded, reason=events.said(reason)
    )


def may_check(session: Session, actor: Actor, export: Export) -> bool:
    """Return whether this actor is somebody else than whoever logged it, with the right and the reach to check."""
    if not actor.may("export.verify") or actor.person_id is None or export.state != "waiting":
        return False
    if not actor.sees_all and export.firm.country not in (actor.countries or ()):
        return False
    people = select(FirmPerson.person_id).where(FirmPerson.firm_id == export.firm_id, FirmPerson.person_id.is_not(None))
    own = {number for number in session.scalars(people) if number is not None}
    if export.firm_id in (actor.firm_ids or ()):
        own.add(actor.person_id)
    return all(may_verify(actor.person_id, hand, firm_people=frozenset(own)) for hand in _hands(export))


def _require_verifier(session: Session, actor: Actor, export: Export) -> None:
    actor.require("export.verify")
    events.require_reach(actor, export.firm)
    if export.state != "waiting":
        raise DomainError("export_settled")
    if not may_check(session, actor, export):
        raise DomainError("own_export")


def _hands(export: Export) -> Iterable[int]:
    """Return who had a hand in what the export says: whoever logged it, and whoever corrected it.

    What staff entered for a firm counts as logged by the firm's person who confirmed it.
    """
    confirmed = [event.recorded_by for event in export.events if event.kind == "confirmed"]
    logged_by = confirmed[-1] if export.entered_for_firm and confirmed else export.logged_by
    return [logged_by or 0, *(event.recorded_by or 0 for event in export.events if event.kind == "corrected")]


def _since_reopened(export: Export) -> list[ExportEvent]:
    """Return the events since the facts last changed or the check last began anew."""
    breaks = [place for place, event in enumerate(export.events) if event.kind in ("reopened", "corrected", "refused")]
    return export.events[breaks[-1] + 1:] if breaks else list(export.events)


def _suffices(export: Export, evidence: Evidence, approvals: int) -> bool:
    """Return whether the evidence verifies now; False when one more approval is needed, raises when it never will."""
    limit = reference.countries()[export.origin].simplified_limit_usd
    if evidence < Evidence.E2:
        raise DomainError("evidence_weak")
    if evidence == Evidence.E2 and export.fob_usd_cents is None:
        raise DomainError("rate_missing")
    fob_usd = Decimal(export.fob_usd_cents or 0).scaleb(-2)
    if counts_as_verified(evidence, fob_usd, limit, approvals):
        return True
    if limit is not None:
        raise DomainError("evidence_over_limit", limit=f"{limit:,.0f}")
    return False


def _document_changes(session: Session, export: Export, document_type: str, number: str) -> dict[str, object]:
    kind = document_type.strip() or export.document_type or ""
    if kind and kind not in {each.code for each in documents_of(export.origin)}:
        raise DomainError("document_unknown")
    key = document_key(export.origin, kind, number.strip() or export.document_number or "")
    if key is None:
        raise DomainError("document_needed")
    refuse_twice(session, export.firm, key[1], key[2], besides=export.id)
    return {"document_type": key[1], "document_number": key[2]}
