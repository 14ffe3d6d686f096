"""A mistyped tax number: who puts it right, what is kept, what is refused, and what the page says."""

from __future__ import annotations

import copy
from datetime import UTC, datetime

import pytest
from flask import Flask
from sqlalchemy import event, insert, select
from sqlalchemy.orm import Session

from cohort.firms.corrections.service import EarlierNumber, TypedTaxId, correct_tax_id, earlier_numbers
from cohort.firms.models import Firm
from cohort.kit import clock
from cohort.kit.access import SYSTEM, Actor, Role, act_as
from cohort.kit.audit import AuditEntry, erase_payloads
from cohort.kit.errors import DomainError
from cohort.rounds.decisions import service as decisions
from cohort.rounds.models import Decision
from tests.pages import Pages
from tests.rooms.firms.conftest import (
    NOW,
    OBSERVER,
    SignIn,
    World,
    coordinator,
    firm_person,
    make_firm,
    manager,
    told,
)
from tests.rooms.firms.test_register import noted
from tests.rooms.rounds import conftest as rounds

RIGHT = TypedTaxId(tax_id="96.543.210-8")


def test_the_right_number_counts_from_now_on_and_the_wrong_one_stays_in_the_history(session: Session) -> None:
    firm = make_firm(session, "CL", "76.123.456-0")
    correct_tax_id(session, coordinator(), firm, TypedTaxId(tax_id="12345678-5"), " Digits swapped; certificate of 3 March. ")
    session.expire(firm)
    assert (firm.tax_id, firm.tax_id_status, firm.is_natural_person, firm.tax_id_confirmed_by) == ("123456785", "valid", True, None)
    assert noted(session)[1:] == [("firm.tax_id_corrected", {"tax_id": "761234560", "tax_id_status": "valid"}, {
        "tax_id": "123456785", "tax_id_status": "valid", "reason": "Digits swapped; certificate of 3 March."})]
    assert earlier_numbers(session, firm) == [EarlierNumber("76.123.456-0", NOW, "Digits swapped; certificate of 3 March.")]
    erase_payloads(session, firm)
    session.expire_all()
    assert earlier_numbers(session, firm) == []


@pytest.mark.parametrize(("typed", "reason", "code"), [
    (RIGHT, "  ", "reason_missing"), (TypedTaxId(tax_id="96.543.210-1"), "typo", "tax_id_refused"),
    (TypedTaxId(tax_id="76123456-0"), "typo", "tax_id_same"), (TypedTaxId(tax_id="<b>😀"), "typo", "tax_id_refused"),
])
def test_what_no_correction_can_be(session: Session, typed: TypedTaxId, reason: str, code: str) -> None:
    firm = make_firm(session, "CL", "76.123.456-0")
    with pytest.raises(DomainError) as refused:
        correct_tax_id(session, manager(), firm, typed, reason)
    assert (refused.value.code, bool(told(refused.value)), firm.tax_id) == (code, True, "761234560")


def test_each_country_keeps_its_own_rules(session: Session) -> None:
    mexican, colombian = make_firm(session, "MX", "TAL220830QW3"), make_firm(session, "CO", "900123456-8")
    with pytest.raises(DomainError) as doubtful:
        correct_tax_id(session, manager(7), mexican, TypedTaxId(tax_id="CPA190301AB9"), "typo")
    correct_tax_id(session, manager(7), mexican, TypedTaxId(tax_id="CPA190301AB9", confirmed=True), "typo")
    with pytest.raises(DomainError) as bare:
        correct_tax_id(session, manager(7), colombian, TypedTaxId(tax_id="900100001"), "typo")
    correct_tax_id(session, manager(7), colombian, TypedTaxId(tax_id="1012345678", check_digit="9"), "typo")
    assert (doubtful.value.code, bare.value.code) == ("tax_id_doubtful", "tax_id_refused")
    assert [(firm.tax_id, firm.tax_id_status, firm.tax_id_confirmed_by) for firm in (mexican, colombian)] == [
        ("CPA190301AB9", "warning", 7), ("10123456789", "valid", None)]


def test_a_number_of_another_firm_is_refused_and_that_firm_is_named_to_who_sees_it(session: Session) -> None:
    firm, other = make_firm(session, "CL", "76.123.456-0"), make_firm(session, "CL", "96.543.210-8", trade_name="Ñandú")
    with pytest.raises(DomainError) as refused:
        correct_tax_id(session, coordinator(), firm, RIGHT, "typo")
    assert (refused.value.code, refused.value.params) == (
        "tax_id_taken", {"tax_id": "96.543.210-8", "firm": "Ñandú", "firm_id": other.id})
    assert (firm.tax_id, noted(session)[2:]) == ("761234560", [])


def test_of_two_who_take_a_number_at_the_same_moment_one_is_told(session: Session) -> None:
    firm = make_firm(session, "CL", "76.123.456-0")

    def be_faster(_session: object, _context: object, _instances: object) -> None:
        row = {"country": "CL", "tax_id": "965432108", "legal_name": "Faster", "sort_name": "faster", "recorded_at": NOW}
        session.connection().execute(insert(Firm), [row])

    event.listen(session, "before_flush", be_faster, once=True)
    with pytest.raises(DomainError) as refused:
        correct_tax_id(session, coordinator(), firm, RIGHT, "typo")
    assert (refused.value.code, refused.value.params, firm.tax_id) == ("firm_exists", {"tax_id": "96.543.210-8"}, "761234560")


@pytest.mark.parametrize("actor", [OBSERVER, coordinator("PE"), firm_person(1), Actor()])
def test_who_may_not_correct(session: Session, actor: Actor) -> None:
    firm = make_firm(session, "CL", "76.123.456-0")
    with pytest.raises(DomainError) as refused:
        correct_tax_id(session, actor, firm, RIGHT, "typo")
    assert refused.value.code == "not_allowed"


