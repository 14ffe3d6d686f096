"""Tries coaching notes: what one needs, corrections, next steps and where they are shown, who reads what."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from sqlalchemy.orm import Session

from cohort.kit import clock
from cohort.plans.service import leave_member
from cohort.training.coaching import queries, service
from cohort.training.coaching.models import CoachingLog
from cohort.training.coaching.service import Talk
from tests.rooms.stage import Do, PagesOf, noted, refusal, rows
from tests.world import NOW, World

TODAY = NOW.date()
TALK = Talk(TODAY - timedelta(days=3), 45, " Precios en México. ", " Enviar la hoja de costos ", TODAY)
STEP = "Enviar la hoja de costos"


def log(session: Session, world: World, talk: Talk = TALK, who: str = "coach", corrects: CoachingLog | None = None) -> CoachingLog:
    return service.log_talk(session, world.actor(session, who), world.member(session), talk, corrects)


def test_a_talk_is_noted_with_its_next_step(session: Session, world: World) -> None:
    found = log(session, world)
    assert (found.held_on, found.minutes, found.about, found.next_step, found.next_on, found.next_done_on, found.recorded_at) == (
        TODAY - timedelta(days=3), 45, "Precios en México.", STEP, TODAY, None, NOW)
    assert noted(session)[-1][::2] == ("coaching.held", {"held_on": TODAY - timedelta(days=3), "minutes": 45, "next_on": TODAY})
    assert [(each.who, each.is_corrected) for each in queries.talks_of(session, world.member(session))] == [("Coach", False)]


def test_what_a_note_needs(session: Session, world: World) -> None:
    faults = {
        "talk_empty": [replace(TALK, about="  ")],
        "talk_day": [replace(TALK, held_on=TODAY + timedelta(days=1)), replace(TALK, held_on=date(2026, 1, 4))],
        "talk_minutes": [replace(TALK, minutes=0), replace(TALK, minutes=601), replace(TALK, minutes=-5)],
        "step_without_day": [replace(TALK, next_on=None), replace(TALK, next_step=" ")],
        "step_before_talk": [replace(TALK, next_on=TODAY - timedelta(days=4))],
    }
    for code, talks in faults.items():
        for talk in talks:
            assert refusal(lambda talk=talk: log(session, world, talk)) == code, talk
    for who in ("firmcl", "administrator", "observer", "evaluator", "nobody"):
        assert refusal(lambda who=who: log(session, world, who=who)) == "not_allowed", who
    assert rows(session, CoachingLog) == []
    assert log(session, world, Talk(TODAY, 600, "Cierre.")).next_on is None


def test_a_correction_is_a_new_note_that_names_the_old_one(session: Session, world: World) -> None:
    first = log(session, world)
    second = log(session, world, replace(TALK, minutes=60), corrects=first)
    assert (second.corrects_id, first.minutes, second.minutes) == (first.id, 45, 60)
    assert refusal(lambda: log(session, world, corrects=first)) == "talk_corrected"
    found = queries.talks_of(session, world.member(session))
    assert [(each.talk.id, each.is_corrected) for each in found] == [(second.id, False), (first.id, True)]
    assert queries.minutes_of(found) == 60
    assert [each.talk.id for each in queries.open_steps(session, world.member(session), TODAY)] == [second.id]
    third = log(session, world, replace(TALK, about="Otra."), who="coordinator", corrects=second)
    assert refusal(lambda: log(session, world, corrects=third)) == "talk_of_another", "a coach corrects own notes alone"
    assert refusal(lambda: service.log_talk(
        session, world.actor(session, "manager"), world.member(session, "PE"), TALK, third)) == "not_found"


def test_a_step_is_done_once_and_stays_done_through_a_correction(session: Session, world: World) -> None:
    first, member = log(session, world), world.member(session)
    service.finish_step(session, world.actor(session, "firmcl"), member, first)
    assert (first.next_done_on, queries.open_steps(session, member, TODAY)) == (TODAY, [])
    assert refusal(lambda: service.finish_step(session, world.actor(session, "coach"), member, first)) == "step_done"
    same = log(session, world, replace(TALK, minutes=50), corrects=first)
    assert same.next_done_on == TODAY
    other = log(session, world, replace(TALK, next_step="Otra cosa"), corrects=same)
    assert other.next_done_on is None
    coach = world.actor(session, "coach")
    assert refusal(lambda: service.finish_step(session, coach, member, same)) == "talk_corrected"
    without = log(session, world, Talk(TODAY, 30, "Sin paso."))
    assert refusal(lambda: service.finish_step(session, coach, member, without)) == "not_found"
    for who in ("observer", "administrator"):
        assert refusal(lambda who=who: service.finish_step(session, world.actor(session, who), member, other)) == "not_allowed", who


def test_due_steps_are_of_whoever_noted_them(session: Session, world: World) -> None:
    later = log(session, world, replace(TALK, next_on=TODAY + timedelta(days=1)))
    due = log(session, world)
    others = log(session, world, who="coordinator")
    coach, coordinator = world.actor(session, "coach"), world.actor(session, "coordinator")
    assert [each.talk.id for each in queries.due_steps(session, coach, TODAY)] == [due.id]
    assert [(each.talk.id, each.days_left) for each in queries.due_steps(session, coach, TODAY + timedelta(days=2))] == [
        (due.id, -2), (later.id, -1)]
    assert [each.talk.id for each in queries.due_steps(session, coordinator, TODAY)] == [others.id]
    leave_member(session, world.actor(session, "manager"), world.member(session), TODAY, "Cerró.")
    assert queries.due_steps(session, coach, TODAY) == []


def test_a_note_is_written_on_its_page_and_corrected_there(session: Session, world: World, pages: PagesOf) -> None:
    path = f"/training/members/{world.members['CL']}/talks/new"
    coach = pages("coach")
    typed = {"held_on": TODAY.isoformat(), "minutes": "45", "about": "Precios.", "next_step": STEP, "next_on": TODAY.isoformat()}
    assert "Say in a few words what you talked about." in coach.sent_back(path, **typed | {"about": " "}).text
    assert "Give the next step a day, or leave both empty." in coach.sent_back(path, **typed | {"next_on": ""}).text
    assert "A talk lasts from 1 to 600 minutes." in coach.sent_back(path, **typed | {"minutes": "601"}).text
    page = coach.send(path, **typed)
    assert {"Noted.", "Precios.", "0.8 hours in all", STEP, "Nov 24, 2026" if "Nov 24, 2026" in page.words else "November 24, 2026"} <= set(page.words)
    correct = next(link for link in page.links if "corrects=" in link)
    assert "Precios." in coach.get(correct).words
    page = coach.send(correct, **typed | {"minutes": "90"})
    assert {"corrected", "correction", "1.5 hours in all"} <= set(page.words)
    assert "This note was corrected already; correct the newer one." in coach.sent_back(correct, **typed).text
    assert [row.minutes for row in rows(session, CoachingLog)] == [45, 90]


def test_steps_are_shown_to_whoever_noted_them_and_to_the_firm_and_are_done_there(
    session: Session, world: World, pages: PagesOf, do: Do
) -> None:
    member = world.members["CL"]
    do(lambda session: log(session, world))
    do(lambda session: log(session, world, who="coordinator", talk=replace(TALK, next_step="Llamar al banco")))
    assert STEP in pages("coach").get("/training/").text
    assert "Llamar al banco" in pages("coordinator").get("/reports/work").text
    assert STEP not in pages("coordinator").get("/reports/work").text
    owner = pages("firmcl", "es")
    page = owner.get("/own")
    assert {STEP, "Llamar al banco", "Próximos pasos acordados con usted"} <= set(page.words)
    own = owner.get(f"/training/members/{member}")
    assert STEP in own.text
    assert "Precios en México." not in own.text, "the note is for staff"
    first = rows(session, CoachingLog)[0]
    page = owner.send(f"/training/members/{member}/talks/{first.id}/done", "/own", back="/own#steps")
    assert "Marcado como hecho." in page.words
    assert STEP not in page.words
    page = owner.send(f"/training/members/{member}/talks/{first.id}/done", "/own")
    assert "Este paso ya está hecho." in page.words
    clock.pin(NOW + timedelta(days=2))
    assert "2 days late" in pages("coordinator").get("/reports/work").text


def test_other_countries_firms_and_plans_reach_nothing(session: Session, world: World, pages: PagesOf, do: Do) -> None:
    talk = do(lambda session: log(session, world).id)
    expected = {"peru": (404, 404), "stranger": (404, 404), "firmpe": (403, 404), "observer": (403, 403)}
    for who, (note, done) in expected.items():
        browser = pages(who)
        token = browser.token_of("/account/")
        path = f"/training/members/{world.members['CL']}/talks"
        assert browser.open(f"{path}/new").status_code == note, who
        assert browser.open(f"{path}/{talk}/done", method="POST", data={"csrf_token": token}).status_code == done, who
    assert rows(session, CoachingLog)[0].next_done_on is None
