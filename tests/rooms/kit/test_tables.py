"""Tables as people send them: encodings, delimiters, spreadsheets, and files that are none."""

from __future__ import annotations

import doctest
import io
import zipfile
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path

import pytest
import xlsxwriter

from cohort.kit import tables
from cohort.kit.tables import TableFault, open_table, parse_number, read_table, write_csv, write_xlsx

TEXT = "id;nombre\n1;Ñandú\n\n;\n2;“Sol”\n"
ROWS = [(2, {"id": "1", "nombre": "Ñandú"}), (5, {"id": "2", "nombre": "“Sol”"})]


def test_examples_in_docstrings():
    result = doctest.testmod(tables)
    assert (result.failed, result.attempted) == (0, 1)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_csv_in_any_usual_encoding_and_delimiter(tmp_path: Path, encoding: str, delimiter: str, newline: str):
    path = tmp_path / "firms.csv"
    path.write_bytes(TEXT.replace(";", delimiter).replace("\n", newline).encode(encoding))
    table = open_table(path)
    assert (table.columns, table.has_decimal_comma) == (("id", "nombre"), delimiter == ";")
    assert list(table.rows) == ROWS


def test_a_cut_utf8_sign_at_the_end_makes_the_file_windows_1252(tmp_path: Path):
    path = tmp_path / "firms.csv"
    path.write_bytes("id\ncañ".encode() + b"\xc3")
    assert list(read_table(path)) == [(2, {"id": "caÃ±Ã"})]


def test_a_long_file_is_windows_1252_from_its_first_sign_to_its_last(tmp_path: Path):
    path = tmp_path / "firms.csv"
    long_text = "a" * 100_000
    path.write_text("id\nñ\n" + f"{long_text}\n" * 12 + "ú\n", encoding="cp1252")
    long_rows = [(row, {"id": long_text}) for row in range(3, 15)]
    assert list(read_table(path)) == [(2, {"id": "ñ"}), *long_rows, (15, {"id": "ú"})]


def test_quotes_hold_delimiters_and_line_ends_and_short_rows_are_filled(tmp_path: Path):
    path = tmp_path / "firms.csv"
    path.write_text('"a;b;c",d,e,\n"x\ny", z ,,\nlast\n', encoding="utf-8")
    table = open_table(path)
    assert table.columns == ("a;b;c", "d", "e")
    assert list(table.rows) == [
        (2, {"a;b;c": "x\ny", "d": "z", "e": ""}),
        (4, {"a;b;c": "last", "d": "", "e": ""}),
    ]


def test_a_column_without_a_name_is_left_out(tmp_path: Path):
    path = tmp_path / "firms.csv"
    path.write_text(",id\n0,a\n", encoding="utf-8")
    assert list(read_table(path)) == [(2, {"id": "a"})]


def test_xlsx_cells_become_plain_text_with_the_rows_that_excel_shows(tmp_path: Path):
    path = tmp_path / "firms.xlsx"
    with xlsxwriter.Workbook(path) as book:
        page = book.add_worksheet()
        page.write_row(2, 1, ["tax", "share", "on", "at", "yes", "name", "hour"])
        page.write_row(3, 1, [20123456786, 33.33])
        page.write_datetime(3, 3, datetime(2026, 1, 2), book.add_format({"num_format": "yyyy-mm-dd"}))
        page.write_datetime(
            3, 4, datetime(2026, 1, 2, 3, 4), book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
        )
        page.write_boolean(3, 5, True)
        page.write_string(3, 6, " Ñandú ")
        page.write_datetime(3, 7, time(9, 30), book.add_format({"num_format": "hh:mm"}))
        page.write_boolean(6, 5, False)
    assert list(read_table(path)) == [
        (
            4,
            {
                "tax": "20123456786",
                "share": "33.33",
                "on": "2026-01-02",
                "at": "2026-01-02T03:04:00",
                "yes": "yes",
                "name": "Ñandú",
                "hour": "09:30:00",
            },
        ),
        (7, {"tax": "", "share": "", "on": "", "at": "", "yes": "no", "name": "", "hour": ""}),
    ]


def packed(name: str, size: int) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, b"0" * size)
    return held.getvalue()


