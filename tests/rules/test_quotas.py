"""Quotas as places and rows, pools and their columns, figures in points, and canonical records."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from cohort.rules.ledger import canonical, fingerprint
from cohort.rules.pool import SCORE_LIMIT, Column, Pool, points
from cohort.rules.quotas import OPEN, Quota, Row, SeatPlan, least_of, matching, most_of, rows_of, seats_each

WOMEN = {"women": ("yes",)}
HALF = Fraction(1, 2)


@pytest.mark.parametrize(
    ("quota", "seats", "least", "most"),
    [
        (Quota("q", WOMEN), 25, None, None),
        (Quota("q", WOMEN, min=3, max=9), 25, 3, 9),
        (Quota("q", WOMEN, min_share=HALF), 25, 13, None),
        (Quota("q", WOMEN, max_share=HALF), 25, None, 12),
        (Quota("q", WOMEN, min_share=HALF, max_share=HALF, max_over=HALF), 5, 3, 3),
        (Quota("q", WOMEN, min=14, min_share=HALF, max=11, max_share=HALF), 25, 14, 11),
        (Quota("q", WOMEN, min_share=HALF, min_short=Fraction(1)), 10, 4, None),
        (Quota("q", WOMEN, min_share=HALF, max_share=HALF, of={"country": ("CL",)}), 25, None, None),
    ],
)
def test_shares_of_the_seats_round_against_the_cohort(quota, seats, least, most):
    assert (least_of(quota, seats), most_of(quota, seats)) == (least, most)


def test_a_ratio_row_weighs_those_inside_against_all_that_match_of():
    quota = Quota("q", WOMEN, min_share=Fraction(2, 5), max_share=HALF, of={"country": ("CL",)}, max_over=HALF)
    counted = Quota("c", WOMEN, min=2)
    assert rows_of(SeatPlan(10, (counted, Quota("none", WOMEN), quota))) == [
        Row(counted, None, 1, 0, 2, OPEN),
        Row(quota, "min", 3, -2, 0, OPEN),
        Row(quota, "max", 2, -2, -OPEN, 2),
    ]


def test_a_plan_without_a_rule_keeps_the_others():
    first, second = Quota("a", WOMEN, min=1), Quota("b", WOMEN, max=2)
    assert SeatPlan(3, (first, second)).without("a") == SeatPlan(3, (second,))


def test_matching_asks_every_column_of_the_condition():
    pool = Pool.of(["a", "b", "c"], [1, 2, 3], {"women": ["yes", "no", "yes"], "country": ["CL", "CL", "PE"]})
    assert matching(pool, {"women": ("yes",), "country": ("CL", "MX")}).tolist() == [True, False, False]
    assert matching(pool, {}).tolist() == [True, True, True]
    assert Column.of([]).matching(["x"]).tolist() == []


@pytest.mark.parametrize(
    ("ids", "scores", "attributes", "message"),
    [
        (["a", "a"], [1, 2], {}, "an id stands twice in the pool"),
        (["a", "b"], [1], {}, "every column needs one value an applicant"),
        (["a"], [1], {"x": []}, "every column needs one value an applicant"),
        (["a"], [SCORE_LIMIT + 1], {}, "a score lies beyond a hundred million points"),
    ],
)
def test_a_pool_that_cannot_be_is_refused(ids, scores, attributes, message):
    with pytest.raises(ValueError, match=f"^{message}$"):
        Pool.of(ids, scores, attributes)


def test_no_owner_has_more_than_one_seat():
    owners = ["y", "x", "y", "", "", "z", "x", "x"]
    assert seats_each("owner", owners) == (
        Quota("owner: x", {"owner": ("x",)}, max=1), Quota("owner: y", {"owner": ("y",)}, max=1),
    )
    assert seats_each("owner", owners, most=2) == (Quota("owner: x", {"owner": ("x",)}, max=2),)
    assert seats_each("owner", []) == ()


def test_scores_read_as_points():
    assert [points(score) for score in (805000, 800000, 1, -5000, 0)] == [
        Decimal("80.5"), Decimal(80), Decimal("0.0001"), Decimal("-0.5"), Decimal(0),
    ]
    assert len(Pool.of([], np.zeros(0, dtype=np.int64), {"x": []})) == 0


def test_records_are_spelt_one_way_only():
    assert canonical({"b": [1, None, True], "a": "Ñandú"}) == '{"a":"Ñandú","b":[1,null,true]}'
    assert fingerprint({"b": 1, "a": 2}) == fingerprint({"a": 2, "b": 1})
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical(float("nan"))
