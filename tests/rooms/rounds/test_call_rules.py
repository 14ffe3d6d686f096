"""The rules of a draft: checks on or off, days, what parity counts, and further rules that its seats can keep."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from sqlalchemy import select

from cohort.kit.errors import DomainError, sentence
from cohort.rounds.calls import rule_drafts, service, told, words
from cohort.rounds.calls.protocol import Terms, checks_on
from cohort.rounds.calls.rule_drafts import Rules
from cohort.rounds.decisions.attributes import quotas_of
from cohort.rounds.models import Round
from cohort.rules.quotas import Quota
from tests.rooms.rounds.conftest import COUNTRIES, Site, World, post
from tests.rooms.rounds.pages import checked
from tests.rooms.rounds.test_call_reviews import new_round

RURAL, MICRO = {"rural": ("yes",)}, {"size_class": ("micro",)}
SAID = Rules(
    frozenset({"size", "trading"}), {"least_months": 6, "most_exports": 4}, "led", "mirror", 7,
    {"CL": 5, "CO": 10, "MX": 15, "PE": 12}, 11, 3,
)


def test_rules_are_written_into_the_protocol(world: World) -> None:
    round_ = world.call(is_open=False)
    rule_drafts.set_rules(world.session, world.manager, round_, SAID)
    found = round_.protocol
    assert [(row["check"], row.get("least_months")) for row in checks_on(found)] == [
        ("country", None), ("size", None), ("trading", 6), ("data_notice", None), ("acts_for_firm", None)]
    assert [row["most_exports"] for row in found["eligibility"] if row["check"] == "not_recurring"] == [4]
    assert (found["offer_days"], found["appeal_days"], found["appeal_answer_days"], found["waitlist_count"]) == (7, SAID.appeal_days, 11, 3)
    assert (found["parity"]["counts"], found["parity"]["shortfall"]) == ("led", "mirror")
    assert words.parity_text(found) == "At least 50 % of the chosen firms are led by women, in each country and overall."
    assert told.days_text(found) == (
        "Working days to accept a seat: 7. To appeal: Chile 5, Colombia 10, Mexico 15, Peru 12. We answer within 11.")


@pytest.mark.parametrize(("changed", "code"), [
    ({"offer_days": 0}, "rules_days"), ({"appeal_answer_days": 91}, "rules_days"),
    ({"appeal_days": {**SAID.appeal_days, "PE": 0}}, "rules_days"), ({"waitlist_count": -1}, "rules_number"),
    ({"thresholds": {"least_months": -1}}, "rules_number"), ({"counts": "some"}, "rules_parity"), ({"shortfall": "x"}, "rules_parity"),
])
def test_rules_out_of_reach_are_refused(world: World, changed: dict[str, object], code: str) -> None:
    round_ = world.call(is_open=False)
    with pytest.raises(DomainError) as refusal:
        rule_drafts.set_rules(world.session, world.manager, round_, replace(SAID, **changed))  # type: ignore[arg-type]
    assert refusal.value.code == code
    assert sentence(refusal.value)


def test_a_check_that_is_off_makes_nobody_ineligible(world: World) -> None:
    round_ = world.call(is_open=False)
    rule_drafts.set_rules(world.session, world.manager, round_, SAID)
    service.open_round(world.session, world.manager, round_)
    file = world.apply(round_, "muchas", "PE", 1, womens=True, exports_count="40")
    assert [row["check"] for row in file.eligibility] == ["country", "size", "trading", "data_notice", "acts_for_firm"]
    assert file.eligible == "yes"


def test_further_rules_are_spelt_as_the_record_does_and_told_in_words(world: World) -> None:
    round_ = world.call(is_open=False)
    said = [
        Quota("", {**RURAL, **MICRO}, min=2, max=4), Quota("", RURAL, max=1), Quota("", {"country": ("PE", "CL")}, min_share=Fraction(1, 2)),
        Quota("", {"womens": ("yes",)}, min_share=Fraction(2, 5), max_share=Fraction(1, 2), of={"sector": ("commerce",)}),
    ]
    for each in said:
        rule_drafts.add_quota(world.session, world.manager, round_, each)
    assert quotas_of(round_.protocol) == tuple(replace(each, name=f"quota:{place}") for place, each in enumerate(said, 1))
    assert [row["text"] for row in told.quota_rows(round_.protocol)] == [
        "Rural; micro: 2 to 4 places", "Rural: at most 1 place", "Peru or Chile: at least 50 %",
        "Women-owned or led among: Commerce: 40 % to 50 %"]
    rule_drafts.remove_quota(world.session, world.manager, round_, "quota:2")
    rule_drafts.remove_quota(world.session, world.manager, round_, "quota:9")
    rule_drafts.add_quota(world.session, world.manager, round_, said[1])
    assert [each.name for each in quotas_of(round_.protocol)] == ["quota:1", "quota:3", "quota:4", "quota:5"]


@pytest.mark.parametrize(("quota", "message"), [
    (Quota("", {}, min=1), "Say whom the rule covers."),
    (Quota("", RURAL), "Say at least how many, at most how many, or both."),
    (Quota("", {"colour": ("red",)}, min=1), "A rule cannot speak of “colour”. It can speak of size, sector, region, rural area, country and ownership."),
    (Quota("", RURAL, min=1, of={"age": ("1",)}), "A rule cannot speak of “age”. It can speak of size, sector, region, rural area, country and ownership."),
    (Quota("", RURAL, min=1, of=MICRO), "“Of those” goes with percent alone. Give percent, or leave “of those” empty."),
    (Quota("", RURAL, min=4, max=3), "“rural”: the least cannot be above the most. Lower the one or raise the other."),
    (Quota("", RURAL, min_share=Fraction(1, 2), max_share=Fraction(1, 4), of=MICRO), "“rural among: micro firms”: the least cannot be above the most. Lower the one or raise the other."),
    (Quota("", RURAL, max=-1), "Places are whole numbers. Give whole numbers from 0, or choose percent."),
    (Quota("", RURAL, min_share=Fraction(101, 100)), "A percentage lies between 0 and 100."),
    (Quota("", RURAL, min_share=Fraction(30, 100), max_share=Fraction(35, 100)),
     "“rural”: no whole number of 8 seats lies between these percentages. Move one of them."),
    (Quota("", RURAL, min=9), "“rural” asks for at least 9, but at most 8 seats can go there. Ask for fewer, or give the call more seats."),
    (Quota("", {"country": ("PE",), **RURAL}, min=3), "“Peru; rural” asks for at least 3, but at most 2 seats can go there. Ask for fewer, or give the call more seats."),
    (Quota("", {"country": ("PE", "CL")}, max=3), "“Peru or Chile” allows at most 3, but 4 seats go there in any case. Allow more, or change the seats of the countries."),
])
def test_rules_that_cannot_be_kept_are_refused_in_words(world: World, quota: Quota, message: str) -> None:
    round_ = world.call(is_open=False)
    with pytest.raises(DomainError) as refusal:
        rule_drafts.add_quota(world.session, world.manager, round_, quota)
    assert sentence(refusal.value) == message
    assert round_.protocol["quotas"] == []


def test_one_rule_stands_once_and_holds_against_later_seats(world: World) -> None:
    round_ = world.call(is_open=False)
    rule_drafts.add_quota(world.session, world.manager, round_, Quota("", RURAL, min=6))
    with pytest.raises(DomainError) as refusal:
        rule_drafts.add_quota(world.session, world.manager, round_, Quota("", RURAL, max=7))
    assert sentence(refusal.value) == "There is a rule for “rural” already. Remove it first."
    with pytest.raises(DomainError) as refusal:
        service.edit_round(world.session, world.manager, round_, new_round(Terms("equal", 4, COUNTRIES)))
    assert sentence(refusal.value) == "“rural” asks for at least 6, but at most 4 seats can go there. Ask for fewer, or give the call more seats."
    assert (round_.seats, round_.code) == (8, "2026-1")


def test_manager_writes_rules_on_their_pages(doors: Site) -> None:
    number = doors.do(lambda world: world.call(is_open=False).id)
    client, path = doors.client("manager@plan.test"), f"/rounds/{number}/rules"
    checked(client.get(path).text)
    checked(client.get(path + "/new").text)
    typed: dict[str, object] = {
        "check_size": "y", "check_trading": "y", "least_months": "3", "most_exports": "2", "counts": "owned", "shortfall": "reserve",
        "offer_days": "6", "appeal_days_CL": "5", "appeal_days_CO": "10", "appeal_days_MX": "15", "appeal_days_PE": "15",
        "appeal_answer_days": "10", "waitlist_count": "8"}
    answer = post(client, path, **{**typed, "offer_days": "0"})
    assert answer.status_code == 422
    checked(answer.text)
    assert "De 1 a 90 días." in answer.text
    assert post(client, path, **typed).headers["Location"] == f"/rounds/{number}"
    whom = {"unit": "percent", "least": "62,5", "most": "30", "rural": ["yes"], "of_sector": ["commerce"], "region": "Puno; Cusco"}
    answer = post(client, path + "/new", **whom)
    assert answer.status_code == 422
    checked(answer.text)
    assert "el mínimo no puede superar el máximo" in answer.text
    assert "Puno; Cusco" in answer.text
    answer = post(client, path + "/new", **{**whom, "unit": "places", "most": "70"})
    assert "Los cupos son números enteros." in answer.text
    assert post(client, path + "/new", **{**whom, "most": ""}).headers["Location"] == path
    held = doors.do(lambda world: world.session.scalars(select(Round.protocol)).one())
    assert quotas_of(held) == (Quota(  # type: ignore[arg-type]
        "quota:1", {"rural": ("yes",), "region": ("Puno", "Cusco")}, min_share=Fraction(5, 8), of={"sector": ("commerce",)}),)
    assert (held["offer_days"], held["parity"]["counts"]) == (6, "owned")  # type: ignore[index]
    for page in (path, f"/rounds/{number}", f"/rounds/{number}/open"):
        shown = client.get(page).text
        checked(shown)
        assert "Puno o Cusco" in shown
    post(client, path + "/remove", page=path, name="quota:1")
    assert doors.do(lambda world: world.session.scalars(select(Round.protocol)).one()["quotas"]) == []
