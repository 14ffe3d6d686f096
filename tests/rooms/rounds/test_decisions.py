"""What stands in the way of a selection, who proposes and who seals it, what each firm is told, and that it happens once."""

from __future__ import annotations

from collections.abc import Callable
from threading import Barrier, Event, Thread
from time import sleep

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cohort.kit import clock
from cohort.kit.access import SYSTEM, Actor, Role, act_as
from cohort.kit.database import db, transaction
from cohort.kit.errors import DomainError
from cohort.kit.mail import write
from cohort.kit.outbox import OutboxMessage
from cohort.people.actors import actor_of
from cohort.people.models import Person
from cohort.plans.models import Member, Plan
from cohort.rounds.applications import service as applications
from cohort.rounds.decisions import concurrence, service, solving, tables
from cohort.rounds.decisions.words import reason_text, relaxation_text, rule_limit, rule_name
from cohort.rounds.models import Decision, Round, Seat
from tests.rooms.rounds.conftest import AFTER, World, build_world, make_person
from tests.rooms.rounds.together import site_for_two


def refused(code: str, act) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(DomainError) as refusal:
        act()
    assert refusal.value.code == code


def test_nothing_is_decided_while_files_wait(world: World) -> None:
    round_ = world.call()
    refused("decision_not_closed", lambda: service.show(world.session, world.manager, round_))
    files = world.fill(round_, each=2)
    unknown = world.apply(round_, "incierta", "PE", 9, womens=True, exports_count="")
    world.close(round_)
    assert [each.eligible for each in (files[0], unknown)] == ["yes", "unknown"]
    refused("decision_pending", lambda: service.show(world.session, world.manager, round_))
    refused("finding_needs_reason", lambda: applications.note_finding(world.session, world.manager, unknown, "not_recurring", "yes", " "))
    refused("finding_unknown", lambda: applications.note_finding(world.session, world.manager, unknown, "no_such", "yes", "x"))
    applications.note_finding(world.session, world.manager, unknown, "not_recurring", "yes", "Vimos su declaración.")
    assert unknown.eligible == "yes"
    applications.note_finding(world.session, world.manager, unknown, "not_recurring", "unknown", "Fue otra empresa.")
    assert unknown.eligible == "unknown"
    assert applications.set_aside(world.session, world.manager, [unknown], "No respondió.") == 1
    assert (unknown.eligible, unknown.eligibility[-1]["params"]) == ("no", {"reason": "No respondió."})
    refused("decision_unscored", lambda: service.show(world.session, world.manager, round_))
    world.score(round_, files[:-1])
    refused("decision_unscored", lambda: service.show(world.session, world.manager, round_))  # one is never a zero
    applications.set_aside(world.session, world.manager, files[-1:], "Sin evaluación.")
    shown = service.show(world.session, world.manager, round_)
    assert len(shown.question.applicants) == 7
    refused("not_allowed", lambda: service.show(world.session, world.actor("peru"), round_))


def test_files_below_the_minimum_are_neither_chosen_nor_waiting(world: World) -> None:
    round_, files = world.decided_ready()
    from cohort.rounds.scores.service import score_files

    score_files(world.session, world.manager, round_, {files[0].id: 599_999})
    with clock.at(AFTER):
        world.sealed(round_)
    seat = world.session.scalars(select(Seat).where(Seat.application_id == files[0].id)).one()
    assert (seat.outcome, seat.place, seat.score, seat.reason, seat.reason_params) == (
        "not_selected", None, 599_999, "below_minimum", {"minimum": "60"})


def test_a_changed_score_makes_the_shown_list_stale(world: World) -> None:
    round_, files = world.decided_ready()
    from cohort.rounds.scores.service import score_files

    key = service.show(world.session, world.manager, round_).key
    score_files(world.session, world.manager, round_, {files[0].id: 610_000})
    refused("decision_changed", lambda: service.propose(world.session, world.manager, round_, key))
    assert world.session.scalar(select(func.count(Decision.id))) == 0


