"""Arranges a plan with staff, a call and firms that apply to it, all through the services that pages use."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_babel import force_locale
from sqlalchemy import select
from sqlalchemy.orm import Session
from stdnum.cl import rut
from stdnum.co import nit
from stdnum.mx import rfc
from stdnum.pe import ruc

from cohort.kit import clock
from cohort.kit.access import SYSTEM, Actor, Role, act_as
from cohort.kit.database import db, transaction
from cohort.kit.doors import limiter
from cohort.people import grants, profile
from cohort.people.actors import actor_of
from cohort.people.models import Person
from cohort.plans.models import Plan
from cohort.plans.service import NewPlan, create_plan
from cohort.rounds.applications import entry
from cohort.rounds.applications import service as applications
from cohort.rounds.calls import service as calls
from cohort.rounds.calls.protocol import Terms
from cohort.rounds.decisions import concurrence
from cohort.rounds.decisions import service as decisions
from cohort.rounds.models import Application, Decision, Round
from cohort.rounds.scores.service import score_files
from cohort.rounds.seats import acts, offers
from cohort.rounds.seats.models import Offer

NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)
CLOSES = datetime(2026, 11, 20, 2, 59, tzinfo=UTC)  # 23:59 on the 19th in Santiago
AFTER = CLOSES + timedelta(hours=1)
COUNTRIES = ("CL", "CO", "MX", "PE")
PASSWORD = "una frase bastante larga"
CODE = "2026-1"

ANSWERS = {
    "contact_name": "Rosa Quispe", "phone": "", "product": "Chales de alpaca", "travels": "parcel", "sells_online": "now",
    "founded_on": "2019-03-01", "exports_count": "1", "sales_year": "2025", "annual_sales": "50000", "employees": "4",
    "form": "company", "women_control": "yes", "woman_signatory": "yes", "independent": "yes", "board_total": "0",
    "data_notice": "yes",
}


@pytest.fixture(autouse=True)
def quick(app: Flask) -> Iterator[None]:
    """Hash at the least cost and forget the rate limits of the test before."""
    app.extensions["security"].pwd_context.update(argon2__time_cost=1, argon2__memory_cost=8, argon2__parallelism=1)
    with app.app_context():
        limiter.reset()
    yield
    clock.pin(None)


def tax_id(country: str, number: int) -> tuple[str, str]:
    """A tax number that passes its country's rule, with the second box of Colombia."""
    if country == "CL":
        base = str(76_000_000 + number)
        return base + rut.calc_check_digit(base), ""
    if country == "CO":
        base = str(900_100_000 + number)
        return base, nit.calc_check_digit(base)
    if country == "MX":
        base = f"ABC0101{number % 28 + 1:02}AB"
        return base + rfc.calc_check_digit(base), ""
    base = f"20{number + 10_000_000:08}"
    return base + ruc.calc_check_digit(base), ""


def make_person(session: Session, email: str, role: Role | None, plan_id: int, country: str | None = None) -> Person:
    person = grants.find_or_make_person(session, email, email.split("@", maxsplit=1)[0].title(), "es", country)
    person.password = profile.hashed_password(PASSWORD, "nobody@nowhere.test")
    if role is not None:
        grants.grant_role(session, SYSTEM, person, role, plan_id, country=country)
    return person


