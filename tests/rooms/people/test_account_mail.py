"""Holds which mails a person may turn off, and how a mail address changes: proven first, told to the old one."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from cohort.kit import clock, notices
from cohort.kit.access import Role
from cohort.kit.audit import AuditEntry
from cohort.kit.database import transaction
from cohort.kit.delivery import NO_LONGER_TRUE, prepare
from cohort.kit.mail import write
from cohort.kit.outbox import MailState, OutboxMessage, Recipient, enqueue
from cohort.people.models import OneUseLink, Person
from tests.pages import Pages

from .conftest import PASSWORD, MakePerson, World, is_in, person_of, post, sign_in

FIRM_KINDS = {"reminder_firm", "stage_flag_firm", "lapse_warning", "export_verified"}


@pytest.fixture
def ana(client: FlaskClient, make_person: MakePerson) -> FlaskClient:
    """A browser in which a manager is signed in, in English."""
    make_person("ana@mesa.test", Role.MANAGER)
    sign_in(client, "ana@mesa.test")
    post(client, "/account/language", page="/account/", language="en")
    return client


@pytest.fixture
def rosa(app: Flask, make_person: MakePerson, world: World) -> FlaskClient:
    """A browser in which somebody of a firm is signed in."""
    make_person("rosa@firma.test", Role.FIRM, firm_id=world.firm_cl)
    client = app.test_client()
    sign_in(client, "rosa@firma.test")
    return client


def mails(session: Session, *kinds: str) -> list[OutboxMessage]:
    return list(session.scalars(select(OutboxMessage).where(OutboxMessage.kind.in_(kinds)).order_by(OutboxMessage.id)))


def link_to(session: Session, address: str) -> str:
    """The path of the last link mailed to an address."""
    sent = [mail for mail in mails(session, "confirm_new_address") if mail.address == address]
    return re.sub(r"^https?://[^/]+", "", sent[-1].params["link"])


# --- notices ----------------------------------------------------------------------------------------------------


def offered(client: FlaskClient, app: Flask) -> set[str]:
    return {tick["value"] for tick in Pages(app, client).get("/account/").of("input") if tick.get("name") == "wanted"}


def test_everybody_is_offered_the_notices_of_their_roles(app: Flask, ana: FlaskClient, rosa: FlaskClient) -> None:
    assert (offered(ana, app), offered(rosa, app)) == ({"stage_flag_coordinator"}, FIRM_KINDS)


def test_what_is_turned_off_is_kept_noted_and_not_sent(app: Flask, rosa: FlaskClient, session: Session) -> None:
    wanted = sorted(FIRM_KINDS - {"export_verified", "lapse_warning"})
    assert post(rosa, "/account/notices", page="/account/", wanted=wanted).location == "/account/#notices"
    person = person_of(session, "rosa@firma.test")
    assert notices.turned_off(session, person.id) == {"export_verified", "lapse_warning"}
    ticked = {tick["value"] for tick in Pages(app, rosa).get("/account/").of("input") if tick.get("name") == "wanted" and "checked" in tick}
    assert ticked == set(wanted)
    assert session.scalars(select(AuditEntry.action).order_by(AuditEntry.seq)).all()[-1] == "person.notices_chosen"
    post(rosa, "/account/notices", page="/account/", wanted=sorted(FIRM_KINDS))
    session.expire_all()
    assert notices.turned_off(session, person.id) == set()


def test_a_mail_that_was_turned_off_is_cancelled_when_it_would_leave(app: Flask, rosa: FlaskClient, session: Session) -> None:
    person = person_of(session, "rosa@firma.test")
    with app.app_context(), transaction() as writing:
        notices.turn_off(writing, person.id, ["lapse_warning", "account_changed"])
        to = Recipient(person.email, "", person_id=person.id)
        queued = [enqueue(writing, to, kind, "x", number, clock.today(), 0, {"what": "password"})
                  for number, kind in enumerate(("lapse_warning", "account_changed"))]
        ready = prepare(app, writing, [mail.id for mail in queued if mail])
    assert [each.verdict for each in ready] == [{"state": MailState.CANCELLED, "reason": NO_LONGER_TRUE}, None]


@pytest.mark.parametrize("kind", ["account_changed", "decision_selected", "nonsense"])
def test_what_is_owed_cannot_be_turned_off(rosa: FlaskClient, session: Session, kind: str) -> None:
    assert post(rosa, "/account/notices", page="/account/", wanted=[kind]).status_code == 422
    assert notices.turned_off(session, person_of(session, "rosa@firma.test").id) == set()


def test_choices_of_another_role_stay(app: Flask, rosa: FlaskClient, session: Session) -> None:
    person = person_of(session, "rosa@firma.test")
    with app.app_context(), transaction() as writing:
        notices.turn_off(writing, person.id, ["stage_flag_coordinator"])
    post(rosa, "/account/notices", page="/account/")
    assert notices.turned_off(session, person.id) == {*FIRM_KINDS, "stage_flag_coordinator"}


def test_only_registered_kinds_may_be_named_and_once() -> None:
    with pytest.raises(LookupError):
        notices.may_be_off("nonsense", "x")
    with pytest.raises(ValueError, match="already"):
        notices.may_be_off("lapse_warning", "x")


# --- the mail address -------------------------------------------------------------------------------------------


def test_a_new_address_holds_once_its_link_was_opened(app: Flask, ana: FlaskClient, session: Session) -> None:
    pages = Pages(app, ana)
    assert "Until you open it, your old address holds" in pages.send("/account/address", "/account/", email=" Ana@Nueva.test ").text
    asked = mails(session, "confirm_new_address", "account_changed")
    assert [(mail.address, mail.params.get("what")) for mail in asked] == [("ana@nueva.test", None), ("ana@mesa.test", "address_asked")]
    path = link_to(session, "ana@nueva.test")
    assert person_of(session, "ana@mesa.test").name == "Ana"
    assert "ana@nueva.test" in Pages(app).get(path).text
    assert person_of(session, "ana@mesa.test").name == "Ana", "a look at the link changes nothing"
    assert post(app.test_client(), path, page=path).location == "/sign-in?email=ana@nueva.test"
    session.expire_all()
    assert person_of(session, "ana@nueva.test").name == "Ana"
    told = mails(session, "account_changed")[-1]
    assert (told.address, told.params["what"]) == ("ana@mesa.test", "address")
    assert is_in(ana)
    other = app.test_client()
    sign_in(other, "ana@nueva.test", PASSWORD)
    assert is_in(other)
    assert post(app.test_client(), path).status_code == 410


def test_the_link_expires_and_a_later_one_takes_its_place(app: Flask, ana: FlaskClient, session: Session) -> None:
    post(ana, "/account/address", page="/account/", email="one@nueva.test")
    first = link_to(session, "one@nueva.test")
    post(ana, "/account/address", page="/account/", email="two@nueva.test")
    second = link_to(session, "two@nueva.test")
    assert app.test_client().get(first).status_code == 410
    with clock.at(clock.now() + timedelta(hours=24, seconds=1)):
        assert [app.test_client().get(second).status_code, post(app.test_client(), second).status_code] == [410, 410]
    assert app.test_client().get("/account/address/nonsense").status_code == 404
    assert session.scalars(select(Person.email)).all() == ["ana@mesa.test"]


def test_it_signs_nobody_in_and_no_sign_in_link_confirms_an_address(app: Flask, ana: FlaskClient, session: Session) -> None:
    post(ana, "/account/address", page="/account/", email="one@nueva.test")
    token = link_to(session, "one@nueva.test").rsplit("/", 1)[1]
    assert app.test_client().get(f"/sign-in/link/{token}").status_code == 404
    stranger = app.test_client()
    post(stranger, "/sign-in/link", page="/sign-in/link", email="ana@mesa.test")
    mailed = mails(session, "sign_in_link")[-1].params["link"].rsplit("/", 1)[1]
    assert app.test_client().get(f"/account/address/{mailed}").status_code == 404
    post(app.test_client(), f"/account/address/{token}")
    assert app.test_client().get(f"/sign-in/link/{mailed}").status_code == 410, "it went to the old address"


def test_an_address_with_an_account_is_told_so_itself_and_nobody_else(
    app: Flask, ana: FlaskClient, make_person: MakePerson, session: Session
) -> None:
    make_person("beto@mesa.test", Role.OBSERVER)
    shown = Pages(app, ana).send("/account/address", "/account/", email="beto@mesa.test").text
    (mail,) = mails(session, "confirm_new_address")
    assert ("We sent a link to beto@mesa.test" in shown, mail.params["link"]) == (True, "")
    with app.app_context():
        words = write(app, mail)
    assert ("an account of its own already" in words.text, "/account/address/" in words.text) == (True, False)


def test_an_address_that_got_an_account_meanwhile_is_refused(app: Flask, ana: FlaskClient, make_person: MakePerson, session: Session) -> None:
    post(ana, "/account/address", page="/account/", email="late@mesa.test")
    make_person("late@mesa.test", Role.OBSERVER)
    path = link_to(session, "late@mesa.test")
    assert post(app.test_client(), path).status_code == 409
    session.expire_all()
    assert person_of(session, "ana@mesa.test").name == "Ana"
    assert session.scalars(select(OneUseLink.used_at)).all() == [None]


@pytest.mark.parametrize(("email", "sentence"), [
    ("", "This cannot stay empty."), ("ana@mesa.test", "is your mail address already"), ("😀", "is not a mail address"),
    ("<script>x</script>@a.b", "is not a mail address"), ("a" * 250 + "@x.test", "longer than 254"),
])
def test_what_no_new_address_can_be(app: Flask, ana: FlaskClient, session: Session, email: str, sentence: str) -> None:
    assert sentence in Pages(app, ana).sent_back("/account/address", "/account/", email=email).text
    assert mails(session, "confirm_new_address", "account_changed") == []


def test_nobody_can_flood_an_address(ana: FlaskClient, session: Session) -> None:
    answers = [post(ana, "/account/address", page="/account/", email=f"n{number}@nueva.test").status_code for number in range(6)]
    assert (answers, len(mails(session, "confirm_new_address"))) == ([302] * 5 + [422], 5)


def test_somebody_who_signed_in_long_ago_proves_who_they_are_first(ana: FlaskClient, session: Session) -> None:
    with ana.session_transaction() as cookie:
        cookie["fs_paa"] = 0
    assert post(ana, "/account/address", page="/account/", email="one@nueva.test").location == "/sign-in?next=/account/"
    assert mails(session, "confirm_new_address") == []
