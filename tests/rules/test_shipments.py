"""Which logged exports count and why not, evidence, documents, values, HS codes and who may verify."""

from __future__ import annotations

import doctest
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from cohort.rules import shipments
from cohort.rules.recurrence import stage_of
from cohort.rules.shipments import (
    Counted,
    Counting,
    Evidence,
    HsCode,
    Shipment,
    WhyNot,
    counted_of,
    counts_as_verified,
    document_key,
    duplicates_of,
    fob_cents_of,
    is_returned_in_full,
    may_verify,
    read_hs_code,
    sea_term_by_parcel,
    why_not,
)
from cohort.rules.stages import Operation, RecurrencePolicy, Stage

DAY = date(2026, 5, 20)
GOOD = Shipment(1, DAY, "PE", "CL", "marketplace", 40_000, verified=True)
COUNTING = Counting("PE", date(2026, 1, 1), frozenset({"CL", "CO", "MX", "PE"}), RecurrencePolicy())


@pytest.mark.parametrize(
    ("change", "reasons"),
    [
        ({}, ()),
        ({"exported_on": date(2026, 1, 1)}, ()),
        ({"returned_cents": 39_999}, ()),
        ({"verified": False}, (WhyNot.NOT_VERIFIED,)),
        ({"origin": "CL"}, (WhyNot.FOREIGN_ORIGIN,)),
        ({"destination": "PE"}, (WhyNot.OWN_COUNTRY,)),
        ({"destination": "BR"}, (WhyNot.DESTINATION_NOT_IN_PLAN,)),
        ({"channel": "wholesale"}, (WhyNot.CHANNEL,)),
        ({"sample": True}, (WhyNot.SAMPLE,)),
        ({"returned_cents": 40_000}, (WhyNot.RETURNED,)),
        ({"exported_on": date(2025, 12, 31)}, (WhyNot.BASELINE,)),
        ({"baseline": True}, (WhyNot.BASELINE,)),
        ({"fob_cents": None, "returned_cents": 5}, (WhyNot.NO_VALUE,)),
        (
            {"verified": False, "sample": True, "destination": "BR"},
            (WhyNot.NOT_VERIFIED, WhyNot.DESTINATION_NOT_IN_PLAN, WhyNot.SAMPLE),
        ),
    ],
)
def test_why_a_shipment_does_not_count(change, reasons):
    assert why_not(replace(GOOD, **change), COUNTING) == reasons


def test_the_policy_may_open_channels_and_name_destinations():
    open_channels = replace(COUNTING, policy=RecurrencePolicy(ecommerce_only=False, destinations=("BR",)))
    assert why_not(replace(GOOD, channel="wholesale", destination="BR"), open_channels) == ()
    assert why_not(GOOD, open_channels) == (WhyNot.DESTINATION_NOT_IN_PLAN,)


def test_counted_operations_come_by_day_with_refunds_taken_off():
    document = {"document_type": "DAM", "document_number": "235-2026-40-012345"}
    second = replace(GOOD, id=2, exported_on=date(2026, 2, 1), returned_cents=10_000, **document)
    third = replace(GOOD, id=3, **(document | {"document_number": "235202640012345"}))
    fourth = replace(GOOD, id=4, fob_cents=None)
    refused = replace(second, id=0, verified=False)
    assert counted_of([fourth, third, second, GOOD, refused], COUNTING) == Counted(
        operations=(Operation(date(2026, 2, 1), "CL", 30_000), Operation(DAY, "CL", 40_000)),
        left_out={0: (WhyNot.NOT_VERIFIED,), 3: (WhyNot.DUPLICATE,), 4: (WhyNot.NO_VALUE,)},
    )


