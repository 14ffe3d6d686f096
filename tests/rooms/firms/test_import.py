"""Bringing in a file of firms, and the list as a file: by service, page and command, whole or not at all."""

from __future__ import annotations

import json
import os
import pty
import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from io import BytesIO
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from flask import Flask
from flask_babel import force_locale
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from cohort.app import create_app
from cohort.cli import cohort
from cohort.firms import service
from cohort.firms.importer import check_file
from cohort.firms.imports.mapping import AMOUNTS, COLUMNS, OPTIONS, ColumnMap, read_mapping
from cohort.firms.imports.report import MOST_KEPT, Finding, ImportReport
from cohort.firms.imports.storing import ready_rows, store_checked
from cohort.firms.imports.views import MOST_ROWS
from cohort.firms.imports.words import lines_of
from cohort.firms.models import Firm, FirmPerson, FirmSize, OwnershipDeclaration
from cohort.kit.access import SYSTEM, Role, act_as
from cohort.kit.audit import AuditEntry
from cohort.kit.database import db, transaction
from cohort.kit.errors import DomainError
from cohort.kit.imports import ImportRun
from cohort.kit.tables import TableFault, read_table
from cohort.people import grants
from cohort.plans.models import PolicyVersion
from cohort.plans.service import NewPlan, create_plan
from tests.pages import Pages, sign_in_as
from tests.rooms.conftest import KEY, settings_for
from tests.rooms.firms.conftest import (
    NOW,
    OBSERVER,
    SignIn,
    World,
    bring_in,
    coordinator,
    counted_queries,
    make_firm,
    manager,
    post,
    read,
    told,
)
from tests.rooms.firms.test_register import noted

HEADER = ("country,tax_id,check_digit,legal_name,trade_name,sector,annual_sales,sales_year,employees,women_ownership_pct,"
          "women_control,woman_signatory,independent,contact_name,contact_email,contact_phone,founded_on,is_rural")
SOL = "CL,76.123.456-0,,Tejidos Aymara SpA,Ñandú,commerce,95347104,2025,4,60,yes,yes,yes,Ana Rojas,ana@x.cl,912345678,2019-03-31,yes"
MAR = "CO,900123456,8,Café del Sur,,services,,,,,,,,,,,,"


def written(tmp_path: Path, *lines: str, header: str = HEADER, name: str = "firms.csv") -> Path:
    path = tmp_path / name
    path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return path


def lines(report: ImportReport) -> list[str]:
    with force_locale("en"):
        return [str(line) for line in lines_of(report)]


def test_a_clean_file_is_stored_with_all_it_declares(session: Session, tmp_path: Path) -> None:
    report = bring_in(session, manager(), written(tmp_path, SOL, MAR))
    run = session.scalars(select(ImportRun)).one()
    sol, mar = session.scalars(select(Firm).order_by(Firm.id))
    size, ownership, person = (session.scalars(select(model)).one() for model in (FirmSize, OwnershipDeclaration, FirmPerson))
    assert {name: value for name, value in report.counts().items() if value} == {"rows": 2, "firms": 2, "new": 2, "empty_cells": 14, "brought_in": 2}
    assert (sol.tax_id, sol.sort_name, sol.sector, sol.is_rural, str(sol.founded_on), sol.size_class, sol.women_owned, sol.women_led,
            sol.ownership_verified, sol.import_id, sol.recorded_by, sol.recorded_at) == (
        "761234560", "nandu", "commerce", True, "2019-03-31", "micro", "yes", "unknown", False, run.id, 1, NOW)
    assert (mar.tax_id, mar.size_class, mar.women_owned, mar.women_led, mar.is_rural) == ("9001234568", "unknown", "unknown", "unknown", None)
    assert (size.firm_id, size.size_class, size.annual_sales_minor, size.import_id) == (sol.id, "micro", 95347104, run.id)
    assert (ownership.firm_id, ownership.women_ownership_pct, ownership.profile, ownership.import_id) == (sol.id, "60", "IWA34", run.id)
    assert (person.firm_id, person.name, person.email, person.phone) == (sol.id, "Ana Rojas", "ana@x.cl", "+56912345678")
    assert run.counts == report.counts()
    assert noted(session) == [("firms.imported", {}, {**report.counts(), "file_sha256": report.file_sha256})]


