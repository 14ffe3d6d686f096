"""Holds what operators' machines are told, and that nobody else is told anything."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from cohort.kit import clock
from cohort.kit.database import transaction
from cohort.kit.jobs import JOBS, run_job
from cohort.kit.ledger import JobHeartbeat
from tests.jobs import site as sites

FAR = {"REMOTE_ADDR": "203.0.113.9"}


def beat(app: Flask, age: timedelta) -> None:
    with app.app_context(), transaction() as session:
        session.merge(JobHeartbeat(name="scheduler", runner="host:1:a", beat_at=clock.now() - age))


@pytest.mark.parametrize(("age", "status", "lives"), [
    (timedelta(seconds=5), 200, True), (timedelta(minutes=4), 503, False), (None, 503, False),
])
def test_ready_says_which_part_is_not(app: Flask, client: FlaskClient, age: timedelta | None, status: int, lives: bool) -> None:
    if age is not None:
        beat(app, age)
    answer = client.get("/health/ready")
    assert (answer.status_code, answer.get_json()) == (
        status, {"ready": lives, "degraded": [], "database": True, "migrations": True, "scheduler": lives},
    )


def test_anyone_may_ask_whether_it_lives(client: FlaskClient) -> None:
    answer = client.get("/health/live", environ_overrides=FAR)
    assert (answer.status_code, answer.get_json()) == (200, {"alive": True})


@pytest.mark.parametrize("path", ["/health/ready", "/metrics"])
def test_from_elsewhere_only_the_token_opens(app: Flask, client: FlaskClient, path: str) -> None:
    settings = app.extensions["settings"]

    def status(**headers: str) -> int:
        return client.get(path, environ_overrides=FAR, headers=headers).status_code

    assert [status(), status(Authorization="Bearer ")] == [404, 404]
    app.extensions["settings"] = replace(settings, metrics_token="a token")
    try:
        found = [status(), status(Authorization="Bearer another"), status(Authorization="Bearer a token")]
    finally:
        app.extensions["settings"] = settings
    assert found in ([404, 404, 200], [404, 404, 503])


@pytest.mark.usefixtures("kinds")
def test_figures_are_those_of_the_database(app: Flask, client: FlaskClient) -> None:
    beat(app, timedelta(seconds=10))
    with app.app_context():
        run_job("test.remind", sites.DAY)
        run_job("test.break", sites.DAY)
    figures: dict[str, Any] = {}
    for line in client.get("/metrics").text.splitlines():
        if not line.startswith(("#", "cohort_request_seconds")):
            name, value = line.rsplit(" ", 1)
            figures[name] = float(value)
    assert 10 <= figures.pop("cohort_scheduler_heartbeat_age_seconds") < 60
    assert 0 <= figures.pop("cohort_oldest_due_mail_age_seconds") < 60
    age, limits = ({
        name.split('"')[1]: figures.pop(name) for name in list(figures) if name.startswith(start)
    } for start in ("cohort_job_last_good_seconds", "cohort_job_limit_seconds"))
    assert age.keys() == limits.keys() == JOBS.keys()
    assert 0 <= age["test.remind"] < 60
    assert math.isnan(age["test.break"])  # it never went well
    assert (limits["test.remind"], limits["mail.deliver"]) == (54 * 3600, 12 * 60)
    assert figures.pop('cohort_job_last_success_timestamp_seconds{job="test.remind"}') > 1.7e9
    assert figures == {
        'cohort_build{version="0.1.0"}': 1, 'cohort_mails{state="queued"}': 3, 'cohort_mails{state="sending"}': 0,
        'cohort_mails{state="sent"}': 0, 'cohort_mails{state="cancelled"}': 0, 'cohort_mails{state="failed"}': 0,
        'cohort_job_runs_failed{job="test.break"}': 1,
    }


def requests_of(client: FlaskClient) -> dict[str, float]:
    lines = client.get("/metrics").text.splitlines()
    found = [line.rsplit(" ", 1) for line in lines if line.startswith("cohort_request_seconds")]
    return {name: float(value) for name, value in found}


def test_requests_are_counted_by_route_and_status_with_their_seconds(client: FlaskClient) -> None:
    before = requests_of(client)
    for path in ("/sign-in", "/sign-in", "/no/such/page", "/health/live", "/mail/7"):
        client.get(path)
    client.open("/sign-in", method="BREW")
    after = requests_of(client)
    risen = {name: after[name] - before.get(name, 0) for name in after if name.startswith("cohort_request_seconds_count")}
    assert {name: count for name, count in risen.items() if count} == {
        'cohort_request_seconds_count{method="GET",route="/sign-in",status="200"}': 2,
        'cohort_request_seconds_count{method="GET",route="none",status="404"}': 1,
        'cohort_request_seconds_count{method="GET",route="/mail/<int:message_id>",status="302"}': 1,
        'cohort_request_seconds_count{method="other",route="none",status="405"}': 1,
    }
    spent = 'cohort_request_seconds_sum{method="GET",route="/sign-in",status="200"}'
    assert 0 < after[spent] - before.get(spent, 0) < 10


@pytest.mark.parametrize(("given", "kept"), [("abcdef-123456", True), ("x", False), ("a b\"c{}------", False)])
def test_each_answer_names_its_request(client: FlaskClient, given: str, kept: bool) -> None:
    found = client.get("/health/live", headers={"X-Request-ID": given}).headers["X-Request-ID"]
    assert (found == given) is kept
    assert len(found) >= 8