def test_one_proposes_another_seals_once_and_it_is_final(world: World) -> None:
    round_, files = world.decided_ready()
    second = world.actor("second")
    refused("decision_not_adopted", lambda: service.publish(world.session, world.manager, round_))
    refused("decision_not_proposed", lambda: service.seal(world.session, second, round_, ""))
    decision = world.proposed(round_)
    first_hash = decision.record_hash
    refused("decision_needs_second", lambda: service.seal(world.session, world.manager, round_, first_hash))
    refused("decision_changed", lambda: service.seal(world.session, second, round_, "f" * 64))
    refused("decision_not_agreed", lambda: service.seal(world.session, second, round_, first_hash))
    for country in ("CL", "CO", "MX"):
        concurrence.concur(world.session, world.coordinator(country), round_, decision, first_hash)
    refused("decision_not_agreed", lambda: service.seal(world.session, second, round_, first_hash))
    refused("concurrence_changed", lambda: concurrence.concur(
        world.session, world.coordinator("PE"), round_, decision, "f" * 64))
    refused("not_allowed", lambda: concurrence.concur(world.session, world.manager, round_, decision, first_hash))
    assert concurrence.concur(world.session, world.coordinator("PE"), round_, decision, first_hash) == ["PE"]
    assert concurrence.concur(world.session, world.coordinator("PE"), round_, decision, first_hash) == []
    refused("decision_unverified", lambda: service.seal(world.session, second, round_, first_hash))
    world.agreed(round_, decision)
    first = service.seal(world.session, second, round_, first_hash)
    again = service.seal(world.session, world.manager, round_, "whatever")
    assert (first.id, first.proposed_by, first.adopted_by, again.id) == (
        decision.id, world.people["manager"].id, world.people["second"].id, first.id)
    refused("concurrence_sealed", lambda: concurrence.concur(
        world.session, world.coordinator("PE"), round_, decision, first_hash))
    assert world.session.scalar(select(func.count(Seat.id))) == 16
    refused("round_decided", lambda: applications.note_finding(world.session, world.manager, files[0], "size", "no", "x"))
    refused("round_decided", lambda: applications.withdraw(world.session, world.actor("firmacl0"), files[0]))
    service.publish(world.session, world.manager, round_, "Pocas firmas.")
    at = round_.published_at
    service.publish(world.session, world.manager, round_, "Pocas firmas.")
    assert (round_.status, round_.published_at) == ("published", at)


def test_too_few_womens_firms_keep_reserved_seats_empty(world: World) -> None:
    round_ = world.call(seats=8)
    files = [world.apply(round_, f"f{country.lower()}{place}", country, place + 1, womens=country != "PE" and place == 0)
             for country in ("CL", "CO", "MX", "PE") for place in range(3)]
    world.close(round_)
    world.score(round_, files)
    shown = service.show(world.session, world.manager, round_)
    assert (shown.found.status, shown.found.shortfall, shown.found.empty) == (
        "optimal", "reserve", {"CL": 0, "CO": 0, "MX": 0, "PE": 1})
    record = service.record_of(shown)
    figures = tables.figures_of(record)
    assert (figures.selected, figures.womens, figures.empty_count) == (7, 3, 1)
    with clock.at(AFTER):
        world.joined(round_)
    assert world.session.scalar(select(func.count(Member.id))) == 7


def test_released_seats_need_a_reason_and_a_second_person(world: World) -> None:
    round_ = world.call(is_open=False, template="national", seats=4)
    round_.protocol = {**round_.protocol, "parity": {**round_.protocol["parity"], "shortfall": "release"}}
    from cohort.rounds.calls import service as calls

    calls.open_round(world.session, world.manager, round_)
    files = [world.apply(round_, f"f{place}", "CL", place + 1, womens=place == 0) for place in range(6)]
    world.close(round_)
    world.score(round_, files)
    key = service.show(world.session, world.manager, round_).key
    refused("decision_needs_reason", lambda: service.propose(world.session, world.manager, round_, key, " "))
    decision = world.sealed(round_, "Segunda convocatoria sin postulantes.")
    assert (decision.proposed_by, decision.adopted_by, decision.reasons) == (
        world.people["manager"].id, world.people["second"].id, "Segunda convocatoria sin postulantes.")
    assert len(decision.record["result"]["selected"]) == 4


def test_impossible_list_says_what_clashes_and_is_not_adopted(world: World) -> None:
    round_ = world.call(is_open=False, template="free", seats=4)
    round_.protocol = {**round_.protocol, "country_limits": {"CL": {"min": 3, "max": 4}, "PE": {"min": 2, "max": 4}}}
    from cohort.rounds.calls import service as calls

    calls.open_round(world.session, world.manager, round_)
    files = [world.apply(round_, f"f{country.lower()}{place}", country, place + 1, womens=True)
             for country in ("CL", "PE") for place in range(3)]
    world.close(round_)
    world.score(round_, files)
    shown = service.show(world.session, world.manager, round_)
    assert shown.found.status == "infeasible"
    assert tables.clash(round_, shown.found) == {
        "conflict": ["the 4 seats of Chile", "the 4 seats of Peru"],
        "relaxation": ["the 4 seats of Chile: at least 2 instead of 3"]}
    refused("decision_impossible", lambda: service.propose(world.session, world.manager, round_, shown.key))


