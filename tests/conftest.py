"""Marks each test by its folder; the database, the site and its clients stand in `tests/rooms/conftest.py`."""

from __future__ import annotations

from pathlib import Path

import pytest

HERE = Path(__file__).parent
LAYERS = ("architecture", "rules", "property", "rooms", "jobs", "browser", "real")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for test in items:
        layer = test.path.relative_to(HERE).parts[0]
        if layer in LAYERS:
            test.add_marker(getattr(pytest.mark, layer))
