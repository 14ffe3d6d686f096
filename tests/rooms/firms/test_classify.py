"""`cohort classify`: a file of firms in, the same rows with verdicts out, or one line a fault and nothing."""

from __future__ import annotations

import csv
import dataclasses
import inspect
import io
import os
import pty
import re
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest
import xlsxwriter
from click.testing import CliRunner, Result

from cohort.firms.files import wording
from cohort.firms.files.cli import ADDED_COLUMNS, classify
from cohort.firms.files.importer import COLUMNS
from cohort.rules import parity, taxid
from cohort.rules.parity import PROFILES
from cohort.rules.size import SizeFacts

HEADER = ",".join(("name", *COLUMNS))


def run(path: Path, *options: str) -> Result:
    return CliRunner().invoke(classify, [str(path), *options])


def written(tmp_path: Path, *lines: str, header: str = HEADER) -> Path:
    path = tmp_path / "firms.csv"
    path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return path


def verdicts(result: Result) -> list[tuple[str, ...]]:
    assert (result.exit_code, result.stderr) == (0, "")
    return [tuple(row[name] for name in ADDED_COLUMNS) for row in csv.DictReader(io.StringIO(result.stdout))]


FIRMS = (
    "Sol,CL,12345678-5,,,,90000000,2024,,,60,yes,yes,yes,,,0,",
    "Mar,CO,900123456,8,services,,1700000000,2025,,,50,yes,yes,yes,,,3,1",
    "Luz,MX,CPA190301AB9,,industry,251,249900000,,,,30,yes,yes,yes,,,4,1",
    "Voz,PE,20123456786,,,,802500.01,2025,,,51,yes,no,yes,,,,",
    "Paz,CR,3-101-999999,,industry,5,60000000,2025,30000000,,,,,,,,,",
    "Fe,BR,1,,,,,,,,,,,,,,,",
    '"Ay, no",,,,,,,,,,,,,,,,,',
)
ENGLISH = [
    (
        "valid",
        "RUT 12.345.678-5: the check digit fits",
        "micro",
        "2,342.73 UF at 38,416.69 (2024), up to 2,400; CL Ley 20.416 (2010)",
        "yes",
        "yes",
        "IWA34: owned yes; led yes",
    ),
    (
        "valid",
        "NIT 900.123.456-8: the check digit fits",
        "small",
        "34,137.23 UVT at 49,799 (2025), up to 131,951; CO Decreto 957/2019",
        "no",
        "yes",
        "IWA34: owned no (not met: women's ownership above 50 %); led yes",
    ),
    (
        "warning",
        "RFC CPA190301AB9: the form fits but the last character does not; some RFCs in use are so: compare it "
        "with the tax certificate",
        "large",
        "score 250.01, above 250; MX DOF 30-Jun-2009",
        "no",
        "no",
        "IWA34: owned no (not met: women's ownership above 50 %); led no (not met: women on the board)",
    ),
    (
        "valid",
        "RUC 20123456786: the check digit fits",
        "small",
        "150.000002 UIT at 5,350 (2025), up to 1,700; PE DS 013-2013-PRODUCE",
        "no",
        "no",
        "IWA34: owned no (not met: a woman who signs); led no (not met: a woman who signs)",
    ),
    (
        "valid",
        "cédula jurídica 3-101-999999: the form fits; this number has no check digit",
        "unknown",
        "the yearly parameters of 2025 are not on file; CR Decreto 39295-MEIC (2015)",
        "unknown",
        "unknown",
        "IWA34: owned unknown (not known: women's ownership above 50 %, management and control by women, a woman "
        "who signs, independence); led unknown (not known: women's ownership of at least 25 %, management and "
        "control by women, a woman who signs, independence, women on the board)",
    ),
    ("invalid", "no rule for the country BR", "unknown", "no rule for the country BR", "unknown", "unknown"),
    ("invalid", "the country is not given", "unknown", "the country is not given", "unknown", "unknown"),
]


def test_each_firm_gets_its_verdicts_with_reasons(tmp_path: Path):
    found = verdicts(run(written(tmp_path, *FIRMS)))
    assert found[:5] == ENGLISH[:5]
    assert [row[:6] for row in found[5:]] == ENGLISH[5:]


def test_the_same_rows_in_the_same_order_with_seven_columns_more(tmp_path: Path):
    result = run(written(tmp_path, *FIRMS))
    rows = list(csv.reader(io.StringIO(result.stdout)))
    assert rows[0] == [*HEADER.split(","), *ADDED_COLUMNS]
    assert [row[: len(COLUMNS) + 1] for row in rows[1:]] == list(csv.reader(FIRMS))


