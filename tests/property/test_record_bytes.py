"""Any byte of a public record that is changed, added or taken away is named by `cohort verify`, or the file is refused."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from cohort.rounds.calls.protocol import Terms, protocol_of, sha256_of, sha256_text
from cohort.rounds.files.call_part import with_hash
from cohort.rounds.files.cli import CHANGED, select, verify
from cohort.rounds.files.record import quota_json, round_record
from cohort.rounds.files.replay import round_question
from cohort.rules.quotas import Quota
from tests.property.sizes import examples

PARITY = {"scope": ["country", "overall"], "mode": "at_least", "shortfall": "reserve", "counts": "owned_or_led", "profile": "IWA34"}
POOL = "id,score,women,owner\na,90,no,x\nb,85,no,x\nc,80.25,yes,\nd,75,no,\ne,70.5,yes,\nf,60,yes,\n"
QUOTAS = 'seats = 3\n[each]\nowner = 1\n[[quota]]\nname = "mujeres ñ"\nwhere = {women = "yes"}\nmin_share = 0.5\n'


def call_record():
    """The record of a sealed call of two countries as its address gives it: one rule more, and a group of owners."""
    rural = Quota("quota:1", {"rural": ("yes",)}, min=1, max=3)
    protocol = protocol_of(Terms("equal", 4, ("CL", "PE")), PARITY) | {"quotas": [quota_json(rural)]}
    group = Quota("owner_group:1", {"owner_group": ("group 1",)}, max=1)
    rows = [
        {"code": f"{country}{n}", "score": str(90 - n), "country": country, "womens": "yes" if n % 2 else "no",
         "attributes": {"rural": "yes" if n == 3 else "no", "owner_group": "group 1" if n == 0 else ""}, "before_draw": []}
        for country in ("CL", "PE") for n in range(4)
    ]
    asked = {
        "protocol": {
            "kind": "round", "seats": 4, "quotas": [quota_json(rural), quota_json(group)],
            "country_limits": {"CL": [2, 2], "PE": [2, 2]},
            "parity": {"share": "1/2", "mode": "at_least", "shortfall": "reserve", "counts": "owned_or_led", "per_country": True},
        },
        "seed": "a seed", "rows": rows, "fixed": {"stayers": [], "barred": []},
    }
    question = round_question(asked)
    record = json.loads(json.dumps(round_record(question, question.decide())))
    return record | {"call": with_hash({
        "code": "2026-1", "title_es": "Convocatoria “ñ”", "title_en": "Call", "protocol": protocol,
        "protocol_hash": sha256_of(protocol), "seed_hash": sha256_text("a seed"), "pool_hash": "0" * 64,
        "record_hash": sha256_of(record),
    })}


@pytest.fixture(scope="module")
def records(tmp_path_factory):
    """The bytes of four records: a sealed call, a choice from files, one by lot, and an impossible one."""
    folder = tmp_path_factory.mktemp("records")
    (folder / "pool.csv").write_text(POOL, encoding="utf-8")
    made = [json.dumps(call_record(), indent=1).encode()]
    for place, (more, least) in enumerate([((), "0.5"), (("--lottery", "80,65"), "0.5"), ((), "1")]):
        (folder / "quotas.toml").write_text(QUOTAS.replace("0.5", least).replace("seats = 3", f"seats = {3 + place}"), encoding="utf-8")
        path = folder / f"{place}.json"
        asked = [str(folder / "pool.csv"), "--quotas", str(folder / "quotas.toml"), "--seed", "s", "--record", str(path)]
        assert CliRunner().invoke(select, [*asked, *more]).exit_code == (0, 0, 3)[place]
        made.append(path.read_bytes())
    return folder / "record.json", made


def verified(path, content):
    path.write_bytes(content)
    return CliRunner().invoke(verify, [str(path)])


def meaning(content):
    """What a reader of JSON takes from the bytes, figures as they are spelt; None when it can take nothing."""
    try:
        return json.loads(content, parse_int=lambda text: ("int", text), parse_float=lambda text: ("float", text))
    except ValueError:
        return None


def test_an_untouched_record_is_the_same(records):
    path, made = records
    done = [verified(path, content) for content in made]
    assert [(each.exit_code, each.stdout, each.stderr) for each in done] == [
        (0, f"same: {status}, {count} applicants, record.json\n", "")
        for status, count in (("optimal", 8), ("optimal", 6), ("optimal", 6), ("infeasible", 6))]


@settings(max_examples=examples(150, 6_000), deadline=None)
@given(st.data())
def test_a_changed_byte_is_named_or_the_file_is_refused(records, data):
    path, made = records
    content = data.draw(st.sampled_from(made))
    at = data.draw(st.integers(0, len(content) - 1))
    byte = data.draw(st.integers(0, 255) | st.sampled_from(list(b'0123456789abcdefe.-+,:"\\{}[] ')))
    length = data.draw(st.sampled_from([0, 1, 1, 1]))  # 0: the byte is added
    edited = content[:at] + data.draw(st.sampled_from([bytes([byte]), bytes([byte]), b""])) + content[at + length:]
    done = verified(path, edited)
    if meaning(edited) == meaning(content):  # a blank more or less, or the same letter spelt another way
        assert done.exit_code in {0, 2}
        return
    assert done.exit_code in {2, 3}, (at, done.output, done.exception)
    assert done.stdout if done.exit_code == 3 else done.stderr
    assert CHANGED in done.stderr or done.exit_code == 2


def fresh(record):
    """The record sealed anew by somebody who knows how its own hashes are made, and not those published before."""
    record["call"]["record_hash"] = sha256_of({name: part for name, part in record.items() if name != "call"})
    record["call"] = with_hash({name: part for name, part in record["call"].items() if name != "hash"})
    return json.dumps(record).encode()


@pytest.mark.parametrize(("change", "lines"), [
    (lambda record: record["call"].update(title_en="Other"), []),
    (lambda record: record["call"].update(seed_hash="0" * 64), [
        "call.seed_hash: the seed is not the one whose hash was published at opening"]),
    (lambda record: record["call"]["protocol"].update(seats=5), [
        "call.protocol_hash: the protocol is not the one sealed at opening",
        "protocol.seats: the decision asked 4, the sealed protocol says 5"]),
    (lambda record: record["call"]["protocol"].pop("quotas"), [
        "call.protocol_hash: the protocol is not the one sealed at opening",
        f"protocol.quotas: the decision asked {[quota_json(Quota('quota:1', {'rural': ('yes',)}, min=1, max=3))]}, the sealed protocol says []"]),
    (lambda record: record["call"]["protocol"].update(lottery={"bands": ["80"]}), [
        "call.protocol_hash: the protocol is not the one sealed at opening",
        "protocol.lottery: the decision asked None, the sealed protocol says ['80']"]),
    (lambda record: record["call"]["protocol"]["parity"].update(share="0.75", scope=["overall"]), [
        "call.protocol_hash: the protocol is not the one sealed at opening",
        "protocol.parity.share: the decision asked 1/2, the sealed protocol says 3/4",
        "protocol.parity.per_country: the decision asked True, the sealed protocol says False"]),
    (lambda record: record["call"]["protocol"]["country_limits"].update(CL={"min": 1, "max": 3}), [
        "call.protocol_hash: the protocol is not the one sealed at opening",
        "protocol.country_limits: the decision asked {'CL': [2, 2], 'PE': [2, 2]}, the sealed protocol says {'CL': [1, 3], 'PE': [2, 2]}"]),
    (lambda record: record.update(note="x"), ["note: no part of a record"]),
    (lambda record: record["hashes"].update(note="x"), ["hashes.note: no part that is hashed"]),
    (lambda record: (record["call"].pop("pool_hash"), record["call"].update(note="x")), [
        "call.note: no part of a call", "call.pool_hash: missing"]),
])
def test_what_the_call_says_is_held_against_what_was_decided(tmp_path, change, lines):
    record = call_record()
    change(record)
    done = verified(tmp_path / "record.json", fresh(record))
    assert (done.exit_code, done.stdout.splitlines()) == (
        (3, lines) if lines else (0, ["same: optimal, 8 applicants, record.json"]))


@pytest.mark.parametrize(("text", "fault"), [
    ('{"format": "cohort-record/1", "format": "cohort-record/1"}', "record.json: 'format' stands twice; expected JSON\n"),
    ('{"seats": NaN}', "record.json: NaN is no figure; expected JSON\n"),
])
def test_a_name_that_stands_twice_and_figures_that_are_none_are_refused(tmp_path, text, fault):
    done = verified(tmp_path / "record.json", text.encode())
    assert (done.exit_code, done.stdout, done.stderr) == (2, "", fault)


def test_a_call_of_no_shape_is_refused(tmp_path):
    record = call_record() | {"call": "2026-1"}
    done = verified(tmp_path / "record.json", json.dumps(record).encode())
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.endswith("expected a record as it was published\n")
