"""490 applications with 1,511 scored reviews and the ratings that were published: reproduced, and 198 chosen from them.

The publisher's rating is the mean of the reviews' scores weighted by each reviewer's confidence, rounded half to even
on two decimals: of 490, half up would miss one, half down another, and the plain mean 305.
"""

from __future__ import annotations

import csv
import hashlib
import json
from collections import defaultdict
from decimal import ROUND_HALF_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from click.testing import CliRunner

from cohort.rounds.calls.parts import Criterion
from cohort.rounds.files.cli import select, verify
from cohort.rounds.files.importer import read_pool
from cohort.rounds.files.quota_files import read_quotas
from cohort.rounds.reviews.outcome import UNITS, mean, points_of
from cohort.rules import verifier
from cohort.rules.quotas import SeatPlan
from cohort.rules.selection import choose

REAL_DATA = Path(__file__).parents[2].parent / "shared" / "data" / "scored_applications_2017"
SEATS, SEED = 198, "iclr 2017"


def is_here():
    if REAL_DATA.exists():
        return True
    print(f"{REAL_DATA} is not here: nothing to compare with")
    return False


def rows_of(name):
    with (REAL_DATA / name).open(encoding="utf-8", newline="") as opened:
        return list(csv.DictReader(opened))


def reviews_of():
    """For each applicant its reviews as (score, confidence)."""
    found = defaultdict(list)
    for row in rows_of("reviews.csv"):
        found[row["applicant_id"]].append((int(row["score"]), int(row["confidence"])))
    return found


def weighted(reviews):
    """The rating by the rubric: each review is a criterion, its confidence the weight, its score the mark (of 5 · 2)."""
    criteria = [Criterion(str(place), confidence, {}, ()) for place, (_score, confidence) in enumerate(reviews)]
    points = points_of(criteria, {str(place): score for place, (score, _confidence) in enumerate(reviews)})
    return Fraction(points * 5, UNITS * sum(confidence for _score, confidence in reviews))


def shown(rating, rounding=ROUND_HALF_EVEN):
    return str((Decimal(rating.numerator) / rating.denominator).quantize(Decimal("0.01"), rounding))


def test_all_published_ratings_are_reproduced_from_the_reviews():
    if not is_here():
        return
    applications, reviews = rows_of("applications.csv"), reviews_of()
    published = {row["applicant_id"]: row["published_rating"] for row in applications}
    assert (len(published), sum(map(len, reviews.values()))) == (490, 1511)
    assert {row["applicant_id"]: int(row["n_reviews"]) for row in applications} == {one: len(held) for one, held in reviews.items()}
    assert {one: shown(weighted(held)) for one, held in reviews.items()} == published
    matched = [
        sum(shown(rating(reviews[one]), rounding) == said for one, said in published.items())
        for rating, rounding in (
            (weighted, ROUND_HALF_UP), (weighted, ROUND_HALF_DOWN),
            (lambda held: mean([score for score, _confidence in held]), ROUND_HALF_EVEN),
        )
    ]
    assert matched == [489, 489, 185]


def made_up(applicant_id, name, values):
    """A value drawn from the id alone, the same on any machine."""
    return values[int(hashlib.sha256(f"{name}:{applicant_id}".encode()).hexdigest(), 16) % len(values)]


ATTRIBUTES = {"women": ("yes", "no", "no"), "region": ("north", "centre", "south", "islands"), "size": ("micro", "small", "medium")}
FLOORS = {
    "none": {}, "women": {"women": {"yes": 99}}, "region": {"region": dict.fromkeys(ATTRIBUTES["region"], 48)},
    "size": {"size": {"micro": 40, "small": 80, "medium": 60}},
}


@pytest.fixture
def pool(tmp_path):
    """The pool as a file, in an order that is not the published one."""
    path = tmp_path / "pool.csv"
    if is_here():
        rows = sorted(rows_of("applications.csv"), key=lambda row: hashlib.sha256(row["applicant_id"].encode()).hexdigest())
        with path.open("w", encoding="utf-8", newline="") as opened:
            writer = csv.writer(opened)
            writer.writerow(["id", "score", *ATTRIBUTES])
            writer.writerows(
                [row["applicant_id"], row["published_rating"], *(made_up(row["applicant_id"], *each) for each in ATTRIBUTES.items())]
                for row in rows)
    return path


def quota_file(folder, floors):
    path = folder / "quotas.csv"
    lines = [f"{column},{value},{least}," for column, least_of in floors.items() for value, least in least_of.items()]
    path.write_text("\n".join(["feature,value,min,max", *lines]) + "\n", encoding="utf-8")
    return path


def by_hand(path, floors):
    """The cohort without the program: the best of each value up to its floor, then the best of all that are left.

    Exact, since the values of one attribute share no applicant; equal ratings go by the published draw.
    """
    with path.open(encoding="utf-8", newline="") as opened:
        people = list(csv.DictReader(opened))
    drawn = sorted(people, key=lambda one: hashlib.sha256(f"{SEED}\n{one['id']}".encode()).hexdigest())
    ranked = sorted(drawn, key=lambda one: -Decimal(one["score"]))
    chosen = [
        one for column, least_of in floors.items() for value, least in least_of.items()
        for one in [each for each in ranked if each[column] == value][:least]
    ]
    rest = [one for one in ranked if one not in chosen]
    return chosen + rest[: SEATS - len(chosen)]


@pytest.mark.parametrize("name", FLOORS)
def test_198_are_chosen_with_and_without_a_floor_for_each_made_up_attribute(tmp_path, pool, name):
    if not is_here():
        return
    quotas, floors, record = quota_file(tmp_path, FLOORS[name]), FLOORS[name], tmp_path / "record.json"
    done = CliRunner().invoke(select, [
        str(pool), "--quotas", str(quotas), "--seats", str(SEATS), "--seed", SEED, "--record", str(record)])
    answer = json.loads(done.stdout)
    expected = by_hand(pool, floors)
    total = sum(Decimal(one["score"]) for one in expected)
    assert (done.exit_code, answer["status"], sorted(answer["selected"])) == (0, "optimal", sorted(one["id"] for one in expected))
    assert Decimal(str(answer["objective"])) == total
    assert answer["objective"] < answer["unconstrained_objective"] or name == "none"
    assert all(rule["count"] >= rule["min"] for rule in answer["quotas"])
    read = read_pool(pool)
    plan = SeatPlan(SEATS, read_quotas(quotas, read.pool).quotas)
    assert verifier.verify(read.pool, plan, SEED, choose(read.pool, plan, SEED)).failures == ()
    assert CliRunner().invoke(verify, [str(record)]).stdout == "same: optimal, 490 applicants, record.json\n"


def test_without_rules_the_published_top_is_chosen_and_the_tie_at_the_cut_is_drawn(tmp_path, pool):
    """197 applications lie above 6.00 and 27 at it: one seat is left for those 27, and the published draw gives it."""
    if not is_here():
        return
    done = CliRunner().invoke(select, [str(pool), "--quotas", str(quota_file(tmp_path, {})), "--seats", str(SEATS), "--seed", SEED])
    published = {row["applicant_id"]: Decimal(row["published_rating"]) for row in rows_of("applications.csv")}
    above = {one for one, rating in published.items() if rating > 6}
    tied = {one for one, rating in published.items() if rating == 6}
    chosen = set(json.loads(done.stdout)["selected"])
    assert (len(above), len(tied), chosen & above == above) == (197, 27, True)
    assert chosen - above == {min(tied, key=lambda one: hashlib.sha256(f"{SEED}\n{one}".encode()).hexdigest())}
