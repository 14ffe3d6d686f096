"""Holds what a person may change of themselves, passkeys' pages and the second factor."""

from __future__ import annotations

import html
import json
import re
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from cohort.kit import clock
from cohort.kit.access import Role
from cohort.kit.audit import AuditEntry
from cohort.kit.database import transaction
from cohort.kit.outbox import OutboxMessage
from cohort.people.models import RoleGrant, SignInSession, WebAuthn

from .authenticator import SoftPasskey
from .conftest import MakePerson, World, is_in, person_of, post, sign_in


@pytest.fixture
def ana(client: FlaskClient, make_person: MakePerson) -> FlaskClient:
    """A browser in which a manager is signed in."""
    make_person("ana@mesa.test", Role.MANAGER)
    sign_in(client, "ana@mesa.test")
    return client


def actions(session: Session) -> list[str]:
    return list(session.scalars(select(AuditEntry.action).order_by(AuditEntry.seq)))


def test_profile_is_changed_and_noted(ana: FlaskClient, session: Session) -> None:
    answer = post(ana, "/account/profile", page="/account/", name=" Ana Ríos ", language="en", region="MX")
    assert answer.location == "/account/"
    person = person_of(session, "ana@mesa.test")
    assert (person.name, person.language, person.region) == ("Ana Ríos", "en", "MX")
    assert 'lang="en"' in ana.get("/account/").text
    assert actions(session)[-1] == "person.changed"


@pytest.mark.parametrize("typed", [
    {"name": "", "language": "es"}, {"name": "Ana", "language": "fr"}, {"name": "A" * 121, "language": "es"},
    {"name": "Ana", "language": "es", "region": "XX"},
])
def test_faulty_profile_keeps_what_was(ana: FlaskClient, session: Session, typed: dict[str, str]) -> None:
    assert post(ana, "/account/profile", page="/account/", **typed).status_code == 422
    assert person_of(session, "ana@mesa.test").name == "Ana"


def test_new_password_signs_out_elsewhere_and_tells(
    app: Flask, ana: FlaskClient, session: Session,
) -> None:
    other = app.test_client()
    sign_in(other, "ana@mesa.test")
    assert post(ana, "/account/password", page="/account/", password="otra frase más larga").location == "/account/"
    assert (is_in(ana), is_in(other)) == (True, False)
    mail = session.scalars(select(OutboxMessage)).one()
    assert (mail.kind, mail.address, mail.params) == ("account_changed", "ana@mesa.test", {"what": "password"})
    assert sign_in(app.test_client(), "ana@mesa.test").status_code == 422
    assert sign_in(app.test_client(), "ana@mesa.test", "otra frase más larga").status_code == 302
    stored = person_of(session, "ana@mesa.test").password
    assert stored is not None
    assert stored.startswith("$argon2id$")


@pytest.mark.parametrize("password", ["corta", "", "anas@mesa.test-anas"])
def test_weak_password_is_refused(client: FlaskClient, make_person: MakePerson, password: str) -> None:
    make_person("anas@mesa.test", Role.MANAGER)
    sign_in(client, "anas@mesa.test")
    assert post(client, "/account/password", page="/account/", password=password).status_code == 422
    assert sign_in(client, "anas@mesa.test").status_code == 302


def stale(client: FlaskClient) -> None:
    """Let the proof of who signs in be of two hours ago."""
    with client.session_transaction() as cookie:
        cookie["fs_paa"] -= 7200
        cookie.pop("fs_gexp", None)


@pytest.mark.parametrize("path", ["/account/password", "/account/second-factor/off", "/account/passkeys/"])
def test_keys_change_only_soon_after_signing_in(ana: FlaskClient, path: str) -> None:
    stale(ana)
    answer = post(ana, path, page="/account/", password="otra frase más larga", name="mi llave", usage="first")
    assert answer.status_code == 302
    assert answer.location.startswith("/sign-in?next=/account/")


