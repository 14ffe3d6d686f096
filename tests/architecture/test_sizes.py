"""Holds that nothing grows past what one reading takes in: 300 lines a file, 40 a function."""

from __future__ import annotations

from pathlib import Path

from tests.architecture.source import ROOT, functions_of, name_of, python_files

FILE_LINES, FUNCTION_LINES = 300, 40


def our_files() -> list[Path]:
    """Modules, templates, our style sheets and scripts; vendored files, migrations and catalogues are free."""
    others = [
        *(ROOT / "templates").rglob("*.html"), *(ROOT / "templates").rglob("*.txt"),
        *(ROOT / "static" / "css").rglob("*.css"), *(ROOT / "static" / "js").rglob("*.js"),
    ]
    return python_files() + sorted(others)


def test_no_file_is_longer_than_300_lines() -> None:
    lengths = {name_of(path): len(path.read_text("utf-8").splitlines()) for path in our_files()}
    assert len(lengths) > 300, "the files are no longer where this test looks"
    assert {name: lines for name, lines in lengths.items() if lines > FILE_LINES} == {}


def test_no_function_is_longer_than_40_lines() -> None:
    lengths = {
        f"{name_of(path)}:{function.lineno} {function.name}": (function.end_lineno or 0) - function.lineno + 1
        for path in python_files() for function in functions_of(path)
    }
    assert {name: lines for name, lines in lengths.items() if lines > FUNCTION_LINES} == {}
