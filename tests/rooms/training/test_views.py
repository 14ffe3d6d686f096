"""Opens and sends every page of training: happy path, refusals that keep what was typed, reach, files, query counts."""

from __future__ import annotations

from datetime import date
from io import BytesIO

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from cohort.kit.access import SYSTEM
from cohort.plans.service import leave_member
from cohort.training import service
from cohort.training.contacts.service import log_call
from cohort.training.models import Milestone, MilestoneEntry
from tests.pages import counted_queries
from tests.rooms.stage import Do, PagesOf, acts_on, rows
from tests.world import NOW, PDF, World, furnish, more_members, pdf


@pytest.fixture
def first(do: Do, world: World) -> int:
    """The number of the first milestone of the firm in Chile."""
    found: int = do(lambda session: world.milestone(session, 1).id)
    return found


def waiting(do: Do, world: World, number: int = 1, who: str = "firmcl") -> int:
    """Let a firm hand one in, with a file; returns its number in the table."""

    def act(session: Session) -> int:
        milestone = world.milestone(session, number)
        service.hand_in(session, world.actor(session, who), milestone, "Firmada por la gerencia.", pdf())
        return milestone.id

    found: int = do(act)
    return found


def test_each_sees_the_members_within_reach(world: World, pages: PagesOf) -> None:
    seen = {}
    for who in ("manager", "administrator", "coordinator", "peru", "coach", "stranger"):
        page = pages(who).get("/training/")
        seen[who] = [name for name in ("Ñandú Tejidos", "Cacao del Norte") if name in page.words]
    assert seen == {
        "manager": ["Ñandú Tejidos", "Cacao del Norte"], "administrator": ["Ñandú Tejidos", "Cacao del Norte"],
        "coordinator": ["Ñandú Tejidos"], "peru": ["Cacao del Norte"], "coach": ["Ñandú Tejidos"], "stranger": [],
    }
    assert pages().open("/training/").headers["Location"] == "/sign-in?next=%2Ftraining%2F"


def test_the_list_tells_who_is_late_and_can_be_narrowed(world: World, pages: PagesOf) -> None:
    page = pages("manager").get("/training/")
    assert {"2 firms on their way", "0 of 23"} <= set(page.words)
    assert any(words.endswith(" late") for words in page.words)
    page = pages("manager").get("/training/?country=PE")
    assert "Ñandú Tejidos" not in page.words
    assert "No member of the plan is in this country, as far as you may see." in pages("manager").get("/training/?country=CO").text
    assert pages("manager").get("/training/?page=999999999999").words
    offered = {
        who: [facts["value"] for facts in pages(who).get("/training/").of("option") if "value" in facts] for who in ("manager", "coordinator")}
    assert offered == {"manager": ["", "CL", "CO", "MX", "PE"], "coordinator": []}, "where there is one country there is nothing to choose"


def test_nobody_is_led_to_what_they_may_not_open(do: Do, world: World, pages: PagesOf) -> None:
    do(lambda session: [leave_member(session, SYSTEM, world.member(session, key), NOW.date(), "Cerró.") for key in ("CL", "PE")])
    assert "/rounds/" not in pages("coach").get("/training/").links
    assert "/rounds/" in pages("manager").get("/training/").links


def test_a_firm_is_led_to_its_own_milestones(world: World, pages: PagesOf) -> None:
    for path in ("/training/", "/training/own"):
        page = pages("firmcl").follow(path)
        assert {"Onboard", "Consolidate"} <= set(page.words)
        assert "Note a call" not in page.words
    page = pages("firmcl", "es").follow("/training/own")
    assert page.of("html")[0]["lang"] == "es"


def test_a_firm_that_is_no_member_reads_why_there_is_nothing(do: Do, world: World, pages: PagesOf) -> None:
    do(lambda session: furnish(session, world))  # among others a firm that only applied
    page = pages("firmcl2").get("/training/own")
    assert "Your milestones appear here once your firm has been chosen in a call." in page.text
    assert "/calls/" in page.links


def test_a_firm_that_left_reads_so_and_can_do_nothing(do: Do, world: World, first: int, pages: PagesOf) -> None:
    do(lambda session: leave_member(session, SYSTEM, world.member(session), date(2026, 11, 20), "Cambió de rubro."))
    page = pages("firmcl").follow("/training/own")
    assert "Left the plan on November 20, 2026: Cambió de rubro." in page.text
    page = pages("firmcl").get(f"/training/milestones/{first}")
    assert "The firm left the plan on November 20, 2026; its milestones stay as they are." in page.text
    assert "text" not in {facts.get("name") for facts in page.of("textarea")}
    answer = pages("firmcl").post(f"/training/milestones/{first}/hand-in", page=f"/training/milestones/{first}", status=422, text="Sí.")
    assert "Ñandú Tejidos left the plan on November 20, 2026; its milestones stay as they are." in answer.text


