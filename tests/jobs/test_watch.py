"""Holds that a job whose last good run is too old is told of once a spell, and on every page for operators."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from flask import Flask
from flask_babel import force_locale
from sqlalchemy import select

from cohort.kit import clock, job_words, jobs, ledger
from cohort.kit.access import SYSTEM, Role
from cohort.kit.database import db, transaction
from cohort.kit.jobs import JOBS, run_job
from cohort.kit.mail import write
from cohort.kit.outbox import MAIL_KINDS, OutboxMessage
from cohort.kit.scheduler import forget_frequent_runs
from cohort.kit.watch import troubled
from cohort.people import grants
from cohort.plans.service import NewPlan, create_plan
from tests.jobs import site as sites

LIMIT = timedelta(hours=54)


@pytest.fixture(autouse=True)
def alone(kinds: None) -> Iterator[None]:
    """The registry holds the jobs of the tests and the watch alone, so that nothing else is late."""
    kept = dict(JOBS)
    for name in set(kept) - {"test.remind", "test.break", "jobs.watch"}:
        del JOBS[name]
    yield
    JOBS.clear()
    JOBS.update(kept)


def with_administrators(app: Flask, count: int = 1) -> None:
    with app.app_context(), transaction() as session:
        plan = create_plan(session, SYSTEM, NewPlan("watch", "watch", "watch", sites.DAY - timedelta(days=90), "CL"))
        for number in range(count):
            person = grants.find_or_make_person(session, f"admin{number}@watch.test", f"Admin {number}")
            grants.grant_role(session, SYSTEM, person, Role.ADMINISTRATOR, plan.id, country=None, firm_id=None)


def mails(app: Flask) -> list[tuple[str, str, str]]:
    with app.app_context():
        rows = db.session.scalars(select(OutboxMessage).where(OutboxMessage.kind == "job_alarm").order_by(OutboxMessage.id))
        return [(row.address, row.params["job"], str(row.due_on)) for row in rows]


def run(app: Flask, name: str, at: datetime) -> dict[str, int]:
    with app.app_context(), clock.at(at):
        return run_job(name, at.date(), period=f"{at:%Y-%m-%dT%H:%M}").counts


def names_at(app: Flask, at: datetime) -> list[str]:
    with app.app_context():
        return [each.job.name for each in troubled(db.session(), at)]


def test_a_job_is_late_after_two_periods_and_a_margin(any_site: Flask) -> None:
    run(any_site, "test.remind", sites.NOON)
    run(any_site, "test.break", sites.NOON)
    run(any_site, "jobs.watch", sites.NOON + LIMIT)
    ages = (-timedelta(hours=1), timedelta(minutes=40), LIMIT, LIMIT + timedelta(seconds=1))
    assert [names_at(any_site, sites.NOON + age) for age in ages] == [[], [], [], ["test.remind", "test.break"]]


def test_each_administrator_is_told_once_a_spell(any_site: Flask) -> None:
    with_administrators(any_site, 2)
    run(any_site, "test.remind", sites.NOON)
    late = sites.NOON + LIMIT + timedelta(minutes=15)
    del JOBS["test.break"]
    told = [run(any_site, "jobs.watch", late + timedelta(minutes=15 * turn)) for turn in range(3)]
    assert told == [{"alarms": 2}, {"alarms": 0}, {"alarms": 0}]
    assert mails(any_site) == [(f"admin{number}@watch.test", "test.remind", "2026-11-24") for number in range(2)]
    run(any_site, "test.remind", late + timedelta(hours=1))
    assert run(any_site, "jobs.watch", late + timedelta(hours=2)) == {"alarms": 0}
    assert run(any_site, "jobs.watch", late + timedelta(hours=2) + LIMIT) == {"alarms": 2}  # a spell of its own
    assert len(mails(any_site)) == 4


def test_a_replay_of_a_past_day_tells_nothing_new(sqlite_site: Flask) -> None:
    with_administrators(sqlite_site)
    run(sqlite_site, "test.remind", sites.NOON)
    late = sites.NOON + timedelta(days=3)
    with sqlite_site.app_context(), clock.at(late):
        first = [run_job("jobs.watch", late.date()).counts, run_job("jobs.watch", late.date(), again=True).counts]
    with sqlite_site.app_context(), clock.at(late + timedelta(days=5)):
        again = run_job("jobs.watch", late.date(), again=True).counts
    assert (first, again) == ([{"alarms": 2}, {"alarms": 0}], {"alarms": 0})


def test_an_alarm_is_taken_back_when_the_job_went_well_before_it_left(sqlite_site: Flask) -> None:
    with_administrators(sqlite_site)
    run(sqlite_site, "test.remind", sites.NOON)
    del JOBS["test.break"]
    late = sites.NOON + timedelta(days=3)
    run(sqlite_site, "jobs.watch", late)
    still_true = MAIL_KINDS["job_alarm"].still_true
    assert still_true is not None
    with sqlite_site.app_context(), clock.at(late + timedelta(hours=1)):
        [message] = db.session.scalars(select(OutboxMessage).where(OutboxMessage.kind == "job_alarm"))
        facts = still_true(db.session(), message)
        assert facts == {
            "job": "test.remind", "last_good_at": sites.NOON.isoformat(), "is_late": True,
            "title_es": "Three mails", "title_en": "Three mails",
        }
        message.language = "en"
        written = write(sqlite_site, message, facts)
        assert written.subject == "A job needs you: Three mails"
        assert "has not gone well for too long. Its last good run ended on" in written.text
        db.session.rollback()
        run_job("test.remind", clock.today())
        message = db.session.get_one(OutboxMessage, message.id)
        assert still_true(db.session(), message) is None


def test_a_failure_is_told_at_once_where_a_job_asks_for_it(sqlite_site: Flask) -> None:
    with_administrators(sqlite_site)
    del JOBS["test.break"], JOBS["test.remind"]
    for name, at_once in (("test.loud", True), ("test.quiet", False)):
        jobs.job(name, "Breaks.", daily_at="02:30", alarms_when_failed=at_once)(sites.break_down)
        run(sqlite_site, name, sites.NOON)
    with sqlite_site.app_context(), force_locale("en"):
        found = troubled(db.session(), sites.NOON + timedelta(minutes=1))
        assert [(each.job.name, job_words.trouble_of(each)) for each in found] == [("test.loud", "The last run failed.")]
        later = troubled(db.session(), sites.NOON + LIMIT * 2)
        assert {job_words.trouble_of(each) for each in later} == {
            "Too long ago: at least every 54 hours it should go well.", "Too long ago: at least every 40 minutes it should go well.",
        }


def test_the_last_good_run_of_a_frequent_job_is_never_forgotten(any_site: Flask) -> None:
    for minutes in (0, 15, 30):
        run(any_site, "jobs.watch", sites.NOON + timedelta(minutes=minutes))
    with any_site.app_context(), transaction() as session:
        assert forget_frequent_runs(session, sites.days_later(30).date()) == {"forgotten": 2}
    with any_site.app_context():
        [left] = db.session.scalars(select(ledger.JobRun))
        assert left.period == "2026-11-24T12:30"


def test_a_run_by_hand_does_not_show_that_the_schedule_works(sqlite_site: Flask) -> None:
    run(sqlite_site, "test.remind", sites.NOON)
    with sqlite_site.app_context(), clock.at(sites.NOON + LIMIT):
        run_job("test.remind", clock.today(), again=True)
    assert "test.remind" in names_at(sqlite_site, sites.NOON + LIMIT + timedelta(minutes=1))
