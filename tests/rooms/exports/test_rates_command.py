"""`cohort import rates` on a real installation: what it says, what it writes, how it ends."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from cohort.app import create_app
from cohort.exports.models import ExchangeRate
from cohort.exports.rates.cli import rates
from cohort.kit.database import db
from cohort.kit.schema import upgrade_database


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("COHORT_INSTANCE", str(tmp_path))
    monkeypatch.setenv("COHORT_SECRET_KEY", "k" * 40)
    app = create_app()
    upgrade_database(app)
    with app.app_context():
        db.engine.dispose()
    return tmp_path


def stored() -> list[tuple[str, str]]:
    app = create_app()
    with app.app_context():
        found = [(row.currency, row.per_usd) for row in db.session.scalars(select(ExchangeRate).order_by(ExchangeRate.id))]
        db.session.remove()
        db.engine.dispose()
    return found


def test_the_command(folder: Path) -> None:
    file = folder / "rates.csv"
    file.write_text("currency,date,per_usd,source\nCLP,2026-11-20,944.14,BCCh\n", encoding="utf-8")
    runner = CliRunner()
    tried = runner.invoke(rates, [str(file), "--dry-run", "--json"])
    assert (tried.exit_code, json.loads(tried.stdout)) == (0, {"new": 1, "known": 0, "filled": 0, "dry_run": True, "brought_in_before": False})
    assert stored() == []
    done = runner.invoke(rates, [str(file)])
    assert (done.exit_code, done.stdout) == (0, "1 new rates, 0 as before; 0 exports converted\n")
    again = runner.invoke(rates, [str(file)])
    assert (again.exit_code, again.stdout) == (0, "This file was brought in before; nothing was changed.\n")
    assert stored() == [("CLP", "944.14")]


@pytest.mark.parametrize(("text", "said"), [
    ("currency,date,per_usd,source\nCLP,2026-11-20,0,BCCh\n", 'row 2, column per_usd: "0"; expected units for one dollar, more than 0'),
    ("currency,date,source\nCLP,2026-11-20,BCCh\n", "row 1: there is no column per_usd; expected currency, date, per_usd and source (or --source)"),
    ("", "row 1: the file is empty"),
])
def test_faults_end_with_two_and_write_nothing(folder: Path, text: str, said: str) -> None:
    file = folder / "rates.csv"
    file.write_text(text, encoding="utf-8")
    done = CliRunner().invoke(rates, [str(file)])
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.startswith(f"{file}: {said}")
    assert stored() == []