def test_a_firm_hands_in_and_staff_opens_the_file(session: Session, world: World, first: int, pages: PagesOf) -> None:
    path = f"/training/milestones/{first}"
    page = pages("firmcl").send(f"{path}/hand-in", page=path, text="Firmada.", file=(BytesIO(PDF), "carta firmada.pdf"))
    assert {"Received. Your coordinator checks it.", "Handed in on November 24, 2026", "waiting for us", "Firmada."} <= set(page.words)
    link = next(each for each in page.links if "/files/" in each)
    answer = pages("coordinator").open(link)
    with answer:
        assert (answer.status_code, answer.mimetype, answer.data) == (200, "application/pdf", PDF)
        assert answer.headers["Content-Disposition"].startswith("attachment; filename=milestone-1-")
    for who, status in (("peru", 404), ("firmpe", 404), ("stranger", 404), ("observer", 403)):
        pages(who).get(link, status)
    pages("coordinator").get(f"{path}/files/anything", 404)
    entry = rows(session, MilestoneEntry)[0]
    entry.upload.path.unlink()
    assert "That file is no longer kept." in pages("coordinator").get(link, 404).text
    assert acts_on(session, session.get_one(Milestone, first)) == [("Firmcl", "milestone.handed_in")]


def test_a_hand_in_that_cannot_be_keeps_what_was_typed(session: Session, world: World, first: int, pages: PagesOf) -> None:
    path = f"/training/milestones/{first}"
    page = pages("firmcl").sent_back(f"{path}/hand-in", page=path, text="")
    assert "Add a file or say what you did." in page.text
    page = pages("firmcl").sent_back(f"{path}/hand-in", page=path, text="Firmada.", file=(BytesIO(b"MZ..."), "carta.pdf"))
    assert "“carta.pdf” is not a PDF or a photo" in page.text
    page = pages("firmcl").sent_back(f"{path}/hand-in", page=path, text="x" * 1001)
    assert "At most 1,000 characters." in page.text
    assert rows(session, MilestoneEntry) == []


def test_staff_confirms_and_goes_back_to_the_list(session: Session, do: Do, world: World, pages: PagesOf) -> None:
    milestone_id = waiting(do, world)
    path = f"/training/milestones/{milestone_id}"
    answer = pages("coordinator").post(f"{path}/confirm", page=path, back="/reports/work")
    assert answer.headers["Location"] == "/reports/work"
    assert session.get_one(Milestone, milestone_id).done_on == NOW.date()
    page = pages("firmcl").get(path)
    assert "done" in page.words
    assert acts_on(session, session.get_one(Milestone, milestone_id))[-1] == ("Coordinator", "milestone.confirmed")
    assert "confirmed it" in page.words


@pytest.mark.parametrize("back", ["//evil.test/", "https://evil.test/", "/\\evil.test", "javascript:alert(1)"])
def test_nobody_is_sent_elsewhere_after_an_act(do: Do, world: World, pages: PagesOf, back: str) -> None:
    path = f"/training/milestones/{waiting(do, world)}"
    assert pages("coordinator").post(f"{path}/confirm", page=path, back=back).headers["Location"] == path


def test_a_second_click_says_that_it_is_closed(do: Do, world: World, pages: PagesOf) -> None:
    path = f"/training/milestones/{waiting(do, world)}"
    pages("coordinator").post(f"{path}/confirm", page=path)
    page = pages("manager").send(f"{path}/confirm", page=path)
    assert "This milestone is closed already." in page.text


def test_who_handed_it_in_is_told_that_somebody_else_confirms(do: Do, world: World, pages: PagesOf) -> None:
    path = f"/training/milestones/{waiting(do, world, 2, 'coordinator')}"
    page = pages("coordinator").get(path)
    assert "You handed this in; somebody else has to confirm it." in page.text
    assert "Confirm" not in page.words
    page = pages("coordinator").send(f"{path}/confirm", page=path)
    assert "You handed this in yourself; somebody else has to confirm it." in page.text


def test_a_coach_is_offered_what_a_coach_may(do: Do, world: World, pages: PagesOf) -> None:
    page = pages("coach").get(f"/training/milestones/{waiting(do, world, 8)}")
    assert "Confirm" in page.words
    assert {"Give it another day", "Waive it for this firm"} & set(page.words) == set()
    page = pages("coach").get(f"/training/milestones/{waiting(do, world, 1)}")
    assert "Confirm" not in page.words
    pages("coach").post(
        f"/training/milestones/{waiting(do, world, 7)}/redate", page=f"/training/milestones/{waiting(do, world, 7)}/redate",
        status=403, text="Sí.", due_on="2027-03-01")


