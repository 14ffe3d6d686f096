"""Holds how modules import one another; which layer may see which is checked by `lint-imports` in `make check`."""

from __future__ import annotations

import ast
import tomllib

from tests.architecture.source import PACKAGE, ROOT, functions_of, name_of, python_files, tree_of

# Modules found by their name while running, each with its reason.
BY_NAME: dict[str, str] = {
    "cohort/__init__.py": "`import cohort.rules` loads no framework",
    "cohort/firms/cli.py": "an import loads its room only when it runs, and some lie above",
    "cohort/kit/serve.py": "the demo and the factory lie above the kit",
    "cohort/cli.py": "a command loads its room only when it runs",
    "cohort/kit/site.py": "the factory lies above the kit",
}
FORBIDDEN_NAMES = {"utils", "util", "helpers", "helper", "common", "manager", "misc", "base"}
LAYERS = ["app | cli", "demo", "reports", "training", "rounds", "exports", "plans", "firms", "people", "kit", "rules"]


def test_no_function_imports_to_dodge_a_cycle() -> None:
    found = {
        name_of(path) for path in python_files() for function in functions_of(path)
        for node in ast.walk(function) if isinstance(node, ast.Import | ast.ImportFrom)
    }
    assert found == set()


def test_modules_are_found_by_name_in_these_places_only() -> None:
    found = {
        name_of(path) for path in python_files() for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Name | ast.Attribute) and getattr(node, "id", getattr(node, "attr", "")) in {"import_module", "__import__"}
    }
    assert found == set(BY_NAME)


def test_no_import_is_for_the_type_checker_alone() -> None:
    assert {name_of(path) for path in python_files() if "TYPE_CHECKING" in path.read_text("utf-8")} == set()


def test_every_module_is_named_for_what_it_does() -> None:
    modules = [path for path in PACKAGE.rglob("*") if path.suffix == ".py" or path.is_dir()]
    assert {name_of(path) for path in modules if path.stem in FORBIDDEN_NAMES} == set()


def test_every_module_says_what_it_holds() -> None:
    assert {name_of(path) for path in python_files() if not (ast.get_docstring(tree_of(path)) or "").strip()} == set()


def test_the_contracts_name_every_room() -> None:
    """A room that no contract names could import anything."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    layers = next(each["layers"] for each in contracts if each["type"] == "layers")
    assert [each.replace("cohort.", "") for each in layers] == LAYERS
    rooms = {path.name for path in PACKAGE.iterdir() if (path / "__init__.py").is_file()}
    assert rooms - {"reference"} <= set(LAYERS)
