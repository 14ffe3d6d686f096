"""Warns a firm once, up to 30 days before it would be called quiet or lapsed; never while something waits for us."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from cohort.exports.counting import PlanRule, rule_on
from cohort.exports.flags.facts import FirmFacts, facts_of, season_of
from cohort.exports.flags.letters import waits_for_us
from cohort.exports.letters import people_of_firms, queue
from cohort.exports.models import FirmStanding
from cohort.kit.notices import may_be_off
from cohort.kit.outbox import OutboxMessage, mail_kind
from cohort.plans.models import Member, Plan
from cohort.rules.recurrence import stage_of
from cohort.rules.stages import IDLE_STAGES, Stage

MAIL = "lapse_warning"
AHEAD_DAYS = 30


def warn(session: Session, plan: Plan, day: date) -> dict[str, int]:
    """Queue one warning for each firm whose clock runs out within 30 days of `day`; returns how many mails."""
    rule = rule_on(session, plan.id, day)
    members = _candidates(session, plan.id, day)
    found = facts_of(session, plan.id, members, rule, day)
    people = people_of_firms(session, plan.id, {member.firm_id: member.firm.country for member in members}) if members else {}
    mails = 0
    for member in members:
        facts = found[member.firm_id]
        change = None if facts.waiting else runs_out(facts, member, rule, day)
        if change is None:
            continue
        idle_on, stage = change
        params: dict[str, Any] = {
            "plan_id": plan.id, "firm_id": member.firm_id, "firm": member.firm.name, "stage": stage.value,
            "by_on": idle_on - timedelta(days=1), "last_export_on": facts.counted()[-1].day,
        }
        mails += queue(session, people[member.firm_id], MAIL, "firm", member.firm_id, idle_on, params, member.firm_id)
    return {"warnings": mails}


def runs_out(facts: FirmFacts, member: Member, rule: PlanRule, day: date) -> tuple[date, Stage] | None:
    """Return the day within reach on which the firm would be dormant or lapsed, with that stage; None when none is."""
    operations, season = facts.counted(), season_of(member)
    before = now = stage_of(operations, day, rule.policy, season=season)
    while now.recheck_on is not None and now.recheck_on <= day + timedelta(days=AHEAD_DAYS):
        changes_on = now.recheck_on
        now = stage_of(operations, changes_on, rule.policy, season=season)
        if now.stage in IDLE_STAGES and now.stage is not before.stage:
            return changes_on, now.stage
    return None


def _candidates(session: Session, plan_id: int, day: date) -> list[Member]:
    statement = (
        select(Member).join(FirmStanding, (FirmStanding.firm_id == Member.firm_id) & (FirmStanding.plan_id == Member.plan_id))
        .where(Member.plan_id == plan_id, Member.left_on.is_(None), FirmStanding.stage != Stage.LAPSED.value)
        .where(FirmStanding.recheck_on <= day + timedelta(days=AHEAD_DAYS))
        .options(joinedload(Member.firm)).order_by(Member.firm_id)
    )
    return list(session.scalars(statement))


def still_so(session: Session, message: OutboxMessage) -> dict[str, Any] | None:
    """Return the facts of a warning that still holds: no new export, and none that waits for us."""
    firm_id, plan_id = message.params["firm_id"], message.params["plan_id"]
    if waits_for_us(session, plan_id, firm_id):
        return None
    last_on = session.scalar(
        select(FirmStanding.last_export_on).where(FirmStanding.plan_id == plan_id, FirmStanding.firm_id == firm_id)
    )
    return message.params if last_on and last_on.isoformat() == message.params["last_export_on"] else None


mail_kind(MAIL, still_so, title=_l("Warning before a firm counts as quiet"))
may_be_off(MAIL, _l("A warning when too long a pause comes near"))
