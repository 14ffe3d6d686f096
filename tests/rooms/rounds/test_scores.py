"""Scores pasted, imported and typed: every faulty line says what to do, and nothing is saved by halves."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask_babel import force_locale
from sqlalchemy import func, select

from cohort.kit.errors import DomainError
from cohort.kit.imports import ImportRun
from cohort.kit.tables import open_table
from cohort.rounds.models import Application, Round, ScoreEntry
from cohort.rounds.scores import service
from cohort.rounds.scores.downloads import score_sheet
from cohort.rounds.scores.importer import lines_of
from cohort.rounds.scores.sheet import Sheet, pasted_lines, places_of, score_of
from tests.rooms.rounds.conftest import World


@pytest.fixture
def closed(world: World) -> tuple[Round, list[Application]]:
    round_ = world.call()
    files = [world.apply(round_, f"firma{place}", "PE", place + 1, womens=place == 0) for place in range(3)]
    files.append(world.apply(round_, "chile", "CL", 1, womens=False))
    world.close(round_)
    return round_, files


def read(world: World, round_: Round, text: str, *, comma: bool = True) -> Sheet:
    return service.preview(world.session, world.manager, round_, pasted_lines(text), has_decimal_comma=comma)


def test_good_lines_by_code_and_tax_id(world: World, closed: tuple[Round, list[Application]]) -> None:
    round_, files = closed
    text = f"Código\tEmpresa\tPuntaje\n{files[0].code}\tLa primera\t82,5\n\n{files[1].tax_id}\tOtra\t75\n{files[2].code.lower()}\t\t60.25\n"
    sheet = read(world, round_, text)
    assert [(row.line, row.application_id, row.score) for row in sheet.rows] == [
        (2, files[0].id, 825_000), (4, files[1].id, 750_000), (5, files[2].id, 602_500)]
    assert (sheet.faults, sheet.unscored) == ((), (files[3].id,))


@pytest.mark.parametrize(("line", "code"), [
    ("NADIE123\t80", "unknown"), ("{0}\t", "no_score"), ("{0}\tmucho", "no_number"), ("{0}\t100,5", "range"),
    ("{0}\t-1", "range"), ("{0}\t80,00001", "too_fine"), ("\t80", "no_key"), ("{0}\t1.234", "no_number"),
])
def test_each_fault_is_named_and_nothing_is_saved(
    world: World, closed: tuple[Round, list[Application]], line: str, code: str
) -> None:
    round_, files = closed
    text = f"{files[1].code}\t70\n" + line.format(files[0].code)
    sheet = read(world, round_, text)
    assert [(fault.line, fault.code) for fault in sheet.faults] == [(2, code)]
    assert str(sheet.faults[0])
    with pytest.raises(DomainError) as refusal:
        service.bring_scores(world.session, world.manager, round_, pasted_lines(text), b"", "x", has_decimal_comma=True)
    assert refusal.value.code == "scores_faulty"
    assert world.session.scalar(select(func.count(ScoreEntry.id))) == 0


@pytest.mark.parametrize(("first", "code"), [
    ("{0}\tochenta", "no_number"), ("NADIE\tochenta", "unknown"), ("{0}", "no_score"), ("Puntajes de la comisión", "unknown"),
    ("Rosa\tnota final", "unknown"),
])
def test_a_faulty_first_line_is_a_fault_and_no_header(
    world: World, closed: tuple[Round, list[Application]], first: str, code: str
) -> None:
    round_, files = closed
    sheet = read(world, round_, first.format("XYZABCDEFG" if code == "unknown" else files[0].tax_id) + f"\n{files[1].code}\t70")
    assert [(fault.line, fault.code) for fault in sheet.faults] == [(1, code)]
    assert [row.application_id for row in sheet.rows] == [files[1].id]


@pytest.mark.parametrize("header", [
    "Puntaje\tEmpresa\tCódigo", "  SCORE \tFirm\tCode", "nota\tcualquiera\tcodigo", "Puntos\tRUT de la firma\tcode",
])
def test_a_header_says_where_the_columns_stand(
    world: World, closed: tuple[Round, list[Application]], header: str
) -> None:
    round_, files = closed
    sheet = read(world, round_, f"{header}\n82,5\tLa primera\t{files[0].code}\n\n75\tOtra")
    assert [(row.line, row.application_id, row.score) for row in sheet.rows] == [(2, files[0].id, 825_000)]
    assert [(fault.line, fault.code) for fault in sheet.faults] == [(4, "no_key")]


def test_the_code_goes_before_the_tax_number_where_both_stand(
    world: World, closed: tuple[Round, list[Application]]
) -> None:
    round_, files = closed
    sheet = read(world, round_, f"RUT\tCódigo\tPuntaje\n{files[1].tax_id}\t{files[0].code}\t70\n{files[2].tax_id}\t\t71")
    assert [(row.application_id, row.score) for row in sheet.rows] == [(files[0].id, 700_000), (files[2].id, 710_000)]


@pytest.mark.parametrize("language", ["es", "en"])
def test_the_sheet_that_is_handed_out_comes_back(
    world: World, closed: tuple[Round, list[Application]], tmp_path: Path, language: str
) -> None:
    round_, files = closed
    service.score_files(world.session, world.manager, round_, {files[0].id: 700_000})
    with force_locale(language):
        (tmp_path / "sheet.xlsx").write_bytes(score_sheet(world.session, world.manager, round_))
    table = open_table(tmp_path / "sheet.xlsx")
    lines = lines_of(table)
    assert {(key, points) for _row, key, points in lines} == {(each.code, "70" if each is files[0] else "") for each in files}
    assert places_of(table.columns) == ((0, 1), 4)


def test_doubled_line_names_the_first(world: World, closed: tuple[Round, list[Application]]) -> None:
    round_, files = closed
    sheet = read(world, round_, f"{files[0].code}\t70\n{files[0].tax_id}\t71")
    assert [(fault.line, fault.code, fault.params["first"]) for fault in sheet.faults] == [(2, "twice", 1)]


def test_file_of_another_country_is_unknown_to_a_coordinator(world: World, closed: tuple[Round, list[Application]]) -> None:
    from cohort.kit.access import SYSTEM, act_as

    round_, files = closed
    peru = world.actor("peru")
    act_as(world.session, peru)
    sheet = service.preview(world.session, peru, round_, pasted_lines(f"{files[3].code}\t70"), has_decimal_comma=True)
    assert [fault.code for fault in sheet.faults] == ["unknown"]
    with pytest.raises(DomainError) as refusal:
        service.score_files(world.session, peru, round_, {files[3].id: 700_000})
    assert refusal.value.code == "score_foreign"
    act_as(world.session, SYSTEM)


def test_a_sheet_is_one_act_and_the_latest_score_counts(world: World, closed: tuple[Round, list[Application]]) -> None:
    round_, files = closed
    text = "\n".join(f"{each.code}\t70" for each in files)
    lines = pasted_lines(text)
    first = service.bring_scores(world.session, world.manager, round_, lines, text.encode(), "hoja.xlsx", has_decimal_comma=True)
    again = service.bring_scores(world.session, world.manager, round_, lines, text.encode(), "hoja.xlsx", has_decimal_comma=True)
    typed = service.score_files(world.session, world.manager, round_, {files[0].id: 910_000, files[1].id: None})
    assert (first, again, typed) == (service.Brought(4, 0, 0), service.Brought(0, 0, 4), service.Brought(0, 2, 0))
    held = service.latest_scores(world.session, round_.id)
    assert {key: (row.score, row.source) for key, row in held.items()} == {
        files[0].id: (910_000, "typed"), files[2].id: (700_000, "import"), files[3].id: (700_000, "import")}
    runs = [(run.kind, run.file_name, run.counts) for run in world.session.scalars(select(ImportRun))]
    assert runs == [("scores", "hoja.xlsx", {"rows": 4})] * 2
    assert world.session.scalar(select(func.count(ScoreEntry.id))) == 6


def test_scores_wait_for_the_call_to_close(world: World) -> None:
    round_ = world.call()
    file = world.apply(round_, "temprana", "PE", 1, womens=True)
    for act in (
        lambda: service.score_files(world.session, world.manager, round_, {file.id: 1}),
        lambda: service.preview(world.session, world.manager, round_, [], has_decimal_comma=True),
    ):
        with pytest.raises(DomainError) as refusal:
            act()
        assert refusal.value.code == "scores_not_open"


def test_empty_sheet_and_score_out_of_range(world: World, closed: tuple[Round, list[Application]]) -> None:
    round_, files = closed
    with pytest.raises(DomainError) as refusal:
        service.bring_scores(world.session, world.manager, round_, [], b"", "x", has_decimal_comma=True)
    assert refusal.value.code == "scores_empty"
    with pytest.raises(DomainError) as refusal:
        service.score_files(world.session, world.manager, round_, {files[0].id: 1_000_001})
    assert refusal.value.code == "score_range"
    with pytest.raises(DomainError) as refusal:
        service.score_files(world.session, world.actor("evaluator"), round_, {files[0].id: 1})
    assert refusal.value.code == "not_allowed"


@pytest.mark.parametrize(("typed", "comma", "score"), [
    ("82,5", True, 825_000), ("82.5", True, 825_000), ("82,5", False, 825_000), (" 100 ", False, 1_000_000), ("0", True, 0),
    ("1,234", True, 12_340), ("1.234", False, 12_340), ("1.234", True, "no_number"), ("", True, "no_number"),
])
def test_points_are_read_the_readers_way(typed: str, comma: bool, score: int | str) -> None:
    assert score_of(typed, comma) == score
