"""Bad input of every kind that a round can meet: refused whole, with what is wrong, where, and what to do, in both languages."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from flask_babel import force_locale
from sqlalchemy import func, select

from cohort.kit import clock
from cohort.kit.errors import DomainError, sentence
from cohort.rounds.applications import entry
from cohort.rounds.applications import service as applications
from cohort.rounds.calls import rule_drafts
from cohort.rounds.decisions import service as decisions
from cohort.rounds.decisions import tables
from cohort.rounds.files import cli
from cohort.rounds.models import Application, Decision, ScoreEntry
from cohort.rounds.scores import service as scores
from cohort.rounds.scores.sheet import pasted_lines
from cohort.rules.quotas import Quota
from tests.pages import sign_in_as
from tests.rooms.rounds.conftest import AFTER, CLOSES, CODE, NOW, Site, World, post, tax_id, token_of

POOL = "id,score,women\na,90,no\nb,85,yes\nc,80,yes\nd,75,no\n"


def in_both(refusal: DomainError) -> tuple[str, str]:
    """The whole message as each reader gets it."""
    said = []
    for language in ("en", "es"):
        with force_locale(language):
            said.append(sentence(refusal))
    return said[0], said[1]


def words_of(page: str) -> str:
    """What a page says, without its marks."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())


def refused(act) -> DomainError:  # type: ignore[no-untyped-def]
    with pytest.raises(DomainError) as refusal:
        act()
    return refusal.value


# --- files: `cohort select` -------------------------------------------------------------------------------------


@pytest.fixture
def chosen(tmp_path: Path):  # type: ignore[no-untyped-def]
    def command(pool: str, quotas: str, *more: str, name: str = "rules.csv") -> Result:
        (tmp_path / "pool.csv").write_text(pool, encoding="utf-8")
        (tmp_path / name).write_text(quotas, encoding="utf-8")
        return CliRunner().invoke(cli.select, [str(tmp_path / "pool.csv"), "--quotas", str(tmp_path / name), *more])

    return command


@pytest.mark.parametrize(("pool", "rules", "lines"), [
    ("id,score,women\na,90\nb,85,yes\n", "women,yes,1,2", ["pool.csv, row 2: 2 cells; expected 3 cells"]),
    ("id,score,women\na,,no\nb,85,yes\n", "women,yes,1,2", [
        "pool.csv, row 2, column score: '' is no score; expected a number such as 80.5"]),
    ("id,score,women\na,ochenta,no\nb,85,yes\nb,80,yes\n", "women,yes,1,2", [
        "pool.csv, row 2, column score: 'ochenta' is no score; expected a number such as 80.5",
        "pool.csv, row 4, column id: b already stands in row 3; expected each id once"]),
    (POOL, "rural,yes,1,2", [
        "rules.csv, column rural: rural=yes: the pool has no such column; expected one of: women"]),
    (POOL, "women,yes,3,2", ["rules.csv, row 2, column min: 3 is above the max; expected at most 2"]),
])
def test_files_that_cannot_be_used_are_named_by_row_and_column(chosen, pool: str, rules: str, lines: list[str]) -> None:  # type: ignore[no-untyped-def]
    done = chosen(pool, f"feature,value,min,max\n{rules}\n", "--seats", "2")
    assert (done.exit_code, done.stdout, done.stderr.splitlines()) == (2, "", lines)


@pytest.mark.parametrize(("rules", "clash", "change"), [
    ('seats = 4\n[[quota]]\nwhere = {women = "yes"}\nmin_share = 0.3\nmax_share = 0.4\n', "women=yes", "women=yes: max 2 instead of 1"),
    ("seats = 9\n", "seats", "seats: min 4 instead of 9"),
])
def test_shares_that_cannot_round_and_seats_above_the_pool_say_the_least_change(  # type: ignore[no-untyped-def]
    chosen, rules: str, clash: str, change: str
) -> None:
    done = chosen(POOL, rules, name="rules.toml")
    assert (done.exit_code, done.stderr.splitlines()[-2:]) == (3, [
        f'no cohort keeps every rule; these cannot hold together: ["{clash}"]', f"the least change: {change}"])