def test_spanish_notes(tmp_path: Path):
    found = verdicts(run(written(tmp_path, *FIRMS[:2]), "--lang", "es"))
    assert found == [
        (
            "valid",
            "RUT 12.345.678-5: el dígito verificador coincide",
            "micro",
            "2.342,73 UF a 38.416,69 (2024), hasta 2.400; CL Ley 20.416 (2010)",
            "yes",
            "yes",
            "IWA34: propiedad sí; liderazgo sí",
        ),
        (
            "valid",
            "NIT 900.123.456-8: el dígito verificador coincide",
            "small",
            "34.137,23 UVT a 49.799 (2025), hasta 131.951; CO Decreto 957/2019",
            "no",
            "yes",
            "IWA34: propiedad no (no se cumple: propiedad de mujeres de más de 50 %); liderazgo sí",
        ),
    ]


@pytest.mark.parametrize(
    ("profile", "expected"),
    [
        ("IWA34", ("unknown", "unknown")),
        ("ifc", ("yes", "yes")),
        ("WECONNECT", ("unknown", "unknown")),
        ("CHILECOMPRA", ("yes", "yes")),
    ],
)
def test_profiles(tmp_path: Path, profile: str, expected: tuple[str, str]):
    path = written(tmp_path, "60 %,SÍ,0", header="women_ownership_pct,Woman_Chief_Executive,board_total")
    (found,) = verdicts(run(path, "--profile", profile))
    assert found[4:6] == expected
    assert found[6].startswith(f"{profile.upper()}: owned {expected[0]}")


def test_absent_columns_are_facts_not_known(tmp_path: Path):
    (found,) = verdicts(run(written(tmp_path, "CL,", header="country,sector")))
    assert found[:4] == (
        "invalid",
        "no tax number given",
        "unknown",
        "not given: annual sales, year of the sales; CL Ley 20.416 (2010)",
    )


def test_out_writes_the_file_and_prints_nothing(tmp_path: Path):
    path, out = written(tmp_path, *FIRMS), tmp_path / "out.csv"
    shown = run(path).stdout
    result = run(path, "--out", str(out))
    assert (result.exit_code, result.output) == (0, "")
    assert out.read_bytes().decode() == shown


def test_an_earlier_answer_may_come_in_again(tmp_path: Path):
    first = run(written(tmp_path, *FIRMS))
    again = tmp_path / "again.csv"
    again.write_bytes(first.stdout_bytes)
    result = run(again, "--out", str(again))
    assert (result.exit_code, result.stderr) == (
        0,
        f"{again}: the columns of an earlier answer are replaced\n",
    )
    assert again.read_bytes() == first.stdout_bytes


def test_a_spanish_excel_csv_reads_like_the_plain_one(tmp_path: Path):
    header = "nombre;country;tax_id;annual_sales;sales_year"
    path = tmp_path / "firms.csv"
    path.write_bytes(f"{header}\r\nÑandú;PE;20123456786;802500,01;2025\r\n".encode("cp1252"))
    result = run(path)
    (found,) = verdicts(result)
    assert found[:3] == ENGLISH[3][:3]
    assert result.stdout.splitlines()[1].startswith('Ñandú,PE,20123456786,"802500,01",2025,valid,')


def test_a_spreadsheet_reads_like_the_plain_one(tmp_path: Path):
    path = tmp_path / "firms.xlsx"
    with xlsxwriter.Workbook(path) as book:
        page = book.add_worksheet()
        page.write_row(0, 0, ["country", "tax_id", "annual_sales", "sales_year", "women_control"])
        page.write_row(1, 0, ["PE", 20123456786, 802500.01, 2025, False])
    (found,) = verdicts(run(path))
    assert found[:6] == (*ENGLISH[3][:4], "no", "no")


@pytest.mark.parametrize(
    ("column", "text", "expected"),
    [
        ("country", "Chile", "two letters such as CL, CO, CR, MX or PE"),
        (
            "sector",
            "farming",
            "one of manufacturing, industry, commerce, services, it_services, other",
        ),
        ("employees", "few", "a number of 0 or more, such as 1200.50, without signs for thousands"),
        ("annual_sales", "-1", "a number of 0 or more, such as 1200.50, without signs for thousands"),
        ("fixed_assets", '"1,234"', "a number of 0 or more, such as 1200.50, without signs for thousands"),
        ("sales_year", "25", "a year of four digits, such as 2025"),
        ("women_ownership_pct", "100.1", "a percentage from 0 to 100, such as 51 or 33.33"),
        ("woman_legal_rep_pct", "half", "a percentage from 0 to 100, such as 51 or 33.33"),
        ("women_control", "maybe", "yes, no or nothing"),
        ("board_total", "2.5", "a whole number of people, 0 or more"),
        ("board_women", "-1", "a whole number of people, 0 or more"),
    ],
)
def test_a_cell_that_cannot_be_read_ends_with_2_and_no_rows(
    tmp_path: Path, column: str, text: str, expected: str
):
    path = written(tmp_path, "CL,", f"CL,{text}", header=f"country,{column}")
    if column == "country":
        path = written(tmp_path, "CL", text, header=column)
    out = tmp_path / "out.csv"
    result = run(path, "--out", str(out))
    line = f'{path}: row 3, column {column}: cannot use "{text.strip(chr(34))}"; expected {expected}\n'
    assert (result.exit_code, result.stdout, result.stderr) == (2, "", line)
    assert not out.exists()


