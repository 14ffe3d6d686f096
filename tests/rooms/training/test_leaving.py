"""How a firm leaves the plan: what follows is shown with counts, nothing is lost on the way, and nothing happens twice."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest
from sqlalchemy.orm import Session

from cohort.kit.access import SYSTEM
from cohort.kit.outbox import OutboxMessage
from cohort.plans.models import Member
from cohort.plans.service import leave_member
from cohort.training.leaving import service
from cohort.training.leaving.service import Seats
from cohort.training.reminders.service import remind
from tests import world as worlds
from tests.rooms.stage import Do, PagesOf, acts_on, rows
from tests.world import NOW, World

TODAY = NOW.date()
TYPED = {"left_on": "2026-11-20", "reason": "Cambió de rubro."}


def _path(world: World, key: str = "CL") -> str:
    return f"/training/members/{world.members[key]}/leave"


def _remind(session: Session, world: World) -> None:
    """Queue one reminder to each firm about a milestone that is due in a week."""
    for key in ("CL", "PE"):
        world.milestone(session, 11, key).due_on = TODAY + timedelta(days=7)
    session.flush()
    remind(session, world.plan_of(session), TODAY)


def test_what_follows_is_counted_and_nothing_is_changed(session: Session, world: World, do: Do) -> None:
    def arrange(opened: Session) -> None:
        worlds.export_of(opened, world, date(2026, 10, 20))
        worlds.export_of(opened, world, date(2026, 11, 22))
        milestones = [world.milestone(opened, number) for number in (1, 2, 4)]
        milestones[0].done_on, milestones[1].waived_on, milestones[2].handed_in_on = TODAY, TODAY, TODAY
        _remind(opened, world)

    do(arrange)
    member = world.member(session)
    reminders = rows(session, OutboxMessage, OutboxMessage.kind == "reminder_firm", OutboxMessage.firm_id == member.firm_id)
    assert len(reminders) == 1
    assert service.consequences_of(session, member, date(2026, 11, 20)) == service.Consequences(
        done_count=1, open_count=21, handed_in_count=1, reminder_count=1, waiting_count=2, later_count=1,
        before=Seats(0, 1), after=Seats(0, 0))
    member.is_pilot = True
    session.flush()
    pilot = service.consequences_of(session, member, TODAY)
    assert (pilot.later_count, pilot.before, pilot.after) == (0, None, None)


def test_its_reminders_are_taken_back_and_nobody_elses(session: Session, world: World) -> None:
    _remind(session, world)
    leave_member(session, world.actor(session, "coordinator"), world.member(session), TODAY, "Cerró.")
    states = {mail.firm_id: mail.state for mail in rows(session, OutboxMessage, OutboxMessage.kind == "reminder_firm")}
    assert states == {world.firms["CL"]: "cancelled", world.firms["PE"]: "queued"}


def test_a_coordinator_reads_what_follows_and_then_says_yes(session: Session, world: World, pages: PagesOf) -> None:
    browser, own = pages("coordinator"), f"/training/members/{world.members['CL']}"
    assert _path(world) in browser.get(own).links
    asked = browser.check(_path(world), browser.open(_path(world), method="POST", data={"csrf_token": browser.token_of(_path(world)), **TYPED}), 200)
    for words in ("leaves the plan on November 20, 2026", "Reason: Cambió de rubro.", "23 open milestones end where they are", "No reminder is queued",
                  "Its seat is free.", "Chile keeps 0 firms, 0 of them women-owned or women-led."):
        assert words in asked.text, words
    assert rows(session, Member, Member.left_on.is_not(None)) == []
    answer = browser.post(_path(world), **TYPED, sure="1")
    assert answer.headers["Location"] == own
    page = browser.get(own)
    assert "Left the plan on November 20, 2026: Cambió de rubro." in page.text
    assert "ended the firm’s part in the plan" in page.text
    assert _path(world) not in page.links
    member = world.member(session)
    assert (member.left_on, member.left_reason) == (date(2026, 11, 20), "Cambió de rubro.")
    assert acts_on(session, member)[-1] == ("Coordinator", "member.left")


def test_the_check_leads_back_to_the_form_with_what_was_typed(session: Session, world: World, pages: PagesOf) -> None:
    browser = pages("manager")
    page = browser.check(_path(world), browser.open(_path(world), method="POST", data={
        "csrf_token": browser.token_of(_path(world)), **TYPED, "sure": "1", "again": "1"}), 200)
    assert [facts["value"] for facts in page.of("input") if facts.get("name") == "left_on"] == ["2026-11-20"]
    assert "Cambió de rubro." in page.text
    assert rows(session, Member, Member.left_on.is_not(None)) == []


@pytest.mark.parametrize(("typed", "said"), [
    ({"left_on": "31/02/2026"}, "Not a valid date value."), ({"left_on": ""}, "Give a day."),
    ({"left_on": "2026-02-01"}, "The last day must not be before February 2, 2026"),
    ({"left_on": "2026-11-25"}, "The last day must not lie ahead"), ({"reason": "  "}, "Say why, in words the firm can use."),
    ({"reason": "x" * 501}, "At most 500 characters."),
])
def test_nonsense_is_said_and_what_was_typed_stays(session: Session, world: World, pages: PagesOf, typed: dict[str, str], said: str) -> None:
    for sure in ({}, {"sure": "1"}):
        browser = pages("coordinator")
        page = browser.check(_path(world), browser.open(_path(world), method="POST", data={
            "csrf_token": browser.token_of(_path(world)), **TYPED, **typed, **sure}), 422)
        assert said in page.text
        shown = [facts["value"] for facts in page.of("input") if facts.get("name") == "left_on"]
        assert shown == [(TYPED | typed)["left_on"]]
        if "reason" not in typed:
            assert "Cambió de rubro." in page.text
    assert rows(session, Member, Member.left_on.is_not(None)) == []


def test_a_second_tab_is_told_and_changes_nothing(session: Session, world: World, pages: PagesOf) -> None:
    browser = pages("coordinator")
    token = browser.token_of(_path(world))
    for reason in ("Primera.", "Segunda."):
        browser.open(_path(world), method="POST", data={"csrf_token": token, **TYPED, "reason": reason, "sure": "1"})
    assert "Ñandú Tejidos has left the plan already." in browser.get(f"/training/members/{world.members['CL']}").text
    assert [member.left_reason for member in rows(session, Member, Member.left_on.is_not(None))] == ["Primera."]
    assert browser.open(_path(world)).status_code == 302


def test_nobody_else_gets_to_the_page(world: World, pages: PagesOf) -> None:
    for who, status in (("peru", 404), ("stranger", 404), ("coach", 403), ("firmcl", 403), ("firmpe", 403), ("observer", 403),
                        ("administrator", 403), ("evaluator", 403)):
        pages(who).get(_path(world), status)


def test_the_firm_reads_it_kindly_on_its_first_page(world: World, do: Do, pages: PagesOf) -> None:
    do(lambda session: leave_member(session, SYSTEM, world.member(session), date(2026, 11, 20), "Cambió de rubro."))
    page = pages("firmcl").get("/own")
    for words in ("Your firm left the plan on November 20, 2026", "Thank you for the way you went with us.", "“Cambió de rubro.”"):
        assert words in page.text, words
    assert "/exports/new" not in page.links
    spanish = pages("firmcl", "es").get("/own").text
    assert "Su empresa dejó el plan el 20 de noviembre de 2026" in spanish


def test_members_are_listed_by_group(session: Session, world: World, do: Do, pages: PagesOf) -> None:
    def arrange(opened: Session) -> None:
        world.member(opened, "PE").is_pilot = True
        (third,) = worlds.more_members(opened, world, 1)
        leave_member(opened, SYSTEM, opened.get_one(Member, third), date(2026, 11, 20), "Cerró.")

    do(arrange)
    manager = pages("manager")
    cohort, pilot, left = (manager.get(f"/training/?group={group}").text for group in ("cohort", "pilot", "left"))
    tokens = re.compile(r'csrf_token" value="[^"]+"')  # stamped with the second in which a page is made
    assert tokens.sub("", manager.get("/training/").text) == tokens.sub("", cohort)
    assert "1 firm on its way" in cohort
    assert "1 firm of the pilot group, outside seats, parity and totals" in pilot
    assert "1 firm that left the plan; its record stays" in left
    named = ("Ñandú Tejidos", "Cacao del Norte", "Firma X2")
    assert [[name for name in named if name in text] for text in (cohort, pilot, left)] == [[name] for name in named]
    assert "left on 20 Nov 2026" in left
    assert "Cacao del Norte" in pages("peru").get("/training/").text, "whoever reaches the pilot group alone sees it first"