@pytest.mark.parametrize(("line", "fault"), [
    (SOL.replace("456-0", "456-1"), "column tax_id: “76.123.456-1” 76.123.456-1: the check digit does not fit; expected the number on the tax certificate, with its check digit"),
    (SOL.replace("CL,", "AR,"), "column country: “AR” this cannot be read; expected CL, CO, CR, MX or PE"),
    (SOL.replace("Tejidos Aymara SpA", ""), "column legal_name: this is empty; expected the name on the tax certificate"),
    (SOL.replace("Tejidos Aymara SpA", "x" * 201), f"column legal_name: “{'x' * 40}” the text is too long; expected at most 200 characters"),
    (SOL.replace("95347104", "much"), "column annual_sales: “much” this cannot be read; expected a number of 0 or more, such as 1200.50"),
    (SOL.replace("2025", "2030"), "column sales_year: “2030” this cannot be read; expected a past year of four digits, such as 2025"),
    (SOL.replace("commerce", "shops"), "column sector: “shops” this cannot be read; expected manufacturing, industry, commerce, services, it_services or other"),
    (SOL.replace(",4,60", ",4.5,60"), "column employees: “4.5” this cannot be read; expected a whole number of people, 0 or more"),
    (SOL.replace(",60,", ",160,"), "column women_ownership_pct: “160” this cannot be read; expected a percentage from 0 to 100, such as 51 or 33.33"),
    (SOL.replace(",60,yes", ",60,perhaps"), "column women_control: “perhaps” this cannot be read; expected yes, no or nothing"),
    (SOL.replace("ana@x.cl", "ana"), "column contact_email: “ana” this cannot be read; expected an address such as name@domain"),
    (SOL.replace("912345678", "12"), "column contact_phone: “12” this cannot be read; expected + and 8 to 15 digits"),
    (SOL.replace("Ana Rojas", ""), "column contact_name: this is empty; expected the person's name"),
    (SOL.replace("2019-03-31", "31/03/2019"), "column founded_on: “31/03/2019” this cannot be read; expected a day such as 2019-03-31"),
    (SOL.replace("31,yes", "31,often"), "column is_rural: “often” this cannot be read; expected yes, no or nothing"),
    ("MX,CPA190301AB9,,Papel" + "," * 14, "column tax_id: “CPA190301AB9” RFC CPA190301AB9: the form fits but the last character does not; some RFCs in use are so: "
     "compare it with the tax certificate; expected somebody compares it; then yes in the column tax_id_confirmed"),
])
def test_one_fault_keeps_the_whole_file_out(session: Session, tmp_path: Path, line: str, fault: str) -> None:
    report = bring_in(session, manager(), written(tmp_path, MAR, line))
    assert (report.faults, lines(report)) == (1, [f"row 3, {fault}"])
    assert (session.scalars(select(Firm)).all(), session.scalars(select(ImportRun)).all(), noted(session)) == ([], [], [])


def test_a_doubtful_number_comes_in_when_the_file_says_it_was_compared(session: Session, tmp_path: Path) -> None:
    bring_in(session, manager(7), written(tmp_path, "MX,CPA190301AB9,Papel,yes", header="country,tax_id,legal_name,tax_id_confirmed"))
    assert session.execute(select(Firm.tax_id_status, Firm.tax_id_confirmed_by)).all() == [("warning", 7)]


def test_duplicates_within_the_file_and_against_the_register(session: Session, tmp_path: Path) -> None:
    make_firm(session, "PE", "20123456786")
    known = "PE,20123456786,,Cacao" + "," * 14
    report = check_file(session, manager(), written(tmp_path, SOL, SOL, known, SOL.replace("Ñandú", "Nandu")))
    assert {name: value for name, value in report.counts().items() if value and name != "empty_cells"} == {
        "rows": 4, "firms": 2, "new": 1, "known": 1, "exact_duplicate_rows": 1, "rows_in_duplicate_groups": 3,
        "conflicting_firms": 1, "faults": 1, "warnings": 2}
    assert lines(report) == [
        "row 5, column tax_id: “76.123.456-0” the same firm stands in row 2 with other values; expected one row a firm",
        "row 3, column tax_id: “76.123.456-0” the same as row 2; expected one row a firm; this one is left out",
        "row 4, column tax_id: “20123456786” the firm is on the register already; expected new firms; this row changes nothing"]


