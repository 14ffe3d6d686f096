"""The command `cohort import rates`; what a file may hold is decided in `importer`."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import cast

import click
from sqlalchemy.orm import Session

from cohort.exports.rates.importer import RatesReport, bring_in_rates
from cohort.firms.imports.words import table_words
from cohort.kit.access import SYSTEM, act_as
from cohort.kit.database import db, transaction
from cohort.kit.site import site_command
from cohort.kit.tables import TableFault

OPERATOR = replace(SYSTEM, name="command line")
_MOST_FAULTS_SHOWN = 50


@click.command("rates")
@click.argument("path", type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="FILE")
@click.option("--source", default="", help="Who published the rates, when the file has no column source.")
@click.option("--dry-run", is_flag=True, help="Say what the file would do; change nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
def rates(path: Path, source: str, dry_run: bool, as_json: bool) -> None:
    """Bring in the exchange rates of FILE: columns currency, date, per_usd and source.

    Exports that waited for a rate are converted. One line a fault on standard error, exit code 2, and nothing is
    written. A file that was brought in before changes nothing.
    """
    with site_command():
        try:
            report = _run(path, source, dry_run)
        except TableFault as fault:
            click.echo(f"{path}: row {fault.row or 1}: {_fault_words(fault)}", err=True)
            raise SystemExit(2) from fault
    for line in report.faults[:_MOST_FAULTS_SHOWN]:
        click.echo(f"{path}: {line}", err=True)
    if len(report.faults) > _MOST_FAULTS_SHOWN:
        click.echo(f"{path}: and {len(report.faults) - _MOST_FAULTS_SHOWN} more faults", err=True)
    if report.faults:
        raise SystemExit(2)
    counts = {"new": len(report.new), "known": report.known_count, "filled": report.filled_count}
    if as_json:
        click.echo(json.dumps({**counts, "dry_run": dry_run, "brought_in_before": report.brought_in_before}))
    elif report.brought_in_before:
        click.echo("This file was brought in before; nothing was changed.")
    else:
        click.echo(f"{counts['new']} new rates, {counts['known']} as before; {counts['filled']} exports converted")


def _run(path: Path, source: str, dry_run: bool) -> RatesReport:
    if dry_run:
        reading = cast(Session, db.session())
        act_as(reading, OPERATOR)
        return bring_in_rates(reading, OPERATOR, path, source, dry_run=True)
    with transaction() as session:
        act_as(session, OPERATOR)
        return bring_in_rates(session, OPERATOR, path, source)


def _fault_words(fault: TableFault) -> str:
    if fault.code == "no_column":
        return f"there is no column {fault.params['column']}; expected currency, date, per_usd and source (or --source)"
    found, expected = table_words(fault)
    return f"{found}; expected {expected}"
