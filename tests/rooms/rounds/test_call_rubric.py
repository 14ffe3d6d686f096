"""The rubric of a draft: weights that sum to 100, and what each mark means, in both languages."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import select

from cohort.kit.errors import DomainError, sentence
from cohort.rounds.calls import drafting
from cohort.rounds.calls.parts import Criterion, criteria_of
from cohort.rounds.models import Round
from tests.rooms.rounds.conftest import Site, World, post
from tests.rooms.rounds.pages import checked

WORDS = tuple({"es": f"nota {mark}", "en": f"mark {mark}"} for mark in range(6))


def weighted(round_: Round, *weights: int) -> list[Criterion]:
    return [replace(each, weight=weight) for each, weight in zip(drafting.offered_criteria(round_), weights, strict=True)]


def test_criteria_without_weight_are_left_out_and_offered_again(world: World) -> None:
    round_ = world.call(is_open=False)
    drafting.set_rubric(world.session, world.manager, round_, weighted(round_, 50, 50, 0, 0, 0, 0))
    assert [(each.name, each.weight) for each in criteria_of(round_.protocol)] == [("readiness", 50), ("product_fit", 50)]
    offered = drafting.offered_criteria(round_)
    assert [(each.name, each.weight) for each in offered[2:]] == [("commitment", 0), ("capacity", 0), ("growth", 0), ("inclusion", 0)]
    assert all(len(each.anchors) == 6 for each in offered)


@pytest.mark.parametrize(("weights", "message"), [
    ((25, 20, 20, 15, 10, 9), "The weights sum to 99. They have to sum to 100; a criterion with 0 is left out."),
    ((101, -1, 0, 0, 0, 0), "A weight is a whole number from 0 to 100."),
    ((0, 0, 0, 0, 0, 0), "The weights sum to 0. They have to sum to 100; a criterion with 0 is left out."),
])
def test_weights_that_do_not_sum_are_refused(world: World, weights: tuple[int, ...], message: str) -> None:
    round_ = world.call(is_open=False)
    with pytest.raises(DomainError) as refusal:
        drafting.set_rubric(world.session, world.manager, round_, weighted(round_, *weights))
    assert sentence(refusal.value) == message


@pytest.mark.parametrize("fault", [
    {"label": {"es": "Uno", "en": ""}}, {"anchors": (*WORDS[:5], {"es": "", "en": "five"})}, {"anchors": WORDS[:5]},
])
def test_texts_are_needed_in_both_languages(world: World, fault: dict[str, object]) -> None:
    round_ = world.call(is_open=False)
    one = replace(Criterion("readiness", 100, {"es": "Uno", "en": "One"}, WORDS), **fault)  # type: ignore[arg-type]
    with pytest.raises(DomainError) as refusal:
        drafting.set_rubric(world.session, world.manager, round_, [one])
    assert refusal.value.code == "rubric_words"


@pytest.mark.parametrize("name", ["peru", "evaluator", "observer"])
def test_only_managers_change_a_draft_and_nobody_an_open_call(world: World, name: str) -> None:
    round_ = world.call(is_open=False)
    rows = weighted(round_, 25, 20, 20, 15, 10, 10)
    with pytest.raises(DomainError) as refusal:
        drafting.set_rubric(world.session, world.actor(name), round_, rows)
    assert refusal.value.code == "not_allowed"
    opened = world.call(code="2026-2")
    with pytest.raises(DomainError) as refusal:
        drafting.set_rubric(world.session, world.manager, opened, rows)
    assert refusal.value.code == "round_not_draft"


def test_manager_changes_a_weight_and_a_text_on_its_page(doors: Site) -> None:
    number = doors.do(lambda world: world.call(is_open=False).id)
    client, path = doors.client("manager@plan.test"), f"/rounds/{number}/rubric"
    checked(client.get(path).text)
    offered = doors.do(lambda world: drafting.offered_criteria(world.session.get_one(Round, number)))
    typed: dict[str, object] = {}
    for each in offered:  # type: ignore[attr-defined]
        typed |= {f"{each.name}_weight": each.weight, f"{each.name}_label_es": each.label["es"], f"{each.name}_label_en": each.label["en"]}
        typed |= {f"{each.name}_{mark}_{code}": each.anchors[mark][code] for mark in range(6) for code in ("es", "en")}
    answer = post(client, path, **{**typed, "growth_weight": "9", "growth_3_es": "Lo escrito queda"})
    assert answer.status_code == 422
    checked(answer.text)
    assert "Los pesos suman 99." in answer.text
    assert "Lo escrito queda" in answer.text
    answer = post(client, path, **{**typed, "growth_weight": "9", "capacity_weight": "16", "growth_3_es": "Lo escrito queda"})
    assert answer.headers["Location"] == f"/rounds/{number}"
    held = doors.do(lambda world: criteria_of(world.session.scalars(select(Round.protocol)).one()))
    growth = {each.name: each for each in held}["growth"]  # type: ignore[attr-defined]
    assert (growth.weight, growth.anchors[3]["es"]) == (9, "Lo escrito queda")
    post(client, f"/rounds/{number}/open")
    assert client.get(path).headers["Location"] == f"/rounds/{number}"
    public = doors.client().get("/calls/2026-1").text
    checked(public)
    assert "Lo escrito queda" in public
