"""Holds the doors: password, lockout, mailed and handed links, codes, sessions and where they lead."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cohort.kit import clock
from cohort.kit.access import Role
from cohort.kit.audit import AuditEntry
from cohort.kit.database import transaction
from cohort.kit.errors import DomainError
from cohort.kit.outbox import OutboxMessage
from cohort.people import links
from cohort.people.actors import actor_of
from cohort.people.models import OneUseLink, Person, SignInFailure, SignInSession

from .conftest import PASSWORD, MakePerson, World, is_in, person_of, post, sign_in


def link_in_mail(session: Session) -> str:
    address = session.scalars(select(OutboxMessage).order_by(OutboxMessage.id.desc())).first().params["link"]
    return address.removeprefix("http://localhost:5000")


def test_password_signs_in_and_leads_back(client: FlaskClient, make_person: MakePerson, session: Session) -> None:
    make_person("ana@mesa.test", Role.MANAGER)
    answer = client.get("/people/?role=coach&q=a")
    assert (answer.status_code, answer.location) == (302, "/sign-in?next=%2Fpeople%2F%3Frole%3Dcoach%26q%3Da")
    answer = sign_in(client, " Ana@Mesa.test ", next="/people/?role=coach&q=a")
    assert (answer.status_code, answer.location) == (302, "/people/?role=coach&q=a")
    assert client.get("/people/").status_code == 200
    place = session.scalars(select(SignInSession)).one()
    assert (place.kind, place.revoked_at, place.expires_at - place.created_at) == ("browser", None, timedelta(days=14))
    assert "person.signed_in" in session.scalars(select(AuditEntry.action)).all()


@pytest.mark.parametrize("target", [
    "//evil.test", "https://evil.test/", "/\\evil.test", "javascript:alert(1)", "evil", "", "/\nx", "/" + "x" * 300,
])
def test_nobody_is_led_elsewhere(target: str) -> None:
    assert links.safe_target(target) == "/"


def test_target_of_this_site_is_kept() -> None:
    assert links.safe_target("/exports/new?firm=3#top") == "/exports/new?firm=3#top"


def test_answer_is_the_same_for_unknown_and_wrong(client: FlaskClient, make_person: MakePerson) -> None:
    make_person("ana@mesa.test", Role.MANAGER)
    make_person("link@mesa.test", Role.MANAGER, password=None)
    pages = {
        re.sub(r'csrf_token" value="[^"]*"', "", sign_in(client, email, "no es esta clave").text)
        .replace(email, "").replace(email.replace("@", "%40"), "")
        for email in ("ana@mesa.test", "nobody@mesa.test", "link@mesa.test")
    }
    assert len(pages) == 1
    assert not is_in(client)


def test_empty_fields_are_named(client: FlaskClient) -> None:
    assert post(client, "/sign-in", email="", password="x").status_code == 422
    assert post(client, "/sign-in", email="a@b.test", password="").status_code == 422


def test_without_token_nothing_happens(client: FlaskClient, make_person: MakePerson, session: Session) -> None:
    make_person("ana@mesa.test", Role.MANAGER)
    assert client.post("/sign-in", data={"email": "ana@mesa.test", "password": PASSWORD}).status_code == 400
    assert session.scalar(select(func.count(SignInSession.id))) == 0


def test_inactive_person_stays_out(client: FlaskClient, make_person: MakePerson, app: Flask) -> None:
    key = make_person("ana@mesa.test", Role.MANAGER)
    with app.app_context(), transaction() as session:
        session.get_one(Person, key).active = False
    assert sign_in(client, "ana@mesa.test").status_code == 422


def test_five_failures_shut_the_door_for_fifteen_minutes(
    app: Flask, client: FlaskClient, make_person: MakePerson, session: Session,
) -> None:
    make_person("ana@mesa.test", Role.MANAGER)
    start = clock.now()
    for minute in range(5):
        with clock.at(start + timedelta(minutes=minute)):
            assert sign_in(client, "ana@mesa.test", "no es esta clave").status_code == 422
    with clock.at(start + timedelta(minutes=5)):
        answer = sign_in(client, "ana@mesa.test")
        assert answer.status_code == 429
        assert "14" in answer.text
        assert not is_in(client)
    with clock.at(start + timedelta(minutes=19, seconds=1)):
        assert sign_in(client, "ana@mesa.test").status_code == 302
    assert session.scalar(select(func.count(SignInFailure.id))) == 0


def test_unknown_address_is_locked_alike(client: FlaskClient) -> None:
    codes = [sign_in(client, "nobody@mesa.test", "no es esta clave").status_code for _ in range(6)]
    assert codes == [422] * 5 + [429]


def test_one_network_address_has_twenty_tries(client: FlaskClient) -> None:
    codes = [sign_in(client, f"p{number}@mesa.test", "no es esta clave").status_code for number in range(21)]
    assert codes == [422] * 20 + [429]


def test_mailed_link_signs_in_once(client: FlaskClient, app: Flask, make_person: MakePerson, session: Session) -> None:
    make_person("ana@mesa.test", Role.MANAGER, password=None)
    answer = post(client, "/sign-in/link", page="/sign-in/link", email="ANA@mesa.test", next="/people/")
    assert answer.status_code == 200
    mail = session.scalars(select(OutboxMessage)).one()
    assert (mail.kind, mail.address, mail.language) == ("sign_in_link", "ana@mesa.test", "es")
    path = link_in_mail(session)
    for _look in range(2):
        assert client.get(path).status_code == 200
    assert not is_in(client)
    answer = post(client, path, page=path)
    assert (answer.status_code, answer.location) == (302, "/people/")
    assert is_in(client)
    other = app.test_client()
    assert other.get(path).status_code == 410
    assert post(other, path).status_code == 410


def test_unknown_address_gets_the_same_page_and_no_mail(
    client: FlaskClient, make_person: MakePerson, session: Session,
) -> None:
    make_person("ana@mesa.test")
    known = post(client, "/sign-in/link", page="/sign-in/link", email="ana@mesa.test").text
    unknown = post(client, "/sign-in/link", page="/sign-in/link", email="eva@mesa.test").text
    tokens = re.compile(r'name="csrf_token" value="[^"]+"')  # stamped with the second in which a page is made
    assert tokens.sub("", known.replace("ana@mesa", "eva@mesa")) == tokens.sub("", unknown)
    assert session.scalar(select(func.count(OutboxMessage.id))) == 1


def test_nobody_is_flooded_with_links(client: FlaskClient, make_person: MakePerson, session: Session) -> None:
    make_person("ana@mesa.test")
    start = clock.now()
    pages = [post(client, "/sign-in/link", page="/sign-in/link", email="ana@mesa.test").status_code for _ in range(7)]
    assert pages == [200] * 7
    assert session.scalar(select(func.count(OutboxMessage.id))) == 5
    with clock.at(start + timedelta(minutes=16)):
        post(client, "/sign-in/link", page="/sign-in/link", email="ana@mesa.test")
    assert session.scalar(select(func.count(OutboxMessage.id))) == 6


def test_link_ends_after_thirty_minutes(client: FlaskClient, make_person: MakePerson, session: Session) -> None:
    make_person("ana@mesa.test")
    post(client, "/sign-in/link", page="/sign-in/link", email="ana@mesa.test")
    path = link_in_mail(session)
    with clock.at(clock.now() + timedelta(minutes=30)):
        assert client.get(path).status_code == 410
        assert post(client, path).status_code == 410
    assert client.get("/sign-in/link/invented").status_code == 404
    assert session.scalars(select(OneUseLink)).one().used_at is None


def test_coordinator_hands_a_link_to_a_firm_of_theirs(
    app: Flask, client: FlaskClient, world: World, make_person: MakePerson,
) -> None:
    firm = make_person("firma@cl.test", Role.FIRM, firm_id=world.firm_cl, password=None)
    foreign = make_person("firma@pe.test", Role.FIRM, firm_id=world.firm_pe, password=None)
    staff = make_person("jefe@mesa.test", Role.COORDINATOR, "CL")
    nobody = make_person("nadie@mesa.test")
    make_person("coord@cl.test", Role.COORDINATOR, "CL")
    coordinator = app.test_client()
    sign_in(coordinator, "coord@cl.test")
    answers = {
        key: post(coordinator, f"/people/{key}/sign-in-link", page="/people/invite").status_code
        for key in (firm, foreign, staff, nobody, 99_999)
    }
    assert answers == {firm: 200, foreign: 404, staff: 403, nobody: 404, 99_999: 404}
    made = post(coordinator, f"/people/{firm}/sign-in-link", page="/people/invite").text
    path = re.search(r"http://localhost:5000(/sign-in/link/[\w-]+)", made)[1]
    assert post(client, path, page=path).status_code == 302
    with app.app_context(), transaction() as session:
        place = session.scalars(select(SignInSession).where(SignInSession.person_id == firm)).one()
        assert (place.kind, place.expires_at - place.created_at) == ("link", timedelta(days=90))
    with clock.at(clock.now() + timedelta(days=89)):
        assert is_in(client)
    # Whoever handed the link has seen it: it changes nothing about how the firm signs in.
    assert post(client, "/account/password", page="/account/", password=PASSWORD).location == "/sign-in?next=/account/"


def test_firm_may_not_make_links(app: Flask, world: World, make_person: MakePerson) -> None:
    key = make_person("firma@cl.test", Role.FIRM, firm_id=world.firm_cl)
    with app.app_context(), transaction() as session:
        person = session.get_one(Person, key)
        with pytest.raises(DomainError, match="not_allowed"):
            links.make_sign_in_link(session, actor_of(session, person), person)


def test_browser_sleeps_after_twelve_hours_without_use(client: FlaskClient, make_person: MakePerson) -> None:
    make_person("ana@mesa.test", Role.MANAGER)
    start = clock.now()
    with clock.at(start):
        sign_in(client, "ana@mesa.test")
    for hours in (11, 22, 33):
        with clock.at(start + timedelta(hours=hours)):
            assert is_in(client)
    with clock.at(start + timedelta(hours=45, minutes=1)):
        assert not is_in(client)


def test_expired_form_leads_back_to_its_page(client: FlaskClient, make_person: MakePerson) -> None:
    make_person("ana@mesa.test", Role.MANAGER)
    sign_in(client, "ana@mesa.test")
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/people/invite").text)[1]
    with clock.at(clock.now() + timedelta(hours=13)):
        answer = client.post("/people/invite", data={"csrf_token": token}, headers={"Referer": "http://localhost/people/invite?role=firm"})
        assert (answer.status_code, answer.location) == (302, "/sign-in?next=%2Fpeople%2Finvite%3Frole%3Dfirm")
    client.delete_cookie("session")
    answer = client.post("/people/invite", data={}, headers={"Referer": "http://localhost/people/invite"})
    assert (answer.status_code, answer.location) == (302, "/sign-in?next=/people/invite")


def test_sign_out_is_by_post_and_ends_the_session(client: FlaskClient, make_person: MakePerson, session: Session) -> None:
    make_person("ana@mesa.test", Role.MANAGER)
    sign_in(client, "ana@mesa.test")
    assert client.get("/sign-out").status_code == 405
    assert is_in(client)
    assert post(client, "/sign-out", page="/account/").location == "/sign-in"
    assert not is_in(client)
    assert session.scalars(select(SignInSession)).one().revoked_at is not None


def test_signing_in_again_keeps_one_session(client: FlaskClient, make_person: MakePerson, session: Session) -> None:
    make_person("ana@mesa.test", Role.MANAGER)
    for _ in range(2):
        sign_in(client, "ana@mesa.test")
    rows = session.scalars(select(SignInSession).order_by(SignInSession.id)).all()
    assert [row.revoked_at is None for row in rows] == [False, True]


def secret_of(app: Flask, email: str) -> str:
    """Turn the authenticator app on for somebody and return the secret."""
    with app.test_request_context(), transaction() as session:
        person = person_of(session, email)
        codes = app.extensions["security"].totp_factory
        person.tf_totp_secret, person.tf_primary_method = codes.generate_totp_secret(), "authenticator"
        app.extensions["security"]._mf_recovery_codes_util.create_recovery_codes(person)
        return str(person.tf_totp_secret)


def test_code_is_asked_for_and_good_once(app: Flask, client: FlaskClient, make_person: MakePerson) -> None:
    make_person("ana@mesa.test", Role.MANAGER)
    secret = secret_of(app, "ana@mesa.test")
    assert sign_in(client, "ana@mesa.test", next="/people/").location == "/sign-in/code"
    assert not is_in(client)
    assert post(client, "/sign-in/code", page="/sign-in/code", code="000000").status_code == 422
    assert post(client, "/sign-in/code", page="/sign-in/code", code="").status_code == 422
    code = app.extensions["security"].totp_factory.generate_totp_password(secret)
    answer = post(client, "/sign-in/code", page="/sign-in/code", code=f"{code[:3]} {code[3:]}")
    assert (answer.status_code, answer.location) == (302, "/people/")
    assert is_in(client)
    second = app.test_client()
    sign_in(second, "ana@mesa.test")
    assert post(second, "/sign-in/code", page="/sign-in/code", code=code).status_code == 422


def test_recovery_code_signs_in_once(app: Flask, client: FlaskClient, make_person: MakePerson) -> None:
    make_person("ana@mesa.test", Role.MANAGER)
    secret_of(app, "ana@mesa.test")
    with app.test_request_context(), transaction() as session:
        util = app.extensions["security"]._mf_recovery_codes_util
        code = util.get_recovery_codes(person_of(session, "ana@mesa.test"))[0]
    sign_in(client, "ana@mesa.test")
    assert post(client, "/sign-in/code", page="/sign-in/code", code=code).status_code == 302
    second = app.test_client()
    sign_in(second, "ana@mesa.test")
    assert post(second, "/sign-in/code", page="/sign-in/code", code=code).status_code == 422


def test_codes_are_counted_and_late_codes_start_over(app: Flask, client: FlaskClient, make_person: MakePerson) -> None:
    make_person("ana@mesa.test", Role.MANAGER)
    secret_of(app, "ana@mesa.test")
    assert client.get("/sign-in/code").location == "/sign-in"
    sign_in(client, "ana@mesa.test")
    with clock.at(clock.now() + timedelta(minutes=11)):
        assert client.get("/sign-in/code").location == "/sign-in"
    sign_in(client, "ana@mesa.test")
    codes = [post(client, "/sign-in/code", page="/sign-in/code", code="000000").status_code for _ in range(6)]
    assert codes == [422] * 5 + [429]


def test_plan_may_demand_a_second_factor(
    app: Flask, client: FlaskClient, make_person: MakePerson, world: World, demanding: None,
) -> None:
    make_person("ana@mesa.test", Role.MANAGER)
    make_person("firma@cl.test", Role.FIRM, firm_id=world.firm_cl)
    sign_in(client, "ana@mesa.test")
    assert client.get("/people/").location == "/account/second-factor"
    assert client.get("/account/second-factor").status_code == 200
    firm = app.test_client()
    sign_in(firm, "firma@cl.test")
    assert firm.get("/account/").status_code == 200


