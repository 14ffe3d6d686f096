"""Shows operators which jobs ran, and takes their wish to run one for a day; mails are `mail_desk`'s."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import cast

from flask import Blueprint, Flask, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response
from wtforms import DateField, ValidationError
from wtforms.validators import InputRequired

from cohort.kit import (
    audit,
    clock,
    delivery,
    health,
    job_words,
    ledger,
    logs,
    mail_desk,
    navigation,
    nightly_backup,
    purge,
    scheduler,
    traffic,
    watch,
)
from cohort.kit.access import current_actor, gate
from cohort.kit.database import db, transaction
from cohort.kit.jobs import JOBS, Job, job_named
from cohort.kit.ledger import JobRun, RunState

REGISTERED = (delivery, nightly_backup, purge, scheduler)  # loaded for the jobs that they register
PER_PAGE = 50
jobs = Blueprint("jobs", __name__, url_prefix="/jobs")
Page = str | Response | tuple[str, int]

navigation.announce(navigation.Entry(_l("Jobs"), "jobs.index", "clock", "job.see", 92, is_admin=True))

RUN_STATES = {
    RunState.ASKED: (_l("asked for"), "sun"), RunState.RUNNING: (_l("running"), "sea"),
    RunState.DONE: (_l("done"), "leaf"), RunState.FAILED: (_l("failed"), "coral"),
}

def _session() -> Session:
    return cast(Session, db.session())


class DayForm(FlaskForm):
    """The day for which a job is to run."""

    as_of = DateField(_l("Day"), validators=[InputRequired(_l("Choose the day that the run concerns."))])

    def validate_as_of(self, field: DateField) -> None:
        """Refuse a day that has not begun."""
        if field.data is not None and field.data > clock.today():
            raise ValidationError(gettext("That day has not come yet. Choose today or an earlier one."))


@dataclass(frozen=True)
class JobLine:
    """One job as the list shows it."""

    name: str
    title: str
    purpose: str
    schedule: str
    next_at: datetime
    last: JobRun | None
    deeds: list[str]
    failed_count: int
    trouble: str  # why somebody must look, or nothing


def _lines(session: Session) -> list[JobLine]:
    latest = select(func.max(JobRun.id)).where(JobRun.state == RunState.DONE).group_by(JobRun.job)
    done = {run.job: run for run in session.scalars(select(JobRun).where(JobRun.id.in_(latest)))}
    failures = select(JobRun.job, func.count()).where(JobRun.state == RunState.FAILED).group_by(JobRun.job)
    failed = {str(job): int(count) for job, count in session.execute(failures)}
    now = clock.now()
    trouble = {each.job.name: job_words.trouble_of(each) for each in watch.troubled(session, now)}
    return sorted((
        JobLine(
            name, str(found.title), str(found.purpose), job_words.schedule_of(found, now), found.next_firing(now),
            done.get(name), job_words.deeds_of(name, done[name].counts) if name in done else [], failed.get(name, 0),
            trouble.get(name, ""),
        ) for name, found in JOBS.items()
    ), key=lambda line: line.title)


@jobs.get("/")
@gate("job.see")
def index() -> Page:
    """List every job: what for, last good run, next run, counts, failures."""
    session = _session()
    age = health.heartbeat_age(session)
    beats = age is not None and age < health.HEARTBEAT_LIMIT
    return render_template("jobs/index.html", lines=_lines(session), scheduler_lives=beats)


def _detail(found: Job, form: DayForm) -> str:
    runs = select(JobRun).where(JobRun.job == found.name).order_by(JobRun.period.desc())
    page = db.paginate(runs, page=request.args.get("page", 1, int), per_page=PER_PAGE, max_per_page=PER_PAGE, error_out=False)
    now = clock.now()
    return render_template(
        "jobs/detail.html", job=found, schedule=job_words.schedule_of(found, now), next_at=found.next_firing(now),
        page=page, states=RUN_STATES, form=form, words=job_words,
    )


@jobs.get("/<name>")
@gate("job.see")
def detail(name: str) -> Page:
    """Show one job with its runs, latest first, and the form that runs it for a day."""
    found = job_named(name)
    return _detail(found, DayForm(as_of=found.as_of(found.last_firing(clock.now()))))


@jobs.post("/<name>/run")
@gate("job.run")
def run(name: str) -> Page:
    """Ask the scheduler to run one job for a day; a page must not wait for a long job."""
    found, form = job_named(name), DayForm()
    if not form.validate_on_submit():
        return _detail(found, form), 422
    as_of: date = form.as_of.data
    with transaction() as session:
        asked = ledger.ask(session, name, found.period_of(as_of), as_of)
        audit.record(session, current_actor(), "job.asked", asked, after={"job": name, "as_of": as_of.isoformat()})
    flash(gettext("The scheduler will run it within half a minute. Reload this page to see how it went."), "success")
    return redirect(url_for("jobs.detail", name=name))


def init_app(app: Flask) -> None:
    """Register the operator's pages, the health addresses, and a line of log and a count for each request."""
    logs.init_app(app)
    traffic.init_app(app)
    for blueprint in (jobs, mail_desk.blueprint, health.blueprint):
        app.register_blueprint(blueprint)
