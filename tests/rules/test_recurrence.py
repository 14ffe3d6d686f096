"""The vectors of domain.md §1, every edge of the stages, seasons, our own queue, next steps and the outlook."""

from __future__ import annotations

import doctest
from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import pytest

from cohort.rules import season, stages
from cohort.rules.next_step import Outlook, can_still_be_recurring, next_step_of
from cohort.rules.recurrence import current_run, meets_r2, stage_of, stages_of
from cohort.rules.season import Season, in_season_days, meets_r1_s
from cohort.rules.spells import effective_on
from cohort.rules.stages import NextStep, Operation, PolicyError, RecurrencePolicy, Stage, policy_from

DEFAULT = RecurrencePolicy()
SUMMER = Season(frozenset({2, 3}))


def day(text):
    return date.fromisoformat(text)


def ops(*days, cents=40_000, to="CL"):
    return [Operation(day(text), to, cents) for text in days]


def stage(operations, as_of, policy=DEFAULT, **facts):
    return stage_of(operations, day(as_of), policy, **facts).stage


A = ("2026-02-10", "2026-05-20", "2026-09-01")


@pytest.mark.parametrize(
    ("days", "as_of", "found", "r1", "r2", "run"),
    [
        pytest.param(A, "2026-10-01", Stage.RECURRING, True, False, 3, id="a"),
        pytest.param(
            ("2026-02-10", "2026-02-20", "2026-03-05"), "2026-10-01", Stage.DORMANT, False, False, 0, id="b"
        ),
        pytest.param(
            ("2026-02-10", "2026-02-20", "2026-03-05"),
            "2026-03-31",
            Stage.REPEAT,
            False,
            False,
            3,
            id="b early",
        ),
        pytest.param(
            ("2026-01-05", "2026-04-10", "2026-12-20"), "2026-12-31", Stage.REPEAT, False, False, 1, id="c"
        ),
        pytest.param(
            ("2026-02-10", "2026-05-20"), "2026-10-01", Stage.BECOMING, False, False, 2, id="d and e"
        ),
        pytest.param(("2026-11-30", "2027-01-15"), "2027-01-31", Stage.BECOMING, False, True, 2, id="f"),
    ],
)
def test_the_vectors(days, as_of, found, r1, r2, run):
    one = stage_of(ops(*days), day(as_of), DEFAULT)
    assert (one.stage, one.r1, one.r2, one.operations) == (found, r1, r2, run)


def test_a_standing_says_everything():
    one = stage_of([*ops(*A), *ops("2026-10-02")], day("2026-10-01"), DEFAULT)
    assert one == stages.Standing(
        stage=Stage.RECURRING,
        operations=3,
        quarters=3,
        destinations=1,
        fob_usd=Decimal("1200.00"),
        longest_gap_days=104,
        first_export_on=day("2026-02-10"),
        last_export_on=day("2026-09-01"),
        r1=True,
        r2=False,
        effective_on=day("2026-09-01"),
        recheck_on=day("2027-02-10"),
        next_step=NextStep("consolidate", 1, 1, 0, Decimal("200.00"), day("2027-02-09")),
        waiting_for_us=False,
        r1_seasonal=False,
    )


def test_a_firm_without_operations_is_never_and_stays_so():
    one = stage_of(ops("2026-05-01"), day("2026-04-30"), DEFAULT)
    assert one == stages.Standing(
        Stage.NEVER,
        0,
        0,
        0,
        Decimal("0.00"),
        None,
        None,
        None,
        False,
        False,
        None,
        None,
        NextStep("first_export", 3, 3, 1, Decimal("1000.00"), None),
    )