def test_second_factor_page_asks_again_when_stale(ana: FlaskClient) -> None:
    stale(ana)
    assert ana.get("/account/second-factor").location == "/sign-in?next=/account/second-factor"


def test_sessions_are_listed_and_ended_one_by_one(app: Flask, ana: FlaskClient, session: Session) -> None:
    phone, tablet = app.test_client(), app.test_client()
    for browser in (phone, tablet):
        sign_in(browser, "ana@mesa.test")
    ids = list(session.scalars(select(SignInSession.id).order_by(SignInSession.id)))
    assert ana.get("/account/").text.count("Salir en ese dispositivo") == 2
    assert post(ana, f"/account/sessions/{ids[1]}/sign-out", page="/account/").location == "/account/#sessions"
    assert (is_in(ana), is_in(phone), is_in(tablet)) == (True, False, True)
    assert post(ana, f"/account/sessions/{ids[1]}/sign-out", page="/account/").status_code == 404
    assert post(ana, "/account/sessions/sign-out-others", page="/account/").status_code == 302
    assert (is_in(ana), is_in(tablet)) == (True, False)


def test_nobody_ends_anothers_session(app: Flask, ana: FlaskClient, make_person: MakePerson, session: Session) -> None:
    make_person("eva@mesa.test", Role.MANAGER)
    eva = app.test_client()
    sign_in(eva, "eva@mesa.test")
    key = session.scalar(select(SignInSession.id).order_by(SignInSession.id.desc()))
    assert post(ana, f"/account/sessions/{key}/sign-out", page="/account/").status_code == 404
    assert is_in(eva)


def test_language_is_chosen_signed_out_and_in(app: Flask, ana: FlaskClient, session: Session) -> None:
    stranger = app.test_client()
    assert post(stranger, "/account/language", language="en", back="/sign-in?next=/people/").location == "/sign-in?next=/people/"
    assert 'lang="en"' in stranger.get("/sign-in").text
    assert post(stranger, "/account/language", language="es", back="//evil.test").location == "/"
    assert 'lang="es"' in stranger.get("/sign-in").text
    assert post(stranger, "/account/language", language="fr").status_code == 404
    assert post(ana, "/account/language", page="/account/", language="en", back="/account/").location == "/account/"
    assert person_of(session, "ana@mesa.test").language == "en"


def test_plan_switch_changes_the_roles(
    app: Flask, client: FlaskClient, make_person: MakePerson, world: World, session: Session,
) -> None:
    make_person("ana@mesa.test", Role.MANAGER)
    with app.app_context(), transaction() as writing:
        person = person_of(writing, "ana@mesa.test")
        writing.add(RoleGrant(
            plan_id=world.later_plan, person_id=person.id, role=Role.EVALUATOR, valid_from=clock.today(),
        ))
    sign_in(client, "ana@mesa.test")
    assert client.get("/people/").status_code == 403  # the latest plan comes first, where she is an evaluator
    assert post(client, "/account/plan", page="/account/", plan_id=world.plan).status_code == 302
    assert client.get("/people/").status_code == 200
    assert post(client, "/account/plan", page="/account/", plan_id=99_999).status_code == 404


def test_account_of_a_person_without_roles(client: FlaskClient, make_person: MakePerson) -> None:
    make_person("nueva@mesa.test")
    assert sign_in(client, "nueva@mesa.test").location == "/"
    assert client.get("/account/").status_code == 200
    assert client.get("/people/").status_code == 403


