"""Reads exports for pages: a page of the list, one export, the next to check, what a firm typed last; changes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session, joinedload, selectinload

from cohort.exports.models import STATES, Export, ExportProof
from cohort.exports.proof.escalation import check_by, check_days
from cohort.firms.models import Firm
from cohort.kit.access import Actor
from cohort.kit.errors import DomainError, wording
from cohort.kit.uploads import Upload
from cohort.plans import queries as plan_queries
from cohort.plans.models import Member

PAGE_ROWS = 50
wording("no_such_filter", _l("“%(value)s” is not something that this list can be narrowed to."), 404)


@dataclass(frozen=True)
class ExportFilters:
    """What the list is narrowed to; empty does not narrow."""

    state: str = ""
    country: str = ""
    firm_id: int | None = None

    def criteria(self, plan_id: int) -> list[ColumnElement[bool]]:
        """Return the filters as criteria. Errors: DomainError `no_such_filter` for a state that there is not."""
        if self.state and self.state not in STATES:
            raise DomainError("no_such_filter", value=self.state)
        criteria: list[ColumnElement[bool]] = [Export.plan_id == plan_id]
        if self.state:
            criteria.append(Export.state == self.state)
        if self.country:
            criteria.append(Export.origin == self.country)
        if self.firm_id is not None:
            criteria.append(Export.firm_id == self.firm_id)
        return criteria


@dataclass(frozen=True)
class ExportRow:
    """One export of a list; `is_escalated` when our check is late and the deputy has been asked."""

    export: Export
    check_by: date
    is_escalated: bool


def export_page(session: Session, plan_id: int, filters: ExportFilters, page: int, today: date) -> tuple[list[ExportRow], int]:
    """Return one page of exports, the latest first (those that wait: the oldest first), and how many there are."""
    criteria = filters.criteria(plan_id)
    order = (Export.recorded_at, Export.id) if filters.state == "waiting" else (Export.exported_on.desc(), Export.id.desc())
    statement = select(Export).where(*criteria).options(joinedload(Export.firm)).order_by(*order)
    found = session.scalars(statement.offset((page - 1) * PAGE_ROWS).limit(PAGE_ROWS))
    total = session.scalar(select(func.count(Export.id)).where(*criteria)) or 0
    within = check_days(session, plan_id, today)
    return [row_of(export, within, today) for export in found], total


def row_of(export: Export, within_days: int, today: date) -> ExportRow:
    """Return an export with the day by which we check it."""
    by_on = check_by(export, within_days)
    return ExportRow(export, by_on, export.state == "waiting" and not export.is_baseline and by_on < today)


def export_named(session: Session, export_id: int, *, for_change: bool = False) -> Export:
    """Return an export within the actor's reach with all that its page shows; raises DomainError `not_found`.

    `for_change` locks the row, so that two people who answer at once do so one after the other.
    """
    statement = select(Export).where(Export.id == export_id).options(
        joinedload(Export.firm, innerjoin=True), selectinload(Export.events), selectinload(Export.proofs).joinedload(ExportProof.upload)
    )
    if for_change:
        statement = statement.with_for_update(of=Export).execution_options(populate_existing=True)
    export = session.scalars(statement).one_or_none()
    if export is None:
        raise DomainError("not_found")
    return export


def member_of_export(session: Session, export: Export) -> Member | None:
    """Return the membership under which an export was logged."""
    return plan_queries.member_of(session, export.plan_id, export.firm_id)


def next_waiting(session: Session, actor: Actor, plan_id: int, after_id: int | None = None) -> int | None:
    """Return the number of the export that waits longest and that the actor did not log, beyond `after_id` if given."""
    statement = select(Export.id).where(
        Export.plan_id == plan_id, Export.state == "waiting", Export.is_baseline.is_(False),
        Export.logged_by.is_(None) | (Export.logged_by != actor.person_id) | Export.firm_confirmed_at.is_not(None),
    ).order_by(Export.recorded_at, Export.id)
    waiting = list(session.scalars(statement.limit(500)))
    if after_id in waiting:
        place = waiting.index(after_id) + 1
        waiting = waiting[place:] + waiting[: place - 1]
    return waiting[0] if waiting else None


def waiting_count(session: Session, actor: Actor) -> int:
    """Return how many exports of the actor's plan and reach wait for a check: the gold number on the rail."""
    if not actor.may("export.verify"):
        return 0
    return session.scalar(select(func.count(Export.id)).where(
        Export.plan_id == actor.plan_id, Export.state == "waiting", Export.is_baseline.is_(False)
    )) or 0


def last_of_firm(session: Session, plan_id: int, firm_id: int) -> Export | None:
    """Return the export that the firm logged last, for what the form remembers."""
    statement = select(Export).where(Export.plan_id == plan_id, Export.firm_id == firm_id)
    return session.scalars(statement.order_by(Export.id.desc()).limit(1)).one_or_none()


def kept_upload(session: Session, actor: Actor, firm: Firm, token: str) -> Upload | None:
    """Return a file that this person brought for this firm in an earlier try of the same form."""
    if not token:
        return None
    return session.scalars(select(Upload).where(
        Upload.token == token, Upload.firm_id == firm.id, Upload.brought_by == actor.person_id, Upload.purpose == "export",
        Upload.deleted_at.is_(None),
    )).one_or_none()


def export_rows(plan_id: int, filters: ExportFilters) -> Sequence[ColumnElement[bool]]:
    """Return the criteria of all exports that the filters leave, for downloads."""
    return filters.criteria(plan_id)