@pytest.mark.parametrize(
    ("last", "found"),
    [
        ({}, (Stage.RECURRING, 3)),
        ({"destination": "BR"}, (Stage.BECOMING, 2)),
        ({"returned_cents": 40_000}, (Stage.BECOMING, 2)),
        ({"returned_cents": 20_000}, (Stage.RECURRING, 3)),
        ({"returned_cents": 20_001}, (Stage.BECOMING, 3)),
    ],
)
def test_vectors_a_d_and_e_from_the_log_to_the_stage(last, found):
    days = (date(2026, 2, 10), date(2026, 5, 20), date(2026, 9, 1))
    log = [replace(GOOD, id=number, exported_on=day) for number, day in enumerate(days)]
    log[2] = replace(log[2], **last)
    one = stage_of(counted_of(log, COUNTING).operations, date(2026, 10, 1), COUNTING.policy)
    assert (one.stage, one.operations) == found


def test_documents_count_once_a_country_type_and_number():
    base = replace(GOOD, document_type="DUS", document_number="12 34-5")
    rows = [
        base,
        replace(base, id=2, document_number="12345"),
        replace(base, id=3, origin="CL"),
        replace(base, id=4, document_type="DUSSI"),
        replace(base, id=5, document_number=" "),
        replace(base, id=6, document_type=""),
        replace(base, id=7, document_number="12.345"),
    ]
    assert duplicates_of(rows) == {2: 1, 7: 1}
    assert document_key("cl", " dus ", "a-1") == ("CL", "DUS", "A1")


@pytest.mark.parametrize(
    ("evidence", "fob", "limit", "approvals", "counts"),
    [
        (Evidence.E0, "10", "2000", 2, False),
        (Evidence.E1, "10", "2000", 2, False),
        (Evidence.E2, "2000", "2000", 1, True),
        (Evidence.E2, "2000.01", "2000", 2, False),
        (Evidence.E2, "10", "2000", 0, False),
        (Evidence.E2, "99999", None, 1, False),
        (Evidence.E2, "99999", None, 2, True),
        (Evidence.E3, "99999", "2000", 0, True),
        (Evidence.E4, "99999", None, 0, True),
    ],
)
def test_the_evidence_ladder(evidence, fob, limit, approvals, counts):
    found = counts_as_verified(evidence, Decimal(fob), None if limit is None else Decimal(limit), approvals)
    assert found is counts


def test_nobody_verifies_what_they_or_their_firm_logged():
    assert may_verify(7, 3)
    assert not may_verify(7, 7)
    assert not may_verify(7, 3, firm_people=frozenset({7}))


@pytest.mark.parametrize(("parts", "wrong"), [((100, 60, 40), "no value"), ((100, -1, 0), "0 or more")])
def test_fob_needs_a_value(parts, wrong):
    with pytest.raises(ValueError, match=wrong):
        fob_cents_of(*parts)


def test_fob_is_cif_less_freight_and_insurance():
    assert fob_cents_of(100, 60, 39) == 1


def test_nothing_returned_is_no_return_and_an_unknown_value_cannot_be_gone():
    assert not is_returned_in_full(0, 0)
    assert not is_returned_in_full(None, 10)


@pytest.mark.parametrize(
    ("term", "mode", "warns"),
    [("FOB", "courier", True), (" cif ", "post", True), ("FOB", "sea", False), ("DDP", "post", False)],
)
def test_a_sea_term_with_a_parcel_is_worth_a_warning(term, mode, warns):
    assert sea_term_by_parcel(term, mode) is warns


@pytest.mark.parametrize(
    ("text", "code", "restored"),
    [
        ("0901.11", "090111", False),
        ("901.11", "090111", True),
        ("0901 11 00", "090111", False),
        ("901110000", "090111", True),
        ("1806.90.10.00", "180690", False),
    ],
)
def test_hs_codes(text, code, restored):
    assert read_hs_code(text) == HsCode(code, restored)


@pytest.mark.parametrize("text", ["", "0901", "12345678901", "09O111", "²34567"])
def test_hs_codes_that_are_none(text):
    with pytest.raises(ValueError, match="6 to 10 digits"):
        read_hs_code(text)


def test_examples_in_docstrings_hold():
    assert doctest.testmod(shipments).failed == 0
