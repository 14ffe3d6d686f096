"""A deputy reaches what the person away reaches, between the dates and no longer, and acts under their own name."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_babel import force_locale
from sqlalchemy import select
from sqlalchemy.orm import Session

from cohort.exports.proof import service as proof
from cohort.kit import clock
from cohort.kit.access import SYSTEM, Actor, Role
from cohort.kit.database import db, transaction
from cohort.kit.errors import DomainError
from cohort.kit.history import history_of
from cohort.people import grants
from cohort.people.actors import actor_of
from cohort.people.models import Person, RoleGrant
from cohort.people.signed_in import SignedIn, here
from cohort.plans.models import Deputy
from cohort.plans.service import name_deputy
from cohort.training import service as training
from tests import world as worlds
from tests.pages import sign_in_as

TODAY = worlds.NOW.date()


@pytest.fixture
def built(session: Session) -> worlds.World:
    clock.pin(worlds.NOW)
    return worlds.build(session)


def _stand_in(session: Session, world: worlds.World, who: str = "peru", away: str = "coordinator", first: int = 0, last: int = 7) -> Deputy:
    return name_deputy(
        session, SYSTEM, world.plan_of(session), "CL", coordinator_id=world.people[away], deputy_id=world.people[who],
        from_on=TODAY + timedelta(days=first), until_on=TODAY + timedelta(days=last))


def _reach(session: Session, world: worlds.World, who: str, days: int = 0) -> tuple[list[str] | None, tuple[tuple[str, str], ...]]:
    with clock.at(worlds.NOW + timedelta(days=days)):
        actor = world.actor(session, who)
    return (None if actor.countries is None else sorted(actor.countries)), actor.stands_in


@pytest.mark.parametrize(("days", "countries"), [(-1, ["PE"]), (0, ["CL", "PE"]), (7, ["CL", "PE"]), (8, ["PE"])])
def test_the_reach_is_lent_between_the_dates_both_included(session: Session, built: worlds.World, days: int, countries: list[str]) -> None:
    _stand_in(session, built)
    assert _reach(session, built, "peru", days)[0] == countries
    assert _reach(session, built, "coordinator", days) == (["CL"], ()), "whoever is away keeps theirs"


def test_it_says_for_whom_and_widens_no_role(session: Session, built: worlds.World) -> None:
    before = built.actor(session, "peru")
    _stand_in(session, built)
    after = built.actor(session, "peru")
    assert after == Actor(
        before.person_id, before.name, before.plan_id, before.roles, frozenset({"CL", "PE"}), before.firm_ids,
        stands_in=(("CL", "Coordinator"),))
    assert after.own_countries == {"PE"}


def test_what_the_person_away_lost_is_lent_no_longer(session: Session, built: worlds.World) -> None:
    _stand_in(session, built)
    grant = session.scalars(select(RoleGrant).where(RoleGrant.person_id == built.people["coordinator"])).one()
    grants.revoke_role(session, SYSTEM, grant.id)
    assert _reach(session, built, "peru") == (["PE"], ())


def test_a_deputy_without_a_role_of_their_own_reaches_nothing(session: Session, built: worlds.World) -> None:
    _stand_in(session, built)
    grant = session.scalars(select(RoleGrant).where(RoleGrant.person_id == built.people["peru"])).one()
    grants.revoke_role(session, SYSTEM, grant.id)
    assert _reach(session, built, "peru") == ([], ())
    grants.give(session, SYSTEM, built.person(session, "peru"), Role.EVALUATOR, built.plan, None, None)
    assert _reach(session, built, "peru") == ([], ())


def test_a_deputy_of_a_deputy_and_a_deputy_who_sees_all_are_lent_nothing(session: Session, built: worlds.World) -> None:
    _stand_in(session, built)
    grants.grant_role(session, SYSTEM, built.person(session, "nobody"), Role.COORDINATOR, built.plan, country="CO")
    session.add(Deputy(
        plan_id=built.plan, country="CL", coordinator_id=built.people["peru"], deputy_id=built.people["nobody"], from_on=TODAY,
        until_on=TODAY, recorded_at=worlds.NOW))
    _stand_in(session, built, "second")
    session.flush()
    assert _reach(session, built, "nobody") == (["CO"], ())
    assert _reach(session, built, "second") == (None, ())


def test_history_says_for_whom_in_the_lent_country_alone(app: Flask) -> None:
    clock.pin(worlds.NOW)
    with app.app_context(), transaction() as session:
        world = worlds.build(session)
        _stand_in(session, world)
    with app.app_context(), transaction() as session:
        deputy = world.actor(session, "peru")
        for key in ("CL", "PE"):
            training.hand_in(session, deputy, world.milestone(session, 1, key), "Firmada.")
    with app.app_context():
        reading = db.session()
        said = {}
        for language in ("en", "es"):
            with force_locale(language):
                said[language] = [history_of(reading, world.milestone(reading, 1, key))[0].who for key in ("CL", "PE")]
    assert said == {"en": ["Peru, for Coordinator", "Peru"], "es": ["Peru, por Coordinator", "Peru"]}


def test_nobody_verifies_what_they_logged_as_a_deputy_either(app: Flask) -> None:
    clock.pin(worlds.NOW)
    with app.app_context(), transaction() as session:
        world = worlds.build(session)
        _stand_in(session, world)
        export = worlds.export_of(session, world, date(2026, 11, 2), number="DUS-1")
        assert proof.may_check(session, world.actor(session, "peru"), export)
        export.logged_by = world.people["peru"]
        session.flush()
        with pytest.raises(DomainError, match="own_export"):
            proof.refuse_export(session, world.actor(session, "peru"), export, "No.")
        assert proof.may_check(session, world.actor(session, "coordinator"), export)


def test_a_browser_finds_the_same_actor(app: Flask) -> None:
    clock.pin(worlds.NOW)
    with app.app_context(), transaction() as session:
        world = worlds.build(session)
        _stand_in(session, world)
    client: FlaskClient = sign_in_as(app, world.people["peru"]).client
    with client:
        assert client.get("/account/").status_code == 200
        found = here()
        assert isinstance(found, SignedIn)
        opened = db.session()
        assert found.actor == actor_of(opened, opened.get_one(Person, world.people["peru"]), world.plan)
    assert client.get(f"/training/members/{world.members['CL']}").status_code == 200
    clock.pin(worlds.NOW + timedelta(days=8))
    later = sign_in_as(app, world.people["peru"]).client
    assert later.get(f"/training/members/{world.members['CL']}").status_code == 404