def test_what_is_sent_back_is_read_by_the_firm_with_its_reason(session: Session, do: Do, world: World, pages: PagesOf) -> None:
    path = f"/training/milestones/{waiting(do, world)}"
    assert "Say why, in words the firm can use." in pages("coordinator").sent_back(f"{path}/send_back", text=" ").text
    page = pages("coordinator").send(f"{path}/send_back", text="Falta la firma.")
    assert "Saved. The firm reads your reason." in page.text
    page = pages("firmcl").get(path)
    assert {"Sent back", "Falta la firma."} <= set(page.words)
    assert "“Falta la firma.”" in page.text
    assert page.of("textarea"), "and may hand it in again"


def test_another_day_is_given_inside_the_plan(session: Session, world: World, first: int, pages: PagesOf) -> None:
    path = f"/training/milestones/{first}/redate"
    page = pages("coordinator").sent_back(path, due_on="2029-01-01", text="Acordado.")
    assert "The new day must lie between February 2, 2026 and January 5, 2028." in page.text
    assert "Give a day." in pages("coordinator").sent_back(path, due_on="", text="Acordado.").text
    pages("coordinator").send(path, due_on="2027-03-01", text="Acordado.")
    assert session.get_one(Milestone, first).due_on == date(2027, 3, 1)


def test_what_the_programme_needs_is_not_offered_to_be_waived(session: Session, do: Do, world: World, first: int, pages: PagesOf) -> None:
    assert "Waive it for this firm" not in pages("coordinator").get(f"/training/milestones/{first}").words
    page = pages("coordinator").sent_back(f"/training/milestones/{first}/waive", text="No.")
    assert "The programme cannot be completed without this milestone." in page.text
    ninth = do(lambda session: world.milestone(session, 9).id)
    page = pages("coordinator").send(f"/training/milestones/{ninth}/waive", text="Vende servicios.")
    assert "waived" in page.words
    assert "Open it again" not in page.words
    page = pages("manager").send(f"/training/milestones/{ninth}/reopen", text="Sí hace falta.")
    assert session.get_one(Milestone, ninth).waived_on is None
    assert "opened it again" in page.words


def test_an_export_milestone_leads_to_the_log(do: Do, world: World, pages: PagesOf) -> None:
    path = f"/training/milestones/{do(lambda session: world.milestone(session, 15).id)}"
    page = pages("firmcl").get(path)
    assert "It closes by itself as soon as enough exports are verified." in page.text
    assert "/exports/new" in page.links
    assert page.of("textarea") == []
    assert "/exports/new" not in [link for link in pages("coordinator").get(path).links if link.endswith("/new")]


def test_what_comes_first_is_said(do: Do, world: World, pages: PagesOf) -> None:
    page = pages("firmcl").get(f"/training/milestones/{do(lambda session: world.milestone(session, 22).id)}")
    assert "Milestone 15 comes first; you may hand this in already." in page.text


def test_pages_of_others_are_not_found(world: World, first: int, pages: PagesOf) -> None:
    for who in ("peru", "firmpe", "stranger"):
        pages(who).get(f"/training/milestones/{first}", 404)
        pages(who).get(f"/training/members/{world.members['CL']}", 404)
    for who in ("observer", "evaluator", "nobody"):
        pages(who).get(f"/training/milestones/{first}", 403)
    pages("manager").get("/training/milestones/99999", 404)
    pages("manager").get("/training/members/99999", 404)
    pages("manager").get(f"/training/milestones/{first}/burn", 404)


def test_the_list_takes_as_many_queries_for_one_member_as_for_fifty(app: Flask, do: Do, world: World, pages: PagesOf) -> None:
    browser, counts, made = pages("manager"), [], 0
    for size in (1, 3, 50):
        do(lambda session, more=size - made: more_members(session, world, more))
        made = size
        with counted_queries(app) as statements:
            browser.get("/training/")
        counts.append(len(statements))
    assert counts[0] == counts[1] == counts[2], counts


def test_pages_take_as_many_queries_for_one_entry_as_for_fifty(app: Flask, do: Do, world: World, pages: PagesOf) -> None:
    browser, counts, made = pages("coordinator"), [], 0
    for size in (1, 3, 50):
        for _each in range(size - made):
            milestone_id = waiting(do, world)
            do(lambda session: log_call(session, world.actor(session, "coach"), world.member(session), "Hola."))
        made = size
        with counted_queries(app) as statements:
            browser.get(f"/training/milestones/{milestone_id}")
            browser.get(f"/training/members/{world.members['CL']}")
        counts.append(len(statements))
    assert counts[0] == counts[1] == counts[2], counts
