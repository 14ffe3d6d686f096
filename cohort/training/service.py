"""Dates a member's milestones and takes what is handed in, confirmed, sent back, waived and re-dated.

Each act appends an entry and is never overwritten. Nobody confirms what they handed in themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select
from sqlalchemy.orm import Session, contains_eager
from werkzeug.datastructures import FileStorage

from cohort.exports.models import Export
from cohort.kit import audit, clock, uploads
from cohort.kit.access import Actor, Role, unscoped
from cohort.kit.errors import DomainError, wording
from cohort.kit.language import ZONES
from cohort.kit.signals import export_verified, member_joined
from cohort.plans import queries as plan_queries
from cohort.plans.models import Member
from cohort.plans.rights import said
from cohort.rules import calendar
from cohort.rules.calendar import TooFewDaysError
from cohort.training import queries
from cohort.training.models import Milestone, MilestoneEntry
from cohort.training.words import RoleWords

wording("milestones_do_not_fit", _l("Only %(left)s days are left in the plan; its milestones need at least %(needed)s. Extend the plan first."))
wording("milestone_closed", _l("This milestone is closed already."))
wording("milestone_locked", _l("Milestone %(number)s has to be done first."))
wording("nothing_handed_in", _l("Nothing has been handed in yet. Add what shows it, then somebody else confirms."))
wording("own_evidence", _l("You handed this in yourself; somebody else has to confirm it."))
wording("not_yours_to_confirm", _l("This milestone is confirmed by somebody else: %(who)s."))
wording("hand_in_empty", _l("Add a file or say what you did."))
wording("milestone_open", _l("This milestone is open; there is nothing to open again."))
wording("member_gone", _l("%(firm)s left the plan on %(left)s; its milestones stay as they are."))
wording("done_by_export", _l("This milestone closes by itself as soon as enough exports are verified. Log the export instead."))
wording("required_not_waived", _l("The programme cannot be completed without this milestone. Give it another day instead."))
wording("date_not_in_plan", _l("The new day must lie between %(start)s and %(end)s."))

LEADS = frozenset({Role.COORDINATOR, Role.MANAGER})
# Milestones that a verified export completes, with how many exports in how many quarters each one needs.
EXPORT_MILESTONES = {15: (1, 1), 17: (2, 1), 19: (3, 3), 21: (4, 1)}


def date_milestones(session: Session, member: Member) -> list[Milestone]:
    """Give a new member the milestones of its country with their due dates; raises when too few days are left."""
    template = [row for row in plan_queries.template_of(session, member.plan_id) if row.holds_in(member.country)]
    try:
        due = calendar.due_days([row.offset for row in template], *clock_of(member))
    except TooFewDaysError as error:
        raise DomainError("milestones_do_not_fit", left=error.days_left, needed=error.needed_days) from error
    rows = [
        Milestone(
            plan_id=member.plan_id, member_id=member.id, firm_id=member.firm_id, number=row.number, phase=row.phase,
            title_es=row.title_es, title_en=row.title_en, evidence_es=row.evidence_es, evidence_en=row.evidence_en,
            due_on=due[row.number], confirms=row.confirms, after=row.after, is_required=row.is_required,
            recorded_at=clock.now(),
        )
        for row in template
    ]
    session.add_all(rows)
    session.flush()
    return rows


def clock_of(member: Member) -> tuple[date, date, date]:
    """Return when the plan begins for a member, when it ends, and its first day: what due dates are counted from.

    Nobody's begins before the plan does, whenever they were enrolled.
    """
    starts_on = member.plan.starts_on
    return max(member.joined_on, starts_on), plan_queries.end_of(member.plan), starts_on


@member_joined.connect
def _on_joined(session: Session, *, member: Member, actor: Actor) -> None:
    date_milestones(session, member)


def hand_in(session: Session, actor: Actor, milestone: Milestone, text: str, file: FileStorage | None = None) -> MilestoneEntry:
    """Take what a firm (or staff for it) shows; it then waits for somebody else's confirmation.

    Errors: DomainError `not_allowed`, `milestone_closed`, `member_gone`, `done_by_export`, `hand_in_empty`, and
    those of the file.
    """
    if not actor.may("milestone.submit") and not actor.may("milestone.confirm"):
        raise DomainError("not_allowed")
    refuse_closed(milestone)
    if milestone.number in EXPORT_MILESTONES:
        raise DomainError("done_by_export")
    if not text.strip() and not (file and file.filename):
        raise DomainError("hand_in_empty")
    stored = uploads.store(session, actor, file, "milestone", milestone.firm_id) if file and file.filename else None
    milestone.handed_in_on = _today_of(milestone)
    return append_entry(session, actor, milestone, "handed_in", text, upload_id=stored.id if stored else None)


def confirm(session: Session, actor: Actor, milestone: Milestone, text: str = "") -> MilestoneEntry:
    """Close a milestone as done.

    Errors: DomainError `not_allowed`, `milestone_closed`, `member_gone`, `milestone_locked`, `not_yours_to_confirm`,
    `nothing_handed_in`, and `own_evidence` for whoever handed it in.
    """
    actor.require("milestone.confirm")
    refuse_closed(milestone)
    _refuse_locked(session, milestone)
    _refuse_foreign(actor, milestone)
    latest = queries.last_handed_in(session, [milestone.id]).get(milestone.id)
    if latest is None or milestone.handed_in_on is None:
        raise DomainError("nothing_handed_in")
    if latest.recorded_by == actor.person_id:
        raise DomainError("own_evidence")
    return _close(session, actor, milestone, text, _today_of(milestone))


def send_back(session: Session, actor: Actor, milestone: Milestone, reason: str) -> MilestoneEntry:
    """Return what was handed in with a reason; the milestone is open again for the firm.

    Errors: DomainError `not_allowed`, `milestone_closed`, `member_gone`, `not_yours_to_confirm`, `nothing_handed_in`,
    `reason_missing`.
    """
    actor.require("milestone.confirm")
    refuse_closed(milestone)
    _refuse_foreign(actor, milestone)
    if milestone.handed_in_on is None:
        raise DomainError("nothing_handed_in")
    reason = said(reason)
    milestone.handed_in_on = None
    return append_entry(session, actor, milestone, "sent_back", reason)


def waive(session: Session, actor: Actor, milestone: Milestone, reason: str) -> MilestoneEntry:
    """Take a milestone out of the count for one firm, with the reason; a coach may not.

    Errors: DomainError `not_allowed`, `milestone_closed`, `member_gone`, `reason_missing`, and `required_not_waived`
    for one without which nobody completes the programme.
    """
    require_lead(actor)
    refuse_closed(milestone)
    if milestone.is_required:
        raise DomainError("required_not_waived")
    reason = said(reason)
    milestone.waived_on = _today_of(milestone)
    return append_entry(session, actor, milestone, "waived", reason)


def redate(session: Session, actor: Actor, milestone: Milestone, due_on: date, reason: str) -> MilestoneEntry:
    """Give one open milestone another day inside the plan, with the reason; a coach may not.

    Errors: DomainError `not_allowed`, `milestone_closed`, `member_gone`, `reason_missing`, `date_not_in_plan`.
    """
    require_lead(actor)
    refuse_closed(milestone)
    reason = said(reason)
    start, end = milestone.member.joined_on, plan_queries.end_of(milestone.member.plan)
    if not start <= due_on <= end:
        raise DomainError("date_not_in_plan", start=start, end=end)
    before, milestone.due_on = milestone.due_on, due_on
    return append_entry(session, actor, milestone, "redated", reason, due_on=due_on, before={"due_on": before})


def reopen(session: Session, actor: Actor, milestone: Milestone, reason: str) -> MilestoneEntry:
    """Open a closed milestone again, by counter-entry with the reason.

    Errors: DomainError `not_allowed`, `milestone_open`, `member_gone`, `reason_missing`.
    """
    actor.require("milestone.edit")
    _refuse_gone(milestone)
    if milestone.done_on is None and milestone.waived_on is None:
        raise DomainError("milestone_open")
    reason = said(reason)
    milestone.handed_in_on = milestone.done_on = milestone.waived_on = None
    return append_entry(session, actor, milestone, "reopened", reason)


@export_verified.connect
def _on_export_verified(session: Session, *, export: Export, actor: Actor) -> None:
    """Close the export milestones that the firm's verified exports now fulfil (domain.md §7, numbers 15–21)."""
    with unscoped(session):  # a deputy of another country may have verified it; the firm's milestones are closed all the same
        counted = session.scalars(
            select(Export.exported_on).where(
                Export.plan_id == export.plan_id, Export.firm_id == export.firm_id, Export.state == "verified",
                Export.is_baseline.is_(False), Export.counted_usd_cents > 0,
            ).order_by(Export.exported_on)
        ).all()
        rows = session.scalars(
            select(Milestone).join(Member, Member.id == Milestone.member_id).where(
                Milestone.plan_id == export.plan_id, Milestone.firm_id == export.firm_id, Member.left_on.is_(None),
                Milestone.number.in_(EXPORT_MILESTONES), Milestone.done_on.is_(None), Milestone.waived_on.is_(None),
            ).options(contains_eager(Milestone.member)).order_by(Milestone.number)
        ).all()
        for row in rows:
            fulfilled_on = _fulfilled_on(counted, *EXPORT_MILESTONES[row.number])
            if fulfilled_on is not None and _open_before(session, row) is None:
                row.handed_in_on = row.handed_in_on or fulfilled_on
                _close(session, actor, row, "", _today_of(row))


