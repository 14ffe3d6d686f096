"""What counts by quarter is kept with each export, checked and mended; nights by quarters and by exports agree."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from alembic import command
from flask import Flask
from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from cohort.exports import service
from cohort.exports.counting import rule_on
from cohort.exports.flags.facts import facts_of, standing_of
from cohort.exports.flags.nightly import judge_night
from cohort.exports.flags.steps import step_columns, step_text
from cohort.exports.models import Export, FirmQuarters, FirmStanding
from cohort.exports.operations import among
from cohort.exports.rollup import check_quarters, keep_quarters
from cohort.firms.models import Firm
from cohort.kit import clock
from cohort.kit.access import SYSTEM
from cohort.kit.checks import CHECKS, database_check
from cohort.kit.database import db, transaction
from cohort.plans.models import Member, Plan
from cohort.plans.service import set_policy
from cohort.rules.quarters import RECORD
from cohort.rules.stages import NextStep
from tests.rooms.exports.conftest import World, coni, facts, flor, log, mara, verified

FIRMS = 120
DAY = date(2027, 8, 17)  # inside a quarter, so that the window's edge cuts one


def kept(session: Session, firm_id: int) -> tuple[str, list[tuple[int, ...]]]:
    """The destinations and quarters kept of a firm: (quarter, first and last day, operations, cents, places)."""
    row = session.execute(
        select(FirmQuarters.destinations, FirmQuarters.quarters).where(FirmQuarters.firm_id == firm_id)
    ).one_or_none()
    return ("", []) if row is None else (row.destinations, np.frombuffer(row.quarters, dtype=RECORD).tolist())


def number(day: date) -> int:
    return (day - date(1970, 1, 1)).days


def test_each_change_of_an_export_keeps_the_quarters(session: Session, world: World) -> None:
    first, second = date(2026, 2, 10), date(2026, 3, 5)
    quarter = 56 * 4
    verified(session, world, exported_on=first)
    assert kept(session, world.chile) == ("MX", [(quarter, number(first), number(first), 1, 40_000, 1)])
    other = log(session, world, exported_on=second, destination="CO")
    assert kept(session, world.chile)[0] == "MX"  # it waits for us
    service.verify_export(session, mara(world), other, 3, "DUS", "77")
    assert kept(session, world.chile) == ("COMX", [(quarter, number(first), number(second), 2, 80_000, 3)])
    service.refund_export(session, coni(world), other, 15_000, "One came back")
    assert kept(session, world.chile)[1] == [(quarter, number(first), number(second), 2, 65_000, 3)]
    service.reopen_export(session, coni(world), other, "Wrong day")
    service.correct_export(session, flor(world), other, facts(exported_on=date(2026, 5, 5), destination="CO"), "It left in May")
    service.verify_export(session, mara(world), other, 3, "DUS", "77")
    assert kept(session, world.chile)[1] == [
        (quarter, number(first), number(first), 1, 40_000, 2), (quarter + 1, number(date(2026, 5, 5)), number(date(2026, 5, 5)), 1, 25_000, 1)]
    service.refund_export(session, coni(world), other, None, "All came back")
    assert kept(session, world.chile) == ("MX", [(quarter, number(first), number(first), 1, 40_000, 1)])
    for export in session.scalars(select(Export).where(Export.exported_on == first)):
        service.withdraw_export(session, coni(world), export, "Logged twice")
    assert kept(session, world.chile) == ("", [])
    assert check_quarters(session, mend=False) == []


def test_a_difference_is_named_and_mended(session: Session, world: World) -> None:
    verified(session, world, exported_on=date(2026, 2, 10))
    verified(session, world, world.peru, exported_on=date(2026, 2, 11), destination="CL")
    whole = kept(session, world.chile)
    session.execute(update(FirmQuarters).where(FirmQuarters.firm_id == world.chile).values(quarters=b"\0" * RECORD.itemsize))
    session.execute(delete(FirmQuarters).where(FirmQuarters.firm_id == world.peru))
    lines = [f"firm {firm} of plan {world.plan}: its quarters differ from its exports" for firm in (world.chile, world.peru)]
    assert check_quarters(session, mend=False) == lines
    assert CHECKS["quarters"].look(session, True) == lines
    assert check_quarters(session, mend=False) == []
    assert kept(session, world.chile) == whole
    with pytest.raises(AssertionError, match="two checks are called quarters"):
        database_check("quarters", "again")(check_quarters)


def crowd(session: Session, world: World, random: np.random.Generator) -> list[int]:
    """Many members with exports of all habits, a third of them with a season, some with one that waits for us."""
    firms = [
        {"country": "CL", "tax_id": f"t{place}", "legal_name": f"Firm {place}", "sort_name": f"t{place}", "recorded_at": clock.now()}
        for place in range(FIRMS)
    ]
    numbers = sorted(session.scalars(insert(Firm).returning(Firm.id), firms))
    session.execute(insert(Member), [
        {"plan_id": world.plan, "firm_id": firm_id, "country": "CL", "joined_on": date(2025, 1, 1), "recorded_at": clock.now(),
         "season_quarters": sorted(random.choice([1, 2, 3, 4], random.integers(1, 4), replace=False).tolist()) if random.random() < 0.33 else []}
        for firm_id in numbers
    ])
    for firm_id in numbers:
        put(session, world, firm_id, random, int(random.choice([0, 1, 2, 3, 5, 9, 25])), int(random.choice([60, 300, 900])))
    keep_quarters(session, world.plan, numbers)
    return numbers


def put(session: Session, world: World, firm_id: int, random: np.random.Generator, count: int, spread: int) -> None:
    rows = []
    for _ in range(count):
        day = DAY - timedelta(days=int(random.integers(0, spread)))
        cents, state = int(random.choice([900, 20_000, 60_000])), "waiting" if random.random() < 0.04 else "verified"
        rows.append({
            "plan_id": world.plan, "firm_id": firm_id, "exported_on": day, "origin": "CL", "destination": str(random.choice(["CO", "MX", "PE"])),
            "product": "Shawls", "value_minor": cents, "currency": "USD", "fob_usd_cents": cents, "channel": "marketplace", "state": state,
            "counted_usd_cents": cents if state == "verified" else 0, "recorded_at": datetime(day.year, day.month, day.day, 12, tzinfo=UTC),
        })
    if rows:
        session.execute(insert(Export), rows)


def night(session: Session, world: World, day: date, *, is_full: bool) -> int:
    return counts_of_night(session, world, day, is_full=is_full)["judged"]


def counts_of_night(session: Session, world: World, day: date, *, is_full: bool) -> dict[str, int]:
    with clock.at(datetime(day.year, day.month, day.day, 5, tzinfo=UTC) + timedelta(days=1)):
        return judge_night(session, session.get_one(Plan, world.plan), day, is_full=is_full)


def differing(session: Session, world: World, day: date) -> list[tuple[object, ...]]:
    """Firms whose row is not what one firm at a time, read from its exports, comes to."""
    rule = rule_on(session, world.plan, day)
    members = session.scalars(select(Member).where(Member.plan_id == world.plan)).all()
    found = facts_of(session, world.plan, members, rule, day)
    wrong: list[tuple[object, ...]] = []
    for member in members:
        one = standing_of(found[member.firm_id], member, day, rule.policy)
        row = session.scalars(select(FirmStanding).where(FirmStanding.firm_id == member.firm_id)).one()
        figures = (row.stage, row.is_waiting_for_us, row.operations_count, row.quarters_count, row.destinations_count, row.fob_usd_cents,
                   row.first_export_on, row.last_export_on)
        plain = (one.stage, one.waiting_for_us, one.operations, one.quarters, one.destinations, int(one.fob_usd * 100),
                 one.first_export_on, one.last_export_on)
        if figures != plain or (row.judged_on == day and row.next_step != step_columns(one.next_step)):
            wrong.append((member.firm_id, figures, plain, row.next_step, one.next_step))
    return wrong


def test_full_and_incremental_nights_agree_with_one_firm_at_a_time(session: Session, world: World) -> None:
    random = np.random.default_rng(11)
    numbers = crowd(session, world, random)
    assert night(session, world, DAY, is_full=True) == FIRMS + 2
    assert differing(session, world, DAY) == []
    assert night(session, world, DAY, is_full=True) == 0
    day = DAY
    for step in (1, 9, 40):
        day += timedelta(days=step)
        touched = random.choice(numbers, 30, replace=False).tolist()
        for firm_id in touched[:10]:
            put(session, world, firm_id, random, 2, 200)
        session.execute(update(Export).where(among(session, Export.firm_id, touched[10:20]), Export.state == "verified").values(counted_usd_cents=500))
        session.execute(update(Export).where(
            among(session, Export.firm_id, touched[20:]), Export.exported_on > DAY - timedelta(days=100)).values(counted_usd_cents=0, state="withdrawn"))
        session.execute(update(Export).where(Export.fob_usd_cents > Export.counted_usd_cents, Export.counted_usd_cents > 0)
                        .values(fob_usd_cents=Export.counted_usd_cents))
        keep_quarters(session, world.plan, touched)
        session.execute(update(FirmStanding).where(among(session, FirmStanding.firm_id, touched)).values(is_dirty=True))
        session.expire_all()
        night(session, world, day, is_full=False)
        # Figures of a run shrink as its oldest exports leave the window; the stage has its own day for that.
        assert [(figures[:2], plain[:2]) for _firm, figures, plain, *_ in differing(session, world, day) if figures[:2] != plain[:2]] == []
        assert counts_of_night(session, world, day, is_full=True)["flags"] == 0
        assert differing(session, world, day) == []
        assert night(session, world, day, is_full=True) == 0
        assert check_quarters(session, mend=False) == []


def test_a_full_night_finds_what_no_new_fact_points_to(session: Session, world: World) -> None:
    numbers = crowd(session, world, np.random.default_rng(12))
    night(session, world, DAY, is_full=True)
    session.execute(update(FirmStanding).where(FirmStanding.firm_id == numbers[3]).values(stage="consolidated", operations_count=99))
    session.execute(update(FirmStanding).where(FirmStanding.firm_id == numbers[7]).values(last_export_on=None, quarters_count=77))
    session.expire_all()
    assert night(session, world, DAY, is_full=False) == 0
    assert night(session, world, DAY, is_full=True) == 2
    assert differing(session, world, DAY) == []


def test_a_rule_that_quarters_do_not_decide_is_judged_from_exports(session: Session, world: World) -> None:
    crowd(session, world, np.random.default_rng(13))
    with clock.at(datetime(2027, 8, 1, 12, tzinfo=UTC)):
        set_policy(session, SYSTEM, session.get_one(Plan, world.plan), "recurrence", {"max_gap_days": 60}, valid_from_on=DAY, reason="Shorter")
    session.execute(delete(FirmQuarters))
    assert night(session, world, DAY, is_full=True) == FIRMS + 2
    assert differing(session, world, DAY) == []
    assert night(session, world, DAY, is_full=True) == 0


def test_an_export_after_the_day_judged_does_not_count_yet(session: Session, world: World) -> None:
    """A night caught up late: what was logged in time but left later is in the quarters already."""
    numbers = crowd(session, world, np.random.default_rng(14))
    early = DAY - timedelta(days=50)
    session.execute(update(Export).values(recorded_at=datetime(2025, 1, 1, tzinfo=UTC)))
    night(session, world, early, is_full=True)
    assert differing(session, world, early) == []
    assert night(session, world, early, is_full=True) == 0
    assert any(row > early for row in session.scalars(select(Export.exported_on).where(among(session, Export.firm_id, numbers))))


def test_the_migration_derives_the_quarters_there_are(app: Flask, world: World) -> None:
    with app.app_context():
        with transaction() as session:
            crowd(session, world, np.random.default_rng(15))
            count = len(session.scalars(select(FirmQuarters.firm_id)).all())
        config = app.extensions["migrate"].migrate.get_config()
        config.attributes["connection"] = db.engines[None]
        command.downgrade(config, "0002")
        command.upgrade(config, "head")
        session = db.session()
        assert check_quarters(session, mend=False) == []
        assert len(session.scalars(select(FirmQuarters.firm_id)).all()) == count > 50


def test_a_step_as_text_is_the_step_as_columns() -> None:
    for step in (NextStep("first_export", 3, 3, 1), NextStep("keep", 1, by_on=date(2027, 2, 9))):
        assert json.loads(step_text(step)) == step_columns(step)
