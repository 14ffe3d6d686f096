"""Lets real processes contend: writers on SQLite, schedulers for the lead, children that must be stopped."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from threading import Event

import psutil
import pytest
from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.exc import OperationalError

from cohort.kit import clock
from cohort.kit.database import db, transaction
from cohort.kit.errors import DomainError
from cohort.kit.leader import leadership_of
from cohort.kit.ledger import JobHeartbeat, JobRun
from cohort.kit.outbox import OutboxMessage
from cohort.kit.process import run_in_child
from cohort.kit.scheduler import BEAT_SECONDS, run_scheduler
from tests.jobs import site as sites
from tests.jobs.children import ended, fork, together
from tests.jobs.servers import Rules, mail_server

ROUNDS = 1_000 if sites.FULL else 60
KILLS = 8 if sites.FULL else 1
Tell = Callable[[str, object], None]


def wait_for(found: object, seconds: float = 20.0) -> None:
    """Wait until the callable `found` is true."""
    assert callable(found)
    until = time.monotonic() + seconds
    while not found():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.05)


def test_two_processes_that_read_and_then_write_never_find_the_database_locked(tmp_path: Path, record_property: Tell) -> None:
    app = sites.fresh_site(tmp_path)
    place = str(app.config["SQLALCHEMY_DATABASE_URI"])
    with app.app_context(), transaction() as session:
        sites.queue(session, 1)
    sites.dispose(app)

    def count_up() -> None:
        site = sites.open_site(tmp_path, place)
        with site.app_context():
            for _round in range(ROUNDS):
                with transaction() as session:
                    row = session.scalars(select(OutboxMessage)).one()
                    time.sleep(0.001)
                    row.attempts += 1

    assert together(count_up, count_up) == [0, 0]
    with app.app_context():
        assert db.session.scalar(select(OutboxMessage.attempts)) == 2 * ROUNDS
    record_property("transactions of two processes on one row of SQLite, none lost or locked out", 2 * ROUNDS)


def test_without_the_early_lock_the_same_pair_fails_at_once(sqlite_site: Flask) -> None:
    """The reason for `begin_writing`: this is what SQLite does otherwise, whatever the busy timeout."""
    with sqlite_site.app_context():
        engine = db.engine
        with engine.connect() as reader, engine.connect() as other:
            reader.execute(text("SELECT count(*) FROM job_heartbeat"))
            other.execute(text("INSERT INTO job_heartbeat VALUES ('a', 'b', '2026-11-24')"))
            other.commit()
            with pytest.raises(OperationalError, match="database is locked"):
                reader.execute(text("INSERT INTO job_heartbeat VALUES ('c', 'd', '2026-11-24')"))


def lead(folder: Path, place: str, smtp_url: str = "") -> None:
    app = sites.open_site(folder, place, smtp_url)
    clock.pin(None)
    stop = Event()
    signal.signal(signal.SIGTERM, lambda _number, _frame: stop.set())
    run_scheduler(app, stop)


def leader_pid(app: Flask) -> int | None:
    with app.app_context():
        runner = db.session.scalar(select(JobHeartbeat.runner))
    return None if runner is None else int(runner.split(":")[1])


def test_a_standby_takes_over_from_a_killed_leader_and_each_period_runs_once(
    any_site: Flask, place: str, tmp_path: Path, record_property: Tell
) -> None:
    pids = [fork(lambda: lead(tmp_path, place)) for _scheduler in range(2)]
    try:
        wait_for(lambda: leader_pid(any_site) is not None)
        for kill in range(KILLS):
            leader = leader_pid(any_site)
            assert leader in pids
            os.kill(leader, signal.SIGKILL)
            assert ended(leader) == -signal.SIGKILL
            pids.remove(leader)
            wait_for(lambda: leader_pid(any_site) == pids[0])
            if kill < KILLS - 1:
                pids.append(fork(lambda: lead(tmp_path, place)))
        wait_for(lambda: runs_of(any_site, "test.remind") == ["done"])
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGTERM)
    assert [ended(pid) for pid in pids] == [0]
    record_property(f"leading schedulers killed, the standby took over, {place.split(':', maxsplit=1)[0]}", KILLS)
    with any_site.app_context():
        assert db.session.query(OutboxMessage).count() == 3


def runs_of(app: Flask, name: str) -> list[str]:
    with app.app_context():
        return list(db.session.scalars(select(JobRun.state).where(JobRun.job == name)))


def test_a_leader_sends_a_waited_for_link_within_seconds(tmp_path: Path) -> None:
    rules = Rules()
    with mail_server(rules) as url:
        place = f"sqlite:///{tmp_path / 'site.db'}"
        app = sites.fresh_site(tmp_path, place, url)
        clock.pin(None)
        pid = fork(lambda: lead(tmp_path, place, url))
        try:
            wait_for(lambda: leader_pid(app) == pid)
            wait_for(lambda: runs_of(app, "mail.deliver") != [])
            with app.app_context(), transaction() as session:
                sites.queue(session, 77, "key")
            wait_for(lambda: "person77@example.org" in rules.readers, 2 * BEAT_SECONDS + 5)
        finally:
            os.kill(pid, signal.SIGTERM)
            assert ended(pid) == 0


def test_one_lock_one_leader(any_site: Flask) -> None:
    with any_site.app_context():
        first, second = leadership_of(any_site), leadership_of(any_site)
        assert (first.take(), second.take(), first.holds(), second.holds()) == (True, False, True, False)
        first.release()
        assert (first.holds(), second.take()) == (False, True)
        second.release()


def test_a_leader_whose_connection_was_cut_knows_it(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    app = sites.fresh_site(tmp_path, request.getfixturevalue("cluster").fresh_database())
    with app.app_context():
        lock = leadership_of(app)
        assert lock.take()
        db.session.execute(text("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'"))
        assert not lock.holds()


def double(number: int) -> int:
    return number * 2


def sleep_long(seconds: float) -> None:
    time.sleep(seconds)


def refuse(_argument: None) -> None:
    raise DomainError("took_too_long", seconds="7")


def break_off(_argument: None) -> None:
    raise ValueError("no such thing")


def die(_argument: None) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_child_returns_what_the_function_returns() -> None:
    assert run_in_child(double, 21, 30) == 42


def test_a_child_that_takes_too_long_is_stopped() -> None:
    began = time.monotonic()
    with pytest.raises(DomainError) as caught:
        run_in_child(sleep_long, 60.0, 2.0)
    assert (caught.value.code, caught.value.params) == ("took_too_long", {"seconds": "2"})
    assert time.monotonic() - began < 20


@pytest.mark.parametrize(
    ("function", "code", "params"),
    [
        (refuse, "took_too_long", {"seconds": "7"}),
        (break_off, "child_failed", {"reason": "ValueError: no such thing"}),
        (die, "child_failed", {"reason": "exit -9"}),
    ],
)
def test_what_goes_wrong_in_a_child_is_told(function: object, code: str, params: dict[str, str]) -> None:
    assert callable(function)
    with pytest.raises(DomainError) as caught:
        run_in_child(function, None, 30)
    assert (caught.value.code, caught.value.params) == (code, params)


def say_number_and_sleep(path: str) -> None:
    Path(path).write_text(str(os.getpid()))
    time.sleep(60)


def test_a_child_ends_with_the_process_that_waits_for_it(tmp_path: Path) -> None:
    place = tmp_path / "number"
    waiting = fork(lambda: run_in_child(say_number_and_sleep, str(place), 60))
    wait_for(lambda: place.exists() and place.read_text() != "")
    number = int(place.read_text())
    assert psutil.pid_exists(number)
    os.kill(waiting, signal.SIGKILL)
    assert ended(waiting) == -signal.SIGKILL
    wait_for(lambda: not psutil.pid_exists(number) or psutil.Process(number).status() == psutil.STATUS_ZOMBIE, 10)