# --- scores on the site -----------------------------------------------------------------------------------------


SHEET_FAULTS = [
    ("NADIE1\t80", (
        "“NADIE1” is no file of this call that you may score. Check the code or the tax number.",
        "«NADIE1» no es una postulación de esta convocatoria que usted pueda puntuar. Revise el código o el número tributario.")),
    ("{0}\tmucho", ("“mucho” is no number. Write points such as 82.5 or 82,5.", "«mucho» no es un número. Escriba puntos como 82.5 o 82,5.")),
    ("{0}\t", (
        "“{0}” has no points. Write them, or leave the line out: no score is never a zero.",
        "«{0}» no tiene puntos. Escríbalos o quite la línea: sin puntaje nunca significa cero.")),
    ("{1}\t80", ("“{1}” stands on line 1 already. Keep one of the two lines.", "«{1}» ya está en la línea 1. Deje una sola de las dos líneas.")),
    ("{0}\t101", (
        "101 is not from 0 to 100 points. Write points from 0 to 100.", "101 no está entre 0 y 100 puntos. Escriba puntos de 0 a 100.")),
    ("{0}\t80,00001", ("80,00001 has more than 4 decimals. Round it.", "80,00001 tiene más de 4 decimales. Redondéelo.")),
    ("\t80", (
        "The line has points but no code and no tax number. Add one of them, or take the line out.",
        "La línea tiene puntos, pero no código ni número tributario. Agregue uno de los dos o quite la línea.")),
]


def test_each_faulty_line_of_a_score_sheet_says_what_to_do_in_both_languages(world: World) -> None:
    round_ = world.call()
    files = [world.apply(round_, f"firma{place}", "PE", place + 1, womens=True) for place in range(2)]
    world.close(round_)
    codes = [each.code for each in files]
    for line, messages in SHEET_FAULTS:
        text = f"{codes[1]}\t70\n" + line.format(*codes)
        sheet = scores.preview(world.session, world.manager, round_, pasted_lines(text), has_decimal_comma=True)
        said = []
        for language in ("en", "es"):
            with force_locale(language):
                said.append([(fault.line, str(fault)) for fault in sheet.faults])
        assert said == [[(2, one.format(*codes))] for one in messages], line
        refusal = refused(lambda text=text: scores.bring_scores(
            world.session, world.manager, round_, pasted_lines(text), b"", "x", has_decimal_comma=True))
        assert in_both(refusal) == (
            "The sheet has faults; nothing was saved. Each is named with its line.",
            "La planilla tiene errores; no se guardó nada. Cada error se indica con su línea.")
    assert world.session.scalar(select(func.count(ScoreEntry.id))) == 0


def test_a_missing_line_leaves_a_file_without_score_and_the_decision_names_how_many(world: World) -> None:
    round_ = world.call()
    files = [world.apply(round_, f"firma{place}", "PE", place + 1, womens=True) for place in range(3)]
    world.close(round_)
    lines = pasted_lines(f"{files[0].code}\t70")
    sheet = scores.preview(world.session, world.manager, round_, lines, has_decimal_comma=True)
    assert (len(sheet.rows), sheet.faults, sheet.unscored) == (1, (), (files[1].id, files[2].id))
    scores.bring_scores(world.session, world.manager, round_, lines, b"", "x", has_decimal_comma=True)
    assert in_both(refused(lambda: decisions.show(world.session, world.manager, round_))) == (
        "2 eligible files have no score. Score them, or set them aside with a reason; none ranks as zero.",
        "2 postulaciones elegibles no tienen puntaje. Póngales puntaje o apártelas con un motivo; ninguna cuenta como cero.")


