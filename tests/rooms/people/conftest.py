"""Arranges a plan, two firms and people with roles, and signs people in through the real door."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from cohort.firms.models import Firm
from cohort.kit import clock, imports  # noqa: F401  its table stands behind a foreign key of firms
from cohort.kit.access import SYSTEM, Role
from cohort.kit.database import db, transaction
from cohort.kit.doors import limiter
from cohort.people import factors, grants, profile
from cohort.people.models import Person
from cohort.plans.models import Plan

PASSWORD = "una frase bastante larga"


@dataclass(frozen=True)
class World:
    """The ids of what stands: a plan, a later plan, a firm of Chile, a firm of Peru."""

    plan: int
    later_plan: int
    firm_cl: int
    firm_pe: int


@pytest.fixture(autouse=True)
def quick(app: Flask) -> Iterator[None]:
    """Hash at the least cost and forget the rate limits of the test before."""
    app.extensions["security"].pwd_context.update(argon2__time_cost=1, argon2__memory_cost=8, argon2__parallelism=1)
    with app.app_context():
        limiter.reset()
    yield
    with app.app_context():
        limiter.reset()


@pytest.fixture
def demanding(app: Flask) -> Iterator[None]:
    """Every plan demands a second factor of its staff, for this test."""
    before = factors.register_demand(lambda _plan_id: True)
    yield
    factors.register_demand(before)


def _plan(code: str) -> Plan:
    return Plan(
        code=code, name_es=f"Plan {code}", name_en=f"Plan {code}", starts_on=date(2025, 9, 1),
        ends_on=date(2027, 8, 31), time_zone="America/Santiago", lead_country="CL", recorded_at=clock.now(),
    )


def _firm(country: str, tax_id: str) -> Firm:
    return Firm(
        country=country, tax_id=tax_id, legal_name=f"Firma {country}", sort_name=f"firma {country.lower()}",
        recorded_at=clock.now(),
    )


@pytest.fixture
def world(app: Flask) -> World:
    with app.app_context(), transaction() as session:
        rows = [_plan("first"), _plan("later"), _firm("CL", "111111111"), _firm("PE", "20100130204")]
        for row in rows:
            session.add(row)
            session.flush()
        return World(*(row.id for row in rows))


MakePerson = Callable[..., int]


@pytest.fixture
def make_person(app: Flask, world: World) -> MakePerson:
    """Make a person with a password and, if asked, one role in the first plan; returns the id."""

    def make(
        email: str, role: Role | None = None, country: str | None = None, firm_id: int | None = None,
        password: str | None = PASSWORD, plan_id: int | None = None,
    ) -> int:
        with app.app_context(), transaction() as session:
            person = grants.find_or_make_person(session, email, email.split("@", maxsplit=1)[0].title())
            if password:
                person.password = profile.hashed_password(password, "nobody@nowhere.test")
            if role is not None:
                grants.grant_role(
                    session, SYSTEM, person, role, plan_id or world.plan, country=country, firm_id=firm_id,
                )
            return person.id

    return make


@pytest.fixture
def session(app: Flask) -> Iterator[Session]:
    """A session for looking, outside any context: inside one, the test client would share `g` with it."""
    with app.app_context():
        connection = db.engines[None]
    with Session(connection, join_transaction_mode="create_savepoint") as opened:
        yield opened


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def token_of(client: FlaskClient, path: str = "/sign-in") -> str:
    """The CSRF token of a page."""
    found = re.search(r'name="csrf_token" (?:type="hidden" )?value="([^"]+)"', client.get(path).text)
    assert found, f"{path} has no form with a token"
    return found[1]


def post(client: FlaskClient, path: str, page: str | None = None, **typed: object):  # type: ignore[no-untyped-def]
    """Send a form with the token of `page` (default: the sign-in page)."""
    return client.post(path, data={"csrf_token": token_of(client, page or "/sign-in"), **typed})


def sign_in(client: FlaskClient, email: str, password: str = PASSWORD, **more: object):  # type: ignore[no-untyped-def]
    return post(client, "/sign-in", email=email, password=password, **more)


def person_of(session: Session, email: str) -> Person:
    return session.scalars(select(Person).where(Person.email == email)).one()


def is_in(client: FlaskClient) -> bool:
    """Whether this browser is signed in."""
    return client.get("/account/").status_code == 200
