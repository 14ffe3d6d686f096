"""Milestones that hang on the plan's start or on one another, calendar months, and templates that are not sound."""

from __future__ import annotations

import doctest
from datetime import date, timedelta

import pytest

from cohort.rules import anchors
from cohort.rules.anchors import CircleError, add_months, circle_of, in_order
from cohort.rules.calendar import Offset, due_days
from cohort.rules.template import Fault, Row, faults_of

START = date(2026, 1, 31)
END = START + timedelta(days=730)


@pytest.mark.parametrize(("day", "count", "found"), [
    (date(2027, 1, 31), 1, date(2027, 2, 28)), (date(2028, 1, 31), 1, date(2028, 2, 29)), (date(2028, 1, 31), 2, date(2028, 3, 31)),
    (date(2028, 2, 29), 12, date(2029, 2, 28)), (date(2028, 2, 29), 48, date(2032, 2, 29)), (date(2026, 12, 15), 1, date(2027, 1, 15)),
    (date(2026, 3, 31), -1, date(2026, 2, 28)), (date(2026, 1, 10), -1, date(2025, 12, 10)), (date(2026, 5, 31), 0, date(2026, 5, 31)),
])
def test_a_month_later_is_the_same_day_or_the_last_one(day, count, found):
    assert add_months(day, count) == found


def test_months_beyond_the_calendar_are_refused():
    with pytest.raises(ValueError, match="outside the calendar"):
        add_months(date(9999, 12, 1), 1)


def test_months_from_enrolment_are_not_scaled():
    template = [Offset(1, 14), Offset(2, 1, unit="months"), Offset(3, 13, unit="months"), Offset(4, 730)]
    long = due_days(template, START, START + timedelta(days=1460))
    assert long == {1: START + timedelta(days=28), 2: date(2026, 2, 28), 3: date(2027, 2, 28), 4: START + timedelta(days=1460)}


def test_days_and_months_from_the_plan_are_the_same_for_all_but_late_joiners():
    template = [Offset(1, 30, "plan"), Offset(2, 6, "plan", unit="months"), Offset(3, 730)]
    first = due_days(template, START, END, START)
    joiner = due_days(template, date(2026, 6, 1), END, START)
    last_minute = due_days(template, date(2026, 7, 25), END, START)
    assert (first[1], first[2]) == (date(2026, 3, 2), date(2026, 7, 31))
    assert (joiner[1], joiner[2]) == (date(2026, 6, 15), date(2026, 7, 31)), "14 days for what lay before it joined"
    assert (last_minute[1], last_minute[2]) == (date(2026, 8, 8), date(2026, 8, 8))


def test_a_milestone_follows_the_one_it_hangs_on():
    template = [
        Offset(5, 1, "milestone", 2, "months"), Offset(2, 100), Offset(3, -10, "milestone", 2), Offset(4, 20, "milestone", 3), Offset(1, 730),
    ]
    for days_left, day in ((730, 100), (1460, 200), (365, 50)):
        due = due_days(template, START, START + timedelta(days=days_left))
        second = START + timedelta(days=day)
        assert due == {5: add_months(second, 1), 2: second, 3: second - timedelta(days=10), 4: second + timedelta(days=10),
                       1: START + timedelta(days=days_left)}


def test_nothing_lies_before_enrolment_or_after_the_end():
    template = [Offset(1, 10), Offset(2, -60, "milestone", 1), Offset(3, 730), Offset(4, 5, "milestone", 3), Offset(5, 900, "plan")]
    due = due_days(template, START, END, START)
    assert (due[2], due[4], due[5]) == (START, END, END)


def test_rows_that_are_not_scaled_leave_the_others_alone():
    plain = [Offset(1, 30), Offset(2, 400), Offset(3, 730)]
    more = [*plain, Offset(4, 3, "plan", unit="months"), Offset(5, 7, "milestone", 1), Offset(6, 20, unit="months")]
    for days_left in (365, 500, 730, 1000):
        end = START + timedelta(days=days_left)
        assert {number: day for number, day in due_days(more, START, end).items() if number <= 3} == due_days(plain, START, end)


