"""A call closes by itself: after its grace, once, with the pool that the button freezes; an empty one waits for a person."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from cohort.kit import clock
from cohort.kit.access import SYSTEM, act_as
from cohort.kit.audit import AuditEntry
from cohort.kit.database import db, transaction
from cohort.kit.jobs import catch_up, run_job
from cohort.rounds.calls.closing import close_due
from cohort.rounds.calls.service import close_round
from cohort.rounds.models import Application, Round
from tests.rooms.rounds.conftest import CLOSES, NOW, Site, World

JOB = "round_closings"
GRACE = timedelta(minutes=15)


@pytest.mark.parametrize(("at", "as_of", "count"), [
    (CLOSES + GRACE, date(2026, 11, 20), 0),
    (CLOSES + GRACE + timedelta(seconds=60), date(2026, 11, 20), 0),  # the last one may still be being saved
    (CLOSES + GRACE + timedelta(seconds=61), date(2026, 11, 20), 1),
    (CLOSES + timedelta(days=9), date(2026, 11, 19), 0),  # on that day the call was open
    (CLOSES + timedelta(days=9), date(2026, 11, 20), 1),
])
def test_a_call_closes_after_its_grace(world: World, at: datetime, as_of: date, count: int) -> None:
    round_ = world.call()
    round_.grace_minutes = 15
    world.apply(round_, "una", "PE", 1, womens=True)
    with clock.at(at):
        assert close_due(world.session, SYSTEM, as_of) == count
    assert round_.status == ("closed" if count else "open")
    assert round_.closed_at == (at if count else None)


def test_the_pool_is_the_one_that_the_button_freezes(world: World) -> None:
    by_hand, by_itself = world.call(code="2026-a"), world.call(code="2026-b")
    for round_ in (by_hand, by_itself):
        world.apply(round_, f"una{round_.code}", "PE", 1 if round_ is by_hand else 2, womens=True)
    at = CLOSES + timedelta(minutes=3)
    with clock.at(at):
        assert close_round(world.session, world.manager, by_hand) == 1
        assert close_due(world.session, SYSTEM, at.date()) == 1
        assert close_due(world.session, SYSTEM, at.date()) == 0
    files = world.session.scalars(select(Application).order_by(Application.id)).all()
    assert files[0].facts == files[1].facts
    assert [(file.eligible, file.reservations) for file in files] == [("yes", ["tax_id_active", "ownership"])] * 2
    assert (by_itself.status, by_itself.closed_at, len(by_itself.pool_hash)) == ("closed", at, 64)


def test_an_empty_call_and_a_draft_wait_for_a_person(world: World) -> None:
    empty, draft = world.call(), world.call(code="2026-d", is_open=False)
    with clock.at(CLOSES + timedelta(days=1)):
        assert close_due(world.session, SYSTEM, date(2026, 11, 21)) == 0
    assert (empty.status, draft.status) == ("open", "draft")


def test_the_job_closes_once_and_says_who_did_it(doors: Site, app: Flask) -> None:
    doors.do(lambda world: world.apply(world.call(), "una", "PE", 1, womens=True))
    at = datetime(2026, 11, 20, 3, 5, tzinfo=UTC)
    clock.pin(at)
    with app.app_context():
        first = {run.period: run.counts for run in catch_up(JOB)}
        again = run_job(JOB, at.date(), again=True)
        session = db.session()
        act_as(session, SYSTEM)
        round_ = session.scalars(select(Round)).one()
        acts = session.scalars(select(AuditEntry.action).where(AuditEntry.action.in_(("round.closed", "job.ran"))).order_by(AuditEntry.seq)).all()
        db.session.remove()
    assert first == {"2026-11-20T03:05": {"closed": 1}}
    assert (again.state, again.counts) == ("done", {"closed": 0})
    assert (round_.status, round_.closed_at) == ("closed", at)
    assert list(acts) == ["round.closed", "job.ran"]


def test_a_call_without_an_hour_to_close_is_left_alone(doors: Site, app: Flask) -> None:
    doors.do(lambda world: world.apply(world.call(), "una", "PE", 1, womens=True))
    with app.app_context():
        assert run_job(JOB, NOW.date()).counts == {"closed": 0}
        with transaction() as session:
            act_as(session, SYSTEM)
            assert session.scalars(select(Round.status)).all() == ["open"]
