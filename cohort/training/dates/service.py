"""Applies a change of dates that was shown, all of it or nothing, and takes one back as far as it still can be.

Which day each milestone gets is worked out in `proposals`; finished and waived milestones never move.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from http import HTTPStatus
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from cohort.kit import audit, clock
from cohort.kit.access import Actor
from cohort.kit.errors import DomainError, wording
from cohort.kit.language import ZONES
from cohort.plans import queries as plan_queries
from cohort.plans.models import Member, Plan
from cohort.plans.rights import require_edit, said
from cohort.training import queries
from cohort.training.dates.mails import cut_lines
from cohort.training.dates.models import DateChange, Pause
from cohort.training.dates.proposals import propose
from cohort.training.dates.wishes import Proposal, Wish
from cohort.training.models import Milestone, MilestoneEntry
from cohort.training.service import require_lead

wording("dates_changed", _l("Something changed since this was shown. This is how it stands now; look at it again."), HTTPStatus.CONFLICT)
wording("dates_nothing", _l("No open milestone would get another day; there is nothing to apply."))
wording("dates_undone", _l("This change was taken back already."))
wording("dates_start_since", _l("The start of the plan was moved again since. Take the later change back first."))


@dataclass(frozen=True)
class Kept:
    """A milestone that a change taken back leaves where it is: closed since, re-dated since, or its firm left."""

    milestone_id: int
    why: str  # closed | redated | left


@dataclass(frozen=True)
class _Move:
    """One milestone that gets another day, in the country whose day it is."""

    milestone_id: int
    firm_id: int
    country: str
    before: date
    after: date


def apply(session: Session, actor: Actor, wish: Wish, key: str, reason: str) -> DateChange:
    """Give every milestone of a proposal its new day, at once, with the reason; returns what was done.

    `key` is the mark of what was shown. Reminders that speak of the old days fall away. Errors: those of `propose`,
    and DomainError `reason_missing`, `dates_changed` when anything differs from what was shown, `dates_nothing`.
    """
    reason = said(reason)
    proposal = propose(session, actor, wish)
    if proposal.key != key:
        raise DomainError("dates_changed")
    if not proposal.moving and wish.kind not in ("start", "pause"):
        raise DomainError("dates_nothing")
    plan = plan_queries.plan_of(session, wish.plan_id)
    change = DateChange(
        plan_id=plan.id, kind=wish.kind, reason=reason, facts=proposal.facts, applied_at=clock.now(), applied_by=actor.person_id,
        rows=[{"milestone": line.milestone_id, "before": line.before.isoformat(), "after": line.after.isoformat()} for line in proposal.moving],
    )
    session.add(change)
    session.flush()
    _note_kind(session, actor, plan, change, wish)
    _move(session, actor, change, _moves_of(proposal), reason)
    cut = cut_lines(session, plan.id, {line.milestone_id: line.before for line in proposal.moving})
    audit.record(session, actor, "dates.applied", change, after={
        "kind": wish.kind, **proposal.facts, "moves": len(proposal.moving), "reminders": cut, "reason": reason})
    return change


def take_back(session: Session, actor: Actor, change: DateChange, reason: str) -> list[Kept]:
    """Give milestones their earlier day again, where they are open and nobody re-dated them since; returns the others.

    A pause that is taken back never was; a start that was moved goes back. Errors: DomainError `not_allowed`,
    `plan_other`, `not_found`, `reason_missing`, `dates_undone`, `dates_start_since`.
    """
    plan = plan_queries.plan_of(session, change.plan_id)
    require_change(session, actor, change)
    reason = said(reason)
    if change.undone_at is not None:
        raise DomainError("dates_undone")
    if change.kind == "start":
        if plan.starts_on.isoformat() != change.facts["starts_on"]:
            raise DomainError("dates_start_since")
        plan.starts_on = date.fromisoformat(change.facts["started_on"])
    moves, kept = _ways_back(session, change)
    change.undone_at, change.undone_by, change.undo_reason = clock.now(), actor.person_id, reason
    change.facts = {**change.facts, "kept": [{"milestone": each.milestone_id, "why": each.why} for each in kept]}
    session.flush()
    _move(session, actor, change, moves, reason)
    cut = cut_lines(session, plan.id, {move.milestone_id: move.before for move in moves})
    audit.record(session, actor, "dates.taken_back", change, after={
        "kind": change.kind, "moves": len(moves), "kept": len(kept), "reminders": cut, "reason": reason})
    return kept


def require_change(session: Session, actor: Actor, change: DateChange) -> None:
    """Raise unless the actor may take this change back: who may change the plan, or, of a pause, who leads the firm."""
    if change.kind == "pause":
        require_lead(actor)
        member = queries.member_named(session, change.facts["member"])
        if not actor.is_system and actor.plan_id != member.plan_id:
            raise DomainError("plan_other")
    else:
        require_edit(actor, plan_queries.plan_of(session, change.plan_id))


def _note_kind(session: Session, actor: Actor, plan: Plan, change: DateChange, wish: Wish) -> None:
    """Keep what the change says beside its dates: the plan's new start, or the pause of a member."""
    if wish.kind == "start" and wish.starts_on is not None:
        plan.starts_on = wish.starts_on
        audit.record(session, actor, "plan.start_moved", plan, before={"starts_on": change.facts["started_on"]}, after={
            "starts_on": wish.starts_on, "reason": change.reason})
    if wish.kind == "pause" and wish.from_on is not None and wish.until_on is not None:
        member = queries.member_named(session, wish.member_id or 0)
        session.add(Pause(
            member_id=member.id, firm_id=member.firm_id, change_id=change.id, from_on=wish.from_on, until_on=wish.until_on,
            reason=change.reason, recorded_at=clock.now(), recorded_by=actor.person_id,
        ))
        audit.record(session, actor, "member.paused", member, after={
            "from_on": wish.from_on, "until_on": wish.until_on, "reason": change.reason})
    session.flush()


