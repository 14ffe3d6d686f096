"""Replacement: first on the waitlist who keeps every rule, several leavers together, frozen seats, empty seats."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from cohort.rules.conflicts import Change
from cohort.rules.explain import Tally
from cohort.rules.quotas import Quota
from cohort.rules.replacement import PassedOver, Replacement, SealedRound, Share, replacement
from cohort.rules.shortfall import Applicant, ParityRule


def firm(name, points, country="CL", womens="no"):
    return Applicant(name, points * 10_000, country, womens)


FIRMS = [
    firm("m90", 90), firm("w88", 88, womens="yes"), firm("p86", 86, "PE"), firm("q84", 84, "PE", "yes"),
    firm("m80", 80), firm("p78", 78, "PE", "unknown"), firm("w76", 76, womens="yes"), firm("q70", 70, "PE", "yes"),
    firm("m60", 60),
]
ROUND = SealedRound(FIRMS, 4, {"CL": (2, 2), "PE": (2, 2)}, ParityRule(per_country=False), "2026")
SEATED = ("m90", "w88", "p86", "q84")


def test_the_first_on_the_waitlist_who_keeps_every_rule_enters():
    found = replacement(ROUND, SEATED, ["w88"])
    assert found == Replacement(
        status="optimal", leavers=("w88",), enters=("w76",), held=(),
        passed_over=(PassedOver("m80", 1, "rule", ("parity",)), PassedOver("p78", 2, "rule", ("country:CL", "country:PE", "parity"))),
        empty={"CL": 0, "PE": 0}, before=Share(2, 4), after=Share(2, 4),
        quotas=(Tally("country:CL", 2, 2, 2), Tally("country:PE", 2, 2, 2), Tally("parity", 2, None, 2)),
    )


def test_two_leavers_are_replaced_together_for_the_best_total():
    found = replacement(ROUND, SEATED, ["q84", "m90"])
    assert (found.enters, found.after) == (("p78", "w76"), Share(2, 4))
    assert found.passed_over == (PassedOver("m80", 1, "rule", ("parity",)),)


def test_a_frozen_seat_waits_and_a_frozen_firm_is_not_called():
    found = replacement(ROUND, SEATED, ["w88", "p86"], frozen=["p86", "w76"])
    assert (found.status, found.enters, found.held, found.empty) == ("optimal", (), ("p86",), {"CL": 1, "PE": 0})
    assert found.passed_over == (
        PassedOver("m80", 1, "rule", ("parity",)),
        PassedOver("p78", 2, "rule", ("country:CL", "country:PE", "parity")),
        PassedOver("w76", 3, "frozen"),
        PassedOver("q70", 4, "rule", ("country:CL", "country:PE")),
        PassedOver("m60", 5, "rule", ("parity",)),
    )
    assert found.after == Share(1, 2)


def test_nobody_leaving_changes_nothing():
    found = replacement(ROUND, SEATED, [])
    assert (found.enters, found.passed_over, found.before, found.after) == ((), (), Share(2, 4), Share(2, 4))


def test_those_barred_are_off_the_waitlist():
    found = replacement(ROUND, SEATED, ["w88"], barred=["m80", "w76"])
    assert (found.enters, found.empty) == ((), {"CL": 1, "PE": 0})
    assert [one.id for one in found.passed_over] == ["p78", "q70", "m60"]


def test_when_stayers_break_a_rule_that_nobody_mends_the_clash_is_named():
    mirror = replace(ROUND, parity=ParityRule(shortfall="mirror", per_country=False), applicants=FIRMS[:6])
    found = replacement(mirror, SEATED, ["w88"])
    assert (found.status, found.enters, found.after) == ("infeasible", (), Share(1, 3))
    assert (found.conflict, found.relaxation) == (("parity",), (Change("parity", "min", Fraction(2), Fraction(1)),))


def test_any_other_sealed_rule_holds_too():
    quotas = (Quota("unknown", {"womens": ("unknown",)}, max=0),)
    found = replacement(replace(ROUND, quotas=quotas), SEATED, ["p86"])
    assert (found.enters, found.passed_over[1]) == (
        ("q70",), PassedOver("p78", 2, "rule", ("unknown",))
    )


@pytest.mark.parametrize(("leavers", "barred"), [(["m80"], []), (["m90"], ["w88"])])
def test_what_cannot_be_asked(leavers, barred):
    with pytest.raises(ValueError, match=r"^a leaver is not seated, or a seated firm is barred$"):
        replacement(ROUND, SEATED, leavers, barred=barred)
