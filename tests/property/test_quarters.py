"""The rollup by firm and quarter against the operations themselves: the same stage and figures for every firm."""

from __future__ import annotations

import dataclasses
import doctest
from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import pytest

from cohort.rules import quarters as quarter_rules
from cohort.rules.quarter_stages import Edge, figures_on, history_of, runs_by_quarter
from cohort.rules.quarters import (
    RECORD,
    Places,
    code_of,
    country_of,
    decide_by_quarters,
    quarters_from,
    roll_up,
)
from cohort.rules.season_columns import Seasons
from cohort.rules.stages import RecurrencePolicy
from cohort.rules.standings import stages_of

FIRMS = 500
START = np.datetime64("2023-01-01", "D").astype(int)
CODES = np.array([code_of(country) for country in ("CL", "CO", "MX", "PE", "CR")])


def kept_and_read(quarters):
    """The same rollup after it was written as bytes, one text a firm, and read again."""
    records, first = quarters.records(), quarters.first_row
    texts = [records[first[firm]:first[firm + 1]].tobytes() for firm in range(first.size - 1)]
    read = np.frombuffer(b"".join(texts), dtype=RECORD)
    lists = [quarters.destinations.codes_of(firm) for firm in range(first.size - 1)]
    destinations = Places.listed(np.array([code for codes in lists for code in codes], dtype=np.int64), np.array([len(codes) for codes in lists]))
    return quarters_from(read, np.array([len(text) // RECORD.itemsize for text in texts]), destinations)


def by_quarters(firm, day, code, cents, as_of, policy, pending, seasons):
    """What the rollup says; the quarter cut by the window's edge is asked of the operations."""
    quarters = kept_and_read(roll_up(firm, day, code, cents, FIRMS))
    history = history_of(quarters, policy)
    runs = runs_by_quarter(quarters, history, as_of, policy)
    opens = (as_of - date(1970, 1, 1)).days - policy.window_days
    cut = history.firm[runs.is_cut]
    number = quarters.quarter[runs.start[runs.is_cut]]
    edges = []
    for each, quarter in zip(cut, number, strict=True):
        months = day.astype("datetime64[D]").astype("datetime64[M]").astype(int)
        mine = (firm == each) & (months // 3 == quarter) & (day > opens)
        bits = np.bitwise_or.reduce(quarters.destinations.bits(firm[mine], code[mine]))
        edges.append((int(mine.sum()), int(cents[mine].sum()), int(bits)))
    edge = Edge(*(np.array([row[place] for row in edges], dtype=kind) for place, kind in enumerate(("i8", "i8", "u8"))))
    return figures_on(quarters, history, runs, edge, as_of, policy, pending, seasons), cut.size


def random_facts(random):
    """Firms of very different habits: many, few, in bursts, with long pauses, some with a season."""
    count = random.choice([0, 1, 2, 3, 4, 6, 9, 14, 60], FIRMS)
    firm = np.repeat(np.arange(FIRMS), count)
    spread = np.repeat(random.choice([20, 90, 400, 1400], FIRMS), count)
    base = np.repeat(random.integers(0, 1400, FIRMS), count)
    day = START + (base + (random.random(firm.size) * spread).astype(int)) % 1400
    on_edges = random.random(firm.size) < 0.2  # the first or last day of a quarter
    months = day.astype("datetime64[D]").astype("datetime64[M]").astype(int) // 3 * 3
    day = np.where(on_edges, months.astype("datetime64[M]").astype("datetime64[D]").astype(int) - random.integers(0, 2, firm.size), day)
    cents = random.choice([1, 5_000, 40_000, 100_000], firm.size)
    refunded = random.random(firm.size) < 0.2
    cents = np.where(refunded, np.maximum(cents - 2_500, 1), cents)
    seasons = {place: random.permutation(4)[:random.integers(1, 4)] + 1 for place in range(FIRMS) if random.random() < 0.3}
    return firm, day, random.choice(CODES, firm.size), cents, {place: quarters.tolist() for place, quarters in seasons.items()}


POLICIES = (
    RecurrencePolicy(),
    RecurrencePolicy(min_operations=2, min_quarters=2, min_destinations=2, min_fob_usd=Decimal(300), max_gap_days=100),
    RecurrencePolicy(window_days=500, max_gap_days=200, dormant_days=400, lapsed_days=250, annual_consecutive=3),
    RecurrencePolicy(window_days=80, max_gap_days=92, lapsed_days=92, dormant_days=60, min_quarters=2, min_operations=1, annual_consecutive=1),
)


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("seed", range(6))
def test_quarters_say_what_operations_say(policy, seed):
    """24 draws of 500 firms; a tenth of the facts comes late, as a verification or a refund in full would."""
    random = np.random.default_rng([seed, POLICIES.index(policy)])
    firm, day, code, cents, declared = random_facts(random)
    as_of, cuts = date(2026, 1 + 2 * seed, 1) - timedelta(days=int(random.integers(0, 25))), []
    for is_known in (np.ones(firm.size, dtype=bool), random.random(firm.size) < 0.9):
        known = is_known & (day <= (as_of - date(1970, 1, 1)).days)
        facts = firm[known], day[known], code[known], cents[known]
        pending = np.where(random.random(FIRMS) < 0.2, START + random.integers(0, 1600, FIRMS), np.iinfo(np.int64).min).view("datetime64[D]")
        seasons = Seasons.of(FIRMS, declared if seed else {})
        found, cut_count = by_quarters(*facts, as_of, policy, pending, seasons)
        plain = stages_of(
            facts[0], facts[1].astype("datetime64[D]"), np.searchsorted(np.sort(CODES), facts[2]), facts[3],
            firm_count=FIRMS, as_of=as_of, policy=policy, pending_on=pending, seasons=seasons,
        )
        cuts.append(cut_count)
        for name in ("stage", "waiting_for_us", "operations", "quarters", "destinations"):
            np.testing.assert_array_equal(getattr(found, name), getattr(plain, name), err_msg=name)
        np.testing.assert_array_equal(found.cents, plain.fob_cents)
        np.testing.assert_array_equal(found.first_day, plain.first_export_on.astype(np.int64))
        np.testing.assert_array_equal(found.last_day, plain.last_export_on.astype(np.int64))
    assert max(cuts) > 0


@pytest.mark.parametrize(("changed", "decides"), [
    ({}, True), ({"max_gap_days": 92}, True), ({"max_gap_days": 91}, False), ({"lapsed_days": 179}, False),
    ({"lapsed_days": 180}, True), ({"min_quarters": 1}, False), ({"min_quarters": 2}, True),
])
def test_when_quarters_decide(changed, decides):
    assert decide_by_quarters(dataclasses.replace(RecurrencePolicy(), **changed)) is decides


def test_no_operation_makes_no_quarter():
    nothing = np.zeros(0, dtype=np.int64)
    quarters = roll_up(nothing, nothing, nothing, nothing, 3)
    assert (quarters.firm.size, quarters.first_row.tolist(), quarters.records().size) == (0, [0, 0, 0, 0], 0)


def test_a_firm_with_more_destinations_than_bits_says_so():
    codes = np.arange(65)
    places = Places.of(np.zeros(65, dtype=np.int64), codes, 2)
    assert places.crowded.tolist() == [True, False]
    assert places.bits(np.zeros(2, dtype=np.int64), np.array([63, 64])).tolist() == [1 << 63, 0]
    assert [country_of(code) for code in places.codes_of(0)[:2]] == ["AA", "AB"]


def test_examples_in_docstrings_hold():
    assert doctest.testmod(quarter_rules).failed == 0
