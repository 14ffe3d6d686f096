"""Holds that only `kit/clock.py` reads the machine's clock, so that a demo, a replay and a test may live on another day."""

from __future__ import annotations

import ast

from tests.architecture.source import calls_in, dotted, name_of, python_files, tree_of

READERS = ("now", "utcnow", "today")
# Durations, not days: how long something took or may take; none of them is stored as a time.
DURATIONS = {"time.monotonic", "time.perf_counter", "time.sleep"}
FORBIDDEN = {f"{kind}.{reader}" for kind in ("datetime", "date", "datetime.datetime", "datetime.date") for reader in READERS} | {
    "time.time", "time.time_ns", "time.localtime", "time.gmtime", "time.strftime", "time.ctime",
}
SQL_CLOCKS = ("CURRENT_TIMESTAMP", "CURRENT_DATE", "datetime('now", "now()")


def test_only_the_clock_reads_the_clock() -> None:
    found = {
        f"{name_of(path)}:{call.lineno} {name}"
        for path in python_files() if name_of(path) != "cohort/kit/clock.py"
        for name, call, _inside in calls_in(path) if name in FORBIDDEN or name == "func.now"
    }
    assert found == set()


def test_nothing_of_the_module_time_is_used_but_durations() -> None:
    """Also by `from time import …`, which the test above cannot see."""
    imported = {
        f"{name_of(path)}: {alias.name}"
        for path in python_files() for node in ast.walk(tree_of(path))
        if isinstance(node, ast.ImportFrom) and node.module == "time"
        for alias in node.names if f"time.{alias.name}" not in DURATIONS
    }
    used = {
        f"{name_of(path)}: {dotted(node)}"
        for path in python_files() for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "time"
        and any(isinstance(each, ast.Import) and any(alias.name == "time" for alias in each.names) for each in tree_of(path).body)
        and dotted(node) not in DURATIONS
    }
    assert imported | used == set()


def test_no_statement_asks_the_database_for_the_time() -> None:
    found = {
        f"{name_of(path)}: {word}"
        for path in python_files() for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        for word in SQL_CLOCKS if word in node.value
    }
    assert found == set()
