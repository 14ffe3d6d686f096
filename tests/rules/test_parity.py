"""Women-owned and women-led under four profiles, in three values, and parity of a group."""

from __future__ import annotations

import doctest
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest

from cohort.rules import parity
from cohort.rules.parity import (
    GroupParity,
    OwnershipFacts,
    OwnershipJudgement,
    Reason,
    counts_for_parity,
    judge,
    parity_of,
    seats_needed,
)

MANAGED = OwnershipFacts(women_control=True, woman_signatory=True, independent=True)


def managed(pct: str | None, **facts: object) -> OwnershipFacts:
    share = None if pct is None else Decimal(pct)
    return replace(MANAGED, women_ownership_pct=share, **facts)  # type: ignore[arg-type]


def test_examples_in_docstrings():
    result = doctest.testmod(parity)
    assert (result.failed, result.attempted) == (0, 6)


@pytest.mark.parametrize(
    ("facts", "owned", "led", "owned_reason", "led_reason"),
    [
        (managed("60", board_total=0), "yes", "yes", Reason(), Reason()),
        (managed("60"), "yes", "unknown", Reason(), Reason(missing=("board",))),
        (managed("50", board_total=3, board_women=1), "no", "yes", Reason(("ownership",)), Reason()),
        (managed("50.01", board_total=0), "yes", "yes", Reason(), Reason()),
        (managed("30", board_total=3, board_women=1), "no", "yes", Reason(("ownership",)), Reason()),
        (managed("30", board_total=4, board_women=1), "no", "no", Reason(("ownership",)), Reason(("board",))),
        (managed("25", board_total=0), "no", "yes", Reason(("ownership",)), Reason()),
        (managed("24.99", board_total=0), "no", "no", Reason(("ownership",)), Reason(("ownership",))),
        (
            managed("51", woman_signatory=False, board_total=0),
            "no",
            "no",
            Reason(("signatory",)),
            Reason(("signatory",)),
        ),
        (
            managed(None, independent=False),
            "no",
            "no",
            Reason(("independent",)),
            Reason(("independent",)),
        ),
        (
            managed("40", women_control=None, board_total=3),
            "no",
            "unknown",
            Reason(("ownership",)),
            Reason(missing=("control", "board")),
        ),
        (
            OwnershipFacts(),
            "unknown",
            "unknown",
            Reason(missing=("ownership", "control", "signatory", "independent")),
            Reason(missing=("ownership", "control", "signatory", "independent", "board")),
        ),
    ],
)
def test_iwa34(facts: OwnershipFacts, owned: str, led: str, owned_reason: Reason, led_reason: Reason):
    assert judge(facts) == OwnershipJudgement(owned, led, "IWA34", owned_reason, led_reason)  # type: ignore[arg-type]


def firm(pct: str | None = None, **facts: object) -> OwnershipFacts:
    share = None if pct is None else Decimal(pct)
    return OwnershipFacts(women_ownership_pct=share, **facts)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("profile", "facts", "owned", "led"),
    [
        ("IFC", firm("20", woman_chief_executive=True, board_total=0), "no", "yes"),
        ("IFC", firm("19.99", woman_chief_executive=True, board_total=0), "no", "no"),
        ("IFC", firm("51", woman_chief_executive=False), "yes", "no"),
        ("IFC", firm("50.99", woman_chief_executive=True, board_total=10, board_women=3), "no", "yes"),
        ("IFC", firm("30", woman_chief_executive=True, board_total=10, board_women=2), "no", "no"),
        ("IFC", firm("30", woman_chief_executive=True), "no", "unknown"),
        ("IFC", firm(), "unknown", "unknown"),
        ("WECONNECT", firm("51", women_control=True), "yes", "yes"),
        ("WECONNECT", firm("50", women_control=True), "no", "no"),
        ("WECONNECT", firm("51", women_control=False), "no", "no"),
        ("WECONNECT", firm("51"), "unknown", "unknown"),
        ("CHILECOMPRA", firm("50.5"), "yes", "unknown"),
        ("CHILECOMPRA", firm("50", woman_chief_executive=True), "no", "yes"),
        ("CHILECOMPRA", firm("10", woman_legal_rep_pct=Decimal("50.1")), "no", "yes"),
        ("CHILECOMPRA", firm("10", woman_legal_rep_pct=Decimal(50)), "no", "unknown"),
        (
            "CHILECOMPRA",
            firm("10", woman_chief_executive=False, woman_legal_rep_pct=Decimal(50)),
            "no",
            "no",
        ),
        ("IWA34", firm(form="sole_trader", owner_is_woman=True), "yes", "yes"),
        ("IFC", firm(form="sole_trader", owner_is_woman=False), "no", "no"),
        ("CHILECOMPRA", firm(form="sole_trader"), "unknown", "unknown"),
        ("IWA34", firm("50", form="couple", woman_decides_alone=True), "no", "yes"),
        ("IFC", firm("50", form="couple", woman_decides_alone=False), "no", "no"),
        ("CHILECOMPRA", firm("50", form="couple"), "no", "unknown"),
        ("WECONNECT", firm("50", form="couple", woman_decides_alone=True), "no", "no"),
    ],
)
def test_profiles_and_forms(profile: parity.ProfileName, facts: OwnershipFacts, owned: str, led: str):
    judgement = judge(facts, profile)
    assert (judgement.owned, judgement.led, judgement.profile) == (owned, led, profile)