def test_authenticator_app_is_set_up_and_removed(app: Flask, ana: FlaskClient, session: Session) -> None:
    page = ana.get("/account/second-factor").text
    assert "data:image/svg+xml;base64," in page
    with ana.session_transaction() as cookie:
        secret = cookie["factor_setup"]
    assert post(ana, "/account/second-factor", page="/account/second-factor", code="000000").status_code == 422
    assert post(ana, "/account/second-factor", page="/account/second-factor", code="").status_code == 422
    code = app.extensions["security"].totp_factory.generate_totp_password(secret)
    done = post(ana, "/account/second-factor", page="/account/second-factor", code=code)
    assert done.status_code == 200
    assert len(re.findall(r"<code>[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}</code>", done.text)) == 5
    assert sign_in(app.test_client(), "ana@mesa.test").location == "/sign-in/code"
    assert post(ana, "/account/second-factor/off", page="/account/").location == "/account/"
    session.expire_all()
    person = person_of(session, "ana@mesa.test")
    assert (person.tf_totp_secret, person.mf_recovery_codes) == (None, [])
    told = session.scalars(select(OutboxMessage.params).order_by(OutboxMessage.id)).all()
    assert [facts["what"] for facts in told] == ["second_factor_on", "second_factor_off"]
    assert post(ana, "/account/second-factor/off", page="/account/").location == "/account/"


def test_demanded_factor_cannot_be_removed(
    app: Flask, ana: FlaskClient, demanding: None,
) -> None:
    with app.app_context(), transaction() as writing:
        person_of(writing, "ana@mesa.test").tf_totp_secret = "set"
    with ana.session_transaction() as cookie:
        cookie["two_factors"] = True
    token = re.search(r'name="csrf_token" value="([^"]+)"', ana.get("/account/").text)[1]
    assert ana.post("/account/second-factor/off", data={"csrf_token": token}).status_code == 409


def test_passkey_pages_obey_the_strict_policy(app: Flask, ana: FlaskClient, session: Session) -> None:
    first = ana.get("/account/passkeys/")
    second = post(ana, "/account/passkeys/", page="/account/passkeys/", name="mi teléfono", usage="first")
    stranger = app.test_client()
    third, fourth = stranger.get("/sign-in/passkey"), post(stranger, "/sign-in/passkey", page="/sign-in/passkey")
    for page in (first, second, third, fourth):
        assert page.status_code == 200
        assert "'unsafe" not in page.headers["Content-Security-Policy"]
        assert re.findall(r"<script(?![^>]*\bsrc=)", page.text) == []
        assert re.findall(r"\son\w+=", page.text) == []
    assert 'data-passkey="create"' in second.text
    assert "&#34;userVerification&#34;: &#34;required&#34;" in second.text
    assert 'data-passkey="get"' in fourth.text
    session.expire_all()
    assert person_of(session, "ana@mesa.test").fs_webauthn_user_handle is not None


def test_passkey_answers_that_prove_nothing_are_refused(app: Flask, ana: FlaskClient, session: Session) -> None:
    page = post(ana, "/account/passkeys/", page="/account/passkeys/", name="llave", usage="first").text
    path = re.search(r'action="(/account/passkeys/[^"]+)"', page)[1]
    assert post(ana, path, page="/account/", credential="{}").location == "/account/passkeys/"
    stranger = app.test_client()
    page = post(stranger, "/sign-in/passkey", page="/sign-in/passkey").text
    path = re.search(r'action="(/sign-in/passkey/[^"]+)"', page)[1]
    assert post(stranger, path, credential="{}").location == "/sign-in/passkey"
    assert not is_in(stranger)
    assert session.scalars(select(WebAuthn)).all() == []


def options_in(page: str) -> tuple[str, dict[str, object]]:
    """Where the passkey's answer goes, and what it is asked."""
    action, options = re.search(r'action="([^"]+)" data-passkey="\w+" data-options="([^"]+)"', page).groups()
    return action, json.loads(html.unescape(options))


