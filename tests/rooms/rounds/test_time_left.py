"""A call whose firms would have too few days of the plan left says so when it is written, opened and read, and what to do."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from cohort.kit import clock
from cohort.kit.errors import DomainError
from cohort.plans.service import extend_plan
from cohort.rounds.calls.time_left import TimeLeft, days_needed, time_left, time_left_of
from cohort.rounds.decisions import service as decisions
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
    assert found == TimeLeft(date(2027, 1, 18), LAST, 365, date(2028, 2, 29))
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


def test_no_warning_once_it_is_decided_and_the_warning_is_the_refusal(world: World) -> None:
    round_, _files = world.decided_ready()
    late = CLOSES + timedelta(days=60)
    with clock.at(late):
        decision = world.proposed(round_)
        world.agreed(round_, decision)
        with pytest.raises(DomainError) as refusal, world.session.begin_nested():
            decisions.seal(world.session, world.actor("second"), round_, decision.record_hash)
        assert refusal.value.code == "milestones_do_not_fit"
    world.session.refresh(round_)
    with clock.at(CLOSES + timedelta(hours=2)):
        decisions.seal(world.session, world.actor("second"), round_, decision.record_hash)
    assert time_left_of(world.session, round_) is None


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
