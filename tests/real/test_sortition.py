"""The sortition tools' own pools (beside the checkout, when they are there): every quota met, and clashes named."""

from __future__ import annotations

import csv
import json
from collections import Counter
from pathlib import Path

import pytest
from click.testing import CliRunner

from cohort.rounds.files.cli import select, verify

REAL_DATA = Path(__file__).parents[2].parent / "shared" / "data"
SF = ("sortition_sf_150/candidates.csv", "sortition_sf_150/features.csv", 22, "nationbuilder_id")
SMALL = ("sortition_example_small_20/respondents.csv", "sortition_example_small_20/categories.csv", 20, "row")


def is_here(name):
    if (REAL_DATA / name).exists():
        return True
    print(f"{REAL_DATA / name} is not here: nothing to compare with")
    return False


def answered(pool, quotas, seats, id_column):
    asked = [str(pool), "--quotas", str(quotas), "--seats", str(seats), "--id", id_column, "--score", "none"]
    done = CliRunner().invoke(select, [*asked, "--seed", "real", "--waitlist", "0"])
    return done.exit_code, json.loads(done.stdout)


def rows_of(path):
    with path.open(encoding="utf-8-sig", newline="") as opened:
        return list(csv.DictReader(opened))


def kept(pool, quotas, answer, id_column):
    """Whether each quota holds, counted from the two files by themselves."""
    people = rows_of(pool)
    own = {str(n) if id_column == "row" else one[id_column]: one for n, one in enumerate(people, start=1)}
    chosen = [own[one] for one in answer["selected"]]
    column, value = ("feature", "value") if "value" in rows_of(quotas)[0] else ("category", "feature")
    return [
        int(rule["min"]) <= Counter(one[rule[column]] for one in chosen)[rule[value]] <= int(rule["max"])
        for rule in rows_of(quotas)
    ]


@pytest.mark.parametrize(("pool", "quotas", "seats", "id_column"), [SF, SMALL])
def test_every_quota_of_the_real_pools_is_met(pool, quotas, seats, id_column):
    if not is_here(pool):
        return
    status, answer = answered(REAL_DATA / pool, REAL_DATA / quotas, seats, id_column)
    rules = len(rows_of(REAL_DATA / quotas))
    assert (status, answer["status"], len(set(answer["selected"]))) == (0, "optimal", seats)
    assert kept(REAL_DATA / pool, REAL_DATA / quotas, answer, id_column) == [True] * rules
    assert answer["quotas"][0]["name"] in {"Gender=Female", "gender=female"}


def test_an_impossible_quota_names_the_clash_and_a_change_that_works(tmp_path):
    pool, quotas, seats, id_column = SF
    if not is_here(pool):
        return
    rules = [*rows_of(REAL_DATA / quotas), {"feature": "Gender", "value": "female", "min": "0", "max": "22"}]
    rules[0]["min"], rules[0]["max"] = "20", "22"
    status, answer = answered(REAL_DATA / pool, written(tmp_path, rules[:-1]), seats, id_column)
    assert (status, answer["status"], answer["selected"]) == (3, "infeasible", [])
    assert answer["conflict"] == ["Gender=Female", "Gender=Male"]
    assert answer["relaxation"] == [{"name": "Gender=Female", "limit": "min", "from": 20, "to": 12}]
    rules[0]["min"] = "12"
    status, answer = answered(REAL_DATA / pool, written(tmp_path, rules[:-1]), seats, id_column)
    assert (status, answer["status"]) == (0, "optimal")
    for clash in (0, 1):
        alone = [rule for place, rule in enumerate(rules[:-1]) if place != clash]
        assert answered(REAL_DATA / pool, written(tmp_path, alone), seats, id_column)[0] == 0


def written(folder, rules):
    path = folder / "quotas.csv"
    with path.open("w", encoding="utf-8", newline="") as opened:
        writer = csv.DictWriter(opened, ["feature", "value", "min", "max"], extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rules)
    return path


@pytest.mark.parametrize(("files", "least"), [(SF, "1/11"), (SMALL, "1/10")])
def test_the_least_chance_is_the_published_one_and_the_record_stands(tmp_path, files, least):
    pool, quotas, seats, id_column = files
    if not is_here(pool):
        return
    record = tmp_path / "record.json"
    asked = [str(REAL_DATA / pool), "--quotas", str(REAL_DATA / quotas), "--seats", str(seats), "--id", id_column]
    done = CliRunner().invoke(select, [*asked, "--score", "none", "--seed", "real", "--lottery", "all", "--record", str(record)])
    answer = json.loads(done.stdout)
    rules = len(rows_of(REAL_DATA / quotas))
    assert (done.exit_code, answer["lottery"]["least"], answer["lottery"]["bound"]) == (0, least, least)
    assert kept(REAL_DATA / pool, REAL_DATA / quotas, answer, id_column) == [True] * rules
    assert CliRunner().invoke(verify, [str(record)]).exit_code == 0
