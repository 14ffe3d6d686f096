"""States of milestones on a day, completion and graduation, shares of work done and of training attended."""

from __future__ import annotations

import doctest
from datetime import date, timedelta
from fractions import Fraction

import pytest

from cohort.rules import progress
from cohort.rules.progress import (
    Completion,
    Milestone,
    MilestoneState,
    State,
    attendance_share,
    attends_enough,
    completion_of,
    done_share,
    states_of,
)

DAY = date(2027, 3, 1)


def on(offset):
    return DAY + timedelta(days=offset)


@pytest.mark.parametrize(
    ("milestone", "state", "days_late"),
    [
        (Milestone(1, on(15)), State.OPEN, 0),
        (Milestone(1, on(14)), State.SOON, 0),
        (Milestone(1, on(1)), State.SOON, 0),
        (Milestone(1, on(0)), State.DUE_TODAY, 0),
        (Milestone(1, on(-1)), State.LATE, 1),
        (Milestone(1, on(-40)), State.LATE, 40),
        (Milestone(1, on(5), submitted_on=on(0)), State.WAITING, 0),
        (Milestone(1, on(-5), submitted_on=on(-6)), State.WAITING, 5),
        (Milestone(1, on(5), submitted_on=on(1)), State.SOON, 0),
        (Milestone(1, on(-5), submitted_on=on(-6), done_on=on(0)), State.DONE, 0),
        (Milestone(1, on(-5), done_on=on(1)), State.LATE, 5),
        (Milestone(1, on(-5), waived_on=on(-9)), State.WAIVED, 0),
        (Milestone(1, on(-5), waived_on=on(-9), done_on=on(-2)), State.DONE, 0),
        (Milestone(1, on(5), after=(99,)), State.SOON, 0),
    ],
)
def test_the_state_on_a_day(milestone, state, days_late):
    assert states_of([milestone], DAY) == [MilestoneState(1, milestone.due_on, state, days_late)]


def test_a_milestone_is_locked_until_those_before_it_are_closed():
    rows = [
        Milestone(19, on(-2), after=(17,)),
        Milestone(15, on(-90), done_on=on(-80)),
        Milestone(17, on(3), after=(15,)),
        Milestone(21, on(60), after=(19,)),
        Milestone(22, on(60), after=(15,)),
    ]
    assert states_of(rows, DAY) == [
        MilestoneState(15, on(-90), State.DONE),
        MilestoneState(17, on(3), State.SOON),
        MilestoneState(19, on(-2), State.LOCKED, 2, (17,)),
        MilestoneState(21, on(60), State.LOCKED, 0, (19,)),
        MilestoneState(22, on(60), State.OPEN),
    ]
    assert states_of([Milestone(1, on(9))], DAY, soon_days=7) == [MilestoneState(1, on(9), State.OPEN)]
    waived = [Milestone(17, on(-9), waived_on=on(-1)), Milestone(19, on(-2), after=(17,))]
    assert [state.state for state in states_of(waived, DAY)] == [State.WAIVED, State.LATE]


def plan(done, waived=()):
    return [
        MilestoneState(
            number,
            DAY,
            State.DONE if number in done else State.WAIVED if number in waived else State.OPEN,
        )
        for number in range(1, 24)
    ]


REQUIRED = {1, 5, 6, 15, 23}
REST = [number for number in range(1, 24) if number not in REQUIRED]


@pytest.mark.parametrize(
    ("done", "waived", "found", "graduates"),
    [
        (set(), (), Completion((1, 5, 6, 15, 23), 0, 15, 18), False),
        ({*REQUIRED, *REST[:15]}, (), Completion((), 15, 15, 18), True),
        ({*REQUIRED, *REST[:14]}, (), Completion((), 14, 15, 18), False),
        ({*REQUIRED, *REST[:14]}, REST[14:16], Completion((), 14, 13, 16), True),
        ({1, 5, 6, 15, *REST}, (), Completion((23,), 18, 15, 18), False),
        ({1, 5, 6, 15, *REST}, (23,), Completion((23,), 18, 15, 18), False),
        (REQUIRED, REST, Completion((), 0, 0, 0), True),
    ],
)
def test_completion_and_graduation(done, waived, found, graduates):
    completion = completion_of(plan(done, waived))
    assert (completion, completion.is_graduate) == (found, graduates)


def test_a_plan_may_name_other_rules():
    completion = completion_of(plan({2}), required=frozenset({2, 30}), rest_percent=50)
    assert completion == Completion((30,), 0, 11, 22)


def test_the_share_done_leaves_waived_ones_out():
    assert done_share(plan({1, 2}, (3,))) == Fraction(2, 22)
    assert done_share(plan(set(), range(1, 24))) == 0


def test_attendance_counts_from_exactly_80_percent():
    assert attendance_share(30, 40) == Fraction(3, 4)
    assert attendance_share(0, 0) is None
    assert [attends_enough(attended, 2400) for attended in (1919, 1920)] == [False, True]
    assert not attends_enough(0, 0)


@pytest.mark.parametrize(("attended", "held"), [(-1, 10), (11, 10)])
def test_impossible_attendance_is_refused(attended, held):
    with pytest.raises(ValueError, match="between 0 and"):
        attendance_share(attended, held)


def test_examples_in_docstrings_hold():
    assert doctest.testmod(progress).failed == 0
