"""Recurrence: both faces give one answer, one more operation never harms, and the outlook is exact."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from cohort.rules.next_step import can_still_be_recurring
from cohort.rules.recurrence import stage_of, stages_of
from cohort.rules.season import Season
from cohort.rules.season_columns import Seasons
from cohort.rules.spells import effective_on
from cohort.rules.stages import (
    ADVANCED_STAGES,
    STAGES,
    Operation,
    RecurrencePolicy,
    Stage,
    quarter_of,
    quarter_start,
)
from tests.property.sizes import examples

START = date(2024, 1, 1)
PLACES = ("CL", "CO", "MX", "PE")

operations = st.lists(
    st.builds(
        Operation,
        st.integers(0, 1200).map(lambda count: START + timedelta(days=count)),
        st.sampled_from(PLACES),
        st.sampled_from([0, 1, 5_000, 40_000, 100_000]),
    ),
    max_size=12,
)
default_policies = st.just(RecurrencePolicy())
policies = st.one_of(
    default_policies,
    st.builds(
        RecurrencePolicy,
        window_days=st.sampled_from([30, 90, 365, 500]),
        min_operations=st.integers(1, 4),
        min_quarters=st.integers(1, 4),
        min_destinations=st.integers(1, 3),
        min_fob_usd=st.sampled_from([Decimal(0), Decimal(500), Decimal(1000)]),
        max_gap_days=st.sampled_from([20, 100, 180, 366]),
        dormant_days=st.sampled_from([60, 180, 400]),
        lapsed_days=st.sampled_from([90, 365]),
        annual_consecutive=st.integers(1, 3),
    ),
)
seasons = st.none() | st.sets(st.integers(1, 4), min_size=1, max_size=3).map(frozenset)
days = st.integers(0, 1500).map(lambda count: START + timedelta(days=count))


def answers(found, since, firm):
    def day(value):
        return None if np.isnat(value) else value.astype(object)

    gap = int(found.longest_gap_days[firm])
    return (
        STAGES[found.stage[firm]],
        int(found.operations[firm]),
        int(found.quarters[firm]),
        int(found.destinations[firm]),
        Decimal(int(found.fob_cents[firm])).scaleb(-2),
        None if gap < 0 else gap,
        day(found.first_export_on[firm]),
        day(found.last_export_on[firm]),
        bool(found.r1[firm]),
        bool(found.r2[firm]),
        day(since[firm]),
        day(found.recheck_on[firm]),
        bool(found.waiting_for_us[firm]),
    )


@settings(max_examples=examples(400, 4_000), deadline=None)
@given(
    st.lists(st.tuples(operations, st.none() | days, seasons), max_size=5),
    days,
    policies,
    st.randoms(use_true_random=False),
)
def test_one_rule_has_two_faces(firms, as_of, policy, shuffler):
    rows = [(index, op) for index, (ops, _, _) in enumerate(firms) for op in ops]
    shuffler.shuffle(rows)
    pending = np.array([waits or "NaT" for _, waits, _ in firms], dtype="datetime64[D]")
    found = stages_of(
        np.array([index for index, _ in rows], dtype=np.int64),
        np.array([op.day for _, op in rows], dtype="datetime64[D]"),
        np.array([PLACES.index(op.destination) for _, op in rows], dtype=np.int64),
        np.array([op.cents for _, op in rows], dtype=np.int64),
        firm_count=len(firms),
        as_of=as_of,
        policy=policy,
        pending_on=pending,
        seasons=Seasons.of(len(firms), {place: quarters for place, (_, _, quarters) in enumerate(firms) if quarters}),
    )
    since = effective_on(found, as_of, policy)
    for firm, (ops, waits, quarters) in enumerate(firms):
        one = stage_of(ops, as_of, policy, pending_on=waits, season=Season(quarters) if quarters else None)
        assert answers(found, since, firm) == (
            one.stage,
            one.operations,
            one.quarters,
            one.destinations,
            one.fob_usd,
            one.longest_gap_days,
            one.first_export_on,
            one.last_export_on,
            one.r1,
            one.r2,
            one.effective_on,
            one.recheck_on,
            one.waiting_for_us,
        )
        assert found.stage_name(firm) is one.stage


@settings(max_examples=examples(300, 3_000), deadline=None)
@given(operations, operations.filter(bool), days, policies)
def test_one_more_operation_never_lowers_an_advanced_stage(ops, extra, as_of, policy):
    before = stage_of(ops, as_of, policy).stage
    if before in ADVANCED_STAGES:
        order = [Stage.BECOMING, Stage.RECURRING, Stage.CONSOLIDATED]
        after = stage_of([*ops, extra[0]], as_of, policy).stage
        assert after in order
        assert order.index(after) >= order.index(before)


@settings(max_examples=examples(25, 250), deadline=None)
@given(operations, days, seasons.filter(bool), policies)
def test_a_season_changes_the_stage_on_no_other_day(ops, as_of, quarters, policy):
    """Day by day, as a plain reader of the rule would go."""
    season, counted = Season(quarters), [op for op in ops if op.day <= as_of]
    now = stage_of(counted, as_of, policy, season=season)
    until = min(now.recheck_on or date.max, as_of + timedelta(days=400))
    stages = {
        day: stage_of([op for op in counted if op.day <= day], day, policy, season=season).stage
        for day in (as_of + timedelta(days=step) for step in range(-300, (until - as_of).days + 1))
    }
    assert until != now.recheck_on or stages.pop(until) is not now.stage
    assert {stage for day, stage in stages.items() if day >= as_of} <= {now.stage}
    before = [day for day, stage in stages.items() if day < as_of and stage is not now.stage]
    if now.effective_on is not None and before:
        assert now.effective_on == max(before) + timedelta(days=1)


@settings(max_examples=examples(150, 1_500), deadline=None)
@given(operations, days, policies)
def test_the_stage_holds_from_effective_on_until_the_day_before_recheck_on(ops, as_of, policy):
    now = stage_of(ops, as_of, policy)
    counted = [op for op in ops if op.day <= as_of]
    if now.effective_on is not None:
        assert stage_of(counted, now.effective_on, policy).stage is now.stage
        assert stage_of(counted, now.effective_on - timedelta(days=1), policy).stage is not now.stage
    until = now.recheck_on or as_of + timedelta(days=900)
    for step in range(1, (until - as_of).days, 17):
        assert stage_of(counted, as_of + timedelta(days=step), policy).stage is now.stage
    if now.recheck_on is not None:
        assert stage_of(counted, now.recheck_on, policy).stage is not now.stage


def least_exports_by_search(ops, as_of, plan_end, policy):
    """Fewest further exports over every day-by-day schedule, and the latest first day that reaches it."""

    def quarter(day):
        return (day.year, (day.month - 1) // 3)

    def passes(window_ops, added):
        # Value and destination of added exports are free, so each covers one missing destination and any value.
        distinct = {op.destination for op in window_ops}
        worth = sum(op.cents for op in window_ops) >= policy.min_fob_usd * 100 or added > 0
        return len(distinct) + added >= policy.min_destinations and worth

    opens = plan_end - timedelta(days=policy.window_days)
    old = sorted(op for op in ops if opens < op.day <= as_of)
    kept = []
    for op in old:
        kept = [*kept, op] if kept and (op.day - kept[-1].day).days <= policy.max_gap_days else [op]
    free = [opens + timedelta(days=n) for n in range(1, policy.window_days + 1)]
    free = [day for day in free if as_of < day <= plan_end]
    # best[day][q] = most operations never matter, so the fewest added exports ending on that day with q quarters.
    firsts: dict[tuple[date, bool], int] = {}
    answer = None
    for first in free:
        joins = bool(kept) and (first - kept[-1].day).days <= policy.max_gap_days
        base = kept if joins else []
        seen = len({quarter(op.day) for op in base})
        gained = seen + (not base or quarter(base[-1].day) != quarter(first))
        layer = {first: gained}
        for added in range(1, 40):
            done = [
                day
                for day, count in layer.items()
                if (plan_end - day).days <= policy.max_gap_days and count >= policy.min_quarters
            ]
            if done and len(base) + added >= policy.min_operations and passes(base, added):
                firsts[first, joins] = added
                break
            following: dict[date, int] = {}
            for day, count in layer.items():
                for step in range(policy.max_gap_days + 1):
                    later = day + timedelta(days=step)
                    if later > plan_end:
                        break
                    value = count + (quarter(later) != quarter(day))
                    following[later] = max(following.get(later, 0), value)
            layer = following
    if firsts:
        fewest = min(firsts.values())
        answer = (fewest, max(day for (day, _), count in firsts.items() if count == fewest))
    return answer


small_policies = st.builds(
    RecurrencePolicy,
    window_days=st.sampled_from([60, 120, 200]),
    min_operations=st.integers(1, 4),
    min_quarters=st.integers(1, 3),
    min_destinations=st.integers(1, 3),
    min_fob_usd=st.sampled_from([Decimal(0), Decimal(1000)]),
    max_gap_days=st.sampled_from([15, 40, 95]),
)


@settings(max_examples=examples(25, 250), deadline=None)
@given(
    st.lists(
        st.builds(
            Operation,
            st.integers(0, 200).map(lambda count: START + timedelta(days=count)),
            st.sampled_from(PLACES),
            st.sampled_from([0, 40_000, 100_000]),
        ),
        max_size=6,
    ),
    st.integers(100, 200),
    st.integers(0, 45),
    small_policies,
)
def test_the_outlook_is_the_best_of_all_schedules(ops, today, ahead, policy):
    as_of = START + timedelta(days=today)
    plan_end = as_of + timedelta(days=ahead)
    found = can_still_be_recurring(ops, as_of, plan_end, policy)
    if stage_of([op for op in ops if op.day <= as_of], plan_end, policy).r1:
        assert (found.possible, found.exports_needed, found.next_by_on) == (True, 0, None)
        return
    slow = least_exports_by_search(ops, as_of, plan_end, policy)
    assert (found.exports_needed, found.next_by_on) == (slow or (0, None))
    assert found.possible == (slow is not None)


@settings(max_examples=examples(300, 3_000), deadline=None)
@given(
    operations, days, policies.filter(lambda policy: policy.max_gap_days >= 92 and policy.window_days >= 365)
)
def test_following_the_next_step_to_the_letter_makes_or_keeps_the_firm_recurring(ops, as_of, policy):
    now = stage_of(ops, as_of, policy)
    step = now.next_step
    counted = [op for op in ops if op.day <= as_of]
    day = step.by_on or as_of + timedelta(days=1)
    assert day >= as_of
    latest_useful = now.recheck_on - timedelta(days=1) if step.code in ("keep", "consolidate") else date.max
    last_known = max((op.day for op in counted), default=None)
    missing_quarters, cents = step.new_quarters, int(step.missing_fob_usd * 100)
    followed = list(counted)
    for number in range(step.exports):
        if number:
            day = quarter_start(quarter_of(day) + 1) if missing_quarters > 0 else day
        before = last_known if number == 0 else followed[-1].day
        if before is None or quarter_of(before) != quarter_of(day):
            missing_quarters -= 1
        followed.append(Operation(day, f"N{number}", cents if number == 0 else 0))
        assert day <= latest_useful
    # While it is kept, the test is the day after the last one on which an export still helps.
    judged_on = now.recheck_on if step.code in ("keep", "consolidate") else day
    assert stage_of(followed, max(judged_on, day), policy).r1
