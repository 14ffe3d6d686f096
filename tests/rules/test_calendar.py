"""Due dates from the template, due instants over summer time, working days and the days of reminders."""

from __future__ import annotations

import doctest
import tomllib
from datetime import UTC, date, datetime, timedelta
from importlib.resources import files
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from cohort.rules import calendar
from cohort.rules.calendar import (
    Offset,
    TooFewDaysError,
    add_working_days,
    due_at,
    due_days,
    is_working_day,
    reminder_day_after,
    reminder_day_before,
    review_deadline,
    working_days_between,
)
from cohort.rules.recurrence import stage_of
from cohort.rules.stages import Operation, RecurrencePolicy

START = date(2026, 11, 24)
ROWS = tomllib.loads(files("cohort.reference").joinpath("milestones.toml").read_text("utf-8"))["milestone"]
TEMPLATE = [Offset(row["number"], row["day"]) for row in ROWS]
HOLIDAYS = frozenset({date(2026, 12, 8), date(2026, 12, 25), date(2027, 1, 1)})


def days_of(days_left):
    due = due_days(TEMPLATE, START, START + timedelta(days=days_left))
    return [(due[number] - START).days for number in range(1, 24)]


def test_the_template_is_the_one_of_the_programme():
    assert [(row["number"], row["phase"], row["day"], row["after"]) for row in ROWS] == [
        (1, "A", 14, []),
        (2, "A", 30, []),
        (3, "A", 30, []),
        (4, "A", 45, []),
        (5, "A", 75, []),
        (6, "B", 150, []),
        (7, "B", 165, []),
        (8, "B", 180, []),
        (9, "B", 180, []),
        (10, "B", 200, []),
        (11, "B", 210, []),
        (12, "C", 240, []),
        (13, "C", 270, []),
        (14, "C", 285, []),
        (15, "C", 330, []),
        (16, "C", 365, []),
        (17, "D", 420, [15]),
        (18, "D", 480, []),
        (19, "D", 540, [17]),
        (20, "D", 560, []),
        (21, "E", 640, [19]),
        (22, "E", 690, [15]),
        (23, "E", 730, []),
    ]
    assert {role for row in ROWS for role in row["confirms"]} == {"coach", "coordinator", "manager"}
    texts = [row[key] for row in ROWS for key in ("title_en", "title_es", "evidence_en", "evidence_es")]
    assert all(texts)


def test_a_full_plan_keeps_the_days_of_the_template():
    assert days_of(730) == [row["day"] for row in ROWS]


def test_a_longer_plan_stretches_them():
    assert days_of(1095)[0] == 21
    assert days_of(1095)[-1] == 1095


def test_the_shortest_plan_still_keeps_14_days_between_milestones():
    days = days_of(365)
    assert days[:9] == [14, 28, 42, 56, 70, 84, 98, 112, 126]
    assert days[-1] == 365
    assert min(after - before for before, after in pairwise(days)) >= 14


def test_a_crowded_end_is_moved_back_from_plan_end():
    late = [Offset(1, 10), Offset(2, 725), Offset(3, 728), Offset(4, 730)]
    due = due_days(late, START, START + timedelta(days=400))
    assert [(due[number] - START).days for number in (1, 2, 3, 4)] == [14, 372, 386, 400]


def test_too_little_time_is_refused_with_the_reason():
    with pytest.raises(TooFewDaysError) as short:
        days_of(364)
    assert (short.value.reason, short.value.days_left, short.value.needed_days) == ("too_short", 364, 365)
    dense = [Offset(number, number * 20) for number in range(1, 30)]
    with pytest.raises(TooFewDaysError) as crowded:
        due_days(dense, START, START + timedelta(days=400))
    assert (crowded.value.reason, crowded.value.needed_days) == ("too_dense", 406)


def test_an_empty_template_has_no_dates():
    assert due_days([], START, START + timedelta(days=730)) == {}


@pytest.mark.parametrize(
    ("zone", "due_on", "instant"),
    [
        ("America/Lima", date(2026, 7, 1), datetime(2026, 7, 2, 4, 59, tzinfo=UTC)),
        ("America/Santiago", date(2026, 7, 1), datetime(2026, 7, 2, 3, 59, tzinfo=UTC)),
        ("America/Santiago", date(2026, 12, 1), datetime(2026, 12, 2, 2, 59, tzinfo=UTC)),
        ("America/Mexico_City", date(2028, 2, 29), datetime(2028, 3, 1, 5, 59, tzinfo=UTC)),
    ],
)
def test_a_day_is_due_until_2359_where_the_firm_is(zone, due_on, instant):
    assert due_at(due_on, ZoneInfo(zone)) == instant


def test_working_days_leave_out_weekends_and_holidays():
    week = [date(2026, 12, 5) + timedelta(days=count) for count in range(7)]
    assert [is_working_day(day, HOLIDAYS) for day in week] == [False, False, True, False, True, True, True]
    assert working_days_between(date(2026, 12, 4), date(2026, 12, 11), HOLIDAYS) == 4
    assert working_days_between(date(2026, 12, 11), date(2026, 12, 4), HOLIDAYS) == 0


@pytest.mark.parametrize(
    ("start", "count", "found"),
    [
        (date(2026, 12, 4), 0, date(2026, 12, 4)),
        (date(2026, 12, 5), 0, date(2026, 12, 7)),
        (date(2026, 12, 4), 1, date(2026, 12, 7)),
        (date(2026, 12, 7), 1, date(2026, 12, 9)),
        (date(2026, 12, 24), 5, date(2027, 1, 4)),
    ],
)
def test_adding_working_days(start, count, found):
    assert add_working_days(start, count, HOLIDAYS) == found
    assert review_deadline(start, count, HOLIDAYS) == found


def test_a_negative_count_is_refused():
    with pytest.raises(ValueError, match="0 or more"):
        add_working_days(START, -1, HOLIDAYS)


def test_reminders_go_on_working_days():
    assert reminder_day_before(date(2027, 1, 3), 1, HOLIDAYS) == date(2026, 12, 31)
    assert reminder_day_before(date(2026, 12, 16), 7, HOLIDAYS) == date(2026, 12, 9)
    assert reminder_day_after(date(2026, 12, 24), 1, HOLIDAYS) == date(2026, 12, 28)
    assert reminder_day_after(date(2026, 12, 9), 1, HOLIDAYS) == date(2026, 12, 10)


def test_exports_on_the_days_of_the_template_meet_r1_whatever_the_start():
    """The check of domain.md §7, once more, on the days that `due_days` gives."""
    for shift in range(365):
        start = date(2026, 1, 1) + timedelta(days=shift)
        due = due_days(TEMPLATE, start, start + timedelta(days=730))
        exports = [Operation(due[number], "CL", 40_000) for number in (15, 17, 19, 21)]
        assert stage_of(exports, due[22], RecurrencePolicy()).r1
        assert stage_of(exports, due[23], RecurrencePolicy()).r1


def test_examples_in_docstrings_hold():
    assert doctest.testmod(calendar).failed == 0
