"""Reads a table that people send (CSV or XLSX, as it comes) into rows of text, and writes one back safely.

It leaves out what the columns mean: names, types and duplicates are the reader's business.
"""

from __future__ import annotations

import codecs
import csv
import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import BinaryIO, TextIO

import xlsxwriter
from python_calamine import CalamineError, CalamineWorkbook

MOST_UNPACKED_BYTES = 400 * 1024 * 1024
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
MOST_SHEET_ROWS = 1_048_575
_DELIMITERS = ",;\t|"
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_PLAIN_NUMBER = re.compile(r"[+-]?[0-9]+([.,][0-9]+)?")
_NUMBER = re.compile(r"([+-]?)([0-9.,]*[0-9][0-9.,]*)([Ee][+-]?[0-9]{1,2})?")
_GROUPED = re.compile(r"[0-9]{1,3}(?:(?:\.[0-9]{3})+|(?:,[0-9]{3})+)")
_OLD_EXCEL = bytes.fromhex("d0cf11e0a1b11ae1")
_Cell = int | float | str | bool | time | date | datetime | timedelta

csv.field_size_limit(1024 * 1024)


class TableFault(Exception):
    """A file that is no table, with a code for the wording, the row where it shows (0: the file) and facts."""

    def __init__(self, code: str, row: int = 0, **params: object) -> None:
        super().__init__(code, row, params)
        self.code = code
        self.row = row
        self.params = params


@dataclass(frozen=True)
class Table:
    """The columns as written in the header, and the rows: (row number in the file, text by column), once."""

    columns: tuple[str, ...]
    rows: Iterator[tuple[int, dict[str, str]]]
    has_decimal_comma: bool = False


