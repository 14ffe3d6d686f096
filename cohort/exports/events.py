"""Appends what happened to an export and keeps its repeated columns, standing, audit and listeners in step.

Every change of an export goes through `append`, so that no service can forget one of them.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session

from cohort import reference
from cohort.exports.counting import counted_cents, plain, rule_on
from cohort.exports.models import Export, ExportEvent, FirmStanding
from cohort.exports.rollup import keep_quarters
from cohort.firms.models import Firm
from cohort.kit import audit, clock
from cohort.kit.access import Actor
from cohort.kit.errors import DomainError, wording
from cohort.kit.signals import export_verified
from cohort.plans import queries as plan_queries

wording("export_settled", _l("Somebody has answered this export already. Reload the page to see how it stands."), 409)


def append(
    session: Session, actor: Actor, export: Export, kind: str, changes: dict[str, Any], *, reason: str = "",
    on: date | None = None, evidence_level: int | None = None, refunded_usd_cents: int | None = None,
    second_look: bool = False,
) -> ExportEvent:
    """Append one event and let the export say what it says now; returns the event.

    `on` is the day it concerns (default: today where the firm is). Listeners of `export_verified` hear every
    event after which what counts has changed.
    """
    day, counted_before = today_of(export.firm), export.counted_usd_cents
    before = {name: plain(getattr(export, name)) for name in changes}
    for name, value in changes.items():
        setattr(export, name, value)
    event = ExportEvent(
        export_id=export.id, firm_id=export.firm_id, kind=kind, on=on or day, recorded_at=clock.now(),
        recorded_by=actor.person_id, evidence_level=evidence_level, refunded_usd_cents=refunded_usd_cents,
        second_look=second_look, reason=reason, before=before,
        after={name: plain(value) for name, value in changes.items()},
    )
    export.events.append(event)
    session.flush()
    member = plan_queries.member_of(session, export.plan_id, export.firm_id)
    export.counted_usd_cents = counted_cents(member, export, rule_on(session, export.plan_id, day))
    mark_dirty(session, export.plan_id, export.firm_id)
    session.flush()
    if export.counted_usd_cents != counted_before or (counted_before and {"exported_on", "destination"} & changes.keys()):
        keep_quarters(session, export.plan_id, [export.firm_id])
    audit.record(session, actor, f"export.{kind}", export, before=before, after=_told(event))
    if kind == "verified" or export.counted_usd_cents != counted_before:
        export_verified.send(session, export=export, actor=actor)
    return event


def _told(event: ExportEvent) -> dict[str, Any]:
    told = {**event.after, "reason": event.reason, "refunded_usd_cents": event.refunded_usd_cents}
    if event.second_look:
        told["second_look"] = True
    return {name: value for name, value in told.items() if value not in (None, "")}


def mark_dirty(session: Session, plan_id: int, firm_id: int) -> None:
    """Note that a member has a fact which the nightly job has not judged; a firm outside the plan has no standing."""
    statement = select(FirmStanding).where(FirmStanding.plan_id == plan_id, FirmStanding.firm_id == firm_id)
    standing = session.scalars(statement).one_or_none()
    if standing is None:
        if plan_queries.member_of(session, plan_id, firm_id) is None:
            return
        standing = FirmStanding(
            plan_id=plan_id, firm_id=firm_id, next_step={"code": "first_export"}, rule_version="",
            judged_on=clock.today(),
        )
        session.add(standing)
    standing.is_dirty = True


def today_of(firm: Firm) -> date:
    """Return the calendar day where the firm is."""
    return clock.today(reference.countries()[firm.country].time_zone)


def said(reason: str) -> str:
    """Return a reason without blanks around it; DomainError `reason_missing` when nothing is left."""
    if not reason.strip():
        raise DomainError("reason_missing")
    return reason.strip()[:500]


def require_reach(actor: Actor, firm: Firm) -> None:
    """Raise DomainError `not_allowed` unless the firm is the actor's own or of a country of theirs."""
    if actor.sees_all or firm.id in (actor.firm_ids or ()) or firm.country in (actor.countries or ()):
        return
    raise DomainError("not_allowed")
