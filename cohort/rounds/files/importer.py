"""Reads a pool of applicants from a CSV file: ids, exact scores, attributes; all faults at once.

Which rules apply to the pool is read by `quota_files`; XLSX and mapped columns belong to the site's imports.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from hashlib import sha256
from io import StringIO
from pathlib import Path

from cohort.rounds.files.faults import BadInput, Fault
from cohort.rules.pool import SCORE_LIMIT, SCORE_UNITS, Pool

ROW_NUMBERS = "row"
NO_SCORE = "none"


@dataclass(frozen=True)
class Sheet:
    """A CSV file as read: its name, the SHA-256 of its bytes, trimmed cells, and each row's line number."""

    file: str
    sha256: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    lines: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class PoolFile:
    """A pool with the file it came from and what a person should know about the reading."""

    pool: Pool
    sheet: Sheet
    notices: tuple[str, ...]


def read_sheet(path: Path) -> Sheet:
    """Return the file's cells; commas or semicolons, UTF-8 or Windows-1252; raises BadInput on ragged rows."""
    content = path.read_bytes()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252", errors="replace")
    first = text.partition("\n")[0]
    reader = csv.reader(StringIO(text, newline=""), delimiter=";" if first.count(";") > first.count(",") else ",")
    header = tuple(cell.strip() for cell in next(reader, []))
    rows, lines, faults = [], [], []
    for cells in reader:
        if not cells:
            continue
        if len(cells) != len(header):
            faults.append(Fault(path.name, reader.line_num, None, f"{len(cells)} cells", f"{len(header)} cells"))
        rows.append(tuple(cell.strip() for cell in cells))
        lines.append(reader.line_num)
    if not header:
        faults.append(Fault(path.name, 1, None, "no header row", "the names of the columns"))
    faults += [
        Fault(path.name, 1, name, "the column stands twice", "one column of a name")
        for name in dict.fromkeys(header)
        if header.count(name) > 1
    ]
    if faults:
        raise BadInput(faults)
    return Sheet(path.name, sha256(content).hexdigest(), header, tuple(rows), tuple(lines))


def column_named(names: Sequence[str], wanted: str) -> str | None:
    """Return the column meant, without regard to case or surrounding blanks; None when there is none.

    >>> column_named(["Gender", "age"], " gender ")
    'Gender'
    """
    if wanted in names:
        return wanted
    return next((name for name in names if name.casefold() == wanted.strip().casefold()), None)


def read_pool(path: Path, id_column: str = "id", score_column: str = "score") -> PoolFile:
    """Return the pool of a CSV file; `row` numbers its rows as ids, `none` makes all scores equal.

    Every other column is an attribute. Raises BadInput with all faults: a missing column, an id that is
    empty or stands twice, a score that is no number or lies beyond a hundred million points.
    """
    sheet = read_sheet(path)
    own = {wanted: column_named(sheet.header, wanted) for wanted in (id_column, score_column)}
    needed = [wanted for wanted, free in ((id_column, ROW_NUMBERS), (score_column, NO_SCORE)) if wanted != free]
    missing = [wanted for wanted in needed if own[wanted] is None]
    if missing:
        found = ", ".join(sheet.header)
        raise BadInput([Fault(sheet.file, 1, name, "no such column", f"one of: {found}") for name in missing])
    faults: list[Fault] = []
    ids = _ids(sheet, own[id_column] if id_column in needed else None, faults)
    scores, rounded = _scores(sheet, own[score_column] if score_column in needed else None, faults)
    if faults:
        raise BadInput(sorted(faults, key=lambda fault: fault.row or 0))
    taken = {own[wanted] for wanted in needed}
    attributes = {
        name: [row[place] for row in sheet.rows] for place, name in enumerate(sheet.header) if name not in taken
    }
    notices = (f"{rounded} scores were rounded half-even to 4 decimal places",) if rounded else ()
    return PoolFile(Pool.of(ids, scores, attributes), sheet, notices)


def _ids(sheet: Sheet, column: str | None, faults: list[Fault]) -> list[str]:
    if column is None:
        return [str(number) for number in range(1, len(sheet.rows) + 1)]
    place = sheet.header.index(column)
    ids = [row[place] for row in sheet.rows]
    first: dict[str, int] = {}
    for applicant_id, line in zip(ids, sheet.lines, strict=True):
        if not applicant_id:
            faults.append(Fault(sheet.file, line, column, "the id is empty", "an id"))
        elif applicant_id in first:
            what = f"{applicant_id} already stands in row {first[applicant_id]}"
            faults.append(Fault(sheet.file, line, column, what, "each id once"))
        first.setdefault(applicant_id, line)
    return ids


def _scores(sheet: Sheet, column: str | None, faults: list[Fault]) -> tuple[list[int], int]:
    """Return the scores in ten-thousandths, and how many had to be rounded."""
    if column is None:
        return [0] * len(sheet.rows), 0
    place = sheet.header.index(column)
    scores, rounded = [], 0
    for row, line in zip(sheet.rows, sheet.lines, strict=True):
        exact = _number(row[place])
        if exact is None:
            faults.append(Fault(sheet.file, line, column, f"{row[place]!r} is no score", "a number such as 80.5"))
            continue
        whole = int(exact.to_integral_value(rounding=ROUND_HALF_EVEN))
        rounded += whole != exact
        scores.append(whole)
    return scores, rounded


def _number(text: str) -> Decimal | None:
    """Return the score in ten-thousandths, unrounded; None when it is no number or out of range."""
    try:
        exact = Decimal(text) * SCORE_UNITS
    except InvalidOperation:
        return None
    return exact if exact.is_finite() and abs(exact) <= SCORE_LIMIT else None
