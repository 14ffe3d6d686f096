"""A person's calendar: an address shown once, read without signing in, revoked; events keep their UID when a day moves."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from icalendar import Calendar
from sqlalchemy import select
from sqlalchemy.orm import Session

from cohort.training import service
from cohort.training.feeds.models import CalendarFeed
from cohort.training.sessions.models import Invitation, TrainingSession
from tests.pages import counted_queries
from tests.rooms.stage import Do, PagesOf
from tests.world import NOW, World


def address(pages: PagesOf, who: str, language: str = "es") -> str:
    """Make an address as its owner would and return its path."""
    page = pages(who, language).post("/calendar/", None, 200)
    found: str = page.text.split("<code>")[1].split("</code>")[0]
    assert found.startswith("http://localhost:5000/calendar/")
    return found.removeprefix("http://localhost:5000")


def events(app: Flask, path: str) -> dict[str, Any]:
    """Fetch a feed as a calendar program does; events by UID."""
    answer = app.test_client().get(path)
    assert (answer.status_code, answer.mimetype) == (200, "text/calendar")
    return {str(each["uid"]): each for each in Calendar.from_ical(answer.data).walk("VEVENT")}


def test_a_firm_reads_its_own_open_milestones_and_a_moved_day_moves_the_same_event(
    app: Flask, do: Do, world: World, pages: PagesOf,
) -> None:
    path = address(pages, "firmcl")
    before = events(app, path)
    number, due_on = do(lambda session: (world.milestone(session, 16).id, world.milestone(session, 16).due_on))
    event = before[f"milestone-{number}@cohort"]
    assert (event.decoded("dtstart"), event.decoded("dtend"), event["sequence"]) == (due_on, due_on + timedelta(days=1), 0)
    assert str(event["url"]) == f"http://localhost:5000/training/milestones/{number}"
    do(lambda session: service.redate(
        session, world.actor(session, "coordinator"), world.milestone(session, 16), due_on + timedelta(days=9), "Pidió más tiempo."))
    moved = events(app, path)
    assert set(moved) == set(before)
    assert (moved[f"milestone-{number}@cohort"].decoded("dtstart"), moved[f"milestone-{number}@cohort"]["sequence"]) == (
        due_on + timedelta(days=9), 1)


def test_staff_read_those_within_their_reach_with_the_firms_name(app: Flask, world: World, pages: PagesOf) -> None:
    found = {who: {str(each["summary"]).split(":")[0] for each in events(app, address(pages, who)).values()}
             for who in ("manager", "coordinator", "peru")}
    assert found == {
        "manager": {"Ñandú Tejidos", "Cacao del Norte"}, "coordinator": {"Ñandú Tejidos"}, "peru": {"Cacao del Norte"}}


def test_the_feed_speaks_its_owners_language(app: Flask, do: Do, world: World, pages: PagesOf) -> None:
    path = address(pages, "firmcl")
    spanish = {str(each["summary"]) for each in events(app, path).values()}
    path = address(pages, "firmcl", "en")
    english = {str(each["summary"]) for each in events(app, path).values()}
    assert spanish.isdisjoint(english)


def test_an_address_is_kept_as_a_hash_closed_by_a_new_one_and_by_revoking(app: Flask, do: Do, pages: PagesOf) -> None:
    first = address(pages, "firmcl")
    kept = do(lambda session: session.scalars(select(CalendarFeed.token_hash)).all())
    assert all(each not in first for each in kept)
    second = address(pages, "firmcl")
    client = app.test_client()
    gone = client.get(first)
    assert gone.status_code == 410
    assert "Esta dirección de calendario fue revocada" in gone.text
    assert client.get(second).status_code == 200
    assert any(each.startswith("Creada el") for each in pages("firmcl", "es").get("/calendar/").words)
    pages("firmcl").post("/calendar/revoke")
    assert client.get(second).status_code == 410
    assert client.get("/calendar/nobody-made-this-one.ics").status_code == 404


def test_sessions_stand_with_their_hours_and_a_cancelled_one_says_so(app: Flask, do: Do, world: World, pages: PagesOf) -> None:
    def plan_one(session: Session) -> int:
        member = world.milestone(session, 1).member
        made = TrainingSession(
            plan_id=member.plan_id, title_es="Precios", title_en="Prices", starts_at=NOW + timedelta(days=3),
            ends_at=NOW + timedelta(days=3, hours=2), time_zone="America/Santiago", host_country="CL", invites={}, door_code="d1",
            place="Sala 2", recorded_at=NOW)
        session.add(made)
        session.flush()
        session.add(Invitation(session_id=made.id, member_id=member.id, firm_id=member.firm_id, invited_at=NOW))
        return made.id

    number = do(plan_one)
    path = address(pages, "firmcl")
    event = events(app, path)[f"session-{number}@cohort"]
    assert (str(event["summary"]), event.decoded("dtstart"), str(event["location"]), str(event["status"])) == (
        "Precios", NOW + timedelta(days=3), "Sala 2", "CONFIRMED")
    assert f"session-{number}@cohort" not in events(app, address(pages, "firmpe"))

    def cancel(session: Session) -> None:
        held = session.get(TrainingSession, number)
        assert held is not None
        held.cancelled_at, held.cancel_reason = NOW, "La sala se inundó."

    do(cancel)
    event = events(app, path)[f"session-{number}@cohort"]
    assert (str(event["status"]), event["sequence"], str(event["description"])) == ("CANCELLED", 1, "Cancelada: La sala se inundó.")


@pytest.mark.parametrize("who", ["manager", "firmcl"])
def test_a_feed_costs_the_same_queries_whatever_it_holds(app: Flask, pages: PagesOf, who: str) -> None:
    path = address(pages, who)
    events(app, path)
    with counted_queries(app) as seen:
        events(app, path)
    assert len(seen) <= 12
