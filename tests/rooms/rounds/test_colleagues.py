"""A firm invites a colleague: with the mailed link they act for the firm and find its application as it stands."""

from __future__ import annotations

from sqlalchemy import select

from cohort.kit.access import ANONYMOUS
from cohort.kit.outbox import OutboxMessage
from cohort.people import invitations
from cohort.people.actors import actor_of
from cohort.rounds.applications import colleagues, entry, queries
from cohort.rounds.models import Application
from tests.rooms.rounds.conftest import CODE, Site, World, post, tax_id
from tests.rooms.rounds.pages import checked
from tests.rooms.rounds.test_seats import refused


def test_a_colleague_acts_for_the_firm_and_finds_its_application(world: World) -> None:
    round_ = world.call()
    application = world.apply(round_, "rosa", "PE", 1, womens=True)
    link = colleagues.invite_colleague(world.session, world.actor("rosa"), application, " Ines@Firma.test ")
    mail = world.session.scalars(select(OutboxMessage).where(OutboxMessage.kind == "invitation")).one()
    assert mail.address == "ines@firma.test"
    ines = invitations.accept_invitation(world.session, ANONYMOUS, link.rsplit("/", 1)[1], "Inés", "es")
    found = queries.own_application(world.session, actor_of(world.session, ines, world.plan.id), round_)
    assert found is not None
    assert found.id == application.id


def test_who_does_not_act_for_the_firm_invites_nobody_and_five_may_wait(world: World) -> None:
    round_ = world.call()
    application = world.apply(round_, "rosa", "PE", 1, womens=True)
    other = world.applicant("otra", "PE")
    refused("colleague_no_firm", lambda: colleagues.invite_colleague(world.session, other, application, "x@firma.test"))
    asked = entry.begin(world.session, other, round_, entry.TaxNumber("PE", *tax_id("PE", 1)))
    refused("colleague_no_firm", lambda: colleagues.invite_colleague(world.session, world.actor("otra"), asked, "x@firma.test"))
    for number in range(5):
        colleagues.invite_colleague(world.session, world.actor("rosa"), application, f"c{number}@firma.test")
    refused("colleague_many", lambda: colleagues.invite_colleague(world.session, world.actor("rosa"), application, "c5@firma.test"))


def test_the_page_keeps_what_is_no_address_and_says_what_was_sent(doors: Site) -> None:
    doors.do(lambda world: world.apply(world.call(), "rosa", "PE", 1, womens=True))
    client, path = doors.client("rosa@firma.test"), f"/apply/{CODE}/colleague"
    checked(client.get(path).text)
    answer = post(client, path, email="nadie")
    assert answer.status_code == 422
    assert "«nadie» no es un correo. Se espera: nombre@dominio." in answer.text
    assert 'value="nadie"' in answer.text
    assert post(client, path, email="ines@firma.test").headers["Location"] == f"/apply/{CODE}/receipt"
    assert "ines@firma.test recibe un enlace por correo" in client.get(f"/apply/{CODE}/receipt").text
    assert doors.do(lambda world: world.session.scalars(select(Application.firm_id)).one()) is not None
