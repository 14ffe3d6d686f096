"""Registers the jobs of every room and runs one for a day, once; when they run is `scheduler`, what ran is `ledger`.

A job is given its day (`as_of`) and never asks what day it is. Its work and the note that it is done are one
transaction; what it does carries effect keys of its own, so that running a day again changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, cast
from zlib import crc32

import structlog
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cohort.kit import audit, clock, ledger
from cohort.kit.access import SYSTEM, act_as
from cohort.kit.database import db, transaction
from cohort.kit.errors import DomainError
from cohort.kit.ledger import Claim, JobRun, RunState

Run = Callable[[Session, date], dict[str, int]]
CATCH_UP_DAYS = 60
SHORTEST_MARGIN = timedelta(minutes=10)
_JOB_LOCK = 7_214_003  # any fixed number, other than those of the leader and the audit chain
RETRY_AFTER = timedelta(minutes=5)  # times the attempts so far
log = structlog.get_logger("cohort.jobs")


@dataclass(frozen=True)
class Job:
    """One job: what it is called, why it exists, when it runs (UTC), and the function that does it for a day."""

    name: str
    title: Any  # a lazy text, as is the purpose
    purpose: Any
    run: Run
    daily_at: time | None = None
    every_minutes: int | None = None
    of_day_before: bool = False
    own_transactions: bool = False
    counted: Mapping[str, Callable[[int], str]] = field(default_factory=dict)
    alarms_when_failed: bool = False  # a failure is told at once, not only when the last good run is too old
    goes_last: bool = False  # of what is caught up for one day

    def as_of(self, fires_at: datetime) -> date:
        """Return the day a firing concerns."""
        return fires_at.date() - timedelta(days=1 if self.of_day_before else 0)

    @property
    def limit(self) -> timedelta:
        """The age at which its last good run is too old: two periods and a quarter, the margin ten minutes at least."""
        period = timedelta(days=1) if self.every_minutes is None else timedelta(minutes=self.every_minutes)
        return 2 * period + max(period / 4, SHORTEST_MARGIN)

    def period_of(self, as_of: date, fires_at: datetime | None = None) -> str:
        """Return the ledger's key: the day of a daily job, the minute at which the slot began of a frequent one."""
        if self.every_minutes is None or fires_at is None:
            return as_of.isoformat()
        return fires_at.strftime("%Y-%m-%dT%H:%M")

    def last_firing(self, now: datetime) -> datetime:
        """Return the latest instant, not after `now`, at which the job was due."""
        if self.daily_at is not None:
            due = datetime.combine(now.date(), self.daily_at, UTC)
            return due if due <= now else due - timedelta(days=1)
        minutes = now.hour * 60 + now.minute
        begun = minutes - minutes % cast(int, self.every_minutes)
        return datetime.combine(now.date(), time(begun // 60, begun % 60), UTC)

    def next_firing(self, now: datetime) -> datetime:
        """Return the first instant after `now` at which the job is due."""
        step = timedelta(days=1) if self.daily_at is not None else timedelta(minutes=cast(int, self.every_minutes))
        return self.last_firing(now) + step


JOBS: dict[str, Job] = {}


def job(
    name: str, purpose: object, *, daily_at: str = "", every_minutes: int | None = None,
    of_day_before: bool = False, own_transactions: bool = False, title: object = "",
    counted: Mapping[str, Callable[[int], str]] | None = None, alarms_when_failed: bool = False, goes_last: bool = False,
) -> Callable[[Run], Run]:
    """Register a function as a job, either daily at "HH:MM" UTC or every so many minutes (a divisor of a day).

    The function is called with the session, as the system, and the day it concerns: the UTC day on which it
    fires, or the day before with `of_day_before` (for jobs that look at a day that is over). It returns what it
    did, as counts; `counted` says each of them in words ("12 mails sent"), and `title` names the job to a reader. With `own_transactions` it opens its own: for work outside the database that cannot be
    rolled back.
    """
    if name in JOBS:
        raise ValueError(f"the job {name!r} is registered already")
    if bool(daily_at) == (every_minutes is not None):
        raise ValueError(f"the job {name!r} runs either daily or every so many minutes")
    if every_minutes is not None and (every_minutes < 1 or 1440 % every_minutes):
        raise ValueError(f"the job {name!r}: a day is no multiple of {every_minutes} minutes")

    def register(run: Run) -> Run:
        at = time.fromisoformat(daily_at) if daily_at else None
        JOBS[name] = Job(
            name, title or name, purpose, run, at, every_minutes, of_day_before, own_transactions, counted or {},
            alarms_when_failed, goes_last,
        )
        return run

    return register


def job_named(name: str) -> Job:
    """Return a registered job; raises `DomainError("not_found")` when there is none of that name."""
    if name not in JOBS:
        raise DomainError("not_found")
    return JOBS[name]


@dataclass(frozen=True)
class RunResult:
    """How a run went; `state` is "skipped" when it was done before or somebody else runs it now."""

    job: str
    period: str
    as_of: date
    state: str
    counts: dict[str, int]
    error: str = ""


def run_job(name: str, as_of: date, *, period: str = "", again: bool = False) -> RunResult:
    """Run one period of a job, once; without `period` it is the day's.

    Needs the site's context. `again` repeats a period that is done, which its effect keys make harmless. A
    fault of the job is recorded and returned, not raised. Raises `DomainError("not_found")` for an unknown job.
    """
    found = job_named(name)
    period = period or found.period_of(as_of)
    with transaction() as session:
        claimed = ledger.claim(session, name, period, as_of, again=again)
    if claimed is None:
        return RunResult(name, period, as_of, "skipped", {})
    try:
        counts = _do(found, as_of, claimed)
    except Exception as error:  # the ledger must say what went wrong, whatever it was
        reason = f"{type(error).__name__}: {error}"
        with transaction() as session:
            ledger.fail(session, claimed, reason)
        log.error("job failed", job=name, period=period, error=reason, exc_info=True)
        return RunResult(name, period, as_of, RunState.FAILED, {}, reason)
    if any(counts.values()) or found.daily_at is not None:
        log.info("job done", job=name, period=period, counts=counts)
    return RunResult(name, period, as_of, RunState.DONE, counts)


def _do(found: Job, as_of: date, claimed: Claim) -> dict[str, int]:
    """Do the work as the system and note it; the reader's own reach is given back afterwards."""
    session = cast(Session, db.session())
    before = session.info.get("actor", SYSTEM)
    act_as(session, SYSTEM)
    try:
        if found.own_transactions:
            counts = found.run(session, as_of)
            with transaction() as session:
                _note(session, found, claimed, counts)
            return counts
        with transaction() as session:
            _wait_for_other_days(session, found)
            counts = found.run(session, as_of)
            _note(session, found, claimed, counts)
        return counts
    finally:
        act_as(cast(Session, db.session()), before)


def _wait_for_other_days(session: Session, found: Job) -> None:
    """Let two days of one job not work at the same moment: what the first writes the second must see.

    SQLite has one writer anyway.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(select(func.pg_advisory_xact_lock(_JOB_LOCK, crc32(found.name.encode()) & 0x7FFF_FFFF)))


def _note(session: Session, found: Job, claimed: Claim, counts: dict[str, int]) -> None:
    """Close the run in the ledger, and in the audit chain when it did anything."""
    ledger.finish(session, claimed, counts)
    if any(counts.values()):
        run = session.get_one(JobRun, claimed.run_id)
        audit.record(session, SYSTEM, "job.ran", run, after={"job": found.name, "period": run.period, "counts": counts})


def missed(session: Session, found: Job, now: datetime) -> list[tuple[str, date]]:
    """Return the (period, day) pairs of a job that are due and not done, oldest first.

    A daily job is followed back to its first run of its own, at most 60 days; one that never ran owes its latest day only,
    a frequent one its latest slot. A period that failed five times waits for a person.
    """
    firing = found.last_firing(now)
    if found.daily_at is None:
        due = [(found.period_of(found.as_of(firing), firing), found.as_of(firing))]
    else:
        latest = found.as_of(firing)
        days = [latest - timedelta(days=back) for back in range(CATCH_UP_DAYS, -1, -1)]
        due = [(day.isoformat(), day) for day in days]
    statement = select(JobRun).where(JobRun.job == found.name, JobRun.period.in_([period for period, _day in due]))
    runs = {run.period: run for run in session.scalars(statement)}
    first = min((period for period, run in runs.items() if not run.is_by_hand), default=due[-1][0])
    return [(period, day) for period, day in due if period >= first and _is_owed(runs.get(period), now)]


def _is_owed(run: JobRun | None, now: datetime) -> bool:
    if run is None or run.state == RunState.ASKED:
        return True
    if run.attempts >= ledger.MOST_ATTEMPTS or run.state == RunState.DONE:
        return False
    if run.state == RunState.FAILED:
        return run.finished_at is None or now - run.finished_at >= RETRY_AFTER * run.attempts
    return ledger.is_stale(run, now)


def catch_up(name: str = "") -> list[RunResult]:
    """Run what is due and not done, of one job or of all, oldest day first; then what people asked for."""
    session, now = cast(Session, db.session()), clock.now()
    owed = [
        (found.name, period, as_of)
        for found in ([job_named(name)] if name else JOBS.values())
        for period, as_of in missed(session, found, now)
    ]
    if not name:
        asked = select(JobRun).where(JobRun.state == RunState.ASKED, JobRun.job.in_(JOBS))
        owed += [(run.job, run.period, run.as_of) for run in session.scalars(asked.order_by(JobRun.as_of, JobRun.id))]
    session.rollback()
    ordered = sorted(dict.fromkeys(owed), key=lambda entry: (entry[2], entry[0] in JOBS and JOBS[entry[0]].goes_last))
    return [run_job(job_name, as_of, period=period) for job_name, period, as_of in ordered]
