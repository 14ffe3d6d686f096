"""Holds every job of the registry to one contract: repeats, crashes, delays and rivals change nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask_babel import force_locale
from sqlalchemy import select

from cohort.kit import clock, ledger
from cohort.kit.database import db, transaction
from cohort.kit.job_words import deeds_of
from cohort.kit.jobs import JOBS, catch_up, job_named, run_job
from cohort.kit.ledger import JobRun
from tests.jobs import site as sites
from tests.jobs.children import ended, fork, together
from tests.jobs.plan import live_in, trade_in

# The site is imported above, so every room has registered its jobs by now.
REGISTRY = ("test.remind", *sorted(JOBS))
LATE_DAYS = 30 if sites.FULL else 3
RACES = 10 if sites.FULL else 3
Tell = Callable[[str, object], None]


def ledger_of(app: Flask, name: str) -> list[tuple[Any, ...]]:
    with app.app_context():
        runs = db.session.scalars(select(JobRun).where(JobRun.job == name).order_by(JobRun.period))
        return [(run.period, str(run.as_of), run.state, run.attempts) for run in runs]


def run_once(app: Flask, name: str, again: bool = False) -> str:
    with app.app_context():
        return run_job(name, sites.DAY, again=again).state


def test_the_arranged_plans_give_the_jobs_something_to_do(sqlite_site: Flask) -> None:
    """Otherwise the contract below would hold for jobs that do nothing."""
    live_in(sqlite_site)
    with sqlite_site.app_context():
        written = [sum(run_job("reminders", sites.days_later(day).date()).counts.values()) > 0 for day in range(4)]
    assert written == [True, False, True, False]
    trade_in(sqlite_site)
    with sqlite_site.app_context():
        done = {name: run_job(name, sites.DAY).counts for name in ("recurrence", "lapse_warnings", "export_escalations", "uploads.purge")}
    assert done == {
        "recurrence": {"rated": 0, "judged": 3, "flags": 1, "letters": 2}, "lapse_warnings": {"warnings": 1},
        "export_escalations": {"deputies_told": 1}, "uploads.purge": {"deleted": 1},
    }


@pytest.mark.parametrize("name", REGISTRY)
def test_every_count_has_its_words(sqlite_site: Flask, name: str) -> None:
    live_in(sqlite_site)
    with sqlite_site.app_context(), force_locale("en"):
        counts = run_job(name, sites.DAY).counts
        assert counts.keys() <= job_named(name).counted.keys()
        assert all(phrase.startswith("1,234 ") or phrase.startswith("1234 ") for phrase in deeds_of(name, dict.fromkeys(job_named(name).counted, 1234)))


@pytest.mark.parametrize("name", REGISTRY)
def test_twice_is_once(sqlite_site: Flask, name: str) -> None:
    live_in(sqlite_site)
    trade_in(sqlite_site)
    assert run_once(sqlite_site, name) == "done"
    rows = sites.rows_of(sqlite_site)
    assert run_once(sqlite_site, name) == "skipped"
    assert run_once(sqlite_site, name, again=True) == "done"
    assert sites.rows_of(sqlite_site) == rows
    assert ledger_of(sqlite_site, name) == [("2026-11-24", "2026-11-24", "done", 2)]


def kill_points(writes: int) -> list[int]:
    return list(range(1, writes + 1)) if sites.FULL else sorted({1, writes // 2 + 1, writes})


@pytest.mark.parametrize("name", REGISTRY)
def test_killed_and_retried_is_once(tmp_path: Path, name: str, record_property: Tell) -> None:
    start = begun(tmp_path / "start")
    whole = sites.open_site(*at_rest(start, tmp_path / "whole"))
    writes = sites.count_writes(whole)
    assert run_once(whole, name) == "done"
    expected = sites.rows_of(whole)
    sites.dispose(whole)
    for point in kill_points(len(writes)):
        place = at_rest(start, tmp_path / f"killed-{point}")

        def die(place: tuple[Path, str] = place, point: int = point) -> None:
            app = sites.open_site(*place)
            sites.count_writes(app, at=point)
            run_once(app, name)

        assert ended(fork(die)) == -9, f"write {point} of {len(writes)}"
        app = sites.open_site(*place)
        assert run_once(app, name) == "done", f"write {point} of {len(writes)}"
        assert sites.rows_of(app) == expected, f"write {point} of {len(writes)}"
        assert [line[2] for line in ledger_of(app, name)] == ["done"]
        sites.dispose(app)
    record_property("jobs killed at a write by SIGKILL, then run again", len(kill_points(len(writes))))


def begun(folder: Path) -> Path:
    """Return a folder with a site that is lived in and at rest, to be copied."""
    folder.mkdir()
    app = sites.fresh_site(folder)
    live_in(app)
    trade_in(app)
    sites.dispose(app)
    return folder


def at_rest(source: Path, target: Path) -> tuple[Path, str]:
    return sites.copy_of(source, target), f"sqlite:///{target / 'site.db'}"


@pytest.mark.parametrize("name", REGISTRY)
def test_days_late_are_caught_up_oldest_first(tmp_path: Path, name: str, record_property: Tell) -> None:
    rows, start = [], begun(tmp_path / "start")
    for folder, days in (("daily", range(LATE_DAYS + 1)), ("late", (0, LATE_DAYS))):
        app = sites.open_site(*at_rest(start, tmp_path / folder))
        results = []
        for day in days:
            with app.app_context(), clock.at(sites.days_later(day)):
                results = catch_up(name)
        if job_named(name).daily_at is not None and folder == "late":
            found = job_named(name)
            first = found.as_of(found.last_firing(sites.days_later(1)))  # what is due after noon belongs to the day before
            assert [result.as_of.toordinal() - first.toordinal() for result in results] == list(range(LATE_DAYS))
        assert {line[2] for line in ledger_of(app, name)} == {"done"}
        without_times = {
            table: [tuple(value for value in row if not hasattr(value, "hour")) for row in found]
            for table, found in sites.rows_of(app).items()
        }
        rows.append(without_times)
        sites.dispose(app)
    assert rows[0] == rows[1]
    record_property("days caught up late, compared with a run each day", LATE_DAYS)


@pytest.mark.parametrize("name", REGISTRY)
def test_two_runners_make_one_run(
    any_site: Flask, place: str, tmp_path: Path, name: str, record_property: Tell
) -> None:
    live_in(any_site)
    sites.dispose(any_site)
    days = [sites.days_later(day).date() for day in range(RACES)]

    def race() -> None:
        app = sites.open_site(tmp_path, place)
        with app.app_context():
            for day in days:
                assert run_job(name, day).state in {"done", "skipped"}

    assert together(race, race) == [0, 0]
    assert ledger_of(any_site, name) == [(str(day), str(day), "done", 1) for day in days]
    record_property(f"periods that two runners wanted at the same moment, {place.split(':', maxsplit=1)[0]}", RACES)


def test_a_fault_is_recorded_rolled_back_and_retried_later(any_site: Flask) -> None:
    with any_site.app_context():
        result = run_job("test.break", sites.DAY)
        assert (result.state, result.error) == ("failed", "RuntimeError: broken on purpose")
        assert sites.rows_of(any_site)["outbox_message"] == []
        assert catch_up("test.break") == []  # not at once
        with clock.at(sites.NOON.replace(minute=6)):
            assert [result.state for result in catch_up("test.break")] == ["failed"]
    assert ledger_of(any_site, "test.break") == [("2026-11-24", "2026-11-24", "failed", 2)]


def test_after_five_faults_a_period_waits_for_a_person(sqlite_site: Flask) -> None:
    with sqlite_site.app_context():
        for _attempt in range(5):
            run_job("test.break", sites.DAY)
        with clock.at(sites.NOON.replace(hour=23)):
            assert catch_up("test.break") == []


def test_what_a_person_asks_for_is_taken_up(any_site: Flask) -> None:
    with any_site.app_context():
        with transaction() as session:
            ledger.ask(session, "test.remind", "2026-11-01", sites.DAY.replace(day=1))
        found = [(result.job, result.period, result.state) for result in catch_up() if result.job == "test.remind"]
    assert found == [("test.remind", "2026-11-01", "done"), ("test.remind", "2026-11-24", "done")]
