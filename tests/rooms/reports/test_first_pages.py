"""First pages say the answer in words: who stands in for whom, how many stand where, amounts in the reader's language."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask, g
from sqlalchemy.orm import Session

from cohort.exports.models import FirmStanding
from cohort.kit.access import SYSTEM
from cohort.plans.service import name_deputy
from cohort.reports import words
from tests.rooms.stage import Do, PagesOf
from tests.world import NOW, World

TODAY = NOW.date()


@pytest.mark.parametrize(("cents", "spanish", "english"), [
    (0, "US$ 0", "US$ 0"), (95_100, "US$ 951", "US$ 951"), (999_900, "US$ 9.999", "US$ 9,999"), (1_000_000, "US$ 10 mil", "US$ 10 k"),
    (41_000_000, "US$ 410 mil", "US$ 410 k"), (177_000_000, "US$ 1,77 M", "US$ 1.77 M"),
])
def test_amounts_of_headlines(app: Flask, cents: int, spanish: str, english: str) -> None:
    said = []
    for language in ("es", "en"):
        with app.test_request_context(headers={"Accept-Language": language}):
            g.language = language
            said.append(words.short_usd(cents))
    assert said == [spanish, english]


def test_a_deputy_reads_for_whom_and_until_when_and_finds_the_work(world: World, do: Do, pages: PagesOf) -> None:
    before = pages("peru").get("/reports/work").text
    assert "You stand in for" not in before
    assert "Ñandú Tejidos" not in before

    def stand_in(session: Session) -> None:
        name_deputy(
            session, SYSTEM, world.plan_of(session), "CL", coordinator_id=world.people["coordinator"], deputy_id=world.people["peru"],
            from_on=TODAY, until_on=TODAY + timedelta(days=9))

    do(stand_in)
    after = pages("peru").get("/reports/work").text
    assert "You stand in for Coordinator (Chile) until December 3, 2026; their work is in your lists." in after
    assert "Ñandú Tejidos" in after
    assert "You stand in for" not in pages("coordinator").get("/reports/work").text


def test_an_observer_reads_how_many_stand_where_and_nobody_by_name(world: World, do: Do, pages: PagesOf) -> None:
    def stand(session: Session) -> None:
        session.add_all(
            FirmStanding(plan_id=world.plan, firm_id=world.firms[key], next_step={}, rule_version="recurrence-1", judged_on=TODAY, stage="recurring")
            for key in ("CL", "PE"))

    do(stand)
    page = pages("observer").get("/reports/overview")
    at = page.words.index("Firms by stage")
    assert page.words[at:at + 6] == ["Firms by stage", "Stage", "Picture", "Firms", "Recurring", "2"]
    for name in ("Ñandú Tejidos", "Cacao del Norte", "No exports yet"):
        assert name not in page.text
    assert "Ñandú Tejidos" in pages("manager").get("/reports/overview").text


def test_the_goal_of_a_country_is_not_the_plans(world: World, pages: PagesOf) -> None:
    assert "goal of all countries: 40" in pages("coordinator").get("/reports/overview").text
    assert "goal 40 by the end of the plan" in pages("manager").get("/reports/overview").text
