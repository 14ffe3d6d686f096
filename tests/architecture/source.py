"""Reads our own source for the architecture tests: which files there are, what they define, import and call."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "cohort"


def python_files() -> list[Path]:
    """Every module of the package; migrations are written by a tool and are free."""
    return sorted(path for path in PACKAGE.rglob("*.py") if "migrations" not in path.parts)


def name_of(path: Path) -> str:
    """How a test names a file: its path in the checkout."""
    return path.relative_to(ROOT).as_posix()


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"), str(path))


def functions_of(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def called(node: ast.AST) -> str:
    """The dotted name of what a call calls, or nothing for anything else."""
    if not isinstance(node, ast.Call):
        return ""
    return dotted(node.func)


def dotted(node: ast.AST) -> str:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return ""


def calls_in(path: Path) -> Iterator[tuple[str, ast.Call, str]]:
    """(what is called, the call, the function it stands in) for every call of a file."""
    yield from _calls(tree_of(path), "")


def _calls(node: ast.AST, inside: str) -> Iterator[tuple[str, ast.Call, str]]:
    for child in ast.iter_child_nodes(node):
        here = child.name if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef) and not inside else inside
        if isinstance(child, ast.Call):
            yield called(child), child, here
        yield from _calls(child, here)