def test_passkey_is_made_and_signs_in(app: Flask, ana: FlaskClient, session: Session) -> None:
    key = SoftPasskey()
    path, options = options_in(post(ana, "/account/passkeys/", page="/account/passkeys/", name="mi teléfono", usage="first").text)
    assert post(ana, path, page="/account/", credential=key.create(options)).location == "/account/passkeys/"
    assert session.scalars(select(WebAuthn.name)).all() == ["mi teléfono"]
    assert actions(session)[-1] == "passkey.added"
    phone = app.test_client()
    path, options = options_in(post(phone, "/sign-in/passkey", page="/sign-in/passkey", next="/people/").text)
    answer = key.get(options)
    assert post(phone, path, credential=answer, next="/people/").location == "/people/"
    assert is_in(phone)
    stranger = app.test_client()
    path, options = options_in(post(stranger, "/sign-in/passkey", page="/sign-in/passkey").text)
    assert post(stranger, path, credential=answer).location == "/sign-in/passkey"  # an answer to another question
    assert not is_in(stranger)


def test_passkey_without_finger_face_or_pin_is_refused(app: Flask, ana: FlaskClient, session: Session) -> None:
    path, options = options_in(post(ana, "/account/passkeys/", page="/account/passkeys/", name="llave", usage="first").text)
    post(ana, path, page="/account/", credential=SoftPasskey(verified=False).create(options))
    assert session.scalars(select(WebAuthn)).all() == []


def test_passkey_needs_a_name_and_signing_in(app: Flask, ana: FlaskClient) -> None:
    page = post(ana, "/account/passkeys/", page="/account/passkeys/", name="", usage="first")
    assert 'data-passkey="create"' not in page.text
    assert app.test_client().get("/account/passkeys/").location.startswith("/sign-in?next=")


def test_passkey_is_removed_and_noted(app: Flask, ana: FlaskClient, session: Session) -> None:
    with app.app_context(), transaction() as writing:
        writing.add(WebAuthn(
            user_id=person_of(writing, "ana@mesa.test").id, credential_id=b"1", public_key=b"2", backup_state=False,
            device_type="single_device", lastuse_datetime=clock.now(), name="llave", usage="first",
        ))
    assert "llave" in ana.get("/account/passkeys/").text
    assert post(ana, "/account/passkeys/delete", page="/account/", name="otra").status_code == 302
    assert post(ana, "/account/passkeys/delete", page="/account/", name="llave").status_code == 302
    assert session.scalars(select(WebAuthn)).all() == []
    assert actions(session)[-1] == "passkey.removed"


def test_staff_with_a_passkey_use_it_where_two_factors_are_demanded(
    app: Flask, client: FlaskClient, make_person: MakePerson, demanding: None,
) -> None:
    key = make_person("ana@mesa.test", Role.MANAGER)
    with app.app_context(), transaction() as writing:
        writing.add(WebAuthn(
            user_id=key, credential_id=b"1", public_key=b"2", backup_state=False, device_type="single_device",
            lastuse_datetime=clock.now(), name="llave", usage="first",
        ))
    assert sign_in(client, "ana@mesa.test", next="/people/").location == "/sign-in/passkey?next=/people/"
    assert not is_in(client)


def test_last_use_is_kept_when_something_is_sent(app: Flask, ana: FlaskClient, session: Session) -> None:
    later = clock.now() + timedelta(hours=1)
    with clock.at(later):
        post(ana, "/account/profile", page="/account/", name="Ana", language="es", region="")
    assert session.scalars(select(SignInSession.last_seen_at)).all() == [later]


def test_pages_cost_the_same_number_of_queries(app: Flask, ana: FlaskClient, make_person: MakePerson, world: World) -> None:
    from sqlalchemy import event

    with app.app_context():
        from cohort.kit.database import db
        connection = db.engines[None]
    counts: list[int] = []
    for more in (1, 2, 47):
        for number in range(more):
            make_person(f"p{more}-{number}@mesa.test", Role.COORDINATOR, "PE", password=None)
        seen: list[str] = []
        listener = lambda *facts: seen.append(facts[2])  # noqa: E731, B023
        event.listen(connection, "before_cursor_execute", listener)
        assert ana.get("/people/").status_code == 200
        event.remove(connection, "before_cursor_execute", listener)
        counts.append(len(seen))
    assert len(set(counts)) == 1, counts


