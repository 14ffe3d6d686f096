"""Tries calls and WhatsApp messages: consent, phone, one-use link, language, who may, what is noted."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import unquote, urlsplit

from flask import Flask
from sqlalchemy.orm import Session

from cohort.firms.models import FirmPerson
from cohort.kit import clock
from cohort.people.links import use_link
from cohort.people.models import OneUseLink
from cohort.plans.service import leave_member
from cohort.training import queries
from cohort.training.contacts import service
from cohort.training.models import ContactNote
from tests.pages import Pages
from tests.rooms.stage import Do, PagesOf, noted, refusal, rows
from tests.world import NOW, World, agree_to_whatsapp


def test_a_call_is_noted(session: Session, world: World) -> None:
    coach = world.actor(session, "coach")
    note = service.log_call(session, coach, world.member(session), " Espera al banco. ", "milestone 11")
    assert (note.kind, note.text, note.about, note.recorded_by, note.recorded_at) == (
        "call", "Espera al banco.", "milestone 11", coach.person_id, NOW)
    assert [(each.kind, each.text, each.who) for each in queries.notes_of(session, world.plan, world.firms["CL"])] == [
        ("call", "Espera al banco.", "Coach")]
    assert noted(session)[-1][0::2] == ("contact.call", {"firm": world.firms["CL"]})


def test_a_call_needs_words_and_a_right(session: Session, world: World) -> None:
    member = world.member(session)
    assert refusal(lambda: service.log_call(session, world.actor(session, "coach"), member, "  ")) == "note_empty"
    for who in ("firmcl", "administrator", "observer", "evaluator", "nobody"):
        actor = world.actor(session, who)
        assert refusal(lambda actor=actor: service.log_call(session, actor, member, "Hola.")) == "not_allowed", who
        assert refusal(lambda actor=actor: service.prepare_whatsapp(session, actor, member, "Hola.")) == "not_allowed", who
    assert rows(session, ContactNote) == []


def test_a_message_needs_the_firms_own_consent_and_a_phone(session: Session, world: World) -> None:
    coordinator, member = world.actor(session, "coordinator"), world.member(session)
    assert refusal(lambda: service.prepare_whatsapp(session, coordinator, member, "Hola.")) == "no_whatsapp_consent"
    agree_to_whatsapp(session, world)
    contact = rows(session, FirmPerson, FirmPerson.firm_id == member.firm_id)[0]
    contact.phone = ""
    assert refusal(lambda: service.prepare_whatsapp(session, coordinator, member, "Hola.")) == "no_phone"
    contact.phone, contact.until_on = "+56987654321", NOW.date()
    assert refusal(lambda: service.prepare_whatsapp(session, coordinator, member, "Hola.")) == "no_phone"
    contact.until_on = None
    assert refusal(lambda: service.prepare_whatsapp(session, coordinator, member, " ")) == "note_empty"
    assert rows(session, ContactNote) == []


def test_a_message_is_prepared_and_leaves_from_the_persons_own_phone(session: Session, world: World) -> None:
    agree_to_whatsapp(session, world)
    coordinator = world.actor(session, "coordinator")
    found = service.prepare_whatsapp(session, coordinator, world.member(session), " ¿Cómo va? 100 % & más ")
    assert (found.to, found.text) == ("Dueña Ñandú Tejidos", "¿Cómo va? 100 % & más")
    address = urlsplit(found.href)
    assert (address.scheme, address.netloc, address.path) == ("https", "wa.me", "/56987654321")
    assert unquote(address.query) == "text=¿Cómo va? 100 % & más"
    assert [(row.kind, row.text) for row in rows(session, ContactNote)] == [("whatsapp", "¿Cómo va? 100 % & más")]


def test_a_link_goes_with_it_works_once_and_is_not_kept(session: Session, world: World) -> None:
    agree_to_whatsapp(session, world)
    found = service.prepare_whatsapp(session, world.actor(session, "coordinator"), world.member(session), "Entra aquí:", with_link=True)
    words, link = found.text.split("\n")
    assert (words, urlsplit(link).path.startswith("/sign-in/link/")) == ("Entra aquí:", True)
    assert link in unquote(found.href)
    assert [row.text for row in rows(session, ContactNote)] == ["Entra aquí:"], "the link opens a door: it is not noted"
    made = rows(session, OneUseLink)[0]
    assert (made.person_id, made.purpose, made.expires_at) == (world.people["firmcl"], "handed", NOW + timedelta(minutes=30))
    token = link.rsplit("/", 1)[-1]
    assert use_link(session, token).id == made.id
    assert refusal(lambda: use_link(session, token)) == "link_used"


def test_a_link_is_late_after_half_an_hour(session: Session, world: World) -> None:
    agree_to_whatsapp(session, world)
    found = service.prepare_whatsapp(session, world.actor(session, "coordinator"), world.member(session), "Entra:", with_link=True)
    with clock.at(NOW + timedelta(minutes=30)):
        assert refusal(lambda: use_link(session, found.text.rsplit("/", 1)[-1])) == "link_expired"


def test_a_link_needs_somebody_who_has_an_account_and_somebody_who_may_invite(session: Session, world: World) -> None:
    agree_to_whatsapp(session, world)
    member = world.member(session)
    assert refusal(lambda: service.prepare_whatsapp(
        session, world.actor(session, "coach"), member, "Entra:", with_link=True)) == "not_allowed"
    rows(session, FirmPerson, FirmPerson.firm_id == member.firm_id)[0].person_id = None
    assert refusal(lambda: service.prepare_whatsapp(
        session, world.actor(session, "coordinator"), member, "Entra:", with_link=True)) == "no_account_for_link"


def test_the_words_to_begin_with_are_in_the_firms_language(app: Flask, session: Session, world: World) -> None:
    member = world.member(session)
    contact = rows(session, FirmPerson, FirmPerson.firm_id == member.firm_id)[0]
    standing = queries.standing_of(session, member, NOW.date())
    assert standing.next is not None
    said = {}
    for language in ("es", "en"):
        contact.language = language
        with app.test_request_context():
            said[language] = service.suggested_text(standing, contact)
    assert standing.next.milestone.title_es in said["es"]
    assert standing.next.milestone.title_en in said["en"]
    assert "Hello Dueña Ñandú Tejidos, a reminder from the programme" in said["en"]
    for row in standing.dated:
        row.milestone.done_on = NOW.date()
    done = queries.standing_of(session, member, NOW.date())
    with app.test_request_context():
        assert "how are your sales abroad going?" in service.suggested_text(done, contact)


def test_a_call_is_noted_on_its_page(session: Session, world: World, pages: PagesOf) -> None:
    path = f"/training/members/{world.members['CL']}/call"
    page = pages("coach").get(path)
    assert "tel:+56987654321" in page.links
    assert "A few words help whoever calls next." in pages("coach").sent_back(path, text="  ").text
    page = pages("coach").send(path, text="Espera al banco.")
    assert {"Noted.", "Espera al banco."} <= set(page.words)
    assert "Nov 24, 2026" in page.text.replace("24 Nov 2026", "Nov 24, 2026")
    assert [row.text for row in rows(session, ContactNote)] == ["Espera al banco."]


def test_a_message_is_written_then_opened(session: Session, world: World, pages: PagesOf, do: Do) -> None:
    path = f"/training/members/{world.members['CL']}/whatsapp"
    page = pages("coordinator").follow(path)
    assert "Ñandú Tejidos has not agreed to be written to by WhatsApp." in page.text
    do(lambda session: agree_to_whatsapp(session, world))
    page = pages("coordinator").get(path)
    assert "with_link" in {facts.get("name") for facts in page.of("input")}
    assert "Dueña Ñandú Tejidos" in page.text
    coach = pages("coach")
    assert "with_link" not in {facts.get("name") for facts in coach.get(path).of("input")}
    assert "Write the message." in pages("coordinator").sent_back(path, text=" ").text
    page = _prepared(pages("coordinator"), path, text="¿Cómo va?", with_link="y")
    assert [link for link in page if link.startswith("https://wa.me/56987654321?text=")]
    assert "You may not do this." in coach.post(path, status=403, text="Hola.", with_link="y").text


def _prepared(browser: Pages, path: str, **typed: str) -> list[str]:
    answer = browser.open(path, method="POST", data={"csrf_token": browser.token_of(path), **typed})
    assert answer.status_code == 200, browser.check(path, answer, 422).words
    return browser.check(path, answer, 200).links


def test_other_countries_firms_and_plans_reach_nobody(session: Session, world: World, pages: PagesOf) -> None:
    expected = {"peru": 404, "stranger": 404, "firmcl": 403, "firmpe": 403, "observer": 403}
    for kind in ("call", "whatsapp"):
        path, read, sent = f"/training/members/{world.members['CL']}/{kind}", {}, {}
        for who in expected:
            browser = pages(who)
            read[who] = browser.open(path).status_code
            token = browser.token_of("/account/")
            sent[who] = browser.open(path, method="POST", data={"csrf_token": token, "text": "Hola."}).status_code
        assert (read, sent) == (expected, expected), kind
    assert rows(session, ContactNote) == []


def test_a_firm_that_left_may_still_be_called(session: Session, world: World) -> None:
    member = world.member(session)
    leave_member(session, world.actor(session, "manager"), member, NOW.date(), "Cerró.")
    assert service.log_call(session, world.actor(session, "coordinator"), member, "¿Por qué?").kind == "call"
