"""Opens and sends every page of plans: happy path, refusals that keep what was typed, other roles and plans, query counts."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from cohort.kit.access import SYSTEM
from cohort.plans import queries, service
from cohort.plans.models import Deputy, Plan, PolicyVersion
from tests.pages import counted_queries
from tests.rooms.stage import Do, PagesOf, acts_on, rows
from tests.world import World

NEW = {
    "code": "PA-2028", "name_es": "Plan nuevo", "name_en": "New plan", "starts_on": "2028-01-03", "lead_country": "MX",
    "goal_recurring_count": "40", "promise_es": "Prometemos.", "promise_en": "We promise.",
}


def test_the_menu_leads_to_the_plan_one_works_in(world: World, pages: PagesOf) -> None:
    page = pages("manager").follow("/plans/current")
    for words in ("Plan of the Alliance", "11 of 24", "from January 5, 2026 to January 5, 2028", "Recurring exporter", "50 %",
                  "ISO IWA 34", "Nobody stands in for anybody.", "started the plan", "Extend the plan", "candidate"):
        assert words in page.text, words
    assert f"/plans/{world.plan}/template/23" in page.links


def test_the_plan_reads_in_spanish_too(world: World, pages: PagesOf) -> None:
    page = pages("coordinator", "es").get(f"/plans/{world.plan}")
    assert "Plan de la Alianza" in page.text
    assert page.of("html")[0]["lang"] == "es"


def test_who_only_reads_is_offered_nothing_to_change(world: World, pages: PagesOf) -> None:
    page = pages("coordinator").get(f"/plans/{world.plan}")
    changes = [link for link in page.links if link.startswith(f"/plans/{world.plan}/")]
    assert changes == [f"/plans/{world.plan}/template", f"/plans/{world.plan}/deputies"], "a coordinator reads the template and names a deputy"


def test_another_plan_is_read_and_not_changed(world: World, pages: PagesOf) -> None:
    browser = pages("manager")
    page = browser.get(f"/plans/{world.other_plan}")
    assert "You are working in another plan." in page.text
    assert [link for link in page.links if link.startswith(f"/plans/{world.other_plan}/")] == []
    for path in ("extend", "countries", "policies/parity", "template", "template/1", "deputies"):
        assert "working in another plan" in browser.refused(f"/plans/{world.other_plan}/{path}", 403)


def test_what_there_is_not_is_not_found(world: World, pages: PagesOf) -> None:
    browser = pages("manager")
    for path in ("99999", "99999/extend", "99999/deputies", f"{world.plan}/policies/weather", f"{world.plan}/template/99"):
        assert "There is no such record, or it is not yours to see." in browser.refused(f"/plans/{path}", 404), path


def test_firms_and_strangers_do_not_see_plans(world: World, pages: PagesOf) -> None:
    for who in ("firmcl", "coach", "evaluator", "observer", "nobody"):
        pages(who).get("/plans/", 403)
    assert pages().open("/plans/").headers["Location"] == "/sign-in?next=%2Fplans%2F"


def test_a_new_plan_is_started_and_worked_in(session: Session, world: World, pages: PagesOf) -> None:
    browser = pages("manager")
    page = browser.send("/plans/new", **NEW)
    assert "The plan is ready." in page.text
    assert "We promise." in page.text
    plan = rows(session, Plan, Plan.code == "PA-2028")[0]
    assert f"/plans/{plan.id}/extend" in page.links, "whoever starts it may go on with it"
    assert acts_on(session, plan) == [("Manager", "plan.created")]


@pytest.mark.parametrize(("change", "words"), [
    ({"code": "PA-2026"}, "There is a plan with the code “PA-2026” already."), ({"name_es": ""}, "This is needed."),
    ({"starts_on": "soon"}, "Not a valid date value."), ({"goal_recurring_count": "-1"}, "A whole number from 0 to 10,000."),
])
def test_a_new_plan_that_cannot_be_keeps_what_was_typed(world: World, pages: PagesOf, change: dict[str, str], words: str) -> None:
    page = pages("manager").sent_back("/plans/new", **{**NEW, **change})
    assert words in page.text


def test_a_plan_is_extended(session: Session, world: World, pages: PagesOf) -> None:
    browser = pages("manager")
    kept = browser.sent_back(f"/plans/{world.plan}/extend", ends_on="2027-01-01", reason="Paro de puertos.")
    assert "The new end must be after January 5, 2028, the present one." in kept.text
    page = browser.send(f"/plans/{world.plan}/extend", ends_on="2028-04-03", reason="Paro de puertos.")
    assert "Extended to April 3, 2028: Paro de puertos." in page.text
    assert acts_on(session, world.plan_of(session))[-1] == ("Manager", "plan.extended")


def test_a_country_is_switched(session: Session, world: World, pages: PagesOf) -> None:
    path = f"/plans/{world.plan}/countries"
    typed = {"country": "CR", "effective_on": "2026-11-24", "membership": "member", "counts_as_origin": "y", "reason": "Adhesión."}
    page = pages("manager").send(path, **typed)
    assert "Saved." in page.text
    row = queries.countries_on(session, world.plan, date(2026, 11, 24))["CR"]
    assert (row.membership, row.counts_as_origin, row.counts_as_destination, row.reason) == ("member", True, False, "Adhesión.")
    assert "This is needed." in pages("manager").sent_back(path, **{**typed, "reason": " "}).text


POLICIES: dict[str, dict[str, Any]] = {
    "parity": {"profile": "IFC", "share": "0,6", "scope": ["overall"], "mode": "at_least", "shortfall": "mirror", "counts": "led",
               "recheck_days": "365"},
    "reminders": {"before_days": "10, 2", "overdue_days": "1, 7", "min_gap_days": "3", "digest_weekday": "0", "urgent_hours": "48",
                  "escalate_days": "14"},
    "recurrence": {"window_days": "365", "min_operations": "4", "min_quarters": "3", "min_destinations": "1", "min_fob_usd": "1000",
                   "max_gap_days": "180", "dormant_days": "180", "lapsed_days": "365", "annual_consecutive": "2",
                   "ecommerce_only": "y", "destinations": ""},
    "thresholds": {"min_total": "60", "min_criterion": "1", "evaluators": "2", "third_review_gap": "20", "appeal_answer_days": "10",
                   "offer_days": "5", "waitlist_days": "180", "replace_until_day": "120", "verify_within_days": "5",
                   "attendance_share": "0.80", "other_milestones_share": "0.80"},
}
CHANGED = {
    "parity": {"profile": "IFC", "share": "0.6", "scope": ["overall"], "shortfall": "mirror", "counts": "led"},
    "reminders": {"before_days": [10, 2]}, "recurrence": {"min_operations": 4}, "thresholds": {"verify_within_days": 5},
}


@pytest.mark.parametrize("kind", sorted(POLICIES))
def test_a_policy_is_changed_by_its_form(session: Session, world: World, pages: PagesOf, kind: str) -> None:
    path = f"/plans/{world.plan}/policies/{kind}"
    page = pages("manager").send(path, **POLICIES[kind], valid_from_on="2026-11-24", reason="Acta 9.")
    assert "Version 2, holds since November 24, 2026" in page.text
    first, second = queries.policy_versions(session, world.plan, kind)
    assert {key: value for key, value in second.settings.items() if first.settings[key] != value} == CHANGED[kind]
    assert acts_on(session, world.plan_of(session))[-1] == ("Manager", "plan.policy_set")


def test_a_policy_that_does_not_fit_keeps_what_was_typed(session: Session, world: World, pages: PagesOf) -> None:
    path = f"/plans/{world.plan}/policies/recurrence"
    typed = {**POLICIES["recurrence"], "min_operations": "0", "valid_from_on": "2026-11-24", "reason": "Acta 9."}
    page = pages("manager").sent_back(path, **typed)
    assert "“Verified exports, at least”: 0 does not fit; expected is 1–100." in page.text
    page = pages("manager").sent_back(path, **{**typed, "min_operations": "many"})
    assert "Not a valid integer value." in page.text
    page = pages("manager").sent_back(path, **{**typed, "min_operations": "3"})
    assert "Nothing differs from what holds on that day." in page.text
    assert rows(session, PolicyVersion, PolicyVersion.version > 1) == []


def test_a_reminder_on_a_negative_or_absurd_day_is_refused_in_a_sentence(session: Session, world: World, pages: PagesOf) -> None:
    path = f"/plans/{world.plan}/policies/reminders"
    typed = {**POLICIES["reminders"], "valid_from_on": "2026-11-24", "reason": "Acta 9."}
    for field, value, said in (
        ("before_days", "7, -1", "“Days before the date”: 7, -1 does not fit; expected is 0–90, 0–90, …."),
        ("overdue_days", "1, 700", "“Days after the date”: 1, 700 does not fit; expected is 0–90, 0–90, …."),
        ("overdue_days", "1; 7", "“Days after the date”: 1; 7 does not fit; expected is 0–90, 0–90, …."),
        ("min_gap_days", "-3", ": -3 does not fit; expected is 0–30."),
        ("escalate_days", "0", ": 0 does not fit; expected is 1–90."),
    ):
        page = pages("manager").sent_back(path, **{**typed, field: value})
        assert said in page.text, field
        assert [facts["value"] for facts in page.of("input") if facts.get("name") == field] == [value]
    assert rows(session, PolicyVersion, PolicyVersion.version > 1) == []


def test_a_form_of_a_policy_shows_what_holds_today(do: Do, world: World, pages: PagesOf) -> None:
    def later(session: Session) -> None:
        service.set_policy(session, SYSTEM, world.plan_of(session), "parity", {"share": "0.9"}, valid_from_on=date(2027, 5, 1), reason="Luego.")

    do(later)
    page = pages("manager").get(f"/plans/{world.plan}/policies/parity")
    assert [facts["value"] for facts in page.of("input") if facts.get("name") == "share"] == ["0.50"]


def test_a_deputy_is_named_and_shown(session: Session, world: World, pages: PagesOf) -> None:
    path, people = f"/plans/{world.plan}/deputies", world.people
    typed = {"country": "CL", "coordinator_id": str(people["coordinator"]), "deputy_id": str(people["peru"]), "from_on": "2026-12-01",
             "until_on": "2026-12-15"}
    page = pages("coordinator").send(path, **typed)
    assert {"Coordinator", "Peru"} <= set(page.words)
    assert [(row.country, row.deputy_id, row.until_on) for row in rows(session, Deputy)] == [("CL", people["peru"], date(2026, 12, 15))]
    page = pages("manager").sent_back(path, **{**typed, "until_on": "2026-11-30"})
    assert "The last day must not be before the first." in page.text


def test_a_coordinator_is_offered_only_own_countries_and_oneself(world: World, pages: PagesOf) -> None:
    page = pages("peru").get(f"/plans/{world.plan}/deputies")
    offered = [facts["value"] for facts in page.of("option")]
    everybody = sorted(str(world.people[name]) for name in ("manager", "second", "coordinator", "peru"))
    assert offered[:2] == ["PE", str(world.people["peru"])]
    assert sorted(offered[2:]) == everybody
    typed = {"country": "CL", "coordinator_id": str(world.people["coordinator"]), "deputy_id": str(world.people["peru"]),
             "from_on": "2026-12-01", "until_on": "2026-12-15"}
    answer = pages("peru").post(f"/plans/{world.plan}/deputies", status=422, **typed)
    assert "Not a valid choice." in answer.text


@pytest.mark.parametrize("path", ["/plans/", "/plans/{plan}"])
def test_pages_take_as_many_queries_for_one_row_as_for_fifty(app: Flask, do: Do, world: World, pages: PagesOf, path: str) -> None:
    browser, counts, made = pages("manager"), [], 0
    for size in (1, 3, 50):
        def fill(session: Session, size: int = size, made: int = made) -> None:
            for number in range(made, size):
                plan = service.create_plan(session, SYSTEM, service.NewPlan(f"P{number}", "Plan", "Plan", date(2027, 1, 4), "CL"))
                service.extend_plan(session, SYSTEM, plan, date(2030, 1, 1), "Más.")
                service.name_deputy(
                    session, SYSTEM, world.plan_of(session), "CL", coordinator_id=world.people["coordinator"],
                    deputy_id=world.people["peru"], from_on=date(2026, 12, 1), until_on=date(2026, 12, 2))

        do(fill)
        made = size
        with counted_queries(app) as statements:
            browser.get(path.format(plan=world.plan))
        counts.append(len(statements))
    assert counts[0] == counts[1] == counts[2], counts