def test_the_same_bytes_come_in_once(session: Session, tmp_path: Path) -> None:
    path = written(tmp_path, SOL, SOL)
    assert bring_in(session, manager(), path).brought_in == 1
    again = bring_in(session, manager(), path)
    assert (again.brought_in, again.brought_in_before, again.may_be_brought_in) == (0, "2026-11-24", False)
    assert (len(session.scalars(select(Firm)).all()), len(session.scalars(select(ImportRun)).all())) == (1, 1)


def test_another_file_leaves_known_firms_as_they_are(session: Session, tmp_path: Path) -> None:
    bring_in(session, manager(), written(tmp_path, SOL))
    report = bring_in(session, manager(), written(tmp_path, SOL.replace("Ñandú", "Other"), MAR, name="second.csv"))
    assert (report.brought_in, report.known) == (1, 1)
    assert session.scalars(select(Firm.trade_name).order_by(Firm.id)).all() == ["Ñandú", ""]


def test_a_coordinator_brings_in_her_own_country_alone(session: Session, tmp_path: Path) -> None:
    report = bring_in(session, coordinator("CL"), written(tmp_path, SOL, MAR))
    assert lines(report) == ["row 3, column country: “CO” this country is not yours to change; expected firms of your own countries"]
    with pytest.raises(DomainError) as refused:
        check_file(session, OBSERVER, written(tmp_path, SOL))
    assert refused.value.code == "not_allowed"


MAPPING = """
[columns]
tax_id = "NIT"
legal_name = "razon"
sector = "macro"
annual_sales = "miles"
[constants]
country = "CO"
sales_year = "2024"
[multiply]
annual_sales = 1000
[values.sector]
CONSTRUCCION = "other"
[options]
compute_check_digit = true
decimal_comma = true
"""


def test_a_mapping_renames_columns_and_values_and_reads_what_a_spreadsheet_shortened(session: Session, tmp_path: Path) -> None:
    path = written(tmp_path, '860003563,ABB,CONSTRUCCIÓN,"3,39085E+11"', "890302629,Mel,construccion,2.5", header="nit,razon,macro,miles")
    report = bring_in(session, manager(), path, read_mapping(MAPPING))
    assert session.execute(select(Firm.tax_id, Firm.sector).order_by(Firm.id)).all() == [("8600035639", "other"), ("8903026298", "other")]
    assert session.scalars(select(FirmSize.annual_sales_minor).order_by(FirmSize.id)).all() == [339_085_000_000_000_00, 2_500_00]
    assert (report.exponent_cells, report.check_digits_computed, report.exponent_cells_by_column) == (1, 2, {"miles": 1})
    assert lines(report) == [
        "row 2, column miles: “3,39085E+11” a spreadsheet shortened this amount; its last figures are lost; expected the whole amount",
        "row 1, column nit: 2 check digits were not given and were computed; expected somebody compares some of them with the register"]


@pytest.mark.parametrize(("text", "code"), [
    ("[columns", "map_unreadable"), ("[colums]\n", "map_unknown"), ("[columns]\nnit='x'", "map_unknown"),
    ("columns = 3", "map_unknown"), ("[values]\nsector = 3", "map_unknown"), ("[multiply]\nannual_sales = 'x'", "map_unknown"),
    ("[options]\nguess = true", "map_unknown"), ("[multiply]\nemployees = 2", "map_unknown"),
])
def test_mappings_that_are_refused(app: Flask, text: str, code: str) -> None:
    with pytest.raises(DomainError) as refused, app.app_context():
        read_mapping(text)
    with app.app_context():
        assert (refused.value.code, bool(told(refused.value))) == (code, True)


@pytest.mark.parametrize(("header", "column_map", "code"), [
    ("country,tax_id", ColumnMap(), "import_column_absent"),
    ("country,tax_id,legal_name", ColumnMap(columns={"city": "Ort"}), "map_column_absent"),
])
def test_columns_that_are_not_there(session: Session, tmp_path: Path, header: str, column_map: ColumnMap, code: str) -> None:
    with pytest.raises(DomainError) as refused:
        check_file(session, manager(), written(tmp_path, header=header), column_map)
    assert (refused.value.code, bool(told(refused.value))) == (code, True)


def test_a_file_that_is_no_table(session: Session, tmp_path: Path) -> None:
    path = tmp_path / "x.xls"
    path.write_bytes(bytes.fromhex("d0cf11e0a1b11ae1"))
    with pytest.raises(TableFault):
        check_file(session, manager(), path)


