"""What a committee sees when it asks what other figures would give: compared, proven, and nothing stored."""

from __future__ import annotations

from decimal import Decimal

import pytest
from sqlalchemy import func, select

from cohort.kit import clock
from cohort.kit.errors import DomainError
from cohort.rounds.decisions import what_if
from cohort.rounds.decisions.what_if import Scenario
from cohort.rounds.models import Application, Decision
from tests.rooms.rounds.conftest import AFTER, Site, World
from tests.rooms.rounds.pages import checked

SEALED = Scenario(8, Decimal("0.50"), Decimal(60), has_country_seats=True)


def test_other_figures_are_proven_beside_the_sealed_ones(world: World) -> None:
    round_, _files = world.decided_ready()
    sealed, free, more, fewer = what_if.compare(world.session, world.manager, round_, [
        Scenario(8, Decimal(0), Decimal(60), has_country_seats=True),
        Scenario(8, Decimal(1), Decimal(60), has_country_seats=False),
        Scenario(4, Decimal("0.50"), Decimal(80), has_country_seats=True),
    ])
    assert sealed.scenario == SEALED
    assert (sealed.womens, sealed.difference, sealed.enters, sealed.leaves) == (4, 0, (), ())
    assert free.difference is not None
    assert free.difference > 0
    assert (free.womens, len(free.enters), len(free.leaves)) == (0, 4, 4)
    assert (more.womens, more.total) == (8, Decimal("8") * 70 - Decimal("0.1") * sum(range(1, 16, 2)))
    assert (fewer.found.status, len(fewer.found.selected), sum(fewer.found.empty.values())) == ("optimal", 0, 4)
    assert world.session.scalar(select(func.count(Decision.id))) == 0


def test_too_few_seats_and_an_empty_pool_are_refused(world: World) -> None:
    round_, _files = world.decided_ready()
    for scenario, code in (
        (Scenario(2, Decimal(0), Decimal(60), has_country_seats=True), "round_seats"),
        (Scenario(8, Decimal(0), Decimal(100), has_country_seats=False), "decision_empty"),
    ):
        with pytest.raises(DomainError) as refusal:
            what_if.compare(world.session, world.manager, round_, [scenario])
        assert refusal.value.code == code


def test_an_open_call_has_no_what_if(world: World) -> None:
    with pytest.raises(DomainError) as refusal:
        what_if.compare(world.session, world.manager, world.call(), [])
    assert refusal.value.code == "decision_not_closed"


def test_the_page_compares_what_the_address_says(doors: Site) -> None:
    number = doors.do(lambda world: world.decided_ready()[0].id)
    clock.pin(AFTER)
    client, path = doors.client("manager@plan.test"), f"/rounds/{number}/what-if"
    text = client.get(path).text
    checked(text)
    assert text.count("<td") == 40  # ten figures, the sealed rules and three what-ifs
    asked = {f"{letter}-{name}": value for letter in "abc" for name, value in (
        ("seats", "8"), ("share", "100"), ("minimum", "60"))}
    answer = client.get(path, query_string={**asked, "b-seats": "muchos"})
    checked(answer.text)
    assert "muchos" in answer.text
    assert "<td" not in answer.text
    answer = client.get(path, query_string={**asked, "c-minimum": "99,5"})
    checked(answer.text)
    assert "mínimo" in answer.text
    assert client.get(f"/rounds/{number}/decide").text.count("what-if") == 1
    assert doors.do(lambda world: world.session.scalar(select(func.count(Application.id)))) == 16
    assert doors.client("peru@plan.test").get(path).status_code == 403
