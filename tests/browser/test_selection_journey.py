"""A call from its first page to its last replacement, as each role in a real browser, until anybody verifies its public record."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from cohort.kit.serve import free_port
from tests.browser import journey_call as call
from tests.browser import journey_decision as decision
from tests.browser.journey import CLOSING_AT, journey
from tests.browser.walks import WALKS, Walk


@pytest.mark.parametrize(("staff", "firms", "have_scripts"), [
    pytest.param(WALKS[0], WALKS[1], True, id="es"),
    pytest.param(WALKS[3], WALKS[2], False, id="en"),
])
def test_the_whole_way_of_a_call(
    world: Path, chromium: Browser, tmp_path: Path, staff: Walk, firms: Walk, have_scripts: bool
) -> None:
    port = free_port("127.0.0.1", 5950 + os.getpid() % 40)
    with journey(world, tmp_path / "journey", chromium, port, staff, firms, firms_have_scripts=have_scripts) as way:
        call.evaluators_invited(way)
        call.call_built(way)
        call.firms_apply(way)
        way.move_to(CLOSING_AT)
        call.call_closed(way)
        call.files_reviewed(way)
        decision.compared(way)
        decision.agreed(way)
        decision.sealed(way)
        decision.told(way)
        decision.answered_by_firms(way)
        decision.appeal_answered(way)
        decision.replaced(way)
        decision.published(way)
        decision.verified(way, tmp_path / "empty")