def test_an_unknown_profile_is_refused():
    with pytest.raises(ValueError, match="unknown profile 'ISO'; known: IWA34, IFC, WECONNECT, CHILECOMPRA"):
        judge(OwnershipFacts(), "ISO")  # type: ignore[arg-type]


def test_a_known_failure_beats_what_is_missing():
    """With any fact still missing, no later answer may turn a `no`."""
    facts = managed("10", board_total=None)
    for total, women in [(0, None), (3, 3), (3, 0)]:
        assert judge(facts).led == judge(replace(facts, board_total=total, board_women=women)).led == "no"


@pytest.mark.parametrize(
    ("owned", "led", "answers"),
    [
        ("yes", "yes", ("yes", "yes", "yes", "yes")),
        ("yes", "no", ("yes", "yes", "no", "no")),
        ("no", "yes", ("yes", "no", "yes", "no")),
        ("no", "no", ("no", "no", "no", "no")),
        ("yes", "unknown", ("yes", "yes", "unknown", "unknown")),
        ("no", "unknown", ("unknown", "no", "unknown", "no")),
        ("unknown", "unknown", ("unknown", "unknown", "unknown", "unknown")),
    ],
)
def test_what_parity_counts(owned: parity.Answer, led: parity.Answer, answers: tuple[str, ...]):
    judgement = OwnershipJudgement(owned, led, "IWA34")
    assert tuple(counts_for_parity(judgement, switch) for switch in parity.COUNTINGS) == answers


def test_an_unknown_switch_is_refused():
    with pytest.raises(ValueError, match="unknown counting 'any'"):
        counts_for_parity(OwnershipJudgement("yes", "yes", "IWA34"), "any")  # type: ignore[arg-type]


def test_a_seal_counts_where_the_protocol_names_it():
    facts = firm(seals_in_force=frozenset({"CL Sello Empresa Mujer"}))
    sealed = judge(facts, accepted_seals=frozenset({"CL Sello Empresa Mujer"}))
    assert (sealed.owned, sealed.led, sealed.seal) == ("unknown", "unknown", "CL Sello Empresa Mujer")
    counted = tuple(counts_for_parity(sealed, switch) for switch in parity.COUNTINGS)
    assert counted == ("yes", "unknown", "unknown", "unknown")
    assert judge(facts).seal == ""
    assert counts_for_parity(judge(facts)) == "unknown"


def test_parity_of_a_group():
    group = parity_of(["yes"] * 3 + ["no"] * 2 + ["unknown"])
    assert group == GroupParity(women_count=3, others_count=2, unknown_count=1)
    assert group.firms_count == 6
    assert group.meets(Decimal("0.5"))
    assert not group.meets(Decimal("0.51"))
    assert parity_of([]).meets(Decimal(1))


@pytest.mark.parametrize(
    ("share", "seats", "needed"),
    [
        (Decimal("0.50"), 5, 3),
        (Decimal("0.5"), 25, 13),
        (Decimal("0.1"), 30, 3),
        (Fraction(1, 3), 9, 3),
        (Decimal("0.3333"), 9, 3),
        (Decimal(0), 9, 0),
        (Decimal(1), 9, 9),
        (Decimal("0.5"), 0, 0),
    ],
)
def test_seats_needed(share: Decimal | Fraction, seats: int, needed: int):
    assert seats_needed(share, seats) == needed


@pytest.mark.parametrize(("share", "seats"), [(Decimal("1.01"), 5), (Decimal("-0.1"), 5), (Decimal(1), -1)])
def test_impossible_shares_are_refused(share: Decimal, seats: int):
    with pytest.raises(ValueError, match="a share from 0 to 1"):
        seats_needed(share, seats)
