"""A call says who scores: brought in, or evaluators' reviews under terms that are sealed with the rest."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
from flask_babel import force_locale
from sqlalchemy import select

from cohort.rounds.calls import service, told
from cohort.rounds.calls.parts import ReviewTerms, criteria_of, questions_of, review_terms_of
from cohort.rounds.calls.protocol import FORMAT, Terms, carried, sha256_of
from cohort.rounds.models import Round
from tests.rooms.rounds.conftest import CLOSES, COUNTRIES, NOW, Site, World, post
from tests.rooms.rounds.pages import checked

TYPED = {
    "template": "equal", "countries": list(COUNTRIES), "seats": "8", "share": "50", "minimum_score": "60", "code": "2026-9",
    "title_es": "C", "title_en": "C", "opens_at": "2026-11-03T09:00", "closes_at": "2026-11-20T23:59",
    "time_zone": "America/Santiago", "grace_minutes": "15",
}
REVIEWED = {"per_file": 2, "gap": "20", "final": "mean_or_median", "is_blind": True, "least_mark": 1}
REVIEWS = {"scoring": "reviews", "per_file": "3", "gap": "12,5", "final": "median", "blind": "no", "least_mark": "0"}


def new_round(terms: Terms) -> service.NewRound:
    return service.NewRound("2026-9", "C", "C", NOW, CLOSES, "America/Santiago", terms)


def test_protocol_of_the_second_format_holds_terms_and_ready_rubric(world: World) -> None:
    terms = Terms("equal", 8, COUNTRIES, reviews=ReviewTerms(3, Decimal("12.5"), "median", False, 0))
    protocol = service.create_round(world.session, world.manager, world.plan, new_round(terms)).protocol
    assert (protocol["format"], FORMAT) == ("cohort-protocol/2", "cohort-protocol/2")
    assert protocol["reviews"] == {"per_file": 3, "gap": "12.5", "final": "median", "is_blind": False, "least_mark": 0}
    assert review_terms_of(protocol) == terms.reviews
    assert [(each.name, each.weight, len(each.anchors)) for each in criteria_of(protocol)] == [
        ("readiness", 25, 6), ("product_fit", 20, 6), ("commitment", 20, 6), ("capacity", 15, 6), ("growth", 10, 6), ("inclusion", 10, 6)]
    for each in criteria_of(protocol):
        assert all(words["es"] and words["en"] and words["es"] != words["en"] for words in (each.label, *each.anchors))
    assert (protocol["questions"], protocol["quotas"]) == ([], [])


def test_protocol_of_the_first_format_stays_readable(world: World) -> None:
    round_ = world.call()
    old = {key: value for key, value in round_.protocol.items() if key not in {"reviews", "questions", "quotas"}}
    old |= {"format": "cohort-protocol/1", "rubric": [{"criterion": "readiness", "weight": 100}]}
    assert (review_terms_of(old), questions_of(old), told.scoring_text(old)) == (None, (), "The committee brings the scores in.")
    assert carried(old, round_.protocol) == round_.protocol  # an old draft takes the new texts


def test_terms_are_told_in_words(world: World) -> None:
    protocol = {"reviews": {"per_file": 2, "gap": "20", "final": "mean_or_median", "is_blind": True, "least_mark": 1}}
    assert told.scoring_text(protocol) == (
        "2 reviews a file · a third when two lie more than 20 points apart · mean of two reviews, median of three · "
        "evaluators do not see who the firm is · no mark below 1 in any criterion")
    with force_locale("es"):
        assert "ninguna nota menor que 1" in told.scoring_text(protocol)


def test_a_change_of_the_first_page_keeps_the_other_pages(world: World) -> None:
    round_ = world.call(is_open=False)
    said = {**round_.protocol, "offer_days": 9, "questions": [{"name": "q1"}], "appeal_days": {**round_.protocol["appeal_days"], "PE": 7}}
    round_.protocol = {**said, "parity": {**said["parity"], "counts": "led", "shortfall": "mirror"}}
    service.edit_round(world.session, world.manager, round_, new_round(Terms("free", 5, ("CR", "PE"))))
    found = round_.protocol
    assert (found["seats"], found["offer_days"], found["questions"], found["appeal_days"], found["waitlist_count"]) == (
        5, 9, [{"name": "q1"}], {"CR": 3, "PE": 7}, 5)
    assert (found["parity"]["counts"], found["parity"]["shortfall"], found["parity"]["scope"]) == ("led", "mirror", ["overall"])
    round_.protocol = {**found, "waitlist_count": 2}
    service.edit_round(world.session, world.manager, round_, new_round(Terms("free", 6, ("CR", "PE"))))
    assert round_.protocol["waitlist_count"] == 2


def test_manager_says_who_scores_and_everybody_reads_it(doors: Site) -> None:
    client = doors.client("manager@plan.test")
    path = post(client, "/rounds/new", **{**TYPED, **REVIEWS}).headers["Location"]
    held = doors.do(lambda world: world.session.scalars(select(Round.protocol)).one()["reviews"])
    assert held == {"per_file": 3, "gap": "12.5", "final": "median", "is_blind": False, "least_mark": 0}
    shown = client.get(path + "/edit").text
    checked(shown)
    assert re.search(r'<details open><summary>Cómo se evalúa', shown)
    assert 'value="12,5"' in shown
    checked(client.get(path).text)
    post(client, path + "/open")
    public = doors.client().get("/calls/2026-9").text
    checked(public)
    assert "3 evaluaciones por postulación" in public
    sealed = doors.do(lambda world: [(each.protocol_hash, sha256_of(each.protocol)) for each in world.session.scalars(select(Round))])
    assert sealed[0][0] == sealed[0][1]  # type: ignore[index]


@pytest.mark.parametrize(("typed", "message"), [
    ({"per_file": "6"}, "De 1 a 5 personas."), ({"per_file": "0"}, "De 1 a 5 personas."), ({"gap": "101"}, "Un número de 0 a 100."),
    ({"gap": "x"}, "Indique un número."), ({"least_mark": "6"}, "Un número entero de 0 a 5."),
])
def test_terms_out_of_reach_are_refused_and_nothing_is_lost(doors: Site, typed: dict[str, str], message: str) -> None:
    answer = post(doors.client("manager@plan.test"), "/rounds/new", **{**TYPED, **REVIEWS, **typed, "title_en": "Kept words"})
    assert answer.status_code == 422
    checked(answer.text)
    assert message in answer.text
    assert "Kept words" in answer.text


def test_an_earlier_call_is_copied_but_its_code_titles_and_dates(doors: Site) -> None:
    def earlier(world: World) -> int:
        round_ = world.call()
        round_.protocol = {**round_.protocol, "offer_days": 9, "reviews": {**REVIEWED, "per_file": 4}, "quotas": [
            {"name": "quota:1", "where": {"rural": ["yes"]}, "of": None, "min": 5, "max": None, "min_share": None, "max_share": None,
             "min_short": "0", "max_over": "0"}]}
        return round_.id

    number, client = doors.do(earlier), doors.client("manager@plan.test")
    checked(client.get("/rounds/new").text)
    shown = client.get(f"/rounds/new?from={number}").text
    checked(shown)
    assert re.search(rf'name="copied_from"[^>]*value="{number}"', shown)
    assert re.search(r'name="per_file"[^>]*value="4"', shown)
    assert 'value="2026-2"' in shown  # a code of its own
    typed = {**TYPED, "scoring": "reviews", "per_file": "4", "copied_from": number}
    answer = post(client, "/rounds/new", **{**typed, "seats": "4"})
    assert answer.status_code == 422
    assert "pide al menos 5, pero a lo más 4 cupos" in answer.text
    path = post(client, "/rounds/new", **typed).headers["Location"]
    made = int(path.rsplit("/", 1)[1])
    code, status, held = doors.do(  # type: ignore[misc]
        lambda world: world.session.execute(select(Round.code, Round.status, Round.protocol).where(Round.id == made)).one())
    assert (code, status, held["offer_days"], held["reviews"]["per_file"]) == ("2026-9", "draft", 9, 4)
    assert [each["name"] for each in held["quotas"]] == ["quota:1"]