def test_nobody_corrects_the_number_of_the_firm_they_act_for(session: Session) -> None:
    firm = make_firm(session, "CL", "76.123.456-0")
    both = Actor(5, "Both", 1, frozenset({Role.COORDINATOR, Role.FIRM}), frozenset({"CL"}), frozenset({firm.id}))
    with pytest.raises(DomainError) as refused:
        correct_tax_id(session, both, firm, RIGHT, "typo")
    assert refused.value.code == "not_allowed"


def test_frozen_applications_and_sealed_records_keep_what_they_had(session: Session) -> None:
    clock.pin(rounds.NOW)
    world = rounds.build_world(session)
    act_as(session, SYSTEM)
    round_, files = world.decided_ready(each=2)
    with clock.at(rounds.AFTER):
        decisions.propose(session, world.manager, round_, decisions.show(session, world.manager, round_).key)
    application = files[0]
    firm, decision = session.get_one(Firm, application.firm_id), session.scalars(select(Decision)).one()
    before = copy.deepcopy((application.tax_id, application.facts, application.code, decision.record, decision.record_hash))
    clock.pin(datetime(2026, 12, 1, 12, tzinfo=UTC))
    number, digit = rounds.tax_id(firm.country, 77)
    correct_tax_id(session, SYSTEM, firm, TypedTaxId(tax_id=number, check_digit=digit, confirmed=True), "typo")
    session.expire_all()
    assert firm.tax_id != before[0]
    assert (application.tax_id, application.facts, application.code, decision.record, decision.record_hash) == before


# --- the page ---------------------------------------------------------------------------------------------------


def test_a_coordinator_corrects_a_number_on_its_page(app: Flask, world: World, sign_in: SignIn) -> None:
    pages, path = Pages(app, sign_in(Role.COORDINATOR, "CL")), f"/firms/{world.chile}/tax-number"
    assert path in pages.get(f"/firms/{world.chile}").links
    assert "RUT 76.123.456-0" in pages.get(path).text
    shown = pages.send(path, tax_id="96.543.210-8", reason="Typed wrong; see the certificate")
    assert "Tax number until 24 Nov 2026, 09:00: 76.123.456-0. Reason of the change: Typed wrong" in shown.text
    assert ("96.543.210-8" in shown.text, "corrected the tax number" in shown.text) == (True, True)


def test_the_page_says_what_is_wrong_and_loses_nothing(app: Flask, world: World, sign_in: SignIn) -> None:
    pages, path = Pages(app, sign_in(Role.COORDINATOR, "CL")), f"/firms/{world.chile}/tax-number"
    for typed, sentence in (
        ({"tax_id": "", "reason": ""}, "This cannot stay empty."),
        ({"tax_id": "96.543.210-1", "reason": "typo"}, "the check digit does not fit"),
        ({"tax_id": "7" * 31, "reason": "typo"}, "longer than 30"),
        ({"tax_id": "96.543.210-8", "reason": "x" * 501}, "longer than 500"),
        ({"tax_id": "96.543.210-8", "reason": "   "}, "This cannot stay empty."),
        ({"tax_id": "76123456-0", "reason": "<script>alert(1)</script>"}, "is the number that stands there already"),
    ):
        assert sentence in pages.sent_back(path, **typed).text


def test_the_page_leads_to_the_firm_that_has_the_number(app: Flask, world: World, sign_in: SignIn, session: Session) -> None:
    other = make_firm(session, "CL", "96.543.210-8", legal_name="Lanas del Sur").id
    session.commit()
    pages = Pages(app, sign_in(Role.COORDINATOR, "CL"))
    shown = pages.sent_back(f"/firms/{world.chile}/tax-number", tax_id="96.543.210-8", reason="typo")
    assert (f"/firms/{other}" in shown.links, "the number of Lanas del Sur" in shown.text) == (True, True)


def test_a_doubtful_number_is_read_back_on_the_page(app: Flask, world: World, sign_in: SignIn, session: Session) -> None:
    firm_id = make_firm(session, "MX", "TAL220830QW3").id
    session.commit()
    pages, path = Pages(app, sign_in(Role.MANAGER)), f"/firms/{firm_id}/tax-number"
    shown = pages.sent_back(path, tax_id="CPA190301AB9", reason="typo")
    assert "read the tax number back" in shown.text
    assert [facts["name"] for facts in shown.of("input") if facts.get("type") == "checkbox"] == ["confirmed"]
    assert "CPA-190301-AB9" in pages.send(path, tax_id="CPA190301AB9", reason="typo", confirmed="y").text


@pytest.mark.parametrize(("role", "country", "status"), [(Role.COORDINATOR, "PE", 404), (Role.COACH, None, 403), (Role.FIRM, None, 403), (Role.OBSERVER, None, 403)])
def test_who_does_not_get_the_page(world: World, sign_in: SignIn, role: Role, country: str | None, status: int) -> None:
    client = sign_in(role, country, world.chile if role in {Role.COACH, Role.FIRM} else None)
    assert client.get(f"/firms/{world.chile}/tax-number").status_code == status


def test_each_correction_is_one_entry_of_the_chain(app: Flask, world: World, sign_in: SignIn, session: Session) -> None:
    pages = Pages(app, sign_in(Role.MANAGER))
    pages.send(f"/firms/{world.chile}/tax-number", tax_id="96.543.210-8", reason="typo")
    actions = session.scalars(select(AuditEntry.action).where(AuditEntry.subject_id == world.chile, AuditEntry.subject_kind == "firm"))
    assert list(actions) == ["firm.registered", "firm.tax_id_corrected"]
