"""Tries every service of plans on both databases: what it writes and notes, and each refusal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy.orm import Session

from cohort.firms.facts import NewFirm
from cohort.firms.service import register_firm
from cohort.kit import clock
from cohort.kit.access import SYSTEM, Actor, Role
from cohort.people.models import RoleGrant
from cohort.plans import defaults, groups, queries, service
from cohort.plans.models import Deputy, Member, Plan, PlanCountry, PlanExtension, PolicyVersion
from tests.rooms.stage import noted, refusal, rows
from tests.world import NOW, TAX_IDS, World

TODAY = NOW.date()
NEW = service.NewPlan(code="PA-2028", name_es="Plan nuevo", name_en="New plan", starts_on=date(2028, 1, 3), lead_country="MX")
Change = Callable[[Session, Actor, Plan], object]


def test_a_new_plan_has_two_years_all_countries_policies_and_the_template(session: Session, world: World) -> None:
    plan = service.create_plan(session, world.actor(session, "manager"), NEW)
    assert (plan.starts_on, queries.end_of(plan), plan.time_zone) == (date(2028, 1, 3), date(2030, 1, 2), "America/Mexico_City")
    standing = queries.countries_on(session, plan.id, plan.starts_on)
    assert {code: (row.membership, row.counts_as_origin, row.counts_as_destination) for code, row in standing.items()} == {
        "CL": ("member", True, True), "CO": ("member", True, True), "MX": ("member", True, True),
        "PE": ("member", True, True), "CR": ("candidate", False, False),
    }
    assert list(standing)[-1] == "CR", "members first"
    held = {kind: queries.policy_on(session, plan.id, kind, plan.starts_on) for kind in defaults.POLICIES}
    assert {kind: (row.version, row.settings, row.label) for kind, row in held.items()} == {
        kind: (1, settings, f"{kind}-1") for kind, settings in defaults.POLICIES.items()
    }
    template = queries.template_of(session, plan.id)
    assert [row.number for row in template] == list(range(1, 24))
    assert {row.number for row in template if row.is_required} == {1, 5, 6, 15, 23}
    assert [(row.number, row.day, row.after) for row in template if row.after] == [
        (17, 420, [15]), (19, 540, [17]), (21, 640, [19]), (22, 690, [15])]
    assert noted(session)[0][0::2] == ("plan.created", {"code": "PA-2028", "ends_on": date(2030, 1, 2)})


def test_whoever_starts_a_plan_may_change_it(session: Session, world: World) -> None:
    plan = service.create_plan(session, world.actor(session, "manager"), NEW)
    granted = rows(session, RoleGrant, RoleGrant.plan_id == plan.id)
    assert [(row.person_id, row.role, row.country) for row in granted] == [(world.people["manager"], Role.MANAGER, None)]


@pytest.mark.parametrize(("change", "code"), [
    ({"code": "PA-2026"}, "plan_code_taken"), ({"code": " pa-2026 "}, "plan_code_taken"), ({"code": "  "}, "plan_code_missing"),
    ({"lead_country": "BR"}, "country_unknown"), ({"duration_days": 364}, "plan_too_short"),
])
def test_a_new_plan_is_refused(session: Session, world: World, change: dict[str, Any], code: str) -> None:
    before = len(queries.plans(session))
    assert refusal(lambda: service.create_plan(session, SYSTEM, replace(NEW, **change))) == code
    assert len(queries.plans(session)) == before


def test_an_extension_keeps_the_earlier_end(session: Session, world: World) -> None:
    plan, manager = world.plan_of(session), world.actor(session, "manager")
    first = queries.end_of(plan)
    service.extend_plan(session, manager, plan, first + timedelta(days=90), " Paro de puertos. ")
    service.extend_plan(session, manager, plan, first + timedelta(days=120), "Otro mes.")
    assert queries.end_of(plan) == first + timedelta(days=120)
    assert plan.ends_on == first
    assert [(row.ends_on, row.reason, row.recorded_by) for row in rows(session, PlanExtension)] == [
        (first + timedelta(days=90), "Paro de puertos.", manager.person_id), (first + timedelta(days=120), "Otro mes.", manager.person_id),
    ]
    assert noted(session)[0] == ("plan.extended", {"ends_on": first}, {"ends_on": first + timedelta(days=90), "reason": "Paro de puertos."})


def test_an_extension_needs_a_later_day_and_a_reason(session: Session, world: World) -> None:
    plan, manager = world.plan_of(session), world.actor(session, "manager")
    assert refusal(lambda: service.extend_plan(session, manager, plan, queries.end_of(plan), "Igual")) == "plan_end_not_later"
    assert refusal(lambda: service.extend_plan(session, manager, plan, date(2030, 1, 1), "  ")) == "reason_missing"
    assert rows(session, PlanExtension) == []


def _switch(session: Session, actor: Actor, plan: Plan, **change: Any) -> PlanCountry:
    facts = {"effective_on": date(2027, 1, 1), "membership": "member", "counts_as_origin": True,
             "counts_as_destination": True, "reason": "Adhesión en vigor.", **change}
    return service.switch_country(session, actor, plan, facts.pop("country", "CR"), **facts)


def test_a_country_stands_otherwise_from_its_day_on(session: Session, world: World) -> None:
    plan, manager = world.plan_of(session), world.actor(session, "manager")
    _switch(session, manager, plan)
    assert "CR" not in queries.origins_on(session, plan.id, date(2026, 12, 31))
    assert "CR" in queries.origins_on(session, plan.id, date(2027, 1, 1))
    assert "CR" in queries.destinations_on(session, plan.id, date(2027, 1, 1))


def test_a_second_word_about_the_same_day_is_kept_in_the_history(session: Session, world: World) -> None:
    plan, manager = world.plan_of(session), world.actor(session, "manager")
    _switch(session, manager, plan)
    _switch(session, manager, plan, counts_as_destination=False, reason="Solo origen.")
    held = rows(session, PlanCountry, PlanCountry.plan_id == plan.id, PlanCountry.country == "CR")
    assert [(row.effective_on == date(2027, 1, 1), row.counts_as_destination) for row in held] == [(False, False), (True, False)]
    assert noted(session)[1][:2] == (
        "plan.country_switched", {"membership": "member", "counts_as_origin": True, "counts_as_destination": True})


@pytest.mark.parametrize(("change", "code"), [
    ({"country": "BR"}, "country_unknown"), ({"membership": "friend"}, "membership_unknown"), ({"reason": " "}, "reason_missing"),
])
def test_a_switch_is_refused(session: Session, world: World, change: dict[str, Any], code: str) -> None:
    assert refusal(lambda: _switch(session, world.actor(session, "manager"), world.plan_of(session), **change)) == code


def _set(session: Session, actor: Actor, plan: Plan, kind: str = "parity", on: date = TODAY, **settings: Any) -> PolicyVersion:
    return service.set_policy(session, actor, plan, kind, settings or {"share": "0,6"}, valid_from_on=on, reason="Acta 4.")


def test_a_policy_holds_from_its_day_and_the_past_keeps_its_own(session: Session, world: World) -> None:
    plan, manager = world.plan_of(session), world.actor(session, "manager")
    row = _set(session, manager, plan)
    assert (row.version, row.label, row.settings) == (2, "parity-2", {**defaults.POLICIES["parity"], "share": "0.6"})
    assert queries.policy_on(session, plan.id, "parity", TODAY - timedelta(days=1)).version == 1
    assert queries.policy_on(session, plan.id, "parity", TODAY).version == 2
    assert queries.policy_on(session, plan.id, "parity", date(2020, 1, 1)).version == 1, "the first one holds before its day too"
    assert noted(session)[0] == (
        "plan.policy_set", {"share": "0.50"}, {"policy": "parity-2", "changed": {"share": "0.6"}, "reason": "Acta 4."})


def test_a_rule_for_an_earlier_day_may_be_set_after_one_for_a_later_day(session: Session, world: World) -> None:
    plan, manager = world.plan_of(session), world.actor(session, "manager")
    _set(session, manager, plan, on=date(2027, 6, 1), share="0.7")
    early = _set(session, manager, plan, on=date(2027, 1, 1), mode="at_least", share="0.55")
    assert (early.version, early.settings["share"]) == (3, "0.55")
    days = (TODAY, date(2027, 1, 1), date(2027, 6, 1))
    assert [queries.policy_on(session, plan.id, "parity", day).version for day in days] == [1, 3, 2]
    later = _set(session, manager, plan, on=date(2027, 8, 1), counts="owned")
    assert (later.version, later.settings["share"]) == (4, "0.7"), "what is not named stays as it is on that day"


@pytest.mark.parametrize(("kind", "settings", "code"), [
    ("parity", {"sahre": "0.5"}, "policy_key"), ("parity", {"share": "1.1"}, "policy_value"), ("parity", {"share": "NaN"}, "policy_value"),
    ("parity", {"share": "half"}, "policy_value"), ("parity", {"scope": []}, "policy_value"), ("parity", {"scope": ["town"]}, "policy_value"),
    ("parity", {"profile": "ISO"}, "policy_value"), ("parity", {"mode": "balanced", "share": "0.6"}, "policy_clash"),
    ("parity", {"share": "0.50"}, "policy_same"), ("recurrence", {"min_operations": 0}, "policy_value"),
    ("recurrence", {"min_operations": True}, "policy_value"), ("recurrence", {"ecommerce_only": "yes"}, "policy_value"),
    ("recurrence", {"destinations": ["Chile"]}, "policy_value"), ("recurrence", {"dormant_days": 400}, "policy_clash"),
    ("reminders", {"before_days": ["soon"]}, "policy_value"), ("reminders", {"before_days": [91]}, "policy_value"),
    ("reminders", {"before_days": ["7", "-1"]}, "policy_value"), ("reminders", {"overdue_days": [-1]}, "policy_value"),
    ("reminders", {"overdue_days": ["1", "700"]}, "policy_value"), ("reminders", {"min_gap_days": -1}, "policy_value"),
    ("reminders", {"min_gap_days": 31}, "policy_value"), ("reminders", {"urgent_hours": -48}, "policy_value"),
    ("reminders", {"escalate_days": 0}, "policy_value"), ("reminders", {"escalate_days": 365}, "policy_value"),
    ("reminders", {"digest_weekday": 7}, "policy_value"), ("thresholds", {"min_total": 101}, "policy_value"),
    ("weather", {"rain": 1}, "not_found"),
])
def test_a_policy_is_refused(session: Session, world: World, kind: str, settings: dict[str, Any], code: str) -> None:
    assert refusal(lambda: _set(session, world.actor(session, "manager"), world.plan_of(session), kind, **settings)) == code
    assert rows(session, PolicyVersion, PolicyVersion.version > 1) == []


def test_a_rule_is_never_set_for_the_past_nor_without_a_reason(session: Session, world: World) -> None:
    plan, manager = world.plan_of(session), world.actor(session, "manager")
    assert refusal(lambda: _set(session, manager, plan, on=TODAY - timedelta(days=1))) == "policy_in_past"
    assert refusal(lambda: service.set_policy(
        session, manager, plan, "parity", {"share": "0.6"}, valid_from_on=TODAY, reason="")) == "reason_missing"


@pytest.mark.parametrize(("kind", "given", "kept"), [
    ("reminders", {"before_days": ["2", 7, 7]}, {"before_days": [7, 2]}),
    ("recurrence", {"destinations": ["cl", " MX "]}, {"destinations": ["CL", "MX"]}),
    ("recurrence", {"min_operations": "4"}, {"min_operations": 4}), ("parity", {"scope": ["country", "overall"], "counts": "owned"},
                                                                    {"scope": ["overall", "country"], "counts": "owned"}),
])
def test_a_policy_is_kept_in_its_plain_form(session: Session, world: World, kind: str, given: dict[str, Any], kept: dict[str, Any]) -> None:
    row = _set(session, world.actor(session, "manager"), world.plan_of(session), kind, **given)
    assert row.settings == {**defaults.POLICIES[kind], **kept}


def _newcomer(session: Session) -> Any:
    return register_firm(session, SYSTEM, NewFirm(country="CL", tax_id=TAX_IDS["CL2"], legal_name="Nueva SpA"))


def _join(session: Session, actor: Actor, plan: Plan, firm: Any = None, **facts: Any) -> Member:
    said = {"joined_on": TODAY, "round_id": None, "womens_at_entry": "no", **facts}
    return service.join_member(session, actor, plan, firm or _newcomer(session), **said)


def test_a_firm_joins_and_is_told_apart_by_day(session: Session, world: World) -> None:
    plan, manager = world.plan_of(session), world.actor(session, "manager")
    member = _join(session, manager, plan, season_quarters=(2, 1, 2), entry_stage="first", joined_on=date(2026, 12, 1))
    assert (member.country, member.womens_at_entry, member.entry_stage, member.season_quarters, member.recorded_by) == (
        "CL", "no", "first", [1, 2], manager.person_id)
    assert queries.member_of(session, plan.id, member.firm_id) is member
    assert member not in queries.active_members(session, plan.id, TODAY)
    assert member in queries.active_members(session, plan.id, date(2026, 12, 1))
    assert queries.member_count(session, plan.id) == 3
    assert noted(session)[-1][0::2] == ("member.joined", {"firm": member.firm_id, "joined_on": date(2026, 12, 1)})


def test_a_pilot_stands_outside_the_count(session: Session, world: World) -> None:
    plan = world.plan_of(session)
    _join(session, world.actor(session, "manager"), plan, is_pilot=True)
    assert queries.member_count(session, plan.id) == 2


def test_a_firm_joins_once(session: Session, world: World) -> None:
    plan, manager = world.plan_of(session), world.actor(session, "manager")
    member = world.member(session)
    assert refusal(lambda: _join(session, manager, plan, member.firm)) == "already_member"
    service.leave_member(session, manager, member, TODAY, "Cerró.")
    assert refusal(lambda: _join(session, manager, plan, member.firm)) == "already_member"


@pytest.mark.parametrize("quarters", [(1, 2, 3, 4), (0,), (5,)])
def test_a_season_has_one_to_three_quarters(session: Session, world: World, quarters: tuple[int, ...]) -> None:
    call = lambda: _join(session, world.actor(session, "manager"), world.plan_of(session), season_quarters=quarters)  # noqa: E731
    assert refusal(call) == "season_too_long"


def test_a_firm_leaves_with_its_reason_and_stays_readable(session: Session, world: World) -> None:
    manager, member = world.actor(session, "manager"), world.member(session)
    service.leave_member(session, manager, member, TODAY, " Cambió de rubro. ")
    assert (member.left_on, member.left_reason, member.left_recorded_at) == (TODAY, "Cambió de rubro.", NOW)
    assert member in queries.active_members(session, world.plan, TODAY - timedelta(days=1))
    assert member not in queries.active_members(session, world.plan, TODAY)
    assert queries.member_count(session, world.plan) == 1
    assert noted(session)[-1][0::2] == ("member.left", {"left_on": TODAY, "reason": "Cambió de rubro."})


def test_a_firm_leaves_once_with_a_reason_and_not_before_it_joined(session: Session, world: World) -> None:
    manager, member = world.actor(session, "manager"), world.member(session)
    assert refusal(lambda: service.leave_member(session, manager, member, TODAY, "")) == "reason_missing"
    assert refusal(lambda: service.leave_member(session, manager, member, date(2026, 2, 1), "No.")) == "member_left_too_early"
    service.leave_member(session, manager, member, TODAY, "Sí.")
    assert refusal(lambda: service.leave_member(session, manager, member, TODAY, "Sí.")) == "member_left_already"


def _deputy(session: Session, world: World, actor: Actor, **change: Any) -> Deputy:
    facts = {"country": "CL", "coordinator_id": world.people["coordinator"], "deputy_id": world.people["peru"],
             "from_on": TODAY, "until_on": TODAY + timedelta(days=6), **change}
    return service.name_deputy(session, actor, world.plan_of(session), facts.pop("country"), **facts)


def test_a_deputy_stands_in_from_day_to_day_both_included(session: Session, world: World) -> None:
    deputy = _deputy(session, world, world.actor(session, "manager"))
    inside = [day for day in range(-1, 9) if queries.deputies_on(session, world.plan, TODAY + timedelta(days=day)) == [deputy]]
    assert inside == [0, 1, 2, 3, 4, 5, 6]
    assert queries.deputies_from(session, world.plan, TODAY - timedelta(days=30)) == [deputy]
    assert noted(session)[0][0::2] == ("plan.deputy_named", {
        "country": "CL", "coordinator": deputy.coordinator_id, "deputy": deputy.deputy_id, "from_on": TODAY, "until_on": deputy.until_on})


def test_a_coordinator_names_their_own_deputy_of_any_country_and_nobody_elses(session: Session, world: World) -> None:
    own = world.actor(session, "coordinator")
    assert _deputy(session, world, own).recorded_by == own.person_id
    assert refusal(lambda: _deputy(session, world, own, coordinator_id=world.people["peru"], deputy_id=own.person_id)) == "not_allowed"
    assert refusal(lambda: _deputy(session, world, own, country="PE")) == "not_allowed"


@pytest.mark.parametrize(("change", "code"), [
    ({"until_on": TODAY - timedelta(days=1)}, "deputy_dates"), ({"country": "BR"}, "country_unknown"),
])
def test_a_deputy_is_refused(session: Session, world: World, change: dict[str, Any], code: str) -> None:
    assert refusal(lambda: _deputy(session, world, world.actor(session, "manager"), **change)) == code


def test_a_deputy_stands_in_where_the_person_away_coordinates(session: Session, world: World) -> None:
    manager, people = world.actor(session, "manager"), world.people
    for away, country in (("coordinator", "PE"), ("manager", "CL")):
        assert refusal(lambda away=away, country=country: _deputy(
            session, world, manager, country=country, coordinator_id=people[away], deputy_id=people["second"])) == "deputy_not_theirs"
    _deputy(session, world, manager)
    standing_in = world.actor(session, "peru")
    assert standing_in.countries == {"CL", "PE"}
    assert refusal(lambda: _deputy(
        session, world, standing_in, coordinator_id=standing_in.person_id, deputy_id=people["second"])) == "not_allowed"


def test_a_deputy_is_somebody_else_who_works_for_the_plan(session: Session, world: World) -> None:
    manager, people = world.actor(session, "manager"), world.people
    assert refusal(lambda: _deputy(session, world, manager, deputy_id=people["coordinator"])) == "deputy_self"
    for stranger in ("firmcl", "coach", "observer", "stranger", "nobody"):
        assert refusal(lambda who=stranger: _deputy(session, world, manager, deputy_id=people[who])) == "deputy_unknown", stranger


def test_an_edited_template_row_holds_for_later_joiners_only(session: Session, world: World) -> None:
    plan, manager = world.plan_of(session), world.actor(session, "manager")
    held = world.milestone(session, 11)
    before = (held.title_es, held.due_on, held.is_required)
    row = service.edit_template(session, manager, plan, 11, {"title_es": "Cuenta", "day": 215, "is_required": True}, "Acta 5.")
    assert (row.title_es, row.day, row.is_required) == ("Cuenta", 215, True)
    session.expire(held)
    assert (held.title_es, held.due_on, held.is_required) == before != ("Cuenta", before[1], True)
    assert noted(session)[0][2] == {"title_es": "Cuenta", "day": 215, "is_required": True, "number": 11, "reason": "Acta 5."}


def test_an_edit_that_changes_nothing_notes_nothing_and_no_other_column_can_be_set(session: Session, world: World) -> None:
    plan, manager = world.plan_of(session), world.actor(session, "manager")
    row = queries.template_of(session, plan.id)[10]
    service.edit_template(session, manager, plan, 11, {"day": row.day, "number": 99, "plan_id": world.other_plan}, "Nada.")
    assert (row.number, row.plan_id, noted(session)) == (11, plan.id, [])


@pytest.mark.parametrize(("number", "facts", "reason", "code"), [
    (24, {"day": 10}, "Acta.", "not_found"), (11, {"day": 10}, " ", "reason_missing"),
    (17, {"day": 300}, "Acta.", "template_order"), (15, {"day": 425}, "Acta.", "template_order_after"),
])
def test_an_edit_of_the_template_is_refused(
    session: Session, world: World, number: int, facts: dict[str, Any], reason: str, code: str
) -> None:
    plan = world.plan_of(session)
    before = [(row.number, row.day) for row in queries.template_of(session, plan.id)]
    assert refusal(lambda: service.edit_template(session, world.actor(session, "manager"), plan, number, facts, reason)) == code
    assert [(row.number, row.day) for row in queries.template_of(session, plan.id)] == before


CHANGES: dict[str, Change] = {
    "extend": lambda session, actor, plan: service.extend_plan(session, actor, plan, date(2031, 1, 1), "Sí."),
    "switch": _switch, "policy": _set,
    "template": lambda session, actor, plan: service.edit_template(session, actor, plan, 11, {"day": 212}, "Sí."),
}


@pytest.mark.parametrize("name", sorted(CHANGES))
def test_only_who_may_edit_this_very_plan_changes_it(session: Session, world: World, name: str) -> None:
    plan = world.plan_of(session)
    codes = {who: refusal(lambda who=who: CHANGES[name](session, world.actor(session, who), plan)) for who in (
        "coordinator", "evaluator", "coach", "firmcl", "observer", "nobody", "stranger")}
    assert codes == {**dict.fromkeys(codes, "not_allowed"), "stranger": "plan_other"}
    assert noted(session) == []
    CHANGES[name](session, world.actor(session, "administrator"), plan)
    assert len(noted(session)) == 1


def test_only_who_decides_rounds_of_this_plan_takes_firms_in(session: Session, world: World) -> None:
    plan, firm = world.plan_of(session), world.member(session).firm
    for who in ("administrator", "coordinator", "coach", "firmcl", "observer", "nobody"):
        actor = world.actor(session, who)
        assert refusal(lambda actor=actor: _join(session, actor, plan, firm)) == "not_allowed", who
    stranger = world.actor(session, "stranger")
    assert refusal(lambda: _join(session, stranger, plan, firm)) == "plan_other"


def test_managers_and_the_coordinator_of_its_country_say_that_a_firm_leaves(session: Session, world: World) -> None:
    member = world.member(session)
    codes = {who: refusal(lambda who=who: service.leave_member(session, world.actor(session, who), member, TODAY, "Sí.")) for who in (
        "administrator", "peru", "coach", "evaluator", "firmcl", "firmpe", "observer", "nobody", "stranger")}
    assert codes == {**dict.fromkeys(codes, "not_allowed"), "stranger": "plan_other"}
    service.leave_member(session, world.actor(session, "coordinator"), member, TODAY, "Sí.")
    other = world.member(session, "PE")
    service.leave_member(session, world.actor(session, "second"), other, TODAY - timedelta(days=1), "Sí.")
    assert (member.left_on, other.left_on) == (TODAY, TODAY - timedelta(days=1))


def test_nobody_leaves_on_a_day_ahead_as_the_firms_country_has_it(session: Session, world: World) -> None:
    manager, member = world.actor(session, "manager"), world.member(session)
    assert refusal(lambda: service.leave_member(session, manager, member, TODAY + timedelta(days=1), "Sí.")) == "member_leaves_later"
    with clock.at(datetime(2026, 11, 25, 2, tzinfo=UTC)):  # still the day before in Chile
        assert refusal(lambda: service.check_leaving(manager, member, date(2026, 11, 25), "Sí.")) == "member_leaves_later"
    assert member.left_on is None


def test_a_plans_firms_stand_in_one_group_each(session: Session, world: World) -> None:
    manager = world.actor(session, "manager")
    assert groups.group_counts(session, world.plan) == {"cohort": 2, "pilot": 0, "left": 0}
    world.member(session, "PE").is_pilot = True
    session.flush()
    counts = groups.group_counts(session, world.plan)
    assert counts == {"cohort": 1, "pilot": 1, "left": 0}
    assert [groups.chosen_group(typed, counts).value for typed in ("", "pilot", "left", "x")] == ["cohort", "pilot", "left", "cohort"]
    service.leave_member(session, manager, world.member(session), TODAY, "Sí.")
    counts = groups.group_counts(session, world.plan)
    assert counts == {"cohort": 0, "pilot": 1, "left": 1}
    assert groups.chosen_group("", counts) == "pilot", "whoever reaches the pilot group alone sees it first"


def test_the_month_of_a_plan_counts_from_its_own_day(session: Session, world: World) -> None:
    plan = world.plan_of(session)
    days = {date(2026, 1, 4): 0, date(2026, 1, 5): 1, date(2026, 2, 4): 1, date(2026, 2, 5): 2, TODAY: 11, date(2030, 1, 1): 24}
    assert {day: queries.month_of(plan, day).number for day in days} == days
    assert queries.month_of(plan, TODAY).total == 24


def test_the_public_page_speaks_of_the_latest_plan_that_has_begun(session: Session, world: World) -> None:
    found = [queries.public_plan(session, day) for day in (date(2025, 6, 1), date(2025, 6, 2), TODAY)]
    assert [plan.code for plan in found if plan] == ["PA-2024", "PA-2024", "PA-2026"]
    assert refusal(lambda: queries.plan_of(session, 10**6)) == "not_found"


def test_staff_are_those_who_hold_a_role_today(session: Session, world: World) -> None:
    peru = world.person(session, "peru")
    assert [person.id for person in queries.coordinators_of(session, world.plan, "PE")] == [peru.id]
    grant = rows(session, RoleGrant, RoleGrant.person_id == peru.id)[0]
    for change in ({"valid_to": TODAY - timedelta(days=1)}, {"valid_to": None, "valid_from": TODAY + timedelta(days=1)}):
        for name, value in change.items():
            setattr(grant, name, value)
        session.flush()
        assert queries.coordinators_of(session, world.plan, "PE") == []
        assert peru.id not in {person for person, _name in queries.staff_choices(session, world.plan)}
    grant.valid_from, peru.active = TODAY, False
    session.flush()
    assert queries.coordinators_of(session, world.plan, "PE") == []


def test_the_default_share_is_half_and_exact() -> None:
    assert Decimal(defaults.POLICIES["parity"]["share"]) == Decimal("0.5")
