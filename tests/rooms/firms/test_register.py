"""Registering, changing, people and consents: each way through and each refusal of the services."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from sqlalchemy import event, insert, select
from sqlalchemy.orm import Session

from cohort.firms import service
from cohort.firms.facts import FirmProfile, NewFirm, NewPerson
from cohort.firms.models import ConsentEntry, Firm, FirmPerson
from cohort.kit import audit
from cohort.kit.access import SYSTEM, Actor
from cohort.kit.errors import DomainError
from tests.rooms.firms.conftest import (
    NOW,
    OBSERVER,
    coordinator,
    firm_person,
    make_firm,
    make_people,
    manager,
    told,
)

AYMARA = NewFirm(country="CL", tax_id="76.123.456-0", legal_name=" Tejidos Aymara SpA ", trade_name="Ñandú", sector="commerce",
                 city="Arica", is_rural=True, founded_on=date(2019, 3, 31), sells_online=False)


def noted(session: Session) -> list[tuple[str, dict[str, Any], dict[str, Any]]]:
    audit.seal(session)
    entries = session.scalars(select(audit.AuditEntry).order_by(audit.AuditEntry.seq))
    return [(entry.action, *(audit.changes(entry) or ({}, {}))) for entry in entries]


def columns(firm: Firm) -> dict[str, object]:
    return {column.key: getattr(firm, column.key) for column in Firm.__table__.columns if column.key != "id"}


def test_a_registered_firm_has_its_facts_and_nothing_it_did_not_say(session: Session) -> None:
    firm = service.register_firm(session, coordinator(), AYMARA)
    session.expire(firm)
    assert columns(firm) == {
        "country": "CL", "tax_id": "761234560", "tax_id_status": "valid", "tax_id_confirmed_by": None,
        "legal_name": "Tejidos Aymara SpA", "trade_name": "Ñandú", "sort_name": "nandu", "is_natural_person": False,
        "sector": "commerce", "region": "", "city": "Arica", "is_rural": True, "founded_on": date(2019, 3, 31),
        "sells_online": False, "product": "", "web_address": "", "owner_group": "", "size_class": "unknown",
        "women_owned": "unknown", "women_led": "unknown", "ownership_verified": False, "merged_into_id": None,
        "import_id": None, "recorded_at": NOW, "recorded_by": 2,
    }
    assert noted(session) == [("firm.registered", {}, {
        "country": "CL", "tax_id": "761234560", "tax_id_status": "valid", "legal_name": "Tejidos Aymara SpA",
        "trade_name": "Ñandú", "sector": "commerce", "city": "Arica", "is_rural": True, "founded_on": "2019-03-31",
        "sells_online": False})]


@pytest.mark.parametrize(("facts", "code"), [
    ({"tax_id": "76.123.456-1"}, "tax_id_refused"),
    ({"country": "CO", "tax_id": "900123456"}, "tax_id_refused"),
    ({"country": "MX", "tax_id": "CPA190301AB9"}, "tax_id_doubtful"),
    ({"country": "AR"}, "country_unknown"),
    ({"legal_name": "  "}, "name_missing"),
    ({"legal_name": "x" * 201}, "text_too_long"),
    ({"sector": "banking"}, "sector_unknown"),
])
def test_what_cannot_be_registered(session: Session, facts: dict[str, str], code: str) -> None:
    with pytest.raises(DomainError) as refused:
        service.register_firm(session, manager(), NewFirm(**{**vars(AYMARA), **facts}))
    assert (refused.value.code, bool(told(refused.value))) == (code, True)
    assert session.scalars(select(Firm)).all() == []
    assert noted(session) == []


def test_a_doubtful_number_is_taken_when_a_person_read_it_back(session: Session) -> None:
    firm = service.register_firm(session, manager(7), NewFirm(country="MX", tax_id="CPA190301AB9", legal_name="Papel", confirmed=True))
    assert (firm.tax_id, firm.tax_id_status, firm.tax_id_confirmed_by) == ("CPA190301AB9", "warning", 7)


def test_a_colombian_number_has_its_check_digit_in_its_own_box(session: Session) -> None:
    firm = service.register_firm(session, manager(), NewFirm(country="CO", tax_id="900123456", check_digit="8", legal_name="Café"))
    assert (firm.tax_id, firm.is_natural_person) == ("9001234568", False)


def test_the_same_number_is_refused_even_where_the_actor_cannot_see_the_firm(session: Session) -> None:
    make_firm(session, "CL", "76.123.456-0")
    with pytest.raises(DomainError) as refused:
        service.register_firm(session, coordinator(), AYMARA)
    assert (refused.value.code, refused.value.params) == ("firm_exists", {"tax_id": "76.123.456-0"})


def test_of_two_who_register_at_the_same_moment_one_is_told(session: Session) -> None:
    def be_faster(_session: object, _context: object, _instances: object) -> None:
        row = {"country": "CL", "tax_id": "761234560", "legal_name": "Faster", "sort_name": "faster", "recorded_at": NOW}
        session.connection().execute(insert(Firm), [row])

    event.listen(session, "before_flush", be_faster, once=True)
    with pytest.raises(DomainError) as refused:
        service.register_firm(session, coordinator(), AYMARA)
    assert refused.value.code == "firm_exists"


@pytest.mark.parametrize("actor", [OBSERVER, coordinator("PE"), firm_person(1), Actor()])
def test_who_may_not_register(session: Session, actor: Actor) -> None:
    with pytest.raises(DomainError) as refused:
        service.register_firm(session, actor, AYMARA)
    assert refused.value.code == "not_allowed"


def test_a_change_keeps_what_stood_before_and_no_change_leaves_no_trace(session: Session) -> None:
    firm = service.register_firm(session, SYSTEM, AYMARA)
    wanted = FirmProfile(legal_name="Tejidos Aymara SpA", trade_name="", sector="commerce", city="Iquique",
                         is_rural=True, founded_on=date(2019, 3, 31), sells_online=False)
    service.update_firm(session, firm_person(firm.id), firm, wanted)
    service.update_firm(session, firm_person(firm.id), firm, wanted)
    assert (firm.city, firm.sort_name) == ("Iquique", "tejidos aymara spa")
    assert noted(session)[1:] == [("firm.changed", {"city": "Arica", "trade_name": "Ñandú"}, {"city": "Iquique", "trade_name": ""})]


@pytest.mark.parametrize("actor", [OBSERVER, coordinator("PE"), firm_person(0), Actor()])
def test_who_may_not_change_a_firm_or_its_people(session: Session, actor: Actor) -> None:
    firm = make_firm(session)
    for act in (
        lambda: service.update_firm(session, actor, firm, FirmProfile(legal_name="Other")),
        lambda: service.add_person(session, actor, firm, NewPerson(name="Ana", email="ana@x.cl")),
        lambda: service.record_consent(session, actor, firm, "email_news", "2026-1", is_given=True),
    ):
        with pytest.raises(DomainError) as refused:
            act()
        assert refused.value.code == "not_allowed"


def test_a_person_gets_the_country_code_and_leaves_without_being_lost(session: Session) -> None:
    firm = make_firm(session)
    person = service.add_person(session, coordinator(), firm, NewPerson(name=" Ana Rojas ", title="Gerenta", email="Ana@X.CL", phone="9 1234 5678"))
    service.end_person(session, coordinator(), person)
    service.end_person(session, coordinator(), person)
    assert (person.name, person.email, person.phone, person.since_on, person.until_on) == (
        "Ana Rojas", "ana@x.cl", "+56912345678", date(2026, 11, 24), date(2026, 11, 24))
    assert [action for action, _before, _after in noted(session)] == ["firm.registered", "firm.person_added", "firm.person_ended"]


@pytest.mark.parametrize(("facts", "code"), [
    ({"name": " "}, "name_missing"), ({"email": ""}, "contact_missing"), ({"email": "ana"}, "email_malformed"),
    ({"phone": "12"}, "phone_malformed"), ({"email": "otra@x.cl"}, "person_twice"),
])
def test_what_is_no_person(session: Session, facts: dict[str, str], code: str) -> None:
    firm = make_firm(session)
    service.add_person(session, SYSTEM, firm, NewPerson(name="Otra", email="otra@x.cl"))
    with pytest.raises(DomainError) as refused:
        service.add_person(session, SYSTEM, firm, NewPerson(**{"name": "Ana", "email": "ana@x.cl", **facts}))
    assert (refused.value.code, bool(told(refused.value))) == (code, True)
    assert len(session.scalars(select(FirmPerson)).all()) == 1


def test_the_last_word_on_a_purpose_decides(session: Session) -> None:
    firm = make_firm(session)
    make_people(session, 3, 4)
    flor, luz = firm_person(firm.id, 3), firm_person(firm.id, 4)

    def say(actor: Actor, is_given: bool) -> list[bool]:
        service.record_consent(session, actor, firm, "email_news", "2026-1", is_given)
        return [service.may_contact(session, firm, "email_news", person) for person in (None, 3, 4)]

    assert not service.may_contact(session, firm, "email_news")
    assert say(flor, True) == [True, True, False]
    assert say(luz, False) == [False, True, False]
    assert say(luz, True) == [True, True, True]
    assert say(coordinator(), False) == [False, False, False]
    assert say(luz, True) == [True, False, True]
    assert not service.may_contact(session, firm, "whatsapp_contact")
    assert [(entry.person_id, entry.is_given) for entry in session.scalars(select(ConsentEntry).order_by(ConsentEntry.id))] == [
        (3, True), (4, False), (4, True), (None, False), (4, True)]


@pytest.mark.parametrize(("actor", "purpose", "version", "is_given", "code"), [
    (coordinator(), "email_news", "2026-1", True, "not_allowed"),
    (SYSTEM, "sell_my_data", "2026-1", True, "consent_unknown"),
    (SYSTEM, "email_news", "2020-1", True, "consent_version"),
])
def test_consents_that_are_refused(session: Session, actor: Actor, purpose: str, version: str, is_given: bool, code: str) -> None:
    with pytest.raises(DomainError) as refused:
        service.record_consent(session, actor, make_firm(session), purpose, version, is_given)
    assert (refused.value.code, bool(told(refused.value))) == (code, True)


def test_a_withdrawal_of_an_old_text_is_taken(session: Session) -> None:
    entry = service.record_consent(session, SYSTEM, make_firm(session), "email_news", "2020-1", is_given=False)
    assert (entry.version, entry.is_given) == ("2020-1", False)
