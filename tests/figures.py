"""Gathers how often the long suites tried what they hold, for `make endurance`; each test says its own number.

A test says it by `record_property(what, count)`; for a property test the number of examples is read from its
settings. The table is written between two marks of `docs/endurance.md`, and only when everything passed.
"""

from __future__ import annotations

import os
import platform
import re
from collections import Counter
from collections.abc import Iterable
from datetime import date
from pathlib import Path

import pytest

FULL = os.environ.get("TEST_SIZE") == "full"
PAGE = Path(__file__).parents[1] / "docs" / "endurance.md"
EXAMPLES = "examples of property tests, against slow references and laws"


def note_examples(items: Iterable[pytest.Item]) -> None:
    """Let each property test say how many examples it tries."""
    for test in items:
        settings = getattr(getattr(test, "function", None), "_hypothesis_internal_use_settings", None)
        if settings is not None:
            test.user_properties.append((EXAMPLES, settings.max_examples))


def tallied(reports: Iterable[pytest.TestReport]) -> Counter[str]:
    """The sums of what passed tests said."""
    tally: Counter[str] = Counter()
    for report in reports:
        for what, count in report.user_properties:
            tally[str(what)] += int(str(count))
    return tally


def write_page(tally: Counter[str], seconds: float, passed: int) -> None:
    """Write the table of the last whole run into the page."""
    head = (
        f"Last run: {date.today().isoformat()}, {passed} tests in {seconds / 60:.0f} minutes, {os.cpu_count()} cores, "
        f"Python {platform.python_version()}.\n\n| tried | times |\n|---|---:|\n"
    )
    lines = "".join(f"| {what} | {count:,} |\n" for what, count in sorted(tally.items()))
    page = PAGE.read_text()
    PAGE.write_text(re.sub(r"(<!-- figures -->\n).*?(<!-- end -->)", lambda marks: marks[1] + head + lines + marks[2], page, flags=re.S))