def test_a_faulty_sheet_is_refused_on_its_page_with_its_lines(doors: Site) -> None:
    def ready(world: World) -> tuple[int, str]:
        round_ = world.call()
        file = world.apply(round_, "rosa", "PE", 1, womens=True)
        world.close(round_)
        return round_.id, file.code

    number, code = doors.do(ready)  # type: ignore[misc]
    clock.pin(AFTER)
    answer = post(doors.client("manager@plan.test"), f"/rounds/{number}/scores/paste", sheet=f"{code}\t70\nNADIE1\t80\n{code}\t81", apply="yes")
    text = words_of(answer.text)
    assert answer.status_code == 422
    for message in (
        "«NADIE1» no es una postulación de esta convocatoria que usted pueda puntuar. Revise el código o el número tributario.",
        f"«{code}» ya está en la línea 1. Deje una sola de las dos líneas.",
    ):
        assert message in text, text
    assert doors.do(lambda world: world.session.scalar(select(func.count(ScoreEntry.id)))) == 0


# --- rules of a call --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("quota", "messages"), [
    (Quota("", {"colour": ("red",)}, min=1), (
        "A rule cannot speak of “colour”. It can speak of size, sector, region, rural area, country and ownership.",
        "Una regla no puede tratar de «colour». Puede tratar de tamaño, sector, región, zona rural, país y propiedad.")),
    (Quota("", {"rural": ("yes",)}, min=4, max=3), (
        "“rural”: the least cannot be above the most. Lower the one or raise the other.",
        "«rural»: el mínimo no puede superar el máximo. Baje uno o suba el otro.")),
    (Quota("", {"rural": ("yes",)}, min_share=0.3, max_share=0.35), (  # type: ignore[arg-type]
        "“rural”: no whole number of 8 seats lies between these percentages. Move one of them.",
        "«rural»: ningún número entero de 8 cupos cae entre estos porcentajes. Mueva uno de ellos.")),
    (Quota("", {"rural": ("yes",)}, min=9), (
        "“rural” asks for at least 9, but at most 8 seats can go there. Ask for fewer, or give the call more seats.",
        "«rural» pide al menos 9, pero a lo más 8 cupos pueden ir ahí. Pida menos o dé más cupos a la convocatoria.")),
    (Quota("", {"country": ("PE", "CL")}, max=3), (
        "“Peru or Chile” allows at most 3, but 4 seats go there in any case. Allow more, or change the seats of the countries.",
        "«Perú o Chile» permite a lo más 3, pero 4 cupos van ahí en todo caso. Permita más o cambie los cupos de los países.")),
])
def test_a_rule_that_no_list_can_keep_is_refused_before_the_call_opens(
    world: World, quota: Quota, messages: tuple[str, str]
) -> None:
    round_ = world.call(is_open=False)
    said = []
    for language in ("en", "es"):
        with force_locale(language):
            said.append(sentence(refused(lambda: rule_drafts.add_quota(world.session, world.manager, round_, quota))))
    assert (tuple(said), round_.protocol["quotas"]) == (messages, [])


def test_more_seats_than_firms_stay_empty_and_are_counted(world: World) -> None:
    round_ = world.call(template="national", seats=6)
    files = [world.apply(round_, f"f{place}", "CL", place + 1, womens=True) for place in range(2)]
    world.close(round_)
    world.score(round_, files)
    shown = decisions.show(world.session, world.manager, round_)
    found = tables.figures_of(decisions.record_of(shown))
    assert (shown.found.status, found.selected, found.empty_count) == ("optimal", 2, 4)


# --- applying ---------------------------------------------------------------------------------------------------


def test_a_firm_that_applies_twice_has_one_file_and_the_last_sending_counts(world: World) -> None:
    round_ = world.call()
    file = world.apply(round_, "rosa", "PE", 1, womens=True)
    typed = tax_id("PE", 1)[0]
    again = [entry.begin(world.session, world.actor("rosa"), round_, entry.TaxNumber("PE", number))
             for number in (typed, f" {typed[:2]} {typed[2:]} ")]
    assert [each.id for each in again] == [file.id, file.id]
    with clock.at(NOW + timedelta(hours=1)):
        applications.submit(world.session, world.actor("rosa"), file)
    found = world.session.execute(select(Application.id, Application.status, Application.submitted_at)).all()
    assert [tuple(row) for row in found] == [(file.id, "submitted", NOW + timedelta(hours=1))]


