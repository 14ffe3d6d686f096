"""The nightly job through the real services: the vectors of domain.md §1, late facts, our queue, letters, warnings."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from flask import Flask
from flask_babel import force_locale
from sqlalchemy import select
from sqlalchemy.orm import Session

from cohort.exports import service
from cohort.exports.counting import rule_on
from cohort.exports.flags import letters, words
from cohort.exports.flags.facts import facts_of, stage, standing_of
from cohort.exports.flags.nightly import judge_night
from cohort.exports.flags.progress import firm_progress
from cohort.exports.flags.steps import step_columns
from cohort.exports.flags.warnings import still_so, warn
from cohort.exports.models import Export, FirmStanding, StageFlag
from cohort.exports.proof import escalation
from cohort.firms.models import Firm
from cohort.kit import clock, jobs
from cohort.kit.access import SYSTEM
from cohort.kit.database import transaction
from cohort.kit.mail import write
from cohort.kit.outbox import OutboxMessage
from cohort.plans.models import Member, Plan
from cohort.plans.service import name_deputy, set_policy, switch_country
from cohort.rules.next_step import Outlook
from cohort.rules.stages import NextStep, Stage
from tests.rooms.exports.conftest import (
    CONI,
    FLOR,
    MARA,
    NOW,
    PIA,
    World,
    add_member,
    coni,
    counted_queries,
    log,
    member_of,
    rate,
    verified,
)

A = (date(2026, 2, 10), date(2026, 5, 20), date(2026, 9, 1))


def at_noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 15, tzinfo=UTC)


def on_its_day(session: Session, world: World, day: date, firm_id: int = 0, **more: object) -> Export:
    """An export logged and verified on the day it left."""
    with clock.at(at_noon(day)):
        return verified(session, world, firm_id, exported_on=day, **more)


def night(session: Session, world: World, day: date, *, is_full: bool | None = None) -> dict[str, int]:
    """Run the night of a day at 05:00 of the next."""
    with clock.at(datetime(day.year, day.month, day.day, 5, tzinfo=UTC) + timedelta(days=1)):
        return judge_night(session, session.get_one(Plan, world.plan), day, is_full=is_full)


def standing(session: Session, firm_id: int) -> FirmStanding:
    return session.scalars(select(FirmStanding).where(FirmStanding.firm_id == firm_id)).one()


def flags(session: Session, firm_id: int) -> list[tuple[str, str, date, date]]:
    rows = session.scalars(select(StageFlag).where(StageFlag.firm_id == firm_id).order_by(StageFlag.id))
    return [(row.previous_stage, row.stage, row.effective_on, row.raised_on) for row in rows]


@pytest.mark.parametrize(("days", "day", "expected"), [
    (A, date(2026, 10, 1), "recurring"),
    ((date(2026, 2, 10), date(2026, 2, 20), date(2026, 3, 5)), date(2026, 4, 1), "repeat"),
    ((date(2026, 1, 5), date(2026, 4, 10), date(2026, 12, 20)), date(2026, 12, 31), "repeat"),
    ((date(2026, 11, 30), date(2027, 1, 15)), date(2027, 1, 20), "becoming"),
], ids=["a", "b", "c", "f"])
def test_the_vectors_by_days(session: Session, world: World, days: tuple[date, ...], day: date, expected: str) -> None:
    for each in days:
        on_its_day(session, world, each)
    night(session, world, day)
    assert standing(session, world.chile).stage == expected
    assert stage(session, world.plan, world.chile, day).stage == expected


def test_vector_d_another_country_does_not_count(session: Session, world: World) -> None:
    for day, place in zip(A, ("MX", "BR", "PE"), strict=True):
        on_its_day(session, world, day, destination=place)
    night(session, world, date(2026, 10, 1))
    row = standing(session, world.chile)
    assert (row.stage, row.operations_count) == ("repeat", 1)


def test_vector_e_a_refund_in_full_takes_it_out(session: Session, world: World) -> None:
    for day in A[:2]:
        on_its_day(session, world, day)
    third = on_its_day(session, world, A[2])
    with clock.at(at_noon(date(2026, 9, 5))):
        service.refund_export(session, coni(world), third, None, "All came back")
    night(session, world, date(2026, 10, 1))
    row = standing(session, world.chile)
    assert (row.stage, row.operations_count, row.fob_usd_cents) == ("becoming", 2, 80000)


def test_vector_f_meets_r2_alone(session: Session, world: World) -> None:
    for day in (date(2026, 11, 30), date(2027, 1, 15)):
        on_its_day(session, world, day)
    found = stage(session, world.plan, world.chile, date(2027, 1, 20))
    assert (found.r1, found.r2) == (False, True)


def test_the_row_and_the_flag_say_everything(session: Session, world: World) -> None:
    exports = [on_its_day(session, world, day, destination=place) for day, place in zip(A, ("MX", "PE", "MX"), strict=True)]
    assert night(session, world, date(2026, 10, 1)) == {"judged": 2, "flags": 1, "letters": 2}
    row = standing(session, world.chile)
    assert (row.stage, row.is_waiting_for_us, row.operations_count, row.quarters_count, row.destinations_count, row.fob_usd_cents) == (
        "recurring", False, 3, 3, 2, 120000)
    assert (row.first_export_on, row.last_export_on, row.rule_version, row.judged_on, row.recheck_on, row.is_dirty) == (
        A[0], A[2], "recurrence-1", date(2026, 10, 1), date(2027, 2, 10), False)
    assert row.next_step == step_columns(NextStep("consolidate", 1, 1, 0, Decimal('200.00'), date(2027, 2, 9)))
    flag = session.scalars(select(StageFlag)).one()
    assert (flag.previous_stage, flag.stage, flag.effective_on, flag.raised_on, flag.rule_version) == (
        "never", "recurring", A[2], date(2026, 10, 1), "recurrence-1")
    assert flag.operations == [export.id for export in exports]
    assert flag.reason == {
        "operations": 3, "quarters": 3, "destinations": 2, "fob_usd_cents": 120000, "last_export_on": "2026-09-01", "waiting_for_us": False}
    mails = session.scalars(select(OutboxMessage).where(OutboxMessage.subject_kind == "stage_flag").order_by(OutboxMessage.id)).all()
    assert [(mail.kind, mail.person_id) for mail in mails] == [("stage_flag_firm", FLOR), ("stage_flag_coordinator", CONI)]


def test_each_change_raises_one_flag_along_the_way(session: Session, world: World) -> None:
    by_day = dict.fromkeys((*A, date(2026, 11, 10)), True)
    day = date(2026, 2, 1)
    while day <= date(2027, 6, 30):
        if by_day.get(day):
            on_its_day(session, world, day)
        night(session, world, day, is_full=False)
        day += timedelta(days=1)
    assert flags(session, world.chile) == [
        ("never", "first", A[0], A[0]), ("first", "becoming", A[1], A[1]), ("becoming", "recurring", A[2], A[2]),
        ("recurring", "dormant", date(2027, 5, 10), date(2027, 5, 10)),
    ]
    assert standing(session, world.chile).stage == "dormant"


def test_twice_is_once_and_full_is_the_same(session: Session, world: World) -> None:
    for day in A:
        on_its_day(session, world, day)
    night(session, world, date(2026, 10, 1))
    mails = len(session.scalars(select(OutboxMessage)).all())
    assert night(session, world, date(2026, 10, 1)) == {"judged": 0, "flags": 0, "letters": 0}
    assert night(session, world, date(2026, 10, 1), is_full=True) == {"judged": 0, "flags": 0, "letters": 0}
    assert len(session.scalars(select(OutboxMessage)).all()) == mails
    assert len(flags(session, world.chile)) == 1


def test_a_late_fact_says_since_when_and_when_we_knew(session: Session, world: World) -> None:
    for day in A[:2]:
        on_its_day(session, world, day)
    night(session, world, date(2026, 9, 30))
    with clock.at(at_noon(date(2026, 10, 20))):
        verified(session, world, exported_on=A[2])
    night(session, world, date(2026, 10, 19))  # a night caught up later does not know it yet
    assert standing(session, world.chile).stage == "becoming"
    assert standing(session, world.chile).is_dirty is True
    night(session, world, date(2026, 10, 20))
    assert flags(session, world.chile)[-1] == ("becoming", "recurring", A[2], date(2026, 10, 20))


def test_a_firm_is_never_quiet_because_of_our_queue(session: Session, world: World) -> None:
    on_its_day(session, world, date(2026, 2, 10))
    with clock.at(at_noon(date(2026, 8, 1))):
        waiting = log(session, world, exported_on=date(2026, 7, 30))
    night(session, world, date(2026, 8, 20))
    row = standing(session, world.chile)
    assert (row.stage, row.is_waiting_for_us, row.next_step["code"]) == ("first", True, "wait_for_us")
    assert flags(session, world.chile) == []
    with clock.at(at_noon(date(2026, 8, 21))):
        service.refuse_export(session, coni(world), waiting, "No proof")
    night(session, world, date(2026, 8, 21))
    assert flags(session, world.chile) == [("never", "dormant", date(2026, 8, 10), date(2026, 8, 21))]


def test_a_quiet_letter_is_not_sent_once_something_waits(session: Session, world: World) -> None:
    on_its_day(session, world, date(2026, 2, 10))
    night(session, world, date(2026, 8, 20))
    mail = session.scalars(select(OutboxMessage).where(OutboxMessage.kind == "stage_flag_firm")).one()
    assert letters.still_so(session, mail) == mail.params
    log(session, world)
    assert letters.still_so(session, mail) is None


def test_a_letter_whose_stage_has_passed_is_not_sent(session: Session, world: World) -> None:
    on_its_day(session, world, A[0])
    night(session, world, A[0])
    mail = session.scalars(select(OutboxMessage).where(OutboxMessage.kind == "stage_flag_firm")).one()
    assert letters.still_so(session, mail) == mail.params
    on_its_day(session, world, A[1])
    night(session, world, A[1])
    assert letters.still_so(session, mail) is None


def test_a_season_is_judged_by_its_own_rule(session: Session, world: World) -> None:
    member_of(session, world).season_quarters = [2, 3]
    for year in (2026, 2027):
        for month, day in ((4, 10), (6, 1), (7, 5), (8, 10)):
            on_its_day(session, world, date(year, month, day))
    night(session, world, date(2027, 9, 1))
    assert standing(session, world.chile).stage == "recurring"
    assert stage(session, world.plan, world.chile, date(2027, 9, 1)).r1_seasonal is True


def test_members_who_left_are_not_judged(session: Session, world: World) -> None:
    on_its_day(session, world, A[0])
    member_of(session, world).left_on = date(2026, 3, 1)
    night(session, world, date(2026, 4, 1))
    assert flags(session, world.chile) == []


def test_a_new_rule_recounts_and_names_its_version(session: Session, world: World) -> None:
    for day in A:
        on_its_day(session, world, day)
    night(session, world, date(2026, 10, 1))
    plan = session.get_one(Plan, world.plan)
    clock.pin(at_noon(date(2026, 10, 4)))
    set_policy(session, SYSTEM, plan, "recurrence", {"destinations": ["PE"]}, valid_from_on=date(2026, 10, 5), reason="Peru alone")
    night(session, world, date(2026, 10, 4))
    assert standing(session, world.chile).stage == "recurring"
    night(session, world, date(2026, 10, 5))
    row = standing(session, world.chile)
    assert (row.stage, row.rule_version, row.operations_count) == ("never", "recurrence-2", 0)
    assert set(session.scalars(select(Export.counted_usd_cents))) == {0}


def test_a_country_that_stops_counting_counts_until_its_day(session: Session, world: World) -> None:
    for day in A:
        on_its_day(session, world, day)
    night(session, world, date(2026, 10, 1))
    with clock.at(at_noon(date(2026, 10, 2))):
        switch_country(
            session, SYSTEM, session.get_one(Plan, world.plan), "MX", effective_on=date(2026, 6, 1), membership="member",
            counts_as_origin=True, counts_as_destination=False, reason="Left",
        )
    night(session, world, date(2026, 10, 2))
    on_its_day(session, world, date(2026, 10, 3), destination="PE")
    night(session, world, date(2026, 10, 3))
    row = standing(session, world.chile)
    assert (row.operations_count, row.first_export_on, row.last_export_on) == (3, A[0], date(2026, 10, 3))


def test_the_job_runs_every_running_plan_and_converts_first(app: Flask, world: World) -> None:
    clock.pin(at_noon(date(2026, 3, 2)))
    with app.app_context():
        with transaction() as session:
            verified(session, world, exported_on=date(2026, 3, 1), value=Decimal(480_000), currency="CLP")
            rate(session, on=date(2026, 3, 1))
        result = jobs.run_job("recurrence", date(2026, 3, 2))
        assert (result.state, result.counts) == ("done", {"rated": 1, "judged": 2, "flags": 1, "letters": 2})
        assert jobs.run_job("recurrence", date(2026, 3, 2)).state == "skipped"
        again = jobs.run_job("recurrence", date(2026, 3, 2), again=True)
        assert (again.state, again.counts) == ("done", {"rated": 0, "judged": 0, "flags": 0, "letters": 0})
        assert jobs.run_job("recurrence", date(2025, 3, 2)).counts == {"rated": 0}
        assert jobs.run_job("lapse_warnings", date(2026, 3, 2)).counts == {"warnings": 0}
        assert jobs.run_job("export_escalations", date(2026, 3, 2)).counts == {"deputies_told": 0}


def test_a_warning_comes_once_a_date_and_never_over_our_queue(session: Session, world: World) -> None:
    plan = session.get_one(Plan, world.plan)
    on_its_day(session, world, date(2026, 2, 10))
    night(session, world, date(2026, 7, 1))
    assert warn(session, plan, date(2026, 7, 9)) == {"warnings": 0}  # quiet from 10 August: 32 days
    assert warn(session, plan, date(2026, 7, 11)) == {"warnings": 1}
    assert warn(session, plan, date(2026, 7, 12)) == {"warnings": 0}
    mail = session.scalars(select(OutboxMessage).where(OutboxMessage.kind == "lapse_warning")).one()
    assert (mail.due_on, mail.person_id, mail.params["by_on"], mail.params["stage"]) == (date(2026, 8, 10), FLOR, "2026-08-09", "dormant")
    assert still_so(session, mail) == mail.params
    log(session, world, exported_on=date(2026, 7, 12))
    assert still_so(session, mail) is None
    session.delete(mail)
    assert warn(session, plan, date(2026, 7, 13)) == {"warnings": 0}


def test_a_warning_falls_with_a_new_export(session: Session, world: World) -> None:
    plan = session.get_one(Plan, world.plan)
    on_its_day(session, world, date(2026, 2, 10))
    night(session, world, date(2026, 7, 11))
    warn(session, plan, date(2026, 7, 11))
    mail = session.scalars(select(OutboxMessage).where(OutboxMessage.kind == "lapse_warning")).one()
    on_its_day(session, world, date(2026, 7, 12))
    night(session, world, date(2026, 7, 12))
    assert still_so(session, mail) is None


def test_what_waits_too_long_goes_to_the_deputy(session: Session, world: World) -> None:
    plan = session.get_one(Plan, world.plan)
    with clock.at(at_noon(date(2026, 11, 2))):  # a Monday; ten working days end on the 16th
        export = log(session, world, exported_on=date(2026, 11, 1))
    assert escalation.check_by(export, 10) == date(2026, 11, 16)
    name_deputy(session, SYSTEM, plan, "CL", coordinator_id=CONI, deputy_id=MARA, from_on=date(2026, 11, 1), until_on=date(2026, 11, 30))
    assert escalation.escalate(session, plan, date(2026, 11, 16)) == {"deputies_told": 0}
    assert escalation.escalate(session, plan, date(2026, 11, 17)) == {"deputies_told": 1}
    assert escalation.escalate(session, plan, date(2026, 11, 17)) == {"deputies_told": 0}
    assert escalation.escalate(session, plan, date(2026, 11, 18)) == {"deputies_told": 0}
    mail = session.scalars(select(OutboxMessage).where(OutboxMessage.kind == "export_escalated")).one()
    assert mail.person_id == MARA
    assert escalation.still_waiting(session, mail) == mail.params
    service.verify_export(session, coni(world), export, 3, "DUS", "1")
    assert escalation.still_waiting(session, mail) is None


def test_without_a_deputy_another_country_is_asked(session: Session, world: World) -> None:
    with clock.at(at_noon(date(2026, 11, 2))):
        log(session, world, exported_on=date(2026, 11, 1))
    escalation.escalate(session, session.get_one(Plan, world.plan), date(2026, 11, 17))
    assert session.scalars(select(OutboxMessage.person_id)).all() == [PIA]


def test_how_far_a_firm_is_this_minute(session: Session, world: World) -> None:
    plan, firm = session.get_one(Plan, world.plan), session.get_one(Firm, world.chile)
    for day in A[:2]:
        on_its_day(session, world, day)
    log(session, world, exported_on=date(2026, 9, 1))
    with force_locale("en"):
        found = firm_progress(session, plan, firm, date(2026, 10, 1))
    assert found is not None
    assert (found.standing.stage, found.if_checked.stage, found.waiting_count, found.partners) == (Stage.BECOMING, Stage.RECURRING, 1, ["MX"])
    assert [square.state for square in found.squares] == ["none", "none", "none", "none", "verified", "verified", "waiting", "none"]
    assert found.outlook == Outlook(True, 3, found.outlook.next_by_on, found.outlook.last_chance_on, found.outlook.missing_fob_usd)
    other = Firm(country="CL", tax_id="1-9", legal_name="x", sort_name="x", recorded_at=NOW)
    session.add(other)
    session.flush()
    assert firm_progress(session, plan, other, date(2026, 10, 1)) is None


def test_every_mail_of_the_room_reads_in_both_languages(app: Flask, session: Session, world: World) -> None:
    plan = session.get_one(Plan, world.plan)
    export = verified(session, world)
    refused = log(session, world, product="Mantas")
    service.refuse_export(session, coni(world), refused, "Not readable")
    with clock.at(at_noon(date(2026, 2, 10))):
        verified(session, world, world.peru, exported_on=date(2026, 2, 10), destination="CL")
        log(session, world, exported_on=date(2026, 2, 9), product="Ponchos")
    night(session, world, date(2026, 11, 24))
    escalation.escalate(session, plan, escalation.check_by(session.scalars(select(Export).where(Export.product == "Ponchos")).one(), 10) + timedelta(days=1))
    on_its_day(session, world, date(2026, 6, 1))
    messages = session.scalars(select(OutboxMessage).order_by(OutboxMessage.id)).all()
    seen = set()
    for message in messages:
        for language in ("en", "es"):
            message.language = language
            written = write(app, message)
            assert written.subject
            assert "%(" not in written.subject + written.text + written.html
            assert "http" in written.text
        seen.add(message.kind)
    assert seen == {"export_verified", "export_refused", "stage_flag_firm", "stage_flag_coordinator", "export_escalated"}
    assert export.state == "verified"


def test_the_night_asks_no_query_a_firm(app: Flask, session: Session, world: World) -> None:
    counts = []
    for wanted in (1, 3, 50):
        have = len(session.scalars(select(Member)).all())
        for place in range(have, wanted + 2):
            firm = Firm(country="CL", tax_id=f"t{place}", legal_name="x", sort_name="x", recorded_at=NOW)
            session.add(firm)
            session.flush()
            add_member(session, world.plan, firm.id, "CL")
        night(session, world, date(2026, 11, 24), is_full=True)
        with counted_queries(app) as statements:
            night(session, world, date(2026, 11, 24), is_full=True)
        counts.append(len(statements))
    assert counts[0] == counts[1] == counts[2]


def test_columns_and_events_come_to_the_same(session: Session, world: World) -> None:
    """The night's columns against one firm at a time, on a year of skewed exports."""
    steps = (17, 40, 3, 95, 61, 190, 8, 33)
    for firm_id, place in ((world.chile, "MX"), (world.peru, "CL")):
        day = date(2026, 1, 10)
        for step in steps[firm_id % 2:]:
            on_its_day(session, world, day, firm_id, destination=place)
            day += timedelta(days=step)
            if day > date(2026, 11, 1):
                break
    rule = rule_on(session, world.plan, date(2026, 11, 1))
    for month in range(2, 12):
        day = date(2026, month, 1)
        night(session, world, day, is_full=True)
        members = session.scalars(select(Member)).all()
        found = facts_of(session, world.plan, members, rule, day, None)
        for member in members:
            one = standing_of(found[member.firm_id], member, day, rule.policy)
            row = standing(session, member.firm_id)
            assert (row.stage, row.operations_count, row.quarters_count, row.last_export_on) == (
                one.stage, one.operations, one.quarters, one.last_export_on), (member.firm_id, day)
            assert row.next_step == step_columns(one.next_step)


