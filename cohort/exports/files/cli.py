"""The command `cohort recurrence`: the stage of every firm in a file, by the rules the site uses.

It leaves out the register and the site: a file in, a file out, nothing stored.
"""

from __future__ import annotations

import io
import json
import sys
import tomllib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import NoReturn, cast

import click

from cohort.exports.files.importer import REQUIRED, ExportColumns, ExportReader, column_names
from cohort.exports.files.wording import Language, next_step_words
from cohort.kit.file_commands import (
    MOST_FAULTS_SHOWN,
    READABLE,
    WRITABLE,
    refuse_lost_folder,
    table_fault_line,
    with_bar,
)
from cohort.kit.tables import Table, TableFault, open_table, write_csv
from cohort.rules.next_step import next_step_of
from cohort.rules.stage_codes import Days
from cohort.rules.stages import PolicyError, RecurrencePolicy, policy_from
from cohort.rules.standings import Standings, stages_of

COLUMNS = (
    "firm_id",
    "stage",
    "operations",
    "quarters",
    "destinations",
    "fob_usd",
    "longest_gap_days",
    "first_export_on",
    "last_export_on",
    "next_step",
)


@click.command("recurrence")
@click.argument("exports", type=READABLE, metavar="EXPORTS.csv")
@click.option("--as-of", required=True, type=click.DateTime(["%Y-%m-%d"]), help="The day to judge on.")
@click.option(
    "--policy",
    "policy_file",
    type=READABLE,
    help="TOML file with the keys that differ from the default rule.",
)
@click.option("--out", type=WRITABLE, help="Write here, not to the screen.")
@click.option(
    "--lang",
    "language",
    type=click.Choice(["en", "es"]),
    default="en",
    show_default=True,
    help="Language of the next step.",
)
@click.option("--json", "as_json", is_flag=True, help="Give one JSON list, an object a firm, not CSV.")
def recurrence(
    exports: Path, as_of: datetime, policy_file: Path | None, out: Path | None, language: str, *, as_json: bool
) -> None:
    """Tell the stage of every firm in EXPORTS.csv on a day, its figures and its next step.

    Columns: firm_id, date, destination, value_usd; if there, also origin, channel, verified, returned_usd. One row
    a firm comes out, ordered by firm as text. A cell that cannot be read gives one line a fault, exit code 2, and
    nothing is written.
    """
    refuse_lost_folder(out)
    policy = _policy_in(policy_file)
    columns = _read(exports, policy)
    rows = _rows(columns, as_of.date(), policy, cast(Language, language))
    answer = _as_json(rows) if as_json else _as_csv(rows)
    if out is None:
        click.echo(answer.encode(), nl=False)
    else:
        _put(out, answer)


def _as_csv(rows: Iterable[tuple[object, ...]]) -> str:
    answer = io.StringIO(newline="")
    write_csv(answer, COLUMNS, rows)
    return answer.getvalue()


def _as_json(rows: Iterable[tuple[object, ...]]) -> str:
    """The same rows as objects; days and amounts are text, as exact as in CSV, what is absent is null."""
    found = [dict(zip(COLUMNS, row, strict=True)) for row in rows]
    return json.dumps(found, ensure_ascii=False, indent=1, default=str) + "\n"


def _put(out: Path, text: str) -> None:
    """Write the file whole or not at all, so that an answer cut short never looks like one."""
    part = out.with_name(out.name + ".part")
    try:
        part.write_text(text, encoding="utf-8", newline="")
        part.replace(out)
    except OSError as fault:
        with suppress(OSError):
            part.unlink()
        _stop([f"{out}: {fault.strerror}; expected a place where a file can be written"])


def _policy_in(path: Path | None) -> RecurrencePolicy:
    if path is None:
        return RecurrencePolicy()
    try:
        return policy_from(tomllib.loads(path.read_text("utf-8"), parse_float=Decimal))
    except PolicyError as fault:
        _stop([f"{path}: key {fault.key}: {fault.found!r}; expected {fault.expected}"])
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as fault:
        _stop([f"{path}: {fault}; expected a TOML file"])


def _read(exports: Path, policy: RecurrencePolicy) -> ExportColumns:
    lines: list[str] = []
    faults_count = 0
    try:
        table = open_table(exports)
        reader = ExportReader(_names(exports, table), policy, table.has_decimal_comma)
        for row, cells in with_bar(table.rows, exports):
            for fault in reader.read(row, cells):
                faults_count += 1
                if faults_count <= MOST_FAULTS_SHOWN:
                    where = f"{exports}: row {fault.row}, column {fault.column}"
                    lines.append(f'{where}: "{fault.found}"; expected {fault.expected}')
    except TableFault as fault:
        lines.append(table_fault_line(exports, fault, "an export", ",".join(REQUIRED)))
    if faults_count > MOST_FAULTS_SHOWN:
        lines.append(f"{exports}: and {faults_count - MOST_FAULTS_SHOWN} more faults")
    if lines:
        _stop(lines)
    for reason, count in sorted(reader.columns.left_out.items()):
        click.echo(f"{exports}: {count} rows do not count by their {reason}", err=True)
    return reader.columns


def _names(exports: Path, table: Table) -> dict[str, str]:
    names, missing = column_names(table.columns)
    if missing:
        expected = ",".join(REQUIRED)
        _stop([f"{exports}: row 1, column {name}: it is missing; expected {expected}" for name in missing])
    return names


def _stop(lines: list[str]) -> NoReturn:
    for line in lines:
        click.echo(line, err=True)
    sys.exit(2)


def _rows(
    columns: ExportColumns, as_of: date, policy: RecurrencePolicy, language: Language
) -> Iterator[tuple[object, ...]]:
    firm, day, place, cents = columns.arrays()
    found = stages_of(firm, day, place, cents, firm_count=len(columns.firms), as_of=as_of, policy=policy)
    for name in sorted(columns.firms):
        index = columns.firms[name]
        gap = int(found.longest_gap_days[index])
        yield (
            name,
            found.stage_name(index).value,
            int(found.operations[index]),
            int(found.quarters[index]),
            int(found.destinations[index]),
            Decimal(int(found.fob_cents[index])).scaleb(-2),
            None if gap < 0 else gap,
            _day_of(found.first_export_on, index),
            _day_of(found.last_export_on, index),
            _next_step(found, index, as_of, policy, language),
        )


def _next_step(
    found: Standings, index: int, as_of: date, policy: RecurrencePolicy, language: Language
) -> str:
    step = next_step_of(
        found.stage_name(index),
        found.run_of(index),
        as_of,
        policy,
        r2=bool(found.r2[index]),
        recheck_on=_day_of(found.recheck_on, index),
    )
    return next_step_words(step, policy, language)


def _day_of(days: Days, index: int) -> date | None:
    return cast("date | None", days[index].item())
