"""After the seal: act before letters, offers with their days, members by acceptance, and who is called into a free seat."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from cohort.kit import clock
from cohort.kit.errors import DomainError
from cohort.kit.language import ZONES
from cohort.kit.mail import write
from cohort.kit.outbox import MAIL_KINDS, OutboxMessage
from cohort.plans.members import leave_member
from cohort.plans.models import Member
from cohort.rounds.applications import service as applications
from cohort.rounds.calls import queries
from cohort.rounds.decisions import appeals, letters
from cohort.rounds.decisions import service as decision_service
from cohort.rounds.files.replay import differences, read_record
from cohort.rounds.models import Application, Finding, Round, Seat
from cohort.rounds.seats import acts, offers, replacing, standing
from cohort.rounds.seats.models import Offer
from cohort.rounds.waiting import steps_for
from tests.rooms.rounds.conftest import AFTER, World


def refused(code: str, act) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(DomainError) as refusal:
        act()
    assert refusal.value.code == code


def told(world: World) -> tuple[Round, dict[str, list[Application]]]:
    """A decided call whose letters went out at one hour after closing: files by outcome, best first."""
    round_, _files = world.decided_ready()
    with clock.at(AFTER):
        world.told(round_)
    seats = world.session.scalars(select(Seat).order_by(Seat.id)).all()
    return round_, {name: [seat.application for seat in seats if seat.outcome == name] for name in ("selected", "waitlist")}


def test_no_letter_before_the_act_and_each_once(world: World) -> None:
    round_, _files = world.decided_ready()
    refused("act_not_sealed", lambda: acts.record_act(world.session, world.manager, round_, "1", date(2026, 11, 20)))
    with clock.at(AFTER):
        world.sealed(round_)
        today = date(2026, 11, 20)
        refused("offers_need_act", lambda: offers.send_letters(world.session, world.manager, round_))
        refused("act_number_missing", lambda: acts.record_act(world.session, world.manager, round_, " ", today))
        for day in (today - timedelta(days=1), today + timedelta(days=1)):
            refused("act_date", lambda day=day: acts.record_act(world.session, world.manager, round_, "1", day))
        refused("not_allowed", lambda: acts.record_act(world.session, world.actor("peru"), round_, "1", today))
        acts.record_act(world.session, world.manager, round_, "Res. Ex. 12", today)
        refused("act_recorded", lambda: acts.record_act(world.session, world.manager, round_, "2", today))
        assert letters.notice_on(world.session, round_) is None
        assert offers.send_letters(world.session, world.manager, round_) == 8
        refused("offers_sent", lambda: offers.send_letters(world.session, world.manager, round_))
        assert letters.notice_on(world.session, round_) == today
    assert world.session.scalars(select(Member)).all() == []
    ends = {offer.application.country: offer.expires_on for offer in world.session.scalars(select(Offer))}
    assert ends == {"CL": date(2026, 11, 27), "CO": date(2026, 11, 26), "MX": date(2026, 11, 26), "PE": date(2026, 11, 26)}


def test_a_firm_accepts_or_gives_back_within_its_days(world: World) -> None:
    _round, files = told(world)
    first, second, third = files["selected"][:3]
    with clock.at(AFTER):
        refused("offer_not_yours", lambda: offers.accept(world.session, world.owner_of(second), world.offer_of(first)))
        offers.accept(world.session, world.owner_of(first), world.offer_of(first))
        refused("offer_answered", lambda: offers.decline(world.session, world.owner_of(first), world.offer_of(first), ""))
        offers.decline(world.session, world.owner_of(second), world.offer_of(second), " Nos falta tiempo. ")
    with clock.at(AFTER + timedelta(days=30)):
        refused("offer_late", lambda: offers.accept(world.session, world.owner_of(third), world.offer_of(third)))
    members = world.session.scalars(select(Member)).all()
    assert [(each.firm_id, each.womens_at_entry) for each in members] == [(first.firm_id, (first.facts or {})["womens"])]
    assert (world.offer_of(second).state, world.offer_of(second).reason) == ("declined", "Nos falta tiempo.")


def test_offers_run_out_after_their_last_day_where_the_firm_is(world: World) -> None:
    _round, _files = told(world)
    last = date(2026, 11, 26)
    with clock.at(AFTER.replace(day=27, hour=4)):  # midnight has passed in Bogotá but not in Mexico
        assert offers.expire_due(world.session, last - timedelta(days=1)) == 0
        assert offers.expire_due(world.session, date(2026, 11, 27)) == 0
    with clock.at(AFTER.replace(day=27, hour=5, minute=30)):
        assert offers.expire_due(world.session, date(2026, 11, 27)) == 4  # Colombia and Peru
    with clock.at(AFTER.replace(day=27, hour=15)):
        assert offers.expire_due(world.session, date(2026, 11, 27)) == 2
        assert offers.expire_due(world.session, date(2026, 11, 27)) == 0
    world.session.expire_all()
    states = sorted((offer.application.country, offer.state) for offer in world.session.scalars(select(Offer)))
    assert states == [(code, state) for code, state in (
        ("CL", "waiting"), ("CO", "expired"), ("MX", "expired"), ("PE", "expired")) for _ in range(2)]


def test_replacement_keeps_parity_and_can_be_run_again(world: World, app: Flask, tmp_path: Path) -> None:
    round_, files = told(world)
    with clock.at(AFTER):
        refused("replace_nobody_free", lambda: replacing.dry_run(world.session, world.manager, round_))
        for each in files["selected"]:
            offers.accept(world.session, world.owner_of(each), world.offer_of(each))
        woman = next(each for each in files["selected"] if (each.facts or {})["womens"] == "yes")
        what_if = replacing.dry_run(world.session, world.manager, round_, [woman.id])
        assert [each.code for each in what_if.leaving] == [woman.code]
        offers.free_seat(world.session, world.manager, world.offer_of(woman), "La escritura dice otra cosa.")
        shown = replacing.dry_run(world.session, world.manager, round_)
        expected = next(each for each in files["waitlist"]
                        if each.country == woman.country and (each.facts or {})["womens"] == "yes")
        assert [each.code for each in shown.entering] == [each.code for each in what_if.entering] == [expected.code]
        assert shown.womens_after == 4
        refused("replace_changed", lambda: replacing.call(world.session, world.manager, round_, "0" * 64, "x"))
        refused("seat_reason_missing", lambda: replacing.call(world.session, world.manager, round_, shown.key, " "))
        made = replacing.call(world.session, world.manager, round_, shown.key, "Un cupo quedó libre.")
        refused("replace_nobody_free", lambda: replacing.call(world.session, world.manager, round_, shown.key, "x"))
    path = tmp_path / "replacement.json"
    path.write_text(json.dumps(made.record))
    assert differences(read_record(path), path.name) == []
    mail = next(row for row in world.session.scalars(select(OutboxMessage)) if row.kind == "seat_offered")
    written = write(app, mail)
    assert expected.firm is not None
    assert expected.firm.name in written.subject + written.text
    still = MAIL_KINDS["seat_offered"].still_true
    assert still is not None
    assert still(world.session, mail) == mail.params
    assert queries.called_later(world.session, round_) == ({}, {})
    with clock.at(AFTER):
        offers.accept(world.session, world.owner_of(expected), world.offer_of(expected))
        assert queries.called_later(world.session, round_) == ({}, {woman.country: 1}), "it did not agree to be named"
        offers.free_seat(world.session, world.manager, world.offer_of(expected), "Se fue.")
    assert queries.called_later(world.session, round_) == ({}, {})
    assert still(world.session, mail) is None
    decision = world.session.get_one(Round, round_.id)
    held = standing.standing_of(world.session, decision, offers.decision_of(world.session, round_.id))  # type: ignore[arg-type]
    assert (held.selected, held.held, held.free, held.womens_selected, held.womens_now) == (8, 7, 1, 4, 3)


def test_a_firm_that_left_early_is_replaced_and_a_late_one_is_not(world: World) -> None:
    round_, files = told(world)
    early, late = files["selected"][:2]
    with clock.at(AFTER):
        for each in files["selected"]:
            offers.accept(world.session, world.owner_of(each), world.offer_of(each))
    for application, days in ((early, 119), (late, 120)):
        with clock.at(AFTER + timedelta(days=days + 1)):
            member = world.session.scalars(select(Member).where(Member.firm_id == application.firm_id)).one()
            leave_member(world.session, world.manager, member, member.joined_on + timedelta(days=days), "Cierra.")
    with clock.at(AFTER + timedelta(days=125)):
        shown = replacing.dry_run(world.session, world.manager, round_)
    assert [each.code for each in shown.leaving] == [early.code]
    assert len(shown.entering) == 1


def test_a_waiting_appeal_freezes_its_country_and_an_upheld_one_comes_first(world: World) -> None:
    round_, files = told(world)
    leaver = files["selected"][0]
    rivals = [each for each in files["waitlist"] if each.country == leaver.country
              and (each.facts or {})["womens"] == (leaver.facts or {})["womens"]]
    best, appellant = rivals[0], rivals[-1]
    with clock.at(AFTER):
        appeal = appeals.file_appeal(world.session, world.owner_of(appellant), appellant, "Miren otra vez.")
        offers.decline(world.session, world.owner_of(leaver), world.offer_of(leaver), "")
        shown = replacing.dry_run(world.session, world.manager, round_)
        assert (shown.frozen, [each.code for each in shown.entering]) == ((leaver.country,), [best.code])
        refused("replace_frozen", lambda: replacing.call(world.session, world.manager, round_, shown.key, "x"))
        appeals.answer_appeal(world.session, world.actor("second"), appeal, is_upheld=True, answer="Tiene razón.")
        again = replacing.dry_run(world.session, world.manager, round_)
        assert (again.frozen, again.found.first, [each.code for each in again.entering]) == (
            (), (appellant.code,), [appellant.code])
        replacing.call(world.session, world.manager, round_, again.key, "Apelación acogida.")
    assert world.offer_of(appellant).state == "waiting"


def test_a_claim_refuted_later_frees_the_seat_and_no_longer_counts(world: World) -> None:
    round_, files = told(world)
    woman = next(each for each in files["selected"] if (each.facts or {})["womens"] == "yes")
    with clock.at(AFTER):
        offers.accept(world.session, world.owner_of(woman), world.offer_of(woman))
        refused("round_decided", lambda: applications.note_finding(
            world.session, world.manager, woman, "size", "no", "x"))
        refused("not_allowed", lambda: offers.free_seat(world.session, world.actor("peru"), world.offer_of(woman), "x"))
        offers.free_seat(world.session, world.manager, world.offer_of(woman), "La escritura dice otra cosa.")
        refused("offer_answered", lambda: offers.free_seat(world.session, world.manager, world.offer_of(woman), "x"))
        member = world.session.scalars(select(Member).where(Member.firm_id == woman.firm_id)).one()
        assert member.left_on == clock.today(ZONES[woman.country])
        shown = replacing.dry_run(world.session, world.manager, round_)
    assert woman.code in shown.barred
    assert world.session.scalars(select(Finding).where(Finding.application_id == woman.id, Finding.answer == "no")).all() == []


def test_what_evaluators_wrote_for_a_firm_stands_in_its_letter_alone(world: World) -> None:
    assert letters.feedback_of(world.session, [1, 2]) == {}


def waits(world: World, who: str) -> list[str]:
    return [step.code for step in steps_for(world.session, world.actor(who))]


def test_whoever_a_decision_waits_for_is_told(world: World) -> None:
    round_, _files = world.decided_ready()
    assert waits(world, "manager") == []
    decision = world.proposed(round_)
    world.coordinator("CL")
    assert {name: waits(world, name) for name in ("manager", "second", "peru", "evaluator")} == {
        "manager": ["verify"], "second": ["verify"], "peru": ["verify", "agree"], "evaluator": []}
    world.agreed(round_, decision)
    assert {name: waits(world, name) for name in ("manager", "second", "peru")} == {
        "manager": [], "second": ["seal"], "peru": []}
    with clock.at(AFTER):
        decision_service.seal(world.session, world.actor("second"), round_, decision.record_hash)
        assert waits(world, "manager") == ["act"]
        acts.record_act(world.session, world.manager, round_, "1", date(2026, 11, 20))
        assert waits(world, "manager") == ["letters"]
        offers.send_letters(world.session, world.manager, round_)
        assert waits(world, "manager") == []
        offer = world.session.scalars(select(Offer).order_by(Offer.id)).first()
        assert offer is not None
        offers.decline(world.session, world.owner_of(offer.application), offer, "")
        assert (waits(world, "manager"), waits(world, "peru")) == (["call"], [])
