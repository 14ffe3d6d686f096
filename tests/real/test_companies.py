"""An untidy published list of Colombian companies (beside the checkout, when it is there): the check finds its known faults."""

from __future__ import annotations

import csv
import json
import re
import sqlite3
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cohort.app import create_app
from cohort.cli import cohort
from cohort.config import Settings
from cohort.kit.database import db

ROOT = Path(__file__).parents[2]
COMPANIES = ROOT.parent / "shared" / "data" / "companies_co_dirty" / "companies.csv"


@pytest.fixture
def bring(tmp_path: Path):  # type: ignore[no-untyped-def]
    """Run the command on a database of its own, with the mapping that docs/import.md shows."""
    environment = {"COHORT_INSTANCE": str(tmp_path / "own"), "COHORT_DATABASE_URL": f"sqlite:///{tmp_path / 'own.db'}",
                   "COHORT_SECRET_KEY": "a key for tests that is long enough to be taken"}
    site = create_app(Settings.read(environment))
    with site.app_context():
        db.create_all()
        db.engine.dispose()
    example = re.search(r"```toml\n(.*?)```", (ROOT / "docs" / "import.md").read_text("utf-8"), re.DOTALL)
    assert example
    mapping = tmp_path / "map.toml"
    mapping.write_text(example[1], "utf-8")

    def run(path: Path, *options: str) -> Result:
        arguments = ["import", "firms", str(path), "--map", str(mapping), "--json", *options]
        return CliRunner(env=environment).invoke(cohort, arguments)

    return run


def test_the_check_finds_what_its_description_says(bring):  # type: ignore[no-untyped-def]
    if not COMPANIES.exists():
        print(f"{COMPANIES} is not here: nothing to compare with")
        return
    done = bring(COMPANIES, "--dry-run")
    report = json.loads(done.stdout)
    findings = report.pop("findings")
    report.pop("sha256")
    assert done.exit_code == 2
    assert report == {
        "file": "companies.csv", "dry_run": True, "rows": 534, "firms": 505, "new": 505, "known": 0,
        "exact_duplicate_rows": 26, "rows_in_duplicate_groups": 58, "conflicting_firms": 3, "exponent_cells": 34,
        "exponent_cells_by_column": {"ingresos_2018_miles_cop": 12, "activos_2018_miles_cop": 10, "ingresos_2017_miles_cop": 12},
        "empty_cells": 13, "check_digits_computed": 534, "faults": 3, "warnings": 49, "brought_in": 0,
        "brought_in_before": None, "unknown_columns": ["region", "ciiu", "ingresos_2017_miles_cop"]}
    assert [(found["row"], found["found"], found["what"]) for found in findings if found["is_fault"]] == [
        (78, "860000452", "the same firm stands in row 52 with other values"),
        (329, "805025964", "the same firm stands in row 263 with other values"),
        (364, "900891350", "the same firm stands in row 327 with other values")]


def test_the_rest_comes_in_once_somebody_decided_on_the_three(bring, tmp_path: Path):  # type: ignore[no-untyped-def]
    if not COMPANIES.exists():
        print(f"{COMPANIES} is not here: nothing to compare with")
        return
    with COMPANIES.open(encoding="utf-8", newline="") as opened:
        rows = [row for row in csv.reader(opened) if row]
    first = {row[0]: row for row in reversed(rows)}
    conflicting = {"860000452", "805025964", "900891350"}
    decided = [row for row in rows if row[0] not in conflicting or row is first[row[0]]]
    assert len(rows) - len(decided) == 3
    path = tmp_path / "decided.csv"
    with path.open("w", encoding="utf-8", newline="") as opened:
        csv.writer(opened).writerows(decided)
    done = bring(path)
    assert (done.exit_code, json.loads(done.stdout)["brought_in"]) == (0, 505)
    found = stored(tmp_path / "own.db")
    assert sum(int(tax_id[-1]) for tax_id, _sales in found) == 2146
    assert [tax_id for tax_id, _sales in found][:3] == ["8600035639", "8903026298", "8907000581"]
    assert dict(found)["8002514406"] == 339_085_000_000_000_00


def stored(path: Path) -> list[tuple[str, int]]:
    with sqlite3.connect(path) as connection:
        found = connection.execute("SELECT tax_id, annual_sales_minor FROM firm JOIN firm_size ON firm_id = firm.id ORDER BY firm.id").fetchall()
    connection.close()
    return found
