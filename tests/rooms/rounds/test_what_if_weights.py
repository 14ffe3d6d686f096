"""Other weights of the rubric in a what-if: scores worked out again from the marks, exactly as reviews give them."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from sqlalchemy import func, select

from cohort.kit import clock
from cohort.kit.errors import DomainError
from cohort.rounds.decisions import reweighing, what_if
from cohort.rounds.decisions.what_if import sealed_scenario
from cohort.rounds.models import Round, ScoreEntry
from cohort.rounds.reviews import settling
from cohort.rounds.scores.service import latest_scores, score_files
from tests.rooms.rounds.conftest import AFTER, Site, World
from tests.rooms.rounds.pages import checked
from tests.rooms.rounds.reviews.conftest import Panel, panel_for

TURNED = {"readiness": 40, "growth": 60}


def marked_panel(world: World, **terms: object) -> Panel:
    """Four files a country: the first two good in the first criterion, the others in the second."""
    panel = panel_for(world, 4, **terms)
    for place, file in enumerate(panel.files):
        is_first = place % 4 < 2
        one, other = ((5, 2), (4, 3)) if is_first else ((2, 5), (3, 4))
        panel.through(file, {"ana": one, "beto" if place % 2 else "carla": other})
    return panel


def test_scores_are_worked_out_from_the_marks(world: World) -> None:
    panel = marked_panel(world)
    held = reweighing.marked(world.session, panel.round_)
    assert held is not None
    assert held.sealed == {"readiness": 60, "growth": 40}
    sealed = {key: row.score for key, row in latest_scores(world.session, panel.round_.id).items()}
    assert reweighing.reweighed(world.session, panel.round_, held, held.sealed) == sealed
    # mean of 5·40/5 + 2·60/5 = 64 and 4·40/5 + 3·60/5 = 68; the others 76 and 72
    assert [reweighing.reweighed(world.session, panel.round_, held, TURNED)[file.id] for file in panel.files] == [
        660_000, 660_000, 740_000, 740_000] * 4
    assert world.session.scalar(select(func.count(ScoreEntry.id))) == 16, "a what-if stores no score"


@pytest.mark.parametrize("final", ["median", "severity"])
def test_they_are_those_that_a_call_sealed_with_these_weights_gives(world: World, final: str) -> None:
    panel = marked_panel(world, final=final)
    held = reweighing.marked(world.session, panel.round_)
    assert held is not None
    asked = reweighing.reweighed(world.session, panel.round_, held, TURNED)
    other = [replace(each, weight=TURNED[each.name]) for each in held.criteria]
    found = settling.reviewed(world.session, panel.round_, held.terms)
    counted = {
        key: [replace(one, points=sum(each.weight * one.marks[each.name] * 2_000 for each in other)) for one in sent]
        for key, sent in found.counted.items()}
    assert asked == settling.scores_of(world.session, panel.round_, held.terms, replace(found, counted=counted))
    assert set(asked) == {file.id for file in panel.files}


def test_other_weights_choose_others_and_are_compared_in_sealed_scores(world: World) -> None:
    panel = marked_panel(world)
    usual = sealed_scenario(panel.round_)
    sealed, turned = what_if.compare(world.session, world.manager, panel.round_, [replace(usual, weights=TURNED)])
    first = {file.code for place, file in enumerate(panel.files) if place % 4 < 2}
    assert set(sealed.found.selected) == first
    assert set(turned.found.selected) == {file.code for file in panel.files} - first
    assert (sealed.total, turned.total) == (Decimal(74 * 8), Decimal(74 * 8))
    assert (sealed.difference, turned.difference) == (0, Decimal(66 * 8 - 74 * 8))
    assert (len(turned.enters), len(turned.leaves)) == (8, 8)


def test_the_lowest_score_is_held_against_the_new_scores(world: World) -> None:
    panel = marked_panel(world)
    usual = replace(sealed_scenario(panel.round_), minimum=Decimal(70))
    as_sealed, turned = what_if.compare(
        world.session, world.manager, panel.round_, [usual, replace(usual, weights=TURNED)])[1:]
    assert len(as_sealed.found.selected) == len(turned.found.selected) == 8
    assert set(as_sealed.found.selected).isdisjoint(turned.found.selected)


def test_a_score_that_was_brought_in_stays(world: World) -> None:
    panel = marked_panel(world)
    typed = panel.files[0]
    score_files(world.session, world.manager, panel.round_, {typed.id: 990_000})
    held = reweighing.marked(world.session, panel.round_)
    assert held is not None
    assert typed.id not in reweighing.reweighed(world.session, panel.round_, held, TURNED)
    turned = what_if.compare(
        world.session, world.manager, panel.round_, [replace(sealed_scenario(panel.round_), weights=TURNED)])[1]
    assert typed.code in turned.found.selected


@pytest.mark.parametrize(("weights", "code"), [
    ({"readiness": 50, "growth": 40}, "rubric_sum"), ({"readiness": 110, "growth": -10}, "rubric_weight")])
def test_weights_of_no_rubric_are_refused(world: World, weights: dict[str, int], code: str) -> None:
    panel = marked_panel(world)
    with pytest.raises(DomainError) as refusal:
        what_if.compare(world.session, world.manager, panel.round_, [replace(sealed_scenario(panel.round_), weights=weights)])
    assert refusal.value.code == code


def test_without_marks_there_is_nothing_to_weigh(world: World) -> None:
    round_, _files = world.decided_ready()
    assert reweighing.marked(world.session, round_) is None
    with pytest.raises(DomainError) as refusal:
        what_if.compare(world.session, world.manager, round_, [replace(sealed_scenario(round_), weights=TURNED)])
    assert refusal.value.code == "reweigh_no_marks"


def test_the_page_offers_weights_where_reviews_gave_marks(doors: Site) -> None:
    number = doors.do(lambda world: marked_panel(world).round_.id)
    clock.pin(AFTER)
    client, path = doors.client("manager@plan.test"), f"/rounds/{number}/what-if"
    text = client.get(path).text
    checked(text)
    assert text.count("<td") == 40, "no row for weights that are the sealed ones"
    asked = {f"{letter}-{name}": value for letter in "abc" for name, value in (
        ("seats", "8"), ("share", "50"), ("minimum", "60"))}
    told = client.get(path, query_string={**asked, "b-weight_readiness": "40", "b-weight_growth": "60"})
    checked(told.text)
    assert told.text.count("<td") == 48
    assert "Peso: Criterio readiness" in told.text
    for typed, said in (("cuarenta", "cuarenta"), ("45", "Los pesos suman 105."), ("-3", "0 a 100")):
        told = client.get(path, query_string={**asked, "b-weight_readiness": typed, "b-weight_growth": "60"})
        checked(told.text)
        assert said in told.text
        assert "<td" not in told.text
    assert doors.do(lambda world: world.session.get_one(Round, number).protocol["rubric"][0]["weight"]) == 60


def test_the_page_says_why_it_offers_none(doors: Site) -> None:
    number = doors.do(lambda world: world.decided_ready()[0].id)
    clock.pin(AFTER)
    text = doors.client("manager@plan.test").get(f"/rounds/{number}/what-if").text
    assert "No se pueden probar otros pesos" in text
    assert "weight_" not in text
