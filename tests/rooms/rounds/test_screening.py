"""Screening before reviews: told to everybody, shown before it is done, and what it leaves for reviews, decision and record."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from flask_babel import force_locale
from sqlalchemy import select

from cohort.kit import clock
from cohort.kit.access import Role
from cohort.kit.errors import DomainError, sentence
from cohort.rounds.applications import service as applications
from cohort.rounds.calls import queries, question_drafts, rule_drafts, told
from cohort.rounds.calls import service as calls
from cohort.rounds.calls.parts import Question, ScreeningTerms, screening_terms_of
from cohort.rounds.decisions import service as decisions
from cohort.rounds.decisions.words import reason_text
from cohort.rounds.files.replay import differences, read_record
from cohort.rounds.funnel import funnel_of
from cohort.rounds.models import Application, Round, Screened, Seat
from cohort.rounds.reviews import assigning
from cohort.rounds.scores.service import preview, score_files
from cohort.rounds.screening import service
from cohort.rounds.waiting import Step, steps_for
from tests.rooms.rounds.conftest import AFTER, Site, World, make_person, post
from tests.rooms.rounds.pages import checked
from tests.rooms.rounds.test_call_questions import BUDGET, CHANNEL, PART, STORY
from tests.rooms.rounds.test_call_rules import SAID

ONLINE = replace(PART, is_needed=True, is_self_test=True)
LEVEL = Question("", "choice", {"es": "Nivel", "en": "Level"}, {"es": "", "en": ""}, is_needed=False, is_self_test=True, choices=(
    {"es": "Nada", "en": "None"}, {"es": "Algo", "en": "Some"}, {"es": "Mucho", "en": "Much"}))
TERMS = ScreeningTerms(1, Decimal("40.5"))
TEST = {"per_file": 2, "gap": "20", "final": "mean_or_median", "is_blind": True, "least_mark": 1}


def draft(world: World, *asked: Question, terms: ScreeningTerms | None = TERMS, **parts: Any) -> Round:
    """A draft with two seats a country that screens its files."""
    round_ = world.call(is_open=False)
    rule_drafts.set_rules(world.session, world.manager, round_, replace(
        SAID, checks_on=frozenset(), counts="owned_or_led", shortfall="reserve", screening=terms, waitlist_count=8))
    for each in asked:
        question_drafts.add_question(world.session, world.manager, round_, each)
    round_.protocol = {**round_.protocol, **parts}
    return round_


def closed(world: World, points: dict[str, tuple[tuple[str, str], ...]] | None = None, **parts: Any) -> tuple[Round, dict[str, Application]]:
    """A closed call with, for each country, files by (percentage, level), every second one of women."""
    round_ = draft(world, ONLINE, LEVEL, **parts)
    calls.open_round(world.session, world.manager, round_)
    given = points or {
        "PE": (("90", "2"), ("80", "2"), ("70", "1"), ("60", "2"), ("50", ""), ("100", ""), ("20", "1"), ("81", "0")),
        "CL": (("100", "2"), ("100", "2"), ("100", "2"), ("0", "2")), "CO": (("90", "1"), ("90", "1")), "MX": (("41", "1"), ("90", "1")),
    }
    files = {
        f"{country}{place}": world.apply(
            round_, f"f{country.lower()}{place}", country, place + 1, womens=place % 2 == 1, q1=percent, q2=level)
        for country, rows in given.items() for place, (percent, level) in enumerate(rows)
    }
    world.close(round_)
    return round_, files


def screen(world: World, round_: Round) -> service.Shown:
    return service.carry_out(world.session, world.manager, round_, service.show(world.session, world.manager, round_).key)


def outcomes(world: World, files: dict[str, Application]) -> dict[str, tuple[int, str, int | None]]:
    rows = {row.application_id: row for row in world.session.scalars(select(Screened))}
    return {name: (rows[each.id].points, rows[each.id].outcome, rows[each.id].place) for name, each in files.items() if each.id in rows}


def refused(code: str, act: Any) -> None:
    with pytest.raises(DomainError) as refusal:
        act()
    assert refusal.value.code == code
    for language in ("es", "en"):
        with force_locale(language):
            assert "%(" not in sentence(refusal.value)


def test_a_draft_says_its_terms_and_everybody_reads_them(world: World) -> None:
    round_ = draft(world, ONLINE)
    assert round_.protocol["screening"] == {"multiple": 1, "pass_mark": "40.5"}
    assert screening_terms_of(round_.protocol) == TERMS
    assert told.screening_text(round_.protocol) == (
        "A self-test comes first; it takes 40.5 of 100 points to pass. Of those who pass, for each seat of a country the best file "
        "of firms owned or led by women and the best one of the others go on to review.")
    three = {**round_.protocol, "screening": {"multiple": 3, "pass_mark": "0"}}
    with force_locale("es"):
        assert told.screening_text(three) == (
            "Primero hay una autoevaluación; se aprueba con 0 de 100 puntos. De las que aprueban, por cada cupo de un país pasan a "
            "evaluación las 3 mejores postulaciones de empresas de mujeres o lideradas por mujeres y las 3 mejores de las demás.")
    rule_drafts.set_rules(world.session, world.manager, round_, replace(SAID, checks_on=frozenset()))
    assert (round_.protocol["screening"], told.screening_text(round_.protocol)) == (None, "")


@pytest.mark.parametrize(("multiple", "mark"), [(0, "50"), (21, "50"), (1, "-1"), (1, "100.1"), (1, "50.00001"), (1, "NaN")])
def test_terms_out_of_reach_are_refused(world: World, multiple: int, mark: str) -> None:
    refused("screening_range", lambda: draft(world, terms=ScreeningTerms(multiple, Decimal(mark))))


def test_a_call_that_screens_opens_with_a_needed_self_test_alone(world: World) -> None:
    round_ = draft(world, BUDGET, CHANNEL, LEVEL)
    refused("screening_no_test", lambda: calls.open_round(world.session, world.manager, round_))
    question_drafts.add_question(world.session, world.manager, round_, ONLINE)
    calls.open_round(world.session, world.manager, round_)
    assert round_.status == "open"
    other = world.call(is_open=False, code="2026-2")
    refused("question_self_test", lambda: question_drafts.add_question(
        world.session, world.manager, other, replace(STORY, is_self_test=True)))


def test_it_is_shown_then_carried_out_and_noted_once(world: World) -> None:
    round_, files = closed(world)
    shown = service.show(world.session, world.manager, round_)
    assert outcomes(world, files) == {}
    assert (shown.can_be_done, shown.is_locked, shown.screened_at, len(shown.lines)) == (True, False, None, 16)
    service.carry_out(world.session, world.manager, round_, shown.key)
    found = outcomes(world, files)
    # two seats a country: the best two of women and of the others go on
    assert {name: found[name] for name in sorted(found) if name.startswith("PE")} == {
        "PE0": (950_000, "sent", 1), "PE2": (600_000, "sent", 2), "PE4": (250_000, "failed", None), "PE6": (350_000, "failed", None),
        "PE1": (900_000, "sent", 1), "PE3": (800_000, "sent", 2), "PE5": (500_000, "not_among_best", 3), "PE7": (405_000, "not_among_best", 4),
    }
    assert {found[name] for name in ("CL0", "CL2")} == {(1_000_000, "sent", 1), (1_000_000, "sent", 2)}  # by the draw
    assert (found["CL1"], found["CL3"]) == ((1_000_000, "sent", 1), (500_000, "sent", 2))
    assert (found["MX0"], found["MX1"]) == ((455_000, "sent", 1), (700_000, "sent", 1))
    again = service.show(world.session, world.manager, round_)
    assert (again.can_be_done, again.has_changes, again.is_locked) == (False, False, False)
    service.carry_out(world.session, world.manager, round_, again.key)
    assert outcomes(world, files) == found


def test_it_runs_again_until_the_first_file_is_assigned(world: World) -> None:
    round_, files = closed(world, reviews=TEST)
    key = service.show(world.session, world.manager, round_).key
    screen(world, round_)
    applications.note_finding(world.session, world.manager, files["PE1"], "set_aside", "no", "Es una empresa grande.")
    refused("screening_changed", lambda: service.carry_out(world.session, world.manager, round_, key))
    screen(world, round_)
    found = outcomes(world, files)
    assert ("PE1" in found, found["PE3"], found["PE5"]) == (False, (800_000, "sent", 1), (500_000, "sent", 2))
    people = [make_person(world.session, f"{name}@plan.test", Role.EVALUATOR, world.plan.id, "PE") for name in ("ana", "beto")]
    assigning.give(world.session, world.manager, round_, [(files["PE5"].id, people[0].id)], "hand")
    applications.note_finding(world.session, world.manager, files["PE3"], "set_aside", "no", "También es grande.")
    assert service.show(world.session, world.manager, round_).can_be_done is False
    refused("screening_locked", lambda: screen(world, round_))
    assert outcomes(world, files) == found
    # PE1 comes back: it is judged as if it had been there, and nobody is called back for it
    applications.note_finding(world.session, world.manager, files["PE1"], "set_aside", "unknown", "No lo es.")
    refused("decision_unscreened", lambda: decisions.show(world.session, world.manager, round_))
    with clock.at(AFTER):
        screen(world, round_)
    assert outcomes(world, files) == {**found, "PE1": (900_000, "sent", 1)}
    assert [row.application_id for row in world.session.scalars(select(Screened).where(Screened.is_late))] == [files["PE1"].id]


def test_who_waits_for_eligibility_stops_it_and_so_does_the_wrong_time(world: World) -> None:
    round_ = draft(world, ONLINE, LEVEL)
    refused("screening_not_closed", lambda: service.show(world.session, world.manager, round_))
    calls.open_round(world.session, world.manager, round_)
    file = world.apply(round_, "una", "PE", 1, womens=True, q1="90", q2="1")
    world.close(round_)
    file.eligible = "unknown"
    shown = service.show(world.session, world.manager, round_)
    assert (shown.pending_count, shown.can_be_done, shown.lines) == (1, False, ())
    refused("screening_pending", lambda: service.carry_out(world.session, world.manager, round_, shown.key))
    file.eligible = "no"
    refused("screening_empty", lambda: screen(world, round_))
    refused("not_allowed", lambda: service.show(world.session, world.actor("peru"), round_))
    round_.protocol = {**round_.protocol, "screening": None}
    refused("screening_off", lambda: service.show(world.session, world.manager, round_))


def test_nobody_is_reviewed_or_scored_before_and_only_who_went_on_after(world: World) -> None:
    round_, files = closed(world, reviews=TEST)
    one = files["PE0"].id
    people = [make_person(world.session, f"{name}@plan.test", Role.EVALUATOR, world.plan.id, "PE") for name in ("ana", "beto")]
    refused("screening_due", lambda: assigning.fill(world.session, world.manager, round_))
    refused("screening_due", lambda: assigning.give(world.session, world.manager, round_, [(one, people[0].id)], "hand"))
    refused("screening_due", lambda: score_files(world.session, world.manager, round_, {one: 1}))
    refused("decision_unscreened", lambda: decisions.show(world.session, world.manager, round_))
    total = queries.total_of(queries.standings_of(world.session, round_))
    assert (total.unscreened, total.left_out, total.unscored, queries.step_of(round_, total)) == (16, 0, 0, 2)
    assert steps_for(world.session, world.manager) == [Step(round_, "screen")]
    assert steps_for(world.session, world.actor("peru")) == []
    screen(world, round_)
    sent = {each.id for name, each in files.items() if outcomes(world, files)[name][1] == "sent"}
    assert {each.id for each in assigning.to_review(world.session, round_.id)} == sent
    assert len(assigning.fill(world.session, world.manager, round_).given) == 2 * len(sent)
    assert steps_for(world.session, world.manager) == []
    sheet = preview(world.session, world.manager, round_, [], has_decimal_comma=False)
    assert set(sheet.unscored) == sent
    total = queries.total_of(queries.standings_of(world.session, round_))
    assert (total.unscreened, total.left_out, total.to_score, total.unscored) == (0, 4, 12, 12)
    refused("assign_foreign", lambda: assigning.give(world.session, world.manager, round_, [(files["PE4"].id, people[0].id)], "hand"))


def decided(world: World, **parts: Any) -> tuple[Round, dict[str, Application]]:
    round_, files = closed(world, **parts)
    screen(world, round_)
    found = outcomes(world, files)
    score_files(world.session, world.manager, round_, {
        each.id: 900_000 - 1_000 * place for place, (name, each) in enumerate(files.items()) if found[name][1] == "sent"})
    world.told(round_)
    return round_, files


def test_who_was_left_out_needs_no_score_and_reads_why(world: World) -> None:
    round_, files = decided(world)
    seats = {seat.application_id: seat for seat in world.session.scalars(select(Seat))}
    assert {seat.application_id for seat in seats.values()} == {each.id for each in files.values()}
    failed, late = seats[files["PE6"].id], seats[files["PE5"].id]
    assert (failed.outcome, failed.place, failed.score, failed.reason) == ("not_selected", None, None, "screen_failed")
    assert reason_text(failed.reason, failed.reason_params, round_.protocol) == "the self-test gave 35 points; the pass mark is 40.5"
    assert (late.outcome, late.score, late.reason) == ("not_selected", None, "screen_not_among_best")
    assert reason_text(late.reason, late.reason_params, round_.protocol) == (
        "place 3 in the self-test with 50 points (firms owned or led by women, Peru); the best 2 went on to review")
    with force_locale("es"):
        assert reason_text(late.reason, {**late.reason_params, "is_womens": False}, round_.protocol) == (
            "lugar 3 en la autoevaluación, con 50 puntos (las demás empresas, Perú); pasaron a evaluación las 2 mejores")
    funnel = funnel_of(world.session, round_, "country", is_protected=False)
    assert [(step.stage, step.total) for step in funnel[""]] == [
        ("invited", 16), ("began", 16), ("applied", 16), ("eligible", 16), ("screened", 12), ("minimum", 12), ("selected", 8), ("accepted", 0)]


def test_the_record_carries_it_and_verify_runs_it_again(world: World, tmp_path: Path) -> None:
    round_, files = decided(world)
    record = decisions.decision_of(world.session, round_.id).record  # type: ignore[union-attr]
    path = tmp_path / "record.json"
    path.write_text(json.dumps(record), encoding="utf-8")
    sealed = dict(read_record(path))
    assert differences(sealed, "r") == []
    part = sealed["screening"]
    assert {key: part[key] for key in ("multiple", "pass_mark", "seats")} == {
        "multiple": 1, "pass_mark": "40.5", "seats": {"CL": 2, "CO": 2, "MX": 2, "PE": 2}}
    assert {row["code"] for row in part["rows"]} == {each.code for each in files.values()}
    row = next(row for row in part["rows"] if row["code"] == files["PE5"].code)
    assert row == {"code": files["PE5"].code, "points": "50", "country": "PE", "womens": "yes", "before_draw": [], "is_late": False,
                   "outcome": "not_among_best", "place": 3}

    def changed(**other: Any) -> list[str]:
        rows = [{**each, **other} if each is row else each for each in part["rows"]]
        return differences({**sealed, "screening": {**part, "rows": rows}}, "r")

    wrong = "hashes.screening: the part screening is not the one that was sealed"
    assert changed(outcome="sent") == [
        wrong, f"screening.{row['code']}: sealed sent at place 3, now not_among_best at place 3"]
    assert changed(points="50.0001") == [wrong]
    moved = changed(points="99")
    assert moved[0] == wrong
    assert f"screening.{row['code']}: sealed not_among_best at place 3, now sent at place 1" in moved
    gone = {key: value for key, value in sealed.items() if key != "screening"}
    assert differences(gone, "r") == [wrong]
    without = differences({**sealed, "screening": {**part, "rows": [one for one in part["rows"] if one["outcome"] != "sent"]}}, "r")
    assert f"screening.{files['PE0'].code}: chosen from, but not sent on by the screening in PE" in without


def test_pages_lead_through_it(doors: Site) -> None:
    number = doors.do(lambda world: draft(world, ONLINE, LEVEL, reviews=TEST).id)
    client = doors.client("manager@plan.test")
    page = client.get(f"/rounds/{number}/rules").text
    checked(page)
    assert 'name="has_screening"' in page
    assert 'value="40,5"' in page
    checked(client.get(f"/rounds/{number}/questions").text)
    assert client.get(f"/rounds/{number}/screening").status_code == 302

    def fill(world: World) -> None:
        round_ = world.session.get_one(Round, number)
        calls.open_round(world.session, world.manager, round_)
        for place in range(5):
            world.apply(round_, f"pe{place}", "PE", place + 1, womens=place > 1, q1=str(100 - 10 * place), q2="2")
        world.close(round_)

    shown = client.get(f"/rounds/{number}/open").text
    assert "Primero hay una autoevaluación" in shown
    doors.do(fill)
    assert "Primero hay una autoevaluación" in doors.client().get("/calls/2026-1").text
    detail = client.get(f"/rounds/{number}").text
    checked(detail)
    assert f'href="/rounds/{number}/screening"' in detail
    assert "5 postulaciones elegibles esperan la preselección" in detail
    path = f"/rounds/{number}/screening"
    board = client.get(f"/rounds/{number}/reviews").text
    checked(board)
    assert "Esta convocatoria hace una preselección antes de evaluar." in board
    page = client.get(path).text
    checked(page)
    assert "Preselección: pasan 4 de 5 postulaciones" in page
    assert post(client, path, key="nonsense").status_code == 302
    assert "Hubo cambios en las postulaciones" in client.get(path).text
    key = page.split('name="key" value="')[1].split('"')[0]
    assert post(client, path, key=key).status_code == 302
    page = client.get(path).text
    checked(page)
    assert "Preselección hecha: 4 postulaciones pasan a evaluación." in page
    assert "Hecha el" in page
    assert "No está entre las mejores" in client.get(path + "?outcome=not_among_best").text
    checked(client.get(f"/rounds/{number}/funnel").text)
    assert doors.client("peru@plan.test").get(path).status_code == 403
    assert doors.client("observer@plan.test").get(path).status_code == 403
    assert doors.client().get(path).status_code == 302


def test_nonsense_in_the_form_is_refused_and_kept(doors: Site) -> None:
    number = doors.do(lambda world: draft(world, terms=None).id)
    client, path = doors.client("manager@plan.test"), f"/rounds/{number}/rules"
    usual = {"least_months": "1", "most_exports": "1", "counts": "led", "shortfall": "mirror", "offer_days": "5", "appeal_answer_days": "5",
             "waitlist_count": "3", "has_screening": "y", **{f"appeal_days_{code}": "5" for code in ("CL", "CO", "MX", "PE")}}
    for multiple, mark, words in (
        ("abc", "50", "screening_multiple-error"), ("0", "50", "screening_multiple-error"), ("2", "100,5", "screening_pass_mark-error"),
        ("2", "muchos", "screening_pass_mark-error"), ("", "50", "Para la preselección antes de la evaluación indique"),
        ("2", "", "Para la preselección antes de la evaluación indique"), ("2", "50,00001", "Para la preselección antes de la evaluación indique"),
    ):
        answer = post(client, path, screening_multiple=multiple, screening_pass_mark=mark, **usual)
        assert (answer.status_code, words in answer.text) == (422, True), (multiple, mark)
        checked(answer.text)
    assert post(client, path, screening_multiple="2", screening_pass_mark="62,5", **usual).status_code == 302
    assert 'type="text" value="62,5"' in client.get(path).text
    del usual["has_screening"]
    assert post(client, path, screening_multiple="", screening_pass_mark="", **usual).status_code == 302
    assert doors.do(lambda world: world.session.get_one(Round, number).protocol["screening"]) is None
