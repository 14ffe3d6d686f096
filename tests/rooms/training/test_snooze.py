"""Tries resting one's reminders on both databases: the job leaves them out, sending asks again, what is late is told."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from cohort.kit import clock
from cohort.kit.outbox import OutboxMessage
from cohort.plans.service import leave_member
from cohort.training import service as milestones
from cohort.training.models import Milestone, Snooze
from cohort.training.reminders import service, snoozing
from tests.rooms.stage import Do, PagesOf, noted, refusal, rows
from tests.rooms.training.test_reminders import DUE, days_from, only, run
from tests.world import NOW, World, pdf


def at(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 15, tzinfo=UTC)


def rest(session: Session, world: World, milestone: Milestone, on: date, days: int, who: str = "firmcl") -> Snooze:
    with clock.at(at(on)):
        return snoozing.snooze(session, world.actor(session, who), milestone, days)


def test_a_rested_line_is_left_out_until_its_day_and_what_is_late_is_told(session: Session, world: World) -> None:
    [milestone] = only(session, world, {11: DUE})
    rest(session, world, milestone, date(2026, 12, 8), 3)  # until the 11th: the reminder of the 9th goes on the 11th
    assert run(session, world, date(2026, 12, 8), date(2026, 12, 16))["firmcl"] == [date(2026, 12, 11), date(2026, 12, 15)]
    rest(session, world, milestone, date(2026, 12, 16), 14)
    told = run(session, world, date(2026, 12, 17), date(2026, 12, 31))["firmcl"]
    assert told[2:] == [date(2026, 12, 18), date(2026, 12, 23)]  # late: as if nobody had rested it


def test_staff_rest_their_own_lines_and_nobody_elses(session: Session, world: World) -> None:
    first, second = only(session, world, {11: DUE, 12: DUE + timedelta(days=2)})
    rest(session, world, first, date(2026, 12, 13), 5, "coordinator")
    run(session, world, date(2026, 12, 14), date(2026, 12, 14))
    lines = {
        message.person_id: message.params["milestones"]
        for message in rows(session, OutboxMessage, OutboxMessage.kind.startswith("reminder_"))
    }
    assert lines[world.people["coordinator"]] == [second.id]
    assert first.id in lines[world.people["firmcl"]]


def test_sending_asks_again(session: Session, world: World) -> None:
    [milestone] = only(session, world, {11: DUE})
    run(session, world, date(2026, 12, 9), date(2026, 12, 9))
    [message] = rows(session, OutboxMessage, OutboxMessage.kind == service.FIRM_MAIL)
    with clock.at(at(date(2026, 12, 9))):
        assert service.still_open(session, message) is not None
        rest(session, world, milestone, date(2026, 12, 9), 2)
        assert service.still_open(session, message) is None
    with clock.at(datetime(2026, 12, 11, 2, tzinfo=UTC)):  # still the 10th where the firm is
        assert service.still_open(session, message) is None
    with clock.at(at(date(2026, 12, 11))):
        assert service.still_open(session, message) is not None
    rest(session, world, milestone, date(2026, 12, 15), 14)
    with clock.at(at(date(2026, 12, 17))):  # late by a day
        held = service.still_open(session, message)
        assert held is not None
        assert [line["days_left"] for line in held["lines"]] == [-1]  # type: ignore[attr-defined]


def test_a_replay_of_a_past_day_knows_no_later_wish(session: Session, world: World) -> None:
    [milestone] = only(session, world, {11: DUE})
    rest(session, world, milestone, date(2026, 12, 10), 5)
    assert run(session, world, date(2026, 12, 9), date(2026, 12, 9))["firmcl"] == [date(2026, 12, 9)]


def test_a_second_wish_takes_the_place_of_the_first_and_can_be_taken_back(session: Session, world: World) -> None:
    [milestone] = only(session, world, {11: DUE})
    actor = world.actor(session, "firmcl")
    for days in (14, 2):
        rest(session, world, milestone, NOW.date(), days)
    assert [(row.person_id, row.subject_id, row.until_on) for row in rows(session, Snooze)] == [
        (actor.person_id, milestone.id, NOW.date() + timedelta(days=2))]
    assert snoozing.rests_of(session, actor.person_id, [milestone.id], NOW.date()) == {milestone.id: NOW.date() + timedelta(days=2)}
    assert snoozing.rests_of(session, actor.person_id, [milestone.id], NOW.date() + timedelta(days=2)) == {}
    snoozing.wake(session, actor, milestone)
    snoozing.wake(session, actor, milestone)
    session.flush()
    assert rows(session, Snooze) == []
    assert [act for act, _before, _after in noted(session)][-3:] == ["reminder.snoozed", "reminder.snoozed", "reminder.woken"]


@pytest.mark.parametrize("days", [-1, 0, 15, 400])
def test_days_outside_one_to_fourteen_are_refused(session: Session, world: World, days: int) -> None:
    [milestone] = only(session, world, {11: DUE})
    assert refusal(lambda: rest(session, world, milestone, NOW.date(), days)) == "snooze_days"
    assert rows(session, Snooze) == []


def test_what_is_late_or_closed_cannot_rest(session: Session, world: World) -> None:
    [milestone] = only(session, world, {11: DUE})
    assert refusal(lambda: rest(session, world, milestone, DUE + timedelta(days=1), 3)) == "snooze_late"
    assert rest(session, world, milestone, DUE, 3).until_on == DUE + timedelta(days=3)
    milestone.done_on = NOW.date()
    assert refusal(lambda: rest(session, world, milestone, NOW.date(), 3)) == "snooze_closed"
    milestone.done_on = None
    leave_member(session, world.actor(session, "manager"), world.member(session), NOW.date(), "closed its shop")
    assert refusal(lambda: rest(session, world, milestone, NOW.date(), 3)) == "snooze_closed"


@pytest.fixture
def upcoming(do: Do, world: World) -> int:
    """A milestone of the firm in Chile that falls due in five days."""

    def act(session: Session) -> int:
        milestone = world.milestone(session, 11)
        milestone.due_on = NOW.date() + timedelta(days=5)
        return milestone.id

    found: int = do(act)
    return found


def test_a_firm_rests_its_reminders_on_the_page_and_takes_it_back(app: Flask, upcoming: int, pages: PagesOf) -> None:
    firm = pages("firmcl")
    place = f"/training/milestones/{upcoming}"
    assert "Rest my reminders about it for" in firm.get(place).text
    page = firm.send(f"{place}/snooze", page=place, days="7")
    assert "Once it is late you are told all the same." in page.text
    assert "Your reminders about it rest until" in firm.get(place).text
    assert "Your reminders about it rest until" not in pages("coordinator").get(place).text  # everybody rests their own
    assert "You are reminded of it again." in firm.send(f"{place}/wake", page=place).text
    for days in ("", "0", "15", "-3", "seven", "9" * 50):
        assert "Reminders can rest for 1 to 14 days." in firm.send(f"{place}/snooze", page=place, days=days).text


def test_a_milestone_out_of_reach_is_not_found(upcoming: int, pages: PagesOf) -> None:
    for act in ("snooze", "wake"):
        pages("peru").post(f"/training/milestones/{upcoming}/{act}", page="/account/", status=404, days="3")


def test_the_work_list_shows_what_rests_and_until_when(do: Do, world: World, upcoming: int, pages: PagesOf) -> None:
    do(lambda session: milestones.hand_in(
        session, world.actor(session, "firmcl"), session.get_one(Milestone, upcoming), "Lista.", pdf()))
    coordinator = pages("coordinator")
    assert "No reminders for 3 days" in coordinator.get("/reports/work").text
    page = coordinator.send(f"/training/milestones/{upcoming}/snooze", page="/reports/work", days="3", back="/reports/work")
    assert "reminders rest until" in page.text
    assert "Remind me again" in page.text
    page = coordinator.send(f"/training/milestones/{upcoming}/wake", page="/reports/work", back="/reports/work")
    assert "reminders rest until" not in page.text


def test_the_days_of_a_rest_are_counted_from_both_ends(session: Session, world: World) -> None:
    """Every length from 1 to 14, on every day before the due day, leaves the firm told once the rest is over."""
    [milestone] = only(session, world, {11: DUE})
    for days in range(snoozing.LEAST_DAYS, snoozing.MOST_DAYS + 1):
        row = rest(session, world, milestone, NOW.date(), days)
        silent = [day for day in days_from(NOW.date(), NOW.date() + timedelta(days=20)) if (world.people["firmcl"], milestone.id) in snoozing.rests_on(session, day)]
        assert (len(silent), silent[0], row.until_on) == (days, NOW.date(), NOW.date() + timedelta(days=days))
