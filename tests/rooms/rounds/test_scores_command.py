"""`cohort import scores` from the operator's shell: what it stores, what it says, and that a faulty file stores nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from flask import Flask
from sqlalchemy import select

from cohort.app import create_app
from cohort.cli import cohort
from cohort.kit import clock
from cohort.kit.access import SYSTEM, act_as
from cohort.kit.audit import check_chain
from cohort.kit.database import db, transaction
from cohort.kit.imports import ImportRun
from cohort.kit.schema import upgrade_database
from cohort.kit.tables import write_xlsx
from cohort.rounds.models import Application, ScoreEntry
from tests.rooms.rounds.conftest import AFTER, CODE, NOW, build_world


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Flask]:
    """An installation of its own whose only call is closed, with four files."""
    monkeypatch.setenv("COHORT_INSTANCE", str(tmp_path))
    monkeypatch.setenv("COHORT_SECRET_KEY", "k" * 40)
    monkeypatch.setenv("COHORT_TODAY", AFTER.isoformat())
    app = create_app()
    upgrade_database(app)
    app.extensions["security"].pwd_context.update(argon2__time_cost=1, argon2__memory_cost=8, argon2__parallelism=1)
    with app.app_context(), clock.at(NOW), transaction() as session:
        act_as(session, SYSTEM)
        world = build_world(session)
        round_ = world.call()
        for number in range(4):
            world.apply(round_, f"firma{number}", "PE", number + 1, womens=number % 2 == 0)
        world.close(round_)
    yield app
    with app.app_context():
        db.engine.dispose()


def files(app: Flask) -> list[Application]:
    with app.app_context():
        found = list(db.session.scalars(select(Application).order_by(Application.id)))
        db.session.remove()
    return found


def stored(app: Flask) -> list[tuple[int, int | None, str]]:
    with app.app_context():
        rows = db.session.execute(select(ScoreEntry.application_id, ScoreEntry.score, ScoreEntry.source).order_by(ScoreEntry.id))
        found = [(row.application_id, row.score, row.source) for row in rows]
        assert check_chain(db.session()).broken is None
        db.session.remove()
    return found


def bring(file: Path, *more: str) -> Result:
    return CliRunner().invoke(cohort, ["import", "scores", str(file), "--round", CODE, *more])


def told(result: Result) -> tuple[int, str, str]:
    return result.exit_code, result.stdout, result.stderr


def test_a_file_by_code_and_tax_id_is_tried_stored_and_repeated(place: Flask, tmp_path: Path) -> None:
    held = files(place)
    file = tmp_path / "puntajes.csv"
    file.write_text(f"RUC;Código;Puntaje\n;{held[0].code};82,5\n{held[1].tax_id};;70\n{held[2].tax_id};{held[2].code};60,0625\n")
    said = "3 scores read; 1 eligible files stay without a score\n"
    assert told(bring(file, "--dry-run")) == (0, said, "")
    assert stored(place) == []
    assert told(bring(file)) == (0, said + "3 new, 0 changed, 0 as before\n", "")
    kept = [(held[0].id, 825_000, "import"), (held[1].id, 700_000, "import"), (held[2].id, 600_625, "import")]
    assert stored(place) == kept
    assert told(bring(file)) == (0, said + "0 new, 0 changed, 3 as before\n", "")
    assert stored(place) == kept
    with place.app_context():
        runs = [(run.kind, run.file_name, run.counts) for run in db.session.scalars(select(ImportRun))]
        db.session.remove()
    assert runs == [("scores", "puntajes.csv", {"rows": 3})] * 2


def test_a_workbook_changes_what_stood(place: Flask, tmp_path: Path) -> None:
    held = files(place)
    for points in ((70, 71.125), (70, 99.5)):
        file = tmp_path / f"sheet{points[1]}.xlsx"
        with file.open("wb") as book:
            write_xlsx(book, ["code", "score"], [(each.code, value) for each, value in zip(held[:2], points, strict=True)], "s")
        done = bring(file)
    assert told(done) == (0, "2 scores read; 2 eligible files stay without a score\n0 new, 1 changed, 1 as before\n", "")
    assert stored(place) == [(held[0].id, 700_000, "import"), (held[1].id, 711_250, "import"), (held[1].id, 995_000, "import")]


def test_faults_are_named_by_line_and_nothing_is_stored(place: Flask, tmp_path: Path) -> None:
    held = files(place)
    file = tmp_path / "s.csv"
    file.write_text(f"code,score\n{held[0].code},82.5\nNOBODY,70\n{held[1].code},101\n")
    assert told(bring(file)) == (2, "", (
        f"{file}: row 3: “NOBODY” is no file of this call that you may score. Check the code or the tax number.\n"
        f"{file}: row 4: 101 is not from 0 to 100 points. Write points from 0 to 100.\n"))
    assert stored(place) == []


@pytest.mark.parametrize(("text", "more", "said"), [
    ("name,score\nA,1\n", (), "{file}: row 1: expected a column `code` or `tax_id`, and a column `score`\n"),
    ("", (), "{file}: row 1: the file is empty; expected"),
    ("code,score\nA,1\n", ("--round", "1999-1"), "--round: there is no round '1999-1'\n"),
])
def test_bad_input_ends_with_two(place: Flask, tmp_path: Path, text: str, more: tuple[str, ...], said: str) -> None:
    file = tmp_path / "s.csv"
    file.write_text(text)
    code, out, err = told(bring(file, *more))
    assert (code, out) == (2, "")
    assert err.startswith(said.format(file=file))
    assert err.count("\n") == 1


def test_a_call_that_is_open_takes_no_scores(place: Flask, tmp_path: Path) -> None:
    with place.app_context(), transaction() as session:
        act_as(session, SYSTEM)
        for file in session.scalars(select(Application)):
            file.round.status = "open"
    (tmp_path / "s.csv").write_text("code,score\nA,1\n")
    assert told(bring(tmp_path / "s.csv")) == (
        2, "", "Scores are given after the call is closed and before the selection is adopted.\n")