def test_statements_grow_with_chunks_and_not_with_rows(app: Flask, session: Session, tmp_path: Path) -> None:
    counts = []
    for size in (1, 3, 50):
        rows = [f"PE,{ruc(number)},,Firm {number}" + "," * 14 for number in range(size * 100, size * 101)]
        with counted_queries(app) as statements:
            bring_in(session, manager(), written(tmp_path, *rows))
        counts.append(len(statements))
    assert len(set(counts)) == 1, counts


def ruc(number: int) -> str:
    base = f"20{number:08}"
    check = (11 - sum(int(digit) * weight for digit, weight in zip(base, (5, 4, 3, 2, 7, 6, 5, 4, 3, 2), strict=True)) % 11) % 10
    return f"{base}{check}"


def test_findings_beyond_the_limit_are_counted_and_faults_are_never_crowded_out(app: Flask) -> None:
    report = ImportReport("x", "")
    for number in range(MOST_KEPT + 5):
        report.add(Finding(number, "c", "", "cell", is_fault=False))
    for number in range(3):
        report.add(Finding(number, "c", "", "cell"))
    assert (report.warnings, report.faults, len(report.findings), sum(each.is_fault for each in report.findings)) == (
        MOST_KEPT + 5, 3, MOST_KEPT + 3, 3)


# --- the page ---------------------------------------------------------------------------------------------------


@pytest.fixture
def looking(app: Flask) -> Iterator[Session]:
    with app.app_context():
        connection = db.engines[None]
    with Session(connection, join_transaction_mode="create_savepoint") as opened:
        yield opened


def test_a_file_is_checked_before_it_is_brought_in(looking: Session, sign_in: SignIn) -> None:
    client = sign_in(Role.MANAGER)
    read(client.get("/firms/import"))
    answer = post(client, "/firms/import", file=(BytesIO(f"{HEADER}\n{SOL}\n".encode()), "C:\\my firms.csv"))
    assert (answer.status_code, looking.scalars(select(Firm)).all()) == (302, [])
    page = read(client.get(answer.location))
    assert ("my firms.csv" in page, "Bring in 1 firm" in page) == (True, True)
    assert sign_in(Role.MANAGER).get(answer.location).status_code == 404
    done = post(client, answer.location)
    assert (done.status_code, done.location) == (302, "/firms/")
    assert looking.scalars(select(Firm.legal_name)).all() == ["Tejidos Aymara SpA"]
    assert client.get(answer.location).status_code == 404
    again = post(client, "/firms/import", file=(BytesIO(f"{HEADER}\n{SOL}\n".encode()), "copy.csv"))
    page = read(client.get(again.location))
    assert ("was brought in on 2026-11-24 already" in page, "Bring in 1" in page) == (True, False)


def test_a_file_with_faults_cannot_be_brought_in_by_hand_either(looking: Session, sign_in: SignIn) -> None:
    client = sign_in(Role.MANAGER)
    answer = post(client, "/firms/import", file=(BytesIO(f"{HEADER}\n{SOL.replace('456-0', '456-1')}\n".encode()), "a.csv"))
    page = read(client.get(answer.location))
    assert ("the check digit does not fit" in page, "1 fault" in page) == (True, True)
    assert read(post(client, answer.location, "/firms/import"), 422)
    assert looking.scalars(select(Firm)).all() == []


