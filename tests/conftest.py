"""Marks each test by its folder; the database, the site and its clients stand in `tests/rooms/conftest.py`."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from _pytest.terminal import TerminalReporter

from tests import figures

HERE = Path(__file__).parent
LAYERS = ("architecture", "rules", "property", "rooms", "jobs", "browser", "real")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for test in items:
        layer = test.path.relative_to(HERE).parts[0]
        if layer in LAYERS:
            test.add_marker(getattr(pytest.mark, layer))
    figures.note_examples(items)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail `make test` when a layer ran no test or a test was skipped: silence is not a pass."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if "EVERY_LAYER" not in os.environ or reporter is None or hasattr(session.config, "workerinput"):
        return
    ran = {report.nodeid.split("/")[1] for report in reporter.stats.get("passed", []) if report.nodeid.startswith("tests/")}
    missing = [layer for layer in LAYERS if layer not in ran]
    skipped = [report.nodeid for report in reporter.stats.get("skipped", [])]
    if missing or skipped:
        reporter.write_line(f"layers without a passed test: {missing}; skipped: {skipped}", red=True)
        session.exitstatus = 1


def pytest_terminal_summary(terminalreporter: TerminalReporter, exitstatus: int) -> None:
    """Under `make endurance`, print how often each thing was tried, and keep it in `docs/endurance.md` when all passed."""
    if not figures.FULL:
        return
    passed = terminalreporter.stats.get("passed", [])
    tally = figures.tallied(passed)
    terminalreporter.section("tried")
    for what, count in sorted(tally.items()):
        terminalreporter.write_line(f"{count:>9,}  {what}")
    layers = {report.nodeid.split("/")[1] for report in passed}
    if exitstatus == 0 and {"property", "jobs"} <= layers:  # a part of a run is no proof of the whole
        figures.write_page(tally, sum(report.duration for report in passed), len(passed))
