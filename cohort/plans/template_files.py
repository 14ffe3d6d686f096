"""Writes a milestone template as TOML or CSV and reads one back, with every fault by its line.

Leaves out what a row may hold (`template_rows`) and how rows stand to one another (`template`). What is written and
read again is the same template.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import tempfile
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flask_babel import lazy_gettext as _l

from cohort.firms.imports.words import table_words
from cohort.kit.errors import DomainError, sentence, wording
from cohort.kit.tables import TableFault, open_table, write_csv
from cohort.plans.models import Plan, TemplateMilestone
from cohort.plans.template import refusals_of
from cohort.plans.template_rows import RowFacts, checked

wording("template_file_toml", _l("This is no TOML: %(reason)s."))
wording("template_file_table", _l("This is no table: %(found)s."))
wording("template_file_text", _l("This is not UTF-8 text."))
wording("template_file_large", _l("A template has at most %(most)s KB."), 413)
wording("template_file_none", _l("There is no [[milestone]] in it."))
wording("template_file_columns", _l("The column “%(column)s” is missing."))
wording("template_file_key", _l("“%(key)s” is none of the columns of a template."))
wording("template_file_whole", _l("“%(text)s” in %(column)s is not a whole number."))
wording("template_file_list", _l("%(column)s is a list of single values."))

MOST_BYTES = 1024 * 1024
# As the columns are called in files; the table has the same names but for the first.
NAMES = {"required": "is_required"}
COLUMNS = (
    "number", "phase", "title_en", "title_es", "day", "unit", "anchor", "anchor_number", "evidence_en", "evidence_es",
    "confirms", "after", "required", "countries",
)
_OPTIONAL = frozenset({"unit", "anchor", "anchor_number", "evidence_en", "evidence_es", "after", "required", "countries"})
_LISTS, _WHOLES = frozenset({"confirms", "after", "countries"}), frozenset({"number", "day", "anchor_number"})
_FORMULA_STARTS = ("=", "+", "-", "@")
_YES_NO = {"yes": True, "no": False, "si": True, "sí": True, "true": True, "false": False, "1": True, "0": False, "": False}


@dataclass(frozen=True)
class LineFault:
    """What is wrong with one line of a file (1: the first; of TOML the line where the milestone begins)."""

    line: int
    error: DomainError

    def __str__(self) -> str:
        return sentence(self.error)


@dataclass
class TemplateFile:
    """What a file holds: rows, and every fault by its line; with any fault there is nothing to bring in."""

    sha256: str
    rows: list[RowFacts] = field(default_factory=list)
    faults: list[LineFault] = field(default_factory=list)


def to_toml(rows: Sequence[RowFacts]) -> str:
    """Return the template as TOML, one `[[milestone]]` a row, in order of numbers."""
    parts = ["# Milestone template: day counts units after the anchor; after: milestones that come first; countries: none means all.\n"]
    for row in sorted(rows, key=lambda each: each.number):
        lines = [f"{name} = {_toml(value)}" for name, value in _values(row).items() if value is not None]
        parts.append("\n[[milestone]]\n" + "\n".join(lines) + "\n")
    return "".join(parts)


def to_csv(rows: Sequence[RowFacts], delimiter: str = ",") -> str:
    """Return the template as CSV with a header; lists with blanks between their values, truth as yes and no."""
    page = io.StringIO()
    ordered = sorted(rows, key=lambda each: each.number)
    write_csv(page, COLUMNS, [[_cell(value) for value in _values(row).values()] for row in ordered], delimiter)
    return page.getvalue()


def read_template(content: bytes, name: str, plan: Plan, template: Sequence[TemplateMilestone]) -> TemplateFile:
    """Return the rows of a file and its faults; `name` ends in .toml, else it is read as a table (CSV or XLSX).

    Rows are judged one by one, then together in the plan as it stands.
    """
    found = TemplateFile(hashlib.sha256(content).hexdigest())
    if len(content) > MOST_BYTES:
        found.faults.append(LineFault(1, DomainError("template_file_large", most=MOST_BYTES // 1024)))
        return found
    lines: dict[int, int] = {}
    try:
        for line, said, errors in _toml_rows(content) if name.lower().endswith(".toml") else _table_rows(content):
            row, more = checked(said)
            found.faults += [LineFault(line, error) for error in errors + more]
            if row is not None and not errors:
                lines[row.number] = line
                found.rows.append(row)
    except _BadFile as fault:
        found.faults.append(fault.fault)
    if not found.faults:
        for number, error in refusals_of(plan, template, found.rows).items():
            found.faults.append(LineFault(lines.get(number, 1), error))
    found.faults.sort(key=lambda each: each.line)
    return found


class _BadFile(Exception):
    """The file as a whole cannot be read."""

    def __init__(self, line: int, error: DomainError) -> None:
        super().__init__(line, error)
        self.fault = LineFault(line, error)


def _values(row: RowFacts) -> dict[str, Any]:
    return {name: getattr(row, NAMES.get(name, name)) for name in COLUMNS}


def _toml(value: object) -> str:
    """A text as JSON writes it is a text of TOML; so are lists, truth and whole numbers."""
    return json.dumps(list(value) if isinstance(value, tuple) else value, ensure_ascii=False)


def _cell(value: object) -> object:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return " ".join(str(each) for each in value)
    if isinstance(value, str) and value.startswith("'") and value.lstrip("'").startswith(_FORMULA_STARTS):
        return "'" + value  # one apostrophe before a formula is taken off again by the reader
    return value


def _plain(text: str) -> str:
    return text[1:] if text.startswith("'") and text.lstrip("'").startswith(_FORMULA_STARTS) else text


def _toml_rows(content: bytes) -> Iterator[tuple[int, dict[str, Any], list[DomainError]]]:
    try:
        text = content.decode("utf-8-sig")
        document = tomllib.loads(text.replace("\r\n", "\n"))
    except UnicodeDecodeError as fault:
        raise _BadFile(1, DomainError("template_file_text")) from fault
    except tomllib.TOMLDecodeError as fault:
        at = re.search(r"at line (\d+)", str(fault))
        raise _BadFile(int(at[1]) if at else max(1, len(text.splitlines())), DomainError("template_file_toml", reason=str(fault).rstrip("."))) from fault
    tables = document.get("milestone")
    if not isinstance(tables, list) or not tables or not all(isinstance(table, dict) for table in tables):
        raise _BadFile(1, DomainError("template_file_none"))
    heads = [place for place, line in enumerate(text.splitlines(), 1) if re.match(r"\s*\[\[\s*milestone\s*\]\]", line)]
    for place, table in enumerate(tables):
        said, errors = _of_table(table)
        yield heads[place] if len(heads) == len(tables) else place + 1, said, errors


def _of_table(table: Mapping[str, Any]) -> tuple[dict[str, Any], list[DomainError]]:
    errors = [DomainError("template_file_key", key=key[:40]) for key in table if key not in COLUMNS]
    said: dict[str, Any] = {}
    for name in (name for name in COLUMNS if name in table):
        value = table[name]
        if name in _LISTS and not (isinstance(value, list) and all(isinstance(each, str | int) for each in value)):
            errors.append(DomainError("template_file_list", column=name))
            value = []
        elif name not in _LISTS and not isinstance(value, str | int | bool):
            value = str(value)
        said[NAMES.get(name, name)] = value
    return said, errors


def _table_rows(content: bytes) -> Iterator[tuple[int, dict[str, Any], list[DomainError]]]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "template"
        path.write_bytes(content)
        try:
            table = open_table(path)
            for column in (name for name in COLUMNS if name not in _OPTIONAL and name not in table.columns):
                raise _BadFile(1, DomainError("template_file_columns", column=column))
            for column in (name for name in table.columns if name and name not in COLUMNS):
                raise _BadFile(1, DomainError("template_file_key", key=column[:40]))
            for line, cells in table.rows:
                yield line, *_of_cells({name: _plain(text) for name, text in cells.items()})
        except TableFault as fault:
            found, _expected = table_words(fault)
            raise _BadFile(fault.row or 1, DomainError("template_file_table", found=found)) from fault


def _of_cells(cells: Mapping[str, str]) -> tuple[dict[str, Any], list[DomainError]]:
    said: dict[str, Any] = {}
    errors: list[DomainError] = []
    for name, text in cells.items():
        values = [part for part in re.split(r"[\s,;]+", text) if part] if name in _LISTS else [text]
        if name in _WHOLES or name == "after":
            faulty = [value for value in values if value and not re.fullmatch(r"[+-]?[0-9]{1,6}", value)]
            errors += [DomainError("template_file_whole", text=value[:30], column=name) for value in faulty]
            whole = [int(value) for value in values if value and value not in faulty]
            said[name] = whole if name == "after" else (whole[0] if whole else (0 if name == "day" and faulty else None))
        elif name == "required":
            said["is_required"] = _YES_NO.get(text.lower(), text)
        else:
            said[name] = values if name in _LISTS else text
    return said, errors