def _fulfilled_on(days: Sequence[date], exports: int, quarters: int) -> date | None:
    """Return the day on which `exports` exports lay in `quarters` different quarters, or None."""
    seen: set[tuple[int, int]] = set()
    for count, day in enumerate(days, start=1):
        seen.add((day.year, (day.month - 1) // 3))
        if count >= exports and len(seen) >= quarters:
            return day
    return None


def _close(session: Session, actor: Actor, milestone: Milestone, text: str, on: date) -> MilestoneEntry:
    milestone.done_on = on
    return append_entry(session, actor, milestone, "confirmed", text)


def append_entry(
    session: Session, actor: Actor, milestone: Milestone, kind: str, text: str,
    *, due_on: date | None = None, upload_id: int | None = None, before: dict[str, date] | None = None,
) -> MilestoneEntry:
    """Note what happened to a milestone, in its entries and in the audit; the caller has checked that it may."""
    entry = MilestoneEntry(
        milestone_id=milestone.id, firm_id=milestone.firm_id, kind=kind, on=_today_of(milestone), text=text.strip(),
        due_on=due_on, upload_id=upload_id, recorded_at=clock.now(), recorded_by=actor.person_id,
    )
    session.add(entry)
    session.flush()
    after: dict[str, object] = {"number": milestone.number, "reason": text.strip()}
    audit.record(
        session, actor, f"milestone.{kind}", milestone, before=before, after=after | ({"due_on": due_on} if due_on else {})
    )
    return entry


def _refuse_gone(milestone: Milestone) -> None:
    member = milestone.member
    if member.left_on is not None:
        raise DomainError("member_gone", firm=member.firm.name, left=member.left_on)


def refuse_closed(milestone: Milestone) -> None:
    """Raise `milestone_closed` or `member_gone` unless something can still happen to it."""
    _refuse_gone(milestone)
    if milestone.done_on is not None or milestone.waived_on is not None:
        raise DomainError("milestone_closed")


def _open_before(session: Session, milestone: Milestone) -> int | None:
    """Return the number of the first open milestone that has to be closed before this one, or None."""
    if not milestone.after:
        return None
    return session.scalar(
        select(func.min(Milestone.number)).where(
            Milestone.member_id == milestone.member_id, Milestone.number.in_(milestone.after),
            Milestone.done_on.is_(None), Milestone.waived_on.is_(None),
        )
    )


def _refuse_locked(session: Session, milestone: Milestone) -> None:
    open_before = _open_before(session, milestone)
    if open_before is not None:
        raise DomainError("milestone_locked", number=open_before)


def require_lead(actor: Actor) -> None:
    """Raise unless the actor leads firms: coordinators and managers do, a coach follows them."""
    actor.require("milestone.confirm")
    if not actor.is_system and not actor.roles & LEADS:
        raise DomainError("not_allowed")


def _refuse_foreign(actor: Actor, milestone: Milestone) -> None:
    """Let those confirm whom the template names, and whoever stands above them."""
    if not queries.may_answer(actor, milestone.confirms):
        raise DomainError("not_yours_to_confirm", who=RoleWords(milestone.confirms))


def _today_of(milestone: Milestone) -> date:
    return clock.today(ZONES[milestone.member.country])
