"""The command `cohort classify`: tax number, size class and women-owned / women-led of every firm in a file.

It leaves out the register and the site: a file in, a file out, nothing stored.
"""

from __future__ import annotations

import csv
import io
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO, cast

import click

from cohort.firms.files.importer import COLUMNS, CellFault, FirmReader, FirmRow, known_columns
from cohort.firms.files.wording import Language, size_note, tax_id_note, women_note
from cohort.kit.tables import Table, TableFault, open_table
from cohort.reference import size_rules
from cohort.rules.parity import PROFILES, ProfileName, judge
from cohort.rules.size import SizeResult, classify_size
from cohort.rules.taxid import check_tax_id

ADDED_COLUMNS = (
    "tax_id_status",
    "tax_id_note",
    "size_class",
    "size_note",
    "women_owned",
    "women_led",
    "women_note",
)
_MOST_FAULTS_SHOWN = 100
_TABLE_FAULTS = {
    "empty": ("the file is empty", "a header row and one row a firm"),
    "no_header": ("there is no header row", "a header row with names such as country, tax_id"),
    "no_text": ("this is neither text nor a spreadsheet", "a CSV or XLSX file"),
    "old_excel": ("this is an old Excel file", "the same saved as .xlsx or CSV"),
    "too_large_unpacked": ("the file unpacks to {bytes} bytes", "at most {most}"),
    "unreadable": ("this cannot be read: {reason}", "a CSV or XLSX file"),
    "column_twice": ('the column "{column}" stands twice', "each column once"),
    "row_too_long": ("the row has {cells} cells", "{columns}, as in the header"),
}


@click.command("classify")
@click.argument("firms", type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="FIRMS.csv")
@click.option(
    "--profile",
    type=click.Choice(PROFILES, case_sensitive=False),
    default="IWA34",
    show_default=True,
    help="What counts as women-owned and women-led.",
)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    help="Write the rows here, not to the screen.",
)
@click.option(
    "--lang",
    "language",
    type=click.Choice(["en", "es"]),
    default="en",
    show_default=True,
    help="Language of the notes.",
)
def classify(firms: Path, profile: str, out: Path | None, language: str) -> None:
    """Judge each firm of FIRMS.csv: tax number, size class, women-owned and women-led, with reasons.

    The same rows come back in the same order with seven columns added. Cells that are absent or empty count as
    not known. A file with a cell that cannot be read gives one line a fault and exit code 2, and no rows.
    """
    if out is not None and not out.absolute().parent.is_dir():
        raise click.BadParameter(f"there is no folder {out.parent}", param_hint="--out")
    judge_row = _judge_in(cast(ProfileName, profile), cast(Language, language))
    try:
        table = open_table(firms)
        reader = FirmReader(_recognised(firms, table), table.has_decimal_comma)
        with _kept_until_done(out) as target:
            _write_judged(firms, table, reader, judge_row, target)
    except TableFault as fault:
        found, expected = _TABLE_FAULTS[fault.code]
        line = f"{firms}: row {fault.row or 1}: {found}; expected {expected}"
        click.echo(line.format(**fault.params), err=True)
        sys.exit(2)


def _write_judged(
    firms: Path,
    table: Table,
    reader: FirmReader,
    judge_row: Callable[[FirmRow], Sequence[str]],
    target: TextIO,
) -> None:
    """Write every row with its verdicts; with any fault, tell them all and end with exit code 2."""
    kept = [name for name in table.columns if name and name not in ADDED_COLUMNS]
    if len(kept) + table.columns.count("") < len(table.columns):
        click.echo(f"{firms}: the columns of an earlier answer are replaced", err=True)
    writer = csv.writer(target, lineterminator="\n")
    writer.writerow([*kept, *ADDED_COLUMNS])
    faults_count = 0
    for row, cells in _with_progress(table.rows, firms):
        firm, faults = reader.read(row, cells)
        for fault in faults:
            faults_count += 1
            if faults_count <= _MOST_FAULTS_SHOWN:
                click.echo(_fault_line(firms, fault), err=True)
        if firm is not None and not faults_count:
            writer.writerow([*(cells[name] for name in kept), *judge_row(firm)])
    if faults_count > _MOST_FAULTS_SHOWN:
        click.echo(f"{firms}: and {faults_count - _MOST_FAULTS_SHOWN} more faults", err=True)
    if faults_count:
        sys.exit(2)


def _judge_in(profile: ProfileName, language: Language) -> Callable[[FirmRow], Sequence[str]]:
    rules = size_rules()

    def judge_row(firm: FirmRow) -> Sequence[str]:
        tax_id = check_tax_id(firm.country, firm.tax_id, firm.check_digit)
        rule = rules.get(firm.country)
        code = "country_unsupported" if firm.country else "country_missing"
        size = SizeResult("unknown", code, {"country": firm.country}, "")
        if rule is not None:
            size = classify_size(firm.size, rule)
        women = judge(firm.ownership, profile)
        return (
            tax_id.status,
            tax_id_note(tax_id, language),
            size.size_class,
            size_note(size, language),
            women.owned,
            women.led,
            women_note(women, language),
        )

    return judge_row


def _recognised(firms: Path, table: Table) -> dict[str, str]:
    names = known_columns(table.columns)
    if not names:
        click.echo(f"{firms}: row 1: no known column; expected some of {', '.join(COLUMNS)}", err=True)
        sys.exit(2)
    return names


def _fault_line(firms: Path, fault: CellFault) -> str:
    return f'{firms}: row {fault.row}, column {fault.column}: cannot use "{fault.found}"; expected {fault.expected}'


@contextmanager
def _kept_until_done(out: Path | None) -> Iterator[TextIO]:
    """A text file that reaches `out` (or standard output) only when the block ends well."""
    with tempfile.TemporaryFile() as kept:
        text = io.TextIOWrapper(kept, encoding="utf-8", newline="")
        yield text
        text.flush()
        kept.seek(0)
        if out is None:
            sys.stdout.flush()
            shutil.copyfileobj(kept, sys.stdout.buffer)
        else:
            with out.open("wb") as target:
                shutil.copyfileobj(kept, target)
        text.detach()


def _with_progress(
    rows: Iterator[tuple[int, dict[str, str]]], firms: Path
) -> Iterator[tuple[int, dict[str, str]]]:
    """The same rows; on a terminal a bar shows how far the file is read, in a pipe nothing."""
    if not sys.stderr.isatty():
        yield from rows
        return
    with firms.open("rb") as opened:
        lines_count = sum(1 for _ in opened)
    last = 0
    with click.progressbar(length=lines_count, label=firms.name, file=sys.stderr) as bar:
        for row, cells in rows:
            bar.update(row - last)
            last = row
            yield row, cells
