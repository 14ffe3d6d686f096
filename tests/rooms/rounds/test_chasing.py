"""Only those who began an application and have not sent it are reminded, once a day, as long as it helps."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from cohort.kit import clock
from cohort.kit.errors import DomainError
from cohort.kit.mail import write
from cohort.kit.outbox import OutboxMessage
from cohort.rounds.applications import chasing, entry
from cohort.rounds.applications import service as applications
from cohort.rounds.models import Application, Round
from tests.rooms.rounds.conftest import AFTER, ANSWERS, NOW, Site, World, post, tax_id
from tests.rooms.rounds.pages import checked


def draft(world: World, round_: Round, name: str, number: int) -> Application:
    actor = world.applicant(name, "PE")
    made = entry.begin(world.session, actor, round_, entry.TaxNumber("PE", tax_id("PE", number)[0]))
    applications.save_draft(world.session, world.actor(name), made, {**ANSWERS, "company_name": name, "product": ""})
    return made


def mails(world: World) -> list[OutboxMessage]:
    return list(world.session.scalars(select(OutboxMessage).where(OutboxMessage.kind == chasing.KIND).order_by(OutboxMessage.id)))


def test_only_unsent_drafts_are_reminded_once_a_day(world: World) -> None:
    round_ = world.call()
    world.apply(round_, "enviada", "PE", 1, womens=True)
    draft(world, round_, "abierta", 2)
    gone = world.apply(round_, "retirada", "PE", 3, womens=True)
    applications.withdraw(world.session, world.actor("retirada"), gone)
    assert chasing.remind_unsent(world.session, world.manager, round_) == 1
    assert chasing.remind_unsent(world.session, world.manager, round_) == 0
    with clock.at(NOW + timedelta(days=1)):
        assert chasing.remind_unsent(world.session, world.manager, round_) == 1
    assert [each.address for each in mails(world)] == ["abierta@firma.test"] * 2


def test_mail_says_what_is_missing_when_it_leaves_and_is_taken_back_once_sent(world: World) -> None:
    round_ = world.call()
    file = draft(world, round_, "abierta", 2)
    chasing.remind_unsent(world.session, world.manager, round_)
    mail = mails(world)[0]
    assert mail.params["needed"] == "qué vende"
    applications.save_draft(world.session, world.actor("abierta"), file, {"product": "Mantas", "travels": ""})
    fresh = chasing.still_unsent(world.session, mail)
    assert fresh is not None
    assert fresh["needed"] == "cómo viaja"
    applications.save_draft(world.session, world.actor("abierta"), file, {"travels": "parcel"})
    with clock.at(AFTER):
        assert chasing.still_unsent(world.session, mail) is None
    applications.submit(world.session, world.actor("abierta"), file)
    assert chasing.still_unsent(world.session, mail) is None


@pytest.mark.parametrize(("language", "words"), [
    ("es", ("Su postulación a «Convocatoria» no se ha enviado", "Todavía hace falta")),
    ("en", ("Your application to “Call” has not been sent", "Still needed before you can send")),
])
def test_mail_in_both_languages(app: Flask, world: World, language: str, words: tuple[str, str]) -> None:
    round_ = world.call()
    draft(world, round_, "abierta", 2)
    chasing.remind_unsent(world.session, world.manager, round_)
    mail = mails(world)[0]
    mail.language = language
    written = write(app, mail)
    assert words[0] in written.subject
    assert words[1] in written.text
    assert words[1] in written.html


def test_nobody_is_reminded_of_a_call_that_takes_nothing(world: World) -> None:
    round_ = world.call()
    draft(world, round_, "abierta", 2)
    with clock.at(AFTER), pytest.raises(DomainError) as refusal:
        chasing.remind_unsent(world.session, world.manager, round_)
    assert refusal.value.code == "remind_not_open"
    with pytest.raises(DomainError) as refusal:
        chasing.remind_unsent(world.session, world.actor("peru"), round_)
    assert refusal.value.code == "not_allowed"


def test_manager_reminds_by_one_click(doors: Site) -> None:
    number = doors.do(lambda world: draft(world, world.call(), "abierta", 2).round_id)
    client, path = doors.client("manager@plan.test"), f"/rounds/{number}"
    checked(client.get(path).text)
    for told in ("1 persona recibe un recordatorio", "ya recibieron hoy un recordatorio"):
        assert post(client, path + "/remind", page=path).headers["Location"] == path
        shown = client.get(path).text
        checked(shown)
        assert told in shown
    assert doors.do(lambda world: len(mails(world))) == 1
