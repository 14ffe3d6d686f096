"""A new call from an earlier one, also of another plan: which are offered, and what cannot come along."""

from __future__ import annotations

from datetime import date

import pytest
from flask_babel import force_locale

from cohort.kit.access import SYSTEM, Role
from cohort.kit.database import db
from cohort.kit.errors import DomainError
from cohort.people import grants
from cohort.plans.models import Plan
from cohort.plans.service import NewPlan, create_plan
from cohort.rounds.calls import copying, rule_drafts, service
from cohort.rounds.calls.protocol import Terms
from cohort.rounds.decisions.attributes import quotas_of
from cohort.rounds.models import Round
from cohort.rules.quotas import Quota
from tests.rooms.rounds.conftest import COUNTRIES, Site, World, make_person, post
from tests.rooms.rounds.pages import checked
from tests.rooms.rounds.test_call_reviews import TYPED, new_round

ANDEAN = {"country": ("PE", "CO"), "rural": ("yes",)}
MICRO = {"size_class": ("micro",)}


def other_call(world: World, code: str = "2030-1", *, is_open: bool = True) -> Round:
    """A call of another plan with a rule on two countries, one on size and one on women's firms of Peru."""
    plan = world.session.query(Plan).filter_by(code="PA-2030").one_or_none() or create_plan(world.session, SYSTEM, NewPlan(
        code="PA-2030", name_es="Plan 2030", name_en="Plan 2030", starts_on=date(2030, 1, 1), lead_country="CO"))
    world.people.setdefault("elsewhere", make_person(world.session, "elsewhere@plan.test", Role.MANAGER, plan.id))
    there = World(world.session, plan, world.people)
    new = new_round(Terms("equal", 8, COUNTRIES))
    made = service.create_round(world.session, there.actor("elsewhere"), plan, type(new)(**{**vars(new), "code": code}))
    for each in (Quota("", ANDEAN, min=1), Quota("", MICRO, min=1), Quota("", {"womens": ("yes",)}, min_share=None, max=7)):
        rule_drafts.add_quota(world.session, there.actor("elsewhere"), made, each)
    if is_open:
        service.open_round(world.session, there.actor("elsewhere"), made)
    return made


def test_calls_of_other_plans_are_offered_once_they_are_open(world: World) -> None:
    own, draft = world.call(), world.call(code="2026-2", is_open=False)
    opened, hidden = other_call(world), other_call(world, "2030-2", is_open=False)
    offered = copying.sources_of(world.session, world.manager)
    assert [(plan.code, [each.code for each in rounds]) for plan, rounds in offered] == [
        ("PA-2026", ["2026-2", "2026-1"]), ("PA-2030", ["2030-1"])]
    for number, found in ((own.id, own), (draft.id, draft), (opened.id, opened), (hidden.id, None), (9_999, None), ("", None), ("x", None)):
        assert copying.source_of(world.session, world.manager, str(number)) is found


def test_a_draft_of_another_plan_is_offered_to_whoever_writes_calls_there(world: World) -> None:
    hidden = other_call(world, is_open=False)
    assert copying.source_of(world.session, world.manager, str(hidden.id)) is None
    grants.grant_role(world.session, SYSTEM, world.people["manager"], Role.OBSERVER, hidden.plan_id)
    assert copying.source_of(world.session, world.manager, str(hidden.id)) is None
    grants.grant_role(world.session, SYSTEM, world.people["manager"], Role.MANAGER, hidden.plan_id)
    assert copying.source_of(world.session, world.manager, str(hidden.id)) is hidden


@pytest.mark.parametrize("name", ["peru", "evaluator", "observer"])
def test_only_managers_start_calls(world: World, name: str) -> None:
    with pytest.raises(DomainError) as refusal:
        copying.sources_of(world.session, world.actor(name))
    assert refusal.value.code == "not_allowed"


def test_a_copy_leaves_out_rules_on_countries_it_has_not(world: World) -> None:
    earlier = other_call(world)
    assert copying.countries_for(earlier, world.plan.id, ["PE", "CL"]) == ["CL", "PE"]
    assert copying.countries_for(earlier, world.plan.id, ["CR"]) == ["CR"]
    assert copying.countries_for(earlier, earlier.plan_id, ["CR"]) == list(COUNTRIES)
    made = service.create_round(world.session, world.manager, world.plan, new_round(Terms("equal", 8, ("CL", "PE"))), earlier)
    assert [each.where for each in quotas_of(made.protocol)] == [MICRO, {"womens": ("yes",)}]
    assert made.protocol["countries"] == ["CL", "PE"]
    assert made.protocol["appeal_days"] == {code: earlier.protocol["appeal_days"][code] for code in ("CL", "PE")}
    assert set(made.protocol["country_limits"]) == {"CL", "PE"}
    service.open_round(world.session, world.manager, made)
    assert [each.where for each in quotas_of(earlier.protocol)] == [ANDEAN, MICRO, {"womens": ("yes",)}]


def test_with_the_same_countries_every_rule_comes_along(world: World) -> None:
    earlier = other_call(world)
    made = service.create_round(world.session, world.manager, world.plan, new_round(Terms("equal", 8, COUNTRIES)), earlier)
    assert made.protocol["quotas"] == earlier.protocol["quotas"]


def test_the_page_groups_calls_by_plan_and_says_what_stays_behind(doors: Site) -> None:
    def elsewhere(world: World) -> tuple[int, int]:
        with force_locale("es"):
            return other_call(world).id, other_call(world, "2030-2", is_open=False).id

    doors.do(lambda world: world.call(code="2026-0").id)
    number, hidden = doors.do(elsewhere)  # type: ignore[misc]
    client = doors.client("manager@plan.test")
    shown = client.get("/rounds/new").text
    checked(shown)
    assert shown.index('<optgroup label="Plan">') < shown.index('<optgroup label="Plan 2030">')
    assert f'value="{number}"' in shown
    assert f'<option value="{hidden}"' not in shown
    for odd in ("muchas", "-1", str(hidden)):
        checked(client.get("/rounds/new", query_string={"from": odd}).text)
    copied = client.get(f"/rounds/new?from={number}").text
    checked(copied)
    assert "No se copia" not in copied, "the plan has every country of the call"
    typed = {**TYPED, "copied_from": number, "countries": ["CL", "MX"]}
    answer = post(client, "/rounds/new", **{**typed, "seats": "0"})
    assert answer.status_code == 422
    checked(answer.text)
    assert "No se copia" in answer.text
    answer = post(client, "/rounds/new", **{**typed, "copied_from": str(hidden), "code": "2026-8"})
    assert answer.status_code == 302
    with doors.app.app_context():
        assert db.session.query(Round).filter_by(code="2026-8").one().protocol["quotas"] == []
    answer = post(client, "/rounds/new", **{**typed, "code": "2026-9"})
    assert answer.status_code == 302
    page = client.get(answer.headers["Location"]).text
    checked(page)
    assert "No se copia, porque nombra un país que esta convocatoria no tiene: «Perú o Colombia; rural: al menos 1 cupo»" in page
