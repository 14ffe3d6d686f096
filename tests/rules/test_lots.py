"""The draw: lots follow digest and id, whatever the order of rows, and criteria named ahead of it come first."""

from __future__ import annotations

import doctest
import hashlib

import pytest

from cohort.rules import exact, ledger, lots, lottery, lottery_draw, milp, pool, quotas, shortfall
from cohort.rules.lots import digest_of, draw


def test_the_digest_is_that_of_seed_newline_id():
    assert digest_of("2026-1", "ñ") == hashlib.sha256(b"2026-1\n\xc3\xb1").hexdigest()


def test_lots_are_places_by_digest_and_follow_their_ids():
    ids = [f"firm {number}" for number in range(50)]
    by_digest = sorted(ids, key=lambda one: (digest_of("seed", one), one))
    expected = {one: place for place, one in enumerate(by_digest, start=1)}
    for order in (ids, ids[::-1], sorted(ids)):
        assert dict(zip(order, draw(order, "seed").tolist(), strict=True)) == expected
    assert draw([], "seed").tolist() == []
    assert draw(ids, "seed").tolist() != draw(ids, "another").tolist()


def test_digests_that_begin_alike_are_told_apart_in_full():
    """Only one id given twice has such digests; places are then those of the whole digest and the id."""
    assert sorted(draw(["b", "a", "b"], "seed").tolist()) == [1, 2, 3]
    assert sorted(draw(["b", "a", "b"], "seed")[[0, 2]]) in ([1, 2], [2, 3])


def test_criteria_before_the_draw_come_first():
    ids = ["a", "b", "c", "d"]
    drawn = draw(ids, "seed", [(2,), (1,), (2,), (1,)])
    rural, urban = drawn[[1, 3]], drawn[[0, 2]]
    assert sorted(rural.tolist()) == [1, 2]
    assert sorted(urban.tolist()) == [3, 4]
    assert (rural[0] < rural[1]) == (digest_of("seed", "b") < digest_of("seed", "d"))


@pytest.mark.parametrize("module", [exact, ledger, lots, lottery, lottery_draw, milp, pool, quotas, shortfall])
def test_the_examples_of_the_docstrings_hold(module):
    result = doctest.testmod(module)
    assert (result.failed, result.attempted > 0) == (0, True)