def test_a_template_of_day_zero_alone_falls_on_enrolment():
    assert due_days([Offset(1, 0), Offset(2, 0)], START, END) == {1: START, 2: START}


def test_a_circle_is_named_and_refused():
    with pytest.raises(CircleError) as raised:
        due_days([Offset(1, 5, "milestone", 2), Offset(2, 5, "milestone", 3), Offset(3, 5, "milestone", 1)], START, END)
    assert raised.value.numbers == (1, 2, 3)
    with pytest.raises(KeyError):
        due_days([Offset(1, 5, "milestone", 9)], START, END)
    assert circle_of({4: [4]}) == (4,)
    assert circle_of({1: [2, 3], 2: [4], 3: [4], 4: []}) is None, "two ways to the same one are no circle"
    assert in_order({3: 2, 2: 1, 7: 3}) == [2, 3, 7]


def row(number, day, *anchor, unit="days", after=(), countries=()):
    return Row(Offset(number, day, *anchor, unit=unit), tuple(after), frozenset(countries))


LAST = row(9, 730)


@pytest.mark.parametrize(("rows", "faults"), [
    ([row(1, 10, after=[2]), row(2, 5)], []),
    ([row(1, 10, after=[2]), row(2, 10)], []),
    ([row(1, 10, after=[2]), row(2, 11)], [Fault("order", 1, (2,))]),
    ([row(1, 10), row(1, 20)], [Fault("twice", 1)]),
    ([row(1, 10, after=[7])], [Fault("unknown_after", 1, (7,))]),
    ([row(1, 10, "milestone", 7)], [Fault("unknown_anchor", 1, (7,))]),
    ([row(1, 10, "milestone", None)], [Fault("unknown_anchor", 1)]),
    ([row(1, 10, "milestone", 2), row(2, 10, "milestone", 1)], [Fault("circle_anchor", 1, (1, 2))]),
    ([row(1, 10, after=[3]), row(2, 10, after=[1]), row(3, 10, after=[2])], [Fault("circle_after", 1, (1, 3, 2))]),
    ([row(1, -1)], [Fault("before_start", 1)]),
    ([row(1, 731)], [Fault("after_end", 1)]),
    ([row(1, -5, "plan")], [Fault("before_start", 1, on=START - timedelta(days=5))]),
    ([row(1, 25, "plan", unit="months")], [Fault("after_end", 1, on=date(2028, 2, 29))]),
    ([row(1, 10), row(2, -11, "milestone", 1)], [Fault("before_start", 2, on=START - timedelta(days=1))]),
    ([row(1, 1, "milestone", 9)], [Fault("after_end", 1, on=END + timedelta(days=1))]),
    ([row(1, 10, countries=["CL"]), row(2, 5, "milestone", 1)], [Fault("not_everywhere", 2, (1,))]),
    ([row(1, 10, countries=["CL", "PE"]), row(2, 5, "milestone", 1, countries=["CL"])], []),
    ([row(1, 50, countries=["CL"]), row(2, 60, countries=["PE"]), row(3, 60, after=[1, 2])], []),
    ([row(1, 50, countries=["CL"]), row(2, 60, countries=["PE"]), row(3, 55, after=[1, 2])], [Fault("order", 3, (2,))]),
    ([row(1, 50, countries=["CL"]), row(2, 60, countries=["PE"]), row(3, 55, after=[1, 2], countries=["CL"])], []),
    ([row(1, 50, countries=["CL"]), row(2, 45, after=[1])], [Fault("order", 2, (1,))]),
])
def test_a_template_is_judged(rows, faults):
    assert faults_of([*rows, LAST], START, END) == faults


def test_a_template_longer_than_its_plan_may_stay_as_it_is():
    rows = [row(1, 10), row(2, 900)]
    assert faults_of(rows, START, END) == [Fault("after_end", 2)]
    assert faults_of(rows, START, END, longest_day=900) == []


def test_rows_that_do_not_fit_14_days_apart_are_refused():
    rows = [row(number, 900) for number in range(1, 60)]
    assert faults_of(rows, START, END, longest_day=900) == [Fault("too_dense", 1)]


def test_examples_in_docstrings_hold():
    assert doctest.testmod(anchors).failed == 0
