"""The lottery's least chance equals that of every panel written down, and its own check accepts it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cohort.rules.lottery import lottery_of
from cohort.rules.lottery_check import check_lottery
from cohort.rules.lottery_draw import drawn_panel
from tests.property.brute_lottery import best_panels, least_chance
from tests.property.sizes import examples
from tests.property.test_selection import pool_of, questions


@settings(max_examples=examples(60, 600), deadline=None)
@given(questions(most=9), st.lists(st.sampled_from([70, 600_000, 610_000]), max_size=2, unique=True))
def test_the_least_chance_is_the_highest_that_all_panels_together_give(question, edges):
    people, plan = question
    found = lottery_of(pool_of(people), plan, edges)
    panels = best_panels(people, plan.seats, plan.quotas, edges)
    assert (found.status == "optimal") == bool(panels)
    assert check_lottery(pool_of(people), plan, edges, found, "seed", drawn_panel(found, "seed")) == ()
    if panels:
        assert float(found.least) == pytest.approx(least_chance(panels), abs=1e-9)
        assert float(found.bound) == pytest.approx(float(found.least), rel=1e-6)
        assert {one for one, chance in found.chances.items() if chance} == set().union(*panels)
        assert set(drawn_panel(found, "seed")) in panels
