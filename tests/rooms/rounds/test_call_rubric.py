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


OWN = Criterion("own1", 10, {"es": "Innovación", "en": "Innovation"}, WORDS)


def with_own(round_: Round, own: Criterion) -> list[Criterion]:
    return [*weighted(round_, 25, 20, 20, 15, 10, 0), own]


def test_a_call_has_criteria_of_its_own_until_they_are_ticked_to_go(world: World) -> None:
    round_ = world.call(is_open=False)
    blank = drafting.blank_criterion(round_)
    assert blank == Criterion("own1", 0, {}, ({},) * 6)
    drafting.set_rubric(world.session, world.manager, round_, with_own(round_, OWN))
    assert criteria_of(round_.protocol)[-1] == OWN
    following = drafting.blank_criterion(round_)
    assert following is not None
    assert following.name == "own2"
    held = drafting.offered_criteria(round_)
    assert [(each.name, each.weight) for each in held[-2:]] == [("own1", 10), ("inclusion", 0)]
    gone = [replace(each, weight={"own1": 0, "inclusion": 10}.get(each.name, each.weight)) for each in held]
    with pytest.raises(DomainError) as refusal:
        drafting.set_rubric(world.session, world.manager, round_, gone)
    assert sentence(refusal.value) == "“Innovation” has texts but no weight. Give it one, or tick that it goes."
    drafting.set_rubric(world.session, world.manager, round_, gone, {"own1"})
    assert [each.name for each in criteria_of(round_.protocol)] == [
        "readiness", "product_fit", "commitment", "capacity", "growth", "inclusion"]


@pytest.mark.parametrize(("own", "code"), [
    (replace(OWN, label={"es": "Innovación", "en": ""}), "rubric_words"),
    (replace(OWN, anchors=(*WORDS[:5], {"es": "cinco"})), "rubric_words"),
    (replace(OWN, weight=0), "rubric_own_weight"), (replace(OWN, weight=11), "rubric_sum"),
    (replace(OWN, label={"es": "Otro", "en": "export and digital READINESS"}), "rubric_twice"),
])
def test_an_own_criterion_is_whole_or_refused(world: World, own: Criterion, code: str) -> None:
    round_ = world.call(is_open=False)
    before = round_.protocol
    with pytest.raises(DomainError) as refusal:
        drafting.set_rubric(world.session, world.manager, round_, with_own(round_, own))
    assert refusal.value.code == code
    assert round_.protocol == before


def test_a_rubric_does_not_grow_for_ever(world: World) -> None:
    round_ = world.call(is_open=False)
    many = [replace(OWN, name=f"own{place}", weight=weight, label={"es": f"Uno {place}", "en": f"One {place}"})
            for place, weight in enumerate([30, *[5] * 14])]
    drafting.set_rubric(world.session, world.manager, round_, many)
    assert drafting.blank_criterion(round_) is None


def test_manager_adds_an_own_criterion_on_the_page_and_takes_it_out(doors: Site) -> None:
    number = doors.do(lambda world: world.call(is_open=False).id)
    client, path = doors.client("manager@plan.test"), f"/rounds/{number}/rubric"
    offered = doors.do(lambda world: drafting.offered_criteria(world.session.get_one(Round, number)))
    typed: dict[str, object] = {}
    for each in offered:  # type: ignore[attr-defined]
        typed |= {f"{each.name}_weight": each.weight, f"{each.name}_label_es": each.label["es"], f"{each.name}_label_en": each.label["en"]}
        typed |= {f"{each.name}_{mark}_{code}": each.anchors[mark][code] for mark in range(6) for code in ("es", "en")}
    own: dict[str, object] = {"own1_weight": "5", "own1_label_es": "Innovación", "own1_label_en": "Innovation", "growth_weight": "5"}
    answer = post(client, path, **{**typed, **own, "own1_0_es": "<b>Nada</b> & más"})
    assert answer.status_code == 422
    checked(answer.text)
    assert "«Innovación» necesita" in answer.text
    assert "&lt;b&gt;Nada&lt;/b&gt; &amp; más" in answer.text
    answer = post(client, path, **{**typed, **own, "own1_weight": "mucho"})
    assert answer.status_code == 422
    checked(answer.text)
    assert "mucho" in answer.text
    texts = {f"own1_{mark}_{code}": f"{code} {mark}" for mark in range(6) for code in ("es", "en")}
    assert post(client, path, **{**typed, **own, **texts}).status_code == 302
    text = client.get(path).text
    checked(text)
    assert "own1_removed" in text
    assert "own2_weight" in text
    assert "own2_removed" not in text
    gone = {**typed, **own, **texts, "own1_removed": "y", "growth_weight": "10"}
    assert post(client, path, **gone).status_code == 302
    assert "own1_removed" not in client.get(path).text
