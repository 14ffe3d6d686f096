"""Days of a pause and of a plan that moves."""

from __future__ import annotations

from datetime import date

import pytest

from cohort.rules.redating import pause_days


def test_a_pause_that_ends_before_it_begins_is_none():
    assert pause_days(date(2026, 3, 1), date(2026, 3, 31)) == 31
    with pytest.raises(ValueError, match=r"^a pause ends on or after its first day$"):
        pause_days(date(2026, 3, 2), date(2026, 3, 1))
