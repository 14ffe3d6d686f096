"""Logging, checking, correcting, refunding, rates: what each service does, and every refusal of it."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.datastructures import FileStorage

from cohort.exports import service
from cohort.exports.flags.facts import stage
from cohort.exports.models import ExchangeRate, Export, ExportEvent, FirmStanding
from cohort.exports.rates.importer import Fault, bring_in_rates
from cohort.firms.facts import NewFirm
from cohort.firms.models import Firm, FirmPerson
from cohort.firms.service import register_firm
from cohort.kit import audit, clock
from cohort.kit.access import SYSTEM
from cohort.kit.errors import DomainError
from cohort.kit.outbox import OutboxMessage
from cohort.kit.signals import export_verified
from cohort.rules.stages import Stage
from tests.rooms.exports.conftest import (
    CONI,
    FLOR,
    MARA,
    NOW,
    TODAY,
    World,
    add_member,
    code_of,
    coni,
    facts,
    flor,
    log,
    mara,
    member_of,
    otto,
    pia,
    rate,
    verified,
)

PDF = b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\n%%EOF\n"


def pdf(name: str = "a.pdf") -> FileStorage:
    return FileStorage(io.BytesIO(PDF), name)


def test_a_logged_export_waits_with_its_rate_frozen(session: Session, world: World) -> None:
    rate(session)
    export = service.log_export(session, flor(world), member_of(session, world), facts(value=Decimal(480_000), currency="CLP"), [pdf()], "k1")
    assert (export.state, export.value_minor, export.fob_usd_cents, export.rate_per_usd, export.rate_on, export.rate_source) == (
        "waiting", 480_000, 50840, "944.14", date(2026, 11, 20), "BCCh")
    assert (export.origin, export.logged_by, export.entered_for_firm, export.counted_usd_cents, export.hs_edition) == ("CL", FLOR, False, 0, 2022)
    assert [proof.kind for proof in export.proofs] == ["other"]
    assert session.scalars(select(FirmStanding.is_dirty).where(FirmStanding.firm_id == world.chile)).one() is True
    assert service.log_export(session, flor(world), member_of(session, world), facts(), (), "k1") is export
    assert len(session.scalars(select(Export)).all()) == 1


@pytest.mark.parametrize(("more", "code"), [
    ({"exported_on": TODAY + timedelta(days=1)}, "exported_ahead"),
    ({"exported_on": date(2026, 1, 4)}, "exported_before_joining"),
    ({"is_baseline": True}, "exported_after_joining"),
    ({"destination": "CL"}, "destination_own"), ({"destination": "EU"}, "destination_unknown"), ({"destination": ""}, "destination_unknown"),
    ({"channel": "fair"}, "channel_unknown"), ({"shipment": "balloon"}, "channel_unknown"), ({"currency": "GBP"}, "currency_unknown"),
    ({"product": " "}, "product_missing"), ({"product": "x" * 201}, "export_text_long"),
    ({"hs_code": "12"}, "hs_code_malformed"), ({"incoterm": "ABC"}, "incoterm_unknown"), ({"document_type": "DAM"}, "document_unknown"),
    ({"value": Decimal(0)}, "value_not_positive"), ({"value": Decimal("NaN")}, "value_not_positive"),
    ({"value": Decimal("1.234")}, "value_decimals"), ({"value": Decimal("0.5"), "currency": "CLP"}, "value_decimals"),
    ({"value": Decimal(10) ** 15}, "value_too_large"),
])
def test_what_cannot_be_is_refused(session: Session, world: World, more: dict[str, object], code: str) -> None:
    with pytest.raises(DomainError) as refusal:
        log(session, world, **more)
    assert code_of(refusal) == code
    assert session.scalars(select(Export)).all() == []


def test_the_day_is_the_one_where_the_firm_is(session: Session, world: World) -> None:
    with clock.at(datetime(2026, 11, 25, 2, tzinfo=UTC)), pytest.raises(DomainError) as refusal:  # 23:00 in Santiago
        log(session, world, exported_on=date(2026, 11, 25))
    assert code_of(refusal) == "exported_ahead"


def test_who_may_log(session: Session, world: World) -> None:
    for actor in (pia(world), otto(world)):
        with pytest.raises(DomainError) as refusal:
            log(session, world, actor)
        assert code_of(refusal) == "not_allowed"
    with pytest.raises(DomainError) as refusal:
        log(session, world, flor(world), world.peru)
    assert code_of(refusal) == "not_allowed"


def test_exports_from_before_joining_are_kept_and_never_count(session: Session, world: World) -> None:
    export = verified(session, world, exported_on=date(2025, 12, 1), is_baseline=True)
    assert (export.is_baseline, export.counted_usd_cents) == (True, 0)
    outside = register_firm(session, SYSTEM, NewFirm(country="CL", tax_id="770001110", legal_name="Afuera"))
    kept = service.log_export(session, coni(world), outside, facts(is_baseline=True, exported_on=date(2025, 3, 1)))
    assert (kept.firm_id, kept.plan_id) == (outside.id, world.plan)
    with pytest.raises(DomainError) as refusal:
        service.log_export(session, coni(world), outside, facts())
    assert code_of(refusal) == "not_a_member"


def test_a_firm_that_left_logs_nothing_later(session: Session, world: World) -> None:
    member_of(session, world).left_on = date(2026, 10, 1)
    with pytest.raises(DomainError) as refusal:
        log(session, world)
    assert code_of(refusal) == "exported_after_leaving"


def test_a_missing_rate_is_pending_and_filled_when_it_arrives(session: Session, world: World) -> None:
    rate(session, on=date(2026, 11, 12))  # eight days before: too old
    export = log(session, world, value=Decimal(480_000), currency="CLP")
    assert (export.fob_usd_cents, export.rate_per_usd) == (None, None)
    service.verify_export(session, coni(world), export, 3, "DUS", "1")
    assert (export.state, export.counted_usd_cents) == ("verified", 0)
    assert service.fill_pending(session) == 0
    rate(session, on=date(2026, 11, 13))
    assert service.fill_pending(session) == 1
    assert (export.fob_usd_cents, export.rate_on, export.counted_usd_cents) == (50840, date(2026, 11, 13), 50840)
    assert [event.kind for event in export.events] == ["verified", "rated"]


def test_verifying_appends_tells_and_counts(session: Session, world: World) -> None:
    heard: list[tuple[int, str]] = []

    def listen(_session: Session, *, export: Export, actor: object) -> None:
        heard.append((export.id, export.state))

    export = log(session, world)
    with export_verified.connected_to(listen):
        event = service.verify_export(session, coni(world), export, 3, "DUS", " 123-4.5 ", hs_code="6214.20")
    assert (event.kind, event.evidence_level, event.second_look, event.recorded_by, event.on) == ("verified", 3, False, CONI, TODAY)
    assert (export.state, export.counted_usd_cents, export.verified_at, export.document_number, export.hs_code) == ("verified", 40000, NOW, "12345", "621420")
    assert heard == [(export.id, "verified")]
    mails = session.scalars(select(OutboxMessage)).all()
    assert [(mail.kind, mail.person_id, mail.firm_id, mail.subject_id) for mail in mails] == [("export_verified", FLOR, world.chile, event.id)]
    audit.seal(session)
    assert [entry.action for entry in audit.history_of(session, export)] == ["export.verified", "export.logged"]


def test_contacts_are_written_to_when_nobody_has_an_account(session: Session, world: World) -> None:
    session.add(FirmPerson(firm_id=world.peru, name="Rosa", email="rosa@example.test", since_on=TODAY, recorded_at=NOW))
    export = log(session, world, SYSTEM, world.peru, destination="CL")
    service.verify_export(session, pia(world), export, 3, "DAM", "1")
    assert session.scalars(select(OutboxMessage.address)).all() == ["rosa@example.test"]


def test_nobody_checks_their_own(session: Session, world: World) -> None:
    own = log(session, world, coni(world))
    with pytest.raises(DomainError) as refusal:
        service.verify_export(session, coni(world), own, 3, "DUS", "1")
    assert code_of(refusal) == "own_export"
    session.add(FirmPerson(firm_id=world.chile, person_id=MARA, name="Mara", since_on=TODAY, recorded_at=NOW))
    session.flush()
    with pytest.raises(DomainError) as refusal:
        service.verify_export(session, mara(world), log(session, world), 3, "DUS", "1")
    assert code_of(refusal) == "own_export"
    corrected = log(session, world)
    service.correct_export(session, coni(world), corrected, facts(value=Decimal(999)), "Read from the invoice")
    for act in (lambda: service.verify_export(session, coni(world), corrected, 3, "DUS", "1"), lambda: service.refuse_export(session, coni(world), corrected, "x")):
        with pytest.raises(DomainError) as refusal:
            act()
        assert code_of(refusal) == "own_export"


def test_the_helper_may_check_once_the_firm_confirmed_marked_for_a_second_look(session: Session, world: World) -> None:
    export = log(session, world, coni(world))
    assert export.entered_for_firm is True
    with pytest.raises(DomainError) as refusal:
        service.confirm_own(session, coni(world), export)
    assert code_of(refusal) == "own_firm_confirms"
    service.confirm_own(session, flor(world), export)
    with pytest.raises(DomainError) as refusal:
        service.confirm_own(session, flor(world), export)
    assert code_of(refusal) == "nothing_to_confirm"
    event = service.verify_export(session, coni(world), export, 3, "DUS", "1")
    assert (event.second_look, export.state, export.firm_confirmed_at) == (True, "verified", NOW)


@pytest.mark.parametrize(("level", "kind", "number", "code"), [
    (0, "INVOICE", "1", "evidence_weak"), (1, "INVOICE", "1", "evidence_weak"), (7, "DUS", "1", "evidence_unknown"),
    (3, "DAM", "1", "document_unknown"), (3, "DUS", " - ", "document_needed"), (3, "", "", "document_needed"),
])
def test_evidence_that_does_not_suffice(session: Session, world: World, level: int, kind: str, number: str, code: str) -> None:
    export = log(session, world)
    with pytest.raises(DomainError) as refusal:
        service.verify_export(session, coni(world), export, level, kind, number)
    assert code_of(refusal) == code
    assert (export.state, export.events) == ("waiting", [])


def test_courier_counts_up_to_the_limit_of_the_origin(session: Session, world: World) -> None:
    service.verify_export(session, coni(world), log(session, world, value=Decimal(2000)), 2, "GUIDE", "1")
    with pytest.raises(DomainError) as refusal:
        service.verify_export(session, coni(world), log(session, world, value=Decimal("2000.01")), 2, "GUIDE", "2")
    assert code_of(refusal) == "evidence_over_limit"
    with pytest.raises(DomainError) as refusal:
        service.verify_export(session, coni(world), log(session, world, currency="CLP"), 2, "GUIDE", "3")
    assert code_of(refusal) == "rate_missing"


def test_where_no_limit_is_set_two_people_approve(session: Session, world: World) -> None:
    firm = Firm(country="MX", tax_id="GODE561231GR8", legal_name="Papel", sort_name="papel", recorded_at=NOW)
    session.add(firm)
    session.flush()
    add_member(session, world.plan, firm.id, "MX")
    export = log(session, world, SYSTEM, firm.id, destination="CL")
    first = service.verify_export(session, mara(world), export, 2, "GUIDE", "1")
    assert (first.kind, export.state, export.counted_usd_cents) == ("approved", "waiting", 0)
    with pytest.raises(DomainError) as refusal:
        service.verify_export(session, mara(world), export, 2, "GUIDE", "1")
    assert code_of(refusal) == "approved_already"
    other = type(mara(world))(99, "Max", world.plan, mara(world).roles, None, None)
    second = service.verify_export(session, other, export, 2, "GUIDE", "1")
    assert (second.kind, second.second_look, export.state) == ("verified", True, "verified")


def test_a_service_is_shown_by_contract_and_payment(session: Session, world: World) -> None:
    export = log(session, world, shipment="online", product="Design")
    service.verify_export(session, coni(world), export, 3, "CONTRACT", "C-7")
    assert (export.state, export.evidence_level) == ("verified", 3)


def test_one_document_counts_once(session: Session, world: World) -> None:
    first = log(session, world, document_type="DUS", document_number="12-3")
    with pytest.raises(DomainError) as refusal:
        log(session, world, document_type="DUS", document_number="1.23")
    assert (code_of(refusal), refusal.value.params["export"]) == ("document_twice", first.id)
    other = register_firm(session, SYSTEM, NewFirm(country="CL", tax_id="770001110", legal_name="Otra"))
    add_member(session, world.plan, other.id, "CL")
    second = log(session, world, SYSTEM, other.id)
    with pytest.raises(DomainError) as refusal:
        service.verify_export(session, coni(world), second, 3, "DUS", "123")
    assert (code_of(refusal), set(refusal.value.params)) == ("document_elsewhere", {"number"})
    service.withdraw_export(session, flor(world), first, "Twice")
    service.verify_export(session, coni(world), second, 3, "DUS", "123")
    assert second.state == "verified"


def test_sending_back_and_correcting(session: Session, world: World) -> None:
    export = log(session, world, document_type="DUS", document_number="5")
    with pytest.raises(DomainError) as refusal:
        service.refuse_export(session, coni(world), export, "  ")
    assert code_of(refusal) == "reason_missing"
    event = service.refuse_export(session, coni(world), export, "Not readable")
    assert (event.before, event.after) == (
        {"state": "waiting", "document_type": "DUS", "document_number": "5"}, {"state": "refused", "document_type": None, "document_number": None})
    assert session.scalars(select(OutboxMessage.kind)).all() == ["export_refused"]
    fixed = service.correct_export(session, flor(world), export, facts(value=Decimal(500)), "New photo")
    assert fixed is not None
    assert (fixed.before, fixed.after) == (
        {"value_minor": 40000, "fob_usd_cents": 40000, "state": "refused"}, {"value_minor": 50000, "fob_usd_cents": 50000, "state": "waiting"})
    assert service.correct_export(session, flor(world), export, facts(value=Decimal(500)), "") is None
    service.verify_export(session, coni(world), export, 4, "DUS", "5")
    for act in (
        lambda: service.correct_export(session, flor(world), export, facts(), "x"), lambda: service.withdraw_export(session, flor(world), export, "x")
    ):
        with pytest.raises(DomainError) as refusal:
            act()
        assert code_of(refusal) == "export_closed"
    for act in (lambda: service.verify_export(session, coni(world), export, 3, "DUS", "6"), lambda: service.refuse_export(session, coni(world), export, "x")):
        with pytest.raises(DomainError) as refusal:
            act()
        assert code_of(refusal) == "export_settled"
    service.withdraw_export(session, coni(world), export, "Made up")
    assert (export.state, export.counted_usd_cents, export.verified_at) == ("withdrawn", 0, None)
    for act in (lambda: service.withdraw_export(session, coni(world), export, "x"),):
        with pytest.raises(DomainError) as refusal:
            act()
        assert code_of(refusal) == "export_settled"
    with pytest.raises(DomainError) as refusal:
        service.add_proof(session, flor(world), export, pdf())
    assert code_of(refusal) == "export_closed"


def test_reopening_and_refunds(session: Session, world: World) -> None:
    export = verified(session, world)
    service.refund_export(session, coni(world), export, 15000, "One came back")
    assert export.counted_usd_cents == 25000
    for amount in (0, -1, 25001):
        with pytest.raises(DomainError) as refusal:
            service.refund_export(session, coni(world), export, amount, "x")
        assert code_of(refusal) == "refund_out_of_range"
    service.refund_export(session, coni(world), export, None, "All came back")
    assert (export.counted_usd_cents, export.state) == (0, "verified")
    service.reopen_export(session, coni(world), export, "Check again")
    assert export.state == "waiting"
    with pytest.raises(DomainError) as refusal:
        service.reopen_export(session, coni(world), export, "x")
    assert code_of(refusal) == "export_settled"
    with pytest.raises(DomainError) as refusal:
        service.refund_export(session, coni(world), export, 1, "x")
    assert code_of(refusal) == "not_verified_yet"


def test_rights_and_reach_of_every_service(session: Session, world: World) -> None:
    export = verified(session, world)
    acts = [
        lambda actor: service.verify_export(session, actor, export, 3, "DUS", "1"), lambda actor: service.refuse_export(session, actor, export, "x"),
        lambda actor: service.reopen_export(session, actor, export, "x"), lambda actor: service.refund_export(session, actor, export, 1, "x"),
        lambda actor: service.withdraw_export(session, actor, export, "x"), lambda actor: service.correct_export(session, actor, export, facts(), "x"),
        lambda actor: service.add_proof(session, actor, export, pdf()),
    ]
    for act in acts:
        for actor in (pia(world), otto(world)):
            with pytest.raises(DomainError) as refusal:
                act(actor)
            assert code_of(refusal) == "not_allowed"
    for act in acts[:4]:
        with pytest.raises(DomainError) as refusal:
            act(flor(world))
        assert code_of(refusal) == "not_allowed"


def test_a_proof_needs_a_kind_we_know(session: Session, world: World) -> None:
    export = log(session, world)
    with pytest.raises(DomainError) as refusal:
        service.add_proof(session, flor(world), export, pdf(), "selfie")
    assert code_of(refusal) == "proof_kind"
    proof = service.add_proof(session, flor(world), export, pdf(), "invoice")
    assert (proof.kind, proof.upload.media_type, proof.firm_id) == ("invoice", "application/pdf", world.chile)


def write(folder: Path, text: str) -> Path:
    path = folder / "rates.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_file_of_rates_comes_in_whole_or_not_at_all(session: Session, world: World, tmp_path: Path) -> None:
    export = log(session, world, value=Decimal(480_000), currency="CLP")
    wrong = write(tmp_path, "currency,date,per_usd,source\nCLP,2026-11-20,944.14,BCCh\nUSD,2026-13-01,-1,\n")
    report = bring_in_rates(session, SYSTEM, wrong)
    assert report.faults == [
        Fault(3, "currency", "USD", "a currency of the plan other than USD"), Fault(3, "date", "2026-13-01", "a day such as 2026-11-24"),
        Fault(3, "per_usd", "-1", "units for one dollar, more than 0"), Fault(3, "source", "", "who published it, at most 40 characters"),
    ]
    assert session.scalars(select(ExchangeRate)).all() == []
    right = write(tmp_path, "Fecha;Moneda;Valor\n2026-11-20;CLP;944,14\n2026-11-20;PEN;3,745\n")
    done = bring_in_rates(session, SYSTEM, right, "BCCh")
    assert ([(row[0], row[2]) for row in done.new], done.filled_count, export.fob_usd_cents) == ([("CLP", "944.14"), ("PEN", "3.745")], 1, 50840)
    assert bring_in_rates(session, SYSTEM, right, "BCCh").brought_in_before is True
    other = write(tmp_path, "currency,date,per_usd,source\nCLP,2026-11-20,900,BCCh\nPEN,2026-11-20,3.745,BCCh\n")
    refused = bring_in_rates(session, SYSTEM, other)
    assert (len(refused.faults), refused.known_count) == (1, 1)
    with pytest.raises(DomainError) as refusal:
        bring_in_rates(session, coni(world), right)
    assert code_of(refusal) == "not_allowed"


def test_known_earlier_is_read_back_from_the_events(session: Session, world: World) -> None:
    """A correction, a refund and a reopening do not change what was known before them."""
    with clock.at(datetime(2026, 3, 1, 12, tzinfo=UTC)):
        export = verified(session, world, exported_on=date(2026, 2, 10))
    with clock.at(datetime(2026, 6, 1, 12, tzinfo=UTC)):
        service.reopen_export(session, coni(world), export, "Wrong day")
        service.correct_export(session, flor(world), export, facts(exported_on=date(2026, 2, 20)), "Right day")
    known = datetime(2026, 5, 1, tzinfo=UTC)
    before = stage(session, world.plan, world.chile, date(2026, 2, 15), known)
    assert (before.stage, before.last_export_on) == (Stage.FIRST, date(2026, 2, 10))
    assert stage(session, world.plan, world.chile, date(2026, 2, 15), NOW).stage is Stage.NEVER
    assert stage(session, world.plan, world.chile, date(2026, 2, 15)).stage is Stage.NEVER  # verified after that day
    assert [event.kind for event in session.scalars(select(ExportEvent).order_by(ExportEvent.id))] == ["verified", "reopened", "corrected"]
    with pytest.raises(DomainError) as refusal:
        stage(session, world.plan, 10**6, TODAY)
    assert code_of(refusal) == "not_found"
