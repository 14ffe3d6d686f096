"""A call decided by a draw: bands in the sealed rules, chances published before the seed, the draw, the record, the seats."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal

import pytest
from click.testing import CliRunner
from sqlalchemy import func, select

from cohort.kit import audit
from cohort.rounds.calls import rule_drafts
from cohort.rounds.calls import service as calls
from cohort.rounds.calls.parts import LotteryTerms, lottery_terms_of
from cohort.rounds.decisions import service as decisions
from cohort.rounds.decisions import what_if
from cohort.rounds.decisions.solving import files_of
from cohort.rounds.drawing import service as drawing
from cohort.rounds.drawing.words import bands_text
from cohort.rounds.files.call_part import with_hash
from cohort.rounds.files.cli import verify
from cohort.rounds.models import Chances, Round, Seat
from cohort.rounds.scores.service import score_files
from cohort.rounds.seats import offers, replacing
from tests.rooms.rounds.conftest import CODE, COUNTRIES, Site, World, post
from tests.rooms.rounds.test_call_rules import SAID
from tests.rooms.rounds.test_seats import refused

BANDS = ("75",)
HALF = "50,0\N{SPACE}%"
RULES_TYPED = {
    "check_size": "y", "least_months": "6", "most_exports": "4", "counts": "led", "shortfall": "mirror", "offer_days": "7",
    "appeal_answer_days": "11", "waitlist_count": "3", **{f"appeal_days_{code}": "5" for code in COUNTRIES},
}


def lottery_call(world: World, bands: tuple[str, ...] = BANDS) -> Round:
    round_ = world.call(is_open=False)
    rule_drafts.change(world.session, world.manager, round_, lottery={"bands": list(bands)})
    calls.open_round(world.session, world.manager, round_)
    return round_


def ready(world: World, bands: tuple[str, ...] = BANDS) -> Round:
    """A closed lottery with four files a country, all scored: others at 90 and 80, women's at 70 and 65."""
    round_ = lottery_call(world, bands)
    files = world.fill(round_)
    world.close(round_)
    score_files(world.session, world.manager, round_, {
        each.id: (900_000, 700_000, 800_000, 650_000)[place % 4] for place, each in enumerate(files)})
    return round_


def published(world: World, round_: Round, reason: str = "") -> Chances:
    prepared = drawing.prepare(world.session, world.manager, round_)
    return drawing.publish_chances(world.session, world.manager, round_, prepared.key, reason)


def said(world: World, round_: Round, action: str) -> dict[str, object]:
    """What the history of a call says of an act."""
    audit.seal(world.session)
    entry = next(each for each in audit.history_of(world.session, round_) if each.action == action)
    told = audit.changes(entry)
    assert told is not None
    return told[1]


def test_the_seed_stays_secret_until_the_chances_are_published_and_the_draw_reveals_it(world: World) -> None:
    round_ = ready(world)
    assert "seed" not in said(world, round_, "round.closed")
    assert not drawing.is_seed_known(world.session, round_)
    refused("lottery_not_drawn", lambda: decisions.show(world.session, world.manager, round_))
    refused("lottery_not_published", lambda: drawing.draw(world.session, world.manager, round_))
    chances = published(world, round_)
    assert not drawing.is_seed_known(world.session, round_)
    assert published(world, round_) is chances
    drawn = drawing.draw(world.session, world.manager, round_)
    assert drawing.draw(world.session, world.manager, round_) is drawn is chances
    assert drawing.is_seed_known(world.session, round_)
    assert said(world, round_, "round.drawn") == {"seed": round_.seed, "chances_hash": drawing.hash_of(chances)}


def test_chances_are_equal_inside_a_band_and_a_kind_says_what_its_files_share(world: World) -> None:
    chances = published(world, ready(world))
    kinds = chances.lottery["lottery"]["kinds"]
    assert [(len(kind["ids"]), kind["chance"], who) for kind, who in zip(kinds, chances.lottery["who"], strict=True)
            if who["country"] == "PE"] == [
        (2, "1/2", {"band": "2", "country": "PE", "womens": "yes"}),
        (2, "1/2", {"band": "1", "country": "PE", "womens": "no"}),
    ]
    assert (chances.lottery["lottery"]["least"], chances.lottery["lottery"]["bound"]) == ("1/2", "1/2")


