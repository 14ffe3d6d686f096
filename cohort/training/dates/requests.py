"""Takes a firm's wish for more time and its answer: granted with another day, or refused with a reason.

Leaves out what another day does to reminders; they follow the milestone's date.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload

from cohort.kit.access import Actor
from cohort.kit.errors import DomainError, wording
from cohort.plans import queries as plan_queries
from cohort.plans.models import Member
from cohort.plans.rights import said
from cohort.training.models import Milestone, MilestoneEntry
from cohort.training.service import append_entry, redate, refuse_closed, require_lead

wording("more_time_asked", _l("You asked for more time already, until %(day)s. Your coordinator answers first."))
wording("more_time_day", _l("The day you ask for must lie after %(due)s and not after %(end)s."))
wording("more_time_none", _l("Nobody waits for an answer about more time here."))

# What settles a wish: granted, refused, or no longer needed.
_SETTLES = frozenset({"redated", "refused", "confirmed", "waived", "reopened"})


def ask(session: Session, actor: Actor, milestone: Milestone, until_on: date, reason: str) -> MilestoneEntry:
    """Note that a firm asks for more time for one open milestone; one wish at a time.

    Errors: DomainError `not_allowed`, `milestone_closed`, `member_gone`, `reason_missing`, `more_time_asked`,
    `more_time_day` unless the day lies after the due date and in the plan.
    """
    actor.require("milestone.submit")
    refuse_closed(milestone)
    reason = said(reason)
    waiting = waiting_of(milestone.entries)
    if waiting is not None:
        raise DomainError("more_time_asked", day=waiting.due_on)
    end = plan_queries.end_of(milestone.member.plan)
    if not milestone.due_on < until_on <= end:
        raise DomainError("more_time_day", due=milestone.due_on, end=end)
    return append_entry(session, actor, milestone, "asked", reason, due_on=until_on)


def grant(session: Session, actor: Actor, milestone: Milestone, text: str = "") -> MilestoneEntry:
    """Give the milestone the day that the firm asked for; `text` is what the firm reads, its own reason otherwise.

    Errors: DomainError `more_time_none`, and those of `redate`.
    """
    waiting = _waiting(milestone)
    return redate(session, actor, milestone, waiting.due_on or milestone.due_on, text.strip() or waiting.text)


def refuse(session: Session, actor: Actor, milestone: Milestone, reason: str) -> MilestoneEntry:
    """Keep the day, with the reason that the firm reads.

    Errors: DomainError `not_allowed`, `milestone_closed`, `member_gone`, `reason_missing`, `more_time_none`.
    """
    require_lead(actor)
    refuse_closed(milestone)
    reason = said(reason)
    _waiting(milestone)
    return append_entry(session, actor, milestone, "refused", reason)


def waiting_of(entries: Sequence[MilestoneEntry]) -> MilestoneEntry | None:
    """Return the wish that nobody has answered yet, from a milestone's entries in their order, or None."""
    latest = next((each for each in reversed(entries) if each.kind == "asked" or each.kind in _SETTLES), None)
    return latest if latest is not None and latest.kind == "asked" else None


def waiting_requests(session: Session, plan_id: int, limit: int = 200) -> list[tuple[Milestone, MilestoneEntry]]:
    """Return the wishes for more time that nobody has answered, oldest first, within the actor's reach; two queries."""
    kinds = MilestoneEntry.kind.in_(["asked", *sorted(_SETTLES)])
    latest = select(func.max(MilestoneEntry.id)).where(kinds).group_by(MilestoneEntry.milestone_id)
    statement = (
        select(Milestone, MilestoneEntry)
        .join(MilestoneEntry, MilestoneEntry.milestone_id == Milestone.id).join(Member, Member.id == Milestone.member_id)
        .where(Milestone.plan_id == plan_id, MilestoneEntry.kind == "asked", MilestoneEntry.id.in_(latest))
        .where(Milestone.done_on.is_(None), Milestone.waived_on.is_(None), Member.left_on.is_(None))
        .options(joinedload(Milestone.member).joinedload(Member.firm))
        .order_by(MilestoneEntry.id).limit(limit)
    )
    return [(milestone, entry) for milestone, entry in session.execute(statement)]


def _waiting(milestone: Milestone) -> MilestoneEntry:
    waiting = waiting_of(milestone.entries)
    if waiting is None:
        raise DomainError("more_time_none")
    return waiting
