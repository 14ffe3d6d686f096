"""Sessions: made, invited by rule, answered, written down on screen, at the door and from a file; who may do what."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from cohort.app import create_app
from cohort.cli import cohort
from cohort.kit import clock
from cohort.kit.access import SYSTEM, Actor, act_as
from cohort.kit.audit import check_chain
from cohort.kit.database import db, transaction
from cohort.kit.mail import write
from cohort.kit.outbox import OutboxMessage
from cohort.kit.schema import upgrade_database
from cohort.plans.service import leave_member
from cohort.rules.attendance import Attended
from cohort.training.sessions import attendance, files, hours, inviting, letters, queries, service
from cohort.training.sessions.models import Attendance, Invitation, TrainingSession
from cohort.training.sessions.service import SessionFacts
from cohort.training.sessions.sheet import NoColumn, days_of, minutes_of
from tests import world as worlds
from tests.pages import Pages, Reading, counted_queries
from tests.rooms.stage import Do, PagesOf, acts_on, refusal, rows
from tests.world import NOW, TAX_IDS, World, more_members, session_of

STARTS = datetime(2026, 12, 1, 18, tzinfo=UTC)  # a week ahead, 15:00 in Santiago
ENDS = datetime(2026, 12, 1, 20, tzinfo=UTC)
DURING = STARTS + timedelta(minutes=30)
AFTER = ENDS + timedelta(hours=1)
TYPED = {
    "title_es": "Pagos", "title_en": "Payments", "starts_at": "2026-12-01T15:00", "ends_at": "2026-12-01T17:00",
    "time_zone": "America/Santiago", "host_country": "CL", "language": "es", "link": "https://meet.example/x", "is_core": "y",
}


def ahead(do: Do, world: World, *, invited: bool = True, **differs: Any) -> int:
    """A session a week ahead, both firms invited unless said otherwise; returns its number."""

    def act(session: Session) -> int:
        made = session_of(session, world, **{"starts_at": STARTS, "ends_at": ENDS, **differs})
        if invited:
            inviting.invite(session, world.actor(session, "manager"), made)
        return made.id

    found: int = do(act)
    return found


def act_on(do: Do, world: World, number: int, who: str, what: Callable[[Session, Actor, TrainingSession], Any]) -> Any:
    """Let a person do something with a session; a service is called with what it needs."""
    return do(lambda session: what(session, world.actor(session, who), session.get_one(TrainingSession, number)))


def mails(session: Session) -> list[tuple[str, str, str]]:
    return [(each.kind, each.address, each.params.get("what", "")) for each in rows(session, OutboxMessage, OutboxMessage.kind.startswith("session_"))]


def facts_of(training: TrainingSession, **differs: Any) -> SessionFacts:
    names = ("title_es", "title_en", "starts_at", "ends_at", "time_zone", "host_country", "language", "trainer", "place", "link", "materials", "capacity", "is_core")
    held = SessionFacts(
        **{name: getattr(training, name) for name in names}, countries=tuple(training.invites["countries"]), phases=tuple(training.invites["phases"]))
    return replace(held, **differs)


# --- Making, changing, cancelling


def test_a_session_is_made_on_a_page_and_typed_in_its_own_zone(world: World, pages: PagesOf, session: Session) -> None:
    staff = pages("coordinator", "es")
    page = staff.send("/training/sessions/new", **TYPED, capacity="12", countries=["CL", "PE"], phases=["A"])
    assert {"Pagos", "Guardado. Ahora invite a las empresas a las que está dirigida."} <= set(page.words)
    (made,) = rows(session, TrainingSession)
    assert (made.starts_at, made.ends_at, made.capacity, made.invites) == (STARTS, ENDS, 12, {"countries": ["CL", "PE"], "phases": ["A"]})
    assert acts_on(session, made) == [("Coordinator", "session.made")]
    staff.get("/training/sessions/")


@pytest.mark.parametrize(("differs", "said"), [
    ({"ends_at": "2026-12-01T15:00"}, "A session ends after it begins. Give a later end."),
    ({"ends_at": "2026-12-03T15:00"}, "A session lasts at most 24 hours. Make one session a day."),
    ({"link": ""}, "Say where it is held: a place, a link, or both."),
    ({"link": "meet.example/x"}, "A link begins with https:// or http://."),
    ({"capacity": "0"}, "A whole number from 1."),
    ({"starts_at": "2026-02-31T15:00"}, "Not a valid datetime value."),
    ({"host_country": "PE", "countries": "PE"}, "Sessions are made by managers, and by coordinators of the host country or of a country invited."),
])
def test_what_cannot_be_comes_back_with_all_that_was_typed(world: World, pages: PagesOf, session: Session, differs: dict[str, str], said: str) -> None:
    staff = pages("coordinator")
    if "host_country" in differs:
        assert said in joined(staff.post("/training/sessions/new", status=403, **{**TYPED, **differs}).text)
    else:
        page = staff.sent_back("/training/sessions/new", **{**{key: value for key, value in TYPED.items() if key != "is_core"}, **differs})
        assert said in page.text
    assert rows(session, TrainingSession) == []


def joined(text: str) -> str:
    return " ".join(text.split())


def test_who_may_make_and_change(do: Do, world: World) -> None:
    number = ahead(do, world, host_country="PE", countries=("PE",))

    def may(session: Session) -> dict[str, bool]:
        return {who: service.may_edit(world.actor(session, who), "PE", ["PE"]) for who in ("manager", "peru", "coordinator", "coach", "firmpe", "observer", "administrator")}

    assert do(may) == {"manager": True, "peru": True, "coordinator": False, "coach": False, "firmpe": False, "observer": False, "administrator": False}

    def refused(session: Session) -> list[str]:
        coordinator, training = world.actor(session, "coordinator"), session.get_one(TrainingSession, number)
        return [
            refusal(lambda: service.change_session(session, coordinator, training, facts_of(training, place="X"), is_held=False)),
            refusal(lambda: service.cancel_session(session, coordinator, training, "No.")),
            refusal(lambda: inviting.invite(session, coordinator, training)),
            refusal(lambda: attendance.note_attendance(session, coordinator, training, {})),
            refusal(lambda: files.read_file(session, coordinator, training, Path("none.csv"))),
            refusal(lambda: queries.session_named(session, world.actor(session, "stranger"), number)),
        ]

    assert do(refused) == ["session_not_yours"] * 5 + ["not_found"]


def test_a_moved_session_tells_the_invited_once_a_move(do: Do, world: World, session: Session) -> None:
    number = ahead(do, world)

    def change(**differs: Any) -> int:
        told: int = act_on(do, world, number, "coordinator", lambda session, actor, training: service.change_session(
            session, actor, training, facts_of(training, **differs), is_held=False))
        return told

    assert change(trainer="Ana") == 0, "only hours, place or link are news"
    assert change(starts_at=STARTS + timedelta(hours=1)) == 2
    assert change(starts_at=STARTS + timedelta(hours=1)) == 0, "sent twice changes nothing"
    assert mails(session)[2:] == [("session_news", "firmcl@cohort.test", "moved"), ("session_news", "firmpe@cohort.test", "moved")]
    changed = act_on(do, world, number, "manager", lambda session, _actor, training: (training.starts_at, training.trainer))
    assert changed == (STARTS + timedelta(hours=1), "Ana")


def test_hours_stay_once_attendance_was_written_down(do: Do, world: World) -> None:
    number = ahead(do, world)

    def act(session: Session) -> str:
        actor, training = world.actor(session, "manager"), session.get_one(TrainingSession, number)
        with clock.at(AFTER):
            attendance.note_attendance(session, actor, training, {world.members["CL"]: 60})
            assert queries.is_held(session, training)
            return refusal(lambda: service.change_session(session, actor, training, facts_of(training, ends_at=ENDS + timedelta(hours=1)), is_held=True))

    assert do(act) == "session_held"


def test_a_cancelled_session_tells_why_and_stays(do: Do, world: World, pages: PagesOf, session: Session) -> None:
    number = ahead(do, world)
    staff = pages("coordinator", "es")
    assert "2 empresas invitadas" in staff.get(f"/training/sessions/{number}/cancel").text
    staff.sent_back(f"/training/sessions/{number}/cancel", text="  ")
    page = staff.send(f"/training/sessions/{number}/cancel", text="La sala se inundó.")
    assert {"cancelada", "La sala se inundó."} <= set(page.words)
    assert [each for each in mails(session) if each[2]] == [
        ("session_news", "firmcl@cohort.test", "cancelled"), ("session_news", "firmpe@cohort.test", "cancelled")]
    assert "La sala se inundó." in pages("firmcl").get(f"/training/sessions/{number}").words

    def again(session: Session) -> list[str]:
        actor, training = world.actor(session, "manager"), session.get_one(TrainingSession, number)
        return [
            refusal(lambda: service.cancel_session(session, actor, training, "Otra vez.")),
            refusal(lambda: service.change_session(session, actor, training, facts_of(training), is_held=False)),
            refusal(lambda: inviting.invite(session, actor, training)),
            refusal(lambda: attendance.note_attendance(session, actor, training, {})),
            refusal(lambda: inviting.answer(session, world.actor(session, "firmcl"), training, world.firms["CL"], "yes")),
            refusal(lambda: attendance.at_door(session, world.actor(session, "firmcl"), training.door_code)),
        ]

    assert do(again) == ["session_cancelled"] * 6
    over = ahead(do, world, invited=False, starts_at=NOW - timedelta(days=2), ends_at=NOW - timedelta(days=2, hours=-2))
    assert act_on(do, world, over, "manager", lambda session, actor, training: refusal(lambda: service.cancel_session(session, actor, training, "x"))) == "session_over"


# --- Inviting and answering


def test_an_invitation_goes_to_whom_the_rule_fits_of_every_country_and_once(do: Do, world: World, session: Session) -> None:
    number = ahead(do, world, invited=False)
    assert act_on(do, world, number, "coordinator", inviting.invite) == 2, "a regional session is theirs in Peru too"
    assert act_on(do, world, number, "coordinator", inviting.invite) == 0
    assert [(each.firm_id, each.answer) for each in rows(session, Invitation)] == [(world.firms["CL"], "waiting"), (world.firms["PE"], "waiting")]
    assert mails(session) == [("session_invitation", "firmcl@cohort.test", ""), ("session_invitation", "firmpe@cohort.test", "")]
    do(lambda session: more_members(session, world, 2))
    assert act_on(do, world, number, "manager", inviting.invite) == 2, "joiners fit now"
    assert act_on(do, world, number, "manager", lambda session, _actor, training: queries.tallies(session, [training.id])[number].invited) == 4


def test_countries_phases_and_leaving_decide_who_fits(do: Do, world: World) -> None:
    def fits(**differs: Any) -> list[str]:
        number = ahead(do, world, invited=False, **differs)
        found: list[str] = act_on(do, world, number, "manager", lambda session, _actor, training: [each.country for each in inviting.fitting(session, training)])
        return found

    assert (fits(countries=("PE",)), fits(phases=("A",)), fits(phases=("B", "E")), fits()) == (["PE"], ["CL", "PE"], [], ["CL", "PE"])

    def close(session: Session) -> None:
        for number in range(1, 6):  # phase A
            world.milestone(session, number).done_on = NOW.date()

    do(close)
    assert (fits(phases=("A",)), fits(phases=("B",))) == (["PE"], ["CL"])
    do(lambda session: leave_member(session, SYSTEM, world.member(session, "CL"), NOW.date(), "Cerró."))
    assert fits() == ["PE"]


def test_mails_say_day_and_hour_where_the_reader_lives(app: Flask, do: Do, world: World, session: Session) -> None:
    number = ahead(do, world)
    def written(kind: str) -> list[str]:
        found = rows(session, OutboxMessage, OutboxMessage.kind == kind)
        still_true = letters.still_invited if kind == letters.INVITATION else letters.still_news
        return [write(app, each, still_true(session, each)).text for each in found]

    chile, peru = written(letters.INVITATION)
    assert "Cuándo: mar 1 de dic 2026, 15:00–17:00 (Santiago)" in chile
    assert "Cuándo: mar 1 de dic 2026, 13:00–15:00 (Lima)" in peru
    assert f"http://localhost:5000/training/sessions/{number}" in chile
    act_on(do, world, number, "manager", lambda session, actor, training: service.cancel_session(session, actor, training, "Feriado."))
    session.expire_all()
    (first, _second) = written(letters.NEWS)
    assert "no se realiza: Feriado." in first
    message = rows(session, OutboxMessage, OutboxMessage.kind == letters.INVITATION)[0]
    assert letters.still_invited(session, message) is None, "nobody is invited to what was cancelled"


def test_a_mail_that_no_longer_holds_is_not_sent(do: Do, world: World, session: Session) -> None:
    number = ahead(do, world)
    (chile, peru) = rows(session, OutboxMessage, OutboxMessage.kind == letters.INVITATION)
    assert letters.still_invited(session, chile) is not None
    act_on(do, world, number, "firmcl", lambda session, actor, training: inviting.answer(session, actor, training, world.firms["CL"], "no"))
    do(lambda session: leave_member(session, SYSTEM, world.member(session, "PE"), NOW.date(), "Cerró."))
    session.expire_all()
    assert [letters.still_invited(session, each) for each in (chile, peru)] == [None, None]
    act_on(do, world, number, "manager", lambda session, actor, training: service.change_session(session, actor, training, facts_of(training, place="Otra"), is_held=False))
    (moved,) = rows(session, OutboxMessage, OutboxMessage.kind == letters.NEWS)
    assert letters.still_news(session, moved) is not None
    with clock.at(AFTER + timedelta(hours=1)):
        assert letters.still_news(session, moved) is None


def test_a_firm_answers_by_one_tap_and_a_full_room_is_said(do: Do, world: World, pages: PagesOf, session: Session) -> None:
    number = ahead(do, world, capacity=1)
    chile, peru = pages("firmcl", "es"), pages("firmpe", "es")
    assert {"responda, por favor", "Asistimos", "No podemos asistir"} <= set(chile.get("/own").words)
    path = f"/training/sessions/{number}"
    page = chile.send(f"{path}/answer", path, answer="yes", firm=str(world.firms["CL"]), back="/own")
    assert "Anotado: asisten." in page.words
    assert "Todos los cupos están ocupados por ahora. Diga que sí para quedar en lista de espera: por orden de llegada." in peru.get(path).words
    clock.pin(NOW + timedelta(minutes=1))
    page = peru.send(f"{path}/answer", path, answer="yes", firm=str(world.firms["PE"]))
    assert "lista de espera, número 1" in page.words
    clock.pin(NOW + timedelta(minutes=2))
    chile.send(f"{path}/answer", path, answer="no", firm=str(world.firms["CL"]))
    assert mails(session)[-1] == ("session_news", "firmpe@cohort.test", "place")
    assert letters.still_news(session, rows(session, OutboxMessage)[-1]) is not None
    assert "asisten" in peru.get(path).words
    assert [(each.answer, each.answered_by) for each in rows(session, Invitation)] == [("no", world.people["firmcl"]), ("yes", world.people["firmpe"])]


def test_answers_that_are_not_taken(do: Do, world: World, pages: PagesOf) -> None:
    number = ahead(do, world)
    path = f"/training/sessions/{number}"
    chile = pages("firmcl")
    chile.post(f"{path}/answer", path, 404, answer="yes", firm=str(world.firms["PE"]))
    assert "Answer yes or no." in chile.send(f"{path}/answer", path, answer="perhaps", firm=str(world.firms["CL"])).text

    def late(session: Session) -> str:
        with clock.at(DURING):
            return refusal(lambda: inviting.answer(
                session, world.actor(session, "firmcl"), session.get_one(TrainingSession, number), world.firms["CL"], "yes"))

    assert do(late) == "session_begun"
    uninvited = ahead(do, world, countries=("PE",))
    chile.refused(f"/training/sessions/{uninvited}", 404)
    assert "meet.example" not in pages("firmcl").get("/training/sessions/").text


# --- Attendance on the screen


def written_down(session: Session) -> list[tuple[int, int, str]]:
    return [(each.member_id, each.minutes, each.source) for each in rows(session, Attendance)]


def test_attendance_is_one_form_that_saves_as_one(do: Do, world: World, pages: PagesOf, session: Session) -> None:
    number, (third, fourth) = ahead(do, world), do(lambda session: more_members(session, world, 2))
    path, chile, peru = f"/training/sessions/{number}/attendance", world.members["CL"], world.members["PE"]
    clock.pin(DURING)
    staff = pages("manager", "es")
    page = staff.get(path)
    assert {"0 de 2 presentes", "Ñandú Tejidos", "Cacao del Norte"} <= set(page.words)
    fields = {facts["name"]: facts.get("value") for facts in page.of("input") if facts.get("name", "").startswith("minutes")}
    assert fields == {f"minutes-{chile}": "120", f"minutes-{peru}": "120"}, "filled with the session's length"
    sent = {"seen": "", f"there-{chile}": "yes", f"minutes-{chile}": "120", f"minutes-{peru}": "45", "add": str(third)}
    page = staff.send(path, **sent)
    assert "Guardado: 3 asistieron. Minutos: Cacao del Norte 0 → 45; Firma X2 0 → 120; Ñandú Tejidos 0 → 120" in page.words
    assert written_down(session) == [(chile, 120, "screen"), (peru, 45, "screen"), (third, 120, "screen")]
    assert "3 de 3 presentes" in page.words, "who was added stands on the list"
    seen = f"{chile}:120,{peru}:45,{third}:120"
    assert [facts["value"] for facts in page.of("input") if facts.get("name") == "seen"] == [seen]
    page = staff.send(path, seen=seen, **{f"there-{chile}": "yes", f"minutes-{chile}": "90", f"minutes-{peru}": "45", f"there-{peru}": "yes", f"minutes-{third}": "120"})
    assert "Guardado: 1 corregida, 1 retirada. Minutos: Firma X2 120 → 0; Ñandú Tejidos 120 → 90" in page.words
    assert written_down(session)[3:] == [(chile, 90, "screen"), (third, 0, "screen")]
    assert "Nada cambió." in staff.send(path, seen=f"{chile}:90", **{f"there-{chile}": "yes", f"minutes-{chile}": "90"}).words
    assert fourth not in {each[0] for each in written_down(session)}


def test_two_people_at_once_lose_nothing(do: Do, world: World, pages: PagesOf, session: Session) -> None:
    """Both had opened the empty list; each saves what they saw, and the second does not take the first back."""
    number = ahead(do, world)
    path, chile, peru = f"/training/sessions/{number}/attendance", world.members["CL"], world.members["PE"]
    clock.pin(DURING)
    untouched = {f"minutes-{chile}": "120", f"minutes-{peru}": "120", "seen": ""}
    pages("manager").send(path, **untouched, **{f"there-{chile}": "yes"})
    pages("second").send(path, **untouched, **{f"there-{peru}": "yes"})
    assert written_down(session) == [(chile, 120, "screen"), (peru, 120, "screen")]
    pages("manager").send(path, seen=f"{chile}:120", **{f"there-{chile}": "yes", f"minutes-{chile}": "100"})
    pages("second").send(path, seen=f"{chile}:120", **{f"there-{chile}": "yes", f"minutes-{chile}": "80"})
    training = session.get_one(TrainingSession, number)
    assert queries.latest_attendance(session, training)[chile].minutes == 80, "the latest counts"
    assert [each[1] for each in written_down(session) if each[0] == chile] == [120, 100, 80], "and all stay"


def test_faulty_minutes_keep_the_whole_list(do: Do, world: World, pages: PagesOf, session: Session) -> None:
    number = ahead(do, world)
    path, chile, peru = f"/training/sessions/{number}/attendance", world.members["CL"], world.members["PE"]
    clock.pin(DURING)
    page = pages("manager").sent_back(path, seen="", **{f"there-{chile}": "yes", f"minutes-{chile}": "12x", f"there-{peru}": "yes", f"minutes-{peru}": "30"})
    assert "Ñandú Tejidos: Minutes are whole numbers from 0 to 1,440." in page.words
    assert {facts["id"] for facts in page.of("input") if "checked" in facts} == {f"there-{chile}", f"there-{peru}"}
    pages("manager").sent_back(path, seen="", **{f"there-{chile}": "yes", f"minutes-{chile}": "1441"})
    assert written_down(session) == []


def test_a_coordinator_writes_down_their_own_firms_alone(do: Do, world: World, pages: PagesOf, session: Session) -> None:
    number = ahead(do, world)
    path = f"/training/sessions/{number}/attendance"
    clock.pin(DURING)
    assert "Cacao del Norte" not in pages("coordinator").get(path).text
    pages("coordinator").post(path, status=404, seen="", **{f"there-{world.members['PE']}": "yes", f"minutes-{world.members['PE']}": "10"})
    assert written_down(session) == []
    pages("coach").refused(path, 403)
    pages("firmcl").refused(path, 403)


def test_attendance_before_the_day_is_refused(do: Do, world: World, pages: PagesOf, session: Session) -> None:
    number = ahead(do, world)
    page = pages("manager").send(f"/training/sessions/{number}/attendance", seen="", **{f"there-{world.members['CL']}": "yes", f"minutes-{world.members['CL']}": "10"})
    assert "Attendance can be written down from the day of the session on." in page.words
    assert written_down(session) == []


# --- At the door


def test_the_code_at_the_door_notes_a_firm_once_on_its_day(do: Do, world: World, pages: PagesOf, session: Session) -> None:
    number = ahead(do, world)
    code = session.get_one(TrainingSession, number).door_code
    here = f"/training/sessions/here/{code}"
    page = pages("manager", "es").get(f"/training/sessions/{number}/door")
    assert [facts["src"][:26] for facts in page.of("img")] == ["data:image/svg+xml;charset"]
    assert f"http://localhost:5000{here}" in page.words
    assert pages().open(here).headers["Location"] == f"/sign-in?next={here.replace('/', '%2F')}", "and back after signing in"
    firm = pages("firmcl", "es")
    assert "Este código funciona solo el día de la sesión: 1 de diciembre de 2026." in firm.refused(here, 422)
    clock.pin(DURING)
    firm = pages("firmcl", "es")
    page = firm.send(here)
    assert {"Le damos la bienvenida. Su empresa quedó anotada como presente.", "Estuvieron presentes: 120 de 120 minutos."} <= set(page.words)
    assert "Ñandú Tejidos ya está anotada. No hay nada más que hacer." in firm.get(here).words
    firm.send(here, "/account/")
    assert written_down(session) == [(world.members["CL"], 120, "door")]
    pages("manager").refused(here, 403)
    clock.pin(datetime(2026, 12, 2, 3, 1, tzinfo=UTC))  # midnight has passed in Santiago, not in Lima
    pages("firmpe").refused(here, 422)


def test_the_door_is_for_members_of_the_plan(do: Do, world: World) -> None:
    number = ahead(do, world)

    def act(session: Session) -> list[str]:
        code = session.get_one(TrainingSession, number).door_code
        leave_member(session, SYSTEM, world.member(session, "CL"), NOW.date(), "Cerró.")
        with clock.at(DURING):
            return [
                refusal(lambda: attendance.enter(session, world.actor(session, "firmcl"), code)),
                refusal(lambda: attendance.enter(session, world.actor(session, "firmpe"), "another")),
            ]

    assert do(act) == ["door_stranger", "not_found"]


# --- From a file


MEETING = (
    "Name,User Email,Join Time,Duration (Minutes)\n"
    "Dueña,FirmCL@cohort.test,2026-12-01 15:02,60\n"
    "Dueña (teléfono),firmcl@cohort.test,12/01/2026 04:10 PM,45\n"
    "Rosa,manager@cohort.test,2026-12-01 14:50,140\n"
    f"Cacao,{TAX_IDS['PE']},2026-12-01 15:00,1 h 30 min\n"
)


def refused(staff: Pages, path: str, sheet: str) -> Reading:
    """Send a list that must not be written down; it comes back in its box."""
    answer = staff.post(path, status=422, sheet=sheet, apply="yes")
    assert all(line in answer.text for line in sheet.splitlines())
    return Reading(answer.text)


def test_a_file_is_shown_first_and_then_written_down_whole(do: Do, world: World, pages: PagesOf, session: Session) -> None:
    number = ahead(do, world)
    clock.pin(AFTER)
    path, staff = f"/training/sessions/{number}/file", pages("manager", "es")
    text = MEETING.replace(TAX_IDS["PE"], "firmpe@cohort.test")
    page = staff.check(path, staff.post(path, status=200, file=(BytesIO(text.encode()), "reunion.csv")), 200)
    assert {"2 empresas leídas", "1 línea del equipo quedó fuera.", "2, 3", "105", "90"} <= set(page.words)
    assert written_down(session) == []
    (box,) = [facts for facts in page.of("textarea") if facts.get("name") == "sheet"]
    kept = "\n".join(line.replace(",", "\t") for line in text.splitlines())
    assert box
    page = staff.send(path, sheet=kept, name="reunion.csv", apply="yes")
    assert "Guardado: 2 asistieron. Minutos: Cacao del Norte 0 → 90; Ñandú Tejidos 0 → 105" in page.words
    assert written_down(session) == [(world.members["CL"], 105, "file"), (world.members["PE"], 90, "file")]
    act_on(do, world, number, "manager", lambda session, actor, training: attendance.note_attendance(session, actor, training, {world.members["CL"]: 120}))
    assert "Nada cambió." in staff.send(path, sheet=kept, apply="yes").words, "a file brought in again undoes no correction"
    other = ahead(do, world, starts_at=STARTS + timedelta(hours=3), ends_at=ENDS + timedelta(hours=3))
    page = refused(staff, f"/training/sessions/{other}/file", kept)
    assert "Este mismo archivo se cargó para otra sesión, «Costos puestos en destino». Elija el archivo de esta." in page.text


FAULTY = (
    "email,tax_id,minutes,date,session\n"
    "nobody@else.test,,60,,\n"
    ",,60,,\n"
    "firmcl@cohort.test,,,,\n"
    "firmcl@cohort.test,,mucho,,\n"
    "firmcl@cohort.test,,1500,,\n"
    "firmcl@cohort.test,,60,30/11/2026,\n"
    "firmcl@cohort.test,,60,31/02/2026,\n"
    "firmcl@cohort.test,,60,,99999\n"
    "firmcl@cohort.test,,1000,,\n"
    "firmcl@cohort.test,,1000,,\n"
    "firmpe@cohort.test,,60,1/12/2026,\n"
    "nobody@else.test,,12x,31/02/2026,999998\n"
)


def test_every_fault_of_a_file_is_named_by_its_line(do: Do, world: World, pages: PagesOf, session: Session) -> None:
    number = ahead(do, world)
    clock.pin(AFTER)
    path, staff = f"/training/sessions/{number}/file", pages("manager")
    page = refused(staff, path, FAULTY)
    said = [words for words in page.words if words.startswith("Line ")]
    assert said == [
        "Line 2: “nobody@else.test” is no firm of this plan that you may write down. Correct the mail or the tax number, or take the line out.",
        "Line 3: There is neither a mail address nor a tax number. Add one of them, or take the line out.",
        "Line 4: “firmcl@cohort.test” has no minutes. Write how long it took part, or take the line out.",
        "Line 5: “mucho” is no number of minutes. Write it as 90, 1 h 30 min or 1:30:00.",
        "Line 6: 1500 is not from 0 to 1,440 minutes.",
        "Line 7: The line is of 30/11/2026, but this session was on 2026-12-01. Is it the file of another session?",
        "Line 8: “31/02/2026” is no day. Write it as 2026-11-24 or 24/11/2026.",
        f"Line 9: The line is of session 99999, but this is session {number}.",
        "Line 11: 2000 is not from 0 to 1,440 minutes.",
        f"Line 13: The line is of session 999998, but this is session {number}.",
        "Line 13: “31/02/2026” is no day. Write it as 2026-11-24 or 24/11/2026.",
        "Line 13: “nobody@else.test” is no firm of this plan that you may write down. Correct the mail or the tax number, or take the line out.",
        "Line 13: “12x” is no number of minutes. Write it as 90, 1 h 30 min or 1:30:00.",
    ]
    assert written_down(session) == []
    assert "“firmpe@cohort.test” is no firm of this plan" in refused(pages("coordinator"), path, "email,minutes\nfirmpe@cohort.test,60").text
    for sheet, words in (("", "no line with a firm"), ("name,minutes\nx,1", "these columns: email, tax_id"), ("email\nx@y.test", "these columns: minutes"), ("email,minutes", "no line with a firm")):
        assert words in refused(staff, path, sheet).text


def test_how_people_and_tools_write_minutes_and_days() -> None:
    assert [minutes_of(text) for text in ("90", "89.5", "1h 5m 31s", "45 min", "1:30:00", "-5", "1e9", "", "min")] == [90, 90, 66, 45, 90, -5, 1_000_000, None, None]
    assert {text: len(days_of(text)) for text in ("2026-11-24", "24/11/2026", "03/04/2026", "31/02/2026", "soon", "24.11.26")} == {
        "2026-11-24": 1, "24/11/2026": 1, "03/04/2026": 2, "31/02/2026": 0, "soon": 0, "24.11.26": 1}


def test_the_service_takes_no_file_with_faults(do: Do, world: World, tmp_path: Path) -> None:
    number, path, bare = ahead(do, world), tmp_path / "a.csv", tmp_path / "b.csv"
    path.write_text(FAULTY)
    bare.write_text("email,minutes\nmanager@cohort.test,10\n")

    def act(session: Session) -> list[str]:
        actor, training = world.actor(session, "manager"), session.get_one(TrainingSession, number)
        with clock.at(AFTER):
            return [refusal(partial(files.bring_in, session, actor, training, each, "x")) for each in (path, bare)]

    assert do(act) == ["attendance_faults", "attendance_empty"]
    bare.write_text("a,b\n1,2\n")
    with pytest.raises(NoColumn):
        act_on(do, world, number, "manager", lambda session, actor, training: files.read_file(session, actor, training, bare))


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Flask, Path, int]]:
    """An installation of its own with a session that is over, and a place for files."""
    monkeypatch.setenv("COHORT_INSTANCE", str(tmp_path))
    monkeypatch.setenv("COHORT_SECRET_KEY", "k" * 40)
    monkeypatch.setenv("COHORT_TODAY", AFTER.isoformat())
    site = create_app()
    upgrade_database(site)
    with site.app_context(), clock.at(NOW), transaction() as session:
        act_as(session, SYSTEM)
        number = session_of(session, worlds.build(session), starts_at=STARTS, ends_at=ENDS).id
    yield site, tmp_path / "meeting.csv", number
    with site.app_context():
        db.engine.dispose()


def test_the_command_brings_in_a_file_or_says_line_by_line_why_not(shell: tuple[Flask, Path, int]) -> None:
    site, path, number = shell

    def run(text: str, *more: str) -> tuple[int, str, str]:
        path.write_text(text, "utf-8")
        ran = CliRunner().invoke(cohort, ["import", "attendance", str(path), "--plan", "PA-2026", "--session", str(number), *more])
        return ran.exit_code, ran.stdout, ran.stderr

    def held() -> list[tuple[int, str]]:
        with site.app_context():
            found = [(each.minutes, each.source) for each in db.session.scalars(select(Attendance).order_by(Attendance.minutes))]
            assert check_chain(db.session()).broken is None
            db.session.remove()
        return found

    good = MEETING.replace(TAX_IDS["PE"], "firmpe@cohort.test")
    assert run(good, "--dry-run") == (0, "2 firms read; 1 lines of staff left out\n", "")
    code, out, err = run(FAULTY)
    assert (code, out, err.count("meeting.csv: row "), held()) == (2, "", 13, [])
    assert run(good) == (0, "2 firms read; 1 lines of staff left out\n2 came, 0 corrected, 0 taken back\n", "")
    assert run(good)[1].endswith("0 came, 0 corrected, 0 taken back\n")
    assert held() == [(90, "file"), (105, "file")]
    assert run("name\nx\n") == (2, "", f"{path}: row 1: a column is missing; expected email, tax_id\n")
    assert run("") == (2, "", f"{path}: row 1: the file is empty; expected a header row and one row a firm\n")
    assert run(good, "--session", "999") == (2, "", "there is no session 999 in a plan PA-2026\n")


# --- Hours


def test_hours_and_share_of_a_member(do: Do, world: World, pages: PagesOf) -> None:
    first = ahead(do, world, starts_at=NOW - timedelta(days=5), ends_at=NOW - timedelta(days=5, hours=-4))
    second = ahead(do, world, starts_at=NOW - timedelta(days=3), ends_at=NOW - timedelta(days=3, hours=-1))
    extra = ahead(do, world, starts_at=NOW - timedelta(days=2), ends_at=NOW - timedelta(days=2, hours=-1), is_core=False)
    off = ahead(do, world, starts_at=NOW + timedelta(hours=1), ends_at=NOW + timedelta(hours=2))
    ahead(do, world)
    chile = world.members["CL"]
    for number, minutes in ((first, 500), (extra, 60)):
        act_on(do, world, number, "coordinator", partial(attendance.note_attendance, minutes={chile: minutes}))
    act_on(do, world, off, "manager", lambda session, actor, training: service.cancel_session(session, actor, training, "Feriado."))
    found = do(lambda session: hours.hours_of(session, [world.member(session, "CL"), world.member(session, "PE")]))
    assert found == {chile: Attended(300, 240, 300), world.members["PE"]: Attended(0, 0, 300)}
    assert second in do(lambda session: [each.session_id for each in rows(session, Invitation)])
    said = "Capacitación básica: 4 de 5 h, 80 %"
    assert {said, "alcanzada"} <= set(pages("coordinator", "es").get(f"/training/members/{chile}").words)
    assert "no alcanzada" in pages("manager", "es").get(f"/training/members/{world.members['PE']}").words
    milestone, other = do(lambda session: [world.milestone(session, number).id for number in (6, 7)])
    assert said in pages("coordinator", "es").get(f"/training/milestones/{milestone}").words, "beside the milestone that core training fulfils"
    assert said not in pages("coordinator", "es").get(f"/training/milestones/{other}").words
    assert said in pages("firmcl", "es").get("/own").words
    page = pages("firmcl", "es").get("/training/sessions/")
    assert {said, "240 minutos"} & set(page.words) == {said}
    assert "El plan pide al menos el 80 % de las horas de capacitación básica ofrecidas. Con otras sesiones suman 5 h." in page.text


def test_pages_cost_the_same_however_many_firms(app: Flask, do: Do, world: World, pages: PagesOf) -> None:
    number = ahead(do, world)
    clock.pin(DURING)
    paths = ["/training/sessions/", f"/training/sessions/{number}", f"/training/sessions/{number}/attendance"]
    staff = pages("manager")
    counts = []
    for count in (1, 8):
        do(partial(more_members, world=world, count=count))
        act_on(do, world, number, "manager", inviting.invite)
        for path in paths:
            staff.get(path)
            with counted_queries(app) as statements:
                staff.get(path)
            counts.append(len(statements))
    assert counts[:3] == counts[3:]


def test_every_page_reads_well_in_spanish(do: Do, world: World, pages: PagesOf) -> None:
    number = ahead(do, world, capacity=1)
    clock.pin(DURING)
    staff = pages("coordinator", "es")
    for path in ("", "new", f"{number}", f"{number}/edit", f"{number}/cancel", f"{number}/attendance", f"{number}/door", f"{number}/file"):
        assert staff.get(f"/training/sessions/{path}").of("html")[0]["lang"] == "es"
    for path in ("", f"{number}"):
        pages("firmcl", "es").get(f"/training/sessions/{path}")
    assert "Costos puestos en destino" in pages("coach", "es").get("/training/sessions/").text
