"""Dates change after they were shown: who moves, what falls away, what stays, what is taken back; nothing happens twice."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from cohort.kit import clock
from cohort.kit.access import SYSTEM
from cohort.kit.outbox import OutboxMessage
from cohort.plans import queries as plan_queries
from cohort.plans.service import edit_template, extend_plan, leave_member
from cohort.plans.template import add_row
from cohort.reports.lists import to_call
from cohort.rules.calendar import due_days
from cohort.training import service as training
from cohort.training.dates import pauses, requests, service
from cohort.training.dates.models import DateChange, Pause
from cohort.training.dates.proposals import propose
from cohort.training.dates.service import Kept
from cohort.training.dates.wishes import Proposal, Wish
from cohort.training.models import Milestone, MilestoneEntry, ReminderStep
from cohort.training.queries import standing_of
from cohort.training.reminders.service import remind, still_open
from tests import world as worlds
from tests.pages import counted_queries
from tests.rooms.stage import Do, PagesOf, noted, refusal, rows
from tests.world import JOINED_ON, NOW, World

TODAY = NOW.date()
END = date(2028, 1, 5)
REASON = "Paro de puertos."


def _wish(world: World, kind: Any, **more: Any) -> Wish:
    return Wish(kind, world.plan, **more)


def _pause(world: World, first: date = TODAY, days: int = 30) -> Wish:
    return _wish(world, "pause", member_id=world.members["CL"], from_on=first, until_on=first + timedelta(days=days - 1))


def _apply(session: Session, world: World, wish: Wish, who: str = "manager", reason: str = REASON) -> DateChange:
    actor = world.actor(session, who)
    return service.apply(session, actor, wish, propose(session, actor, wish).key, reason)


def _days(session: Session, world: World, key: str = "CL") -> dict[int, date]:
    return {row.number: row.due_on for row in rows(session, Milestone, Milestone.member_id == world.members[key])}


def _extend(session: Session, world: World, days: int = 90) -> None:
    extend_plan(session, SYSTEM, world.plan_of(session), END + timedelta(days=days), "Más tiempo.")


def _later(proposal: Proposal) -> set[int]:
    return {(line.after - line.before).days for line in proposal.lines}


def test_a_pause_moves_every_open_milestone_by_its_days_and_no_other(session: Session, world: World) -> None:
    _extend(session, world)
    done, waived = world.milestone(session, 1), world.milestone(session, 2)
    done.done_on, waived.waived_on = TODAY, TODAY
    session.flush()
    before, other = _days(session, world), _days(session, world, "PE")
    proposal = propose(session, world.actor(session, "coordinator"), _pause(world))
    assert (_later(proposal), proposal.counts) == (
        {30}, {"firms": 1, "moves": 21, "stays": 0, "later": 21, "earlier": 0, "queued": 0, "written": 0})
    assert _days(session, world) == before, "showing changes nothing"
    change = _apply(session, world, _pause(world), "coordinator")
    moved = {number: day + timedelta(days=30) if number > 2 else day for number, day in before.items()}
    assert (_days(session, world), _days(session, world, "PE")) == (moved, other)
    assert (change.kind, change.reason, len(change.rows), change.applied_by) == ("pause", REASON, 21, world.people["coordinator"])
    (held,) = rows(session, Pause)
    assert (held.from_on, held.until_on, held.reason, held.change_id) == (TODAY, TODAY + timedelta(days=29), REASON, change.id)
    entries = rows(session, MilestoneEntry, MilestoneEntry.change_id == change.id)
    assert {(entry.kind, entry.text, entry.on) for entry in entries} == {("redated", REASON, TODAY)}
    assert [action for action, _before, _after in noted(session)][-2:] == ["member.paused", "dates.applied"]


def test_a_pause_beyond_the_plan_says_how_many_days_are_missing(session: Session, world: World) -> None:
    actor = world.actor(session, "coordinator")
    assert refusal(lambda: propose(session, actor, _pause(world))) == "dates_pause_long"
    _extend(session, world, 20)
    with pytest.raises(service.DomainError) as raised:
        propose(session, actor, _pause(world))
    assert raised.value.params == {"days": 10, "end": END + timedelta(days=20)}
    assert _later(propose(session, actor, _pause(world, days=20))) == {20}


@pytest.mark.parametrize(("change", "code"), [
    ({"until_on": TODAY - timedelta(days=1)}, "dates_pause_order"), ({"from_on": None}, "dates_pause_order"),
    ({"from_on": JOINED_ON - timedelta(days=1)}, "dates_pause_outside"), ({"until_on": date(2029, 1, 1)}, "dates_pause_outside"),
    ({"member_id": 99_999}, "not_found"),
])
def test_a_pause_is_refused(session: Session, world: World, change: dict[str, Any], code: str) -> None:
    wish = Wish(**{**vars(_pause(world)), **change})
    assert refusal(lambda: propose(session, world.actor(session, "manager"), wish)) == code


def test_two_pauses_do_not_overlap_and_one_that_was_taken_back_never_was(session: Session, world: World) -> None:
    _extend(session, world)
    change = _apply(session, world, _pause(world))
    again = _pause(world, TODAY + timedelta(days=29), 5)
    assert refusal(lambda: propose(session, world.actor(session, "manager"), again)) == "dates_pause_twice"
    assert set(pauses.paused_on(session, world.plan, TODAY)) == {world.members["CL"]}
    assert service.take_back(session, world.actor(session, "coordinator"), change, "Volvió.") == []
    assert pauses.paused_on(session, world.plan, TODAY) == {}
    assert len(propose(session, world.actor(session, "manager"), again).moving) == 23


@pytest.mark.parametrize("who", ["coach", "firmcl", "observer", "evaluator"])
def test_who_does_not_lead_firms_lets_none_pause(session: Session, world: World, who: str) -> None:
    assert refusal(lambda: propose(session, world.actor(session, who), _pause(world))) == "not_allowed"


@pytest.mark.parametrize("who", ["coordinator", "coach", "firmcl", "observer"])
def test_dates_of_the_whole_plan_are_the_managers(session: Session, world: World, who: str) -> None:
    for wish in (_wish(world, "start", starts_on=date(2026, 3, 2)), _wish(world, "extension"), _wish(world, "template", numbers=(1,))):
        assert refusal(lambda wish=wish: propose(session, world.actor(session, who), wish)) == "not_allowed"


def test_another_start_moves_what_hangs_on_it(session: Session, world: World) -> None:
    before = _days(session, world)
    later = JOINED_ON + timedelta(days=28)
    proposal = propose(session, world.actor(session, "manager"), _wish(world, "start", starts_on=later))
    assert proposal.counts["firms"] == 2
    assert {line.number: line.after for line in proposal.lines if line.member_id == world.members["CL"]}[23] == END
    change = _apply(session, world, _wish(world, "start", starts_on=later))
    assert world.plan_of(session).starts_on == later
    after = _days(session, world)
    assert all(after[number] >= before[number] for number in before)
    assert (after[1] - before[1]).days == 28
    assert refusal(lambda: propose(session, world.actor(session, "manager"), _wish(world, "start", starts_on=later))) == "dates_start_same"
    assert service.take_back(session, world.actor(session, "manager"), change, "No.") == []
    assert (_days(session, world), world.plan_of(session).starts_on) == (before, date(2026, 1, 5))


def test_a_start_before_enrolment_moves_only_fixed_dates(session: Session, world: World, do: Do) -> None:
    manager, plan = world.actor(session, "manager"), world.plan_of(session)
    add_row(session, manager, plan, {
        "number": 30, "phase": "C", "title_es": "Feria", "title_en": "Fair", "day": 10, "unit": "months", "anchor": "plan",
        "confirms": ["manager"]}, "Acta.")
    (member_id,) = worlds.more_members(session, world, 1)
    fair = rows(session, Milestone, Milestone.member_id == member_id, Milestone.number == 30)[0]
    assert fair.due_on == date(2026, 11, 5)
    proposal = propose(session, manager, _wish(world, "start", starts_on=date(2026, 1, 31)))
    assert [(line.number, line.before, line.after) for line in proposal.moving] == [(30, date(2026, 11, 5), date(2026, 11, 30))]


def test_a_start_that_leaves_too_little_is_refused(session: Session, world: World) -> None:
    wish = _wish(world, "start", starts_on=END - timedelta(days=364))
    assert refusal(lambda: propose(session, world.actor(session, "manager"), wish)) == "milestones_do_not_fit"


@pytest.mark.parametrize("starts_on", [date(1, 1, 1), date(206, 1, 5), date(2023, 12, 1)])
def test_a_mistyped_year_re_dates_nothing(session: Session, world: World, starts_on: date) -> None:
    assert refusal(lambda: propose(session, world.actor(session, "manager"), _wish(world, "start", starts_on=starts_on))) == "dates_start_far"


def test_what_is_open_spreads_to_the_new_end_once(session: Session, world: World) -> None:
    manager = world.actor(session, "manager")
    assert refusal(lambda: propose(session, manager, _wish(world, "extension"))) == "dates_extension_none"
    before = _days(session, world)
    with clock.at(NOW + timedelta(minutes=1)):
        _extend(session, world, 100)
    with clock.at(NOW + timedelta(minutes=2)):
        change = _apply(session, world, _wish(world, "extension"))
    after = _days(session, world)
    assert after[23] == END + timedelta(days=100)
    assert all(after[number] >= before[number] for number in before)
    assert refusal(lambda: propose(session, manager, _wish(world, "extension"))) == "dates_extension_none"
    with clock.at(NOW + timedelta(minutes=3)):
        _extend(session, world, 130)
        assert max(line.after for line in propose(session, manager, _wish(world, "extension")).lines) == END + timedelta(days=130)
    service.take_back(session, manager, change, "No.")
    assert _days(session, world) == before


def test_the_template_reaches_members_but_not_a_day_of_ones_own(session: Session, world: World) -> None:
    manager, plan = world.actor(session, "manager"), world.plan_of(session)
    before = _days(session, world)
    edit_template(session, manager, plan, 11, {"day": 239}, "Acta.")
    training.redate(session, world.actor(session, "peru"), world.milestone(session, 11, "PE"), date(2026, 12, 1), "Pidió tiempo.")
    for numbers in ((), (99,), (11, 99)):
        assert refusal(lambda numbers=numbers: propose(session, manager, _wish(world, "template", numbers=numbers))) == "dates_numbers"
    proposal = propose(session, manager, _wish(world, "template", numbers=(11, 12)))
    assert [(line.firm, line.number, line.moves, line.has_own_day) for line in proposal.lines] == [
        ("Cacao del Norte", 11, False, True), ("Cacao del Norte", 12, True, False),
        ("Ñandú Tejidos", 11, True, False), ("Ñandú Tejidos", 12, True, False)], "12 keeps 14 days from 11"
    _apply(session, world, _wish(world, "template", numbers=(11, 12)))
    by_template = due_days([row.offset for row in plan_queries.template_of(session, plan.id)], JOINED_ON, END)
    after = _days(session, world)
    assert after == {**before, 11: by_template[11], 12: by_template[12]} != before
    again = propose(session, manager, _wish(world, "template", numbers=(11, 12)))
    assert again.moving == []
    assert refusal(lambda: service.apply(session, manager, again.wish, again.key, REASON)) == "dates_nothing"


def test_the_days_of_a_pause_stand_on_top_of_the_template(session: Session, world: World) -> None:
    _extend(session, world)
    _apply(session, world, _pause(world))
    by_template = due_days([row.offset for row in plan_queries.template_of(session, world.plan)], JOINED_ON, END + timedelta(days=90))
    proposal = propose(session, world.actor(session, "manager"), _wish(world, "template", numbers=(11, 23)))
    assert {line.number: line.after for line in proposal.lines if line.firm == "Ñandú Tejidos"} == {
        11: by_template[11] + timedelta(days=30), 23: END + timedelta(days=90)}


def test_what_changed_since_it_was_shown_is_refused(session: Session, world: World) -> None:
    _extend(session, world)
    actor = world.actor(session, "coordinator")
    key = propose(session, actor, _pause(world)).key
    assert propose(session, actor, _pause(world)).key == key, "nothing changed"
    training.redate(session, actor, world.milestone(session, 11), date(2026, 12, 1), "Pidió.")
    assert refusal(lambda: service.apply(session, actor, _pause(world), key, REASON)) == "dates_changed"
    assert refusal(lambda: service.apply(session, actor, _pause(world), "", REASON)) == "dates_changed"
    assert refusal(lambda: service.apply(session, actor, _pause(world), key, " ")) == "reason_missing"
    assert (rows(session, DateChange), rows(session, Pause)) == ([], [])


def test_a_change_is_taken_back_where_it_still_can_be(session: Session, world: World) -> None:
    _extend(session, world)
    before = _days(session, world)
    change = _apply(session, world, _pause(world))
    coordinator = world.actor(session, "coordinator")
    training.redate(session, coordinator, world.milestone(session, 11), date(2026, 12, 1), "Pidió.")
    world.milestone(session, 12).done_on = TODAY
    session.flush()
    kept = service.take_back(session, coordinator, change, "Volvió antes.")
    numbers = {row.id: row.number for row in rows(session, Milestone, Milestone.member_id == world.members["CL"])}
    assert [(numbers[each.milestone_id], each.why) for each in kept] == [(11, "redated"), (12, "closed")]
    after = _days(session, world)
    assert {number: day for number, day in after.items() if number not in (11, 12)} == {
        number: day for number, day in before.items() if number not in (11, 12)}
    assert (change.undo_reason, change.undone_by, change.undone_at) == ("Volvió antes.", coordinator.person_id, NOW)
    assert refusal(lambda: service.take_back(session, coordinator, change, "Otra vez.")) == "dates_undone"
    assert noted(session)[-1][2]["kept"] == 2


def test_a_firm_that_left_stays_where_it_was(session: Session, world: World) -> None:
    change = _apply(session, world, _wish(world, "start", starts_on=JOINED_ON + timedelta(days=28)))
    moved = _days(session, world)
    leave_member(session, SYSTEM, world.member(session), TODAY, "Cerró.")
    kept = service.take_back(session, world.actor(session, "manager"), change, "No.")
    assert {each.why for each in kept} == {"left"}
    assert _days(session, world) == moved
    assert Kept(world.milestone(session, 1).id, "left") in kept


def test_a_start_moved_again_is_taken_back_in_order(session: Session, world: World) -> None:
    manager = world.actor(session, "manager")
    first = _apply(session, world, _wish(world, "start", starts_on=date(2026, 3, 2)))
    second = _apply(session, world, _wish(world, "start", starts_on=date(2026, 3, 9)))
    assert refusal(lambda: service.take_back(session, manager, first, "No.")) == "dates_start_since"
    service.take_back(session, manager, second, "No.")
    service.take_back(session, manager, first, "No.")
    assert world.plan_of(session).starts_on == date(2026, 1, 5)


def test_who_may_not_change_may_not_take_back(session: Session, world: World) -> None:
    change = _apply(session, world, _wish(world, "start", starts_on=date(2026, 3, 2)))
    for who, code in (("coordinator", "not_allowed"), ("stranger", "plan_other")):
        assert refusal(lambda who=who: service.take_back(session, world.actor(session, who), change, "No.")) == code
    assert refusal(lambda: service.take_back(session, world.actor(session, "manager"), change, " ")) == "reason_missing"


def _remind_about(session: Session, world: World) -> None:
    for key in ("CL", "PE"):
        world.milestone(session, 11, key).due_on = TODAY + timedelta(days=7)
    session.flush()
    remind(session, world.plan_of(session), TODAY)


def test_reminders_of_the_old_day_fall_away_and_come_again_for_the_new_one(session: Session, world: World) -> None:
    _extend(session, world)
    _remind_about(session, world)
    written = rows(session, ReminderStep, ReminderStep.subject_id == world.milestone(session, 11).id, ReminderStep.audience == "firm")
    assert len(written) == 1
    line = next(line for line in propose(session, world.actor(session, "manager"), _pause(world)).lines if line.number == 11)
    assert (line.queued_count >= 1, line.written_count) == (True, 0)
    for mail in rows(session, OutboxMessage, OutboxMessage.firm_id == world.firms["PE"]):
        mail.state = "sent"
    session.flush()
    sent = propose(session, world.actor(session, "manager"), _wish(world, "pause", member_id=world.members["PE"], from_on=TODAY, until_on=TODAY))
    assert next(line for line in sent.lines if line.number == 11).written_count == 1
    change = _apply(session, world, _pause(world))
    states = {mail.firm_id: mail.state for mail in rows(session, OutboxMessage, OutboxMessage.kind == "reminder_firm")}
    assert states == {world.firms["CL"]: "cancelled", world.firms["PE"]: "sent"}
    left = rows(session, ReminderStep, ReminderStep.subject_id == world.milestone(session, 11).id, ReminderStep.audience == "firm")
    assert left == [], "what never left counts as never written"
    service.take_back(session, world.actor(session, "manager"), change, "No.")
    with clock.at(datetime(2026, 11, 30, 15, tzinfo=UTC)):
        remind(session, world.plan_of(session), date(2026, 11, 30))
        mails = rows(session, OutboxMessage, OutboxMessage.kind == "reminder_firm", OutboxMessage.firm_id == world.firms["CL"])
        assert [mail.state for mail in mails] == ["cancelled", "queued"]


def test_a_mail_about_several_firms_loses_its_line_alone(session: Session, world: World) -> None:
    _extend(session, world)
    for key in ("CL", "PE"):
        world.milestone(session, 11, key).due_on = TODAY - timedelta(days=14)
    session.flush()
    remind(session, world.plan_of(session), TODAY)
    own = world.milestone(session, 11).id
    (mail,) = rows(session, OutboxMessage, OutboxMessage.kind == "reminder_staff", OutboxMessage.person_id == world.people["manager"])
    assert own in mail.params["milestones"]
    _apply(session, world, _pause(world))
    session.expire_all()
    assert (mail.state, own in mail.params["milestones"], len(mail.params["milestones"]) > 0) == ("queued", False, True)


def test_a_firm_that_pauses_is_not_reminded(session: Session, world: World) -> None:
    _extend(session, world)
    _apply(session, world, _pause(world))
    _remind_about(session, world)
    mails = rows(session, OutboxMessage, OutboxMessage.kind == "reminder_firm", OutboxMessage.state == "queued")
    assert [mail.firm_id for mail in mails] == [world.firms["PE"]]
    mails[0].params = {**mails[0].params, "milestones": [world.milestone(session, 11).id]}
    assert still_open(session, mails[0]) is None, "one that waited does not leave during the pause"
    with clock.at(NOW + timedelta(days=40)):
        assert still_open(session, mails[0]) is not None


def test_a_firm_that_pauses_is_not_to_be_called(session: Session, world: World) -> None:
    assert {call.member.id for call in to_call(session, world.plan, TODAY)} == set(world.members.values())
    _extend(session, world)
    _apply(session, world, _pause(world))
    assert [call.member.id for call in to_call(session, world.plan, TODAY)] == [world.members["PE"]]
    assert world.members["CL"] in {call.member.id for call in to_call(session, world.plan, TODAY + timedelta(days=30))}


@contextmanager
def _counted(app: Flask) -> Iterator[list[str]]:
    with counted_queries(app) as statements:
        yield statements


def test_a_change_takes_as_many_queries_for_one_firm_as_for_fifty(app: Flask, session: Session, world: World) -> None:
    manager, counts = world.actor(session, "manager"), []
    for day, more in ((2, 0), (9, 1), (16, 40)):
        worlds.more_members(session, world, more)
        wish = _wish(world, "start", starts_on=date(2026, 3, day))
        session.expire_all()
        with _counted(app) as statements:
            proposal = propose(session, manager, wish)
            change = service.apply(session, manager, wish, proposal.key, REASON)
        with _counted(app) as back:
            service.take_back(session, manager, change, "No.")
        counts.append((len(statements), len(back)))
    assert counts[1] == counts[2], "the first round warms up"


def test_a_firm_asks_for_more_time_and_gets_it(session: Session, world: World) -> None:
    owner, milestone = world.actor(session, "firmcl"), world.milestone(session, 11)
    wanted = milestone.due_on + timedelta(days=20)
    entry = requests.ask(session, owner, milestone, wanted, " Falta el banco. ")
    assert (entry.kind, entry.due_on, entry.text) == ("asked", wanted, "Falta el banco.")
    session.expire_all()
    assert refusal(lambda: requests.ask(session, owner, milestone, wanted, "Otra vez.")) == "more_time_asked"
    assert [(row.number, wish.due_on) for row, wish in requests.waiting_requests(session, world.plan)] == [(11, wanted)]
    requests.grant(session, world.actor(session, "coordinator"), milestone)
    session.expire_all()
    assert (milestone.due_on, requests.waiting_requests(session, world.plan), requests.waiting_of(milestone.entries)) == (wanted, [], None)
    assert refusal(lambda: requests.grant(session, world.actor(session, "coordinator"), milestone)) == "more_time_none"
    requests.ask(session, owner, milestone, wanted + timedelta(days=1), "Un día.")


def test_more_time_is_refused_with_a_reason(session: Session, world: World) -> None:
    owner, milestone = world.actor(session, "firmcl"), world.milestone(session, 11)
    before, wanted = milestone.due_on, milestone.due_on + timedelta(days=20)
    assert refusal(lambda: requests.refuse(session, world.actor(session, "coordinator"), milestone, "No.")) == "more_time_none"
    requests.ask(session, owner, milestone, wanted, "Falta.")
    session.expire_all()
    for who in ("coach", "firmcl"):
        assert refusal(lambda who=who: requests.refuse(session, world.actor(session, who), milestone, "No.")) == "not_allowed"
        assert refusal(lambda who=who: requests.grant(session, world.actor(session, who), milestone)) == "not_allowed"
    assert refusal(lambda: requests.refuse(session, world.actor(session, "coordinator"), milestone, " ")) == "reason_missing"
    requests.refuse(session, world.actor(session, "coordinator"), milestone, "El plazo alcanza.")
    session.expire_all()
    assert (milestone.due_on, requests.waiting_of(milestone.entries)) == (before, None)


@pytest.mark.parametrize("who", ["coordinator", "observer", "coach"])
def test_only_a_firm_asks_for_itself(session: Session, world: World, who: str) -> None:
    milestone = world.milestone(session, 11)
    assert refusal(lambda: requests.ask(session, world.actor(session, who), milestone, END, "Falta.")) == "not_allowed"


def test_the_day_asked_for_lies_after_the_date_and_in_the_plan(session: Session, world: World) -> None:
    owner, milestone = world.actor(session, "firmcl"), world.milestone(session, 11)
    for wanted in (milestone.due_on, END + timedelta(days=1)):
        assert refusal(lambda wanted=wanted: requests.ask(session, owner, milestone, wanted, "Falta.")) == "more_time_day"
    milestone.done_on = TODAY
    assert refusal(lambda: requests.ask(session, owner, milestone, END, "Falta.")) == "milestone_closed"


def _key_of(page: Any) -> dict[str, str]:
    return {facts["name"]: facts["value"] for facts in page.of("input") if facts.get("type") == "hidden" and facts["name"] != "csrf_token"}


def test_a_pause_is_asked_shown_applied_and_taken_back_on_pages(session: Session, world: World, do: Do, pages: PagesOf) -> None:
    do(lambda opened: _extend(opened, world))
    browser, path = pages("coordinator"), f"/training/members/{world.members['CL']}/pause"
    before = _days(session, world)
    assert path in browser.get(f"/training/members/{world.members['CL']}").links
    browser.get(path)
    assert "Not a valid date value." in browser.get(f"{path}?from_on=31/02/2026&until_on=2026-12-01", 422).text
    asked = f"{path}?from_on=2026-11-24&until_on=2026-12-23"
    page = browser.get(asked)
    for words in ("Milestones with another day", "of 1 firm", "What happens to each open milestone", "Apply it now"):
        assert words in page.text, words
    hidden = _key_of(page)
    refused = browser.check(path, browser.open(path, method="POST", data={"csrf_token": browser.token_of(asked), **hidden, "reason": " "}), 422)
    assert "Say why, in words the firm can use." in refused.text
    stale = browser.check(path, browser.open(path, method="POST", data={
        "csrf_token": browser.token_of(asked), **hidden, "key": "x", "reason": REASON}), 409)
    assert "Something changed since this was shown." in stale.text
    done = browser.send(path, page=asked, **hidden, reason=REASON)
    assert "23 milestones got another day." in done.text
    own = browser.get(f"/training/members/{world.members['CL']}").text
    assert f"Paused from November 24, 2026 to December 23, 2026: {REASON}" in own
    assert "paused until 23 Dec 2026" in browser.get("/training/").text
    assert f"Pausa del 24 de noviembre de 2026 al 23 de diciembre de 2026: {REASON}" in pages("firmcl", "es").get(
        f"/training/members/{world.members['CL']}").text
    history = browser.get(f"/training/milestones/{world.milestone(session, 11).id}").text
    assert "gave it another day, together with others" in history
    (change,) = rows(session, DateChange)
    detail = f"/training/dates/{change.id}"
    assert "Taken back on" in browser.send(f"{detail}/take-back", reason="Volvió.").text
    assert _days(session, world) == before
    assert "This change was taken back already." in browser.sent_back(f"{detail}/take-back", reason="Otra vez.").text
    pages("peru").get(detail, 404)
    pages("stranger").get(detail, 404)
    pages("coach").get(detail, 403)


def test_a_pause_too_long_says_so_on_the_page(world: World, pages: PagesOf) -> None:
    page = pages("coordinator").get(f"/training/members/{world.members['CL']}/pause?from_on=2026-11-24&until_on=2026-12-03", 422)
    assert "The plan ends 10 days too early for that" in page.text


def test_the_plan_is_re_dated_on_pages_in_spanish_too(session: Session, world: World, do: Do, pages: PagesOf) -> None:
    do(lambda opened: worlds.more_members(opened, world, 6))
    browser = pages("manager", "es")
    browser.get("/training/dates/")
    for kind in ("start", "template"):
        browser.get(f"/training/dates/{kind}")
    assert "no hay nada que repartir" in browser.get("/training/dates/extension", 422).text
    asked = "/training/dates/start?starts_on=2026-03-02"
    page = browser.get(asked)
    assert "Aplicar ahora" in page.text
    assert any("page=2" in link for link in page.links), "184 milestones stand on two pages"
    browser.get(asked + "&page=2")
    done = browser.send("/training/dates/start", page=asked, **_key_of(page), reason=REASON)
    assert "hitos tienen otra fecha" in done.text
    assert REASON in browser.get("/training/dates/").text
    page = browser.get("/training/dates/template?numbers=11&numbers=12")
    assert "Ningún hito abierto recibe otra fecha." in page.text
    assert plan_queries.plan_of(session, world.plan).starts_on in (date(2026, 1, 5), date(2026, 3, 2))


def test_more_time_is_asked_and_answered_on_pages(session: Session, world: World, pages: PagesOf) -> None:
    milestone = world.milestone(session, 11)
    wanted = (milestone.due_on + timedelta(days=30)).isoformat()
    place = f"/training/milestones/{milestone.id}"
    firm, coordinator = pages("firmcl"), pages("coordinator")
    assert f"{place}/more-time" in firm.get(place).links
    assert "must lie after" in firm.sent_back(f"{place}/more-time", until_on="2026-01-01", reason="Falta el banco.").text
    assert "More time was asked for" in firm.send(f"{place}/more-time", until_on=wanted, reason="Falta el banco.").text
    assert f"{place}/more-time" not in firm.get(place).links
    assert "You asked already" in firm.get(f"{place}/more-time").text
    work = coordinator.get("/reports/work")
    assert "1 asks for more time" in work.text
    assert "“Falta el banco.”" in work.text
    coordinator.get(f"{place}/more-time/refuse")
    assert "The day stays as it is" in coordinator.send(f"{place}/more-time/refuse", text="El plazo alcanza.").text
    assert "El plazo alcanza." in firm.get(place).text
    firm.send(f"{place}/more-time", until_on=wanted, reason="De verdad.")
    answer = coordinator.post(f"{place}/more-time/grant", page="/reports/work", back="/reports/work#more-time")
    assert re.search(r"/reports/work", answer.headers["Location"])
    session.expire_all()
    assert world.milestone(session, 11).due_on.isoformat() == wanted
    assert "asks for more time" not in coordinator.get("/reports/work").text
    pages("peru").get(place, 404)
    pages("coach").get(f"{place}/more-time", 403)
    assert standing_of(session, world.member(session), TODAY).member.id == world.members["CL"]
