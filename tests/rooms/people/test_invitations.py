"""Holds who may invite and give which role, how an invitation is accepted, and the command."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cohort.kit import clock
from cohort.kit.access import SYSTEM, Actor, Role
from cohort.kit.audit import AuditEntry, check_chain
from cohort.kit.database import transaction
from cohort.kit.errors import DomainError
from cohort.kit.mail import write
from cohort.kit.outbox import OutboxMessage
from cohort.people import grants, invitations
from cohort.people.actors import actor_of
from cohort.people.models import Invitation, Person, RoleGrant

from .conftest import MakePerson, World, is_in, person_of, post, sign_in

SITE = "http://localhost:5000"


def actor(plan: int, *roles: Role, countries: frozenset[str] | None = None, person_id: int | None = None) -> Actor:
    return Actor(person_id=person_id, name="Ana", plan_id=plan, roles=frozenset(roles), countries=countries, firm_ids=frozenset())


def invited(app: Flask, world: World, email: str, role: Role = Role.OBSERVER, **more: object) -> str:
    with app.app_context(), transaction() as session:
        facts = {"country": None, "firm_id": None, "plan_id": world.plan, "language": "es", **more}
        return invitations.invite(session, SYSTEM, email, role, **facts).removeprefix(SITE)  # type: ignore[arg-type]


def test_invited_person_makes_an_account(app: Flask, client: FlaskClient, world: World, session: Session) -> None:
    path = invited(app, world, "Nueva@Firma.test", Role.FIRM, firm_id=world.firm_cl)
    assert client.get(path).status_code == 200
    assert post(client, path, page=path, name="", language="es").status_code == 422
    assert post(client, path, page=path, name="Rosa", language="es", password="corta").status_code == 422
    answer = post(client, path, page=path, name="Rosa Díaz", language="en", password="una frase larga")
    assert answer.status_code == 302
    assert is_in(client)
    person = person_of(session, "nueva@firma.test")
    assert (person.name, person.language, person.region) == ("Rosa Díaz", "en", "CL")
    grant = session.scalars(select(RoleGrant)).one()
    assert (grant.person_id, grant.role, grant.country, grant.firm_id) == (person.id, Role.FIRM, "CL", world.firm_cl)
    with app.app_context(), transaction() as reading:
        seen = actor_of(reading, reading.get_one(Person, person.id))
        assert (seen.roles, seen.countries, seen.firm_ids) == (frozenset({Role.FIRM}), frozenset(), frozenset({world.firm_cl}))
        assert check_chain(reading).broken is None
    assert app.test_client().get(path).status_code == 410
    assert post(app.test_client(), path, name="Otra", language="es").status_code == 410
    assert sign_in(app.test_client(), "nueva@firma.test", "una frase larga").status_code == 302


def test_expired_withdrawn_and_invented_invitations_open_nothing(app: Flask, client: FlaskClient, world: World) -> None:
    first = invited(app, world, "a@b.test")
    second = invited(app, world, "a@b.test")
    assert client.get(first).status_code == 404  # a new one withdraws the one before
    with clock.at(clock.now() + timedelta(days=14)):
        assert client.get(second).status_code == 410
        assert post(client, second, name="A", language="es").status_code == 410
    assert client.get("/invitation/invented").status_code == 404


def test_invitation_never_opens_an_account_that_exists(
    app: Flask, client: FlaskClient, world: World, make_person: MakePerson, session: Session,
) -> None:
    make_person("ana@mesa.test", Role.MANAGER)
    path = invited(app, world, "ana@mesa.test", Role.EVALUATOR)
    page = client.get(path)
    assert f"/sign-in?next={path}" in page.text
    assert post(client, path, name="X", language="es").status_code == 403
    assert not is_in(client)
    sign_in(client, "ana@mesa.test")
    assert post(client, path, page=path).status_code == 302
    roles = session.scalars(select(RoleGrant.role).order_by(RoleGrant.id)).all()
    assert roles == [Role.MANAGER, Role.EVALUATOR]


@pytest.mark.parametrize(("role", "country", "firm", "code"), [
    (Role.MANAGER, None, None, "role_not_yours"),
    (Role.OBSERVER, None, None, "role_not_yours"),
    (Role.COORDINATOR, "CL", None, "role_not_yours"),
    (Role.ADMINISTRATOR, None, None, "role_administrator"),
    (Role.FIRM, None, None, "role_needs_firm"),
    (Role.FIRM, "CL", -1, "role_needs_firm"),
    (Role.FIRM, None, "firm_pe", "role_other_country"),
    (Role.FIRM, "CL", "firm_pe", "role_firm_country"),
    (Role.COACH, "PE", None, "role_other_country"),
    (Role.COACH, None, None, "role_needs_country"),
])
def test_coordinator_invites_firms_and_coaches_of_own_countries_only(
    app: Flask, world: World, role: Role, country: str | None, firm: str | int | None, code: str,
) -> None:
    firm_id = getattr(world, firm) if isinstance(firm, str) else firm
    coordinator = actor(world.plan, Role.COORDINATOR, countries=frozenset({"CL"}))
    with app.app_context(), pytest.raises(DomainError, match=code), transaction() as session:
        invitations.invite(session, coordinator, "a@b.test", role, country, firm_id, world.plan)


@pytest.mark.parametrize(("who", "code"), [
    (actor(0, Role.EVALUATOR), "not_allowed"), (Actor(), "not_allowed"),
    (actor(-5, Role.MANAGER), "role_other_plan"),
])
def test_others_do_not_invite(app: Flask, world: World, who: Actor, code: str) -> None:
    with app.app_context(), pytest.raises(DomainError, match=code), transaction() as session:
        invitations.invite(session, who, "a@b.test", Role.COACH, "CL", None, world.plan)


def test_manager_invites_staff_but_no_administrator(app: Flask, world: World) -> None:
    manager = actor(world.plan, Role.MANAGER)
    with app.app_context(), transaction() as session:
        for role in (Role.MANAGER, Role.OBSERVER, Role.EVALUATOR):
            assert invitations.invite(session, manager, "a@b.test", role, None, None, world.plan).startswith(SITE)
        with pytest.raises(DomainError, match="role_administrator"):
            invitations.invite(session, manager, "a@b.test", Role.ADMINISTRATOR, None, None, world.plan)


@pytest.mark.parametrize("email", ["", "a", "a@b", "a b@c.test", "a@b.test, c@d.test", "x" * 250 + "@b.test"])
def test_what_is_no_address_is_refused(app: Flask, world: World, email: str) -> None:
    with app.app_context(), pytest.raises(DomainError, match="email_shape"), transaction() as session:
        invitations.invite(session, SYSTEM, email, Role.OBSERVER, None, None, world.plan)


def test_invitation_mail_reads_in_both_languages(app: Flask, world: World, session: Session) -> None:
    for language in ("es", "en"):
        invited(app, world, f"{language}@b.test", language=language)
    for mail in session.scalars(select(OutboxMessage)):
        with app.app_context():
            written = write(app, mail)
        assert mail.params["link"] in written.text
        assert mail.params["link"] in written.html
        assert "14" in written.text


def test_people_page_lists_roles_and_invitations(
    app: Flask, client: FlaskClient, world: World, make_person: MakePerson, session: Session,
) -> None:
    make_person("ana@mesa.test", Role.MANAGER)
    eva = make_person("eva@mesa.test", Role.COORDINATOR, "PE")
    invited(app, world, "espera@b.test")
    sign_in(client, "ana@mesa.test")
    page = client.get("/people/").text
    assert all(words in page for words in ("ana@mesa.test", "eva@mesa.test", "espera@b.test"))
    assert "eva@mesa.test" not in client.get("/people/?role=manager").text
    assert "eva@mesa.test" in client.get("/people/?country=PE&q=EVA").text
    assert "eva@mesa.test" not in client.get("/people/?q=%25").text
    assert client.get("/people/?role=nonsense&page=99").status_code == 200
    grant = session.scalars(select(RoleGrant.id).where(RoleGrant.person_id == eva)).one()
    assert post(client, f"/people/roles/{grant}/revoke", page="/people/").location == "/people/"
    assert post(client, f"/people/roles/{grant}/revoke", page="/people/").status_code == 404
    waiting = session.scalars(select(Invitation.id)).one()
    assert post(client, f"/people/invitations/{waiting}/withdraw", page="/people/").location == "/people/"
    assert post(client, f"/people/invitations/{waiting}/withdraw", page="/people/").status_code == 404
    page = client.get("/people/").text
    assert "eva@mesa.test" not in page
    assert "espera@b.test" not in page
    assert session.scalars(select(AuditEntry.action).order_by(AuditEntry.seq)).all()[-2:] == ["role.revoked", "invitation.withdrawn"]


def test_page_holds_fifty(client: FlaskClient, make_person: MakePerson) -> None:
    make_person("ana@mesa.test", Role.MANAGER)
    for number in range(52):
        make_person(f"p{number}@mesa.test", Role.OBSERVER, password=None)
    sign_in(client, "ana@mesa.test")
    assert len(re.findall(r"p\d+@mesa\.test</span>", client.get("/people/").text)) == 49  # and ana herself
    assert len(re.findall(r"p\d+@mesa\.test</span>", client.get("/people/?page=2").text)) == 3


def test_own_role_is_not_ended(client: FlaskClient, make_person: MakePerson, session: Session) -> None:
    make_person("ana@mesa.test", Role.MANAGER)
    sign_in(client, "ana@mesa.test")
    grant = session.scalars(select(RoleGrant.id)).one()
    assert post(client, f"/people/roles/{grant}/revoke", page="/people/").status_code == 422


def test_coordinator_neither_sees_nor_ends_roles_elsewhere(
    app: Flask, client: FlaskClient, world: World, make_person: MakePerson, session: Session,
) -> None:
    make_person("coord@cl.test", Role.COORDINATOR, "CL")
    peru = make_person("coach@pe.test", Role.COACH, "PE")
    chile = make_person("coach@cl.test", Role.COACH, "CL")
    boss = make_person("jefa@cl.test", Role.COORDINATOR, "CL")
    sign_in(client, "coord@cl.test")
    assert client.get("/people/").status_code == 403
    found = {key: session.scalars(select(RoleGrant.id).where(RoleGrant.person_id == key)).one() for key in (peru, chile, boss)}
    codes = [post(client, f"/people/roles/{found[key]}/revoke", page="/people/invite").status_code for key in (peru, chile, boss)]
    assert codes == [404, 302, 403]


def test_a_further_role_is_given_once(
    client: FlaskClient, world: World, make_person: MakePerson, session: Session,
) -> None:
    make_person("ana@mesa.test", Role.MANAGER)
    eva = make_person("eva@mesa.test", Role.OBSERVER)
    stranger = make_person("otra@mesa.test")
    sign_in(client, "ana@mesa.test")
    page = f"/people/{eva}"
    for _ in range(2):
        assert post(client, page, page=page, role="coach", firm_id=world.firm_pe).location == page
    grant = session.scalars(select(RoleGrant).where(RoleGrant.person_id == eva, RoleGrant.role == Role.COACH)).one()
    assert (grant.country, grant.firm_id, grant.valid_from) == ("PE", world.firm_pe, clock.today())
    assert client.get(page).text.count("Terminar este rol") == 2
    assert post(client, page, page=page, role="king").status_code == 422
    assert post(client, page, page=page, role="coordinator").status_code == 422
    assert [client.get(f"/people/{key}").status_code for key in (stranger, 99_999)] == [404, 404]
    assert post(client, f"/people/{stranger}", page=page, role="observer").status_code == 404
    post(client, f"/people/roles/{grant.id}/revoke", page=page)
    assert client.get(page).text.count("Terminar este rol") == 1


def test_invite_page_shows_the_link_once(client: FlaskClient, make_person: MakePerson, session: Session) -> None:
    make_person("coord@cl.test", Role.COORDINATOR, "CL")
    sign_in(client, "coord@cl.test")
    page = client.get("/people/invite").text
    assert re.findall(r'<option[^>]*value="(\w*)"', page) == ["", "coach", "firm", "", "CL", "es", "en"]
    refused = post(client, "/people/invite", page="/people/invite", email="x", role="coach", country="CL", language="es")
    assert refused.status_code == 422
    foreign = post(client, "/people/invite", page="/people/invite", email="x@y.test", role="coach", country="PE", language="es")
    assert foreign.status_code == 422
    done = post(client, "/people/invite", page="/people/invite", email="x@y.test", role="coach", country="CL", language="en")
    assert done.status_code == 200
    assert f"{SITE}/invitation/" in done.text
    assert session.scalar(select(func.count(Invitation.id))) == 1


@pytest.mark.parametrize(("roles", "expected"), [
    ([(Role.ADMINISTRATOR, None)], (None, None)),
    ([(Role.OBSERVER, None)], (None, None)),
    ([(Role.COORDINATOR, "CL"), (Role.COORDINATOR, "PE")], (frozenset({"CL", "PE"}), frozenset())),
    ([(Role.COORDINATOR, "CL"), (Role.OBSERVER, None)], (frozenset({"CL"}), frozenset())),
    ([(Role.COORDINATOR, "CL"), (Role.MANAGER, None)], (None, None)),
    ([(Role.COACH, "PE")], (frozenset(), frozenset())),
    ([], (frozenset(), frozenset())),
])
def test_reach_follows_the_roles(
    app: Flask, world: World, roles: list[tuple[Role, str | None]], expected: tuple[object, object],
) -> None:
    with app.app_context(), transaction() as session:
        person = grants.find_or_make_person(session, "a@b.test")
        for role, country in roles:
            grants.grant_role(session, SYSTEM, person, role, world.plan, country=country)
        seen = actor_of(session, person)
    assert (seen.countries, seen.firm_ids) == expected
    assert seen.roles == {role for role, _country in roles}


def test_roles_hold_from_day_to_day(app: Flask, world: World) -> None:
    today = clock.today()
    with app.app_context(), transaction() as session:
        person = grants.find_or_make_person(session, "a@b.test")
        facts = {"valid_from": today + timedelta(days=2), "valid_to": today + timedelta(days=3)}
        grants.grant_role(session, SYSTEM, person, Role.MANAGER, world.plan, **facts)
        held = []
        for days in range(5):
            with clock.at(clock.now() + timedelta(days=days)):
                held.append(bool(actor_of(session, person).roles))
    assert held == [False, False, True, True, False]
