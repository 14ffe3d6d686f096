"""Holds which archives stay: daily, weekly, monthly, gaps included."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cohort.rules.rotation import kept_days

TODAY = date(2026, 11, 24)


def back(*days: int) -> set[date]:
    return {TODAY - timedelta(days=day) for day in days}


def test_a_year_of_nights_leaves_seven_days_four_weeks_twelve_months() -> None:
    kept = kept_days((TODAY - timedelta(days=day) for day in range(400)), daily=7, weekly=4, monthly=12)
    sundays = {date(2026, 11, 22), date(2026, 11, 15), date(2026, 11, 8)}
    ends = {date(2026, month, 1) - timedelta(days=1) for month in range(1, 12)} - {date(2025, 11, 30)}
    assert kept == back(*range(7)) | sundays | ends


def test_weeks_and_months_without_a_copy_take_no_place() -> None:
    days = back(0, 100, 101, 300, 301)
    assert kept_days(days, daily=1, weekly=2, monthly=3) == back(0, 100, 300)


def test_the_newest_always_stays_and_nothing_of_nothing() -> None:
    assert kept_days(back(3, 5), daily=0, weekly=0, monthly=0) == back(3)
    assert kept_days([], daily=7, weekly=4, monthly=12) == set()


def test_a_negative_number_is_refused() -> None:
    with pytest.raises(ValueError, match="not negative"):
        kept_days([TODAY], daily=7, weekly=-1, monthly=12)


@given(st.sets(st.dates(date(2020, 1, 1), date(2027, 1, 1)), min_size=1), *[st.integers(0, 12)] * 3)
def test_what_was_dropped_is_never_missed_later(days: set[date], daily: int, weekly: int, monthly: int) -> None:
    """Rotation after each night ends with what one rotation over all archives would have left."""
    left: set[date] = set()
    for day in sorted(days):
        left = kept_days(left | {day}, daily=daily, weekly=weekly, monthly=monthly)
    assert left == kept_days(days, daily=daily, weekly=weekly, monthly=monthly)