def read_table(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield (row number, text by column) of a CSV or XLSX file; see `open_table`."""
    return open_table(path).rows


def open_table(path: Path, most_unpacked_bytes: int = MOST_UNPACKED_BYTES) -> Table:
    """Return the table in `path`, known by its first bytes and not by its name; rows are read as they are used.

    CSV: UTF-8 with or without mark, UTF-16 with mark, else Windows-1252; comma, semicolon, tab or bar, whichever
    the header has most of. XLSX: the first sheet; whole numbers without ".0", dates as ISO 8601, truth
    values as yes and no. Empty rows and columns without a name are left out, short rows filled with empty
    text. Row numbers are those an editor or a spreadsheet shows. Errors: TableFault – also while rows are
    read – `empty`, `no_text`, `old_excel`, `too_large_unpacked`, `unreadable`, `no_header`, `column_twice`,
    `row_too_long`.
    """
    with path.open("rb") as opened:
        start = opened.read(8)
    if not start:
        raise TableFault("empty")
    if start == _OLD_EXCEL:
        raise TableFault("old_excel")
    if start.startswith(b"PK\x03\x04"):
        return _headed(_xlsx_lines(path, most_unpacked_bytes))
    encoding = _encoding_of(path, start)
    delimiter = _delimiter_of(path, encoding)
    return _headed(_csv_lines(path, encoding, delimiter), has_decimal_comma=delimiter == ";")


def parse_number(text: str, has_decimal_comma: bool = False) -> Decimal:
    """Return the exact number that a person wrote, with a comma or a point before its decimals.

    Spaces and apostrophes between digits are dropped; of two kinds of separator the last stands before the
    decimals; one kind several times groups thousands. One separator before exactly three digits reads either
    way: a point is then decimal in a file without decimal commas, a comma in one with them, else it is refused
    rather than guessed. Errors: ValueError.

    >>> parse_number("1.234.567,89"), parse_number("3,39085E+11"), parse_number("0,125")
    (Decimal('1234567.89'), Decimal('3.39085E+11'), Decimal('0.125'))
    """
    compact = re.sub(r"[\s\u00a0\u202f']", "", text)
    found = _NUMBER.fullmatch(compact)
    if found is None:
        raise ValueError(f"{text!r} is no number")
    sign, digits, exponent = found.groups(default="")
    marks = re.sub("[0-9]", "", digits)
    if len(marks) == 1 and not exponent:
        _refuse_ambiguous(digits, "," if has_decimal_comma else ".")
    whole, decimals = digits, ""
    if len(marks) == 1 or len(set(marks)) == 2:
        whole, _, decimals = digits.rpartition(marks[-1])
    if re.search("[.,]", whole) and not _GROUPED.fullmatch(whole):
        raise ValueError(f"{text!r} has thousands that are not groups of three digits")
    fraction = f".{decimals}" if decimals else ""
    return Decimal(sign + (re.sub("[.,]", "", whole) or "0") + fraction + exponent)


def _refuse_ambiguous(digits: str, usual_mark: str) -> None:
    if usual_mark not in digits and re.fullmatch("[1-9][0-9]{0,2}[.,][0-9]{3}", digits):
        raise ValueError(f"{digits!r} may mean thousands or decimals")


def write_csv(
    out: TextIO, columns: Sequence[str], rows: Iterable[Sequence[object]], delimiter: str = ","
) -> int:
    """Write a CSV table and return the number of rows; None is empty.

    A text that a spreadsheet would run as a formula gets an apostrophe before it; numbers stay as they are.
    """
    writer = csv.writer(out, lineterminator="\n", delimiter=delimiter)
    writer.writerow([_harmless(name) for name in columns])
    count = 0
    for row in rows:
        writer.writerow([_harmless(cell) for cell in row])
        count += 1
    return count


def write_xlsx(
    out: BinaryIO,
    columns: Sequence[str],
    rows: Iterable[Sequence[object]],
    sheet: str,
    most_rows: int = MOST_SHEET_ROWS,
) -> int:
    """Write an XLSX table of one sheet and return the number of rows; memory stays constant.

    Numbers and dates are real ones; every text is written as text, so that no cell is ever a formula or a link.
    Errors: TableFault `too_many_rows` beyond what a sheet holds under its header.
    """
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    count = 0
    with closing(xlsxwriter.Workbook(out, options)) as book:
        page = book.add_worksheet(sheet[:31])
        bold = book.add_format({"bold": True})
        as_date = book.add_format({"num_format": "yyyy-mm-dd"})
        page.freeze_panes(1, 0)
        for place, name in enumerate(columns):
            page.write_string(0, place, name, bold)
        for count, row in enumerate(rows, start=1):
            if count > most_rows:
                raise TableFault("too_many_rows", count, most=most_rows)
            for place, cell in enumerate(row):
                _write_cell(page, count, place, cell, as_date)
    return count


def _headed(lines: Iterator[tuple[int, list[str]]], has_decimal_comma: bool = False) -> Table:
    header_at, header = next(((number, cells) for number, cells in lines if any(cells)), (0, []))
    if not header:
        raise TableFault("no_header")
    columns = [name.strip() for name in header]
    while columns and not columns[-1]:
        columns.pop()
    twice = next((name for name in columns if name and columns.count(name) > 1), "")
    if twice:
        raise TableFault("column_twice", header_at, column=twice)
    return Table(tuple(columns), _rows(lines, columns), has_decimal_comma)


def _rows(lines: Iterator[tuple[int, list[str]]], columns: list[str]) -> Iterator[tuple[int, dict[str, str]]]:
    width = len(columns)
    for number, cells in lines:
        if any(cells[width:]):
            raise TableFault("row_too_long", number, columns=width, cells=len(cells))
        if any(cells):
            padded = cells + [""] * (width - len(cells))
            yield number, {name: cell for name, cell in zip(columns, padded, strict=False) if name}


def _encoding_of(path: Path, start: bytes) -> str:
    for mark, encoding in _BOMS:
        if start.startswith(mark):
            return encoding
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as opened:
        is_utf8 = True
        while chunk := opened.read(1 << 20):
            if b"\0" in chunk:
                raise TableFault("no_text")
            if is_utf8:
                is_utf8 = _decodes(decoder, chunk)
    return "utf-8" if is_utf8 and _decodes(decoder, b"", final=True) else "cp1252"


def _decodes(decoder: codecs.IncrementalDecoder, chunk: bytes, final: bool = False) -> bool:
    try:
        decoder.decode(chunk, final)
    except UnicodeDecodeError:
        return False
    return True


def _delimiter_of(path: Path, encoding: str) -> str:
    """The sign that the first filled line has most of, outside quotes; a comma when it has none."""
    with path.open(encoding=encoding, errors="replace", newline=None) as opened:
        first = next((line for line in opened if line.strip()), "")
    bare = re.sub('"[^"]*"', "", first)
    return max(_DELIMITERS, key=bare.count)


def _csv_lines(path: Path, encoding: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    with path.open(encoding=encoding, newline="") as opened:
        reader = csv.reader(opened, delimiter=delimiter, strict=True)
        number = 1
        try:
            for cells in reader:
                yield number, [cell.strip() for cell in cells]
                number = reader.line_num + 1
        except (csv.Error, UnicodeDecodeError) as fault:
            raise TableFault("unreadable", number, reason=str(fault)) from fault


def _xlsx_lines(path: Path, most_unpacked_bytes: int) -> Iterator[tuple[int, list[str]]]:
    try:
        with zipfile.ZipFile(path) as archive:
            unpacked_bytes = sum(member.file_size for member in archive.infolist())
        if unpacked_bytes > most_unpacked_bytes:
            raise TableFault("too_large_unpacked", bytes=unpacked_bytes, most=most_unpacked_bytes)
        sheet = CalamineWorkbook.from_path(path).get_sheet_by_index(0)
        for number, cells in enumerate(sheet.iter_rows(), start=1):
            yield number, [_text_of(cell) for cell in cells]
    except (CalamineError, zipfile.BadZipFile) as fault:
        raise TableFault("unreadable", reason=str(fault)) from fault


def _text_of(cell: _Cell) -> str:
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() else format(Decimal(repr(cell)), "f")
    if isinstance(cell, datetime) and cell.time() == time():
        return cell.date().isoformat()
    if isinstance(cell, date | time):
        return cell.isoformat()
    return str(cell).strip()


def _harmless(cell: object) -> object:
    if not isinstance(cell, str) or not cell.startswith(_FORMULA_STARTS) or _PLAIN_NUMBER.fullmatch(cell):
        return cell
    return "'" + cell


def _write_cell(
    page: xlsxwriter.worksheet.Worksheet, row: int, place: int, cell: object, as_date: object
) -> None:
    if cell is None:
        return
    if isinstance(cell, bool):
        page.write_boolean(row, place, cell)
    elif isinstance(cell, int | float | Decimal):
        page.write_number(row, place, cell)
    elif isinstance(cell, date) and not isinstance(cell, datetime):
        page.write_datetime(row, place, cell, as_date)
    else:
        page.write_string(row, place, str(cell))