@pytest.mark.parametrize(
    ("operations", "as_of", "expected"),
    [
        pytest.param(ops("2026-01-10"), "2026-01-10", Stage.FIRST, id="one operation, its own day"),
        pytest.param(
            ops("2026-01-10", "2026-01-10"), "2026-02-01", Stage.REPEAT, id="two on one day are two"
        ),
        pytest.param(ops("2026-01-10"), "2026-07-09", Stage.FIRST, id="180 days idle"),
        pytest.param(ops("2026-01-10"), "2026-07-10", Stage.DORMANT, id="181 days idle"),
        pytest.param(ops("2026-01-10"), "2027-01-10", Stage.DORMANT, id="365 days idle"),
        pytest.param(ops("2026-01-10"), "2027-01-11", Stage.LAPSED, id="366 days idle"),
        pytest.param(ops("2024-01-01"), "2024-12-31", Stage.DORMANT, id="365 days over a leap day"),
        pytest.param(ops("2024-01-01"), "2025-01-01", Stage.LAPSED, id="366 days over a leap day"),
        pytest.param(ops("2024-02-29"), "2025-02-28", Stage.DORMANT, id="leap day, a year on"),
        pytest.param(
            ops("2024-01-10", "2025-01-09"), "2025-01-09", Stage.REPEAT, id="365 days apart: no lapse"
        ),
        pytest.param(ops("2024-01-10", "2025-01-10"), "2025-01-10", Stage.REACTIVATED, id="366 days apart"),
        pytest.param(
            ops("2024-01-10", "2025-06-10", "2025-07-10"), "2025-07-10", Stage.BECOMING, id="better than back"
        ),
        pytest.param(
            ops("2024-01-10", "2025-06-10", "2025-07-10", "2026-05-01", "2026-05-02"),
            "2026-05-02",
            Stage.REPEAT,
            id="was becoming since the lapse, so no longer back",
        ),
        pytest.param(
            ops("2024-01-10", "2025-05-10"), "2026-01-10", Stage.DORMANT, id="dormant wins over back"
        ),
        pytest.param(
            ops("2025-12-31", "2026-01-01"), "2026-01-02", Stage.BECOMING, id="quarters at new year"
        ),
        pytest.param(
            ops("2026-01-10", "2026-07-09", "2026-10-01"),
            "2026-10-01",
            Stage.RECURRING,
            id="a gap of exactly 180",
        ),
        pytest.param(
            ops("2026-01-10", "2026-07-10", "2026-10-01"), "2026-10-01", Stage.BECOMING, id="a gap of 181"
        ),
        pytest.param(ops(*A), "2027-02-09", Stage.RECURRING, id="the last day of the window"),
        pytest.param(ops(*A), "2027-02-10", Stage.BECOMING, id="the first operation has left the window"),
        pytest.param(ops(*A), "2027-02-28", Stage.BECOMING, id="180 days after the last"),
        pytest.param(ops(*A), "2027-03-01", Stage.DORMANT, id="181 days after the last"),
        pytest.param(ops(*A, cents=33_333), "2026-10-01", Stage.BECOMING, id="one cent short"),
        pytest.param(
            [*ops(*A[:2], cents=33_333), *ops(A[2], cents=33_334)],
            "2026-10-01",
            Stage.RECURRING,
            id="exactly 1,000",
        ),
        pytest.param(
            [*ops("2025-11-20"), *ops(*A)], "2026-10-01", Stage.CONSOLIDATED, id="consecutive calendar years"
        ),
        pytest.param([*ops("2024-11-20"), *ops(*A)], "2026-10-01", Stage.RECURRING, id="a year left out"),
    ],
)
def test_edges(operations, as_of, expected):
    assert stage(operations, as_of) is expected


def test_refunds_lower_the_value_and_can_take_a_firm_below():
    partial = [*ops(*A[:2]), *ops(A[2], cents=19_999)]
    assert stage(partial, "2026-10-01") is Stage.BECOMING
    assert stage([*ops(*A[:2]), *ops(A[2], cents=20_000)], "2026-10-01") is Stage.RECURRING


def test_an_old_lone_export_never_spoils_a_standing():
    operations = [*ops("2025-10-02"), *ops("2026-04-20", "2026-07-10", "2026-10-01")]
    assert len(current_run(operations, day("2026-10-01"), DEFAULT)) == 3
    assert stage(operations, "2026-10-01") is Stage.CONSOLIDATED
    assert stage(operations, "2026-10-01", RecurrencePolicy(min_quarters=2)) is Stage.CONSOLIDATED


