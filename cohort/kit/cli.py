"""Holds the operator's commands on database and jobs; each calls what a page or the scheduler calls too."""

from __future__ import annotations

import json
import sys
from contextlib import nullcontext
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path
from typing import Any, cast

import click
from rich.console import Console
from rich.table import Table
from sqlalchemy import select
from sqlalchemy.orm import Session

from cohort.kit import audit, clock
from cohort.kit.backup import Summary, restore_backup, write_backup
from cohort.kit.checks import CHECKS
from cohort.kit.database import db, transaction
from cohort.kit.job_words import deeds_of
from cohort.kit.jobs import JOBS, job_named, run_job
from cohort.kit.ledger import JobRun, RunState
from cohort.kit.schema import revisions, upgrade_database
from cohort.kit.site import site_command

as_json = click.option("--json", "json_wanted", is_flag=True, help="Print JSON instead of a table.")
DAY = click.DateTime(formats=["%Y-%m-%d"])


def _print_json(value: object) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, indent=1, default=str))


def _print_table(columns: list[str], rows: list[list[str]]) -> None:
    table = Table(*columns, box=None, header_style="bold")
    for row in rows:
        table.add_row(*row)
    Console(width=None if sys.stdout.isatty() else 200).print(table)


@click.group("db")
def db_group() -> None:
    """Upgrade, check, back up or restore the database."""


@db_group.command()
def upgrade() -> None:
    """Bring the database to the newest schema; does nothing when it is there."""
    with site_command() as app:
        upgrade_database(app)
        with db.engine.connect() as connection:
            current, _newest = revisions(app, connection)
    click.echo(f"The database is at schema {current or 'empty'}.")


@db_group.command()
@click.option("--mend", is_flag=True, help="Derive anew what was found to disagree with the records.")
@as_json
def check(mend: bool, json_wanted: bool) -> None:
    """Walk the audit chain and look whether derived figures agree with the records; ends with 3 when something is wrong."""
    with site_command(), transaction() if mend else nullcontext(cast(Session, db.session())) as session:
        report = audit.check_chain(session)
        faults = {name: each.look(session, mend) for name, each in sorted(CHECKS.items())}
    if json_wanted:
        _print_json({**asdict(report), **faults})
    else:
        click.echo(f"{report.links} links hold, {report.erased} of them with erased content.")
        if report.broken:
            click.echo(f"Link {report.broken.seq} is broken: {report.broken.reason}.", err=True)
        for name, lines in faults.items():
            click.echo(f"{CHECKS[name].holds}: {'yes' if not lines else 'mended' if mend else 'no'}.", err=bool(lines))
            for line in lines:
                click.echo(line, err=True)
    sys.exit(3 if report.broken or (any(faults.values()) and not mend) else 0)


def _tell(summary: Summary, verb: str, file: Path) -> None:
    click.echo(f"{verb} {file}: {summary.parts} parts, {summary.size_bytes} bytes, made {summary.made_at}.")


@db_group.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def backup(file: Path) -> None:
    """Write database, uploads and key into one archive."""
    with site_command() as app:
        _tell(write_backup(app, file), "Wrote", file)


@db_group.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def restore(file: Path) -> None:
    """Check an archive, then replace database, uploads and key by it. Stop the site first."""
    with site_command() as app:
        _tell(restore_backup(app, file), "Restored", file)


@click.group("jobs")
def jobs_group() -> None:
    """List jobs, run one for a day, show the ledger."""


@jobs_group.command("list")
@as_json
def list_jobs(json_wanted: bool) -> None:
    """List every job with what it is for and when it runs (UTC)."""
    with site_command():
        now = clock.now()
        rows: list[dict[str, Any]] = [
            {
                "job": found.name, "purpose": str(found.purpose),
                "runs": f"daily at {found.daily_at:%H:%M}" if found.daily_at else f"every {found.every_minutes} min",
                "next": found.next_firing(now).isoformat(timespec="minutes"),
            }
            for found in JOBS.values()
        ]
    if json_wanted:
        _print_json(rows)
    else:
        _print_table(["Job", "Runs", "Next", "Purpose"], [[r["job"], r["runs"], r["next"], r["purpose"]] for r in rows])


@jobs_group.command("run")
@click.argument("name")
@click.option("--as-of", type=DAY, default=None, help="Day that the run concerns; default: the latest one due.")
@as_json
def run_named(name: str, as_of: datetime | None, json_wanted: bool) -> None:
    """Run one job by hand for a day, whether or not it ran for that day before."""
    with site_command():
        if name not in JOBS:
            raise click.BadParameter(f"there is no job {name!r}; known are {', '.join(sorted(JOBS))}")
        found = job_named(name)
        day: date = as_of.date() if as_of else found.as_of(found.last_firing(clock.now()))
        result = run_job(name, day, again=True)
        deeds = ", ".join(deeds_of(name, result.counts)) or "nothing to do"
    if json_wanted:
        _print_json(asdict(result))
    else:
        click.echo(f"{name} for {result.as_of}: {result.state} ({result.error or deeds})")
    sys.exit({RunState.DONE.value: 0, "skipped": 0}.get(str(result.state), 1))


@jobs_group.command()
@click.option("--limit", default=50, show_default=True, help="How many runs, latest first.")
@as_json
def history(limit: int, json_wanted: bool) -> None:
    """Show the ledger: which job ran for which day, and how it went."""
    with site_command():
        runs = cast(Session, db.session()).scalars(select(JobRun).order_by(JobRun.id.desc()).limit(limit))
        rows: list[dict[str, Any]] = [
            {
                "job": run.job, "period": run.period, "state": run.state, "started_at": run.started_at,
                "finished_at": run.finished_at, "attempts": run.attempts, "counts": run.counts, "error": run.error,
            }
            for run in runs
        ]
        deeds = [", ".join(deeds_of(row["job"], row["counts"])) for row in rows]
    if json_wanted:
        _print_json(rows)
        return
    _print_table(
        ["Job", "Period", "State", "Attempts", "What it did, or its fault"],
        [[r["job"], r["period"], r["state"], str(r["attempts"]), r["error"] or did] for r, did in zip(rows, deeds, strict=True)],
    )
