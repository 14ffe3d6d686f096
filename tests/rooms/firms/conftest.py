"""Arranges a plan and people with roles, signs them in by a place of their own, and reads pages strictly."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_babel import force_locale
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from cohort.firms.facts import NewFirm
from cohort.firms.importer import check_file
from cohort.firms.imports.mapping import NO_MAP, ColumnMap
from cohort.firms.imports.report import ImportReport
from cohort.firms.imports.storing import ready_rows, store_checked
from cohort.firms.models import Firm
from cohort.firms.service import register_firm
from cohort.kit import clock
from cohort.kit.access import SYSTEM, Actor, Role, act_as
from cohort.kit.database import transaction
from cohort.kit.errors import DomainError, sentence
from cohort.people.models import Person, RoleGrant, SignInSession
from cohort.people.sessions import hashed
from cohort.plans.models import Plan, PolicyVersion
from tests.pages import Reading, counted_queries

__all__ = ["counted_queries"]

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
RUTS = ("761234560", "965432100", "775556667", "99500410", "780001119")


def manager(person_id: int = 1) -> Actor:
    return Actor(person_id, "Mara Manager", 1, frozenset({Role.MANAGER}), None, None)


def coordinator(country: str = "CL", person_id: int = 2) -> Actor:
    return Actor(person_id, "Coni Coordinator", 1, frozenset({Role.COORDINATOR}), frozenset({country}), frozenset())


def firm_person(firm_id: int, person_id: int = 3) -> Actor:
    return Actor(person_id, "Flor Firm", 1, frozenset({Role.FIRM}), frozenset(), frozenset({firm_id}))


OBSERVER = Actor(9, "Otto Observer", 1, frozenset({Role.OBSERVER}), None, None)


@pytest.fixture(autouse=True)
def noon(app: Flask) -> Iterator[None]:
    clock.pin(NOW)
    yield
    clock.pin(None)


@pytest.fixture
def plan_id(app: Flask) -> int:
    with app.app_context(), transaction() as session:
        plan = Plan(
            code="PA-T", name_es="Plan", name_en="Plan", starts_on=date(2025, 9, 1), ends_on=date(2027, 8, 31),
            time_zone="America/Santiago", lead_country="CL", recorded_at=NOW,
        )
        session.add(plan)
        session.flush()
        session.add(PolicyVersion(plan_id=plan.id, kind="parity", version=1, valid_from_on=date(2025, 9, 1),
                                  settings={"profile": "IWA34"}, recorded_at=NOW))
        return plan.id


def told(error: DomainError) -> str:
    """The sentence of a refusal, in English."""
    with force_locale("en"):
        return sentence(error)


def make_people(session: Session, *numbers: int) -> None:
    """Let accounts with these numbers exist, for what is recorded in their name."""
    session.add_all(Person(id=number, email=f"p{number}@example.test", name=f"P{number}", fs_uniquifier=f"p{number}") for number in numbers)
    session.flush()


def make_firm(session: Session, country: str = "CL", tax_id: str = "11.111.111-1", **facts: object) -> Firm:
    facts = {"legal_name": f"Firma {tax_id}", **facts}
    return register_firm(session, SYSTEM, NewFirm(country=country, tax_id=tax_id, **facts))  # type: ignore[arg-type]


def bring_in(session: Session, actor: Actor, path: Path, column_map: ColumnMap = NO_MAP) -> ImportReport:
    """Check a file and store it, as the doors do, in the test's own transaction."""
    with ready_rows() as ready:
        return store_checked(session, actor, check_file(session, actor, path, column_map, ready=ready), ready)


@dataclass(frozen=True)
class World:
    """A firm of Chile, one of Peru, and the plan."""

    plan: int
    chile: int
    peru: int


@pytest.fixture
def world(app: Flask, plan_id: int) -> World:
    with app.app_context(), transaction() as session:
        act_as(session, SYSTEM)
        chile = make_firm(session, "CL", "76.123.456-0", legal_name="Tejidos Aymara SpA", trade_name="Ñandú", sector="commerce")
        peru = make_firm(session, "PE", "20123456786", legal_name="Cacao del Norte SAC")
        return World(plan_id, chile.id, peru.id)


SignIn = Callable[..., FlaskClient]


@pytest.fixture
def sign_in(app: Flask, plan_id: int) -> SignIn:
    """Return a client in which a new person with one role is signed in."""
    count = Counter[str]()

    def do(role: Role, country: str | None = None, firm_id: int | None = None, region: str = "CL") -> FlaskClient:
        count["people"] += 1
        name = f"{role.value}{count['people']}"
        with app.app_context(), transaction() as session:
            person = Person(email=f"{name}@example.test", name=name.title(), language="en", region=region, fs_uniquifier=name)
            session.add(person)
            session.flush()
            session.add(RoleGrant(plan_id=plan_id, person_id=person.id, role=role, country=country, firm_id=firm_id,
                                  valid_from=date(2026, 1, 1)))
            session.add(SignInSession(
                person_id=person.id, token_hash=hashed(name), kind="browser", created_at=NOW, last_seen_at=NOW,
                expires_at=NOW + timedelta(days=14),
            ))
        client = app.test_client()
        with client.session_transaction() as cookie:
            cookie.update({"_user_id": name, "_fresh": True, "place": name, "seen_at": NOW.timestamp(), "two_factors": True})
        return client

    return do


def read(response: TestResponse, status: int = 200) -> str:
    """Return the text of a page that answers `status` and has no fault."""
    assert response.status_code == status, response.text[:2000]
    assert Reading(response.text).faults() == []
    return response.text


def token_of(client: FlaskClient, path: str) -> str:
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', client.get(path).text)
    assert found, f"{path} has no form with a token"
    return found[1]


def post(client: FlaskClient, path: str, page: str | None = None, **typed: object) -> TestResponse:
    """Send a form with the token of `page` (default: the same address)."""
    return client.post(path, data={"csrf_token": token_of(client, page or path), **typed})