def test_other_numbers_of_the_policy_hold():
    spread = [*ops(A[0], to="CL"), *ops(A[1], to="PE"), *ops(A[2], to="CL")]
    assert stage(spread, "2026-10-01", RecurrencePolicy(min_destinations=2)) is Stage.RECURRING
    assert stage(spread, "2026-10-01", RecurrencePolicy(min_destinations=3)) is Stage.BECOMING
    single = RecurrencePolicy(min_operations=1, min_quarters=1, min_fob_usd=Decimal(100))
    assert stage(ops("2026-10-01"), "2026-10-01", single) is Stage.RECURRING
    # A lapse after which R1 held on an operation's day, though never in two quarters.
    assert stage(ops("2020-01-01", "2026-01-05"), "2026-02-01", single) is Stage.RECURRING
    assert stage(ops("2020-01-01", "2026-01-05", "2026-01-06"), "2026-06-30", single) is Stage.RECURRING
    short = RecurrencePolicy(window_days=30, min_operations=1, min_quarters=1, min_fob_usd=Decimal(100))
    assert stage(ops("2020-01-01", "2026-01-05"), "2026-03-01", short) is Stage.REPEAT
    assert stage([], "2026-01-01", RecurrencePolicy(annual_consecutive=1)) is Stage.NEVER
    assert not meets_r2([], DEFAULT)


def test_a_stage_began_and_may_end_on_days_that_can_be_named():
    dormant = stage_of(ops(*A), day("2027-05-01"), DEFAULT)
    assert (dormant.effective_on, dormant.recheck_on) == (day("2027-03-01"), day("2027-09-02"))
    lapsed = stage_of(ops(*A), day("2028-01-01"), DEFAULT)
    assert (lapsed.effective_on, lapsed.recheck_on) == (day("2027-09-02"), None)
    fallen = stage_of(ops(*A), day("2027-02-15"), DEFAULT)
    assert (fallen.stage, fallen.effective_on, fallen.recheck_on) == (
        Stage.BECOMING,
        day("2027-02-10"),
        day("2027-03-01"),
    )


@pytest.mark.parametrize(
    ("pending", "as_of", "expected", "waiting"),
    [
        pytest.param("2026-08-01", "2026-10-01", Stage.FIRST, True, id="our queue holds its proof"),
        pytest.param("2026-08-01", "2027-01-28", Stage.FIRST, True, id="180 days after the waiting one"),
        pytest.param(
            "2026-08-01", "2027-01-29", Stage.DORMANT, True, id="not lapsed, though dormant all the same"
        ),
        pytest.param("2026-03-01", "2026-10-01", Stage.DORMANT, False, id="too old to prevent it"),
        pytest.param("2026-10-02", "2026-10-01", Stage.DORMANT, False, id="dated later"),
        pytest.param("2026-06-01", "2026-06-02", Stage.FIRST, False, id="nothing to prevent"),
    ],
)
def test_no_firm_is_blamed_for_our_queue(pending, as_of, expected, waiting):
    one = stage_of(ops("2026-01-10"), day(as_of), DEFAULT, pending_on=day(pending))
    assert (one.stage, one.waiting_for_us) == (expected, waiting)
    assert (one.next_step == NextStep("wait_for_us")) is waiting
    assert (one.effective_on is None) is waiting


def test_waiting_ends_on_a_day_that_can_be_named():
    one = stage_of(ops("2026-01-10"), day("2026-10-01"), DEFAULT, pending_on=day("2026-08-01"))
    assert one.recheck_on == day("2027-01-29")


SEASONAL = ops(*(f"{year}-{rest}" for year in (2026, 2027) for rest in ("04-10", "06-01", "07-05", "08-10")))


@pytest.mark.parametrize(
    ("as_of", "seasonal", "plain"),
    [
        ("2026-08-10", Stage.BECOMING, Stage.BECOMING),
        ("2026-11-01", Stage.RESTING, Stage.BECOMING),
        ("2027-03-31", Stage.RESTING, Stage.DORMANT),
        ("2027-04-05", Stage.REPEAT, Stage.DORMANT),
        ("2027-08-10", Stage.RECURRING, Stage.BECOMING),
        ("2027-12-31", Stage.RECURRING, Stage.BECOMING),
        ("2028-03-31", Stage.RECURRING, Stage.DORMANT),
        ("2028-05-01", Stage.RECURRING, Stage.DORMANT),
        ("2028-09-30", Stage.DORMANT, Stage.LAPSED),
        ("2028-10-01", Stage.RESTING, Stage.LAPSED),
    ],
)
def test_a_declared_season(as_of, seasonal, plain):
    assert (stage(SEASONAL, as_of, season=SUMMER), stage(SEASONAL, as_of)) == (seasonal, plain)


