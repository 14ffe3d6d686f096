"""The command group `cohort import`, whose commands load their room when they run, and `cohort import firms`."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import cast

import click
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)
from sqlalchemy.orm import Session

from cohort.firms.importer import Progress as Advance
from cohort.firms.importer import check_file
from cohort.firms.imports.mapping import NO_MAP, ColumnMap, read_mapping
from cohort.firms.imports.report import ImportReport
from cohort.firms.imports.storing import ready_rows, store_checked
from cohort.firms.imports.words import lines_of, table_words
from cohort.firms.profiles import plan_numbers, profile_for
from cohort.kit.access import SYSTEM, act_as
from cohort.kit.database import db, transaction
from cohort.kit.site import site_command
from cohort.kit.tables import TableFault
from cohort.rules.parity import PROFILES, ProfileName

# name → (where it lives, one line of help); rooms above are named, never imported.
IMPORTS: dict[str, tuple[str, str]] = {
    "firms": ("cohort.firms.cli:firms", "Bring in firms with what they declare."),
    "scores": ("cohort.rounds.scores.importer:scores", "Bring in the scores of a closed round."),
    "rates": ("cohort.exports.rates.cli:rates", "Bring in exchange rates."),
    "attendance": ("cohort.training.sessions.cli:attendance", "Bring in who was at a session."),
    "template": ("cohort.plans.template_cli:template", "Let a milestone template be what a file says."),
}
OPERATOR = replace(SYSTEM, name="command line")


class ImportGroup(click.Group):
    """A group that knows its commands by name and loads one only when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of the table."""
        return list(IMPORTS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load and return one command, or None when there is no such name."""
        if cmd_name not in IMPORTS:
            return None
        module, attribute = IMPORTS[cmd_name][0].split(":")
        return cast(click.Command, getattr(import_module(module), attribute))

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list from the table, so that help loads no room."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_place, line) in IMPORTS.items()])


@click.group("import", cls=ImportGroup)
def import_group() -> None:
    """Bring in a whole file, CSV or XLSX, or nothing of it."""


@click.command("firms")
@click.argument("path", type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="FILE")
@click.option("--map", "map_path", type=click.Path(exists=True, dir_okay=False, path_type=Path),
              help="TOML file that renames columns and values; see docs/import.md.")
@click.option("--plan", "plan_code", metavar="CODE", help="Judge ownership as this plan does today.")
@click.option("--profile", type=click.Choice(PROFILES, case_sensitive=False),
              help="Or name what counts as women-owned and women-led; without either, IWA34.")
@click.option("--dry-run", is_flag=True, help="Say what the file would do; change nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
def firms(  # one argument an option
    path: Path, map_path: Path | None, plan_code: str | None, profile: str | None, dry_run: bool, as_json: bool
) -> None:
    """Bring the firms of FILE onto the register.

    One line a fault on standard error and exit code 2, and nothing is written. A file that was brought in before
    changes nothing. Firms that are on the register stay as they are.
    """
    if plan_code and profile:
        raise click.UsageError("Give either --plan or --profile: a plan names its profile.")
    with site_command():
        try:
            report = _run(path, _mapping(map_path), _profile_of(plan_code) if plan_code else cast(ProfileName, profile or "IWA34"), dry_run)
        except TableFault as fault:
            found, expected = table_words(fault)
            click.echo(f"{path}: row {fault.row or 1}: {found}; expected {expected}", err=True)
            sys.exit(2)
        _tell(path, report, dry_run, as_json)
    if report.faults:
        sys.exit(2)


def _run(path: Path, column_map: ColumnMap, profile: ProfileName, dry_run: bool) -> ImportReport:
    """Check the file while others may write, then store it in one short transaction."""
    reading = cast(Session, db.session())
    act_as(reading, OPERATOR)
    with ready_rows() as ready:
        with _progress(path) as advance:
            report = check_file(reading, OPERATOR, path, column_map, profile, progress=advance, ready=ready)
        if dry_run or not report.may_be_brought_in:
            return report
        with transaction() as session:
            return store_checked(session, OPERATOR, report, ready)


def _profile_of(plan_code: str) -> ProfileName:
    """Return the profile that a plan's policy of today names; an unknown code ends with 2 and the codes there are."""
    session = cast(Session, db.session())
    known = plan_numbers(session)
    if plan_code not in known:
        click.echo(f"there is no plan {plan_code}; expected one of: {', '.join(known) or 'none yet'}", err=True)
        sys.exit(2)
    return profile_for(session, replace(OPERATOR, plan_id=known[plan_code]))


def _mapping(path: Path | None) -> ColumnMap:
    if path is None:
        return NO_MAP
    try:
        return read_mapping(path.read_text("utf-8-sig"))
    except UnicodeDecodeError:
        click.echo(f"{path}: this is not UTF-8 text; expected a TOML file", err=True)
        sys.exit(2)


def _tell(path: Path, report: ImportReport, dry_run: bool, as_json: bool) -> None:
    lines = lines_of(report)
    for line in lines:
        if line.is_fault or dry_run:
            click.echo(f"{path}: {line}", err=True)
    hidden = report.faults + report.warnings - len(report.findings)
    if hidden:
        click.echo(f"{path}: and {hidden} more", err=True)
    if as_json:
        told = {"file": report.file_name, "sha256": report.file_sha256, "dry_run": dry_run, **report.counts(),
                "brought_in_before": report.brought_in_before or None, "unknown_columns": report.unknown_columns,
                "exponent_cells_by_column": report.exponent_cells_by_column,
                "findings": [vars(line) for line in lines]}
        click.echo(json.dumps(told, ensure_ascii=False, indent=2))
        return
    if report.brought_in_before:
        click.echo(f"This file was brought in on {report.brought_in_before}; nothing was changed.")
    elif report.faults:
        click.echo("Nothing was brought in: the file has faults.", err=True)
    for name, count in report.counts().items():
        click.echo(f"{name.replace('_', ' '):<26}{count:>10,}")
    if report.unknown_columns:
        click.echo(f"columns not read: {', '.join(report.unknown_columns)}")


@contextmanager
def _progress(path: Path) -> Iterator[Advance]:
    """Show a bar on a terminal and nothing in a pipe."""
    if not sys.stderr.isatty():
        yield lambda _rows: None
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(path.name, total=None)
        yield lambda rows: bar.advance(task, rows)
