"""A national call of two countries: one list, adopted by each, an act for each, and nothing of one releases the other's."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path
from threading import Barrier, Thread

import pytest
from sqlalchemy import func, select

from cohort.kit import clock
from cohort.kit.access import SYSTEM, Actor, Role, act_as
from cohort.kit.database import db, transaction
from cohort.kit.errors import DomainError
from cohort.kit.outbox import OutboxMessage
from cohort.people import grants
from cohort.people.actors import actor_of
from cohort.people.models import Person
from cohort.rounds.applications import service as applications
from cohort.rounds.calls import service as calls
from cohort.rounds.calls import words as call_words
from cohort.rounds.calls.protocol import Terms, country_limits, is_by_country
from cohort.rounds.decisions import adoption, appeals, concurrence, letters, service
from cohort.rounds.files.replay import differences, read_record
from cohort.rounds.models import Application, Decision, Round, Seat
from cohort.rounds.seats import acts, offers, replacing, standing
from cohort.rounds.seats import words as seat_words
from cohort.rounds.seats.models import Concurrence, Offer
from cohort.rounds.waiting import steps_for
from tests.pages import Pages, sign_in_as
from tests.rooms.rounds.conftest import AFTER, CLOSES, NOW, Site, World, build_world
from tests.rooms.rounds.together import site_for_two

TODAY = date(2026, 11, 20)  # one hour after closing, in Santiago


def refused(code: str, act) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(DomainError) as refusal:
        act()
    assert refusal.value.code == code


def proposed(world: World) -> tuple[Round, Decision]:
    """A closed and scored national call of Chile and Peru, four files each, whose best list the manager proposed."""
    new = calls.NewRound(
        code="nacional-1", title_es="Convocatoria nacional", title_en="National call", opens_at=NOW, closes_at=CLOSES,
        time_zone="America/Santiago", grace_minutes=0, terms=Terms("national", 4, ("CL", "PE")))
    round_ = calls.create_round(world.session, world.manager, world.plan, new)
    calls.open_round(world.session, world.manager, round_)
    files = [world.apply(round_, f"n{country.lower()}{place}", country, place + 1, womens=place % 2 == 1)
             for country in ("CL", "PE") for place in range(4)]
    world.close(round_)
    world.score(round_, files)
    world.coordinator("CL")
    return round_, world.proposed(round_)


def verify(world: World, round_: Round, *countries: str) -> None:
    """Ownership seen by the coordinator of each country."""
    shown = service.show(world.session, world.manager, round_)
    for each in service.unverified(world.session, round_, shown.question, shown.found, shown.files):
        if each.country in countries:
            applications.note_finding(
                world.session, world.coordinator(each.country), each, "ownership", "yes", "Visto en la escritura.")


def adopted(world: World) -> tuple[Round, Decision]:
    """The list sealed by the second of both coordinators."""
    round_, decision = proposed(world)
    verify(world, round_, "CL", "PE")
    with clock.at(AFTER):
        for country in ("CL", "PE"):
            adoption.adopt(world.session, world.coordinator(country), round_, decision.record_hash)
    return round_, decision


def enacted(world: World, *countries: str) -> tuple[Round, Decision]:
    """Sealed, with act and letters of these countries, by their coordinators."""
    round_, decision = adopted(world)
    with clock.at(AFTER):
        for country in countries:
            acts.record_act(world.session, world.coordinator(country), round_, f"RES-{country}", TODAY, country)
            offers.send_letters(world.session, world.coordinator(country), round_, country)
    return round_, decision


def steps(world: World, actor: Actor) -> list[str]:
    return [step.code for step in steps_for(world.session, actor)]


def test_a_national_call_of_several_has_equal_seats_and_parity_in_each(world: World) -> None:
    several, one = Terms("national", 5, ("CL", "PE")), Terms("national", 5, ("CL",))
    assert country_limits(several) == {"CL": {"min": 3, "max": 3}, "PE": {"min": 2, "max": 2}}
    made = []
    for code, terms in (("nacional-2", several), ("nacional-3", one)):
        new = calls.NewRound(
            code=code, title_es="N", title_en="N", opens_at=NOW, closes_at=CLOSES, time_zone="America/Santiago",
            grace_minutes=0, terms=terms)
        made.append(calls.create_round(world.session, world.manager, world.plan, new))
    told = [(each.kind, each.protocol["concurrence"], each.protocol["parity"]["scope"], is_by_country(each.protocol),
             acts.parts_of(each), call_words.adoption_text(each.protocol)) for each in made]
    assert told == [
        ("national", False, ["overall", "country"], True, ("CL", "PE"),
         "There is one list; each country adopts it for itself, by an administrative act of its own."),
        ("national", False, ["overall"], False, ("",), ""),
    ]


def test_each_country_adopts_and_the_last_one_seals(world: World, tmp_path: Path) -> None:
    round_, decision = proposed(world)
    whole, chile, peru = decision.record_hash, world.coordinator("CL"), world.coordinator("PE")
    assert [steps(world, who) for who in (chile, peru, world.manager, world.actor("second"))] == [
        ["verify"], ["verify"], ["verify"], ["verify"]]
    refused("decision_unverified", lambda: adoption.adopt(world.session, chile, round_, whole))
    verify(world, round_, "CL")
    assert [steps(world, who) for who in (chile, peru)] == [["adopt"], ["verify"]]
    refused("decision_changed", lambda: adoption.adopt(world.session, chile, round_, "0" * 64))
    assert adoption.adopt(world.session, chile, round_, whole).adopted_at is None
    assert (concurrence.missing(world.session, round_, decision), steps(world, chile)) == (["PE"], [])
    assert adoption.adopt(world.session, chile, round_, whole).adopted_at is None  # a second click adds nothing
    refused("decision_unverified", lambda: adoption.adopt(world.session, peru, round_, whole))
    verify(world, round_, "PE")
    sealed = adoption.adopt(world.session, peru, round_, whole)
    assert (round_.status, sealed.adopted_by, sealed.record_hash) == ("decided", peru.person_id, whole)
    assert adoption.adopt(world.session, chile, round_, whole) is sealed
    assert adoption.adopters_of(world.session, round_, sealed) == ["Coordinator-Cl, Chile", "Peru, Peru"]
    chosen = world.session.execute(select(Application.country, func.count(Seat.id)).join(Seat.application).where(
        Seat.outcome == "selected").group_by(Application.country).order_by(Application.country)).all()
    assert [tuple(row) for row in chosen] == [("CL", 2), ("PE", 2)]
    path = tmp_path / "record.json"
    path.write_text(json.dumps(decision.record))
    assert differences(read_record(path), path.name) == []


def test_the_wrong_person_adopts_nothing(world: World) -> None:
    round_, decision = proposed(world)
    verify(world, round_, "CL", "PE")
    whole = decision.record_hash
    refused("decision_each_country", lambda: service.seal(world.session, world.actor("second"), round_, whole))
    for name in ("manager", "evaluator", "observer"):
        refused("not_allowed", lambda name=name: adoption.adopt(world.session, world.actor(name), round_, whole))
    refused("adoption_no_country", lambda: adoption.adopt(world.session, world.coordinator("MX"), round_, whole))
    refused("concurrence_not_asked", lambda: concurrence.concur(
        world.session, world.coordinator("CL"), round_, decision, whole))
    grants.grant_role(world.session, world.manager, world.people["manager"], Role.COORDINATOR, world.plan.id, country="CL")
    both = actor_of(world.session, world.people["manager"], world.plan.id)
    refused("adoption_no_country", lambda: adoption.adopt(world.session, both, round_, whole))  # sees all, is of none
    assert world.session.scalars(select(Concurrence)).all() == []
    regional = world.call(is_open=False)
    refused("adoption_not_by_country", lambda: adoption.adopt(world.session, world.coordinator("CL"), regional, whole))


def test_a_coordinator_who_proposed_does_not_adopt(world: World) -> None:
    round_, decision = proposed(world)
    verify(world, round_, "CL", "PE")
    decision.proposed_by = world.coordinator("CL").person_id
    refused("adoption_own_proposal", lambda: adoption.adopt(
        world.session, world.coordinator("CL"), round_, decision.record_hash))
    assert steps(world, world.coordinator("CL")) == []


def test_one_country_s_act_releases_its_own_letters_alone(world: World) -> None:
    round_, decision = adopted(world)
    with clock.at(AFTER):
        chile, peru, manager = world.coordinator("CL"), world.coordinator("PE"), world.manager
        assert [steps(world, who) for who in (chile, peru, manager)] == [["own_act"], ["own_act"], ["some_act"]]
        refused("act_not_yours", lambda: acts.record_act(world.session, chile, round_, "1", TODAY, "PE"))
        refused("act_country", lambda: acts.record_act(world.session, manager, round_, "1", TODAY))
        refused("not_allowed", lambda: acts.record_act(world.session, world.actor("evaluator"), round_, "1", TODAY, "CL"))
        acts.record_act(world.session, chile, round_, "RES-CL", TODAY, "CL")
        refused("act_recorded", lambda: acts.record_act(world.session, chile, round_, "2", TODAY, "CL"))
        refused("offers_need_act", lambda: offers.send_letters(world.session, peru, round_, "PE"))
        refused("act_not_yours", lambda: offers.send_letters(world.session, peru, round_, "CL"))
        assert [steps(world, who) for who in (chile, peru, manager)] == [
            ["own_letters"], ["own_act"], ["some_act", "some_letters"]]
        assert offers.send_letters(world.session, chile, round_, "CL") == 2
        refused("offers_sent", lambda: offers.send_letters(world.session, chile, round_, "CL"))
        assert [letters.notice_on(world.session, round_, code) for code in ("CL", "PE", "")] == [TODAY, None, None]
        recorded = acts.acts_of(world.session, decision)
        assert seat_words.acts_text(round_, recorded) == "1 of 2 countries has its act; the letters of 1 went out"
        written = {world.session.get_one(Application, row.subject_id).country
                   for row in world.session.scalars(select(OutboxMessage).where(OutboxMessage.kind.like("decision_%")))}
        assert written == {"CL"}
        held = standing.standing_of(world.session, round_, decision)
        assert (held.selected, held.offered, held.held, held.free) == (4, 2, 2, 0)
        refused("act_date", lambda: acts.record_act(world.session, peru, round_, "1", TODAY, "PE"))  # not yet in Lima
        acts.record_act(world.session, peru, round_, "RES-PE", TODAY - timedelta(days=1), "PE")
        assert offers.send_letters(world.session, manager, round_, "PE") == 2  # whoever runs the plan may too
        assert [steps(world, who) for who in (chile, peru, manager)] == [[], [], []]


def test_a_free_seat_of_one_country_calls_nobody_of_one_without_letters(world: World) -> None:
    round_, decision = enacted(world, "CL")
    with clock.at(AFTER):
        refused("replace_nobody_free", lambda: replacing.dry_run(world.session, world.manager, round_))
        leaver = world.session.scalars(select(Offer).order_by(Offer.id)).first()
        assert leaver is not None
        offers.decline(world.session, world.owner_of(leaver.application), leaver, "")
        assert steps(world, world.manager) == ["some_act", "call"]
        shown = replacing.dry_run(world.session, world.manager, round_)
        assert [each.country for each in shown.entering] == ["CL"]
        replacing.call(world.session, world.manager, round_, shown.key, "Un cupo quedó libre.")
        waiting = world.session.scalars(select(Seat).join(Seat.application).where(
            Seat.outcome == "waitlist", Application.country == "PE")).first()
        assert waiting is not None
        refused("offers_need_act", lambda: offers.make_offers(
            world.session, world.manager, decision, [waiting.application], None))
    countries = [each.application.country for each in world.session.scalars(select(Offer))]
    assert countries == ["CL", "CL", "CL"]


def test_the_clock_of_appeals_runs_from_the_letters_of_each_country(world: World) -> None:
    round_, _decision = enacted(world, "CL")
    with clock.at(AFTER):
        out = {code: world.session.scalars(select(Application).join(Seat, Seat.application_id == Application.id).where(
            Seat.outcome == "waitlist", Application.country == code).order_by(Application.id)).all() for code in ("CL", "PE")}
        refused("appeal_not_decided", lambda: appeals.file_appeal(
            world.session, world.owner_of(out["PE"][0]), out["PE"][0], "Miren."))
        appeals.file_appeal(world.session, world.owner_of(out["CL"][0]), out["CL"][0], "Miren.")
    with clock.at(AFTER + timedelta(days=30)):
        acts.record_act(world.session, world.coordinator("PE"), round_, "RES-PE", TODAY, "PE")
        offers.send_letters(world.session, world.coordinator("PE"), round_, "PE")
        refused("appeal_late", lambda: appeals.file_appeal(
            world.session, world.owner_of(out["CL"][1]), out["CL"][1], "Miren."))
        late = appeals.file_appeal(world.session, world.owner_of(out["PE"][0]), out["PE"][0], "Miren.")
    # 20 December 2026 is a Sunday in Lima: five working days of Chile are not those of Peru
    assert (letters.notice_on(world.session, round_, "PE"), late.filed_on) == (date(2026, 12, 19), date(2026, 12, 19))


def test_a_one_country_call_is_sealed_and_enacted_as_before(world: World) -> None:
    round_ = world.call(template="national", seats=2)
    files = [world.apply(round_, f"f{place}", "CL", place + 1, womens=place == 0) for place in range(3)]
    world.close(round_)
    world.score(round_, files)
    with clock.at(AFTER):
        decision = world.told(round_)
    assert (list(acts.acts_of(world.session, decision)), acts.each_act(world.session, round_)) == ([""], None)


def people_at_work(doors: Site) -> dict[str, int]:
    """A proposed list, verified; both coordinators and the manager by name."""
    def arrange(world: World) -> dict[str, int]:
        round_, _decision = proposed(world)
        verify(world, round_, "CL", "PE")
        return {name: person.id for name, person in world.people.items()}
    found = doors.do(arrange)
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_two_adopting_at_once_seal_one_decision(kind: str) -> None:
    """Two real connections, begun at the same moment."""
    with site_for_two(kind) as site:
        with site.app_context(), transaction() as session:
            act_as(session, SYSTEM)
            world = build_world(session)
            round_, decision = proposed(world)
            verify(world, round_, "CL", "PE")
            record_hash = decision.record_hash
        clock.pin(AFTER)
        gate, found = Barrier(2), []

        def adopt(email: str) -> None:
            with site.app_context():
                gate.wait()
                with transaction() as session:
                    act_as(session, SYSTEM)
                    actor = actor_of(session, session.scalars(select(Person).where(Person.email == email)).one())
                    act_as(session, actor)
                    held = session.scalars(select(Round)).one()
                    found.append(adoption.adopt(session, actor, held, record_hash).id)

        threads = [Thread(target=adopt, args=(f"{name}@plan.test",)) for name in ("coordinator-cl", "peru")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        with site.app_context():
            act_as(db.session(), SYSTEM)
            status = db.session.scalar(select(Round.status))
            counted = [db.session.scalar(select(func.count(model.id))) for model in (Decision, Seat, Concurrence)]
            db.session.remove()
            db.engine.dispose()
        clock.pin(None)
        assert (len(found), len(set(found)), status, counted) == (2, 1, "decided", [1, 8, 2])


def browsers(doors: Site, people: dict[str, int], language: str) -> dict[str, Pages]:
    return {name: sign_in_as(doors.app, people[name], language) for name in ("manager", "coordinator-cl", "peru", "second")}


@pytest.mark.parametrize(("language", "said"), [
    ("es", {"adopt": "Adoptar por mi país", "missing": "Falta que adopten", "roll": "1 de 2 países", "act": "Acta de selección · Chile"}),
    ("en", {"adopt": "Adopt for my country", "missing": "Still to adopt", "roll": "1 of 2 countries", "act": "Acta de selección · Chile"}),
])
def test_pages_from_proposal_to_letters(doors: Site, language: str, said: dict[str, str]) -> None:
    people = people_at_work(doors)
    clock.pin(AFTER)
    by = browsers(doors, people, language)
    path = f"/rounds/{doors.do(lambda world: world.session.scalars(select(Round.id)).one())}"
    seen = by["coordinator-cl"].get(path + "/proposal").text
    assert said["adopt"] in seen
    assert said["missing"] in seen
    manager = by["manager"].get(path + "/proposal").text
    assert said["adopt"] not in manager
    assert "/seal" not in by["second"].get(path + "/proposal").text
    record = doors.do(lambda world: world.session.scalars(select(Decision)).one().record_hash)
    by["coordinator-cl"].post(path + "/adopt", path + "/proposal", record=record)
    assert said["adopt"] not in by["coordinator-cl"].get(path + "/proposal").text
    by["peru"].post(path + "/adopt", path + "/proposal", record=record)
    by["coordinator-cl"].get(path + "/result")
    by["coordinator-cl"].post(path + "/seats", number="RES-CL", signed_on=TODAY.isoformat())
    for name in ("manager", "coordinator-cl", "peru"):
        assert said["roll"] in by[name].get(path).text
        assert said["roll"] in by[name].get(path + "/seats").text
    by["peru"].get(path + "/letters?country=CL", status=403)
    assert "RES-CL" in by["coordinator-cl"].get(path + "/act?country=CL").text
    assert said["act"] in by["manager"].get(path + "/act?country=CL").text
    by["manager"].get(path + "/act")
    by["peru"].get(path + "/act", status=403)
    by["coordinator-cl"].get(path + "/letters?country=CL")
    by["coordinator-cl"].post(path + "/letters", path + "/letters?country=CL", country="CL")
    by["coordinator-cl"].get(path + "/seats")
    paper = by["coordinator-cl"].client.get(path + "/act.pdf?country=CL")
    assert (paper.status_code, paper.mimetype) == (200, "application/pdf")
    assert paper.headers["Content-Disposition"] == "inline; filename=acta-nacional-1-cl.pdf"
