"""The whole answer, not the cohort alone, is the same in any order of rows, in any process: files, rounds and draws."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from fractions import Fraction
from random import Random

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from cohort.rounds.files.cli import select
from cohort.rounds.files.record import round_record
from cohort.rules.quotas import Quota
from cohort.rules.round_question import RoundQuestion
from cohort.rules.shortfall import Applicant, ParityRule
from tests.property.sizes import examples

RULES = (
    'seats = 6\n[each]\nowner = 1\n[[quota]]\nname = "women"\nwhere = {women = "yes"}\nmin_share = 0.5\n'
    '[[quota]]\nname = "rural women"\nwhere = {women = "yes"}\nof = {area = "rural"}\nmin_share = 0.4\n'
    '[[quota]]\nwhere = {area = "urban"}\nmax = %s\n'
)
PEOPLE = [
    {"id": f"f{n}", "score": str(60 + n % 5), "women": "yes" if n % 3 == 0 else "no", "area": "rural" if n % 4 < 2 else "urban",
     "owner": f"o{n % 7}" if n < 9 else ""}
    for n in range(20)
]


def written(folder, people, columns, most):
    lines = [",".join(columns), *(",".join(one[name] for name in columns) for one in people)]
    (folder / "pool.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "rules.toml").write_text(RULES % most, encoding="utf-8")
    return [str(folder / "pool.csv"), "--quotas", str(folder / "rules.toml"), "--seed", "order", "--record", str(folder / "record.json")]


@pytest.mark.parametrize(("most", "more"), [(3, ()), (1, ()), (0, ()), (3, ("--lottery", "63,61"))])
def test_files_give_one_answer_and_one_record_in_any_order_of_rows_and_columns(tmp_path, most, more):
    found = set()
    for turn in range(5):
        random, people, columns = Random(turn), PEOPLE[:], list(PEOPLE[0])
        if turn:
            random.shuffle(people)
            random.shuffle(columns)
        done = CliRunner().invoke(select, [*written(tmp_path, people, columns, most), *more])
        answer = json.loads(done.stdout)
        del answer["record"]["pool_sha256"]  # of the bytes of the file, which differ
        found.add((done.exit_code, json.dumps(answer), (tmp_path / "record.json").read_text(encoding="utf-8")))
    assert len(found) == 1


def test_another_process_with_another_hash_of_texts_gives_the_same_bytes(tmp_path):
    asked = written(tmp_path, PEOPLE, list(PEOPLE[0]), 3)
    script = "from cohort.rounds.files.cli import select; select()"
    said = {
        subprocess.run(
            [sys.executable, "-c", script, *asked], capture_output=True, check=True, timeout=60,
            env={**os.environ, "PYTHONHASHSEED": seed, "OMP_NUM_THREADS": seed, "LC_ALL": locale},
        ).stdout
        for seed, locale in (("1", "C"), ("2", "C.UTF-8"))
    }
    assert len(said) == 1
    assert json.loads(said.pop())["status"] == "optimal"


@st.composite
def rounds(draw):
    """A round of two countries, many of equal points, with a share of a share and groups of owners."""
    people = [
        Applicant(f"f{n}", draw(st.sampled_from([700_000, 710_000])), draw(st.sampled_from(["CL", "PE"])), draw(st.sampled_from(["yes", "no"])),
                  {"size": draw(st.sampled_from(["micro", "small"])), "owner_group": draw(st.sampled_from(["", "group 1"]))}, (draw(st.integers(0, 1)),))
        for n in range(draw(st.integers(6, 12)))
    ]
    quotas = (
        Quota("micro women", {"size": ("micro",)}, of={"womens": ("yes",)}, min_share=Fraction(1, 3)),
        Quota("owner_group:1", {"owner_group": ("group 1",)}, max=1),
    )
    rule = ParityRule(shortfall=draw(st.sampled_from(["reserve", "release", "mirror"])), per_country=draw(st.booleans()))
    edges = draw(st.sampled_from([None, (), (705_000,)]))
    return RoundQuestion(tuple(people), 4, {"CL": (1, 3), "PE": (1, 3)}, rule, "seed", quotas, edges)


@settings(max_examples=examples(25, 300), deadline=None)
@given(rounds(), st.randoms(use_true_random=False))
def test_a_round_has_one_record_in_any_order_of_files(question, random):
    shuffled = list(question.applicants)
    random.shuffle(shuffled)
    other = RoundQuestion(
        tuple(shuffled), question.seats, question.limits, question.parity, question.seed, question.quotas, question.edges)
    first = round_record(question, question.decide())
    assert round_record(other, other.decide()) == first
    chosen = [row for row in first["rows"] if row["code"] in first["result"]["selected"]]
    assert sum(row["attributes"]["owner_group"] == "group 1" for row in chosen) <= 1
