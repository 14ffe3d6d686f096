"""Writes the night's judgements: standings, a flag on each change of stage, one letter a flag; judging is `judging`'s.

Every effect has a key of its own, so that a night repeated changes nothing and tells nobody twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from sqlalchemy import bindparam, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session, joinedload, selectinload

from cohort.exports.counting import PlanRule, counted_cents, recurrence_policy
from cohort.exports.flags import letters
from cohort.exports.flags.columns import firms_known_later
from cohort.exports.flags.facts import known_by_end_of
from cohort.exports.flags.judging import Judgement, judge, stored_rows
from cohort.exports.flags.steps import step_columns
from cohort.exports.models import Export, FirmStanding, StageFlag
from cohort.kit import clock
from cohort.plans.models import Member, Plan, PlanCountry
from cohort.rules.stages import Stage

FULL_CHECK_WEEKDAY = 6  # Sunday
_KEY = ("plan_id", "firm_id", "rule_version", "effective_on", "stage")
_CHUNK = 500


def judge_night(session: Session, plan: Plan, day: date, *, is_full: bool | None = None) -> dict[str, int]:
    """Judge the members of a plan at the end of `day` and return counts: judged, flags, letters.

    On Sundays every firm is looked at, on other days those with new facts or whose day has come; both come to
    the same. Facts recorded after the day's end wait for the next night.
    """
    rule = PlanRule(session, plan.id, recurrence_policy(session, plan.id, day))
    is_full = day.weekday() == FULL_CHECK_WEEKDAY if is_full is None else is_full
    _open_standings(session, plan.id, day)
    if _rule_is_new(session, plan.id, rule):
        recount(session, plan.id, day)
        is_full = True
    stored = stored_rows(session, plan.id, day, is_full=is_full)
    judged = judge(session, plan.id, rule, day, stored, is_full=is_full)
    before = {row.firm_id: row for row in stored}
    later = firms_known_later(session, plan.id, known_by_end_of(day))
    _write(session, before, judged, rule.policy.version, day, later)
    raised = _raise_flags(session, plan.id, judged, rule, day)
    told = 0
    for start in range(0, len(raised), _CHUNK):
        statement = select(StageFlag).where(StageFlag.id.in_(raised[start:start + _CHUNK])).options(joinedload(StageFlag.firm))
        told += letters.tell(session, plan, list(session.scalars(statement.order_by(StageFlag.id))))
    return {"judged": len(judged), "flags": len(raised), "letters": told}


def recount(session: Session, plan_id: int, day: date) -> int:
    """Bring the counted value of every verified export in step with the rule of `day`; returns how many differed."""
    members = {row.firm_id: row for row in session.scalars(select(Member).where(Member.plan_id == plan_id))}
    rule = PlanRule(session, plan_id, recurrence_policy(session, plan_id, day))
    statement = select(Export).where(Export.plan_id == plan_id, Export.state == "verified")
    differed = 0
    for export in session.scalars(statement.options(selectinload(Export.events)).execution_options(yield_per=_CHUNK)):
        cents = counted_cents(members.get(export.firm_id), export, rule)
        if cents != export.counted_usd_cents:
            export.counted_usd_cents = cents
            differed += 1
    session.flush()
    return differed


def _rule_is_new(session: Session, plan_id: int, rule: PlanRule) -> bool:
    """Return whether rule or countries changed since the last judgement of this plan."""
    other = select(FirmStanding.id).where(
        FirmStanding.plan_id == plan_id, FirmStanding.rule_version.not_in(("", rule.policy.version))
    )
    if session.scalar(other.limit(1)) is not None:
        return True
    last_on = session.scalar(select(func.max(FirmStanding.judged_on)).where(FirmStanding.plan_id == plan_id))
    if last_on is None:
        return False
    newest = session.scalar(select(func.max(PlanCountry.recorded_at)).where(PlanCountry.plan_id == plan_id))
    return newest is not None and newest > known_by_end_of(last_on)


def _open_standings(session: Session, plan_id: int, day: date) -> None:
    """Give each member that has none yet its row."""
    has_row = select(FirmStanding.firm_id).where(FirmStanding.plan_id == plan_id)
    missing = session.scalars(
        select(Member.firm_id).where(Member.plan_id == plan_id, Member.firm_id.not_in(has_row)).order_by(Member.firm_id)
    ).all()
    if missing:
        session.execute(insert(FirmStanding), [
            {"plan_id": plan_id, "firm_id": firm_id, "next_step": {"code": "first_export"}, "rule_version": "", "judged_on": day}
            for firm_id in missing
        ])


def _write(
    session: Session, before: dict[int, Any], judged: Sequence[Judgement], version: str, day: date, later: set[int]
) -> None:
    if not judged:
        return
    table: Any = FirmStanding.__table__
    rows = [
        {
            "row_id": before[each.firm_id].id, "stage": each.stage.value, "is_waiting_for_us": each.waiting_for_us,
            "operations_count": each.operations, "quarters_count": each.quarters, "destinations_count": each.destinations,
            "fob_usd_cents": each.fob_cents, "first_export_on": each.first_on, "last_export_on": each.last_on,
            "next_step": step_columns(each.next_step), "rule_version": version, "judged_on": day,
            "recheck_on": each.look_again_on, "is_dirty": each.firm_id in later,
        }
        for each in judged
    ]
    columns: dict[str, Any] = {name: bindparam(name) for name in rows[0] if name != "row_id"}
    session.execute(update(table).where(table.c.id == bindparam("row_id")).values(columns), rows)
    session.expire_all()


def _raise_flags(
    session: Session, plan_id: int, judged: Sequence[Judgement], rule: PlanRule, day: date
) -> list[int]:
    """Raise one flag for each stage that differs from the one announced last; returns the numbers of the new ones.

    While something of a firm waits for us, no change of it is announced.
    """
    announced = _announced(session, plan_id, [each.firm_id for each in judged])
    changed = [
        each for each in judged
        if not each.waiting_for_us and each.stage.value != announced.get(each.firm_id, Stage.NEVER.value)
    ]
    if not changed:
        return []
    runs = _runs(session, plan_id, [each.firm_id for each in changed], rule, day)
    rows = [
        {
            "plan_id": plan_id, "firm_id": each.firm_id, "stage": each.stage.value,
            "previous_stage": announced.get(each.firm_id, Stage.NEVER.value), "rule_version": rule.policy.version,
            "effective_on": each.effective_on or day, "raised_on": day, "raised_at": clock.now(),
            "operations": runs.get(each.firm_id, []), "reason": _reason(each), "next_step": step_columns(each.next_step),
        }
        for each in changed
    ]
    dialect: Any = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    table = StageFlag.__table__
    statement = dialect.insert(table).on_conflict_do_nothing(index_elements=list(_KEY)).returning(table.c.id)
    return list(session.execute(statement, rows).scalars())


def _announced(session: Session, plan_id: int, firm_ids: list[int]) -> dict[int, str]:
    """Return the stage of each firm's latest flag."""
    found: dict[int, str] = {}
    for start in range(0, len(firm_ids), _CHUNK):
        last = select(func.max(StageFlag.id)).where(
            StageFlag.plan_id == plan_id, StageFlag.firm_id.in_(firm_ids[start:start + _CHUNK])
        ).group_by(StageFlag.firm_id)
        statement = select(StageFlag.firm_id, StageFlag.stage).where(StageFlag.id.in_(last))
        found.update({row.firm_id: row.stage for row in session.execute(statement)})
    return found


def _runs(session: Session, plan_id: int, firm_ids: list[int], rule: PlanRule, day: date) -> dict[int, list[int]]:
    """Return the numbers of the exports in each firm's window: those that decided."""
    opens_on = day - timedelta(days=rule.policy.window_days)
    found: dict[int, list[int]] = {}
    for start in range(0, len(firm_ids), _CHUNK):
        statement = select(Export.firm_id, Export.id).where(
            Export.plan_id == plan_id, Export.counted_usd_cents > 0, Export.firm_id.in_(firm_ids[start:start + _CHUNK]),
            Export.exported_on > opens_on, Export.exported_on <= day, Export.recorded_at <= known_by_end_of(day),
        )
        for firm_id, number in session.execute(statement.order_by(Export.exported_on, Export.id)):
            found.setdefault(firm_id, []).append(number)
    return found


def _reason(each: Judgement) -> dict[str, Any]:
    return {
        "operations": each.operations, "quarters": each.quarters, "destinations": each.destinations,
        "fob_usd_cents": each.fob_cents, "last_export_on": each.last_on.isoformat() if each.last_on else None,
        "waiting_for_us": each.waiting_for_us,
    }
