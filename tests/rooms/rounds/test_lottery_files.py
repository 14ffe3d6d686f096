"""`cohort select --lottery`: chances published with the answer, a draw anybody can repeat, a record that is checked."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from cohort.rounds.files.cli import select, verify
from cohort.rules.ledger import fingerprint

POOL = "id,score,women\n" + "".join(f"f{n},{90 if n < 6 else 60},{'yes' if n % 4 == 0 else 'no'}\n" for n in range(20))
QUOTAS = "feature,value,min,max\nwomen,yes,2,3\n"


@pytest.fixture
def run(tmp_path):
    def command(*options, pool=POOL, quotas=QUOTAS):
        (tmp_path / "pool.csv").write_text(pool, encoding="utf-8")
        (tmp_path / "quotas.csv").write_text(quotas, encoding="utf-8")
        asked = [str(tmp_path / "pool.csv"), "--quotas", str(tmp_path / "quotas.csv"), "--record", str(tmp_path / "record.json")]
        return CliRunner().invoke(select, [*asked, "--seats", "5", *options])

    return command


def test_chances_are_published_and_the_seed_draws(run):
    done = run("--lottery", "all", "--seed", "2026", "--waitlist", "2")
    answer = json.loads(done.stdout)
    drawn = answer.pop("selected")
    assert (done.exit_code, len(set(drawn)), answer["status"], answer["seats"]) == (0, 5, "optimal", 5)
    assert answer["lottery"] == {
        "bands": [], "least": "1/5", "bound": "1/5", "tickets": answer["lottery"]["tickets"],
        "kinds": [
            {"ids": sorted(f"f{n}" for n in range(20) if n % 4), "chance": "1/5", "weight": 1},
            {"ids": ["f0", "f12", "f16", "f4", "f8"], "chance": "2/5", "weight": 0},
        ],
        "panels": [{"tickets": answer["lottery"]["tickets"], "seats": [3, 2]}],
    }
    assert answer["quotas"] == [{"name": "women=yes", "min": 2, "max": 3, "count": 2, "price": None}]
    assert (len(answer["waitlist"]), set(answer["waitlist"]) & set(drawn)) == (2, set())
    assert answer["record"]["rule"].startswith("each better merit band")
    again = json.loads(run("--lottery", "all", "--seed", "2026").stdout)
    other = json.loads(run("--lottery", "all", "--seed", "2027").stdout)
    assert again["selected"] == drawn != other["selected"]
    assert again["lottery"] == answer["lottery"] == other["lottery"]


def test_a_better_band_is_seated_first(run):
    answer = json.loads(run("--lottery", "80", "--seed", "2026").stdout)
    assert answer["lottery"]["bands"] == ["80"]
    chances = {one: kind["chance"] for kind in answer["lottery"]["kinds"] for one in kind["ids"]}
    assert {chances[f"f{n}"] for n in range(6, 20)} == {"0"}
    assert (chances["f0"], chances["f4"], chances["f1"]) == ("1", "1", "3/4")
    assert answer["objective"] == 450


def test_a_lottery_without_any_cohort_ends_with_3(run):
    done = run("--lottery", "all", quotas="feature,value,min,max\nwomen,yes,9,9\n")
    answer = json.loads(done.stdout)
    assert done.exit_code == 3
    assert (answer["status"], answer["selected"], answer["waitlist"], answer["objective"]) == ("infeasible", [], [], None)
    assert answer["lottery"] == {
        "bands": [], "least": "0", "bound": "0", "tickets": "0", "kinds": [], "panels": [],
    }
    assert answer["conflict"] == ["women=yes"]


@pytest.mark.parametrize("text", ["80,80", "high", "-3", "1.23456", "", "all,80"])
def test_bands_that_are_no_scores_end_with_2(run, text):
    done = run("--lottery", text)
    assert done.exit_code == 2
    assert "expected scores such as 80,60, or all" in done.stderr.replace("\n", " ")


def test_the_record_of_a_lottery_is_checked_not_believed(run, tmp_path):
    run("--lottery", "80,70", "--seed", "2026")
    path = tmp_path / "record.json"
    record = json.loads(path.read_text("utf-8"))

    def verified(change):
        changed = json.loads(json.dumps(record))
        change(changed)
        changed["hashes"] = {name: fingerprint(changed[name]) for name in changed["hashes"]}
        path.write_text(json.dumps(changed), encoding="utf-8")
        done = CliRunner().invoke(verify, [str(path)])
        return done.exit_code, done.stdout.splitlines()

    assert record["protocol"]["lottery"] == ["80", "70"]
    assert verified(lambda same: None) == (0, ["same: optimal, 20 applicants, record.json"])
    code, lines = verified(lambda other: other.update(seed="2027"))
    assert (code, [line.split(":")[0] for line in lines]) == (3, ["result.selected", "result.waitlist"])
    code, lines = verified(lambda other: other["result"]["lottery"].update(least="1/2"))
    assert (code, lines) == (3, ["lottery.least: expected 3/4, found 1/2"])
    code, lines = verified(lambda other: other["protocol"].update(lottery=["high"]))
    assert (code, lines) == (2, [])