def test_every_fault_is_told_and_none_of_the_good_rows_written(tmp_path: Path):
    path = written(
        tmp_path,
        "CL,3,4,yes",
        "XXX,1,1,perhaps",
        "PE,1,1,",
        header="country,board_total,board_women,independent",
    )
    result = run(path)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.splitlines() == [
        f'{path}: row 2, column board_women: cannot use "4"; expected no more than the 3 of board_total',
        f'{path}: row 3, column country: cannot use "XXX"; expected two letters such as CL, CO, CR, MX or PE',
        f'{path}: row 3, column independent: cannot use "perhaps"; expected yes, no or nothing',
    ]


def test_of_very_many_faults_a_hundred_are_told_and_the_rest_counted(tmp_path: Path):
    path = written(tmp_path, *["Chile"] * 120, header="country")
    lines = run(path).stderr.splitlines()
    assert (len(lines), lines[-1]) == (101, f"{path}: and 20 more faults")


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"", "row 1: the file is empty; expected a header row and one row a firm"),
        (b"a\0b", "row 1: this is neither text nor a spreadsheet; expected a CSV or XLSX file"),
        (b"country,country\n", 'row 1: the column "country" stands twice; expected each column once'),
        (b"country\nCL\nCL,1\n", "row 3: the row has 2 cells; expected 1, as in the header"),
        (b"a,b\n1,2\n", f"row 1: no known column; expected some of {', '.join(COLUMNS)}"),
    ],
)
def test_a_file_that_is_no_table_of_firms(tmp_path: Path, content: bytes, line: str):
    path = tmp_path / "firms.csv"
    path.write_bytes(content)
    result = run(path)
    assert (result.exit_code, result.stdout, result.stderr) == (2, "", f"{path}: {line}\n")


def test_bad_usage_ends_with_2(tmp_path: Path):
    path = written(tmp_path, *FIRMS)
    assert run(tmp_path / "none.csv").exit_code == 2
    assert run(path, "--profile", "ISO").exit_code == 2
    nowhere = run(path, "--out", str(tmp_path / "none" / "out.csv"))
    assert nowhere.exit_code == 2
    assert f"there is no folder {tmp_path / 'none'}" in nowhere.stderr


def test_the_command_starts_without_the_site():
    code = (
        "import sys, cohort.firms.files.cli;"
        "print(sorted({name.split('.')[0] for name in sys.modules} & {'flask', 'sqlalchemy', 'numpy', 'scipy'}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_a_terminal_shows_a_bar_and_the_same_rows(tmp_path: Path):
    path = written(tmp_path, *FIRMS)
    master, slave = pty.openpty()
    command = [sys.executable, "-c", "from cohort.firms.files.cli import classify; classify()", str(path)]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=slave, check=True)
    os.close(slave)
    shown = os.read(master, 65536).decode()
    os.close(master)
    assert done.stdout == run(path).stdout_bytes
    assert "firms.csv" in shown
    assert "100%" in shown


def test_every_code_of_the_rules_has_its_words():
    """The codes are read off the rules' text, so that a new one cannot come without its sentence."""
    source = inspect.getsource(taxid)
    refused = set(re.findall(r'_refused\(\s*"(\w+)"', source)) | set(
        re.findall(r'(?:return|else) "(\w+_\w+)"', source)
    )
    others = {"country_unsupported", "country_missing", "valid_check_digit", "valid_without_check_digit"}
    assert refused | others | {"mx_check_digit_unsure", "component_wrong"} == set(wording._TAX_ID)
    assert set(fields_of(SizeFacts)) <= set(wording._FACTS)
    conditions = set(re.findall(r'\("(\w+)", (?:_|facts\.)', inspect.getsource(parity)))
    assert conditions == set(wording._FACTS) - set(fields_of(SizeFacts))


def fields_of(facts: type[SizeFacts]) -> list[str]:
    return [field.name for field in dataclasses.fields(facts)]


def test_every_reason_has_both_languages():
    texts = [
        *wording._TAX_ID.values(),
        *wording._SIZE.values(),
        *wording._FACTS.values(),
        *wording._BOUNDS.values(),
    ]
    assert [text for text in texts if len(text) != 2 or not all(text)] == []
    assert set(wording._BOUNDS) == {(profile, side) for profile in PROFILES for side in ("owned", "led")}
    assert set(get_args(wording.Language)) == {"en", "es"}