@pytest.mark.parametrize(("file", "mapping", "sentence"), [
    (b"", None, "Choose a CSV or XLSX file."), (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", None, "This is an old Excel file"),
    (b"a,b\n1,2\n", None, "The file has no column “country”"), (b"a,b\n1,2\n", b"[x]", "The mapping names “x”"),
])
def test_files_that_the_page_refuses(sign_in: SignIn, file: bytes, mapping: bytes | None, sentence: str) -> None:
    typed: dict[str, object] = {"file": (BytesIO(file), "a.csv")} if file else {}
    if mapping:
        typed["mapping"] = (BytesIO(mapping), "m.toml")
    assert sentence in read(post(sign_in(Role.MANAGER), "/firms/import", **typed), 422)


def test_a_row_that_no_table_has_is_told_when_the_file_is_checked(sign_in: SignIn) -> None:
    client = sign_in(Role.MANAGER)
    answer = post(client, "/firms/import", file=(BytesIO(f"{HEADER}\n{SOL},more\n".encode()), "a.csv"))
    assert "The row has 19 cells. Expected: 18, as in the header." in read(client.get(answer.location), 422)


# --- the list as a file -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("region", "kind", "amount"), [("CL", "csv", "95347104,50"), ("MX", "csv", "95347104.50"), ("PE", "xlsx", "95347104.5")])
def test_a_downloaded_list_opens_in_the_region_and_can_be_brought_in_again(
    app: Flask, looking: Session, sign_in: SignIn, tmp_path: Path, region: str, kind: str, amount: str
) -> None:
    row = SOL.replace("CL,76.123.456-0,", "CO,900123456,8").replace("95347104", "95347104.50").replace("Tejidos", "=Tejidos")
    with app.app_context(), transaction() as session:
        act_as(session, SYSTEM)
        bring_in(session, SYSTEM, written(tmp_path, row))
    before = everything(looking)
    client = sign_in(Role.MANAGER, region=region)
    answer = post(client, f"/firms/download/{kind}?sector=commerce", "/firms/")
    path = tmp_path / f"list.{kind}"
    path.write_bytes(answer.data)
    ((_number, cells),) = read_table(path)
    assert (answer.status_code, answer.headers["Content-Disposition"]) == (200, f"attachment; filename=firms-2026-11-24.{kind}")
    assert (cells["annual_sales"], cells["tax_id"], cells["check_digit"], cells["women_control"]) == (amount, "900123456", "8", "yes")
    assert looking.scalars(select(AuditEntry.action).order_by(AuditEntry.seq)).all()[-1] == "firms.downloaded"
    with app.app_context(), transaction() as session:
        act_as(session, SYSTEM)
        for model in (FirmPerson, FirmSize, OwnershipDeclaration, Firm):
            session.query(model).delete()
        assert bring_in(session, SYSTEM, path).brought_in == 1
    looking.rollback()
    assert everything(looking) == before


def everything(session: Session) -> list[tuple[object, ...]]:
    left_out = {"id", "firm_id", "import_id", "recorded_at"}
    return [
        tuple(getattr(row, column.key) for column in model.__table__.columns if column.key not in left_out)
        for model in (Firm, FirmSize, OwnershipDeclaration) for row in session.scalars(select(model))
    ]


def test_a_coach_gets_persons_numbers_masked(app: Flask, world: World, sign_in: SignIn) -> None:
    with app.app_context(), transaction() as session:
        act_as(session, SYSTEM)
        firm_id = make_firm(session, "CL", "12345678-5").id
        service.record_consent(session, SYSTEM, session.get_one(Firm, firm_id), "email_news", "2026-1", is_given=True)
    answer = post(sign_in(Role.COACH, None, firm_id), "/firms/download/csv", "/firms/")
    text = answer.data.decode("utf-8-sig")
    assert (text.count("\n"), "••••••785" in text, "123456785" in text) == (2, True, False)
    assert post(sign_in(Role.COACH, None, firm_id), "/firms/download/csv?size=x", "/firms/").status_code == 400


# --- the command ------------------------------------------------------------------------------------------------


@pytest.fixture
def command(tmp_path: Path):  # type: ignore[no-untyped-def]
    """Run `cohort import firms` on a database of its own."""
    site = create_app(settings_for(tmp_path / "instance", f"sqlite:///{tmp_path / 'own.db'}"))
    with site.app_context():
        db.create_all()
        db.engine.dispose()

    def run(*arguments: object) -> Result:
        environment = {"COHORT_INSTANCE": str(tmp_path / "instance"), "COHORT_DATABASE_URL": f"sqlite:///{tmp_path / 'own.db'}",
                       "COHORT_SECRET_KEY": KEY}
        return CliRunner(env=environment).invoke(cohort, ["import", "firms", *map(str, arguments)])

    return run


def test_the_command_checks_brings_in_and_does_nothing_twice(command, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    path = written(tmp_path, SOL, MAR, SOL)
    dry = command(path, "--dry-run", "--json")
    assert (dry.exit_code, dry.stderr) == (0, f"{path}: row 4, column tax_id: “76.123.456-0” the same as row 2; expected one row a firm; this one is left out\n")
    assert {name: value for name, value in json.loads(dry.stdout).items() if value} == {
        "file": "firms.csv", "sha256": json.loads(dry.stdout)["sha256"], "dry_run": True, "rows": 3, "firms": 2, "new": 2,
        "exact_duplicate_rows": 1, "rows_in_duplicate_groups": 2, "empty_cells": 15, "warnings": 1,
        "findings": [{"row": 4, "column": "tax_id", "found": "76.123.456-0", "what": "the same as row 2",
                      "expected": "one row a firm; this one is left out", "is_fault": False}]}
    done = command(path)
    assert (done.exit_code, done.stderr, re.findall(r"brought in +(\d+)", done.stdout)) == (0, "", ["2"])
    again = command(path)
    said = re.sub(r"\d{4}-\d{2}-\d{2}", "DAY", again.stdout.splitlines()[0])
    assert (again.exit_code, said) == (0, "This file was brought in on DAY; nothing was changed.")


def test_the_command_ends_with_2_and_one_line_a_fault(command, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    path = written(tmp_path, SOL.replace("456-0", "456-1"), MAR.replace(",8,", ",7,"))
    done = command(path)
    assert (done.exit_code, done.stderr.splitlines()) == (2, [
        f"{path}: row 2, column tax_id: “76.123.456-1” 76.123.456-1: the check digit does not fit; expected the number on the tax certificate, with its check digit",
        f"{path}: row 3, column tax_id: “900123456” 900123456: the check digit does not fit; expected the number on the tax certificate, with its check digit",
        "Nothing was brought in: the file has faults."])
    assert re.findall(r"^(?:new|brought in) +(\d+)", command(written(tmp_path, MAR), "--dry-run").stdout, re.MULTILINE) == ["1", "0"]


def test_the_command_refuses_what_is_no_table_no_mapping_or_lacks_columns(command, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    empty, mapping = tmp_path / "empty.csv", tmp_path / "map.toml"
    empty.write_bytes(b"")
    mapping.write_bytes(b"\xff\xfe")
    assert [(done.exit_code, done.stderr) for done in (
        command(empty), command(written(tmp_path, header="a,b")), command(written(tmp_path, SOL), "--map", mapping), command(tmp_path / "none.csv"),
    )][:3] == [
        (2, f"{empty}: row 1: the file is empty; expected a header row and one row a firm\n"),
        (2, "The file has no column “country”. Expected: a header with country, tax_id and legal_name, or a mapping file that says where they stand.\n"),
        (2, f"{mapping}: this is not UTF-8 text; expected a TOML file\n")]
    assert command(tmp_path / "none.csv").exit_code == 2


def test_a_terminal_shows_a_bar_and_a_pipe_none(command, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    path = written(tmp_path, SOL)
    environment = {**os.environ, "COHORT_INSTANCE": str(tmp_path / "instance"), "COHORT_SECRET_KEY": KEY,
                   "COHORT_DATABASE_URL": f"sqlite:///{tmp_path / 'own.db'}"}
    master, slave = pty.openpty()
    arguments = [sys.executable, "-c", "from cohort.cli import main; main()", "import", "firms", str(path), "--dry-run"]
    done = subprocess.run(arguments, stdout=subprocess.PIPE, stderr=slave, env=environment, check=True)
    os.close(slave)
    shown = os.read(master, 65536).decode()
    os.close(master)
    piped = command(path, "--dry-run")
    assert ("firms.csv" in shown, done.stdout, piped.stderr) == (True, piped.stdout_bytes, "")


def test_the_group_knows_its_commands_without_loading_them() -> None:
    listed = CliRunner().invoke(cohort, ["import", "--help"])
    assert (listed.exit_code, "firms" in listed.stdout) == (0, True)
    assert CliRunner().invoke(cohort, ["import", "nothing"]).exit_code == 2


def test_the_guide_names_every_column_option_and_import() -> None:
    guide = (Path(__file__).parents[3] / "docs" / "import.md").read_text("utf-8")
    assert [name for name in (*COLUMNS, *OPTIONS, *AMOUNTS) if f"`{name}" not in guide] == []


# --- who waits while a file comes in ----------------------------------------------------------------------------


@pytest.fixture
def own_site(tmp_path: Path) -> tuple[Flask, Pages, str]:
    """A site with a SQLite file of its own, where locks are real, and a manager signed in on it."""
    where = str(tmp_path / "own.db")
    site = create_app(settings_for(tmp_path / "instance", f"sqlite:///{where}"))
    with site.app_context():
        db.create_all()
        with transaction() as session:
            plan = create_plan(session, SYSTEM, NewPlan("PA-T", "Plan", "Plan", NOW.date(), "CL"))
            person = grants.find_or_make_person(session, "mara@example.test", "Mara")
            grants.grant_role(session, SYSTEM, person, Role.MANAGER, plan.id)
            session.flush()
            number = person.id
    return site, sign_in_as(site, number), where


def test_others_may_write_while_a_page_checks_a_file_and_wait_only_while_it_is_stored(own_site: tuple[Flask, Pages, str]) -> None:
    site, pages, where = own_site
    sent = pages.post("/firms/import", file=(BytesIO(f"{HEADER}\n{SOL}\n{MAR}\n".encode()), "a.csv"))
    token = pages.token_of("/firms/import")
    free: list[tuple[str, bool]] = []

    def try_to_write(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        with closing(sqlite3.connect(where, timeout=0)) as other:
            try:
                other.execute("BEGIN IMMEDIATE")
                free.append((statement[:26], True))
            except sqlite3.OperationalError:
                free.append((statement[:26], False))

    with site.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", try_to_write)
    answer = pages.open(sent.headers["Location"], method="POST", data={"csrf_token": token})
    event.remove(engine, "before_cursor_execute", try_to_write)
    at_work = [is_free for statement, is_free in free if statement.startswith("SELECT firm.tax_id")]
    stored = {is_free for statement, is_free in free if statement.startswith("INSERT")}
    assert (answer.status_code, at_work[0], stored) == (302, True, {False})
    with site.app_context():
        assert db.session.scalars(select(Firm.legal_name).order_by(Firm.id)).all() == ["Tejidos Aymara SpA", "Café del Sur"]
        db.session.remove()
        db.engine.dispose()


def test_what_came_in_since_the_check_stays_as_it_is(session: Session, tmp_path: Path) -> None:
    with ready_rows() as ready:
        report = check_file(session, manager(), written(tmp_path, SOL, MAR), ready=ready)
        make_firm(session, "CL", "76.123.456-0", legal_name="Meanwhile")
        stored = store_checked(session, manager(), report, ready)
    assert (stored.brought_in, stored.new, stored.known) == (1, 1, 1)
    assert session.scalars(select(Firm.legal_name).order_by(Firm.id)).all() == ["Meanwhile", "Café del Sur"]


def test_the_same_file_from_two_tabs_comes_in_once(session: Session, tmp_path: Path) -> None:
    path = written(tmp_path, SOL)
    with ready_rows() as first, ready_rows() as second:
        reports = [check_file(session, manager(), path, ready=ready) for ready in (first, second)]
        assert store_checked(session, manager(), reports[0], first).brought_in == 1
        late = store_checked(session, manager(), reports[1], second)
    assert (late.brought_in, late.brought_in_before, len(session.scalars(select(ImportRun)).all())) == (0, "2026-11-24", 1)


def test_a_file_too_long_for_a_page_is_left_to_the_command(app: Flask, looking: Session, sign_in: SignIn) -> None:
    pages = Pages(app, sign_in(Role.MANAGER))
    rows = "\n".join(f"PE,{ruc(number)},Firm {number}" for number in range(MOST_ROWS + 1))
    sent = pages.post("/firms/import", file=(BytesIO(f"country,tax_id,legal_name\n{rows}\n".encode()), "a.csv"))
    shown = pages.get(sent.headers["Location"], 422)
    assert "The file has more than 20,000 rows" in shown.text
    assert pages.open(sent.headers["Location"]).status_code == 404
    assert "Up to 20,000 rows." in pages.get("/firms/import").text


def test_the_command_judges_as_the_plan_that_is_named(command, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    where = tmp_path / "own.db"
    site = create_app(settings_for(tmp_path / "instance", f"sqlite:///{where}"))
    with site.app_context(), transaction() as session:
        plan = create_plan(session, SYSTEM, NewPlan("PA-T", "Plan", "Plan", NOW.date(), "CL"))
        session.query(PolicyVersion).filter_by(plan_id=plan.id, kind="parity").one().settings = {"profile": "CHILECOMPRA"}
    path = written(tmp_path, SOL)
    unknown = command(path, "--plan", "PA-X")
    both = command(path, "--plan", "PA-T", "--profile", "IFC")
    assert command(path, "--plan", "PA-T").exit_code == 0
    with site.app_context():
        assert db.session.scalars(select(OwnershipDeclaration.profile)).all() == ["CHILECOMPRA"]
        db.session.remove()
        db.engine.dispose()
    assert (unknown.exit_code, unknown.stderr) == (2, "there is no plan PA-X; expected one of: PA-T\n")
    assert (both.exit_code, "either --plan or --profile" in both.stderr) == (2, True)
