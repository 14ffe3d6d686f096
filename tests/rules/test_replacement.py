"""Replacement: first on the waitlist who keeps every rule, several leavers together, appeals first, empty seats, draws."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from cohort.rules.conflicts import Change
from cohort.rules.explain import Tally
from cohort.rules.quotas import Quota
from cohort.rules.replacement import PassedOver, replacement
from cohort.rules.round_lottery import lottery_of_round
from cohort.rules.round_question import RoundQuestion
from cohort.rules.shortfall import Applicant, ParityRule


def firm(name, points, country="CL", womens="no"):
    return Applicant(name, points * 10_000, country, womens)


FIRMS = (
    firm("m90", 90), firm("w88", 88, womens="yes"), firm("p86", 86, "PE"), firm("q84", 84, "PE", "yes"),
    firm("m80", 80), firm("p78", 78, "PE", "unknown"), firm("w76", 76, womens="yes"), firm("q70", 70, "PE", "yes"),
    firm("m60", 60),
)
ROUND = RoundQuestion(FIRMS, 4, {"CL": (2, 2), "PE": (2, 2)}, ParityRule(per_country=False), "2026")
SEATED = ("m90", "w88", "p86", "q84")


def leaving(question, leavers, barred=(), first=()):
    return replacement(question, [one for one in SEATED if one not in leavers], [*leavers, *barred], first)


def test_the_first_on_the_waitlist_who_keeps_every_rule_enters():
    found = leaving(ROUND, ["w88"])
    assert (found.found.status, found.enters, found.first, found.found.empty) == ("optimal", ("w76",), (), {"CL": 0, "PE": 0})
    assert found.passed_over == (
        PassedOver("m80", 1, ("parity",)), PassedOver("p78", 2, ("country:CL", "country:PE", "parity")))
    assert found.found.quotas == (
        Tally("country:CL", 2, 2, 2), Tally("country:PE", 2, 2, 2), Tally("parity", 2, None, 2))


def test_two_leavers_are_replaced_together_for_the_best_total():
    found = leaving(ROUND, ["q84", "m90"])
    assert (found.enters, found.passed_over) == (("p78", "w76"), (PassedOver("m80", 1, ("parity",)),))


def test_an_upheld_appeal_enters_before_the_waitlist_where_the_rules_allow_it():
    found = leaving(ROUND, ["m90"], first=["m60"])
    assert (found.enters, found.first, found.passed_over) == (("m60",), ("m60",), ())
    refused = leaving(ROUND, ["w88"], first=["m60"])
    assert (refused.enters, refused.first) == (("w76",), ())


def test_a_free_seat_that_nobody_may_take_stays_empty():
    found = leaving(ROUND, ["w88"], barred=["w76"])
    assert (found.found.status, found.enters, found.found.empty) == ("optimal", (), {"CL": 1, "PE": 0})
    assert found.passed_over == (
        PassedOver("m80", 1, ("parity",)), PassedOver("p78", 2, ("country:CL", "country:PE", "parity")),
        PassedOver("q70", 3, ("country:CL", "country:PE")), PassedOver("m60", 4, ("parity",)),
    )


def test_nobody_leaving_changes_nothing():
    found = leaving(ROUND, [])
    assert (found.enters, found.passed_over, found.found.selected) == ((), (), ("m90", "w88", "p86", "q84"))


def test_when_stayers_break_a_rule_that_nobody_mends_the_clash_is_named():
    mirror = replace(ROUND, parity=ParityRule(shortfall="mirror", per_country=False), applicants=FIRMS[:6])
    found = leaving(mirror, ["w88"])
    assert (found.found.status, found.enters) == ("infeasible", ())
    assert (found.found.conflict, found.found.relaxation) == (("parity",), (Change("parity", "min", Fraction(2), Fraction(1)),))


def test_any_other_sealed_rule_holds_too():
    quotas = (Quota("unknown", {"womens": ("unknown",)}, max=0),)
    found = leaving(replace(ROUND, quotas=quotas), ["p86"])
    assert (found.enters, found.passed_over[1]) == (("q70",), PassedOver("p78", 2, ("unknown",)))


def test_whoever_stays_cannot_be_barred():
    with pytest.raises(ValueError, match=r"^a stayer or a barred applicant is not in the pool, or is both$"):
        replacement(ROUND, SEATED, ["w88"])


def test_a_lottery_is_replaced_down_its_waiting_list_and_its_totals_are_scores():
    drawn = replace(ROUND, edges=(800_000,))
    first = lottery_of_round(drawn).selection()
    leaver = next(one for one in first.selected if one.startswith(("w", "q")))
    stayers = [one for one in first.selected if one != leaver]
    found = replacement(drawn, stayers, [leaver])
    people = {one.id: one for one in FIRMS}
    fits = [
        one for one in first.waitlist
        if people[one].country == people[leaver].country and people[one].womens == "yes"
    ]
    assert found.enters == (fits[0],)
    assert [one.id for one in found.passed_over] == list(first.waitlist[: first.waitlist.index(fits[0])])
    assert found.found.objective == sum(people[one].score for one in [*stayers, fits[0]])
    assert (found.found.prices, found.found.swaps) == (None, ())