@dataclass
class World:
    """A plan, the people who run it, and helpers that apply and score as they would."""

    session: Session
    plan: Plan
    people: dict[str, Person]

    def actor(self, name: str) -> Actor:
        return actor_of(self.session, self.people[name], self.plan.id)

    @property
    def manager(self) -> Actor:
        return self.actor("manager")

    def call(self, *, template: str = "equal", seats: int = 8, code: str = CODE, is_open: bool = True) -> Round:
        """A call of all four countries, opened unless told otherwise."""
        countries = COUNTRIES if template != "national" else ("CL",)
        new = calls.NewRound(
            code=code, title_es="Convocatoria", title_en="Call", opens_at=NOW, closes_at=CLOSES,
            time_zone="America/Santiago", grace_minutes=0, terms=Terms(template, seats, countries),
        )
        round_ = calls.create_round(self.session, self.manager, self.plan, new)
        if is_open:
            calls.open_round(self.session, self.manager, round_, "Pocas firmas en el registro.")
        return round_

    def applicant(self, name: str, country: str) -> Actor:
        """A person who confirmed a mail address, without any role."""
        if name not in self.people:
            self.people[name] = make_person(self.session, f"{name}@firma.test", None, self.plan.id, country)
        return self.actor(name)

    def apply(self, round_: Round, name: str, country: str, number: int, *, womens: bool, **answers: str) -> Application:
        """A firm that nobody invited applies and sends its form in."""
        actor = self.applicant(name, country)
        typed, digit = tax_id(country, number)
        application = entry.begin(self.session, actor, round_, entry.TaxNumber(country, typed, digit))
        said = {**ANSWERS, "company_name": name.title(), "women_ownership_pct": "60" if womens else "10", **answers}
        if not womens:
            said |= {"women_control": "no"}
        actor = self.actor(name)
        applications.save_draft(self.session, actor, application, said)
        applications.submit(self.session, actor, application)
        return application

    def fill(self, round_: Round, each: int = 4) -> list[Application]:
        """`each` firms a country, every second one women's, sent in."""
        return [
            self.apply(round_, f"firma{country.lower()}{place}", country, place + 1, womens=place % 2 == 1)
            for country in COUNTRIES for place in range(each)
        ]

    def close(self, round_: Round) -> None:
        with clock.at(AFTER):
            calls.close_round(self.session, self.manager, round_)

    def score(self, round_: Round, files: list[Application]) -> None:
        """Scores that fall by five hundredths from file to file, women's firms behind."""
        points = {each.id: 900_000 - 1_000 * place - (200_000 if place % 2 else 0) for place, each in enumerate(files)}
        score_files(self.session, self.manager, round_, points)

    def decided_ready(self, each: int = 4, **call: object) -> tuple[Round, list[Application]]:
        """A closed call whose files are all scored."""
        round_ = self.call(**call)  # type: ignore[arg-type]
        files = self.fill(round_, each)
        self.close(round_)
        self.score(round_, files)
        return round_, files

    def coordinator(self, country: str) -> Actor:
        """The coordinator of a country, appointed when first asked for."""
        name = {"PE": "peru"}.get(country, f"coordinator-{country.lower()}")
        if name not in self.people:
            self.people[name] = make_person(
                self.session, f"{name}@plan.test", Role.COORDINATOR, self.plan.id, country)
        return self.actor(name)

    def proposed(self, round_: Round, reasons: str = "") -> Decision:
        """The best list, proposed by the manager."""
        shown = decisions.show(self.session, self.manager, round_)
        return decisions.propose(self.session, self.manager, round_, shown.key, reasons)

    def agreed(self, round_: Round, decision: Decision) -> None:
        """Ownership verified where it is asked, and each country's agreement."""
        shown = decisions.show(self.session, self.manager, round_)
        for each in decisions.unverified(self.session, round_, shown.question, shown.found, shown.files):
            applications.note_finding(self.session, self.coordinator(each.country), each, "ownership", "yes", "Visto en la escritura.")
        for country in round_.protocol["countries"] if concurrence.is_asked(round_) else ():
            concurrence.concur(self.session, self.coordinator(country), round_, decision, decision.record_hash)

    def sealed(self, round_: Round, reasons: str = "") -> Decision:
        """The whole way: proposed by one person, agreed to, sealed by another."""
        decision = self.proposed(round_, reasons)
        self.agreed(round_, decision)
        return decisions.seal(self.session, self.actor("second"), round_, decision.record_hash)

    def told(self, round_: Round, reasons: str = "") -> Decision:
        """Sealed, its act recorded today, and every letter queued."""
        decision = self.sealed(round_, reasons)
        acts.record_act(self.session, self.manager, round_, "RES-1", clock.today(round_.time_zone))
        offers.send_letters(self.session, self.manager, round_)
        return decision

    def offer_of(self, application: Application) -> Offer:
        """The latest offer made to a file."""
        found = offers.standing_offer(self.session, application.id)
        assert found is not None, "the file was offered a seat"
        return found

    def owner_of(self, application: Application) -> Actor:
        """Whoever applied."""
        assert application.applicant is not None
        return actor_of(self.session, application.applicant, self.plan.id)

    def joined(self, round_: Round) -> Decision:
        """The whole way to members: every selected firm accepts."""
        decision = self.told(round_)
        for offer in self.session.scalars(select(Offer).order_by(Offer.id)).all():
            offers.accept(self.session, self.owner_of(offer.application), offer)
        return decision


def build_world(session: Session) -> World:
    plan = create_plan(session, SYSTEM, NewPlan(
        code="PA-2026", name_es="Plan", name_en="Plan", starts_on=date(2026, 1, 1), lead_country="CL"))
    people = {
        name: make_person(session, f"{name}@plan.test", role, plan.id, country)
        for name, role, country in (
            ("manager", Role.MANAGER, None), ("second", Role.MANAGER, None), ("peru", Role.COORDINATOR, "PE"),
            ("evaluator", Role.EVALUATOR, "PE"), ("observer", Role.OBSERVER, None),
        )
    }
    return World(session, plan, people)


@pytest.fixture
def world(session: Session) -> Iterator[World]:
    """Everything above, inside the test's own session, at noon of 2 November 2026, read in English."""
    clock.pin(NOW)
    with force_locale("en"):
        yield build_world(session)


@dataclass(frozen=True)
class Site:
    """The site with a call on it, and clients that are signed in."""

    app: Flask

    def client(self, email: str = "") -> FlaskClient:
        """A browser, signed in by password when a mail address is given."""
        client = self.app.test_client()
        if email:
            answer = post(client, "/sign-in", email=email, password=PASSWORD)
            assert answer.status_code == 302, answer.text[:2000]
        return client

    def do(self, act: Callable[[World], object]) -> object:
        """Act on the world in one committed transaction, as the services' doors do."""
        with self.app.app_context(), transaction() as session:
            act_as(session, SYSTEM)
            plan = session.scalars(select(Plan)).one()
            people = {person.email.split("@", maxsplit=1)[0]: person for person in session.scalars(select(Person))}
            return act(World(session, plan, people))


@pytest.fixture
def doors(app: Flask) -> Site:
    clock.pin(NOW)
    with app.app_context(), transaction() as session:
        act_as(session, SYSTEM)
        build_world(session)
    with app.app_context():
        db.session.remove()
    return Site(app)


def token_of(client: FlaskClient, path: str = "/sign-in") -> str:
    """The CSRF token of a page."""
    found = re.search(r'name="csrf_token" (?:type="hidden" )?value="([^"]+)"', client.get(path).text)
    assert found, f"{path} has no form with a token"
    return found[1]


def post(client: FlaskClient, path: str, page: str | None = None, **typed: object):  # type: ignore[no-untyped-def]
    """Send a form with the token of `page` (default: the path itself)."""
    return client.post(path, data={"csrf_token": token_of(client, page or path), **typed})