def test_late_by_a_second_in_the_zone_of_the_call_is_said_and_nothing_is_lost(doors: Site) -> None:
    """A firm of Peru, two hours behind Santiago: the clock of the call counts, and the message names it."""
    owner = doors.do(lambda world: world.apply(world.call(), "tarde", "PE", 1, womens=True).applicant_id)
    form, sending = f"/apply/{CODE}/review", f"/apply/{CODE}/submit"

    def sent(language: str, page: str) -> str:
        browser = sign_in_as(doors.app, owner, language)  # type: ignore[arg-type]
        assert browser.open(sending, method="POST", data={"csrf_token": token_of(browser.client, form)}).status_code == 302
        return words_of(browser.open(page).text)

    clock.pin(CLOSES)
    sent("es", f"/apply/{CODE}/receipt")
    clock.pin(CLOSES + timedelta(seconds=1))
    for language, message in (
        ("en", "The call closed at 19 Nov 2026, 23:59 (Santiago). What you wrote is kept, but it was not sent in. "
               "Your coordinator can tell you of the next call."),
        ("es", "La convocatoria cerró el 19 de nov. 2026, 23:59 (Santiago). Lo que usted escribió está guardado, pero no se envió. "
               "Quien coordina en su país puede informarle de la próxima."),
    ):
        told = sent(language, form)
        assert message in told, told
    assert doors.do(lambda world: world.session.scalars(select(Application.submitted_at)).one()) == CLOSES


# --- deciding ---------------------------------------------------------------------------------------------------


def test_who_comes_second_to_propose_or_seal_is_told_what_to_do(world: World) -> None:
    round_, files = world.decided_ready()
    key = decisions.show(world.session, world.manager, round_).key
    scores.score_files(world.session, world.manager, round_, {files[0].id: 610_000})
    assert in_both(refused(lambda: decisions.propose(world.session, world.manager, round_, key))) == (
        "Files or scores changed since this list was shown. Look at the new list before you adopt it.",
        "Las postulaciones o los puntajes cambiaron desde que se mostró esta lista. Mire la lista nueva antes de adoptarla.")
    decision = world.proposed(round_)
    assert in_both(refused(lambda: decisions.seal(world.session, world.manager, round_, decision.record_hash))) == (
        "You proposed this list, so somebody else has to seal it.", "Usted propuso esta lista, así que otra persona debe sellarla.")
    sealed = world.sealed(round_)
    again = decisions.seal(world.session, world.manager, round_, sealed.record_hash)
    assert (again.id, again.adopted_by, world.session.scalar(select(func.count(Decision.id)))) == (
        sealed.id, world.people["second"].id, 1)
    assert in_both(refused(lambda: decisions.propose(world.session, world.actor("second"), round_, key)))[0] == (
        "A selection is made after the call is closed.")


@pytest.mark.parametrize(("code", "messages"), [
    ("review_barred", (  # the evaluator who opens it by number: reviews/test_pages.py
        "A conflict of interest closes this file to you. You cannot see or score it. Go on with another file of your list.",
        "Un conflicto de interés le cierra esta postulación. No puede verla ni puntuarla. Siga con otra de su lista.")),
    ("score_foreign", (
        "One of these files is not in this call, or not yours to score. Nothing was saved: reload the page.",
        "Una de estas postulaciones no está en esta convocatoria, o no le corresponde a usted puntuarla. "
        "No se guardó nada: recargue la página.")),
    ("call_not_taking", (
        "This call does not take applications now. Its page says when it does.",
        "Esta convocatoria no recibe postulaciones ahora. Su página dice cuándo las recibe.")),
    ("decision_impossible", (
        "No list keeps every rule, so there is nothing to adopt. The page of the selection says which rules clash and what would do.",
        "Ninguna lista cumple todas las reglas; no hay nada que adoptar. La página de la selección dice qué reglas chocan y qué bastaría cambiar.")),
])
def test_refusals_that_other_tests_provoke_say_what_to_do(
    world: World, code: str, messages: tuple[str, str]
) -> None:
    assert in_both(DomainError(code)) == messages
