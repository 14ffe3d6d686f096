"""The command `cohort recurrence`: what it answers, which rows count, how it words it, and what it refuses."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from contextlib import redirect_stderr
from datetime import date
from decimal import Decimal
from io import BytesIO

import pytest
import xlsxwriter
from click.testing import CliRunner

from cohort.exports.files.cli import recurrence
from cohort.exports.files.wording import next_step_words
from cohort.rules.stages import NextStep, RecurrencePolicy

HEADER = "firm_id,stage,operations,quarters,destinations,fob_usd,longest_gap_days,first_export_on,last_export_on,next_step"
DAYS = ("2026-02-10", "2026-05-20", "2026-09-01")
BECOMING = (
    ",becoming,2,2,1,800.00,134,2026-02-10,2026-05-20,"
    "1 more verified export in a new quarter worth US$200.00 or more by 16 November 2026"
)
RECURRING = (
    ",recurring,3,3,1,1200.00,104,2026-02-10,2026-09-01,1 more verified export in a new quarter worth US$200.00 or more "
    "by 9 February 2027 keeps the firm recurring; exports in 2 calendar years in a row make it consolidated"
)
NEVER = ',never,0,0,0,0.00,,,,"3 verified exports in 3 different quarters worth US$1,000.00 or more in all"'


@pytest.fixture
def run(tmp_path):
    def call(text, *options, as_of="2026-10-01", name="exports.csv"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return CliRunner().invoke(recurrence, [str(path), "--as-of", as_of, *options])

    return call


def table(*rows, header="firm_id,date,destination,value_usd"):
    return "\n".join([header, *rows]) + "\n"


def answer(result):
    assert (result.exit_code, result.stdout.splitlines()[0]) == (0, HEADER)
    return result.stdout.splitlines()[1:]


def test_the_answer_has_one_row_a_firm_in_the_order_of_text(run):
    rows = [f"b,{day},CL,400" for day in DAYS] + [f"10,{day},CL,400.00" for day in DAYS[:2]]
    rows += ["9,2026-10-02,CL,400"]
    result = run(table(*rows))
    assert answer(result) == ["10" + BECOMING, "9" + NEVER, "b" + RECURRING]
    assert result.stderr == ""


def test_the_same_answer_as_json(run, tmp_path):
    rows = [f"b,{day},CL,400" for day in DAYS[:2]] + ["9,2026-10-02,CL,400"]
    result = run(table(*rows), "--json")
    never, becoming = json.loads(result.stdout)
    assert (result.exit_code, list(becoming)) == (0, HEADER.split(","))
    assert list(becoming.values())[:-1] == ["b", "becoming", 2, 2, 1, "800.00", 134, "2026-02-10", "2026-05-20"]
    assert becoming["next_step"] == BECOMING.split(",", 9)[9]
    assert never == dict(zip(HEADER.split(","), ["9", "never", 0, 0, 0, "0.00", None, None, None, NEVER.split('"')[1]], strict=True))
    run(table(*rows), "--json", "--out", str(tmp_path / "out.json"))
    assert (tmp_path / "out.json").read_text("utf-8") == result.stdout


def test_the_same_answer_goes_into_a_file(run, tmp_path):
    out = tmp_path / "stages.csv"
    result = run(table(*(f"b,{day},CL,400" for day in DAYS)), "--out", str(out))
    assert (result.exit_code, result.output) == (0, "")
    assert out.read_text().splitlines() == [HEADER, "b" + RECURRING]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["exports.csv", "stages.csv"]


@pytest.mark.parametrize(
    ("column", "cells", "reason"),
    [
        ("verified", ("yes", "1", "no"), "verified"),
        ("verified", ("YES", "1", "0"), "verified"),
        ("verified", ("yes", "yes", ""), "verified"),
        ("origin", ("PE", "pe", "CL"), "origin"),
        ("origin", ("PE", "PE", ""), "origin"),
        ("channel", ("own_store", "Marketplace", "wholesale"), "channel"),
        ("channel", ("social", "b2b_platform", ""), "channel"),
        ("returned_usd", ("0", "0", "400"), "returned_usd"),
        ("returned_usd", ("0.00", "0.0", ""), "returned_usd"),
    ],
)
def test_an_optional_column_can_leave_a_row_out(run, column, cells, reason):
    rows = [f"b,{day},CL,400,{cell}" for day, cell in zip(DAYS, cells, strict=True)]
    result = run(table(*rows, header=f"Firm_ID,date, destination ,value_usd,{column}"))
    assert answer(result) == ["b" + BECOMING]
    assert result.stderr.endswith(f": 1 rows do not count by their {reason}\n")


def test_a_partial_refund_lowers_the_value(run):
    rows = [f"b,{day},CL,400,{returned}" for day, returned in zip(DAYS, ("0", "0", "150.5"), strict=True)]
    assert answer(run(table(*rows, header="firm_id,date,destination,value_usd,returned_usd"))) == [
        "b" + RECURRING.replace("1200.00", "1049.50").replace("200.00", "350.50")
    ]


def test_a_policy_file_changes_the_rule(run, tmp_path):
    policy = tmp_path / "policy.toml"
    policy.write_text('min_operations = 2\nmin_quarters = 2\nmin_fob_usd = 799.99\ndestinations = ["cl"]\n')
    rows = [f"b,{day},CL,400" for day in DAYS[:2]] + ["b,2026-09-01,BR,400"]
    result = run(table(*rows), "--policy", str(policy))
    assert [line.split(",")[:6] for line in answer(result)] == [["b", "recurring", "2", "2", "1", "800.00"]]
    assert result.stderr.endswith(": 1 rows do not count by their destination\n")
    policy.write_text("ecommerce_only = false\n")
    rows = [f"b,{day},CL,400,fair" for day in DAYS]
    result = run(table(*rows, header="firm_id,date,destination,value_usd,channel"), "--policy", str(policy))
    assert answer(result) == ["b" + RECURRING]


def test_spreadsheets_and_semicolons_are_read_too(run):
    sheet = BytesIO()
    with xlsxwriter.Workbook(sheet, {"in_memory": True}) as book:
        page = book.add_worksheet()
        page.write_row(0, 0, ["firm_id", "date", "destination", "value_usd"])
        for row, day in enumerate(DAYS, start=1):
            page.write_row(row, 0, ["b"])
            page.write_datetime(
                row, 1, date.fromisoformat(day), book.add_format({"num_format": "yyyy-mm-dd"})
            )
            page.write_row(row, 2, ["CL", 400])
    assert answer(run(sheet.getvalue(), name="exports.xlsx")) == ["b" + RECURRING]
    commas = table(*(f"b;{day};CL;400,00" for day in DAYS), header="firm_id;date;destination;value_usd")
    assert answer(run(commas)) == ["b" + RECURRING]


def test_a_table_without_rows_has_no_firms(run):
    assert answer(run(table())) == []


def test_each_bad_cell_is_a_line_and_nothing_is_written(run, tmp_path):
    out = tmp_path / "stages.csv"
    header = "firm_id,date,destination,value_usd,verified,returned_usd"
    rows = [
        "b,2026-02-30,CL,400,yes,0",
        ",20260210,,-1,maybe,x",
        "b,2026-02-10,CL,400,yes,0",
        "b,2026-02-10,CL,1e99,yes,0",
    ]
    result = run(table(*rows, header=header), "--out", str(out))
    where = tmp_path / "exports.csv"
    amount = "expected an amount of 0 or more, such as 1200.50"
    assert (result.exit_code, result.stdout, out.exists()) == (2, "", False)
    assert result.stderr.splitlines() == [
        f'{where}: row 2, column date: "2026-02-30"; expected a day such as 2026-03-31',
        f'{where}: row 3, column firm_id: ""; expected the number or name of a firm',
        f'{where}: row 3, column date: "20260210"; expected a day such as 2026-03-31',
        f'{where}: row 3, column destination: ""; expected a country code such as CL',
        f'{where}: row 3, column value_usd: "-1"; {amount}',
        f'{where}: row 3, column returned_usd: "x"; {amount}',
        f'{where}: row 3, column verified: "maybe"; expected yes, no, 1 or 0',
        f'{where}: row 5, column value_usd: "1e99"; {amount}',
    ]


def test_many_faults_are_counted_past_the_first_hundred(run, tmp_path):
    result = run(table(*("b,,CL,400" for _ in range(103))))
    assert result.exit_code == 2
    assert len(result.stderr.splitlines()) == 101
    assert result.stderr.splitlines()[-1] == f"{tmp_path / 'exports.csv'}: and 3 more faults"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", "row 1: the file is empty; expected a header row and one row an export"),
        (
            "firm_id,date,date\n",
            'row 1: the column "date" stands twice; expected each column once',
        ),
        (
            "firm_id,date,destination,value_usd\nb,2026-02-10,CL,400,5\n",
            "row 2: the row has 5 cells; expected 4, as in the header",
        ),
        (
            "firm_id,date,value_usd\n",
            "row 1, column destination: it is missing; expected firm_id,date,destination,value_usd",
        ),
    ],
)
def test_a_file_that_is_no_such_table(run, tmp_path, text, line):
    result = run(text)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.splitlines() == [f"{tmp_path / 'exports.csv'}: {line}"]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("min_quarter = 3\n", "key min_quarter: 3; expected one of "),
        ("min_quarters = 0\n", "key min_quarters: 0; expected a whole number, 1 or more"),
        ("min_quarters = \n", "expected a TOML file"),
        (b"version = '\xff'\n", "expected a TOML file"),
    ],
)
def test_a_policy_that_cannot_be_read(run, tmp_path, text, line):
    policy = tmp_path / "policy.toml"
    policy.write_bytes(text if isinstance(text, bytes) else text.encode())
    result = run(table(), "--policy", str(policy))
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"{policy}: ")
    assert line in result.stderr


def test_a_folder_that_is_not_there_is_bad_usage(run, tmp_path):
    result = run(table(), "--out", str(tmp_path / "none" / "stages.csv"))
    assert result.exit_code == 2
    assert "there is no folder" in result.stderr


def test_a_place_that_cannot_be_written_is_told(run, tmp_path):
    out = tmp_path / ("n" * 254)
    result = run(table(), "--out", str(out))
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == f"{out}: File name too long; expected a place where a file can be written\n"
    assert [path.name for path in tmp_path.iterdir()] == ["exports.csv"]


def test_a_day_is_needed_and_must_be_one(run):
    assert run(table(), as_of="1 October").exit_code == 2


BY = date(2027, 3, 12)


@pytest.mark.parametrize(
    ("step", "english", "spanish"),
    [
        (
            NextStep("reach_recurring", 1, 1, by_on=BY),
            "1 more verified export in a new quarter by 12 March 2027",
            "1 exportación verificada más en un trimestre nuevo hasta el 12 de marzo de 2027",
        ),
        (
            NextStep("reach_recurring", 2, 2, 2, Decimal("1200.50"), BY),
            "2 more verified exports in 2 new quarters to 2 new countries worth US$1,200.50 or more in all, the next by "
            "12 March 2027",
            "2 exportaciones verificadas más en 2 trimestres nuevos a 2 países nuevos por US$1.200,50 o más en total, la "
            "próxima hasta el 12 de marzo de 2027",
        ),
        (
            NextStep("first_export", 1, 1, 1, Decimal(1)),
            "1 verified export worth US$1.00 or more",
            "1 exportación verificada por US$1,00 o más",
        ),
        (
            NextStep("restart", 3, 3, 2),
            "3 more verified exports in 3 different quarters to 2 countries",
            "3 exportaciones verificadas más en 3 trimestres distintos a 2 países",
        ),
        (
            NextStep("reach_recurring", 1, 0, 1, by_on=BY),
            "1 more verified export to a new country by 12 March 2027",
            "1 exportación verificada más a un país nuevo hasta el 12 de marzo de 2027",
        ),
        (
            NextStep("keep", 1, by_on=BY),
            "1 more verified export by 12 March 2027 keeps the firm consolidated",
            "1 exportación verificada más hasta el 12 de marzo de 2027 mantiene a la empresa consolidada",
        ),
        (
            NextStep("consolidate", 2, by_on=BY),
            "2 more verified exports, the next by 12 March 2027, keep the firm recurring; exports in 2 calendar years in a "
            "row make it consolidated",
            "2 exportaciones verificadas más, la próxima hasta el 12 de marzo de 2027, mantienen a la empresa como "
            "recurrente; exportar en 2 años calendario seguidos la consolida",
        ),
    ],
)
def test_the_next_step_in_words(step, english, spanish):
    words = [next_step_words(step, RecurrencePolicy(), language) for language in ("en", "es")]
    assert words == [english, spanish]


def test_spanish_on_demand(run):
    [row] = answer(run(table(*(f"b,{day},CL,400" for day in DAYS[:2])), "--lang", "es"))
    assert row.endswith(
        '1 exportación verificada más en un trimestre nuevo por US$200,00 o más hasta el 16 de noviembre de 2026"'
    )


def test_a_terminal_sees_how_far_the_file_is_read(tmp_path, capsysbinary):
    path = tmp_path / "exports.csv"
    path.write_text(table(*(f"b,{day},CL,400" for day in DAYS)))
    reader, writer = pty.openpty()
    with os.fdopen(writer, "w") as terminal, redirect_stderr(terminal):
        recurrence.main([str(path), "--as-of", "2026-10-01"], standalone_mode=False)
        terminal.flush()
        told = ""
        while "100%" not in told:
            told += os.read(reader, 10_000).decode()
    os.close(reader)
    assert capsysbinary.readouterr().out.decode().splitlines() == [HEADER, "b" + RECURRING]
    assert re.findall(r"exports\.csv[^\r]* (\d+%)", told)[0] == "0%"


def test_the_command_loads_neither_the_site_nor_the_database():
    code = (
        "import sys, cohort.exports.files.cli; "
        "print([name for name in ('flask', 'sqlalchemy', 'babel') if name in sys.modules])"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout == "[]\n"