def _moves_of(proposal: Proposal) -> list[_Move]:
    return [_Move(line.milestone_id, line.firm_id, line.country, line.before, line.after) for line in proposal.moving]


def _move(session: Session, actor: Actor, change: DateChange, moves: Sequence[_Move], reason: str) -> None:
    """Set the days and append an entry to each milestone, in two statements whatever their number."""
    if not moves:
        return
    now: datetime = clock.now()
    today = {country: clock.today(ZONES[country]) for country in {move.country for move in moves}}
    session.execute(update(Milestone), [{"id": move.milestone_id, "due_on": move.after} for move in moves])
    session.execute(insert(MilestoneEntry), [
        {"milestone_id": move.milestone_id, "firm_id": move.firm_id, "kind": "redated", "on": today[move.country], "recorded_at": now,
         "recorded_by": actor.person_id, "text": reason, "due_on": move.after, "change_id": change.id}
        for move in moves
    ])
    session.expire_all()


def _ways_back(session: Session, change: DateChange) -> tuple[list[_Move], list[Kept]]:
    """Return the moves that lead back, and the milestones that stay where they are, in one query."""
    concerned = select(MilestoneEntry.milestone_id).where(MilestoneEntry.change_id == change.id)
    rows = session.execute(
        select(Milestone.id, Milestone.firm_id, Milestone.due_on, Milestone.done_on, Milestone.waived_on, Member.country, Member.left_on)
        .join(Member, Member.id == Milestone.member_id).where(Milestone.id.in_(concerned))
    )
    now: dict[int, Any] = {row.id: row for row in rows}
    moves, kept = [], []
    for each in change.rows:
        row, before, after = now.get(each["milestone"]), date.fromisoformat(each["before"]), date.fromisoformat(each["after"])
        if row is None or row.left_on is not None:
            kept.append(Kept(each["milestone"], "left"))
        elif row.done_on is not None or row.waived_on is not None:
            kept.append(Kept(row.id, "closed"))
        elif row.due_on != after:
            kept.append(Kept(row.id, "redated"))
        else:
            moves.append(_Move(row.id, row.firm_id, row.country, after, before))
    return moves, kept