@pytest.mark.parametrize(
    ("content", "code", "row"),
    [
        (b"", "empty", 0),
        (b"\n \n", "no_header", 0),
        (b"id\n\0\1", "no_text", 0),
        (bytes.fromhex("d0cf11e0a1b11ae1") + b"rest", "old_excel", 0),
        (b"PK\x03\x04junk", "unreadable", 0),
        (packed("other.txt", 10), "unreadable", 0),
        (packed("xl/worksheets/sheet1.xml", 1001), "too_large_unpacked", 0),
        (b"id,id\n1,2\n", "column_twice", 1),
        (b"id,x\n1,2\n1,2,3\n", "row_too_long", 3),
        (b'id,x\n1,2\n"1,2\n', "unreadable", 3),
        (b"id\n\xf1\x81\n", "unreadable", 1),
    ],
)
def test_a_file_that_is_no_table_says_why_and_where(tmp_path: Path, content: bytes, code: str, row: int):
    path = tmp_path / "firms.csv"
    path.write_bytes(content)
    with pytest.raises(TableFault) as caught:
        list(open_table(path, most_unpacked_bytes=1000).rows)
    assert (caught.value.code, caught.value.row) == (code, row)


@pytest.mark.parametrize(
    ("text", "has_decimal_comma", "number"),
    [
        ("5", False, "5"),
        ("1200.50", False, "1200.50"),
        ("1,5", False, "1.5"),
        ("-1,5", True, "-1.5"),
        ("1.234", False, "1.234"),
        ("1,234", True, "1.234"),
        ("0,125", False, "0.125"),
        ("1,234,567", False, "1234567"),
        ("1.234.567", False, "1234567"),
        ("1,234.56", True, "1234.56"),
        ("1.234,56", False, "1234.56"),
        ("1 234\u00a0567,8", False, "1234567.8"),
        ("1'234'567", False, "1234567"),
        ("3,39085E+11", False, "339085000000"),
        ("3,391E+11", False, "339100000000"),
        (".5", False, "0.5"),
    ],
)
def test_numbers_as_people_write_them(text: str, has_decimal_comma: bool, number: str):
    assert parse_number(text, has_decimal_comma) == Decimal(number)


@pytest.mark.parametrize(
    ("text", "has_decimal_comma", "why"),
    [
        ("1,234", False, "may mean thousands or decimals"),
        ("1.234", True, "may mean thousands or decimals"),
        ("12,34.5", False, "not groups of three digits"),
        ("1,2,3", False, "not groups of three digits"),
        ("1,234.567.8", False, "not groups of three digits"),
        ("", False, "is no number"),
        ("abc", False, "is no number"),
        ("1e", False, "is no number"),
        ("٣", False, "is no number"),
        ("nan", False, "is no number"),
    ],
)
def test_numbers_that_are_refused_rather_than_guessed(text: str, has_decimal_comma: bool, why: str):
    with pytest.raises(ValueError, match=why):
        parse_number(text, has_decimal_comma)


CELLS = ["=1+1", "+56 9", "-3", "-3,5", "@x", "a=b", None, 4, Decimal("2.5"), date(2026, 1, 2), True]


def test_csv_out_holds_no_formula():
    out = io.StringIO()
    assert write_csv(out, ["=name", "b"], [CELLS, ["x"]]) == 2
    assert out.getvalue() == "'=name,b\n'=1+1,'+56 9,-3,\"-3,5\",'@x,a=b,,4,2.5,2026-01-02,True\nx\n"


def test_more_rows_than_a_sheet_holds_are_refused_not_lost():
    with pytest.raises(TableFault) as caught:
        write_xlsx(io.BytesIO(), ["n"], [(1,), (2,), (3,)], "Firms", most_rows=2)
    assert (caught.value.code, caught.value.row, caught.value.params) == ("too_many_rows", 3, {"most": 2})
    assert tables.MOST_SHEET_ROWS == 2**20 - 1


def test_xlsx_out_reads_back_as_it_was(tmp_path: Path):
    path = tmp_path / "out.xlsx"
    columns = [f"c{number}" for number in range(12)]
    with path.open("wb") as out:
        at = datetime(2026, 1, 2, 3, tzinfo=UTC)
        assert write_xlsx(out, columns, [[*CELLS, at], ["x"]], "Firms") == 2
    texts = ["=1+1", "+56 9", "-3", "-3,5", "@x", "a=b", "", "4", "2.5", "2026-01-02", "yes", str(at)]
    first, second = read_table(path)
    assert first == (2, dict(zip(columns, texts, strict=True)))
    assert second == (3, dict.fromkeys(columns, "") | {"c0": "x"})
