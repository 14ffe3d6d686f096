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


@st.composite
def mixed_templates(draw):
    """Milestones with every anchor and unit; one hangs on an earlier number alone, so that there is no circle."""
    rows = []
    for number in range(1, draw(st.integers(1, 14)) + 1):
        anchor = draw(st.sampled_from(["enrolment", "plan", "milestone"] if rows else ["enrolment", "plan"]))
        on = draw(st.sampled_from([row.number for row in rows])) if anchor == "milestone" else None
        unit = draw(st.sampled_from(["days", "months"]))
        least = -30 if anchor == "milestone" else 0
        rows.append(Offset(number, draw(st.integers(least, 800 if unit == "days" else 30)), anchor, on, unit))
    return rows


@given(mixed_templates(), days, st.integers(0, 300), st.integers(365, 1200), st.randoms(use_true_random=False))
def test_dates_do_not_hang_on_the_order_of_rows_and_stay_inside(template, start, before_days, days_left, chance):
    end, begins = start + timedelta(days=days_left), start - timedelta(days=before_days)
    due = due_days(template, start, end, begins)
    shuffled = list(template)
    chance.shuffle(shuffled)
    assert due_days(shuffled, start, end, begins) == due
    assert all(start <= day <= end for day in due.values())
    assert set(due) == {row.number for row in template}


def _before_anchors(template, start, days_left):
    """The dating of a plain template as it was before there were anchors, word for word of domain.md §7."""
    ordered = sorted((row.day, row.number) for row in template)
    placed = [day * days_left // ordered[-1][0] for day, _number in ordered]
    if days_left < ordered[-1][0]:
        earliest = 14
        for place, day in enumerate(placed):
            placed[place] = max(day, earliest)
            earliest = placed[place] + 14
        latest = days_left
        for place in reversed(range(len(placed))):
            placed[place] = min(placed[place], latest)
            latest = placed[place] - 14
    return {number: start + timedelta(days=day) for (_day, number), day in zip(ordered, placed, strict=True)}


@given(templates, days, st.integers(365, 1200), st.integers(0, 300))
def test_a_template_of_days_alone_is_dated_as_ever(template, start, days_left, before_days):
    end = start + timedelta(days=days_left)
    assert due_days(template, start, end, start - timedelta(days=before_days)) == _before_anchors(template, start, days_left)
