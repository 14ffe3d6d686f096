"""Reads a file of scores, CSV or XLSX, and applies it as one unit for the command; which lines are good is `sheet`'s."""

from __future__ import annotations

from pathlib import Path

import click
from sqlalchemy import select
from sqlalchemy.orm import Session

from cohort.firms.imports.words import table_words
from cohort.kit.access import SYSTEM, act_as
from cohort.kit.database import db, transaction
from cohort.kit.site import site_command
from cohort.kit.tables import Table, TableFault, open_table
from cohort.rounds.models import Round
from cohort.rounds.scores.service import bring_scores, preview
from cohort.rounds.scores.sheet import Sheet, places_of


class NoColumn(Exception):
    """The table lacks a column; the message names what is expected."""


def lines_of(table: Table) -> list[tuple[int, str, str]]:
    """Return (row, code or tax id, points) of a table; raises `NoColumn`, and TableFault while rows are read."""
    keys, points = places_of(table.columns)
    if not keys or points is None:
        raise NoColumn("expected a column `code` or `tax_id`, and a column `score`")
    names, of_points = [table.columns[place] for place in keys], table.columns[points]
    return [(row, next((cells[name] for name in names if cells[name]), ""), cells[of_points]) for row, cells in table.rows]


@click.command("scores")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--round", "code", required=True, help="Code of the round, such as 2026-1.")
@click.option("--dry-run", is_flag=True, help="Say what the file would change, and save nothing.")
def scores(file: Path, code: str, dry_run: bool) -> None:
    """Bring the scores of FILE (columns code or tax_id, and score) into a closed round: all of them or none."""
    try:
        table = open_table(file)
        lines = lines_of(table)
    except TableFault as fault:
        found, expected = table_words(fault)
        click.echo(f"{file}: row {fault.row or 1}: {found}; expected {expected}", err=True)
        raise SystemExit(2) from fault
    except NoColumn as fault:
        click.echo(f"{file}: row 1: {fault}", err=True)
        raise SystemExit(2) from fault
    with site_command():
        if dry_run:
            reading: Session = db.session()
            act_as(reading, SYSTEM)
            _say(preview(reading, SYSTEM, _round(reading, code), lines, has_decimal_comma=table.has_decimal_comma), file)
            return
        with transaction() as session:
            act_as(session, SYSTEM)
            round_ = _round(session, code)
            _say(preview(session, SYSTEM, round_, lines, has_decimal_comma=table.has_decimal_comma), file)
            brought = bring_scores(
                session, SYSTEM, round_, lines, file.read_bytes(), file.name, has_decimal_comma=table.has_decimal_comma)
        click.echo(f"{brought.new_count} new, {brought.changed_count} changed, {brought.same_count} as before")


def _round(session: Session, code: str) -> Round:
    found = session.scalars(select(Round).where(Round.code == code)).one_or_none()
    if found is None:
        click.echo(f"--round: there is no round {code!r}", err=True)
        raise SystemExit(2)
    return found


def _say(sheet: Sheet, file: Path) -> None:
    """Print each fault on a line and end with 2, or say how many lines are good."""
    for fault in sheet.faults:
        click.echo(f"{file}: row {fault.line}: {fault}", err=True)
    if sheet.faults:
        raise SystemExit(2)
    click.echo(f"{len(sheet.rows)} scores read; {len(sheet.unscored)} eligible files stay without a score")