def test_the_drawn_list_is_sealed_verified_and_told_with_each_files_chance(world: World, tmp_path) -> None:
    round_ = ready(world)
    published(world, round_)
    drawing.draw(world.session, world.manager, round_)
    decision = world.sealed(round_)
    path = tmp_path / "record.json"
    path.write_text(json.dumps(decision.record), encoding="utf-8")
    done = CliRunner().invoke(verify, [str(path)])
    assert (done.exit_code, done.stdout) == (0, "same: optimal, 16 applicants, record.json\n")
    seats = world.session.scalars(select(Seat).where(Seat.decision_id == decision.id).order_by(Seat.id)).all()
    assert {(seat.outcome == "selected", seat.reason, seat.reason_params["chance"]) for seat in seats} == {
        (True, "in_by_draw", "1/2"), (False, "out_by_draw", "1/2")}
    bands = [(seat.score or 0) >= 750_000 for seat in seats if seat.outcome == "waitlist"]
    assert bands == sorted(bands, reverse=True), "the waiting list goes by band"


def test_the_published_record_verifies_and_names_other_chances_than_those_published(doors: Site, tmp_path) -> None:
    def publish(world: World) -> None:
        round_ = ready(world)
        published(world, round_)
        drawing.draw(world.session, world.manager, round_)
        world.sealed(round_)
        decisions.publish(world.session, world.manager, round_, "Pocas firmas.")

    doors.do(publish)
    record = doors.client().get(f"/rounds/{CODE}/record.json").get_json()
    path = tmp_path / "record.json"
    path.write_text(json.dumps(record), encoding="utf-8")
    done = CliRunner().invoke(verify, [str(path)])
    assert (done.exit_code, done.stdout) == (0, "same: optimal, 16 applicants, record.json\n")
    call = {**record["call"], "chances_hash": "0" * 64}
    path.write_text(json.dumps({**record, "call": with_hash({name: said for name, said in call.items() if name != "hash"})}), encoding="utf-8")
    done = CliRunner().invoke(verify, [str(path)])
    assert (done.exit_code, done.stdout) == (3, "call.chances_hash: the lottery is not the one published before the draw\n")


def test_files_that_change_after_publication_ask_for_new_chances_and_after_the_draw_for_a_reason(world: World) -> None:
    round_ = ready(world)
    first = published(world, round_)
    one = files_of(world.session, round_).pool[0]
    score_files(world.session, world.manager, round_, {one.id: 600_000})
    refused("lottery_changed", lambda: drawing.draw(world.session, world.manager, round_))
    refused("lottery_not_same", lambda: drawing.publish_chances(world.session, world.manager, round_, "old"))
    second = published(world, round_)
    assert (second.id, second.reason) == (first.id + 1, "")
    drawing.draw(world.session, world.manager, round_)
    score_files(world.session, world.manager, round_, {one.id: 610_000, files_of(world.session, round_).pool[1].id: 620_000})
    refused("lottery_changed", lambda: decisions.show(world.session, world.manager, round_))
    refused("lottery_reason", lambda: published(world, round_, "  "))
    third = published(world, round_, "Se corrigió un puntaje copiado mal.")
    assert third.reason == "Se corrigió un puntaje copiado mal."
    refused("lottery_not_drawn", lambda: decisions.show(world.session, world.manager, round_))
    drawing.draw(world.session, world.manager, round_)
    assert decisions.show(world.session, world.manager, round_).found.status == "optimal"
    assert world.session.scalar(select(func.count(Chances.id))) == 3


def test_a_free_seat_goes_down_the_drawn_waiting_list_and_its_record_re_runs(world: World, tmp_path) -> None:
    round_ = ready(world)
    published(world, round_)
    drawing.draw(world.session, world.manager, round_)
    decision = world.told(round_)
    seats = world.session.scalars(select(Seat).where(Seat.decision_id == decision.id).order_by(Seat.id)).all()
    leaver = next(seat.application for seat in seats if seat.outcome == "selected" and seat.application.facts["womens"] == "yes")
    offers.decline(world.session, world.owner_of(leaver), world.offer_of(leaver), "No podemos.")
    shown = replacing.dry_run(world.session, world.manager, round_)
    fits = [seat.application for seat in seats if seat.outcome == "waitlist"
            and seat.application.country == leaver.country and seat.application.facts["womens"] == "yes"]
    assert [each.code for each in shown.entering] == [fits[0].code]
    made = replacing.call(world.session, world.manager, round_, shown.key, "Una renunció.")
    path = tmp_path / "replacement.json"
    path.write_text(json.dumps(made.record), encoding="utf-8")
    done = CliRunner().invoke(verify, [str(path)])
    assert (done.exit_code, done.stdout) == (0, "same: optimal, 16 applicants, replacement.json\n")


