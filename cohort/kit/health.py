"""Tells operators and their machines whether the site is alive, ready and keeping up; mends nothing."""

from __future__ import annotations

import hmac
from datetime import timedelta
from ipaddress import ip_address
from typing import cast

from flask import Blueprint, Response, abort, current_app, jsonify, request
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest
from sqlalchemy import func, select, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from cohort import __version__
from cohort.config import Settings
from cohort.kit import clock, traffic, watch
from cohort.kit.access import public, unscoped
from cohort.kit.database import db
from cohort.kit.ledger import JobHeartbeat, JobRun, RunState
from cohort.kit.outbox import MailState, OutboxMessage
from cohort.kit.schema import is_at_head

HEARTBEAT_LIMIT = timedelta(minutes=3)  # a nightly job may hold SQLite's one write lock for a while
blueprint = Blueprint("health", __name__)


def _only_operators() -> None:
    """Answer 404 to whoever is neither on this machine nor carries the token."""
    settings: Settings = current_app.extensions["settings"]
    if ip_address(request.remote_addr or "0.0.0.0").is_loopback:
        return
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if not settings.metrics_token or not hmac.compare_digest(given.encode(), settings.metrics_token.encode()):
        abort(404)


def heartbeat_age(session: Session) -> timedelta | None:
    """Return how long ago the leading scheduler gave a sign of life; None when it never did."""
    beat_at = session.scalar(select(func.max(JobHeartbeat.beat_at)))
    return None if beat_at is None else clock.now() - beat_at


def readiness() -> dict[str, bool]:
    """Return for each part whether it is ready: database, migrations, scheduler."""
    session = cast(Session, db.session())
    try:
        session.execute(text("SELECT 1"))
        migrated = is_at_head(current_app)
        age = heartbeat_age(session)
    except SQLAlchemyError:
        session.rollback()
        return {"database": False, "migrations": False, "scheduler": False}
    return {"database": True, "migrations": migrated, "scheduler": age is not None and age < HEARTBEAT_LIMIT}


@blueprint.get("/health/live")
@public
def live() -> Response:
    """Say that this process answers."""
    return jsonify(alive=True)


@blueprint.get("/health/ready")
@public
def ready() -> tuple[Response, int]:
    """Say whether every part is ready; 503 names the one that is not.

    Jobs that went wrong are named under `degraded`, and the site stays ready: taking it out of service mends no job.
    """
    _only_operators()
    parts = readiness()
    session = cast(Session, db.session())
    late = [each.job.name for each in watch.troubled(session, clock.now())] if parts["migrations"] else []
    return jsonify(ready=all(parts.values()), degraded=late, **parts), 200 if all(parts.values()) else 503


@blueprint.get("/metrics")
@public
def metrics() -> Response:
    """Give Prometheus the figures: of jobs and mails from the database, of requests from all workers."""
    _only_operators()
    session = cast(Session, db.session())
    with unscoped(session):
        page = generate_latest(_figures(session)) + traffic.figures()
    return Response(page, content_type=CONTENT_TYPE_LATEST)


def _figures(session: Session) -> CollectorRegistry:
    registry = CollectorRegistry()
    Gauge("cohort_build", "Version of the software", ["version"], registry=registry).labels(__version__).set(1)
    age = heartbeat_age(session)
    beat = Gauge("cohort_scheduler_heartbeat_age_seconds", "Since the scheduler's last sign of life", registry=registry)
    beat.set(float("nan") if age is None else age.total_seconds())
    mails = Gauge("cohort_mails", "Mails in the outbox by state", ["state"], registry=registry)
    counted = session.execute(select(OutboxMessage.state, func.count()).group_by(OutboxMessage.state))
    found = {str(state): int(count) for state, count in counted}
    for state in MailState:
        mails.labels(state.value).set(found.get(state.value, 0))
    waiting = session.scalar(select(func.min(OutboxMessage.send_after)).where(text("state = 'queued'")))
    oldest = Gauge("cohort_oldest_due_mail_age_seconds", "How long the first due mail waits", registry=registry)
    oldest.set(max(0.0, (clock.now() - waiting).total_seconds()) if waiting else 0.0)
    done = Gauge("cohort_job_last_success_timestamp_seconds", "When each job last went well", ["job"], registry=registry)
    runs = select(JobRun.job, func.max(JobRun.finished_at)).where(JobRun.state == RunState.DONE).group_by(JobRun.job)
    for name, finished_at in session.execute(runs):
        if finished_at is not None:
            done.labels(name).set(finished_at.timestamp())
    age_of = Gauge("cohort_job_last_good_seconds", "Since each job's last good run of its own", ["job"], registry=registry)
    limit_of = Gauge("cohort_job_limit_seconds", "Age at which that is too old", ["job"], registry=registry)
    for each in watch.watched(session, clock.now()):
        age_of.labels(each.job.name).set(each.age.total_seconds() if each.last_good_at else float("nan"))
        limit_of.labels(each.job.name).set(each.job.limit.total_seconds())
    failed = Gauge("cohort_job_runs_failed", "Runs that failed and were not repaired", ["job"], registry=registry)
    broken = select(JobRun.job, func.count()).where(JobRun.state == RunState.FAILED).group_by(JobRun.job)
    for name, count in session.execute(broken):
        failed.labels(name).set(count)
    return registry
