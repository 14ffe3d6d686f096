"""Ownership, verdicts and size: each way through and each refusal of the services."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from cohort.firms import service
from cohort.firms.facts import NewPerson
from cohort.firms.models import Firm, FirmSize, OwnershipDeclaration, OwnershipVerdict
from cohort.kit.access import SYSTEM, Actor
from cohort.kit.errors import DomainError
from cohort.kit.uploads import Upload
from cohort.rules.parity import OwnershipFacts
from cohort.rules.size import SizeFacts
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
from tests.rooms.firms.test_register import noted

OWNED = OwnershipFacts(Decimal("60.00"), True, True, True)


def columns(row: object) -> dict[str, object]:
    return {column.key: getattr(row, column.key) for column in row.__table__.columns if column.key not in ("id", "firm_id")}  # type: ignore[attr-defined]


def answers(firm: Firm) -> tuple[str, str, bool]:
    return firm.women_owned, firm.women_led, firm.ownership_verified


def test_a_declaration_is_judged_and_the_firm_follows_it(session: Session) -> None:
    firm = make_firm(session)
    row = service.declare_ownership(session, firm_person(firm.id), firm, OWNED, "IWA34", seal="Sello", seal_until_on=date(2026, 11, 24), accepted_seals=frozenset({"Sello"}))
    session.expire(row)
    assert columns(row) == {
        "declared_on": date(2026, 11, 24), "kind": "company", "women_ownership_pct": "60.00", "women_control": True,
        "woman_signatory": True, "independent": True, "woman_chief_executive": None, "woman_legal_rep_pct": "",
        "board_total": None, "board_women": None, "owner_is_woman": None, "woman_decides_alone": None, "seal": "Sello",
        "seal_until_on": date(2026, 11, 24), "profile": "IWA34", "women_owned": "yes", "women_led": "unknown",
        "note": {"owned": {"failed": [], "missing": []}, "led": {"failed": [], "missing": ["board"]}, "seal": "Sello"},
        "upload_id": None, "import_id": None, "recorded_at": NOW, "recorded_by": 3,
    }
    assert answers(firm) == ("yes", "unknown", False)
    assert noted(session)[1] == (
        "ownership.declared", {"women_owned": "unknown", "women_led": "unknown", "verified": False},
        {"women_owned": "yes", "women_led": "unknown", "profile": "IWA34", "declaration": row.id, "file": None})


@pytest.mark.parametrize(("facts", "profile", "expected"), [
    (OwnershipFacts(form="sole_trader", owner_is_woman=True), "IWA34", ("yes", "yes")),
    (OwnershipFacts(form="couple", woman_decides_alone=True), "IWA34", ("no", "yes")),
    (OwnershipFacts(Decimal(51)), "IFC", ("yes", "unknown")),
    (OwnershipFacts(), "IWA34", ("unknown", "unknown")),
])
def test_the_profile_is_an_argument_and_nothing_is_guessed(session: Session, facts: OwnershipFacts, profile: str, expected: tuple[str, str]) -> None:
    firm = make_firm(session)
    service.declare_ownership(session, SYSTEM, firm, facts, profile)  # type: ignore[arg-type]
    assert (firm.women_owned, firm.women_led) == expected


def test_a_seal_that_has_run_out_counts_no_more(session: Session) -> None:
    row = service.declare_ownership(session, SYSTEM, make_firm(session), OWNED, "IWA34", seal="Sello",
                                    seal_until_on=date(2026, 11, 23), accepted_seals=frozenset({"Sello"}))
    assert row.note["seal"] == ""


@pytest.mark.parametrize(("facts", "keywords", "code"), [
    (OwnershipFacts(Decimal("100.01")), {}, "share_out_of_range"),
    (OwnershipFacts(woman_legal_rep_pct=Decimal(-1)), {}, "share_out_of_range"),
    (OwnershipFacts(board_total=3, board_women=4), {}, "board_contradicts"),
    (OwnershipFacts(board_total=-1), {}, "amount_negative"),
    (OWNED, {"profile": "MINE"}, "profile_unknown"),
    (OWNED, {"declared_on": date(2026, 11, 25)}, "declared_ahead"),
])
def test_what_cannot_be_declared(session: Session, facts: OwnershipFacts, keywords: dict[str, object], code: str) -> None:
    firm = make_firm(session)
    with pytest.raises(DomainError) as refused:
        service.declare_ownership(session, SYSTEM, firm, facts, **{"profile": "IWA34", **keywords})  # type: ignore[arg-type]
    assert (refused.value.code, bool(told(refused.value))) == (code, True)
    assert session.scalars(select(OwnershipDeclaration)).all() == []


def test_the_file_of_another_firm_proves_nothing(session: Session) -> None:
    firm, other = make_firm(session), make_firm(session, "PE", "20123456786")
    upload = Upload(token="t", purpose="ownership", firm_id=other.id, original_name="a.pdf", media_type="application/pdf",
                    size_bytes=1, sha256="0" * 64, recorded_at=NOW)
    session.add(upload)
    session.flush()
    with pytest.raises(DomainError) as refused:
        service.declare_ownership(session, SYSTEM, firm, OWNED, "IWA34", upload)
    assert refused.value.code == "file_foreign"


def test_a_verdict_is_kept_with_its_reason_and_follows_the_last_declaration(session: Session) -> None:
    firm = make_firm(session)
    first = service.declare_ownership(session, firm_person(firm.id), firm, OWNED, "IWA34")
    service.give_verdict(session, coordinator(), first, "verified", "")
    assert answers(firm) == ("yes", "unknown", True)
    last = service.declare_ownership(session, firm_person(firm.id), firm, OwnershipFacts(Decimal(55), True, True, True, board_total=0), "IWA34")
    service.give_verdict(session, manager(), first, "refuted", "an older page")
    assert answers(firm) == ("yes", "yes", False)
    row = service.give_verdict(session, coordinator(), last, "refuted", " the register says 40 % ")
    assert columns(row) == {"declaration_id": last.id, "verdict": "refuted", "reason": "the register says 40 %",
                            "decided_on": date(2026, 11, 24), "recorded_at": NOW, "recorded_by": 2}
    assert answers(firm) == ("unknown", "unknown", False)
    assert [action for action, _before, _after in noted(session)] == [
        "firm.registered", "ownership.declared", "ownership.verified", "ownership.declared", "ownership.refuted", "ownership.refuted"]


@pytest.mark.parametrize(("actor", "verdict", "reason", "code"), [
    (coordinator(), "perhaps", "", "verdict_unknown"),
    (coordinator(), "refuted", "  ", "reason_missing"),
    (coordinator("PE"), "verified", "", "not_allowed"),
    (OBSERVER, "verified", "", "not_allowed"),
    (manager(5), "verified", "", "own_declaration"),
    (manager(6), "verified", "", "own_declaration"),
    (SYSTEM, "verified", "", "own_declaration"),
    (Actor(8, "both", 1, coordinator().roles, frozenset({"CL"}), frozenset({1})), "verified", "", "own_declaration"),
])
def test_who_may_not_verify_and_what_is_no_verdict(session: Session, actor: Actor, verdict: str, reason: str, code: str) -> None:
    make_people(session, 6)
    firm = make_firm(session)
    declaration = service.declare_ownership(session, manager(5), firm, OWNED, "IWA34")
    service.add_person(session, SYSTEM, firm, NewPerson(name="Six", email="six@x.cl", person_id=6))
    if actor.firm_ids:
        actor = Actor(8, "both", 1, actor.roles, actor.countries, frozenset({firm.id}))
    with pytest.raises(DomainError) as refused:
        service.give_verdict(session, actor, declaration, verdict, reason)
    assert (refused.value.code, bool(told(refused.value))) == (code, True)
    assert (session.scalars(select(OwnershipVerdict)).all(), answers(firm)) == ([], ("yes", "unknown", False))


def test_size_is_classed_by_the_unit_of_its_year(session: Session) -> None:
    firm = make_firm(session)
    row = service.declare_size(session, firm_person(firm.id), firm, SizeFacts(annual_sales=Decimal(95_347_104), sales_year=2025, employees=Decimal(4)))
    session.expire(row)
    assert columns(row) == {
        "sales_year": 2025, "annual_sales_minor": 95347104, "currency": "CLP", "employees": 4, "fixed_assets_minor": None,
        "total_assets_minor": None, "size_class": "micro", "rule_version": "CL Ley 20.416 (2010)", "import_id": None,
        "note": {"code": "units_up_to", "params": {"figure": "2400.00", "bound": "2400", "unit": "UF", "year": "2025", "unit_value": "39727.96"}},
        "recorded_at": NOW, "recorded_by": 3,
    }
    assert firm.size_class == "micro"
    assert noted(session)[1] == ("size.declared", {"size_class": "unknown"}, {"size_class": "micro", "sales_year": 2025, "rule": "CL Ley 20.416 (2010)"})


def test_a_year_without_its_unit_stays_unknown_with_the_reason(session: Session) -> None:
    firm = make_firm(session)
    row = service.declare_size(session, SYSTEM, firm, SizeFacts(annual_sales=Decimal(1), sales_year=2001))
    assert (row.size_class, row.note) == ("unknown", {"code": "unit_value_missing", "params": {"country": "CL", "unit": "UF", "year": "2001"}})


def test_the_sector_of_the_firm_stands_in_where_none_is_given(session: Session) -> None:
    firm = make_firm(session, "CO", "900123456-8", sector="services")
    row = service.declare_size(session, SYSTEM, firm, SizeFacts(annual_sales=Decimal("1700000000.50"), sales_year=2025))
    assert (row.size_class, row.annual_sales_minor, row.currency) == ("small", 170000000050, "COP")


@pytest.mark.parametrize(("facts", "code"), [
    (SizeFacts(annual_sales=Decimal(-1)), "amount_negative"), (SizeFacts(employees=Decimal("1.5")), "employees_whole"),
    (SizeFacts(sales_year=2027), "sales_year_unlikely"), (SizeFacts(sales_year=1989), "sales_year_unlikely"),
])
def test_what_is_no_size(session: Session, facts: SizeFacts, code: str) -> None:
    with pytest.raises(DomainError) as refused:
        service.declare_size(session, SYSTEM, make_firm(session), facts)
    assert (refused.value.code, bool(told(refused.value))) == (code, True)
    assert session.scalars(select(FirmSize)).all() == []


@pytest.mark.parametrize("actor", [OBSERVER, coordinator("PE"), firm_person(0), Actor()])
def test_who_may_declare_nothing(session: Session, actor: Actor) -> None:
    firm = make_firm(session)
    for act in (lambda: service.declare_ownership(session, actor, firm, OWNED, "IWA34"),
                lambda: service.declare_size(session, actor, firm, SizeFacts())):
        with pytest.raises(DomainError) as refused:
            act()
        assert refused.value.code == "not_allowed"