def test_a_season_says_when_it_changes_and_what_comes_next():
    resting = stage_of(SEASONAL[:4], day("2026-11-01"), DEFAULT, season=SUMMER)
    assert (resting.effective_on, resting.recheck_on, resting.next_step) == (
        day("2026-10-01"),
        day("2027-04-01"),
        NextStep("resting"),
    )
    done = stage_of(SEASONAL, day("2027-08-10"), DEFAULT, season=SUMMER)
    assert (done.r1, done.r1_seasonal, done.effective_on, done.next_step) == (
        False,
        True,
        day("2027-07-05"),
        NextStep("keep_season", 3, missing_fob_usd=Decimal(1000), by_on=done.recheck_on - timedelta(days=1)),
    )
    assert stage([], "2026-05-01", season=SUMMER) is Stage.NEVER
    yearly = ops("2025-05-01", "2026-05-01", "2026-07-01", "2026-10-01")
    assert stage(yearly, "2026-10-02", season=SUMMER) is Stage.CONSOLIDATED


def test_seasons_need_the_count_and_the_value_in_both():
    assert meets_r1_s(SEASONAL, day("2027-08-10"), SUMMER, DEFAULT)
    assert not meets_r1_s(SEASONAL, day("2027-07-01"), SUMMER, DEFAULT)
    assert not meets_r1_s(SEASONAL[:6], day("2027-12-31"), SUMMER, DEFAULT)
    poor = [Operation(op.day, op.destination, 24_999) for op in SEASONAL]
    assert not meets_r1_s(poor, day("2027-12-31"), SUMMER, DEFAULT)
    off_season = ops("2026-01-10", "2026-02-10", "2026-03-10", "2027-01-10", "2027-02-10", "2027-03-10")
    assert not meets_r1_s(off_season, day("2027-12-31"), SUMMER, DEFAULT)
    two_springs = Season(frozenset({1, 3}))
    split = ops("2026-01-10", "2026-02-10", "2026-08-10", "2027-01-10", "2027-02-10", "2027-08-10")
    assert meets_r1_s(split, day("2027-08-10"), two_springs, DEFAULT)
    # Between its two parts the season of 2028 still runs, so that of 2026 and 2027 holds on.
    assert meets_r1_s(split, day("2028-05-01"), two_springs, DEFAULT)
    assert not meets_r1_s(split, day("2028-10-01"), two_springs, DEFAULT)


def test_a_season_over_new_year_is_one():
    winter = Season(frozenset({4, 1}))
    assert (winter.opening_quarter, SUMMER.opening_quarter, Season(frozenset({1, 3})).opening_quarter) == (
        4,
        2,
        1,
    )
    assert winter.number_of(day("2026-12-31")) == winter.number_of(day("2027-03-31"))
    assert winter.reopens_on(day("2027-01-15")) == day("2027-10-01")
    assert in_season_days(day("2026-12-30"), day("2027-04-20"), winter) == 91
    assert in_season_days(day("2027-04-20"), day("2027-04-20"), winter) == 0


@pytest.mark.parametrize("quarters", [set(), {1, 2, 3, 4}, {0}, {5}])
def test_a_season_has_one_to_three_quarters(quarters):
    with pytest.raises(ValueError, match="one to three"):
        Season(frozenset(quarters))


