"""Lets firms join a plan and leave it; which firm joins, rounds decide, and what follows from it, the rooms above."""

from __future__ import annotations

from datetime import date

from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from cohort.firms.models import Firm
from cohort.kit import audit, clock
from cohort.kit.access import Actor
from cohort.kit.errors import DomainError, wording
from cohort.kit.language import ZONES
from cohort.kit.signals import member_joined, member_left
from cohort.plans import queries
from cohort.plans.models import Member, Plan
from cohort.plans.rights import require_decide, require_leave, said

wording("already_member", _l("%(firm)s is a member of this plan already."))
wording("member_left_already", _l("%(firm)s has left the plan already."))
wording("member_leaves_later", _l("The last day must not lie ahead: come back on that day."))
wording("member_left_too_early", _l("The last day must not be before %(joined)s, the day it joined."))
wording("season_too_long", _l("A declared season has one to three quarters of the year."))


def join_member(
    session: Session, actor: Actor, plan: Plan, firm: Firm, *, joined_on: date, round_id: int | None,
    womens_at_entry: str, entry_stage: str = "never", is_pilot: bool = False, season_quarters: tuple[int, ...] = (),
) -> Member:
    """Make the firm a member and tell the rooms above; parity and stage at entry are frozen here.

    Errors: DomainError `not_allowed` unless the actor may decide rounds in this plan, `already_member` (also for
    one that left), `season_too_long`; those of listeners, as `milestones_do_not_fit`.
    """
    require_decide(actor, plan)
    if season_quarters and (len(set(season_quarters)) > 3 or set(season_quarters) - {1, 2, 3, 4}):
        raise DomainError("season_too_long")
    if queries.member_of(session, plan.id, firm.id) is not None:
        raise DomainError("already_member", firm=firm.name)
    member = Member(
        plan_id=plan.id, firm_id=firm.id, country=firm.country, round_id=round_id, is_pilot=is_pilot,
        joined_on=joined_on, womens_at_entry=womens_at_entry, entry_stage=entry_stage,
        season_quarters=sorted(set(season_quarters)), recorded_at=clock.now(), recorded_by=actor.person_id,
    )
    member.firm, member.plan = firm, plan
    session.add(member)
    session.flush()
    audit.record(session, actor, "member.joined", member, after={"firm": firm.id, "joined_on": joined_on})
    member_joined.send(session, member=member, actor=actor)
    return member


def check_leaving(actor: Actor, member: Member, left_on: date, reason: str) -> str:
    """Return the reason as it will be kept; raises what `leave_member` would, and changes nothing."""
    require_leave(actor, member)
    reason = said(reason)
    if member.left_on is not None:
        raise DomainError("member_left_already", firm=member.firm.name)
    if left_on < member.joined_on:
        raise DomainError("member_left_too_early", joined=member.joined_on)
    if left_on > clock.today(ZONES[member.country]):
        raise DomainError("member_leaves_later")
    return reason


def leave_member(session: Session, actor: Actor, member: Member, left_on: date, reason: str) -> None:
    """End a membership with its last day and the reason; the record stays, and the rooms above close what is open.

    Errors: DomainError `not_allowed` unless the actor may decide rounds in this plan or coordinates the firm's
    country, `plan_other`, `member_left_already`, `member_left_too_early`, `member_leaves_later`, `reason_missing`.
    """
    reason = check_leaving(actor, member, left_on, reason)
    member.left_on, member.left_reason, member.left_recorded_at = left_on, reason, clock.now()
    session.flush()
    audit.record(session, actor, "member.left", member, after={"left_on": left_on, "reason": reason})
    member_left.send(session, member=member, actor=actor)
