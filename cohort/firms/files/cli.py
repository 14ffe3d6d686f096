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
from cohort.kit.file_commands import (
    MOST_FAULTS_SHOWN,
    READABLE,
    WRITABLE,
    refuse_lost_folder,
    table_fault_line,
    with_bar,
)
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


@click.command("classify")
@click.argument("firms", type=READABLE, metavar="FIRMS.csv")
@click.option(
    "--profile",
    type=click.Choice(PROFILES, case_sensitive=False),
    default="IWA34",
    show_default=True,
    help="What counts as women-owned and women-led.",
)
@click.option(
    "--out",
    type=WRITABLE,
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
    refuse_lost_folder(out)
    judge_row = _judge_in(cast(ProfileName, profile), cast(Language, language))
    try:
        table = open_table(firms)
        reader = FirmReader(_recognised(firms, table), table.has_decimal_comma)
        with _kept_until_done(out) as target:
            _write_judged(firms, table, reader, judge_row, target)
    except TableFault as fault:
        click.echo(table_fault_line(firms, fault, "a firm", "names such as country, tax_id"), err=True)
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
    for row, cells in with_bar(table.rows, firms):
        firm, faults = reader.read(row, cells)
        for fault in faults:
            faults_count += 1
            if faults_count <= MOST_FAULTS_SHOWN:
                click.echo(_fault_line(firms, fault), err=True)
        if firm is not None and not faults_count:
            writer.writerow([*(cells[name] for name in kept), *judge_row(firm)])
    if faults_count > MOST_FAULTS_SHOWN:
        click.echo(f"{firms}: and {faults_count - MOST_FAULTS_SHOWN} more faults", err=True)
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