@pytest.mark.parametrize(
    ("days", "as_of", "policy", "expected"),
    [
        pytest.param(
            A[:2],
            "2026-10-01",
            DEFAULT,
            NextStep("reach_recurring", 1, 1, 0, Decimal("200.00"), day("2026-11-16")),
            id="one in a new quarter",
        ),
        pytest.param(
            A[:1],
            "2026-03-01",
            DEFAULT,
            NextStep("reach_recurring", 2, 2, 0, Decimal("600.00"), day("2026-08-09")),
            id="two in two",
        ),
        pytest.param(
            ("2025-12-20", "2026-05-01", "2026-10-20"),
            "2026-12-18",
            RecurrencePolicy(min_operations=4, min_quarters=4),
            NextStep("reach_recurring", 2, 2, 0, Decimal("200.00"), day("2027-03-31")),
            id="the oldest leaves before it could help",
        ),
        pytest.param(
            ("2026-02-10",),
            "2026-09-01",
            DEFAULT,
            NextStep("restart", 3, 3, 1, Decimal("1000.00"), None),
            id="anew",
        ),
        pytest.param(
            ("2026-02-10", "2026-02-11", "2026-02-12"),
            "2026-03-01",
            DEFAULT,
            NextStep("reach_recurring", 2, 2, 0, Decimal("0.00"), day("2026-08-11")),
            id="quarters alone",
        ),
        pytest.param(
            ("2026-02-10", "2026-05-10", "2026-08-10"),
            "2026-08-10",
            RecurrencePolicy(min_fob_usd=Decimal(5000)),
            NextStep("reach_recurring", 1, 0, 0, Decimal("3800.00"), day("2027-02-06")),
            id="value alone",
        ),
        pytest.param(
            ("2026-02-10", "2026-02-11"),
            "2026-02-12",
            RecurrencePolicy(max_gap_days=30, min_quarters=2, min_operations=3, min_fob_usd=Decimal(0)),
            NextStep("reach_recurring", 2, 1, 0, Decimal("0.00"), day("2026-03-13")),
            id="one on the way to the next quarter",
        ),
        pytest.param(
            ("2026-02-10",),
            "2026-02-12",
            RecurrencePolicy(max_gap_days=20, min_quarters=2, min_operations=2, min_fob_usd=Decimal(0)),
            NextStep("reach_recurring", 2, 2, 1, Decimal("0.00"), None),
            id="a gap too short for the next quarter: anew",
        ),
    ],
)
def test_the_next_step(days, as_of, policy, expected):
    assert stage_of(ops(*days), day(as_of), policy).next_step == expected


def test_when_no_export_can_bridge_the_change_the_step_is_the_way_back():
    one = stage_of(ops("2024-01-01", "2024-06-04", "2024-10-01"), day("2024-10-01"), DEFAULT)
    assert (one.stage, one.recheck_on, one.next_step) == (
        Stage.RECURRING,
        day("2024-12-31"),
        NextStep("reach_recurring", 1, 1, 0, Decimal("200.00"), day("2025-03-30")),
    )


def test_the_next_step_of_a_consolidated_firm_keeps_it_so():
    one = stage_of([*ops("2025-11-20"), *ops(*A)], day("2026-10-01"), DEFAULT)
    assert one.next_step == NextStep("keep", 1, 1, 0, Decimal("200.00"), day("2027-02-09"))
    many = ops("2025-11-20", "2025-12-20", *A)
    kept = next_step_of(
        Stage.CONSOLIDATED, many, day("2026-10-01"), DEFAULT, r2=True, recheck_on=day("2027-03-01")
    )
    assert kept == NextStep("keep", 1, 1, 0, Decimal("200.00"), day("2027-02-28"))


@pytest.mark.parametrize(
    ("days", "as_of", "plan_end", "policy", "expected"),
    [
        pytest.param(A, "2026-10-01", "2026-12-31", DEFAULT, Outlook(True, 0, None, None), id="will be"),
        pytest.param(
            A,
            "2026-10-01",
            "2027-03-15",
            DEFAULT,
            Outlook(True, 1, day("2027-02-28"), day("2027-02-28"), Decimal("200.00")),
            id="one more",
        ),
        pytest.param(
            (),
            "2026-10-01",
            "2027-06-30",
            DEFAULT,
            Outlook(True, 3, day("2026-12-31"), day("2026-12-31"), Decimal("1000.00")),
            id="from nothing",
        ),
        pytest.param(
            (), "2027-01-01", "2027-06-30", DEFAULT, Outlook(False, 0, None, None), id="two quarters left"
        ),
        pytest.param(A, "2028-01-01", "2027-06-30", DEFAULT, Outlook(False, 0, None, None), id="plan over"),
        pytest.param(
            ("2026-09-25",),
            "2026-09-26",
            "2026-12-31",
            RecurrencePolicy(max_gap_days=20, min_quarters=2),
            Outlook(True, 4, day("2026-10-15"), day("2026-10-15"), Decimal("600.00")),
            id="bridges over short gaps",
        ),
        pytest.param(
            A,
            "2027-02-01",
            "2027-08-28",
            DEFAULT,
            Outlook(True, 2, day("2027-02-28"), day("2027-03-31"), Decimal("600.00")),
            id="fewest while the run lasts, later with one more",
        ),
        pytest.param(
            ("2026-01-05", "2026-10-01"),
            "2026-10-02",
            "2026-12-31",
            RecurrencePolicy(min_quarters=1),
            Outlook(True, 2, day("2026-12-31"), day("2026-12-31"), Decimal("600.00")),
            id="only what follows the gap helps",
        ),
    ],
)
def test_the_outlook(days, as_of, plan_end, policy, expected):
    assert can_still_be_recurring(ops(*days), day(as_of), day(plan_end), policy) == expected


