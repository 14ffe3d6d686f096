"""A call's own questions: built while it is a draft, answered on a step of their own, shown wherever answers are."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from flask_babel import force_locale
from sqlalchemy import select

from cohort.kit.errors import DomainError, sentence
from cohort.rounds.applications import answers, told
from cohort.rounds.applications import service as applications
from cohort.rounds.calls import question_drafts, service
from cohort.rounds.calls.parts import Question, questions_of
from cohort.rounds.models import Application, Round
from tests.rooms.rounds.conftest import ANSWERS, Site, World, post
from tests.rooms.rounds.pages import checked

STORY = Question("", "long", {"es": "Su historia", "en": "Your story"}, {"es": "Breve", "en": "Short"}, is_needed=True, is_blind=True)
BUDGET = Question("", "money", {"es": "Presupuesto", "en": "Budget"}, {"es": "", "en": ""}, is_needed=False)
PART = Question("", "percentage", {"es": "Parte en línea", "en": "Part online"}, {"es": "", "en": ""}, is_needed=False)
CHANNEL = Question("", "choice", {"es": "Canal", "en": "Channel"}, {"es": "", "en": ""}, choices=(
    {"es": "Sitio propio", "en": "Own site"}, {"es": "Mercado", "en": "Marketplace"}))


def asking(world: World, *asked: Question, is_open: bool = True) -> Round:
    round_ = world.call(is_open=False)
    for each in asked:
        question_drafts.add_question(world.session, world.manager, round_, each)
    if is_open:
        service.open_round(world.session, world.manager, round_)
    return round_


def names(round_: Round) -> list[str]:
    return [each.name for each in questions_of(round_.protocol)]


def test_questions_are_added_moved_reworded_and_removed(world: World) -> None:
    round_ = asking(world, STORY, BUDGET, CHANNEL, is_open=False)
    assert questions_of(round_.protocol) == tuple(replace(each, name=f"q{place}") for place, each in enumerate((STORY, BUDGET, CHANNEL), 1))
    move = question_drafts.move_question
    move(world.session, world.manager, round_, "q3", up=True)
    assert names(round_) == ["q1", "q3", "q2"]
    move(world.session, world.manager, round_, "q1", up=True)
    move(world.session, world.manager, round_, "q2", up=False)
    assert names(round_) == ["q1", "q3", "q2"]
    move(world.session, world.manager, round_, "q1", up=False)
    question_drafts.remove_question(world.session, world.manager, round_, "q3")
    assert names(round_) == ["q1", "q2"]
    question_drafts.edit_question(world.session, world.manager, round_, replace(CHANNEL, name="q1", kind="short"))
    assert questions_of(round_.protocol)[0] == replace(CHANNEL, name="q1", kind="short", choices=())
    assert question_drafts.add_question(world.session, world.manager, round_, PART) == "q3"


@pytest.mark.parametrize(("asked", "message"), [
    (replace(STORY, kind="colour"), "Choose how the question is answered."),
    (replace(STORY, label={"es": "Hola", "en": ""}), "Write the question in both languages."),
    (replace(CHANNEL, choices=CHANNEL.choices[:1]), "Give at least two answers to choose from, one a line, as many in Spanish as in English."),
    (replace(CHANNEL, choices=({"es": "A", "en": "A"}, {"es": "B", "en": ""})),
     "Give at least two answers to choose from, one a line, as many in Spanish as in English."),
])
def test_half_a_question_is_refused(world: World, asked: Question, message: str) -> None:
    round_ = asking(world, is_open=False)
    with pytest.raises(DomainError) as refusal:
        question_drafts.add_question(world.session, world.manager, round_, asked)
    assert sentence(refusal.value) == message
    assert round_.protocol["questions"] == []


def test_there_is_an_end_to_questions_and_none_in_an_open_call(world: World) -> None:
    round_ = asking(world, *[BUDGET] * 30, is_open=False)
    for act, code in (
        (lambda: question_drafts.add_question(world.session, world.manager, round_, BUDGET), "question_many"),
        (lambda: question_drafts.remove_question(world.session, world.manager, round_, "q99"), "not_found"),
        (lambda: question_drafts.remove_question(world.session, world.actor("peru"), round_, "q1"), "not_allowed"),
    ):
        with pytest.raises(DomainError) as refusal:
            act()
        assert refusal.value.code == code
    service.open_round(world.session, world.manager, round_)
    with pytest.raises(DomainError) as refusal:
        question_drafts.remove_question(world.session, world.manager, round_, "q1")
    assert refusal.value.code == "round_not_draft"


def test_answers_count_in_what_is_missing_unread_and_complete(world: World) -> None:
    asked = questions_of(asking(world, STORY, BUDGET, PART, CHANNEL).protocol)
    empty = answers.Given({**ANSWERS, "company_name": "X", "women_ownership_pct": "60"}, "PE")
    needed, later = answers.missing(empty, asked)
    assert (needed, later[-2:]) == (["Your story", "Channel"], ["Budget", "Part online"])
    full = answers.Given({**empty.answers, "phone": "1", "q1": "Así", "q2": "1,500.50", "q3": "12", "q4": "1"}, "PE")
    assert (answers.complete_share(full, asked), answers.unread(full, asked)) == (Decimal(1), [])
    assert answers.complete_share(full) - answers.complete_share(empty) < answers.complete_share(full, asked) - answers.complete_share(empty, asked)
    wrong = answers.Given({**full.answers, "q2": "mucho", "q3": "101", "q4": "2"}, "PE")
    assert answers.unread(wrong, asked) == ["q2", "q3", "q4"]
    with force_locale("en"):
        assert told.asked_rows(full, asked) == [
            ("Your story", "Así"), ("Budget", "PEN 1,500.50"), ("Part online", "12 %"), ("Channel", "Marketplace")]
        assert told.asked_rows(wrong, asked)[1:] == [("Budget", "mucho"), ("Part online", "101 %"), ("Channel", "2")]
    assert told.answer_rows(full.answers, "PE", asked)[-1] == ("Channel", "Marketplace")


def test_nothing_is_sent_without_what_the_call_needs(world: World) -> None:
    round_ = asking(world, STORY, PART)
    with pytest.raises(DomainError) as refusal:
        world.apply(round_, "calla", "PE", 1, womens=True)
    assert sentence(refusal.value) == "Before you send: Your story."
    file, actor = world.session.scalars(select(Application)).one(), world.actor("calla")
    applications.save_draft(world.session, actor, file, {"q1": "x" * 5000, "q2": "mucho", "q9": "unasked"})
    assert (len(file.answers["q1"]), "q9" in file.answers) == (4000, False)
    with pytest.raises(DomainError) as refusal:
        applications.submit(world.session, actor, file)
    assert sentence(refusal.value) == "Some answers cannot be read as a number or a date: Part online."
    applications.save_draft(world.session, actor, file, {"q2": "40"})
    assert applications.submit(world.session, actor, file).answers["q2"] == "40"


def test_manager_builds_questions_on_their_pages(doors: Site) -> None:
    number = doors.do(lambda world: world.call(is_open=False).id)
    client, path = doors.client("manager@plan.test"), f"/rounds/{number}/questions"
    checked(client.get(path).text)
    checked(client.get(path + "/new").text)
    typed = {"label_es": "Canal", "label_en": "Channel", "kind": "choice", "choices_es": "Sitio\n\nMercado\n", "choices_en": "Site", "is_needed": "y"}
    answer = post(client, path + "/new", **typed)
    assert answer.status_code == 422
    checked(answer.text)
    assert "Dé al menos dos respuestas" in answer.text
    assert "Mercado" in answer.text
    assert post(client, path + "/new", **{**typed, "choices_en": "Site\nMarketplace"}).headers["Location"] == path
    post(client, path + "/new", label_es="Historia", label_en="Story", kind="long", is_blind="y")
    checked(client.get(path).text)
    post(client, path + "/order", page=path, name="q2", wish="up")
    edited = client.get(path + "/q1").text
    checked(edited)
    assert "Sitio\nMercado" in edited
    post(client, path + "/q1", **{**typed, "choices_en": "Site\nMarketplace", "label_es": "Canal de venta"})
    held = questions_of(doors.do(lambda world: world.session.scalars(select(Round.protocol)).one()))  # type: ignore[arg-type]
    assert [(each.name, each.label["es"], each.is_needed, each.is_blind) for each in held] == [
        ("q2", "Historia", False, True), ("q1", "Canal de venta", True, False)]
    post(client, path + "/order", page=path, name="q2", wish="remove")
    assert client.get(path + "/q2").status_code == 404
    post(client, f"/rounds/{number}/open")
    assert client.get(path).headers["Location"] == f"/rounds/{number}"
    public = doors.client().get("/calls/2026-1").text
    checked(public)
    assert "Canal de venta" in public


def test_firm_answers_on_a_step_of_its_own(doors: Site) -> None:
    def begin(world: World) -> None:
        round_ = asking(world, STORY, BUDGET, CHANNEL)
        with force_locale("es"), pytest.raises(DomainError):
            world.apply(round_, "pasos", "PE", 1, womens=True)

    doors.do(begin)
    client, path = doors.client("pasos@firma.test"), "/apply/2026-1"
    shown = client.get(path + "/questions").text
    checked(shown)
    assert "Su historia" in shown
    checked(client.get(path + "/ownership").text)
    review = client.get(path + "/review").text
    checked(review)
    assert "Su historia, Canal" in review  # still needed
    answer = post(client, path + "/questions", q1="Empezamos en casa", q2="1500", q3="1", action="save")
    assert answer.headers["Location"] == path + "/questions"
    assert "Empezamos en casa" in client.get(path + "/questions").text
    answer = post(client, path + "/questions", q1="Empezamos en casa", q2="1500", q3="1")
    assert answer.headers["Location"] == path + "/review"
    assert "Mercado" in client.get(path + "/review").text
    assert post(client, path + "/submit", page=path + "/review").headers["Location"] == path + "/receipt"
    receipt = client.get(path + "/receipt").text
    checked(receipt)
    assert "Empezamos en casa" in receipt
    number, file = doors.do(lambda world: world.session.execute(select(Application.round_id, Application.id)).one())  # type: ignore[misc]
    staff = doors.client("manager@plan.test").get(f"/rounds/{number}/files/{file}").text
    checked(staff)
    assert "Mercado" in staff
