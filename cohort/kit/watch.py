"""Judges by the ledger which jobs have not gone well for too long; who is told of it is decided in `people`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cohort.kit.jobs import JOBS, Job
from cohort.kit.ledger import JobRun, RunState


@dataclass(frozen=True)
class Watched:
    """How one job stands at an instant.

    `since_at` is where its silence began: its last good run, else the first line of the ledger; equal as long as one
    spell lasts. Runs by hand do not count: they do not show that the schedule works.
    """

    job: Job
    last_good_at: datetime | None
    since_at: datetime
    age: timedelta
    has_failed: bool

    @property
    def is_late(self) -> bool:
        """Whether the last good run is older than two periods of the schedule and a margin."""
        return self.age > self.job.limit

    @property
    def needs_somebody(self) -> bool:
        """Whether an operator must look: it is late, or it failed and is one of those that say so at once."""
        return self.is_late or (self.has_failed and self.job.alarms_when_failed)


def watched(session: Session, at: datetime) -> list[Watched]:
    """Return how every job stands at `at`, from what the ledger knew by then; empty before the first run of any."""
    own = JobRun.is_by_hand.is_(False)
    begun_at = session.scalar(select(func.min(JobRun.started_at)).where(own))
    if begun_at is None or begun_at > at:
        return []
    good = select(JobRun.job, func.max(JobRun.finished_at)).where(
        own, JobRun.state == RunState.DONE, JobRun.finished_at <= at)
    last = {str(job): when for job, when in session.execute(good.group_by(JobRun.job)) if when}
    broken = select(JobRun.job, func.max(JobRun.finished_at)).where(
        JobRun.state == RunState.FAILED, JobRun.finished_at <= at)
    failed = {str(job): when for job, when in session.execute(broken.group_by(JobRun.job)) if when}
    return [_stands(found, last.get(name), failed.get(name), begun_at, at) for name, found in JOBS.items()]


def _stands(found: Job, good_at: datetime | None, failed_at: datetime | None, begun_at: datetime, at: datetime) -> Watched:
    since_at = good_at or begun_at
    has_failed = failed_at is not None and (good_at is None or failed_at > good_at)
    return Watched(found, good_at, since_at, at - since_at, has_failed)


def troubled(session: Session, at: datetime) -> list[Watched]:
    """Return the jobs that need somebody at `at`, in the order of the registry."""
    return [each for each in watched(session, at) if each.needs_somebody]
