"""Tries the reminder job on both databases: cadence, bundling, pause, once only, re-check at sending, words."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from cohort.firms.models import Firm
from cohort.kit import clock
from cohort.kit.access import SYSTEM, Role
from cohort.kit.jobs import run_job
from cohort.kit.mail import write
from cohort.kit.outbox import OutboxMessage
from cohort.people import grants
from cohort.people.models import RoleGrant
from cohort.plans.service import extend_plan, leave_member, set_policy
from cohort.training import service as milestones
from cohort.training.models import Milestone, ReminderStep
from cohort.training.reminders import service
from tests.pages import counted_queries
from tests.rooms.stage import Do, rows
from tests.world import NOW, World, more_members

DUE = date(2026, 12, 16)  # a Wednesday
NOTHING = {"firm_mails": 0, "staff_mails": 0, "lines": 0}


def only(session: Session, world: World, open_on: dict[int, date], key: str = "CL") -> list[Milestone]:
    """Let every milestone be done but these of one firm, due on these days."""
    for row in rows(session, Milestone):
        is_open = row.member_id == world.members[key] and row.number in open_on
        row.done_on = None if is_open else NOW.date() - timedelta(days=30)
        row.due_on = open_on[row.number] if is_open else row.due_on
    session.flush()
    return [world.milestone(session, number, key) for number in sorted(open_on)]


def days_from(first: date, last: date) -> Iterable[date]:
    return (first + timedelta(days=count) for count in range((last - first).days + 1))


def run(session: Session, world: World, first: date, last: date) -> dict[str, list[date]]:
    """Write the reminders of each day, and return on which days each person was written to."""
    for day in days_from(first, last):
        service.remind(session, world.plan_of(session), day)
    names = {person: name for name, person in world.people.items()}
    told: dict[str, list[date]] = defaultdict(list)
    for message in rows(session, OutboxMessage, OutboxMessage.kind.startswith("reminder_")):
        told[names[message.person_id]].append(message.due_on)
    return dict(told)


def test_one_milestone_is_told_seven_and_one_days_before_and_after(session: Session, world: World) -> None:
    only(session, world, {11: DUE})
    told = run(session, world, date(2026, 12, 1), date(2027, 1, 6))
    assert told == {
        # the day after is a Thursday, two days after the last message: it waits for the third
        "firmcl": [date(2026, 12, 9), date(2026, 12, 15), date(2026, 12, 18), date(2026, 12, 23)],
        # Mondays, and 14 days late; nothing on other days but what is due within 48 hours, which the Monday told
        "coordinator": [date(2026, 12, 14), date(2026, 12, 21), date(2026, 12, 28), date(2026, 12, 30), date(2027, 1, 4)],
        "manager": [date(2026, 12, 30)], "second": [date(2026, 12, 30)],
    }
    steps = [row.step for row in rows(session, ReminderStep, ReminderStep.audience == "firm")]
    assert steps == [-7, -1, 1, 7]


def test_days_off_are_silent_and_a_weekend_is_told_before_it(session: Session, world: World) -> None:
    only(session, world, {11: date(2026, 12, 13)})  # a Sunday: 7 days before it is a Sunday, 1 day before a Saturday
    told = run(session, world, date(2026, 12, 1), date(2026, 12, 15))
    assert told["firmcl"] == [date(2026, 12, 4), date(2026, 12, 11), date(2026, 12, 14)]
    written = rows(session, OutboxMessage, OutboxMessage.kind.startswith("reminder_"))
    assert [row for row in written if row.due_on.weekday() >= 5] == []


def test_all_steps_of_a_day_go_in_one_mail(session: Session, world: World) -> None:
    held = only(session, world, {11: DUE, 12: DUE, 13: date(2026, 12, 10)})
    assert service.remind(session, world.plan_of(session), date(2026, 12, 9)) == {"firm_mails": 1, "staff_mails": 1, "lines": 4}
    firm, staff = rows(session, OutboxMessage, OutboxMessage.kind.startswith("reminder_"))
    assert (firm.kind, firm.subject_kind, firm.subject_id, firm.due_on, firm.step, firm.firm_id) == (
        "reminder_firm", "digest", world.people["firmcl"], date(2026, 12, 9), 0, world.firms["CL"])
    assert firm.params == {"plan_id": world.plan, "milestones": [row.id for row in held]}
    assert (staff.kind, staff.address, staff.params["milestones"]) == ("reminder_staff", "coordinator@cohort.test", [held[2].id])


def test_at_most_one_message_in_three_days(session: Session, world: World) -> None:
    only(session, world, {number: DUE + timedelta(days=number) for number in range(7, 15)})
    told = run(session, world, date(2026, 12, 1), date(2027, 1, 20))["firmcl"]
    assert min((later - earlier).days for earlier, later in pairwise(told)) == 3


def test_nothing_is_written_when_there_is_nothing_to_say(session: Session, world: World) -> None:
    only(session, world, {})
    for day in days_from(date(2026, 12, 1), date(2026, 12, 14)):
        assert service.remind(session, world.plan_of(session), day) == NOTHING
    assert rows(session, OutboxMessage, OutboxMessage.kind.startswith("reminder_")) == rows(session, ReminderStep) == []


@pytest.mark.parametrize("state", ["handed_in", "waived", "locked", "left"])
def test_a_firm_is_not_reminded_of_what_is_not_its_to_do(session: Session, world: World, state: str) -> None:
    (milestone,) = only(session, world, {22: DUE})
    if state == "handed_in":
        milestone.handed_in_on = date(2026, 12, 1)
    elif state == "waived":
        milestone.waived_on = date(2026, 12, 1)
    elif state == "locked":
        world.milestone(session, 15).done_on = None
        world.milestone(session, 15).due_on = date(2027, 12, 1)
    else:
        leave_member(session, SYSTEM, world.member(session), NOW.date(), "Cerró.")
    told = run(session, world, date(2026, 12, 2), date(2026, 12, 24))
    assert "firmcl" not in told
    assert ("coordinator" in told) is (state == "handed_in"), "what waits for staff, staff is told"


def test_twice_is_once(session: Session, world: World) -> None:
    only(session, world, {11: DUE})
    first = service.remind(session, world.plan_of(session), date(2026, 12, 9))
    assert (first, service.remind(session, world.plan_of(session), date(2026, 12, 9))) == ({**NOTHING, "firm_mails": 1, "lines": 1}, NOTHING)
    assert len(rows(session, OutboxMessage, OutboxMessage.kind == "reminder_firm")) == len(rows(session, ReminderStep)) == 1


def test_a_missed_day_is_told_on_the_next_one(session: Session, world: World) -> None:
    only(session, world, {11: DUE})
    assert run(session, world, date(2026, 12, 11), date(2026, 12, 11)) == {"firmcl": [date(2026, 12, 11)]}


def test_a_new_date_is_told_anew(session: Session, world: World) -> None:
    (milestone,) = only(session, world, {11: DUE})
    run(session, world, date(2026, 12, 1), date(2026, 12, 15))
    milestones.redate(session, world.actor(session, "manager"), milestone, DUE + timedelta(days=21), "Acordado.")
    told = run(session, world, date(2026, 12, 16), date(2027, 1, 6))
    assert told["firmcl"] == [date(2026, 12, 9), date(2026, 12, 15), date(2026, 12, 30), date(2027, 1, 5)]


def test_the_plans_own_cadence_holds(session: Session, world: World) -> None:
    only(session, world, {11: DUE})
    with clock.at(datetime(2026, 1, 5, 12, tzinfo=UTC)):
        set_policy(session, SYSTEM, world.plan_of(session), "reminders",
                   {"before_days": [2], "overdue_days": [], "digest_weekday": 4, "escalate_days": 5}, valid_from_on=date(2026, 1, 5), reason="Sí.")
    told = run(session, world, date(2026, 12, 1), date(2026, 12, 24))
    assert told["firmcl"] == [date(2026, 12, 14)]
    assert told["manager"] == [date(2026, 12, 21)]
    assert date(2026, 12, 18) in told["coordinator"]


def test_a_person_of_two_firms_gets_one_mail_about_both(session: Session, world: World) -> None:
    (chile,) = only(session, world, {11: DUE})
    peru = world.milestone(session, 11, "PE")
    peru.done_on, peru.due_on = None, DUE
    grants.grant_role(session, SYSTEM, world.person(session, "firmcl"), Role.FIRM, world.plan, firm_id=world.firms["PE"])
    counts = service.remind(session, world.plan_of(session), date(2026, 12, 10))  # the 9th is a holiday in Peru
    assert counts == {"firm_mails": 2, "staff_mails": 0, "lines": 3}
    mails = {row.person_id: row for row in rows(session, OutboxMessage, OutboxMessage.kind == "reminder_firm")}
    both = mails[world.people["firmcl"]]
    assert (both.params["milestones"], both.firm_id) == (sorted([chile.id, peru.id]), None)


def test_one_who_coordinates_and_manages_gets_one_mail(session: Session, world: World) -> None:
    only(session, world, {11: DUE})
    grants.grant_role(session, SYSTEM, world.person(session, "manager"), Role.COORDINATOR, world.plan, country="CL")
    service.remind(session, world.plan_of(session), date(2026, 12, 30))
    mails = rows(session, OutboxMessage, OutboxMessage.person_id == world.people["manager"])
    assert len(mails) == 1
    told = rows(session, ReminderStep, ReminderStep.person_id == world.people["manager"])
    assert sorted((row.audience, row.step) for row in told) == [("coordinator", 14), ("manager", 14)]


@pytest.mark.parametrize("change", ["revoked", "ended", "inactive"])
def test_who_no_longer_acts_for_the_firm_is_not_written_to(session: Session, world: World, change: str) -> None:
    only(session, world, {11: DUE})
    grant = rows(session, RoleGrant, RoleGrant.person_id == world.people["firmcl"])[0]
    if change == "revoked":
        grant.revoked_at = NOW
    elif change == "ended":
        grant.valid_to = NOW.date() - timedelta(days=1)
    else:
        world.person(session, "firmcl").active = False
    session.flush()
    assert service.remind(session, world.plan_of(session), date(2026, 12, 9)) == NOTHING


def test_the_job_runs_each_running_plan_once_a_day(app: Flask, do: Do, world: World) -> None:
    do(lambda session: only(session, world, {11: DUE}))
    with app.app_context():
        first, second = run_job("reminders", date(2026, 12, 9)), run_job("reminders", date(2026, 12, 9))
        again = run_job("reminders", date(2026, 12, 9), again=True)
        outside = run_job("reminders", date(2030, 6, 3))
    assert [str(each.state) for each in (first, second, again, outside)] == ["done", "skipped", "done", "done"], first.error
    assert (first.counts, again.counts, outside.counts) == ({**NOTHING, "firm_mails": 1, "lines": 1}, NOTHING, {})


def test_an_extended_plan_goes_on_being_reminded(session: Session, world: World) -> None:
    plan = world.plan_of(session)
    extend_plan(session, SYSTEM, plan, date(2028, 6, 30), "Más tiempo.")
    only(session, world, {23: date(2028, 6, 14)})
    assert service.remind(session, plan, date(2028, 6, 7))["firm_mails"] == 1


def _queued(session: Session, world: World, day: date, kind: str = "reminder_firm") -> OutboxMessage:
    service.remind(session, world.plan_of(session), day)
    found: OutboxMessage = rows(session, OutboxMessage, OutboxMessage.kind == kind)[0]
    return found


def test_a_line_done_meanwhile_is_left_out_and_a_mail_of_such_lines_is_cancelled(session: Session, world: World) -> None:
    first, second = only(session, world, {11: DUE, 12: DUE})
    message = _queued(session, world, date(2026, 12, 9))
    assert _lines(session, message) == [first.id, second.id]
    first.handed_in_on = date(2026, 12, 9)
    session.flush()
    assert _lines(session, message) == [second.id], "what the firm handed in is no longer its to do"
    second.waived_on = date(2026, 12, 9)
    session.flush()
    assert service.still_open(session, message) is None


def test_staff_still_reads_what_waits_for_them(session: Session, world: World) -> None:
    (milestone,) = only(session, world, {11: date(2026, 12, 10)})
    message = _queued(session, world, date(2026, 12, 9), "reminder_staff")
    milestone.handed_in_on = date(2026, 12, 9)
    session.flush()
    assert _lines(session, message) == [milestone.id]
    milestone.done_on = date(2026, 12, 9)
    session.flush()
    assert service.still_open(session, message) is None


def test_a_firm_that_left_meanwhile_is_not_written_to(session: Session, world: World) -> None:
    only(session, world, {11: DUE})
    message = _queued(session, world, date(2026, 12, 9))
    leave_member(session, SYSTEM, world.member(session), NOW.date(), "Cerró.")
    assert service.still_open(session, message) is None
    assert message.state == "cancelled"


def _lines(session: Session, message: OutboxMessage) -> list[Any]:
    told = service.still_open(session, message)
    assert told is not None
    return [line["milestone_id"] for line in told["lines"]]  # type: ignore[attr-defined]


def _written(app: Flask, session: Session, message: OutboxMessage, sent_on: date) -> tuple[str, str, str]:
    with clock.at(datetime(sent_on.year, sent_on.month, sent_on.day, 15, tzinfo=UTC)):
        told = service.still_open(session, message)
        assert told is not None
        mail = write(app, message, told)
    assert "None" not in mail.text + mail.html
    assert re.search(r"https?://[^\s\"]+/training/milestones/\d+", mail.html)
    return mail.subject, mail.text, mail.html


def test_the_mail_says_the_day_of_sending_not_of_queueing(app: Flask, session: Session, world: World) -> None:
    (milestone,) = only(session, world, {11: DUE})
    world.person(session, "firmcl").language = "en"
    milestone.title_en = "Payment account live"
    message = _queued(session, world, date(2026, 12, 15))
    said = {day: _written(app, session, message, day)[1] for day in (date(2026, 12, 15), DUE, date(2026, 12, 17), date(2026, 12, 19))}
    assert [re.findall(r"live: (.*)", text)[0] for text in said.values()] == [
        "by December 16, 2026", "it is due today", "it was due 1 day ago", "it was due 3 days ago"]


@pytest.mark.parametrize("language", ["es", "en"])
def test_mails_read_in_both_languages(app: Flask, session: Session, world: World, language: str) -> None:
    held = only(session, world, {11: date(2026, 12, 10), 12: date(2026, 12, 11), 13: DUE})
    for name in ("firmcl", "coordinator"):
        world.person(session, name).language = language
    firm = _queued(session, world, date(2026, 12, 9))
    staff = rows(session, OutboxMessage, OutboxMessage.kind == "reminder_staff")[0]
    titles = [getattr(row, f"title_{language}") for row in held]
    _subject, text, html = _written(app, session, firm, date(2026, 12, 9))
    assert all(title in text and title in html for title in titles)
    subject, text, html = _written(app, session, staff, date(2026, 12, 9))
    assert subject.startswith("2 ")
    assert all(title in text for title in titles[:2])
    assert titles[2] not in text
    assert session.get_one(Firm, world.firms["CL"]).name in html
    if language == "es":
        assert "Hello" not in text + html


def test_the_work_grows_in_mails_not_in_queries(app: Flask, do: Do, world: World) -> None:
    counts, made = [], 0
    for size in (1, 3, 50):
        do(lambda session, more=size - made: more_members(session, world, more))
        made = size

        def count(session: Session) -> int:
            only(session, world, {})
            with counted_queries(app) as statements:
                assert service.remind(session, world.plan_of(session), date(2026, 12, 9)) == NOTHING
            return len(statements)

        counts.append(do(count))
    assert counts[0] == counts[1] == counts[2], counts