def test_a_policy_is_read_from_plain_keys():
    read = policy_from(
        {"min_fob_usd": 999.999, "destinations": [" cl ", "PE"], "ecommerce_only": False, "version": "v2"}
    )
    assert read == RecurrencePolicy(
        min_fob_usd=Decimal("999.999"), destinations=("CL", "PE"), ecommerce_only=False, version="v2"
    )
    assert read.min_fob_cents == 100_000
    assert policy_from({"window_days": 400}).window_days == 400


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("windows_days", 365),
        ("window_days", 0),
        ("window_days", 1.5),
        ("min_quarters", True),
        ("min_fob_usd", -1),
        ("min_fob_usd", "much"),
        ("min_fob_usd", True),
        ("min_fob_usd", float("nan")),
        ("ecommerce_only", 1),
        ("destinations", "CL"),
        ("destinations", [1]),
        ("version", ""),
        ("version", 2),
    ],
)
def test_a_policy_with_a_wrong_key_is_refused(key, value):
    with pytest.raises(PolicyError) as refused:
        policy_from({key: value})
    assert refused.value.key == key


def columns(*rows, firm_count, as_of="2026-10-01", policy=DEFAULT, **facts):
    firm, days, place = zip(*rows, strict=True) if rows else ((), (), ())
    return stages_of(
        np.array(firm, dtype=np.int64),
        np.array(days, dtype="datetime64[D]"),
        np.array(place, dtype=np.int64),
        np.full(len(rows), 40_000),
        firm_count=firm_count,
        as_of=day(as_of),
        policy=policy,
        **facts,
    )


def test_columns_may_come_in_any_order_with_firms_that_have_no_row():
    found = columns(
        (2, A[2], 0), (0, A[0], 1), (2, A[0], 1), (2, A[1], 0), (0, "2026-10-02", 0), firm_count=4
    )
    assert [found.stage_name(firm) for firm in range(4)] == [
        Stage.DORMANT,
        Stage.NEVER,
        Stage.RECURRING,
        Stage.NEVER,
    ]
    assert found.destinations.tolist() == [0, 0, 2, 0]
    assert found.run_of(2) == [
        Operation(day(A[0]), "1", 40_000),
        Operation(day(A[1]), "0", 40_000),
        Operation(day(A[2]), "0", 40_000),
    ]
    assert found.run_of(1) == []


def test_no_rows_at_all_make_every_firm_never():
    found = columns(firm_count=2)
    assert [found.stage_name(firm) for firm in range(2)] == [Stage.NEVER, Stage.NEVER]
    assert np.isnat(effective_on(found, day("2026-10-01"), DEFAULT)).all()


def test_more_than_64_destinations_are_told_apart():
    start = day("2026-01-01")
    rows = [(0, start + timedelta(days=2 * count), count) for count in range(130)]
    found = columns(*rows, firm_count=1, policy=RecurrencePolicy(min_destinations=130))
    assert (found.destinations.tolist(), found.stage_name(0)) == ([130], Stage.RECURRING)
    assert found.recheck_on.tolist() == [day("2027-01-01")]


def test_the_walk_back_can_be_kept_to_some_firms():
    found = columns((0, A[2], 0), (1, A[1], 0), firm_count=2)
    since = effective_on(found, day("2026-10-01"), DEFAULT, wanted=np.array([False, True]))
    assert since.tolist() == [None, day(A[1])]


def test_columns_know_who_waits_for_us():
    pending = np.array(["2026-08-01", "NaT"], dtype="datetime64[D]")
    found = columns((0, "2026-01-10", 0), (1, "2026-01-10", 0), firm_count=2, pending_on=pending)
    assert [found.stage_name(firm) for firm in range(2)] == [Stage.FIRST, Stage.DORMANT]
    assert found.waiting_for_us.tolist() == [True, False]


@pytest.mark.parametrize("module", [season, stages])
def test_examples_in_docstrings_hold(module):
    assert doctest.testmod(module).failed == 0
