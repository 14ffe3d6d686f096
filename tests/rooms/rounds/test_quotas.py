"""A call whose sealed rules name sizes, rural firms and owner groups: who is chosen, what is said, what is public."""

from __future__ import annotations

import json
from pathlib import Path

from cohort.rounds.calls import service as calls
from cohort.rounds.decisions import service, tables
from cohort.rounds.decisions.attributes import attribute, named_by, owner_groups, quotas_of
from cohort.rounds.decisions.fates import fates
from cohort.rounds.decisions.words import quota_name, reason_text, rule_name
from cohort.rounds.files.record import quota_json
from cohort.rounds.files.replay import differences, read_record
from cohort.rounds.models import Application, Round
from cohort.rules.quotas import Quota
from tests.rooms.rounds.conftest import World


def ruled_call(world: World, quotas: list[Quota], **more: object) -> tuple[Round, list[Application]]:
    """A closed and scored call of one list of eight seats, whose protocol has these quotas before it is opened."""
    round_ = world.call(template="free", is_open=False)
    round_.protocol = {**round_.protocol, "quotas": [quota_json(each) for each in quotas], **more}
    calls.open_round(world.session, world.manager, round_)
    files = world.fill(round_)
    return round_, files




def frozen(world: World, round_: Round, files: list[Application]) -> None:
    world.close(round_)
    world.score(round_, files)


def chosen(world: World, round_: Round) -> list[str]:
    shown = service.show(world.session, world.manager, round_)
    assert shown.found.status == "optimal"
    return list(shown.found.selected)


def test_rural_firms_get_the_seats_that_the_call_promises_them(world: World) -> None:
    rule = Quota("rural", {"rural": ("yes",)}, min=2)
    round_, files = ruled_call(world, [rule])
    for each in files[-2:]:  # the last of all by score, a man's and a woman's firm
        assert each.firm is not None
        each.firm.is_rural = True
    frozen(world, round_, files)
    assert [attribute(each.facts or {}, "rural") for each in files[-3:]] == ["unknown", "yes", "yes"]
    assert {each.code for each in files[-2:]} <= set(chosen(world, round_))
    shown = service.show(world.session, world.manager, round_)
    record = service.record_of(shown)
    assert {tuple(row["attributes"]) for row in record["rows"]} == {("rural",)}  # type: ignore[index, union-attr, call-overload]
    why = {each.id: fate for each, fate in fates(round_, shown.files, shown.found)}[files[-1].id]
    assert reason_text(why["reason"], why["reason_params"], round_.protocol) == "selected through women-owned or led and rural (at least 2)"
    assert [row["rule"] for row in tables.effects(record, round_.protocol)] == ["women-owned or led", "rural"]


def test_a_share_of_a_share_holds_and_is_named(world: World) -> None:
    rule = Quota("women-small", {"womens": ("yes",)}, of={"size_class": ("small", "micro")}, min_share=None, min=4)
    round_, files = ruled_call(world, [rule])
    frozen(world, round_, files)
    assert named_by(quotas_of(round_.protocol)) == ("size_class",)
    assert rule_name("women-small", round_.protocol) == "women-owned or led among: small firms or micro firms"
    assert len(chosen(world, round_)) == 8


def test_firms_of_the_same_owners_take_one_seat_and_the_record_does_not_name_them(
    world: World, tmp_path: Path
) -> None:
    round_, files = ruled_call(world, [], owner_group_seats=1, eligibility=[])
    best = files[0], files[2]
    for each in best:
        assert each.firm is not None
        each.firm.owner_group = "Familia Soto"
    frozen(world, round_, files)
    groups = owner_groups(round_.protocol, files)
    assert sorted(set(groups.values())) == ["", "group 1"]
    selected = chosen(world, round_)
    assert len({each.code for each in best} & set(selected)) == 1
    shown = service.show(world.session, world.manager, round_)
    record = service.record_of(shown)
    assert "Soto" not in json.dumps(record)
    path = tmp_path / "record.json"
    path.write_text(json.dumps(record))
    assert differences(read_record(path), "record.json") == []
    assert rule_name("owner_group:1", round_.protocol) == "one seat for each group of owners"


def test_without_the_rule_and_in_older_calls_groups_are_not_looked_at(world: World) -> None:
    round_, files = ruled_call(world, [])
    round_.protocol = {key: value for key, value in round_.protocol.items() if key != "quotas"}
    assert owner_groups(round_.protocol, files) == {}
    assert quotas_of(round_.protocol) == ()


def test_every_value_that_a_rule_can_name_has_words(world: World) -> None:
    protocol = world.call().protocol
    named = {
        quota_name({"where": {column: values}, "of": None}, protocol)
        for column, values in (
            ("country", ["PE"]), ("womens", ["no"]), ("womens", ["unknown"]), ("rural", ["no", "unknown"]),
            ("size_class", ["unknown"]), ("sector", ["commerce"]), ("region", ["Cusco"]),
        )
    }
    assert named == {
        "Peru", "not women-owned or led", "ownership not known", "not rural or not known whether rural",
        "size not known", "Commerce", "Cusco",
    }
