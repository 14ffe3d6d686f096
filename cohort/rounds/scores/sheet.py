"""Reads a sheet of scores – pasted cells or rows of a file – and says of each faulty line what to do; saves nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from flask_babel import lazy_gettext as _l

from cohort.kit.line_faults import LineFault
from cohort.kit.tables import parse_number

# Names of columns, in the order in which they are preferred; small letters.
KEYS = ("code", "código", "codigo", "tax_id", "tax id", "tax number", "número tributario", "rut", "nit", "rfc", "ruc")
POINTS = ("score", "points", "puntaje", "puntos", "nota")

FAULTS = {
    "unknown": _l("“%(key)s” is no file of this call that you may score. Check the code or the tax number."),
    "several": _l("“%(key)s” stands for firms of several countries. Use the code of the file instead."),
    "twice": _l("“%(key)s” stands on line %(first)s already. Keep one of the two lines."),
    "no_score": _l("“%(key)s” has no points. Write them, or leave the line out: no score is never a zero."),
    "no_number": _l("“%(score)s” is no number. Write points such as 82.5 or 82,5."),
    "range": _l("%(score)s is not from 0 to 100 points. Write points from 0 to 100."),
    "too_fine": _l("%(score)s has more than 4 decimals. Round it."),
    "no_key": _l("The line has points but no code and no tax number. Add one of them, or take the line out."),
}


@dataclass(frozen=True)
class Row:
    """One good line: which file, its points, and the points it had before (ten-thousandths, None: none)."""

    line: int
    key: str
    application_id: int
    score: int
    before: int | None


class Fault(LineFault):
    """One line that cannot be taken, in the words of this sheet."""

    WORDS = FAULTS


@dataclass(frozen=True)
class Sheet:
    """Everything a sheet says: good lines, faults, and the eligible files that would stay without a score."""

    rows: tuple[Row, ...]
    faults: tuple[Fault, ...]
    unscored: tuple[int, ...]


def pasted_lines(text: str) -> list[tuple[int, str, str]]:
    """Return (line number, key, points) of cells pasted from a spreadsheet.

    Columns stand apart by tabs, else by semicolons, else by blanks before the last word. A first line that names a
    column – and nothing else makes it one – is a header and says where key and points stand; without it they are the
    first column and the last. Empty lines are skipped.
    """
    lines = [(number, [cell.strip() for cell in _split(line)])
             for number, line in enumerate(text.splitlines(), start=1) if line.strip()]
    keys, points = places_of(lines[0][1]) if lines else ((), None)
    if keys or points is not None:
        del lines[0]
    return [(number, _key(cells, keys or (0,)), _points(cells, points)) for number, cells in lines]


def places_of(header: Sequence[str]) -> tuple[tuple[int, ...], int | None]:
    """Return where the columns of keys stand, the preferred one first, and the place of the points; empty, None: nowhere.

    >>> places_of(["RUT", "Empresa", "Código", "Puntaje"]), places_of(["K7M2P9QXAB", "82,5"])
    (((2, 0), 3), ((), None))
    """
    names = [" ".join(name.lower().split()) for name in header]
    keys = tuple(names.index(name) for name in KEYS if name in names)
    return keys, next((names.index(name) for name in POINTS if name in names), None)


def _key(cells: Sequence[str], places: Sequence[int]) -> str:
    return next((cells[place] for place in places if place < len(cells) and cells[place]), "")


def _points(cells: Sequence[str], place: int | None) -> str:
    if place is None:
        return cells[-1] if len(cells) > 1 else ""
    return cells[place] if place < len(cells) else ""


def _split(line: str) -> list[str]:
    for mark in ("\t", ";"):
        if mark in line:
            return line.split(mark)
    return line.strip().rsplit(None, 1)


def read_lines(
    lines: Sequence[tuple[int, str, str]], files: Sequence[tuple[Any, ...]], held: Mapping[int, int | None], *,
    has_decimal_comma: bool,
) -> Sheet:
    """Return the sheet; `files` are (id, code, tax id, eligible, country), `held` the scores that stand now."""
    places: dict[str, set[int]] = {}
    for key, code, tax_id, _eligible, _country in files:
        for name in (code, tax_id):
            places.setdefault(plain_key(name), set()).add(key)
    rows: list[Row] = []
    faults: list[Fault] = []
    seen: dict[int, int] = {}
    for line, key, typed in lines:
        found = _read(line, key, typed, places, has_decimal_comma)
        if isinstance(found, Fault):
            faults.append(found)
        elif found.application_id in seen:
            faults.append(Fault(line, "twice", {"key": key, "first": seen[found.application_id]}))
        else:
            seen[found.application_id] = line
            rows.append(Row(line, key, found.application_id, found.score, held.get(found.application_id)))
    unscored = tuple(key for key, _c, _t, eligible, _n in files
                     if eligible == "yes" and key not in seen and held.get(key) is None)
    return Sheet(tuple(rows), tuple(faults), unscored)


def plain_key(text: str) -> str:
    """Return a code or tax number without its dots, blanks and hyphens, in capitals."""
    return re.sub(r"[^0-9A-Z&Ñ]", "", text.upper())


def score_of(typed: str, has_decimal_comma: bool) -> int | str:
    """Return points as ten-thousandths, or the code of what is wrong with them.

    >>> score_of("82,5", True), score_of("82.5", True), score_of("101", False), score_of("—", False)
    (825000, 825000, 'range', 'no_number')
    """
    try:
        points = parse_number(typed, has_decimal_comma)
    except ValueError:
        return "no_number"
    if not 0 <= points <= 100:
        return "range"
    scaled = points * 10_000
    return int(scaled) if scaled == scaled.to_integral_value() else "too_fine"


def _read(line: int, key: str, typed: str, places: Mapping[str, set[int]], comma: bool) -> Row | Fault:
    if not key:
        return Fault(line, "no_key", {})
    matches = places.get(plain_key(key), set())
    if len(matches) != 1:
        return Fault(line, "several" if matches else "unknown", {"key": key})
    if not typed:
        return Fault(line, "no_score", {"key": key})
    score = score_of(typed, comma)
    if isinstance(score, str):
        return Fault(line, score, {"key": key, "score": typed})
    return Row(line, key, next(iter(matches)), score, None)


def points_text(score: int | None) -> str:
    """Return ten-thousandths as plain points with a point, for a file; empty for none."""
    return "" if score is None else format((Decimal(score) / 10_000).normalize(), "f")

