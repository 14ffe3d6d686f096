"""The milestone template: rows come, change and go; files go out and come in whole; each refusal has its sentence."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from flask import Flask
from flask_babel import force_locale
from sqlalchemy.orm import Session

from cohort.firms.cli import import_group
from cohort.kit.access import SYSTEM, Actor
from cohort.kit.errors import DomainError
from cohort.plans import queries, template
from cohort.plans.models import Plan
from cohort.plans.template_files import COLUMNS, read_template, to_csv, to_toml
from cohort.plans.template_rows import RowFacts, checked, facts_of
from cohort.training.models import Milestone
from tests import world as worlds
from tests.pages import counted_queries
from tests.rooms.stage import Do, PagesOf, noted, refusal, rows
from tests.world import World

NEW: dict[str, Any] = {
    "number": 24, "phase": "E", "title_es": "Cierre con el banco", "title_en": "Closing with the bank", "day": 2, "unit": "months",
    "anchor": "milestone", "anchor_number": 19, "evidence_es": "Acta", "evidence_en": "Minutes", "confirms": ["manager"],
    "after": [15, 6], "is_required": False, "countries": ["PE", "CL"],
}


def _add(session: Session, actor: Actor, plan: Plan, **change: Any) -> Any:
    return template.add_row(session, actor, plan, {**NEW, **change}, "Acta 7.")


def _edit(session: Session, world: World, number: int, **facts: Any) -> Any:
    return template.edit_template(session, world.actor(session, "manager"), world.plan_of(session), number, facts, "Acta 7.")


def test_a_row_is_added_in_its_plain_form_and_noted(session: Session, world: World) -> None:
    row = _add(session, world.actor(session, "manager"), world.plan_of(session), title_es="  Cierre   con el banco ")
    assert facts_of(row) == RowFacts(
        number=24, phase="E", title_es="Cierre con el banco", title_en="Closing with the bank", day=2, unit="months",
        anchor="milestone", anchor_number=19, evidence_es="Acta", evidence_en="Minutes", confirms=("manager",), after=(6, 15),
        is_required=False, countries=("CL", "PE"))
    ((action, before, after),) = noted(session)
    assert (action, before, after["number"], after["reason"]) == ("plan.template_added", {}, 24, "Acta 7.")


@pytest.mark.parametrize(("change", "code"), [
    ({"number": 11}, "template_taken"), ({"number": 0}, "template_number"), ({"number": None}, "template_number"),
    ({"phase": "F"}, "template_phase"), ({"title_en": "  "}, "template_title"), ({"evidence_es": ""}, "template_evidence"),
    ({"title_es": "x" * 161}, "template_long"), ({"title_es": "a\x07b"}, "template_signs"), ({"day": None}, "template_months"),
    ({"day": "31/02", "unit": "days"}, "template_day"), ({"unit": "days", "day": 1501}, "template_day"), ({"day": 61}, "template_months"),
    ({"unit": "weeks"}, "template_unit"), ({"anchor": "moon"}, "template_anchor"), ({"anchor_number": None}, "template_anchor_number"),
    ({"anchor": "plan"}, "template_anchor_number"), ({"confirms": []}, "template_confirms"), ({"confirms": ["firm"]}, "template_confirms"),
    ({"after": ["x"]}, "template_after"), ({"after": [24]}, "template_after"), ({"countries": ["BR"]}, "template_country"),
    ({"anchor_number": 99}, "template_unknown"), ({"after": [99]}, "template_unknown"), ({"day": 12}, "template_end_on"),
    ({"anchor": "plan", "anchor_number": None, "day": -1}, "template_before_on"),
    ({"anchor": "enrolment", "anchor_number": None, "unit": "days", "day": -3}, "template_before"),
    ({"anchor": "enrolment", "anchor_number": None, "unit": "days", "day": 900}, "template_end"),
    ({"after": [23]}, "template_order"), ({"anchor_number": 24}, "template_circle"), ({"is_required": "maybe"}, "template_yes_no"),
])
def test_a_row_is_refused_with_a_sentence(session: Session, world: World, change: dict[str, Any], code: str) -> None:
    plan = world.plan_of(session)
    before = [facts_of(row) for row in queries.template_of(session, plan.id)]
    assert refusal(lambda: _add(session, world.actor(session, "manager"), plan, **change)) == code
    assert [facts_of(row) for row in queries.template_of(session, plan.id)] == before
    assert noted(session) == []


def test_a_circle_is_named(session: Session, world: World) -> None:
    _edit(session, world, 8, anchor="milestone", anchor_number=7, day=15)
    for facts, code in (({"anchor": "milestone", "anchor_number": 8, "day": 1}, "template_circle"), ({"after": [7]}, "template_after")):
        assert refusal(lambda facts=facts: _edit(session, world, 7, **facts)) == code
    with pytest.raises(DomainError) as raised:
        _edit(session, world, 7, anchor="milestone", anchor_number=8, day=1)
    assert raised.value.params["circle"] == "7 → 8 → 7"
    _edit(session, world, 8, after=[7])
    with pytest.raises(DomainError) as raised:
        _edit(session, world, 7, after=[8])
    assert (raised.value.code, raised.value.params["circle"]) == ("template_circle_after", "7 → 8 → 7")


def test_a_row_that_its_country_lacks_cannot_carry_another(session: Session, world: World) -> None:
    _add(session, world.actor(session, "manager"), world.plan_of(session), countries=["CL"])
    assert refusal(lambda: _edit(session, world, 22, anchor="milestone", anchor_number=24, day=1)) == "template_not_everywhere"


def test_what_is_wrong_already_does_not_keep_other_rows_from_being_changed(session: Session, world: World) -> None:
    held = queries.template_of(session, world.plan)
    held[21].day, held[14].day = 100, 330  # 22 before 15, which it needs
    session.flush()
    assert _edit(session, world, 3, day=33).day == 33
    assert refusal(lambda: _edit(session, world, 14, day=-1)) == "template_before"


def test_only_a_row_that_nobody_needs_goes_and_members_keep_theirs(session: Session, world: World) -> None:
    manager, plan = world.actor(session, "manager"), world.plan_of(session)
    assert refusal(lambda: template.remove_row(session, manager, plan, 15, "Sobra.")) == "template_needed"
    assert refusal(lambda: template.remove_row(session, manager, plan, 99, "Sobra.")) == "not_found"
    assert refusal(lambda: template.remove_row(session, manager, plan, 14, " ")) == "reason_missing"
    template.remove_row(session, manager, plan, 14, "Sobra.")
    assert 14 not in {row.number for row in queries.template_of(session, plan.id)}
    assert world.milestone(session, 14).title_en
    ((action, before, after),) = noted(session)
    assert (action, before["day"], after) == ("plan.template_removed", 285, {"number": 14, "reason": "Sobra."})
    for row in queries.template_of(session, plan.id)[1:]:
        session.delete(row)
    session.flush()
    assert refusal(lambda: template.remove_row(session, manager, plan, 1, "Sobra.")) == "template_last"


def test_a_firm_gets_the_rows_of_its_country_on_the_days_they_hang_on(session: Session, world: World, do: Do) -> None:
    def arrange(opened: Session) -> None:
        manager, plan = world.actor(opened, "manager"), world.plan_of(opened)
        _add(opened, manager, plan, countries=["PE"])
        _add(opened, manager, plan, number=25, countries=[], anchor="milestone", anchor_number=1, day=1, after=[])

    do(arrange)
    (member_id,) = do(lambda opened: worlds.more_members(opened, world, 1))
    key = next(name for name, number in world.members.items() if number == member_id)
    numbers = {row.number: row.due_on for row in _milestones(session, member_id)}
    assert 24 not in numbers
    first = world.milestone(session, 1, key).due_on
    assert (numbers[25].year, numbers[25].month, numbers[25].day) == (first.year, first.month + 1, first.day)


def _milestones(session: Session, member_id: int) -> list[Milestone]:
    found: list[Milestone] = rows(session, Milestone, Milestone.member_id == member_id)
    return found


@pytest.mark.parametrize("who", ["coordinator", "observer", "firmcl"])
def test_who_may_not_change_a_plan_changes_no_template(session: Session, world: World, who: str) -> None:
    actor, plan = world.actor(session, who), world.plan_of(session)
    assert refusal(lambda: _add(session, actor, plan)) == "not_allowed"
    assert refusal(lambda: template.remove_row(session, actor, plan, 14, "Sobra.")) == "not_allowed"
    assert refusal(lambda: template.replace_template(session, actor, plan, [], "Sobra.")) == "not_allowed"


def test_a_file_that_was_taken_out_changes_nothing(session: Session, world: World) -> None:
    plan = world.plan_of(session)
    _add(session, world.actor(session, "manager"), plan, title_es="=2+3", title_en="'-", evidence_en='"a", b; c\\n')
    before = len(noted(session))
    held = queries.template_of(session, plan.id)
    said = [facts_of(row) for row in held]
    for content, name in ((to_toml(said), "a.toml"), (to_csv(said), "a.csv"), (to_csv(said, ";"), "a.csv")):
        found = read_template(content.encode(), name, plan, held)
        assert (found.faults, found.rows) == ([], said)
        assert template.replace_template(session, SYSTEM, plan, found.rows, "Igual.").is_empty
    assert len(noted(session)) == before


TOML = '[[milestone]]\nnumber = 1\nphase = "A"\ntitle_es = "Uno"\ntitle_en = "One"\nday = 10\nconfirms = ["coach"]\n\n'


def _line(cells: dict[str, str]) -> str:
    row = {"number": "1", "phase": "A", "title_en": "One", "title_es": "Uno", "day": "10", "confirms": "coach", **cells}
    return ",".join(row.get(name, "") for name in COLUMNS)


@pytest.mark.parametrize(("name", "content", "faults"), [
    ("t.toml", "", [(1, "There is no [[milestone]] in it.")]),
    ("t.toml", "milestone = 3", [(1, "There is no [[milestone]] in it.")]),
    ("t.toml", TOML + "x = ", [(9, "This is no TOML: Invalid value (at end of document).")]),
    ("t.toml", TOML + TOML, [(9, "Milestone 1 is there twice.")]),
    ("t.toml", TOML + TOML.replace("number = 1", 'number = 2\ncolour = "red"').replace('"One"', '""'), [
        (9, "“colour” is none of the columns of a template."),
        (9, "The title in English is missing: every milestone has it in both languages.")]),
    ("t.toml", TOML.replace('["coach"]', '[["coach"]]'), [
        (1, "confirms is a list of single values."), (1, "Choose who confirms it: coach, coordinator, manager.")]),
    ("t.toml", TOML.replace("day = 10", "day = 2026-02-01"), [(1, "The count of days is a whole number from -1500 to 1500.")]),
    ("t.csv", "", [(1, "This is no table: the file is empty.")]),
    ("t.csv", "number,phase\n1,A\n", [(1, "The column “title_en” is missing.")]),
    ("t.csv", ",".join((*COLUMNS, "colour")) + "\n", [(1, "“colour” is none of the columns of a template.")]),
    ("t.csv", ",".join(COLUMNS) + "\n" + _line({}) + "\n" + _line({"number": "2", "day": "soon", "after": "one"}) + "\n", [
        (3, "“soon” in day is not a whole number."), (3, "“one” in after is not a whole number.")]),
    ("t.csv", ",".join(COLUMNS) + "\n" + _line({"after": "9"}) + "\n", [(2, "Milestone 9 is named, but the template has none of this number.")]),
    ("t.csv", ",".join(COLUMNS) + "\n" + _line({"required": "perhaps"}) + "\n", [(2, "Needed to complete the programme is yes or no.")]),
    ("t.csv", ",".join(COLUMNS) + "\n", [(1, "A template keeps at least one milestone.")]),
])
def test_every_fault_of_a_file_is_told_by_its_line(session: Session, world: World, name: str, content: str, faults: list[Any]) -> None:
    with force_locale("en"):
        found = read_template(content.encode(), name, world.plan_of(session), queries.template_of(session, world.plan))
        assert [(fault.line, str(fault)) for fault in found.faults] == faults


def test_bytes_that_are_no_text_and_files_that_are_too_large_are_refused(session: Session, world: World) -> None:
    plan, held = world.plan_of(session), queries.template_of(session, world.plan)
    for content, name, code in ((b"\xff\xfe\x00x", "t.toml", "template_file_text"), (b"x" * (1024 * 1024 + 1), "t.csv", "template_file_large"),
                                (b"PK\x03\x04nothing", "t.csv", "template_file_table")):
        with force_locale("es"):
            assert [fault.error.code for fault in read_template(content, name, plan, held).faults] == [code]


def test_a_row_says_all_that_is_wrong_with_it() -> None:
    row, errors = checked({"number": True, "phase": "Z", "day": 1.5, "confirms": ["king"], "unit": "months"})
    assert row is None
    assert [error.code for error in errors] == [
        "template_number", "template_title", "template_title", "template_months", "template_confirms", "template_phase"]


@pytest.fixture
def command(app: Flask, world: World, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr("cohort.kit.site.open_site", lambda: app)
    return lambda *arguments: CliRunner().invoke(import_group, ["template", *map(str, arguments)])


def test_the_command_takes_a_whole_file_or_nothing(session: Session, world: World, command: Any, tmp_path: Path) -> None:
    said = [facts_of(row) for row in queries.template_of(session, world.plan)]
    path = tmp_path / "t.toml"
    path.write_text(to_toml(said).replace("day = 14\n", "day = 20\n"), "utf-8")
    assert command(path, "--plan", "PA-2026", "--dry-run").stdout == "0 new, 1 changed, 0 removed\n"
    assert command(path, "--plan", "PA-2026").stdout == "0 new, 1 changed, 0 removed\n"
    session.expire_all()
    assert queries.template_of(session, world.plan)[0].day == 20
    path.write_text(to_toml(said[:3]).replace("Commitment letter and consent signed", ""), "utf-8")
    answer = command(path, "--plan", "PA-2026")
    assert (answer.exit_code, answer.stdout) == (2, "")
    assert answer.stderr == f"{path}: row 3: The title in English is missing: every milestone has it in both languages.\n"
    assert command(path, "--plan", "PA-1").exit_code == 2
    session.expire_all()
    assert len(queries.template_of(session, world.plan)) == 23


def test_the_page_lists_rows_by_phase_with_what_each_hangs_on(session: Session, world: World, do: Do, pages: PagesOf) -> None:
    do(lambda opened: _add(opened, SYSTEM, world.plan_of(opened)))
    path = f"/plans/{world.plan}/template"
    page = pages("manager").get(path)
    for words in ("24 milestones.", "14 days after enrolment", "2 calendar months after milestone 19", "6, 15", "Chile, Peru", "Consolidate"):
        assert words in page.text, words
    assert f"{path}/24" in page.links
    seen = pages("coordinator", "es").get(path)
    assert "2 meses calendario después del hito 19" in seen.text
    assert f"{path}/24" not in seen.links
    pages("stranger").get(path, 403)


def test_a_row_is_added_changed_and_taken_out_on_pages(session: Session, world: World, pages: PagesOf) -> None:
    base, browser = f"/plans/{world.plan}/template", pages("manager")
    typed = {"number": "24", "phase": "E", "title_es": "Cierre", "title_en": "Closing", "day": "1", "unit": "months", "anchor": "milestone",
             "anchor_number": "19", "after": "15, 6", "confirms": ["coordinator"], "countries": ["CL"], "reason": "Acta."}
    assert "Closing" in browser.send(f"{base}/new", **typed).text
    page = browser.sent_back(f"{base}/new", **typed)
    assert "There is a milestone 24 already." in page.text
    page = browser.get(f"{base}/24")
    assert [facts["value"] for facts in page.of("input") if facts.get("name") == "after"] == ["6, 15"]
    assert "20 days before milestone 19" in browser.send(f"{base}/24", **{**typed, "day": "-20", "unit": "days", "after": "15"}).text
    del typed["number"]
    page = browser.sent_back(f"{base}/17", **{**typed, "day": "10", "unit": "days", "anchor": "enrolment", "anchor_number": "", "after": "15"})
    assert "It cannot fall due before milestone 15, which comes first." in page.text
    assert "hang on it or need it: 17, 22, 24" in browser.get(f"{base}/15/remove").text
    assert "Closing" not in browser.send(f"{base}/24/remove", reason="Sobra.").text
    session.expire_all()
    assert len(queries.template_of(session, world.plan)) == 23


def test_a_file_is_looked_at_and_then_brought_in(session: Session, world: World, pages: PagesOf) -> None:
    base, browser = f"/plans/{world.plan}/template", pages("manager")
    for kind in ("toml", "csv"):
        content = browser.client.get(f"{base}/file.{kind}").get_data()
        page = _upload(browser, f"{base}/import", content, f"t.{kind}", 200)
        assert "The file says what the template says already" in page.text
    text = browser.client.get(f"{base}/file.toml").get_data(as_text=True)
    changed = text.replace("day = 14\n", "day = 20\n").replace("number = 2\n", "number = 40\n")
    page = _upload(browser, f"{base}/import", changed.encode(), "t.toml", 200)
    assert "23 milestones in the file: 1 new, 1 changed, 1 removed." in page.text
    hidden = {facts["name"]: facts["value"] for facts in page.of("input") if facts.get("name") in ("content", "shown")}
    assert "Saved." in browser.send(f"{base}/import/apply", page=f"{base}/import", **hidden, reason="Acta 9.").text
    session.expire_all()
    assert {1: 20, 40: 30}.items() <= {row.number: row.day for row in queries.template_of(session, world.plan)}.items()
    hidden["content"] = hidden["content"].replace("day = 20", "day = 21")
    page = browser.check(f"{base}/import/apply", browser.open(f"{base}/import/apply", method="POST", data={
        "csrf_token": browser.token_of(f"{base}/import"), **hidden, "reason": "Otra vez."}), 422)
    assert "The template was changed meanwhile." in page.text
    page = _upload(browser, f"{base}/import", b"[[milestone]]\nnumber = 1\n", "t.toml", 422)
    assert "faults; nothing was changed" in page.text


def _upload(browser: Any, path: str, content: bytes, name: str, status: int) -> Any:
    form = {"csrf_token": browser.token_of(path), "file": (BytesIO(content), name)}
    return browser.check(path, browser.open(path, method="POST", data=form, content_type="multipart/form-data"), status)


def test_the_page_takes_as_many_queries_for_any_number_of_rows(app: Flask, world: World, do: Do, pages: PagesOf) -> None:
    browser, counts = pages("manager"), []
    for number in (24, 60):
        def fill(opened: Session, number: int = number) -> None:
            for each in range(number - (20 if number == 60 else 0), number):
                _add(opened, SYSTEM, world.plan_of(opened), number=each)

        do(fill)
        browser.get(f"/plans/{world.plan}/template")
        with counted_queries(app) as statements:
            browser.get(f"/plans/{world.plan}/template")
        counts.append(len(statements))
    assert counts[0] == counts[1]