def test_each_letter_tells_its_own_reason_and_no_other_firm(app: Flask, world: World) -> None:
    round_, files = world.decided_ready()
    lone = world.session.scalars(select(Round)).one()
    assert lone.id == round_.id
    with clock.at(AFTER):
        world.told(round_)
    names = {each.id: each.firm.name for each in files if each.firm}
    mails = [row for row in world.session.scalars(select(OutboxMessage)) if row.kind.startswith("decision_")]
    assert len(mails) == 16
    for row in mails:
        written = write(app, row)
        said = written.subject + written.text + written.html
        assert [name for key, name in names.items() if name in said] == [names[row.subject_id]]
    waiting = next(row for row in mails if row.kind == "decision_waitlist")
    text = write(app, waiting).text
    assert [line for line in text.splitlines() if "%(" in line or "{" in line] == []


def test_reasons_in_words(world: World) -> None:
    protocol = world.call(is_open=False).protocol
    assert rule_name("country:PE", protocol) == "the 2 seats of Peru"
    assert rule_name("parity", protocol) == "women-owned or led"
    assert rule_name("parity:PE", protocol) == "women-owned or led in Peru"
    assert rule_name("seats", protocol) == "the number of seats"
    assert [rule_limit(*pair) for pair in ((2, 2), (1, 3), (None, 3), (5, None))] == ["exactly 2", "1 to 3", "at most 3", "at least 5"]
    said = [reason_text(code, facts, protocol) for code, facts in (
        ("in_by_score", {}), ("in_by_rule", {"rules": ["country:PE", "parity"]}), ("in_by_rule", {"rules": []}),
        ("in_by_rule", {"rules": ["country:CL", "country:PE", "parity", "parity:PE"], "country": "PE"}),
        ("out_by_lot", {"points": "0", "rules": []}), ("out_by_score", {"points": "4.9", "rules": ["parity"]}),
        ("out_by_rule", {"points": "1", "rules": ["country:PE"]}), ("out_by_rule", {"points": None, "rules": ["country:PE"]}),
        ("out_by_score", {"points": None, "rules": []}), ("below_minimum", {"minimum": "60"}),
        ("ineligible", {"checks": [{"check": "size", "code": "size_large", "params": {}}]}))]
    assert said == [
        "", "selected through the 2 seats of Peru", "selected through several rules together",
        "selected through the 2 seats of Peru and women-owned or led in Peru",
        "same points as the last seat; the published draw decided", "4.9 points short of a seat",
        "1 point short of a seat; the 2 seats of Peru stood before it", "the 2 seats of Peru stood before it",
        "no seat could be exchanged without breaking a rule", "below the minimum of 60 points",
        "Micro, small or medium firm: large by the rule of its country"]
    assert relaxation_text({"name": "parity", "limit": "max", "from": 1, "to": 2}, protocol) == "women-owned or led: at most 2 instead of 1"


