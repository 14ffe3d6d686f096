"""Writes the night's judgements: standings, a flag on each change of stage, one letter a flag; judging is `judging`'s.

Every effect has a key of its own, so that a night repeated changes nothing and tells nobody twice.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from sqlalchemy import bindparam, func, insert, literal_column, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session, selectinload

from cohort.exports.counting import PlanRule, counted_cents, recurrence_policy
from cohort.exports.flags import letters
from cohort.exports.flags.facts import known_by_end_of
from cohort.exports.flags.judging import Judged, Judgement, judge
from cohort.exports.flags.steps import step_text
from cohort.exports.models import Export, FirmStanding, LastNight, StageFlag
from cohort.exports.operations import among, as_kept, is_sqlite, put_rows, without_collector
from cohort.exports.rollup import keep_quarters
from cohort.kit import clock
from cohort.plans.models import Member, Plan, PlanCountry

FULL_CHECK_WEEKDAY = 6  # Sunday
_KEY = ("plan_id", "firm_id", "rule_version", "effective_on", "stage")
_CHUNK = 500


def judge_night(session: Session, plan: Plan, day: date, *, is_full: bool | None = None) -> dict[str, int]:
    """Judge the members of a plan at the end of `day` and return counts: judged, flags, letters.

    On Sundays every firm is looked at, on other days those with new facts or whose day has come; both come to
    the same. Facts recorded after the day's end wait for the next night.
    """
    with without_collector():
        return _judge_night(session, plan, day, is_full=day.weekday() == FULL_CHECK_WEEKDAY if is_full is None else is_full)


def _judge_night(session: Session, plan: Plan, day: date, *, is_full: bool) -> dict[str, int]:
    rule = PlanRule(session, plan.id, recurrence_policy(session, plan.id, day))
    last = session.get(LastNight, plan.id)
    newest = _open_standings(session, plan.id, day, 0 if last is None or is_full else last.newest_member_id)
    if _rule_is_new(session, plan.id, rule, last):
        recount(session, plan.id, day)
        is_full = True
    judged = judge(session, plan.id, rule, day, is_full=is_full)
    _write(session, plan.id, judged, rule.policy.version, day)
    raised = _raise_flags(session, plan.id, judged.judgements, rule, day)
    _note_night(session, plan.id, rule, day, newest)
    told = sum(letters.tell(session, plan, raised[start:start + _CHUNK]) for start in range(0, len(raised), _CHUNK))
    return {"judged": len(judged.judgements), "flags": len(raised), "letters": told}


def recount(session: Session, plan_id: int, day: date) -> int:
    """Bring the counted value of every verified export in step with the rule of `day`; returns how many differed."""
    members = {row.firm_id: row for row in session.scalars(select(Member).where(Member.plan_id == plan_id))}
    rule = PlanRule(session, plan_id, recurrence_policy(session, plan_id, day))
    statement = select(Export).where(Export.plan_id == plan_id, Export.state == "verified")
    differed: set[int] = set()
    differed_count = 0
    for export in session.scalars(statement.options(selectinload(Export.events)).execution_options(yield_per=_CHUNK)):
        cents = counted_cents(members.get(export.firm_id), export, rule)
        if cents != export.counted_usd_cents:
            export.counted_usd_cents = cents
            differed.add(export.firm_id)
            differed_count += 1
    session.flush()
    if differed:
        keep_quarters(session, plan_id, differed)
    return differed_count


def _rule_is_new(session: Session, plan_id: int, rule: PlanRule, last: LastNight | None) -> bool:
    """Return whether rule or countries changed since the last judgement of this plan."""
    if last is None:
        other = select(FirmStanding.id).where(
            FirmStanding.plan_id == plan_id, FirmStanding.rule_version.not_in(("", rule.policy.version))
        )
        return session.scalar(other.limit(1)) is not None
    newest = session.scalar(select(func.max(PlanCountry.recorded_at)).where(PlanCountry.plan_id == plan_id))
    return last.rule_version != rule.policy.version or (newest is not None and newest > known_by_end_of(last.judged_on))


def _note_night(session: Session, plan_id: int, rule: PlanRule, day: date, newest_member_id: int) -> None:
    last = session.get(LastNight, plan_id)
    if last is None:
        last = LastNight(plan_id=plan_id, judged_on=day, rule_version="", newest_member_id=0)
        session.add(last)
    last.judged_on, last.rule_version = max(last.judged_on, day), rule.policy.version
    last.newest_member_id = max(last.newest_member_id, newest_member_id)
    session.flush()


def _open_standings(session: Session, plan_id: int, day: date, after_id: int) -> int:
    """Give each member above a number that has none yet its row, and return the newest member's number.

    A full night looks at all members: one whose transaction ended late may stand below the newest one known.
    """
    has_row = select(FirmStanding.firm_id).where(FirmStanding.plan_id == plan_id)
    newest = session.scalar(select(func.max(Member.id))) or 0
    if newest <= after_id or (after_id == 0 and _count(session, plan_id, Member) == _count(session, plan_id, FirmStanding)):
        return newest  # members alone have a standing, so equal counts say that none is missing
    missing = session.scalars(
        select(Member.firm_id).where(Member.plan_id == plan_id, Member.id > after_id, Member.firm_id.not_in(has_row))
        .order_by(Member.firm_id)
    ).all()
    if missing:
        session.execute(insert(FirmStanding), [
            {"plan_id": plan_id, "firm_id": firm_id, "next_step": {"code": "first_export"}, "rule_version": "", "judged_on": day}
            for firm_id in missing
        ])
    return newest


def _count(session: Session, plan_id: int, table: type[Member] | type[FirmStanding]) -> int:
    return session.scalar(select(func.count()).select_from(table).where(table.plan_id == plan_id)) or 0


def _write(session: Session, plan_id: int, judged: Judged, version: str, day: date) -> None:
    if not judged.judgements:
        return
    table: Any = FirmStanding.__table__
    kept = as_kept(session, table.c.judged_on)
    rows = [
        {
            "of_firm": each.firm_id, "stage": each.stage.value, "is_waiting_for_us": each.waiting_for_us,
            "operations_count": each.operations, "quarters_count": each.quarters, "destinations_count": each.destinations,
            "fob_usd_cents": each.fob_cents, "first_export_on": kept(each.first_on), "last_export_on": kept(each.last_on),
            "next_step": step_text(each.next_step), "recheck_on": kept(each.look_again_on),
            "is_dirty": each.firm_id in judged.known_later, "rule_version": version, "judged_on": kept(day),
        }
        for each in judged.judgements
    ]
    columns: dict[str, Any] = {name: bindparam(name, type_=table.c[name].type) for name in rows[0] if name != "of_firm"}
    here = (table.c.plan_id == literal_column(str(plan_id)), table.c.firm_id == bindparam("of_firm"))
    put_rows(session, update(table).where(*here).values(columns), rows)
    session.expire_all()


def _raise_flags(
    session: Session, plan_id: int, judged: Sequence[Judgement], rule: PlanRule, day: date
) -> list[int]:
    """Raise one flag for each stage that differs from the one announced last; returns the numbers of the new ones."""
    changed = [each for each in judged if each.is_change]
    if not changed:
        return []
    runs = _runs(session, plan_id, [each.firm_id for each in changed], rule, day)
    table: Any = StageFlag.__table__
    kept = as_kept(session, table.c.raised_on)
    raised_at = as_kept(session, table.c.raised_at)(clock.now())
    rows = [
        {
            "plan_id": plan_id, "firm_id": each.firm_id, "stage": each.stage.value,
            "previous_stage": each.announced.value, "rule_version": rule.policy.version,
            "effective_on": kept(each.effective_on or day), "raised_on": kept(day), "raised_at": raised_at,
            "operations": json.dumps(runs.get(each.firm_id, [])), "reason": json.dumps(_reason(each)),
            "next_step": step_text(each.next_step),
        }
        for each in changed
    ]
    dialect: Any = sqlite if is_sqlite(session) else postgresql
    newest = session.scalar(select(func.max(StageFlag.id))) or 0
    statement = dialect.insert(table).values({name: bindparam(name, type_=table.c[name].type) for name in rows[0]})
    put_rows(session, statement.on_conflict_do_nothing(index_elements=list(_KEY)), rows)
    return list(session.scalars(select(StageFlag.id).where(StageFlag.id > newest, StageFlag.plan_id == plan_id).order_by(StageFlag.id)))


def _runs(session: Session, plan_id: int, firm_ids: list[int], rule: PlanRule, day: date) -> dict[int, list[int]]:
    """Return the numbers of the exports in each firm's window: those that decided."""
    statement = select(Export.firm_id, Export.id).where(
        Export.plan_id == plan_id, Export.counted_usd_cents > 0, among(session, Export.firm_id, firm_ids),
        Export.exported_on > day - timedelta(days=rule.policy.window_days), Export.exported_on <= day,
        Export.recorded_at <= known_by_end_of(day),
    )
    found: dict[int, list[int]] = {}
    for firm_id, number in session.execute(statement.order_by(Export.exported_on, Export.id)):
        found.setdefault(firm_id, []).append(number)
    return found


def _reason(each: Judgement) -> dict[str, Any]:
    return {
        "operations": each.operations, "quarters": each.quarters, "destinations": each.destinations,
        "fob_usd_cents": each.fob_cents, "last_export_on": each.last_on.isoformat() if each.last_on else None,
        "waiting_for_us": each.waiting_for_us,
    }
