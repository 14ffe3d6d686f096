"""Fires each job when it is due, in one process at a time; what is owed is read from the ledger, never remembered."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from threading import Event
from typing import Any, cast

import structlog
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger
from flask import Flask
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from cohort.kit import clock, ledger
from cohort.kit.database import db, transaction
from cohort.kit.delivery import deliver, has_untried
from cohort.kit.errors import DomainError
from cohort.kit.jobs import JOBS, Job, catch_up, job
from cohort.kit.language import number
from cohort.kit.leader import Leadership, leadership_of
from cohort.kit.ledger import JobHeartbeat, new_runner

BEAT_SECONDS = 5
STANDBY_SECONDS = 1.0
CATCH_UP_SECONDS = 20
KEEP_FREQUENT_RUNS = timedelta(days=7)
HEARTBEAT = "scheduler"
log = structlog.get_logger("cohort.scheduler")


def run_scheduler(app: Flask, stop: Event) -> None:
    """Lead or stand by until `stop` is set; a standby takes over within seconds of the leader's end."""
    with app.app_context():
        lock = leadership_of(app)
    while not stop.is_set():
        with app.app_context():
            leads = lock.take()
        if leads:
            _lead(app, lock, stop)
        else:
            stop.wait(STANDBY_SECONDS)


def _lead(app: Flask, lock: Leadership, stop: Event) -> None:
    """Run the jobs while the lock is ours; each beat proves both."""
    runner = new_runner()
    timer = _timer(app)
    timer.start()
    log.info("scheduler leads", runner=runner, jobs=len(JOBS))
    try:
        while not stop.is_set():
            with app.app_context():
                if not lock.holds():
                    log.warning("scheduler lost its lock", runner=runner)
                    break
                beat(runner)
            stop.wait(BEAT_SECONDS)
    finally:
        timer.shutdown(wait=True)
        with app.app_context():
            lock.release()
        log.info("scheduler stepped down", runner=runner)


def beat(runner: str) -> None:
    """Write the sign of life; a database that is busy for a moment only makes it late."""
    try:
        with transaction() as session:
            session.merge(JobHeartbeat(name=HEARTBEAT, runner=runner, beat_at=clock.now()))
    except (DomainError, DBAPIError) as error:
        log.warning("heartbeat was late", reason=str(error))


def _timer(app: Flask) -> BackgroundScheduler:
    """Return the clockwork: jobs from the code, none stored; one at a time, late firings merged into one."""
    timer = BackgroundScheduler(
        timezone="UTC", executors={"default": ThreadPoolExecutor(1)},
        job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
    )
    for found in JOBS.values():
        timer.add_job(_fire, _trigger(found), args=(app, found.name), id=found.name)
    # What was missed while nobody led, what failed or crashed, and what a person asked for.
    timer.add_job(_fire, IntervalTrigger(seconds=CATCH_UP_SECONDS), args=(app, ""), id="catch-up")
    timer.add_job(_fire, args=(app, ""), id="catch-up-at-start")
    timer.add_job(_send_untried, IntervalTrigger(seconds=BEAT_SECONDS), args=(app,), id="untried-mail")
    return timer


def _trigger(found: Job) -> Any:
    if found.daily_at is not None:
        return CronTrigger(hour=found.daily_at.hour, minute=found.daily_at.minute, timezone="UTC")
    # A firing too many does nothing, so an odd number of minutes is simply looked at every minute.
    even = found.every_minutes is not None and found.every_minutes < 60 and 60 % found.every_minutes == 0
    return CronTrigger(minute=f"*/{found.every_minutes}" if even else "*", timezone="UTC")


def _fire(app: Flask, name: str) -> None:
    """Run what is owed; the ledger decides, so that a firing too many does nothing."""
    with app.app_context():
        try:
            catch_up(name)
        except (DomainError, DBAPIError) as error:
            log.warning("job is put off to the next firing", job=name, reason=str(error))


def _send_untried(app: Flask) -> None:
    """Send at once what was never tried, between two runs of the delivery job; that job retries and keeps the books."""
    with app.app_context():
        try:
            if app.extensions["settings"].smtp_url and has_untried(cast(Session, db.session())):
                deliver(app)
        except (DomainError, DBAPIError) as error:
            log.warning("mail waits for the next run of its job", reason=str(error))


@job(
    "jobs.tidy", _l("Forgets runs of frequent jobs after a week."), daily_at="03:40", title=_l("Tidy the list of runs"),
    counted={"forgotten": lambda n: ngettext("%(count)s run forgotten", "%(count)s runs forgotten", n, count=number(n))},
)
def forget_frequent_runs(session: Session, as_of: date) -> dict[str, int]:
    """Drop week-old lines of jobs that run many times a day; daily runs are kept for ever."""
    frequent = [found.name for found in JOBS.values() if found.daily_at is None]
    cutoff = datetime.combine(as_of, time(), UTC) - KEEP_FREQUENT_RUNS
    return {"forgotten": ledger.forget_before(session, frequent, cutoff)}
