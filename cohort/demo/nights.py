"""Runs the product's own jobs for each day of the story, and none on a day on which it could do nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from cohort.demo.timeline import Timeline
from cohort.exports.models import Export, FirmStanding
from cohort.kit import clock
from cohort.kit.jobs import JOBS, run_job
from cohort.plans.models import Member
from cohort.rounds.models import Round

# Jobs by the time at which the product runs them; each is left out where the installation has no such room.
MORNING = (("reminders", time(12)), ("lapse_warnings", time(12, 30)), ("export_escalations", time(12, 40)))
NIGHT = "recurrence"
CLOSING, CLOSING_AT = "round_closings", time(11, 45)  # every few minutes in the product
GAPLESS_DAYS = 60  # the scheduler follows a job back so far: no gap may be left there


class JobFailed(RuntimeError):
    """A job of the product failed on a day of the story; the message names job, day and reason."""


def run_night(session: Session, timeline: Timeline, day: date, gapless_days: int = GAPLESS_DAYS) -> None:
    """Judge at the end of `day`, at five in the morning of the next (half past midnight on the last)."""
    is_recent = day >= timeline.before(gapless_days)
    if day < timeline.starts_on or not (is_recent or night_matters(session, day)):
        return
    at = time(0, 30) if day == timeline.last_day else time(5)
    _run(NIGHT, day, datetime.combine(day + timedelta(days=1), at, UTC))


def run_morning(
    session: Session, timeline: Timeline, day: date, due_days: Sequence[date], gapless_days: int = GAPLESS_DAYS
) -> None:
    """Close calls, write reminders and warnings of `day`; `due_days` are all days on which a milestone falls due."""
    closing_at = datetime.combine(day, CLOSING_AT, UTC)
    if closings_matter(session, closing_at):
        _run(CLOSING, day, closing_at)
    if day < timeline.starts_on:
        return
    is_recent = day >= timeline.before(gapless_days)
    matters = {
        "reminders": reminders_matter(day, due_days), "lapse_warnings": warnings_matter(session, day),
        "export_escalations": escalations_matter(session, day),
    }
    for name, at in MORNING:
        if is_recent or matters[name]:
            _run(name, day, datetime.combine(day, at, UTC))


def closings_matter(session: Session, at: datetime) -> bool:
    """Return whether a deadline has passed."""
    due = select(Round.id).where(Round.status == "open", Round.closes_at < at)
    return session.scalars(due.limit(1)).first() is not None


def night_matters(session: Session, day: date) -> bool:
    """Return whether the nightly job would look at any firm: a new fact, a day that has come, a Sunday, a new member."""
    if day.weekday() == 6:
        return True
    due = select(FirmStanding.id).where(or_(FirmStanding.is_dirty, FirmStanding.recheck_on <= day))
    if session.scalars(due.limit(1)).first() is not None:
        return True
    standings = session.scalar(select(func.count(FirmStanding.id))) or 0
    return standings < (session.scalar(select(func.count(Member.id))) or 0)


def warnings_matter(session: Session, day: date) -> bool:
    """Return whether the clock of any firm runs out within a month."""
    soon = select(FirmStanding.id).where(FirmStanding.recheck_on <= day + timedelta(days=30))
    return session.scalars(soon.limit(1)).first() is not None


def escalations_matter(session: Session, day: date) -> bool:
    """Return whether an export has waited for more than a week: a deputy is called after ten working days."""
    waiting = select(Export.id).where(
        Export.state == "waiting", Export.recorded_at < datetime.combine(day - timedelta(days=7), time(0), UTC))
    return session.scalars(waiting.limit(1)).first() is not None


def reminders_matter(day: date, due_days: Sequence[date]) -> bool:
    """Return whether a milestone is near enough to its day for any step, or staff get their digest of the week.

    The earliest step comes 7 days before and may be moved back over a long week-end; the last one comes 14 days
    after and may be moved on. Nobody is written to at week-ends.
    """
    if day.weekday() > 4:
        return False
    return day.weekday() < 2 or any(-12 <= (day - due_on).days <= 21 for due_on in due_days)


def _run(name: str, day: date, at: datetime) -> None:
    if name not in JOBS:
        return
    with clock.at(at):
        result = run_job(name, day)
    if result.state != "done":
        raise JobFailed(f"{name} of {day}: {result.state} {result.error}")
