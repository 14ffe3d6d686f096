"""`cohort select` and `cohort verify` on files: answers, exit codes, one line a fault, records that re-run."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from fractions import Fraction

import click
import pytest
from click.testing import CliRunner

from cohort import __version__
from cohort.rounds.files.cli import CHANGED, proven, select, verify
from cohort.rounds.files.record import round_record
from cohort.rules.milp import Unproven
from cohort.rules.quotas import Quota
from cohort.rules.replacement import reseated
from cohort.rules.round_lottery import lottery_of_round
from cohort.rules.round_question import RoundQuestion
from cohort.rules.shortfall import Applicant, ParityRule

POOL = "id,Score,Women,country\na,90,no,CL\nb,85,no,CL\nc,80,yes,PE\nd,75,no,PE\ne,70.5,yes,CL\nf,60,yes,PE\n"
QUOTAS = "feature,value,min,max\nwomen,yes,2,4\ncountry,CL,,3\n"


@pytest.fixture
def run(tmp_path):
    def command(pool=POOL, quotas=QUOTAS, *options, name="quotas.csv"):
        (tmp_path / "pool.csv").write_bytes(pool if isinstance(pool, bytes) else pool.encode())
        (tmp_path / name).write_text(quotas, encoding="utf-8")
        asked = [str(tmp_path / "pool.csv"), "--quotas", str(tmp_path / name), *options]
        return CliRunner().invoke(select, asked)

    return command


def test_the_answer_has_every_part_of_the_contract(run):
    done = run(POOL, QUOTAS, "--seats", "4", "--seed", "2026", "--waitlist", "1")
    answer = json.loads(done.stdout)
    record = answer.pop("record")
    assert (done.exit_code, answer) == (0, {
        "status": "optimal", "seats": 4, "objective": 325.5, "unconstrained_objective": 330,
        "selected": ["a", "b", "c", "e"], "waitlist": ["d"],
        "quotas": [
            {"name": "women=yes", "min": 2, "max": 4, "count": 2, "price": 4.5},
            {"name": "country=CL", "min": None, "max": 3, "count": 3, "price": 0},
        ],
        "conflict": [], "relaxation": [],
    })
    assert set(record) == {"pool_sha256", "quotas_sha256", "seed", "rule", "software"}
    assert (record["seed"], record["software"]) == ("2026", f"cohort {__version__}")
    assert done.stderr == (
        "notice: no rule lists these values of Women, they are free: no\n"
        "notice: no rule lists these values of country, they are free: PE\n"
    )


@pytest.mark.parametrize(
    "quotas",
    [
        "category,feature,min,max\nWOMEN,yes,2,4\n country ,CL,0,3\n",
        "category,name,note,min,max\nwomen,yes,x,2,4\ncountry,CL,y,0,3\n",
        "feature;value;min;max\nwomen;yes;2;4\ncountry;CL;0;3\n",
    ],
)
def test_older_headers_and_semicolons_ask_the_same(run, quotas):
    answer = json.loads(run(POOL, quotas, "--seats", "4").stdout)
    assert answer["selected"] == ["a", "b", "c", "e"]
    assert [one["name"].casefold() for one in answer["quotas"]] == ["women=yes", "country=cl"]


TOML = """
seats = 4
[[quota]]
name = "parity"
where = {women = "yes"}
min_share = 0.5
[[quota]]
where = {women = ["yes"], country = ["CL", "PE"]}
max = 3
[[quota]]
name = "women of PE"
where = {women = "yes"}
of = {country = "PE"}
min_share = 1
"""


def test_toml_names_seats_shares_crossings_and_ratio_rows(run):
    answer = json.loads(run(POOL, TOML, name="quotas.toml").stdout)
    assert answer["selected"] == ["a", "b", "c", "e"]
    assert answer["quotas"] == [
        {"name": "parity", "min": 2, "max": None, "count": 2, "price": 0},
        {"name": "women=yes & country=CL|PE", "min": None, "max": 3, "count": 2, "price": 0},
        {"name": "women of PE", "min": 1, "max": None, "count": 1, "of_count": 1, "price": 0},
    ]


def test_one_seat_an_owner_group(run):
    pool = "id,score,Owner\na,90,x\nb,85,x\nc,80,y\nd,75,\ne,70,\n"
    answer = json.loads(run(pool, "seats = 4\n[each]\nowner = 1\n", name="quotas.toml").stdout)
    assert (answer["selected"], answer["quotas"]) == (
        ["a", "c", "d", "e"], [{"name": "Owner: x", "min": None, "max": 1, "count": 1, "price": 15}],
    )


def test_numbered_rows_equal_scores_other_encodings_and_blank_lines(run):
    pool = "Región,women\nÑuble,yes\n\nÑuble,no\nMaule,no\n".encode("cp1252")
    done = run(pool, "feature,value,min,max\nregión,Ñuble,2,2\n", "--seats", "2", "--id", "row", "--score", "none")
    answer = json.loads(done.stdout)
    assert (done.exit_code, set(answer["selected"]), answer["objective"]) == (0, {"1", "2"}, 0)


def test_scores_beyond_four_places_are_rounded_half_even_and_said(run):
    done = run("id,score,women\na,1.00005,yes\nb,1.00015,no\n", "feature,value,min,max\nwomen,yes,0,9\n", "--seats", "2")
    assert json.loads(done.stdout)["objective"] == 2.0002
    assert done.stderr.splitlines()[0] == "notice: 2 scores were rounded half-even to 4 decimal places"


@pytest.mark.parametrize(
    ("pool", "quotas", "faults"),
    [
        ("", QUOTAS, ["pool.csv, row 1: no header row; expected the names of the columns"]),
        ("id,id\na,b\n", QUOTAS, ["pool.csv, row 1, column id: the column stands twice; expected one column of a name"]),
        ("id,score\na\n", QUOTAS, ["pool.csv, row 2: 1 cells; expected 2 cells"]),
        ("code,score\na,1\n", QUOTAS, ["pool.csv, row 1, column id: no such column; expected one of: code, score"]),
        (
            "id,score,women,country\na,x,yes,CL\n,2,yes,CL\na,NaN,yes,CL\nb,1e12,yes,CL\n", QUOTAS,
            [
                "pool.csv, row 2, column score: 'x' is no score; expected a number such as 80.5",
                "pool.csv, row 3, column id: the id is empty; expected an id",
                "pool.csv, row 4, column id: a already stands in row 2; expected each id once",
                "pool.csv, row 4, column score: 'NaN' is no score; expected a number such as 80.5",
                "pool.csv, row 5, column score: '1e12' is no score; expected a number such as 80.5",
            ],
        ),
        (POOL, "a,b\n", ["quotas.csv, row 1: the columns a, b; expected feature,value,min,max"]),
        (
            POOL, "feature,value,min,max\nwomen,yes,x,-1\nwomen,no,3,2\n",
            [
                "quotas.csv, row 2, column min: 'x' is no count; expected a whole number of places, or nothing",
                "quotas.csv, row 2, column max: '-1' is no count; expected a whole number of places, or nothing",
                "quotas.csv, row 3, column min: 3 is above the max; expected at most 2",
            ],
        ),
        (
            POOL, "feature,value,min,max\nregion,x,1,2\nwomen,yes,1,2\nwomen,yes,1,3\n",
            [
                "quotas.csv, column region: region=x: the pool has no such column; expected one of: Women, country",
                "quotas.csv, column women=yes: the rule stands twice; expected each rule once",
            ],
        ),
    ],
)
def test_bad_files_end_with_2_and_one_line_a_fault(run, pool, quotas, faults):
    done = run(pool, quotas, "--seats", "2")
    assert (done.exit_code, done.stdout, done.stderr.splitlines()) == (2, "", faults)


@pytest.mark.parametrize(
    ("toml", "faults"),
    [
        ("x = ", ["quotas.toml: Invalid value (at end of document); expected TOML in UTF-8"]),
        ("seats = 0\nroom = 1\n", [
            "quotas.toml, column room: an unknown key; expected seats, each or [[quota]]",
            "quotas.toml, column seats: 0; expected a whole number above 0",
        ]),
        ("each = {owner = 0}\n", ["quotas.toml, column each: {'owner': 0}; expected a table of columns with the most seats of one value"]),
        ("each = 1\n", ["quotas.toml, column each: 1; expected a table of columns with the most seats of one value"]),
        ("[each]\nowner = 1\n", ["quotas.toml, column owner: each: the pool has no such column; expected one of: Women, country"]),
        ("quota = 1\n", ["quotas.toml, column quota: no list of tables; expected [[quota]] tables"]),
        ("[[quota]]\nname = \"n\"\nwhere = 1\nof = {}\nmin = 3\nmax = 2\nmin_share = 2\nmax_share = \"x\"\nmore = 1\n", [
            "quotas.toml, column more: quota 1: an unknown key; expected max, max_share, min, min_share, name, of, where",
            'quotas.toml, column where: quota 1: no condition; expected {column = "value"} or {column = ["v1", "v2"]}',
            'quotas.toml, column of: quota 1: no condition; expected {column = "value"}',
            "quotas.toml, column min_share: quota 1: 2 is no limit; expected a whole number of places, or a share from 0 to 1",
            "quotas.toml, column max_share: quota 1: x is no limit; expected a whole number of places, or a share from 0 to 1",
            "quotas.toml, column min: quota 1: 3 is above the most; expected at most 2",
        ]),
        ("[[quota]]\nwhere = {women = [1.5]}\n", [
            'quotas.toml, column where: quota 1: no condition; expected {column = "value"} or {column = ["v1", "v2"]}',
            "quotas.toml, column name: quota 1: no name or no limit; expected a text, and any of min, max, min_share, max_share",
        ]),
    ],
)
def test_bad_toml_ends_with_2_and_names_the_key(run, toml, faults):
    done = run(POOL, toml, "--seats", "2", name="quotas.toml")
    assert (done.exit_code, done.stdout, done.stderr.splitlines()) == (2, "", faults)


@pytest.mark.parametrize(("options", "quotas", "name"), [((), QUOTAS, "q.csv"), (("--seats", "5"), TOML, "q.toml")])
def test_seats_must_be_said_once(run, options, quotas, name):
    done = run(POOL, quotas, *options, name=name)
    assert (done.exit_code, done.stdout) == (2, "")
    assert "seats" in done.stderr


def test_rules_that_cannot_hold_end_with_3_and_say_what_to_change(run, tmp_path):
    done = run(POOL, QUOTAS.replace("2,4", "4,4"), "--seats", "4", "--out", str(tmp_path / "answer.json"))
    answer = json.loads((tmp_path / "answer.json").read_text(encoding="utf-8"))
    assert (done.exit_code, done.stdout, answer["status"], answer["conflict"]) == (3, "", "infeasible", ["women=yes"])
    assert answer["relaxation"] == [{"name": "women=yes", "limit": "min", "from": 4, "to": 3}]
    assert done.stderr.splitlines()[-2:] == [
        'no cohort keeps every rule; these cannot hold together: ["women=yes"]', "the least change: women=yes: min 3 instead of 4"]


def test_a_record_re_runs_and_a_changed_one_is_named(run, tmp_path):
    path = tmp_path / "record.json"
    assert run(POOL, TOML, "--record", str(path), name="q.toml").exit_code == 0
    same = CliRunner().invoke(verify, [str(path)])
    assert (same.exit_code, same.stdout, same.stderr) == (0, "same: optimal, 6 applicants, record.json\n", "")
    record = json.loads(path.read_text(encoding="utf-8"))
    record["rows"][5]["score"], record["software"] = "99", "cohort 0.0.1"
    path.write_text(json.dumps(record), encoding="utf-8")
    changed = CliRunner().invoke(verify, [str(path)])
    assert changed.exit_code == 3
    assert changed.stdout.splitlines()[0] == "hashes.rows: the part rows is not the one that was sealed"
    assert 'result.selected: sealed ["a", "b", "c", "e"], now ["f", "a", "b", "c"]' in changed.stdout
    assert changed.stdout.splitlines()[1] == "hashes.software: the part software is not the one that was sealed"
    assert changed.stderr == f"notice: sealed by cohort 0.0.1, checked by cohort {__version__}\n{CHANGED}\n"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("{", "record.json: "),
        ('{"format": "other"}', "record.json, column format: no record of this format; expected cohort-record/1"),
        ('{"format": "cohort-record/1"}', "record.json, column protocol: missing or of another kind; expected an object"),
    ],
)
def test_what_is_no_record_ends_with_2(tmp_path, text, line):
    path = tmp_path / "record.json"
    path.write_text(text, encoding="utf-8")
    done = CliRunner().invoke(verify, [str(path)])
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.startswith(line)


def test_a_record_whose_inputs_mean_nothing_ends_with_2(run, tmp_path):
    path = tmp_path / "record.json"
    run(POOL, TOML, "--record", str(path), name="q.toml")
    record = json.loads(path.read_text(encoding="utf-8"))
    record["rows"][0].pop("score")
    path.write_text(json.dumps(record), encoding="utf-8")
    done = CliRunner().invoke(verify, [str(path)])
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr == (
        "record.json: an input is missing or unreadable (KeyError('score')); expected a record as it was published\n")


@pytest.mark.parametrize("shortfall", ["reserve", "release", "mirror"])
def test_a_rounds_record_re_runs_from_itself_alone(tmp_path, shortfall):
    women = [Applicant(f"w{n}", 700_000 - n, "CL", "yes", {"area": "rural"}, (n,)) for n in range(4)]
    others = [Applicant(f"o{n}", 900_000 - n, "CL", "no", {"area": "urban"}, (n,)) for n in range(20)]
    rule = ParityRule(shortfall=shortfall)
    quotas = [Quota("rural", {"area": ("rural",)}, min=2), Quota("area", {"area": ("rural",)}, of={"country": ("CL",)}, max_share=Fraction(9, 10))]
    question = RoundQuestion((*women, *others), 10, {"CL": (10, 10)}, rule, "seed", tuple(quotas))
    decision = question.decide()
    record = round_record(question, decision)
    path = tmp_path / "round.json"
    path.write_text(json.dumps(record), encoding="utf-8")
    done = CliRunner().invoke(verify, [str(path)])
    assert (done.exit_code, done.stdout) == (0, "same: optimal, 24 applicants, round.json\n")
    other = round_record(question, replace(decision, objective=1))
    path.write_text(json.dumps(other), encoding="utf-8")
    done = CliRunner().invoke(verify, [str(path)])
    assert (done.exit_code, done.stdout.split(":")[0]) == (3, "result.objective")


def test_a_round_that_was_drawn_is_drawn_again_from_its_record_and_so_is_a_replacement_in_it(tmp_path):
    pool = tuple(Applicant(f"a{n}", 900_000 - n, "CL", "yes" if n % 3 == 0 else "no") for n in range(12))
    question = RoundQuestion(pool, 4, {"CL": (4, 4)}, ParityRule(), "seed", edges=(899_995,))
    found = lottery_of_round(question).selection()
    path = tmp_path / "drawn.json"
    path.write_text(json.dumps(round_record(question, found)), encoding="utf-8")
    done = CliRunner().invoke(verify, [str(path)])
    assert (done.exit_code, done.stdout) == (0, "same: optimal, 12 applicants, drawn.json\n")
    stayers, gone = found.selected[1:], found.selected[:1]
    after = round_record(question, reseated(question, stayers, gone), stayers, gone)
    path.write_text(json.dumps(after), encoding="utf-8")
    done = CliRunner().invoke(verify, [str(path)])
    assert (done.exit_code, done.stdout) == (0, "same: optimal, 12 applicants, drawn.json\n")
    record = round_record(question, found)
    record["result"]["lottery"]["kinds"][0]["weight"] += 1
    path.write_text(json.dumps(record), encoding="utf-8")
    done = CliRunner().invoke(verify, [str(path)])
    assert done.exit_code == 3
    assert done.stdout.splitlines()[0] == "hashes.result: the part result is not the one that was sealed"


def test_an_answer_not_proven_is_a_fault_of_ours():
    def unproven():
        raise Unproven("the answer keeps every row")

    with pytest.raises(click.ClickException) as fault:
        proven(unproven)
    assert (fault.value.exit_code, str(fault.value)) == (
        1, "a fault of ours, nothing was decided: the answer keeps every row",
    )


def test_the_command_prints_nothing_but_its_answer_and_loads_no_site(tmp_path):
    (tmp_path / "pool.csv").write_text(POOL, encoding="utf-8")
    (tmp_path / "quotas.csv").write_text(QUOTAS, encoding="utf-8")
    script = (
        "import sys; from cohort.rounds.files.cli import select; "
        "assert not {'flask', 'sqlalchemy'} & set(sys.modules); select()"
    )
    asked = [sys.executable, "-c", script, "pool.csv", "--quotas", "quotas.csv", "--seats", "4"]
    done = subprocess.run(asked, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, json.loads(done.stdout)["selected"]) == (0, ["a", "b", "c", "e"])