def test_what_is_no_lottery_has_no_chances_and_a_lottery_no_what_if(world: World) -> None:
    plain, _files = world.decided_ready()
    refused("lottery_none", lambda: drawing.prepare(world.session, world.manager, plain))
    refused("lottery_none", lambda: drawing.draw(world.session, world.manager, plain))
    assert drawing.is_seed_known(world.session, plain)


def test_a_lottery_has_no_what_if(world: World) -> None:
    round_ = ready(world)
    refused("what_if_lottery", lambda: what_if.compare(world.session, world.manager, round_, []))


def test_the_draft_takes_bands_above_its_lowest_score_and_keeps_them_in_order(world: World) -> None:
    round_ = world.call(is_open=False)
    for bands, kept in (((), ()), (("70", "82.5"), ("82.5", "70")), (None, None)):
        terms = None if bands is None else LotteryTerms(tuple(map(Decimal, bands)))
        rule_drafts.set_rules(world.session, world.manager, round_, replace(SAID, lottery=terms))
        assert lottery_terms_of(round_.protocol) == (None if kept is None else LotteryTerms(tuple(map(Decimal, kept))))
    assert bands_text({**round_.protocol, "lottery": {"bands": ["80", "70.5"]}}) == (
        "A draw decides inside merit bands, the best band first: 80 points and more, 70.5 to under 80 points, 60 to under 70.5 points. "
        "Chances are as equal as the rules allow.")


OUT_OF_REACH = "Los extremos inferiores de las franjas son puntos por encima del puntaje mínimo de 60 y hasta 100; a lo sumo 6 franjas."
NO_NUMBER = "Escriba puntos separados por punto y coma, como 80; 70."


@pytest.mark.parametrize(("typed", "said_back"), [
    ("60", OUT_OF_REACH), ("101", OUT_OF_REACH), ("80,12345", OUT_OF_REACH), ("90; 85; 80; 75; 70; 65", OUT_OF_REACH),
    ("ochenta", NO_NUMBER),
])
def test_nonsense_bands_are_named_and_what_was_typed_stays(doors: Site, typed: str, said_back: str) -> None:
    number = doors.do(lambda world: world.call(is_open=False).id)
    client = doors.client("manager@plan.test")
    answer = post(client, f"/rounds/{number}/rules", **RULES_TYPED, has_lottery="y", bands=typed)
    assert answer.status_code == 422
    assert f'value="{typed}"' in answer.text
    assert said_back in answer.text


def test_the_pages_lead_from_chances_to_draw_to_selection_and_everybody_reads_the_chances(doors: Site) -> None:
    at = f"/rounds/{doors.do(lambda world: ready(world).id)}"
    seed = doors.do(lambda world: world.session.scalars(select(Round.seed)).one())
    client, anybody = doors.client("manager@plan.test"), doors.client()
    assert "Un sorteo decide dentro de franjas de mérito, primero la mejor: 75 puntos y más, de 60 a menos de 75 puntos." in anybody.get(f"/calls/{CODE}").text
    assert anybody.get(f"/calls/{CODE}/chances.json").status_code == 404
    assert client.get(f"{at}/decide").headers["Location"].endswith(f"{at}/chances")
    page = client.get(f"{at}/chances").text
    assert "Publicar estas probabilidades" in page
    assert HALF in page
    key = page.split('name="key" value="')[1].split('"')[0]
    assert post(client, f"{at}/chances", key=key).status_code == 302
    told = anybody.get(f"/calls/{CODE}/chances.json").get_json()
    assert (told["format"], told["lottery"]["least"]) == ("cohort-chances/1", "1/2")
    for page in (client.get(at).text, anybody.get(f"/calls/{CODE}").text, client.get(f"{at}/chances").text):
        assert seed not in page
    drawn = post(client, f"{at}/draw")
    assert drawn.headers["Location"].endswith(f"{at}/decide")
    shown = client.get(f"{at}/decide").text
    assert "como se publicó antes de la semilla" in shown
    assert "¿Y si…?" not in shown
    for path in (at, f"/calls/{CODE}"):
        assert seed in anybody.get(path).text if path.startswith("/calls") else client.get(path).text
    owner = doors.client("firmape0@firma.test")
    assert "50.0 %" in owner.get(f"/apply/{CODE}/receipt").text  # Peru writes a point