@pytest.mark.parametrize(("step", "short", "owner"), [
    (NextStep("first_export", 3, 3), "a first export", "The next step is your first export to a country of the plan."),
    (NextStep("reach_recurring", 1, 1, 0, Decimal(0), date(2026, 12, 31)), "1 more quarter, by 31 Dec",
     "1 quarter with sales to go to be a recurring exporter. The next one by December 31, 2026."),
    (NextStep("reach_recurring", 3, 1), "3 more exports, 1 in a new quarter", "3 exports to go to be a recurring exporter."),
    (NextStep("restart", 2, 0, 0, Decimal(600)), "2 more exports, at least US$ 600.00 in all", "2 exports to go to be a recurring exporter."),
    (NextStep("keep", by_on=date(2027, 2, 9)), "nothing now; the next export by 9 Feb", "To stay a recurring exporter, export again by February 9, 2027."),
    (NextStep("consolidate"), "nothing, keep going", "Keep going as you do."),
    (NextStep("wait_for_us"), "our check of what was sent in", "We have received your export and are checking it. You need to do nothing."),
    (NextStep("resting"), "nothing until the season opens", "Nothing to do until your season opens."),
])
def test_next_steps_in_words(app: Flask, step: NextStep, short: str, owner: str) -> None:
    with app.test_request_context(headers={"Accept-Language": "en"}):
        assert (words.needs(step), words.to_go(step_columns(step))) == (short, owner)


def test_outlooks_in_words(app: Flask) -> None:
    end = date(2027, 12, 31)
    with app.test_request_context(headers={"Accept-Language": "en"}):
        assert words.outlook(Outlook(False, 0, None, None), end).startswith("By the end of the plan (December 31, 2027) the time no longer")
        assert words.outlook(Outlook(True, 0, None, None), end) == "With what you have exported you are a recurring exporter at the end of the plan."
        assert words.outlook(Outlook(True, 2, date(2027, 5, 1), end), end) == (
            "You can still be a recurring exporter at the end of the plan (December 31, 2027) with 2 more exports, the next by May 1, 2027.")
        assert [words.stage_tag("dormant", date(2026, 1, 1), date(2026, 1, 2)), words.stage_tag("first", None, end)] == ["Quiet 1 day", "First export"]
