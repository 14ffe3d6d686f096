"""The command `cohort import template`; what a template may hold is decided in `template_files` and `template`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click
from sqlalchemy import select
from sqlalchemy.orm import Session

from cohort.kit.access import SYSTEM, act_as
from cohort.kit.database import transaction
from cohort.kit.site import site_command
from cohort.plans import queries
from cohort.plans.models import Plan
from cohort.plans.template import Replacement, compare, replace_template
from cohort.plans.template_files import read_template

OPERATOR = replace(SYSTEM, name="command line")


@click.command("template")
@click.argument("path", type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="FILE")
@click.option("--plan", "code", required=True, help="Code of the plan, such as PA-2026.")
@click.option("--reason", default="From a file, at the command line.", help="Why; kept in the plan's history.")
@click.option("--dry-run", is_flag=True, help="Say what the file would change; change nothing.")
def template(path: Path, code: str, reason: str, dry_run: bool) -> None:
    """Let the milestone template of a plan be exactly what FILE (TOML or CSV) says, for firms that join later.

    One line a fault on standard error, exit code 2, and nothing is written.
    """
    with site_command(), transaction() as session:
        act_as(session, OPERATOR)
        plan = _plan(session, code)
        held = queries.template_of(session, plan.id)
        found = read_template(path.read_bytes(), path.name, plan, held)
        for fault in found.faults:
            click.echo(f"{path}: row {fault.line}: {fault}", err=True)
        if found.faults:
            raise SystemExit(2)
        if dry_run:
            _say(compare(held, found.rows))
            return
        _say(replace_template(session, OPERATOR, plan, found.rows, reason, sha256=found.sha256))


def _plan(session: Session, code: str) -> Plan:
    plan = session.scalars(select(Plan).where(Plan.code == code)).one_or_none()
    if plan is None:
        known = ", ".join(session.scalars(select(Plan.code).order_by(Plan.code))) or "none yet"
        click.echo(f"there is no plan {code}; expected one of: {known}", err=True)
        raise SystemExit(2)
    return plan


def _say(found: Replacement) -> None:
    click.echo(f"{len(found.added)} new, {len(found.changed)} changed, {len(found.removed)} removed")
