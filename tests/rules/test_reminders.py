"""Who is reminded of what on which day: firms, coordinators and offers, bundled and never twice."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from cohort.rules.progress import MilestoneState, State
from cohort.rules.reminders import (
    Audience,
    Due,
    Kind,
    ReminderPolicy,
    Step,
    coordinator_steps,
    firm_steps,
    offer_steps,
    open_milestones,
)

MONDAY = date(2027, 3, 1)
HOLIDAYS = frozenset({date(2027, 3, 25), date(2027, 3, 26)})


def milestone(number, due_on, state=State.SOON):
    return MilestoneState(number, due_on, state)


def firm_step(number, due_on, step):
    return Step(Audience.FIRM, Kind.MILESTONE, number, due_on, step)


def remind(states, day, sent=(), last=None, **facts):
    return firm_steps(states, day, sent=sent, last_message_on=last, holidays=HOLIDAYS, **facts)


@pytest.mark.parametrize(
    ("day", "step"),
    [
        (date(2027, 3, 9), None),
        (date(2027, 3, 10), -7),
        (date(2027, 3, 15), -7),
        (date(2027, 3, 16), -1),
        (date(2027, 3, 17), -1),
        (date(2027, 3, 18), 1),
        (date(2027, 3, 23), 1),
        (date(2027, 3, 24), 7),
        (date(2027, 5, 3), 7),
    ],
)
def test_the_newest_step_of_a_milestone(day, step):
    due_on = date(2027, 3, 17)
    expected = [] if step is None else [firm_step(4, due_on, step)]
    assert remind([milestone(4, due_on)], day) == expected


def test_no_step_goes_twice_and_older_ones_are_dropped():
    due_on = date(2027, 3, 17)
    sent = {firm_step(4, due_on, -1)}
    assert remind([milestone(4, due_on)], date(2027, 3, 17), sent) == []
    assert remind([milestone(4, due_on)], date(2027, 3, 18), sent) == [firm_step(4, due_on, 1)]


def test_a_reminder_for_a_day_off_goes_on_the_last_working_day_before():
    monday_after_easter = date(2027, 3, 27)
    assert remind([milestone(4, monday_after_easter)], date(2027, 3, 24)) == [
        firm_step(4, monday_after_easter, -1)
    ]


@pytest.mark.parametrize("day", [date(2027, 3, 13), date(2027, 3, 14), date(2027, 3, 25)])
def test_nothing_goes_on_days_off(day):
    assert remind([milestone(4, date(2027, 3, 17))], day) == []


@pytest.mark.parametrize("state", [State.DONE, State.WAIVED, State.WAITING, State.LOCKED])
def test_nothing_for_what_the_firm_cannot_or_need_not_do(state):
    assert remind([milestone(4, date(2027, 3, 17), state)], date(2027, 3, 18)) == []


def test_nothing_for_a_firm_that_left():
    assert remind([milestone(4, date(2027, 3, 17))], date(2027, 3, 18), is_active=False) == []


@pytest.mark.parametrize(("days_ago", "goes"), [(0, False), (1, False), (2, False), (3, True), (30, True)])
def test_one_message_in_three_days_with_all_that_is_due(days_ago, goes):
    day = date(2027, 3, 18)
    states = [
        milestone(9, date(2027, 3, 25)),
        milestone(4, date(2027, 3, 17), State.LATE),
        milestone(5, date(2027, 5, 1)),
    ]
    expected = [firm_step(4, date(2027, 3, 17), 1), firm_step(9, date(2027, 3, 25), -7)] if goes else []
    assert remind(states, day, last=day - timedelta(days=days_ago)) == expected


def test_a_plan_may_remind_on_other_days():
    rules = ReminderPolicy(before_days=(2,), overdue_days=(), min_gap_days=0)
    due_on = date(2027, 3, 17)
    found = [
        remind([milestone(4, due_on)], date(2027, 3, day), last=date(2027, 3, day), policy=rules)
        for day in (12, 15, 18)
    ]
    assert found == [[], [firm_step(4, due_on, -2)], []]


def task(subject_id, due_on, step, kind=Kind.MILESTONE, audience=Audience.COORDINATOR):
    return Step(audience, kind, subject_id, due_on, step)


def tell(dues, day, sent=(), **facts):
    return coordinator_steps(dues, day, sent=sent, holidays=HOLIDAYS, **facts)


DUES = [
    Due(Kind.MILESTONE, 1, MONDAY + timedelta(days=20)),
    Due(Kind.MILESTONE, 2, MONDAY + timedelta(days=7)),
    Due(Kind.REVIEW, 3, MONDAY + timedelta(days=2)),
    Due(Kind.MILESTONE, 4, MONDAY - timedelta(days=3)),
    Due(Kind.MILESTONE, 5, MONDAY - timedelta(days=14)),
]


def test_monday_brings_the_whole_week():
    assert tell(DUES, MONDAY) == [
        task(0, MONDAY, 0, Kind.WEEK),
        task(5, DUES[4].due_on, 14),
        task(5, DUES[4].due_on, 14, audience=Audience.MANAGER),
        task(4, DUES[3].due_on, 3),
        task(3, DUES[2].due_on, -2, Kind.REVIEW),
        task(2, DUES[1].due_on, -7),
    ]


def test_an_urgent_matter_told_before_stands_in_the_week_all_the_same():
    late = DUES[4]
    sent = {task(5, late.due_on, 14), task(5, late.due_on, 14, audience=Audience.MANAGER)}
    assert tell([late], MONDAY + timedelta(days=7), sent) == [
        task(0, MONDAY + timedelta(days=7), 0, Kind.WEEK),
        task(5, late.due_on, 21),
    ]


def test_other_days_bring_only_what_is_urgent_each_once():
    tuesday = MONDAY + timedelta(days=1)
    urgent = task(3, DUES[2].due_on, -2, Kind.REVIEW)
    late = [task(5, DUES[4].due_on, 14), task(5, DUES[4].due_on, 14, audience=Audience.MANAGER)]
    assert tell(DUES, tuesday) == [*late, urgent]
    assert tell(DUES, tuesday, {*late, urgent}) == []
    assert tell(DUES[:2], tuesday) == []


def test_nothing_to_say_is_no_message_even_on_monday():
    assert tell([], MONDAY) == []
    assert tell(DUES[:1], MONDAY) == []


def test_days_off_are_quiet_and_a_free_monday_moves_the_week_to_tuesday():
    assert tell(DUES, MONDAY - timedelta(days=1)) == []
    holidays = {MONDAY}
    found = coordinator_steps(DUES[3:4], MONDAY + timedelta(days=1), sent=(), holidays=holidays)
    assert found == [task(0, MONDAY, 0, Kind.WEEK), task(4, DUES[3].due_on, 4)]


def test_a_plan_may_open_its_week_on_friday_and_look_less_far():
    rules = ReminderPolicy(digest_weekday=4, urgent_hours=25)
    friday = MONDAY + timedelta(days=4)
    assert rules.urgent_days == 2
    assert tell(DUES[1:2], friday, policy=rules) == [
        task(0, friday, 0, Kind.WEEK),
        task(2, DUES[1].due_on, -3),
    ]


def test_a_coordinator_looks_after_what_is_neither_closed_nor_locked():
    states = [(number, milestone(number, MONDAY, state)) for number, state in enumerate(State)]
    kept = (State.OPEN, State.SOON, State.DUE_TODAY, State.LATE, State.WAITING)
    expected = [Due(Kind.MILESTONE, number, MONDAY) for number, state in enumerate(State) if state in kept]
    assert open_milestones(states) == expected


@pytest.mark.parametrize(
    ("offset", "expected"),
    [
        (0, []),
        (1, [Step(Audience.FIRM, Kind.OFFER, 8, MONDAY, 1)]),
        (2, [Step(Audience.FIRM, Kind.OFFER, 8, MONDAY, 1)]),
        (3, [Step(Audience.FIRM, Kind.OFFER, 8, MONDAY, 3)]),
        (4, [Step(Audience.COORDINATOR, Kind.OFFER_CALL, 8, MONDAY, 4)]),
        (5, []),
        (7, [Step(Audience.COORDINATOR, Kind.OFFER_CALL, 8, MONDAY, 4)]),
    ],
)
def test_an_open_offer(offset, expected):
    day = MONDAY + timedelta(days=offset)
    facts = {"sent": set(), "holidays": HOLIDAYS}
    assert offer_steps(8, MONDAY, day, is_answered=False, **facts) == expected
    assert offer_steps(8, MONDAY, day, is_answered=True, **facts) == []
    assert offer_steps(8, MONDAY, day, is_answered=False, sent=set(expected), holidays=HOLIDAYS) == []
