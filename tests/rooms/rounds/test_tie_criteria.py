"""Equal points: the criteria that a call names come before its draw, in the decision, the record and `cohort verify`."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from cohort.kit import clock
from cohort.kit.errors import DomainError
from cohort.rounds.calls import drafting, rule_drafts, told
from cohort.rounds.calls import service as calls
from cohort.rounds.decisions import service
from cohort.rounds.decisions.fates import fates
from cohort.rounds.decisions.tie_criteria import before_draw, place_of, require_ties
from cohort.rounds.decisions.words import reason_text
from cohort.rounds.files.replay import differences, read_record
from cohort.rounds.models import Application, Round
from cohort.rounds.scores.service import score_files
from cohort.rules.lots import draw
from tests.rooms.rounds.conftest import AFTER, Site, World, post
from tests.rooms.rounds.pages import checked
from tests.rooms.rounds.test_call_rubric import weighted
from tests.rooms.rounds.test_call_rules import SAID

CLOSED = date(2026, 11, 19)


@pytest.mark.parametrize(("criterion", "facts", "place"), [
    ("smaller_size", {"size_class": "micro"}, 0), ("smaller_size", {"size_class": "medium"}, 2),
    ("smaller_size", {"size_class": "unknown"}, 3), ("smaller_size", {}, 3),
    ("rural", {"is_rural": True}, 0), ("rural", {"is_rural": False}, 1), ("rural", {"is_rural": None}, 1),
    ("younger_firm", {"founded_on": "2023-11-20"}, 0), ("younger_firm", {"founded_on": "2023-11-19"}, 1),
    ("younger_firm", {"founded_on": "2016-11-20"}, 1), ("younger_firm", {"founded_on": "2016-11-19"}, 2),
    ("younger_firm", {"founded_on": ""}, 3),
])
def test_places_follow_frozen_facts_and_what_nobody_said_is_last(criterion: str, facts: dict[str, object], place: int) -> None:
    assert place_of(criterion, facts, CLOSED) == place


@pytest.mark.parametrize(("criteria", "rubric", "has_lottery", "code"), [
    (("smaller_size", "smaller_size"), set(), False, "tie_twice"), (("earlier",), set(), False, "tie_unknown"),
    (("rural",), {"inclusion"}, False, "tie_scored"), (("smaller_size",), set(), True, "tie_lottery"),
])
def test_criteria_that_cannot_settle_are_refused(
    criteria: tuple[str, ...], rubric: set[str], has_lottery: bool, code: str,
) -> None:
    with pytest.raises(DomainError) as refusal:
        require_ties(criteria, rubric, has_lottery=has_lottery)
    assert refusal.value.code == code


def tied_call(world: World, criteria: list[str]) -> tuple[Round, list[Application]]:
    """A closed list of eight seats without a floor, whose sixteen files all have 80 points."""
    round_ = world.call(template="free", is_open=False)
    round_.protocol = {
        **round_.protocol, "tie_criteria": criteria, "parity": {**round_.protocol["parity"], "share": "0"}}
    calls.open_round(world.session, world.manager, round_)
    files = world.fill(round_)
    for place, each in enumerate(files):
        assert each.firm is not None
        each.firm.is_rural = place % 4 == 0
        each.firm.size_class = ("medium", "small")[place % 2]
    world.close(round_)
    score_files(world.session, world.manager, round_, {each.id: 800_000 for each in files})
    return round_, files


def test_equal_points_are_settled_by_the_criteria_in_order_before_the_draw(world: World) -> None:
    round_, files = tied_call(world, ["rural", "smaller_size"])
    shown = service.show(world.session, world.manager, round_)
    rural = {each.code for place, each in enumerate(files) if place % 4 == 0}
    small = {each.code for place, each in enumerate(files) if place % 2 == 1}
    selected = set(shown.found.selected)
    assert rural < selected
    assert selected - rural < small, "four seats are left for eight small firms: the draw settles those"
    assert {one.id: one.before_draw for one in shown.question.applicants} == {
        each.code: before_draw(round_, each.facts or {}) for each in files}
    out = next(each for each in files if each.code in small - selected)
    why = {each.id: fate for each, fate in fates(round_, shown.files, shown.found)}[out.id]
    assert reason_text(why["reason"], why["reason_params"], round_.protocol) == (
        "same points as the last seat; the criteria for equal points and then the published draw decided")


def test_without_criteria_the_draw_alone_settles(world: World) -> None:
    round_, files = tied_call(world, [])
    shown = service.show(world.session, world.manager, round_)
    assert {one.before_draw for one in shown.question.applicants} == {()}
    codes = sorted(each.code for each in files)
    lots = dict(zip(codes, draw(codes, round_.seed).tolist(), strict=True))
    assert list(shown.found.selected) == sorted(codes, key=lots.__getitem__)[:8]


def test_the_order_of_rows_changes_nothing(world: World) -> None:
    round_, _files = tied_call(world, ["smaller_size"])
    shown = service.show(world.session, world.manager, round_)
    turned = replace(shown.question, applicants=tuple(reversed(shown.question.applicants)))
    again = turned.decide()
    assert (again.selected, again.waitlist) == (shown.found.selected, shown.found.waitlist)


def test_the_record_holds_the_places_and_verifies(world: World, tmp_path: Path) -> None:
    round_, files = tied_call(world, ["rural", "smaller_size"])
    record = service.record_of(service.show(world.session, world.manager, round_))
    path = tmp_path / "record.json"
    path.write_text(json.dumps(record), encoding="utf-8")
    assert differences(read_record(path), path.name) == []
    rows = {row["code"]: row["before_draw"] for row in record["rows"]}  # type: ignore[index, union-attr, call-overload]
    assert rows == {each.code: [int(place % 4 != 0), 2 - place % 2] for place, each in enumerate(files)}
    first = dict(record["rows"][0], before_draw=[9, 9])  # type: ignore[arg-type, index]
    path.write_text(json.dumps({**record, "rows": [first, *record["rows"][1:]]}), encoding="utf-8")  # type: ignore[index, misc]
    assert differences(read_record(path), path.name) != []


def test_rural_and_points_for_inclusion_exclude_each_other_from_both_sides(world: World) -> None:
    round_ = world.call(is_open=False)
    with pytest.raises(DomainError) as refusal:
        rule_drafts.set_rules(world.session, world.manager, round_, replace(SAID, tie_criteria=("rural",)))
    assert refusal.value.code == "tie_scored"
    drafting.set_rubric(world.session, world.manager, round_, weighted(round_, 30, 20, 20, 20, 10, 0))
    rule_drafts.set_rules(world.session, world.manager, round_, replace(SAID, tie_criteria=("rural", "younger_firm")))
    assert round_.protocol["tie_criteria"] == ["rural", "younger_firm"]
    with pytest.raises(DomainError) as refusal:
        drafting.set_rubric(world.session, world.manager, round_, weighted(round_, 25, 20, 20, 15, 10, 10))
    assert refusal.value.code == "tie_scored"


def test_a_manager_chooses_them_on_the_page_and_everybody_reads_them(doors: Site) -> None:
    number = doors.do(lambda world: world.call(is_open=False).id)
    client, path = doors.client("manager@plan.test"), f"/rounds/{number}/rules"
    typed: dict[str, object] = {
        "check_size": "y", "least_months": "3", "most_exports": "2", "counts": "owned", "shortfall": "reserve", "offer_days": "6",
        "appeal_days_CL": "5", "appeal_days_CO": "10", "appeal_days_MX": "15", "appeal_days_PE": "15",
        "appeal_answer_days": "10", "waitlist_count": "8"}
    for said, message in (
        ({"tie_1": "smaller_size", "tie_3": "smaller_size"}, "aparece dos veces"),
        ({"tie_2": "rural"}, "zonas rurales ya dan puntos"), ({"tie_1": "el-mas-alto"}, "Not a valid choice"),
    ):
        answer = post(client, path, **typed, **said)
        assert answer.status_code == 422
        checked(answer.text)
        assert message.lower() in answer.text.lower() or message == "Not a valid choice"
    assert post(client, path, **typed, tie_2="younger_firm", tie_3="smaller_size").status_code == 302
    text = client.get(path).text
    assert text.index('value="younger_firm"') > 0
    assert doors.do(lambda world: world.session.get_one(Round, number).protocol["tie_criteria"]) == ["younger_firm", "smaller_size"]
    checked(client.get(f"/rounds/{number}/open").text)
    post(client, f"/rounds/{number}/open")
    public = doors.client().get("/calls/2026-1").text
    checked(public)
    assert "Antes del sorteo" in public
    clock.pin(AFTER)


def test_without_criteria_nothing_is_told(world: World) -> None:
    assert told.tie_text(world.call().protocol) == ""
    assert told.tie_text({"tie_criteria": ["smaller_size", "rural"]}) == (
        "Before the draw equal points are settled in this order: smaller firms first: micro, small, medium; "
        "firms in rural areas first. The public record shows where each code stands in it.")
