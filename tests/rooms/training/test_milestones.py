"""Tries dating, handing in, answering and closing of milestones on both databases, with each refusal."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from io import BytesIO
from typing import Any

import pytest
from flask_babel import force_locale
from sqlalchemy.orm import Session
from werkzeug.datastructures import FileStorage

from cohort.exports.models import Export
from cohort.exports.service import refund_export, reopen_export, verify_export
from cohort.firms.facts import NewFirm
from cohort.firms.service import register_firm
from cohort.kit import clock
from cohort.kit.access import SYSTEM, Actor, act_as
from cohort.kit.errors import DomainError, sentence
from cohort.kit.uploads import Upload
from cohort.plans.service import edit_template, join_member, leave_member
from cohort.rules.progress import State
from cohort.training import queries, service
from cohort.training.models import Milestone, MilestoneEntry
from tests.rooms.stage import noted, refusal, rows
from tests.world import JOINED_ON, NOW, TAX_IDS, World, export_of, pdf

TODAY = NOW.date()
Act = Callable[[Session, Actor, Milestone], object]


def _acts() -> dict[str, Act]:
    return {
        "confirm": service.confirm,
        "send_back": lambda session, actor, milestone: service.send_back(session, actor, milestone, "Falta la firma."),
        "waive": lambda session, actor, milestone: service.waive(session, actor, milestone, "No hace falta."),
        "redate": lambda session, actor, milestone: service.redate(session, actor, milestone, date(2027, 3, 1), "Acordado."),
        "hand_in": lambda session, actor, milestone: service.hand_in(session, actor, milestone, "Hecho."),
    }


def _handed_in(session: Session, world: World, number: int, who: str = "firmcl") -> Milestone:
    milestone = world.milestone(session, number)
    service.hand_in(session, world.actor(session, who), milestone, "Hecho.")
    return milestone


def _newcomer(session: Session, world: World, joined_on: date) -> Any:
    firm = register_firm(session, SYSTEM, NewFirm(country="CL", tax_id=TAX_IDS["CL2"], legal_name="Nueva SpA"))
    return join_member(
        session, SYSTEM, world.plan_of(session), firm, joined_on=joined_on, round_id=None, womens_at_entry="yes")


def test_a_member_gets_its_dates_from_the_template_scaled_to_the_days_left(session: Session, world: World) -> None:
    held = rows(session, Milestone, Milestone.member_id == world.members["CL"])
    left = (date(2028, 1, 5) - JOINED_ON).days
    assert left == 702
    template = (14, 30, 30, 45, 75, 150, 165, 180, 180, 200, 210, 240, 270, 285, 330, 365, 420, 480, 540, 560, 640, 690, 730)
    assert [row.number for row in held] == list(range(1, 24))
    days = [(row.due_on - JOINED_ON).days for row in held]
    assert days[-1] == left
    gaps = [later - earlier for earlier, later in zip([0, *sorted(days)], sorted(days), strict=False)]
    assert min(gaps) >= 14, "a joiner keeps 14 days between milestones"
    assert all(day >= planned * left // 730 for day, planned in zip(days[:-2], template, strict=False))
    assert {row.number: row.after for row in held if row.after} == {17: [15], 19: [17], 21: [19], 22: [15]}
    assert {row.number for row in held if row.is_required} == {1, 5, 6, 15, 23}


def test_a_joiner_too_late_is_refused_and_not_made_a_member(session: Session, world: World) -> None:
    assert refusal(lambda: _newcomer(session, world, date(2027, 1, 6))) == "milestones_do_not_fit"


def test_the_last_day_to_join_leaves_a_year(session: Session, world: World) -> None:
    member = _newcomer(session, world, date(2027, 1, 5))
    assert max(row.due_on for row in rows(session, Milestone, Milestone.member_id == member.id)) == date(2028, 1, 5)


def test_a_later_edit_of_the_template_reaches_later_joiners_only(session: Session, world: World) -> None:
    edit_template(session, SYSTEM, world.plan_of(session), 5, {"title_es": "Plan B"}, "Acta.")
    later = _newcomer(session, world, TODAY)
    titles = {row.member_id: row.title_es for row in rows(session, Milestone, Milestone.number == 5)}
    assert titles[later.id] == "Plan B" != titles[world.members["CL"]]


def test_a_hand_in_waits_for_somebody_else(session: Session, world: World) -> None:
    milestone = world.milestone(session, 1)
    entry = service.hand_in(session, world.actor(session, "firmcl"), milestone, " Firmada. ", pdf())
    assert (milestone.handed_in_on, entry.kind, entry.text, entry.recorded_by) == (TODAY, "handed_in", "Firmada.", world.people["firmcl"])
    upload = rows(session, Upload)[0]
    assert (upload.id, upload.firm_id, upload.purpose, upload.original_name) == (entry.upload_id, world.firms["CL"], "milestone", "carta.pdf")
    states = queries.standing_of(session, world.member(session), TODAY).dated
    assert states[0].state.state is State.WAITING
    assert [row.id for row in queries.waiting_for_us(session, world.plan)] == [milestone.id]
    assert queries.waiting_count(session, world.actor(session, "coordinator")) == 1
    assert queries.waiting_count(session, world.actor(session, "firmcl")) == 0
    assert noted(session)[-1][0::2] == ("milestone.handed_in", {"number": 1, "reason": "Firmada."})


@pytest.mark.parametrize(("text", "file", "code"), [
    (" ", None, "hand_in_empty"), ("", FileStorage(), "hand_in_empty"), ("", "text", "file_type"), ("", "empty", "file_empty"),
])
def test_a_hand_in_needs_something_that_shows_it(session: Session, world: World, text: str, file: Any, code: str) -> None:
    milestone = world.milestone(session, 1)
    given = {"text": FileStorage(BytesIO(b"hello"), "a.txt"), "empty": FileStorage(BytesIO(b""), "a.pdf")}
    owner = world.actor(session, "firmcl")
    assert refusal(lambda: service.hand_in(session, owner, milestone, text, given.get(file, file) if isinstance(file, str) else file)) == code
    assert (milestone.handed_in_on, rows(session, MilestoneEntry)) == (None, [])


def test_an_export_milestone_takes_no_hand_in(session: Session, world: World) -> None:
    for number in (15, 17, 19, 21):
        milestone = world.milestone(session, number)
        assert refusal(lambda row=milestone: service.hand_in(session, world.actor(session, "firmcl"), row, "Sí.")) == "done_by_export"


def test_a_confirmation_closes_it_today(session: Session, world: World) -> None:
    milestone = _handed_in(session, world, 1)
    entry = service.confirm(session, world.actor(session, "coordinator"), milestone, "Bien.")
    assert (milestone.done_on, milestone.handed_in_on, entry.kind, entry.recorded_by) == (TODAY, TODAY, "confirmed", world.people["coordinator"])
    assert [row.kind for row in rows(session, MilestoneEntry)] == ["handed_in", "confirmed"]
    assert queries.waiting_for_us(session, world.plan) == []
    assert queries.standing_of(session, world.member(session), TODAY).done_count == 1
    assert noted(session)[-1][0] == "milestone.confirmed"


def test_nobody_confirms_what_they_handed_in_themselves(session: Session, world: World) -> None:
    milestone = _handed_in(session, world, 2, "coordinator")
    assert refusal(lambda: service.confirm(session, world.actor(session, "coordinator"), milestone)) == "own_evidence"
    service.confirm(session, world.actor(session, "manager"), milestone)
    assert milestone.done_on == TODAY


def test_a_new_hand_in_counts_not_the_one_before(session: Session, world: World) -> None:
    milestone = _handed_in(session, world, 2, "coordinator")
    service.hand_in(session, world.actor(session, "firmcl"), milestone, "Ahora sí.")
    service.confirm(session, world.actor(session, "coordinator"), milestone)
    assert milestone.done_on == TODAY


# Milestones 1 (coordinator), 5 (coach or coordinator), 8 (coach), 16 (manager), by who may confirm them.
RIGHTS = {1: {"coordinator", "manager"}, 5: {"coach", "coordinator", "manager"}, 8: {"coach", "coordinator", "manager"}, 16: {"manager"}}


@pytest.mark.parametrize("number", sorted(RIGHTS))
@pytest.mark.parametrize("who", ["coach", "coordinator", "manager"])
def test_who_stands_higher_confirms_what_those_below_may(session: Session, world: World, number: int, who: str) -> None:
    milestone = _handed_in(session, world, number)
    call = lambda: service.confirm(session, world.actor(session, who), milestone)  # noqa: E731
    if who in RIGHTS[number]:
        assert call().kind == "confirmed"
    else:
        assert refusal(call) == "not_yours_to_confirm"
        assert refusal(lambda: service.send_back(session, world.actor(session, who), milestone, "No.")) == "not_yours_to_confirm"


def test_the_refusal_names_roles_in_words(session: Session, world: World) -> None:
    milestone = _handed_in(session, world, 16)
    with pytest.raises(DomainError) as raised:
        service.confirm(session, world.actor(session, "coach"), milestone)
    with force_locale("en"):
        assert sentence(raised.value) == "This milestone is confirmed by somebody else: Programme manager."


@pytest.mark.parametrize("name", ["confirm", "send_back", "waive", "redate"])
def test_only_staff_answers_and_firms_may_not(session: Session, world: World, name: str) -> None:
    milestone = _handed_in(session, world, 2)
    before = len(noted(session))
    for who in ("firmcl", "administrator", "observer", "evaluator", "nobody"):
        assert refusal(lambda who=who: _acts()[name](session, world.actor(session, who), milestone)) == "not_allowed", who
    assert len(noted(session)) == before


def test_observers_hand_nothing_in(session: Session, world: World) -> None:
    for who in ("observer", "evaluator", "administrator", "nobody"):
        actor = world.actor(session, who)
        assert refusal(lambda actor=actor: service.hand_in(session, actor, world.milestone(session, 2), "Sí.")) == "not_allowed", who


def test_a_coach_neither_waives_nor_moves(session: Session, world: World) -> None:
    milestone = world.milestone(session, 8)
    for name in ("waive", "redate"):
        assert refusal(lambda name=name: _acts()[name](session, world.actor(session, "coach"), milestone)) == "not_allowed"


def test_what_comes_first_locks_what_follows(session: Session, world: World) -> None:
    milestone = _handed_in(session, world, 22)
    manager = world.actor(session, "manager")
    with pytest.raises(DomainError) as raised:
        service.confirm(session, manager, milestone)
    assert (raised.value.code, raised.value.params) == ("milestone_locked", {"number": 15})
    world.milestone(session, 15).done_on = TODAY
    service.confirm(session, manager, milestone)
    assert milestone.done_on == TODAY


def test_nothing_is_confirmed_that_nobody_handed_in(session: Session, world: World) -> None:
    milestone, coordinator = world.milestone(session, 1), world.actor(session, "coordinator")
    assert refusal(lambda: service.confirm(session, coordinator, milestone)) == "nothing_handed_in"
    assert refusal(lambda: service.send_back(session, coordinator, milestone, "No.")) == "nothing_handed_in"


def test_what_is_sent_back_lies_with_the_firm_again(session: Session, world: World) -> None:
    milestone, coordinator = _handed_in(session, world, 1), world.actor(session, "coordinator")
    assert refusal(lambda: service.send_back(session, coordinator, milestone, " ")) == "reason_missing"
    assert milestone.handed_in_on == TODAY, "a refused act changes nothing"
    entry = service.send_back(session, coordinator, milestone, " Falta la firma. ")
    assert (milestone.handed_in_on, entry.text) == (None, "Falta la firma.")
    assert refusal(lambda: service.confirm(session, coordinator, milestone)) == "nothing_handed_in"
    service.hand_in(session, world.actor(session, "firmcl"), milestone, "Firmada.")
    service.confirm(session, coordinator, milestone)
    assert [row.kind for row in rows(session, MilestoneEntry)] == ["handed_in", "sent_back", "handed_in", "confirmed"]


def test_a_waived_one_leaves_the_count(session: Session, world: World) -> None:
    milestone, coordinator = world.milestone(session, 9), world.actor(session, "coordinator")
    assert refusal(lambda: service.waive(session, coordinator, milestone, "")) == "reason_missing"
    service.waive(session, coordinator, milestone, "Vende servicios.")
    standing = queries.standing_of(session, world.member(session), TODAY)
    assert (milestone.waived_on, standing.counted, standing.completion.rest_count) == (TODAY, 22, 17)


def test_what_the_programme_needs_is_not_waived(session: Session, world: World) -> None:
    for number in (1, 5, 6, 15, 23):
        milestone = world.milestone(session, number)
        assert refusal(lambda row=milestone: service.waive(session, world.actor(session, "manager"), row, "No.")) == "required_not_waived"


def test_a_milestone_moves_inside_the_plan(session: Session, world: World) -> None:
    milestone, coordinator = world.milestone(session, 9), world.actor(session, "coordinator")
    before = milestone.due_on
    for day in (JOINED_ON - timedelta(days=1), date(2028, 1, 6)):
        assert refusal(lambda day=day: service.redate(session, coordinator, milestone, day, "Sí.")) == "date_not_in_plan"
    assert refusal(lambda: service.redate(session, coordinator, milestone, date(2027, 1, 4), " ")) == "reason_missing"
    assert milestone.due_on == before
    entry = service.redate(session, coordinator, milestone, date(2028, 1, 5), "Acordado.")
    assert (milestone.due_on, entry.due_on) == (date(2028, 1, 5), date(2028, 1, 5))
    assert noted(session)[-1] == (
        "milestone.redated", {"due_on": before}, {"number": 9, "reason": "Acordado.", "due_on": date(2028, 1, 5)})


def test_a_closed_one_stays_closed_until_a_manager_opens_it(session: Session, world: World) -> None:
    milestone, manager = _handed_in(session, world, 9), world.actor(session, "manager")
    assert refusal(lambda: service.reopen(session, manager, milestone, "Error.")) == "milestone_open"
    service.confirm(session, world.actor(session, "coordinator"), milestone)
    for name, act in _acts().items():
        assert refusal(lambda act=act: act(session, manager, milestone)) == "milestone_closed", name
    assert refusal(lambda: service.reopen(session, world.actor(session, "coordinator"), milestone, "Error.")) == "not_allowed"
    assert refusal(lambda: service.reopen(session, manager, milestone, " ")) == "reason_missing"
    assert milestone.done_on == TODAY
    service.reopen(session, manager, milestone, "Era otra carta.")
    assert (milestone.done_on, milestone.handed_in_on, milestone.waived_on) == (None, None, None)
    assert [row.kind for row in rows(session, MilestoneEntry)] == ["handed_in", "confirmed", "reopened"]


def test_a_waived_one_opens_again_too(session: Session, world: World) -> None:
    milestone, manager = world.milestone(session, 9), world.actor(session, "manager")
    service.waive(session, manager, milestone, "No hace falta.")
    service.reopen(session, manager, milestone, "Sí hace falta.")
    assert (milestone.waived_on, queries.standing_of(session, world.member(session), TODAY).counted) == (None, 23)


def test_milestones_of_a_firm_that_left_stay_as_they_are(session: Session, world: World) -> None:
    milestone, manager = _handed_in(session, world, 9), world.actor(session, "manager")
    leave_member(session, manager, world.member(session), TODAY, "Cerró.")
    for name, act in _acts().items():
        assert refusal(lambda act=act: act(session, manager, milestone)) == "member_gone", name
    assert refusal(lambda: service.reopen(session, manager, milestone, "No.")) == "member_gone"
    assert queries.waiting_for_us(session, world.plan) == []


def _verified(session: Session, world: World, on: date, number: str, who: str = "coordinator") -> Export:
    export = export_of(session, world, on)
    return _verify(session, world, export, number, who)


def _verify(session: Session, world: World, export: Export, number: str, who: str = "coordinator") -> Export:
    verify_export(session, world.actor(session, who), export, 3, "DUSSI", number)
    return export


def _closed(session: Session, world: World) -> list[int]:
    done = rows(session, Milestone, Milestone.member_id == world.members["CL"], Milestone.done_on.is_not(None))
    return [row.number for row in done]


def test_verified_exports_close_their_milestones(session: Session, world: World) -> None:
    steps = []
    for place, day in enumerate((date(2026, 3, 2), date(2026, 3, 20), date(2026, 6, 1), date(2026, 9, 1))):
        _verified(session, world, day, f"D{place}")
        steps.append(_closed(session, world))
    assert steps == [[15], [15, 17], [15, 17], [15, 17, 19, 21]], "the third needs a third quarter, the fourth the third"
    first = world.milestone(session, 15)
    assert (first.handed_in_on, first.done_on) == (date(2026, 3, 2), TODAY), "the day it was shown, and the day we knew"
    assert [row.recorded_by for row in rows(session, MilestoneEntry)] == [world.people["coordinator"]] * 4


def test_an_export_that_does_not_count_closes_nothing(session: Session, world: World) -> None:
    export_of(session, world, date(2026, 3, 2))
    assert _closed(session, world) == []
    export = _verified(session, world, date(2026, 3, 3), "D1")
    assert _closed(session, world) == [15]
    refund_export(session, SYSTEM, export, None, "Devuelto.")
    assert _closed(session, world) == [15], "what was closed stays closed until somebody opens it"


def test_an_export_reopened_and_verified_again_closes_once(session: Session, world: World) -> None:
    export = _verified(session, world, date(2026, 3, 2), "D1")
    reopen_export(session, world.actor(session, "manager"), export, "Otra guía.")
    _verify(session, world, export, "D1", "manager")
    assert [row.kind for row in rows(session, MilestoneEntry)] == ["confirmed"]


def test_a_waived_export_milestone_lets_the_next_one_close(session: Session, world: World) -> None:
    service.waive(session, world.actor(session, "manager"), world.milestone(session, 17), "Ya exportaba.")
    for place, day in enumerate((date(2026, 3, 2), date(2026, 6, 1), date(2026, 9, 1))):
        _verified(session, world, day, f"D{place}")
    assert _closed(session, world) == [15, 19]


def test_standings_take_two_queries_and_know_late_and_next(session: Session, world: World) -> None:
    with clock.at(NOW):
        standing = queries.standing_of(session, world.member(session), date(2026, 2, 20))
    assert [each.milestone.number for each in standing.late] == [1]
    assert standing.next is not None
    assert (standing.next.milestone.number, standing.next.days_left) == (1, -4)
    assert standing.completion.is_graduate is False


def test_a_firm_completes_with_the_needed_ones_and_four_fifths_of_the_rest(session: Session, world: World) -> None:
    for number in (1, 5, 6, 15, 23, *(2, 3, 4, 7, 8, 9, 10, 11, 12, 13, 14, 16, 17, 18)):
        world.milestone(session, number).done_on = TODAY
    assert not queries.standing_of(session, world.member(session), TODAY).completion.is_graduate
    world.milestone(session, 19).done_on = TODAY
    completion = queries.standing_of(session, world.member(session), TODAY).completion
    assert (completion.is_graduate, completion.rest_done, completion.rest_needed) == (True, 15, 15)


def test_each_sees_their_own_and_another_plan_nothing(world: World, session: Session) -> None:
    milestone = world.milestone(session, 1)
    seen = {}
    for who in ("manager", "administrator", "coordinator", "coach", "firmcl", "peru", "firmpe", "stranger", "nobody", "observer"):
        actor = world.actor(session, who)
        act_as(session, actor)
        try:
            seen[who] = queries.milestone_named(session, milestone.id).number
        except DomainError as error:
            seen[who] = error.code
        act_as(session, SYSTEM)
    inside = dict.fromkeys(("manager", "administrator", "coordinator", "coach", "firmcl", "observer"), 1)
    assert seen == {**inside, **dict.fromkeys(("peru", "firmpe", "stranger", "nobody"), "not_found")}


def test_a_member_is_found_with_the_present_one_first(session: Session, world: World) -> None:
    firms = {world.firms["CL"], world.firms["PE"]}
    leave_member(session, SYSTEM, world.member(session, "CL"), TODAY, "Cerró.")
    found = queries.own_member(session, world.plan, firms)
    assert found is not None
    assert found.id == world.members["PE"]
    assert queries.own_member(session, None, firms) is None