def test_same_question_same_answer(world: World) -> None:
    round_, _files = world.decided_ready()
    files = solving.files_of(world.session, round_)
    question = solving.question_of(round_, files)
    assert solving.solve(question) == solving.answer(question)
    assert len(solving.key_of(question)) == 64


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_two_managers_propose_at_once_and_a_sealed_list_is_not_proposed_anew(kind: str) -> None:
    """Real connections: one decision stands, the later proposal; against a seal, a proposal is refused in words."""
    with site_for_two(kind) as site:
        with site.app_context(), transaction() as session:
            act_as(session, SYSTEM)
            world = build_world(session)
            round_, _files = world.decided_ready()
            make_person(session, "third@plan.test", Role.MANAGER, world.plan.id)
            key = service.show(session, world.manager, round_).key
        clock.pin(AFTER)

        def overlapping(acts: dict[str, Callable[[Session, Actor, Round], Decision]]) -> dict[str, object]:
            """The second begins once the first has acted, and before the first commits."""
            acted, found = Event(), {}

            def one(name: str, is_first: bool) -> None:
                with site.app_context():
                    try:
                        with transaction() as session:
                            act_as(session, SYSTEM)
                            person = session.scalars(select(Person).where(Person.email == f"{name}@plan.test")).one()
                            found[name] = acts[name](session, actor_of(session, person), session.scalars(select(Round)).one()).id
                            acted.set()
                            if is_first:
                                sleep(3)
                    except DomainError as refusal:
                        found[name] = refusal.code
                    finally:
                        acted.set()
                        db.session.remove()

            threads = [Thread(target=one, args=(name, place == 0)) for place, name in enumerate(acts)]
            for thread in threads:
                thread.start()
                acted.wait(60)
            for thread in threads:
                thread.join()
            return found

        def propose(session: Session, actor: Actor, held: Round) -> Decision:
            return service.propose(session, actor, held, key)

        proposed = overlapping({"manager": propose, "third": propose})
        with site.app_context(), transaction() as session:
            act_as(session, SYSTEM)
            people = {person.email.split("@", maxsplit=1)[0]: person for person in session.scalars(select(Person))}
            decision = session.scalars(select(Decision)).one()
            World(session, session.scalars(select(Plan)).one(), people).agreed(decision.round, decision)
            proposer, record_hash, key_of = decision.proposed_by, decision.record_hash, decision.id
            third, second = people["third"].id, people["second"].id
        raced = overlapping({"second": lambda session, actor, held: service.seal(session, actor, held, record_hash), "third": propose})
        with site.app_context():
            stands = db.session.scalars(select(Decision)).one()
            after = (stands.adopted_by == second, stands.proposed_by, stands.record_hash)
            db.session.remove()
            db.engine.dispose()
        clock.pin(None)
        assert proposed == {"manager": key_of, "third": key_of}
        assert (proposer, raced) == (third, {"second": key_of, "third": "decision_not_closed"})
        assert after == (True, third, record_hash)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_two_people_seal_at_once_and_one_decision_stands(kind: str) -> None:
    """Two real connections, begun at the same moment."""
    with site_for_two(kind) as site:
        with site.app_context(), transaction() as session:
            act_as(session, SYSTEM)
            world = build_world(session)
            round_, _files = world.decided_ready()
            make_person(session, "third@plan.test", Role.MANAGER, world.plan.id)
            decision = world.proposed(round_)
            world.agreed(round_, decision)
            record_hash = decision.record_hash
        clock.pin(AFTER)
        gate, found = Barrier(2), []

        def seal(email: str) -> None:
            with site.app_context():
                gate.wait()
                with transaction() as session:
                    act_as(session, SYSTEM)
                    person = session.scalars(select(Person).where(Person.email == email)).one()
                    held = session.scalars(select(Round)).one()
                    found.append(service.seal(session, actor_of(session, person), held, record_hash).id)

        threads = [Thread(target=seal, args=(f"{name}@plan.test",)) for name in ("third", "second")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        with site.app_context():
            counted = [db.session.scalar(select(func.count(model.id))) for model in (Decision, Seat, Member)]
            mails = db.session.scalar(select(func.count(OutboxMessage.id)).where(OutboxMessage.kind.startswith("decision_")))
            db.session.remove()
            db.engine.dispose()
        clock.pin(None)
        assert (len(found), len(set(found)), counted, mails) == (2, 1, [1, 16, 0], 0)


def test_a_refuted_claim_changes_the_list_and_the_proposal_is_stale(world: World) -> None:
    round_, files = world.decided_ready(each=6, seats=4)
    decision = world.proposed(round_)
    shown = service.show(world.session, world.manager, round_)
    claims = service.unverified(world.session, round_, shown.question, shown.found, shown.files)
    assert {each.code for each in claims} >= set(shown.found.selected)  # one seat a country, each a women's firm's
    refuted = next(each for each in claims if each.code == shown.found.selected[0])
    applications.note_finding(
        world.session, world.coordinator(refuted.country), refuted, "ownership", "no", "La escritura dice otra cosa.")
    assert refuted.eligible == "yes"  # the firm stays in the pool, among the others
    world.agreed(round_, decision)
    refused("decision_changed", lambda: service.seal(world.session, world.actor("second"), round_, decision.record_hash))
    new = service.show(world.session, world.manager, round_).found
    assert refuted.code not in new.selected
    assert len(new.selected) == 4
    world.sealed(round_)
    seat = world.session.scalars(select(Seat).where(Seat.application_id == refuted.id)).one()
    assert seat.outcome != "selected"
    assert {each.id for each in files} >= {refuted.id}


def test_a_firm_verified_since_needs_no_finding(world: World) -> None:
    round_, _files = world.decided_ready()
    shown = service.show(world.session, world.manager, round_)

    def asked() -> set[str]:
        found = service.unverified(world.session, round_, shown.question, shown.found, shown.files)
        return {each.code for each in found}

    before = asked()
    one = next(each for each in shown.files.pool if each.code in before)
    assert one.firm is not None
    one.firm.ownership_verified = True
    world.session.flush()
    assert asked() == before - {one.code}
    one.firm.women_led = "no"  # another declaration than the one that counted at closing
    world.session.flush()
    assert asked() == before


def test_a_national_call_asks_no_other_country(world: World) -> None:
    round_ = world.call(template="national", seats=2)
    files = [world.apply(round_, f"f{place}", "CL", place + 1, womens=place == 0) for place in range(3)]
    world.close(round_)
    world.score(round_, files)
    decision = world.proposed(round_)
    assert concurrence.missing(world.session, round_, decision) == []
    refused("concurrence_not_asked", lambda: concurrence.concur(
        world.session, world.coordinator("CL"), round_, decision, decision.record_hash))
    other = world.call(code="2026-9")
    assert concurrence.is_asked(other)
    refused("concurrence_no_country", lambda: concurrence.concur(
        world.session, world.coordinator("CR"), other, decision, decision.record_hash))
