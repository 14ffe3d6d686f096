"""Arranges a plan with a firm of Chile, one of Peru and people with roles, and signs them in by a place of their own."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_babel import force_locale
from sqlalchemy.orm import Session
from werkzeug.datastructures import FileStorage
from werkzeug.test import TestResponse, encode_multipart

from cohort.exports import service
from cohort.exports.facts import ExportFacts
from cohort.exports.models import ExchangeRate, Export
from cohort.firms.facts import NewFirm
from cohort.firms.service import register_firm
from cohort.kit import clock
from cohort.kit.access import SYSTEM, Actor, Role, act_as
from cohort.kit.database import db, transaction
from cohort.kit.errors import DomainError, sentence
from cohort.people.models import Person, RoleGrant, SignInSession
from cohort.people.sessions import hashed
from cohort.plans.models import Member
from cohort.plans.service import NewPlan, create_plan
from tests.pages import Reading, counted_queries

__all__ = ["counted_queries"]

NOW = datetime(2026, 11, 24, 15, tzinfo=UTC)
TODAY = date(2026, 11, 24)
JOINED = date(2026, 1, 5)
FLOR, CONI, MARA, PIA, OTTO = 11, 12, 13, 14, 15  # firm of Chile, coordinator CL, manager, coordinator PE, observer


@dataclass(frozen=True)
class World:
    """Numbers of the plan, the firm of Chile and the firm of Peru."""

    plan: int
    chile: int
    peru: int


@pytest.fixture(autouse=True)
def noon(app: Flask) -> Iterator[None]:
    clock.pin(NOW)
    yield
    clock.pin(None)


@pytest.fixture
def world(app: Flask) -> World:
    with app.app_context(), transaction() as session:
        act_as(session, SYSTEM)
        plan = create_plan(session, SYSTEM, NewPlan("PA-T", "Plan", "Plan", date(2026, 1, 1), "CL"))
        firms = [
            register_firm(session, SYSTEM, NewFirm(country=country, tax_id=tax_id, legal_name=name, product=product))
            for country, tax_id, name, product in (
                ("CL", "76.123.456-0", "Hilos del Sur", "Chales de alpaca"), ("PE", "20123456786", "Cacao del Norte", ""))
        ]
        for firm in firms:
            add_member(session, plan.id, firm.id, firm.country)
        for number, name in ((FLOR, "Flor"), (CONI, "Coni"), (MARA, "Mara"), (PIA, "Pia"), (OTTO, "Otto")):
            session.add(Person(id=number, email=f"{name.lower()}@example.test", name=name, language="en", region="CL", fs_uniquifier=name))
        session.flush()
        grants = (
            (FLOR, Role.FIRM, None, firms[0].id), (CONI, Role.COORDINATOR, "CL", None), (MARA, Role.MANAGER, None, None),
            (PIA, Role.COORDINATOR, "PE", None), (OTTO, Role.OBSERVER, None, None),
        )
        for person, role, country, firm_id in grants:
            session.add(RoleGrant(plan_id=plan.id, person_id=person, role=role, country=country, firm_id=firm_id, valid_from=date(2026, 1, 1)))
        return World(plan.id, firms[0].id, firms[1].id)


def add_member(session: Session, plan_id: int, firm_id: int, country: str, **more: object) -> Member:
    member = Member(plan_id=plan_id, firm_id=firm_id, country=country, joined_on=JOINED, season_quarters=more.pop("season_quarters", []), recorded_at=NOW, **more)
    session.add(member)
    session.flush()
    return member


def flor(world: World) -> Actor:
    return Actor(FLOR, "Flor", world.plan, frozenset({Role.FIRM}), frozenset(), frozenset({world.chile}))


def coni(world: World) -> Actor:
    return Actor(CONI, "Coni", world.plan, frozenset({Role.COORDINATOR}), frozenset({"CL"}), frozenset())


def pia(world: World) -> Actor:
    return Actor(PIA, "Pia", world.plan, frozenset({Role.COORDINATOR}), frozenset({"PE"}), frozenset())


def mara(world: World) -> Actor:
    return Actor(MARA, "Mara", world.plan, frozenset({Role.MANAGER}), None, None)


def otto(world: World) -> Actor:
    return Actor(OTTO, "Otto", world.plan, frozenset({Role.OBSERVER}), None, None)


def facts(**more: object) -> ExportFacts:
    told = {
        "exported_on": date(2026, 11, 20), "destination": "MX", "product": "Shawls", "value": Decimal(400), "currency": "USD",
        "channel": "marketplace", "marketplace": "Mercado Libre", **more,
    }
    return ExportFacts(**told)  # type: ignore[arg-type]


def member_of(session: Session, world: World, firm_id: int = 0) -> Member:
    return session.query(Member).filter_by(plan_id=world.plan, firm_id=firm_id or world.chile).one()


def log(session: Session, world: World, actor: Actor | None = None, firm_id: int = 0, **more: object) -> Export:
    """A logged export of the firm of Chile, by Flor unless said."""
    return service.log_export(session, actor or flor(world), member_of(session, world, firm_id), facts(**more))


NUMBERS = iter(range(1000, 10**6))


def verified(session: Session, world: World, firm_id: int = 0, **more: object) -> Export:
    """A verified export: logged by the system for its firm, verified by Mara with a declaration."""
    export = log(session, world, SYSTEM, firm_id, **more)
    kind = "DAM" if export.origin == "PE" else "DUS"
    service.verify_export(session, mara(world), export, 3, kind, f"{next(NUMBERS)}")
    return export


def rate(session: Session, currency: str = "CLP", on: date = date(2026, 11, 20), per_usd: str = "944.14") -> None:
    session.add(ExchangeRate(currency=currency, on=on, per_usd=per_usd, source="BCCh", recorded_at=NOW))
    session.flush()


def code_of(error: pytest.ExceptionInfo[DomainError]) -> str:
    """The code of a refusal, after its sentence has been read in both languages."""
    for language in ("en", "es"):
        with force_locale(language):
            assert "%(" not in sentence(error.value)
    return error.value.code


@pytest.fixture
def look(app: Flask) -> Iterator[Session]:
    """A session for looking, outside any context: inside one, the test clients would share `g` with it."""
    with app.app_context():
        connection = db.engines[None]
    with Session(connection, join_transaction_mode="create_savepoint") as opened:
        yield opened


SignIn = Callable[[int], FlaskClient]


@pytest.fixture
def sign_in(app: Flask, world: World) -> SignIn:
    """Return a client in which one of the people of the world is signed in."""
    names = {FLOR: "Flor", CONI: "Coni", MARA: "Mara", PIA: "Pia", OTTO: "Otto"}

    def do(number: int) -> FlaskClient:
        name = names[number]
        with app.app_context(), transaction() as session:
            session.add(SignInSession(
                person_id=number, token_hash=hashed(name), kind="browser", created_at=NOW, last_seen_at=NOW,
                expires_at=NOW + timedelta(days=14),
            ))
        client = app.test_client()
        with client.session_transaction() as cookie:
            cookie.update({"_user_id": name, "_fresh": True, "place": name, "seen_at": NOW.timestamp(), "two_factors": True})
        return client

    return do


def read(response: TestResponse, status: int = 200) -> str:
    """Return the text of a page that answers `status` and has no fault."""
    assert response.status_code == status, response.text[:3000]
    assert Reading(response.text).faults() == []
    return response.text


def token_of(client: FlaskClient, path: str) -> str:
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', client.get(path).text)
    assert found, f"{path} has no form with a token"
    return found[1]


def post(client: FlaskClient, path: str, page: str | None = None, **typed: object) -> TestResponse:
    """Send a form with the token of `page` (default: the same address)."""
    sent = {"csrf_token": token_of(client, page or path)} | {
        name: FileStorage(*value) if isinstance(value, tuple) else value for name, value in typed.items()
    }
    # Encoded here, because the test client would leave the temporary file of a large body open.
    boundary, body = encode_multipart(sent)
    return client.post(path, data=body, content_type=f"multipart/form-data; boundary={boundary}")
