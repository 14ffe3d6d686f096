"""Holds the operator's commands: what they print, what they change, and their exit codes."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from flask import Flask
from sqlalchemy import text

from cohort.cli import cohort
from cohort.kit.database import db, transaction
from cohort.kit.jobs import run_job
from tests.jobs import site as sites

Call = Callable[..., Result]


@pytest.fixture
def app(tmp_path: Path) -> Flask:
    """The site that the commands open."""
    return sites.fresh_site(tmp_path, f"sqlite:///{tmp_path / 'cohort.db'}")


@pytest.fixture
def call(app: Flask, tmp_path: Path) -> Iterator[Call]:
    """Run one command in this process, on that site; the logs go back where they were afterwards."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    environment = {"COHORT_INSTANCE": str(tmp_path), "COHORT_SECRET_KEY": sites.KEY, "COHORT_TODAY": "2026-11-24T12:00:00+00:00"}

    def run(*words: str, **more: str) -> Result:
        result = CliRunner(env=environment | more).invoke(cohort, words)
        root.handlers, root.level = list(handlers), level
        return result

    yield run
    with app.app_context():
        db.engine.dispose()


def told(result: Result) -> tuple[int, str, str]:
    return result.exit_code, result.stdout, result.stderr


def test_jobs_are_listed_for_people_and_for_scripts(call: Call) -> None:
    lines = json.loads(call("jobs", "list", "--json").stdout)
    assert [line for line in lines if line["job"] == "test.remind"] == [
        {"job": "test.remind", "purpose": "Queues three mails.", "runs": "daily at 02:30", "next": "2026-11-25T02:30+00:00"},
    ]
    table = call("jobs", "list").stdout
    assert [word in table for word in ("Job", "Purpose", "mail.deliver", "every 1 min")] == [True] * 4


def test_a_job_run_by_hand_says_what_it_did(call: Call) -> None:
    assert told(call("jobs", "run", "test.remind")) == (0, "test.remind for 2026-11-24: done (3 mails queued)\n", "")
    assert told(call("jobs", "run", "test.remind")) == (0, "test.remind for 2026-11-24: done (nothing to do)\n", "")
    history = call("jobs", "history").stdout.split()
    assert history == ["Job", "Period", "State", "Attempts", "What", "it", "did,", "or", "its", "fault", "test.remind", "2026-11-24", "done", "2"]


def test_a_job_that_breaks_ends_with_one(call: Call) -> None:
    code, out, _logged = told(call("jobs", "run", "test.break", "--as-of", "2026-11-20"))
    assert (code, out) == (1, "test.break for 2026-11-20: failed (RuntimeError: broken on purpose)\n")


@pytest.mark.parametrize(("words", "fault"), [
    (("jobs", "run", "no.such"), "there is no job 'no.such'"),
    (("jobs", "run", "test.remind", "--as-of", "tomorrow"), "'tomorrow' does not match the format '%Y-%m-%d'"),
    (("db", "restore", "/no/such/file"), "'/no/such/file' does not exist"),
])
def test_bad_usage_ends_with_two(call: Call, words: tuple[str, ...], fault: str) -> None:
    result = call(*words)
    assert (result.exit_code, result.stdout) == (2, "")
    assert fault in result.stderr


def test_a_bad_setting_ends_with_two_and_its_name(call: Call) -> None:
    assert told(call("jobs", "list", COHORT_LOG_LEVEL="LOUD")) == (
        2, "", "COHORT_LOG_LEVEL: 'LOUD' is not one of DEBUG, INFO, WARNING, ERROR\n",
    )


AGREE = "what counts by quarter agrees with the exports: yes.\n"


def test_the_chain_is_checked_and_the_broken_link_named(app: Flask, call: Call) -> None:
    with app.app_context():
        for day in (24, 25):
            run_job("test.remind", sites.DAY.replace(day=day))
    assert told(call("db", "check")) == (0, f"2 links hold, 0 of them with erased content.\n{AGREE}", "")
    with app.app_context(), transaction() as session:
        session.execute(text("DELETE FROM audit_payload WHERE seq = 1"))
    assert json.loads(call("db", "check", "--json").stdout) == {"links": 2, "erased": 1, "broken": None, "quarters": []}
    with app.app_context(), transaction() as session:
        session.execute(text("UPDATE audit_entry SET actor_name = 'somebody' WHERE seq = 2"))
    assert told(call("db", "check")) == (
        3, f"2 links hold, 1 of them with erased content.\n{AGREE}", "Link 2 is broken: who, what or when was altered.\n",
    )


def test_backed_up_and_restored_by_command(app: Flask, call: Call, tmp_path: Path) -> None:
    archive = tmp_path / "kept.zip"
    with app.app_context():
        run_job("test.remind", sites.DAY)
    written = call("db", "backup", str(archive))
    assert (written.exit_code, written.stdout.startswith(f"Wrote {archive}: 1 parts, ")) == (0, True)
    assert told(call("db", "backup", str(archive))) == (2, "", "kept.zip exists already. Choose another name.\n")
    with app.app_context(), transaction() as session:
        session.execute(text("DELETE FROM outbox_message"))
    restored = call("db", "restore", str(archive))
    assert (restored.exit_code, restored.stdout.startswith(f"Restored {archive}: 1 parts, ")) == (0, True)
    with app.app_context():
        assert db.session.scalar(text("SELECT count(*) FROM outbox_message")) == 3


def test_upgrade_says_where_the_schema_stands(call: Call) -> None:
    first, second = call("db", "upgrade"), call("db", "upgrade")
    assert (first.exit_code, second.exit_code) == (0, 0)
    assert first.stdout == second.stdout
    assert first.stdout.startswith("The database is at schema ")


@pytest.mark.parametrize("words", [
    ("import", "scores", "FILE", "--round", "2026-1"), ("import", "scores", "FILE", "--round", "2026-1", "--dry-run"),
    ("import", "rates", "FILE"), ("jobs", "run", "reminders"), ("jobs", "history"), ("db", "check"),
    ("people", "invite", "rosa@example.test", "--role", "manager"),
])
def test_a_database_that_was_never_upgraded_ends_with_two_and_one_line(tmp_path: Path, words: tuple[str, ...]) -> None:
    (tmp_path / "s.csv").write_text("code,score,currency,date,per_usd,source\nA,1,CLP,2026-01-02,900,x\n")
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    typed = [str(tmp_path / "s.csv") if word == "FILE" else word for word in words]
    result = CliRunner(env={"COHORT_INSTANCE": str(tmp_path), "COHORT_SECRET_KEY": sites.KEY}).invoke(cohort, typed)
    root.handlers, root.level = handlers, level
    assert told(result) == (2, "", "The database is not prepared for this version. Run “cohort db upgrade” first.\n")
