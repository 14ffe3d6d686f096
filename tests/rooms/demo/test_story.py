"""Holds the story to itself: same seed, same facts; the shortened run of jobs, the same facts; every rule kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from random import Random

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cohort.demo.build import NotADemo, TooEarly, build_demo
from cohort.demo.marker import demo_of
from cohort.demo.sketches import draw_firms
from cohort.demo.timeline import Timeline
from cohort.exports.models import Export, FirmStanding, StageFlag
from cohort.firms.models import Firm
from cohort.kit import clock
from cohort.kit.audit import check_chain
from cohort.kit.database import db, transaction
from cohort.kit.jobs import run_job
from cohort.people import grants
from cohort.plans import queries as plans
from cohort.plans.models import Member, Plan
from cohort.rounds.models import Appeal, Application, Round, Seat
from cohort.rules.stages import STAGES
from cohort.training.models import Milestone
from tests.postgres import Cluster
from tests.rooms.demo.conftest import AS_OF, SMALL, Build
from tests.rooms.demo.digest import facts


def told(app: Flask) -> dict[str, list[tuple[str, ...]]]:
    with app.app_context():
        found = facts(db.session())
        db.session.remove()
    return found


@pytest.mark.parametrize(("as_of", "starts_on"), [
    (date(2026, 11, 24), date(2025, 10, 1)), (date(2026, 2, 1), date(2025, 1, 1)), (date(2027, 1, 31), date(2025, 12, 1)),
])
def test_the_reader_comes_in_month_14_of_24(as_of: date, starts_on: date) -> None:
    plan = Plan(starts_on=starts_on, ends_on=starts_on + timedelta(days=730), extensions=[])
    assert Timeline(as_of).starts_on == starts_on
    assert plans.month_of(plan, as_of) == plans.PlanMonth(14, 24)


def test_another_seed_draws_other_firms() -> None:
    drawn = [draw_firms(Random(f"{seed}/firms"), "CL", 20, AS_OF) for seed in (7, 7, 8)]
    assert drawn[0] == drawn[1]
    assert drawn[0] != drawn[2]
    assert len({each.tax_id for each in drawn[0]}) == len({each.email for each in drawn[0]}) == 20


def test_leaving_out_idle_days_leaves_the_story_as_it_is(small: Flask, build: Build) -> None:
    assert told(build(scale=replace(SMALL, gapless_days=10_000))) == told(small)


def test_same_seed_same_story_on_either_database(small: Flask, build: Build, cluster: Cluster) -> None:
    first, again = told(small), told(build(url=cluster.fresh_database()))
    assert [name for name, rows in first.items() if not rows] == []
    assert again == first


def test_the_chain_of_acts_holds(small: Flask) -> None:
    with small.app_context():
        report = check_chain(db.session())
        db.session.remove()
    assert (report.broken, report.erased, report.links > 1000) == (None, 0, True)


def test_a_second_build_replaces_the_first_and_nothing_else_is_overwritten(build: Build) -> None:
    app = build(is_built=False)
    with app.app_context():
        with transaction() as session:
            grants.find_or_make_person(session, "rosa@example.test", "Rosa")
        with pytest.raises(NotADemo):
            build_demo(app, 7, AS_OF, scale=SMALL, progress=lambda *_: None)
        assert db.session().scalars(select(Firm)).all() == []
        db.session.remove()
    with pytest.raises(TooEarly):
        build_demo(app, 7, date(2026, 1, 31), scale=SMALL, progress=lambda *_: None)


def test_a_build_that_is_stopped_leaves_nothing(build: Build) -> None:
    app = build(is_built=False)

    def stop(done: int, _total: int, _day: date) -> None:
        if done == 60:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build_demo(app, 7, AS_OF, scale=SMALL, progress=stop)
    with app.app_context():
        counts = [db.session().scalar(select(func.count()).select_from(table)) for table in db.metadata.sorted_tables]
        db.session.remove()
    assert sum(counts) == 0


class TestFullSize:
    """The story as people see it: all of its stages, its parity, its queue and its troubles."""

    @pytest.fixture
    def told_of(self, full_size: Flask) -> Iterator[Session]:
        with full_size.app_context():
            yield db.session()
            db.session.remove()

    def test_80_members_half_of_them_womens_in_each_country(self, told_of: Session) -> None:
        rows = told_of.execute(select(Member.country, Member.womens_at_entry, Member.is_pilot)).all()
        seated = Counter(row.country for row in rows if not row.is_pilot)
        womens = Counter(row.country for row in rows if not row.is_pilot and row.womens_at_entry == "yes")
        assert seated == {"CL": 20, "CO": 20, "MX": 20, "PE": 20}
        assert [womens[country] >= 10 for country in seated] == [True] * 4
        assert Counter(row.country for row in rows if row.is_pilot) == {"CR": 3}

    def test_every_stage_is_there(self, told_of: Session) -> None:
        stages = set(told_of.scalars(select(FirmStanding.stage)))
        assert stages == {stage.value for stage in STAGES}

    def test_calls_and_the_appeal_stand_where_they_should(self, told_of: Session) -> None:
        states = dict(told_of.execute(select(Round.code, Round.status)).all())
        assert states == {"2025-1": "published", "2026-mx": "published", "2026-1": "closed", "2026-2": "open"}
        assert Counter(told_of.scalars(select(Appeal.state))) == {"waiting": 1, "rejected": 2}
        waiting = told_of.scalars(select(Appeal).where(Appeal.state == "waiting")).one()
        assert AS_OF <= waiting.due_on <= AS_OF + timedelta(days=14)
        chosen = told_of.scalars(select(Seat).join(Application).join(Round).where(Round.code == "2026-mx", Seat.outcome == "selected"))
        assert chosen.all() == []

    def test_our_own_queue_is_there(self, told_of: Session) -> None:
        waiting = Counter(told_of.scalars(select(Export.origin).where(Export.state == "waiting")))
        assert waiting == {"CL": 7, "CO": 2, "MX": 3, "PE": 2}
        handed_in = told_of.scalar(select(func.count(Milestone.id)).where(
            Milestone.handed_in_on.is_not(None), Milestone.done_on.is_(None)))
        assert handed_in is not None
        assert 3 <= handed_in <= 30

    def test_one_milestone_is_in_trouble_in_mexico(self, told_of: Session) -> None:
        late = told_of.execute(
            select(Member.country, Milestone.due_on).join(Member, Member.id == Milestone.member_id)
            .where(Milestone.number == 11, Milestone.done_on.is_(None), Milestone.handed_in_on.is_(None))
        ).all()
        assert {tuple(row) for row in late} == {("MX", AS_OF - timedelta(days=19))}
        assert len(late) == 9

    def test_a_firm_led_by_a_woman_in_chile_has_one_quarter_to_go(self, told_of: Session) -> None:
        found = told_of.execute(
            select(Firm.women_led, Firm.country, FirmStanding.stage, FirmStanding.next_step)
            .join(FirmStanding, FirmStanding.firm_id == Firm.id).where(Firm.trade_name == "Hilos del Sur")
        ).one()
        assert (found.women_led, found.country, found.stage) == ("yes", "CL", "becoming")
        assert (found.next_step["code"], found.next_step["new_quarters"]) == ("reach_recurring", 1)

    def test_judging_the_last_night_again_changes_nothing(self, told_of: Session) -> None:
        before = facts(told_of, FirmStanding, StageFlag)
        told_of.rollback()
        with clock.at(clock.now()):
            result = run_job("recurrence", AS_OF - timedelta(days=1), again=True)
        assert result.state == "done"
        assert facts(db.session(), FirmStanding, StageFlag) == before

    def test_the_note_says_that_it_is_a_demo(self, told_of: Session) -> None:
        noted = demo_of(told_of)
        assert noted is not None
        assert (noted.file_name, noted.counts) == ("seed 7, as of 2026-11-24", {"finished": 1})
