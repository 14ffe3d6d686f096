"""What a call refuses, what opening and closing freeze, and the deadline to the second in the call's own zone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from cohort.kit import clock
from cohort.kit.access import Actor
from cohort.kit.errors import DomainError, sentence
from cohort.rounds.applications import service as applications
from cohort.rounds.calls import queries, service
from cohort.rounds.calls.protocol import Terms, country_limits, protocol_of, sha256_of
from cohort.rounds.calls.times import from_local, local_text, to_local
from cohort.rounds.models import Application
from tests.rooms.rounds.conftest import AFTER, CLOSES, COUNTRIES, NOW, World


def new_round(**changed: object) -> service.NewRound:
    facts: dict[str, object] = {
        "code": "2026-9", "title_es": "C", "title_en": "C", "opens_at": NOW, "closes_at": CLOSES,
        "time_zone": "America/Santiago", "terms": Terms("equal", 8, COUNTRIES),
    }
    return service.NewRound(**{**facts, **changed})  # type: ignore[arg-type]


@pytest.mark.parametrize(("changed", "code"), [
    ({"code": "a"}, "round_code_form"), ({"code": "2026 1"}, "round_code_form"),
    ({"closes_at": NOW}, "round_dates"),
    ({"terms": Terms("equal", 3, COUNTRIES)}, "round_seats"), ({"terms": Terms("free", 0, COUNTRIES)}, "round_seats"),
    ({"terms": Terms("national", 3, COUNTRIES)}, "round_seats"), ({"terms": Terms("equal", 3, ())}, "round_countries"),
    ({"terms": Terms("else", 3, COUNTRIES)}, "round_countries"),
    ({"terms": Terms("equal", 8, COUNTRIES, Decimal("1.1"))}, "round_share"),
])
def test_a_draft_is_refused_with_its_reason(world: World, changed: dict[str, object], code: str) -> None:
    with pytest.raises(DomainError) as refusal:
        service.create_round(world.session, world.manager, world.plan, new_round(**changed))
    assert refusal.value.code == code
    assert sentence(refusal.value)


def test_code_stands_once(world: World) -> None:
    world.call(code="2026-9")
    with pytest.raises(DomainError) as refusal:
        service.create_round(world.session, world.manager, world.plan, new_round())
    assert (refusal.value.code, refusal.value.params) == ("round_code_taken", {"taken": "2026-9"})


@pytest.mark.parametrize("name", ["peru", "evaluator", "observer"])
def test_only_managers_make_calls(world: World, name: str) -> None:
    round_ = world.call(is_open=False)
    for act in (
        lambda actor: service.create_round(world.session, actor, world.plan, new_round()),
        lambda actor: service.edit_round(world.session, actor, round_, new_round()),
        lambda actor: service.open_round(world.session, actor, round_),
        lambda actor: service.close_round(world.session, actor, round_),
        lambda actor: service.add_addendum(world.session, actor, round_, "x", "x"),
    ):
        with pytest.raises(DomainError) as refusal:
            act(world.actor(name))
        assert refusal.value.code == "not_allowed"


def test_open_call_keeps_its_rules(world: World) -> None:
    round_ = world.call()
    sealed = dict(round_.protocol)
    for act in (service.open_round, lambda *args: service.edit_round(*args, new_round())):
        with pytest.raises(DomainError) as refusal:
            act(world.session, world.manager, round_)
        assert refusal.value.code == "round_not_draft"
    service.add_addendum(world.session, world.manager, round_, "Más días", "More days", CLOSES + timedelta(days=2))
    assert (round_.closes_at, round_.protocol, round_.protocol_hash) == (CLOSES + timedelta(days=2), sealed, sha256_of(sealed))
    with pytest.raises(DomainError) as refusal:
        service.add_addendum(world.session, world.manager, round_, "Menos", "Less", CLOSES)
    assert refusal.value.code == "addendum_earlier"


def test_draft_can_be_edited_until_it_opens(world: World) -> None:
    round_ = world.call(is_open=False)
    service.edit_round(world.session, world.manager, round_, new_round(terms=Terms("free", 5, ("CL", "PE"))))
    assert (round_.code, round_.seats, round_.protocol["countries"]) == ("2026-9", 5, ["CL", "PE"])
    with clock.at(CLOSES + timedelta(seconds=1)), pytest.raises(DomainError) as refusal:
        service.open_round(world.session, world.manager, round_)
    assert refusal.value.code == "round_closes_past"


def test_late_by_one_second_in_the_zone_of_the_call(world: World) -> None:
    round_ = world.call()
    assert to_local(round_.closes_at, "America/Santiago") == datetime(2026, 11, 19, 23, 59)
    on_time = world.apply(round_, "puntual", "PE", 1, womens=True)
    late = world.apply(round_, "tarde", "PE", 2, womens=True)
    with clock.at(CLOSES):
        applications.submit(world.session, world.actor("puntual"), on_time)
    with clock.at(CLOSES + timedelta(seconds=1)), pytest.raises(DomainError) as refusal:
        applications.submit(world.session, world.actor("tarde"), late)
    assert refusal.value.code == "application_late"
    assert "23:59 (Santiago)" in sentence(refusal.value)
    assert (on_time.submitted_at, late.submitted_at) == (CLOSES, NOW)


def test_grace_is_counted_and_nothing_after_it(world: World) -> None:
    round_ = world.call()
    round_.grace_minutes = 15
    file = world.apply(round_, "gracia", "PE", 1, womens=True)
    with clock.at(CLOSES + timedelta(minutes=15)):
        applications.submit(world.session, world.actor("gracia"), file)
    with clock.at(CLOSES + timedelta(minutes=15, seconds=1)), pytest.raises(DomainError):
        applications.submit(world.session, world.actor("gracia"), file)
    with clock.at(CLOSES + timedelta(minutes=15)), pytest.raises(DomainError) as refusal:
        service.close_round(world.session, world.manager, round_)
    assert refusal.value.code == "round_still_open"


def test_empty_call_is_not_closed(world: World) -> None:
    round_ = world.call()
    with clock.at(AFTER), pytest.raises(DomainError) as refusal:
        service.close_round(world.session, world.manager, round_)
    assert refusal.value.code == "round_empty"


def test_closing_freezes_what_later_edits_do_not_touch(world: World) -> None:
    round_ = world.call()
    file = world.apply(round_, "quieta", "PE", 1, womens=True)
    world.close(round_)
    assert file.firm is not None
    frozen = dict(file.facts or {})
    assert (frozen["womens"], frozen["size_class"], frozen["country"]) == ("yes", "micro", "PE")
    file.firm.women_owned = file.firm.women_led = "no"
    world.session.flush()
    assert file.facts == frozen
    assert round_.pool_hash == sha256_of([{"code": file.code, "facts": frozen}])


def test_answers_typed_after_sending_do_not_count(world: World) -> None:
    round_ = world.call()
    file = world.apply(round_, "cambia", "PE", 1, womens=True)
    applications.save_draft(world.session, world.actor("cambia"), file, {"travels": "neither"})
    world.close(round_)
    assert ((file.facts or {})["travels"], file.eligible) == ("parcel", "yes")


def test_standings_follow_the_reach(world: World) -> None:
    round_ = world.call()
    world.fill(round_, each=2)
    world.close(round_)
    files = list(world.session.scalars(Application.__table__.select()))
    assert len(files) == 8

    def seen(actor: Actor) -> list[tuple[str, int, int]]:
        from cohort.kit.access import SYSTEM, act_as

        act_as(world.session, actor)
        found = [(each.country, each.eligible, each.womens) for each in queries.standings_of(world.session, round_)]
        act_as(world.session, SYSTEM)
        return found

    assert seen(world.manager) == [(code, 2, 1) for code in COUNTRIES]
    assert seen(world.actor("peru")) == [("PE", 2, 1)]
    assert seen(world.actor("evaluator")) == []


def test_seats_that_do_not_divide_go_to_the_first_countries() -> None:
    assert country_limits(Terms("equal", 10, COUNTRIES)) == {
        "CL": {"min": 3, "max": 3}, "CO": {"min": 3, "max": 3}, "MX": {"min": 2, "max": 2}, "PE": {"min": 2, "max": 2}}
    assert country_limits(Terms("free", 10, ("CL", "PE"))) == {"CL": {"min": 0, "max": 10}, "PE": {"min": 0, "max": 10}}
    assert country_limits(Terms("national", 10, ("CL",))) == {"CL": {"min": 10, "max": 10}}


def test_protocol_says_everything_that_is_decided(world: World) -> None:
    protocol = protocol_of(Terms("equal", 8, COUNTRIES), {
        "scope": ["overall", "country"], "mode": "at_least", "shortfall": "reserve", "counts": "owned_or_led", "profile": "IWA34"})
    assert sum(row["weight"] for row in protocol["rubric"]) == 100
    assert protocol["appeal_days"] == {"CL": 5, "CO": 10, "MX": 15, "PE": 15}
    assert protocol["parity"] == {"share": "0.50", "scope": ["overall", "country"], "mode": "at_least", "shortfall": "reserve",
                                  "counts": "owned_or_led", "profile": "IWA34"}


def test_hours_are_those_of_the_zone(world: World) -> None:
    noon = datetime(2026, 7, 1, 12)
    assert from_local(noon, "America/Lima").astimezone(UTC) == datetime(2026, 7, 1, 17, tzinfo=UTC)
    assert local_text(datetime(2026, 7, 1, 17, tzinfo=UTC), "America/Lima").endswith("12:00 (Lima)")
