"""Rare crossings of what a call's rules name: counted on the register before it opens and in its record before it is public."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import select

from cohort.firms.models import Firm
from cohort.kit import audit, clock
from cohort.kit.errors import DomainError
from cohort.rounds.calls import crossings, drafting, rule_drafts
from cohort.rounds.calls import service as calls
from cohort.rounds.calls.crossings import Rare, rare_in_record, rare_on_register
from cohort.rounds.decisions import service as decisions
from cohort.rounds.models import Round
from cohort.rules.quotas import Quota
from tests.rooms.rounds.conftest import AFTER, NOW, Site, World, post
from tests.rooms.rounds.pages import checked
from tests.rooms.rounds.test_call_rubric import weighted
from tests.rooms.rounds.test_call_rules import SAID
from tests.rooms.stage import noted

MICRO_RURAL = Quota("", {"rural": ("yes",), "size_class": ("micro", "small")}, min=1)


def register(world: World, count: int, country: str = "PE", **facts: object) -> None:
    """Firms of a country on the register, alike in every fact."""
    start = len(world.session.scalars(select(Firm)).all())
    world.session.add_all([
        Firm(country=country, tax_id=f"{start + place:011}", legal_name=f"Firma {start + place}", sort_name=f"firma {start + place:05}",
             recorded_at=NOW, **{"women_owned": "no", "women_led": "no", "size_class": "small", **facts})
        for place in range(count)])
    world.session.flush()


def told(rare: list[Rare], round_: Round) -> list[tuple[str, int]]:
    return [(each.text(round_.protocol), each.count) for each in rare]


def test_an_empty_register_says_nothing(world: World) -> None:
    round_ = world.call(is_open=False)
    rule_drafts.add_quota(world.session, world.manager, round_, MICRO_RURAL)
    assert rare_on_register(world.session, round_) == []
    calls.open_round(world.session, world.manager, round_)


def test_parity_names_country_and_ownership(world: World) -> None:
    round_ = world.call(is_open=False)
    register(world, 5)
    register(world, 4, women_owned="yes")
    register(world, 3, "CO", women_owned="unknown", women_led="unknown")
    register(world, 1, "CR")  # not a country of the call
    register(world, 2, merged_into_id=world.session.scalars(select(Firm.id)).first())
    assert told(rare_on_register(world.session, round_), round_) == [
        ("Colombia; ownership not known", 3), ("Peru; women-owned or led", 4)]


def test_every_further_rule_makes_crossings_finer(world: World) -> None:
    round_ = world.call(is_open=False)
    register(world, 6, is_rural=True, size_class="medium")
    register(world, 4, is_rural=True)
    register(world, 9, is_rural=False)
    assert rare_on_register(world.session, round_) == []
    rule_drafts.add_quota(world.session, world.manager, round_, MICRO_RURAL)
    assert told(rare_on_register(world.session, round_), round_) == [
        ("Peru; not women-owned or led; rural; small", 4), ("rural; micro or small", 4)]
    world.session.query(Firm).filter_by(size_class="small", is_rural=True).update({"size_class": "large"})
    assert ("rural; micro or small", 0) in told(rare_on_register(world.session, round_), round_)


def test_criteria_for_equal_points_are_shown_in_the_record_and_count(world: World) -> None:
    round_ = world.call(is_open=False)
    register(world, 6, founded_on=date(2010, 1, 1))
    register(world, 2, founded_on=date(2025, 1, 1), is_rural=True)
    drafting.set_rubric(world.session, world.manager, round_, weighted(round_, 30, 20, 20, 20, 10, 0))
    rule_drafts.set_rules(world.session, world.manager, round_, replace(
        SAID, counts="owned_or_led", tie_criteria=("younger_firm", "rural", "smaller_size")))
    assert told(rare_on_register(world.session, round_), round_) == [
        ("Peru; not women-owned or led; under 3 years old; rural; small", 2)]


def test_a_call_with_rare_crossings_opens_with_a_reason_that_is_kept(world: World) -> None:
    round_ = world.call(is_open=False)
    register(world, 3, women_owned="yes")
    for reason in ("", "  \n "):
        with pytest.raises(DomainError) as refusal:
            calls.open_round(world.session, world.manager, round_, reason)
        assert refusal.value.code == "rare_reason_missing"
        assert round_.status == "draft"
    calls.open_round(world.session, world.manager, round_, " Son pocas en el país. " + "x" * 2_000)
    action, _before, after = noted(world.session)[-1]
    assert (action, after["rare_crossings"]) == ("round.opened", {"country=PE; womens=yes": 3})
    assert after["rare_crossings_reason"].startswith("Son pocas en el país. x")
    assert len(after["rare_crossings_reason"]) == crossings.MOST_REASON


def test_the_record_is_counted_before_it_is_public(world: World) -> None:
    round_, _files = world.decided_ready()
    with clock.at(AFTER):
        decision = world.sealed(round_)
        assert told(rare_in_record(decision.record, round_.protocol), round_) == [
            (f"{country}; {who}", 2) for country, who in (
                ("Chile", "not women-owned or led"), ("Chile", "women-owned or led"),
                ("Colombia", "not women-owned or led"), ("Colombia", "women-owned or led"),
                ("Mexico", "not women-owned or led"), ("Mexico", "women-owned or led"),
                ("Peru", "not women-owned or led"), ("Peru", "women-owned or led"))]
        with pytest.raises(DomainError) as refusal:
            decisions.publish(world.session, world.manager, round_)
        assert (refusal.value.code, round_.status) == ("rare_reason_missing", "decided")
        decisions.publish(world.session, world.manager, round_, "Todas lo saben.")
    action, _before, after = noted(world.session)[-1]
    assert (action, len(after["rare_crossings"]), after["rare_crossings_reason"]) == ("round.published", 8, "Todas lo saben.")


def test_a_record_without_rare_crossings_asks_for_nothing(world: World) -> None:
    row = {"country": "PE", "womens": "no", "attributes": {"rural": "yes", "owner_group": "group 1"}, "before_draw": [0]}
    protocol = {**world.call(is_open=False).protocol, "tie_criteria": ["smaller_size"]}
    assert rare_in_record({"rows": [row] * 5}, protocol) == []
    assert rare_in_record({"rows": [row] * 4}, protocol) == [
        Rare((("country", ("PE",)), ("womens", ("no",)), ("rural", ("yes",)), ("before_draw.smaller_size", ("0",))), 4)]
    assert crossings.require_reason([], "") == {}


def test_the_pages_list_them_and_ask_for_the_reason(doors: Site) -> None:
    def draft(world: World) -> int:
        register(world, 3, women_owned="yes")
        return world.call(is_open=False).id

    number = doors.do(draft)
    client, path = doors.client("manager@plan.test"), f"/rounds/{number}"
    text = client.get(f"{path}/open").text
    checked(text)
    assert "Perú; de mujeres o lideradas por mujeres: 3 empresas" in text
    assert post(client, f"{path}/open", rare_reason=" ").headers["Location"] == f"{path}/open"
    assert "diga por qué se quedan" in client.get(f"{path}/open").text
    assert post(client, f"{path}/open", rare_reason="<script>No</script>").headers["Location"] == path
    page = client.get(path).text
    checked(page)
    assert "<script>No" not in page
    kept = doors.do(lambda world: [entry.action for entry in audit.history_of(world.session, world.session.get_one(Round, number))])
    assert kept[0] == "round.opened"  # type: ignore[index]


def test_the_page_before_publication_asks_too(doors: Site) -> None:
    def sealed(world: World) -> int:
        round_, _files = world.decided_ready()
        with clock.at(AFTER):
            world.sealed(round_)
        return round_.id

    number = doors.do(sealed)
    clock.pin(AFTER)
    client, path = doors.client("manager@plan.test"), f"/rounds/{number}"
    text = client.get(f"{path}/publish").text
    checked(text)
    assert text.count(": 2 empresas</li>") == 8
    assert post(client, f"{path}/publish").headers["Location"] == f"{path}/publish"
    assert post(client, f"{path}/publish", rare_reason="Se sabe.").headers["Location"] == f"{path}/result"
    assert client.get(f"{path}/publish").headers["Location"] == f"{path}/result"
