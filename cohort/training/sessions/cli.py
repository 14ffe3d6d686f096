"""The command `cohort import attendance`; which lines are good is decided in `sheet`, what is saved in `files`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import NoReturn, cast

import click
from sqlalchemy import select
from sqlalchemy.orm import Session

from cohort.firms.imports.words import table_words
from cohort.kit.access import SYSTEM, act_as
from cohort.kit.database import db, transaction
from cohort.kit.site import site_command
from cohort.kit.tables import TableFault
from cohort.plans.models import Plan
from cohort.training.sessions import files
from cohort.training.sessions.models import TrainingSession
from cohort.training.sessions.sheet import NoColumn, Sheet

OPERATOR = replace(SYSTEM, name="command line")


@click.command("attendance")
@click.argument("path", type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="FILE")
@click.option("--plan", "code", required=True, metavar="CODE", help="Code of the plan.")
@click.option("--session", "number", required=True, type=int, metavar="NUMBER", help="Number of the session, as its page shows it.")
@click.option("--dry-run", is_flag=True, help="Say what the file would do; change nothing.")
def attendance(path: Path, code: str, number: int, dry_run: bool) -> None:
    """Write down who was at a session by FILE: columns email or tax_id, and minutes; if there, date and session.

    One line a fault on standard error and exit code 2, and nothing is written. Lines of one firm are added up,
    those of the plan's staff left out. A file that was brought in before changes nothing.
    """
    with site_command():
        try:
            if dry_run:
                reading = cast(Session, db.session())
                act_as(reading, OPERATOR)
                _say(files.read_file(reading, OPERATOR, _session(reading, code, number), path), path)
                return
            with transaction() as session:
                act_as(session, OPERATOR)
                training = _session(session, code, number)
                _say(files.read_file(session, OPERATOR, training, path), path)
                noted = files.bring_in(session, OPERATOR, training, path, path.name)
        except TableFault as fault:
            found, expected = table_words(fault)
            _stop(f"{path}: row {fault.row or 1}: {found}; expected {expected}")
        except NoColumn as fault:
            _stop(f"{path}: row 1: a column is missing; expected {fault.expected}")
        click.echo(f"{noted.came} came, {noted.corrected} corrected, {noted.taken_back} taken back")


def _session(session: Session, code: str, number: int) -> TrainingSession:
    found = session.scalars(
        select(TrainingSession).join(Plan, Plan.id == TrainingSession.plan_id).where(Plan.code == code, TrainingSession.id == number)
    ).one_or_none()
    if found is None:
        _stop(f"there is no session {number} in a plan {code}")
    return found


def _say(sheet: Sheet, path: Path) -> None:
    """Print each fault on a line and end with 2, or say how many firms were read."""
    for fault in sheet.faults:
        click.echo(f"{path}: row {fault.line}: {fault}", err=True)
    if sheet.faults:
        raise SystemExit(2)
    click.echo(f"{len(sheet.rows)} firms read; {len(sheet.staff_lines)} lines of staff left out")


def _stop(line: str) -> NoReturn:
    click.echo(line, err=True)
    raise SystemExit(2)
