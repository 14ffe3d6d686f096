"""Due dates: in order, inside the plan, apart for a joiner, and working days that add up."""

from __future__ import annotations

from datetime import UTC, date, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from cohort.rules.calendar import (
    Offset,
    add_working_days,
    due_at,
    due_days,
    is_working_day,
    reminder_day_after,
    reminder_day_before,
    working_days_between,
)

START = date(2026, 1, 1)
days = st.integers(0, 1500).map(lambda count: START + timedelta(days=count))
holidays = st.sets(days, max_size=40)
templates = st.lists(st.integers(1, 800), min_size=1, max_size=26).map(
    lambda offsets: [Offset(number, day) for number, day in enumerate(sorted(offsets), start=1)]
)


@given(templates, days, st.integers(365, 1200))
def test_due_dates_keep_their_order_and_end_with_the_plan(template, start, days_left):
    end = start + timedelta(days=days_left)
    due = due_days(template, start, end)
    placed = [due[offset.number] for offset in template]
    assert placed == sorted(placed)
    assert placed[0] >= start
    assert placed[-1] == end
    if days_left < template[-1].day:
        assert all((after - before).days >= 14 for before, after in pairwise([start, *placed]))


@given(templates, days, st.integers(365, 1199))
def test_a_longer_plan_brings_no_milestone_forward(template, start, days_left):
    shorter = due_days(template, start, start + timedelta(days=days_left))
    longer = due_days(template, start, start + timedelta(days=days_left + 1))
    late = [number for number in shorter if longer[number] < shorter[number]]
    # At the template's own length the 14 days of a joiner end, so only there may a crowded one come earlier.
    assert late == [] or days_left + 1 == template[-1].day


@given(days, st.integers(0, 60), holidays)
def test_working_days_add_up(start, count, off):
    found = add_working_days(start, count, off)
    assert is_working_day(found, off)
    if count:
        assert working_days_between(start, found, off) == count
        assert found > start


@given(days, st.integers(0, 14), holidays)
def test_reminder_days_are_the_nearest_working_days(due_on, count, off):
    before, after = reminder_day_before(due_on, count, off), reminder_day_after(due_on, count, off)
    wanted = (due_on - timedelta(days=count), due_on + timedelta(days=count))
    assert before <= wanted[0]
    assert after >= wanted[1]
    for day in (before, after):
        assert is_working_day(day, off)
    between = [before + timedelta(days=n) for n in range(1, (wanted[0] - before).days + 1)]
    between += [wanted[1] + timedelta(days=n) for n in range((after - wanted[1]).days)]
    assert not any(is_working_day(day, off) for day in between)


@given(days, st.sampled_from(["America/Santiago", "America/Bogota", "America/Lima", "America/Mexico_City"]))
def test_a_due_instant_is_2359_there(due_on, zone):
    instant = due_at(due_on, ZoneInfo(zone))
    local = instant.astimezone(ZoneInfo(zone))
    assert (instant.tzinfo, local.date(), local.hour, local.minute) == (UTC, due_on, 23, 59)
