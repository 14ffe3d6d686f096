"""Holds which job ran for which period and how it went, and who may run it now; what a job does stands in its room."""

from __future__ import annotations

import os
import secrets
import socket
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, cast

from sqlalchemy import Index, String, Text, UniqueConstraint, delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from cohort.kit import clock
from cohort.kit.access import open_table
from cohort.kit.database import Base

STALE_AFTER = timedelta(hours=1)
MOST_ATTEMPTS = 5


class RunState(StrEnum):
    """How far a run has come; `asked` waits for the scheduler, having been asked for by a person."""

    ASKED = "asked"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class JobRun(Base):
    """One period of one job: by whom it ran, for which day, and what it counted."""

    __tablename__ = "job_run"
    __table_args__ = (
        UniqueConstraint("job", "period", name="uq_job_run_period"),
        Index("ix_job_run_state", "state"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    job: Mapped[str] = mapped_column(String(60))
    period: Mapped[str] = mapped_column(String(20))
    as_of: Mapped[date]
    state: Mapped[str] = mapped_column(String(10))
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    counts: Mapped[dict[str, Any]]
    error: Mapped[str] = mapped_column(Text, default="")
    runner: Mapped[str] = mapped_column(String(120), default="")
    attempts: Mapped[int] = mapped_column(default=0)
    is_by_hand: Mapped[bool] = mapped_column(default=False)  # such a run says nothing about where a job's history begins


class JobHeartbeat(Base):
    """The last sign of life of the leading scheduler."""

    __tablename__ = "job_heartbeat"

    name: Mapped[str] = mapped_column(String(20), primary_key=True)
    runner: Mapped[str] = mapped_column(String(120))
    beat_at: Mapped[datetime]


open_table(JobRun, "counts and days only, no personal data; its pages carry the gate job.see")
open_table(JobHeartbeat, "one row that says when the scheduler last breathed")


@dataclass(frozen=True)
class Claim:
    """The right to run one period of one job, held by one runner."""

    run_id: int
    runner: str


def new_runner() -> str:
    """Return a name for this process and this run: host, process and a random part."""
    return f"{socket.gethostname()[:80]}:{os.getpid()}:{secrets.token_hex(4)}"


def _insert(session: Session) -> Any:
    return cast(Any, sqlite if session.get_bind().dialect.name == "sqlite" else postgresql).insert(JobRun)


def claim(session: Session, job: str, period: str, as_of: date, *, again: bool = False) -> Claim | None:
    """Take one period for this runner, or return None when it is done or somebody runs it now.

    A run that failed, was asked for, or whose runner is gone is taken over; `again` also takes one that is done.
    """
    runner, now = new_runner(), clock.now()
    fresh = _insert(session).values(
        job=job, period=period, as_of=as_of, state=RunState.RUNNING, started_at=now, counts={}, runner=runner, attempts=1,
        is_by_hand=again,
    ).on_conflict_do_nothing(index_elements=["job", "period"]).returning(JobRun.id)
    run_id = session.scalar(fresh)
    if run_id is not None:
        return Claim(run_id, runner)
    run = session.scalars(
        select(JobRun).where(JobRun.job == job, JobRun.period == period).with_for_update()
    ).one()
    if run.state == RunState.DONE and not again:
        return None
    if run.state == RunState.RUNNING and not is_stale(run, now):
        return None
    run.state, run.runner, run.started_at, run.finished_at, run.error = RunState.RUNNING, runner, now, None, ""
    run.attempts += 1
    session.flush()
    return Claim(run.id, runner)


def is_stale(run: JobRun, now: datetime) -> bool:
    """Return whether a run that says it is running has lost its process: gone on this host, or silent for an hour."""
    host, pid, _token = run.runner.rsplit(":", 2)
    if host == socket.gethostname()[:80] and not _is_alive(int(pid)):
        return True
    return run.started_at is None or now - run.started_at > STALE_AFTER


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def finish(session: Session, claimed: Claim, counts: dict[str, int]) -> None:
    """Note that the run is done; called inside the transaction of its work, so both stand or neither does."""
    _close(session, claimed, state=RunState.DONE, counts=counts, error="")


def fail(session: Session, claimed: Claim, error: str) -> None:
    """Note why the run failed; its work was rolled back before."""
    _close(session, claimed, state=RunState.FAILED, error=error[:4000])


def _close(session: Session, claimed: Claim, **values: Any) -> None:
    session.execute(
        update(JobRun).where(JobRun.id == claimed.run_id, JobRun.runner == claimed.runner)
        .values(finished_at=clock.now(), **values)
    )


def ask(session: Session, job: str, period: str, as_of: date) -> JobRun:
    """Note that a person wants this period run, whether or not it ran before; the scheduler takes it up."""
    statement = _insert(session).values(job=job, period=period, as_of=as_of, state=RunState.ASKED, counts={}, is_by_hand=True)
    session.execute(statement.on_conflict_do_nothing(index_elements=["job", "period"]))
    run = session.scalars(
        select(JobRun).where(JobRun.job == job, JobRun.period == period).with_for_update()
    ).one()
    if run.state != RunState.RUNNING or is_stale(run, clock.now()):
        run.state, run.attempts = RunState.ASKED, 0
    return run


def forget_before(session: Session, jobs: list[str], cutoff: datetime) -> int:
    """Drop finished runs of the named jobs that started before `cutoff`, the last good one of each aside; return how
    many went.
    """
    last_good = select(func.max(JobRun.id)).where(JobRun.state == RunState.DONE, JobRun.is_by_hand.is_(False))
    gone = session.execute(
        delete(JobRun).where(JobRun.job.in_(jobs), JobRun.state == RunState.DONE, JobRun.started_at < cutoff)
        .where(JobRun.id.not_in(last_good.group_by(JobRun.job))).returning(JobRun.id)
    )
    return len(gone.all())
