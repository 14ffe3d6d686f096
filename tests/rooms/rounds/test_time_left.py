"""A call whose firms would have too few days of the plan left says so when it is written, opened and read, and what to do."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from cohort.kit import clock
from cohort.kit.errors import DomainError
from cohort.plans.service import extend_plan, join_member
from cohort.rounds.calls.time_left import TimeLeft, days_needed, time_left, time_left_of
from cohort.rounds.models import Round
from tests.rooms.rounds.conftest import CLOSES, CODE, Site, World, post
from tests.rooms.rounds.pages import checked

ZONE = "America/Santiago"
TOO_SOON = "El plan termina demasiado pronto para las empresas de esta convocatoria"
LAST = date(2028, 1, 1)  # of the plan


def closing(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 23, 59, tzinfo=ZoneInfo(ZONE))


@pytest.mark.parametrize(("days", "left", "is_enough"), [(365, 365, True), (364, 364, False)])
def test_the_closing_day_counts_where_the_clock_of_the_call_is(world: World, days: int, left: int, is_enough: bool) -> None:
    joins_on = LAST - timedelta(days=days)
    found = time_left(world.session, world.plan, closing(joins_on), ZONE)
    assert (found.joins_on, found.ends_on, found.days_left, found.needed_days, found.is_enough) == (
        joins_on, LAST, left, 365, is_enough)


def test_a_deadline_in_the_past_leaves_what_is_left_from_today(world: World) -> None:
    round_ = world.call()
    with clock.at(CLOSES + timedelta(days=60)):
        found = time_left_of(world.session, round_)
    assert found == TimeLeft(date(2027, 1, 18), LAST, 365, date(2028, 2, 29), date(2027, 1, 18))
    assert not found.is_enough


def test_the_end_that_is_suggested_serves_every_open_call(world: World) -> None:
    world.call(code="2027-9").closes_at = closing(date(2027, 6, 10))
    world.session.flush()
    found = time_left(world.session, world.plan, CLOSES, ZONE)
    assert found.enough_on == date(2028, 7, 31)
    extend_plan(world.session, world.manager, world.plan, found.enough_on, "Acuerdo.")
    later = world.session.query(Round).filter_by(code="2027-9").one()
    held = time_left_of(world.session, later)
    assert held is not None
    assert held.is_enough


@pytest.mark.parametrize(("days", "needed"), [([], 365), ([14, 730], 365), ([30 * each for each in range(30)], 420), ([400] * 40, 400)])
def test_days_that_milestones_need(days: list[int], needed: int) -> None:
    assert days_needed(days) == needed


def test_the_warning_comes_exactly_where_a_firm_could_not_join(world: World) -> None:
    round_ = world.call()
    firm = world.apply(round_, "una", "PE", 1, womens=True).firm
    assert firm is not None

    def join(days: int) -> TimeLeft:
        joins_on = LAST - timedelta(days=days)
        found = time_left(world.session, world.plan, closing(joins_on), ZONE)
        with world.session.begin_nested():
            join_member(world.session, world.manager, world.plan, firm, joined_on=joins_on, round_id=round_.id, womens_at_entry="yes")
        return found

    with pytest.raises(DomainError) as refusal:
        join(364)
    assert (refusal.value.code, refusal.value.params) == ("milestones_do_not_fit", {"left": 364, "needed": 365})
    assert join(365).is_enough


@pytest.mark.parametrize(("status", "is_told"), [
    ("draft", True), ("open", True), ("closed", True), ("decided", False), ("published", False)])
def test_nothing_is_said_once_it_is_decided(world: World, status: str, is_told: bool) -> None:
    round_ = world.call()
    round_.status = status
    assert (time_left_of(world.session, round_) is not None) == is_told


def test_pages_warn_and_lead_to_the_plan_and_back(doors: Site) -> None:
    clock.pin(closing(date(2027, 1, 10)))
    manager = doors.client("manager@plan.test")
    written = manager.get("/rounds/new").text
    assert TOO_SOON in written
    answer = post(manager, "/rounds/new", template="equal", seats="8", countries=["CL", "PE"], share="50", minimum_score="60",
                  code=CODE, title_es="C", title_en="C", opens_at="2027-01-10T08:00", closes_at="2027-02-10T23:59",
                  time_zone=ZONE, grace_minutes="15")
    place = str(answer.headers["Location"])
    for path in (place, f"{place}/open", f"{place}/edit"):
        page = manager.get(path).text
        checked(page)
        assert TOO_SOON in page, path
        assert "10 de feb" in page
        assert "Quedan 325 días" in page
    link = re.search(r'href="(/plans/[0-9]+/extend\?[^"]+)"', manager.get(place).text)
    assert link is not None
    href = link[1].replace("&amp;", "&")
    assert 'value="2028-03-31"' in manager.get(href).text
    extended = post(manager, href, ends_on="2028-03-31", reason="Acuerdo del grupo técnico.")
    assert extended.headers["Location"] == place
    for path in (place, f"{place}/open", f"{place}/edit"):
        assert TOO_SOON not in manager.get(path).text, path


def test_a_link_to_extend_leads_nowhere_else(doors: Site) -> None:
    manager = doors.client("manager@plan.test")
    plan = re.search(r"/plans/([0-9]+)", str(manager.get("/plans/current").headers["Location"]))
    assert plan is not None
    page = f"/plans/{plan[1]}/extend?until=nonsense&back=https://elsewhere.test/"
    assert manager.get(page).status_code == 200
    assert post(manager, page, ends_on="2028-06-30", reason="Acuerdo.").headers["Location"] == f"/plans/{plan[1]}"


def test_an_earlier_deadline_is_named_only_where_it_would_help(world: World) -> None:
    with clock.at(closing(date(2026, 12, 20))):
        assert time_left(world.session, world.plan, closing(date(2027, 2, 1)), ZONE).earlier_helps
    with clock.at(closing(date(2027, 1, 20))):
        assert not time_left(world.session, world.plan, closing(date(2027, 2, 1)), ZONE).earlier_helps


@pytest.mark.parametrize(("typed", "kept"), [("62,5", "62.5"), ("62.5", "62.5"), ("60", "60"), ("sesenta", None), ("101", None)])
def test_the_lowest_score_is_typed_the_readers_way(doors: Site, typed: str, kept: str | None) -> None:
    manager = doors.client("manager@plan.test")
    assert 'value="60"' in manager.get("/rounds/new").text
    answer = post(manager, "/rounds/new", template="equal", seats="8", countries=["CL", "PE"], share="50", minimum_score=typed,
                  code=CODE, title_es="C", title_en="C", opens_at="2026-11-10T08:00", closes_at="2026-12-10T23:59",
                  time_zone=ZONE, grace_minutes="15")
    assert answer.status_code == (302 if kept else 422)
    if kept is None:
        assert f'value="{typed}"' in answer.text
        return
    assert doors.do(lambda world: world.session.query(Round).one().protocol["minimum_score"]) == kept
    page = manager.get(str(answer.headers["Location"]) + "/edit").text
    assert f'value="{kept.replace(".", ",")}"' in page
