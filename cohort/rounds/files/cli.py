"""The commands `cohort select` and `cohort verify`: files in, one answer out, no database and no site.

The answer goes to standard output or a file; notices and faults, one a line, go to standard error.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import click

from cohort import __version__
from cohort.rounds.files.answer import answer_of
from cohort.rounds.files.faults import BadInput
from cohort.rounds.files.importer import read_pool
from cohort.rounds.files.lottery_answer import edges_from, lottery_answer
from cohort.rounds.files.quota_files import QuotaFile, read_quotas
from cohort.rounds.files.record import LOTTERY_RULE, RULE, file_record
from cohort.rounds.files.replay import differences, read_record
from cohort.rules.ledger import Json
from cohort.rules.milp import Unproven
from cohort.rules.quotas import SeatPlan

BAD_INPUT, NO_ANSWER = 2, 3
CHANGED = "this is not the record that was sealed: fetch it again from where it was published; if it still differs, tell the publisher"

P = ParamSpec("P")
T = TypeVar("T")
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
NEW_FILE = click.Path(dir_okay=False, writable=True, path_type=Path)


def _bands(_context: click.Context, _option: click.Parameter, text: str | None) -> tuple[str, ...] | None:
    """Return the lower ends of the bands as texts, none for `all`; None when there is no lottery."""
    if text is None:
        return None
    texts = () if text == "all" else tuple(part.strip() for part in text.split(","))
    try:
        edges_from(texts)
    except ValueError as fault:
        raise click.BadParameter(f"{fault}; expected scores such as 80,60, or all") from fault
    return texts


@click.command()
@click.argument("pool", type=FILE)
@click.option("--seats", type=click.IntRange(min=1), help="Seats to fill; may stand in the TOML instead.")
@click.option("--quotas", "quotas_path", type=FILE, required=True, help="Quotas as CSV or TOML.")
@click.option("--id", "id_column", default="id", show_default=True, help="Id column; `row` numbers the rows.")
@click.option("--score", "score_column", default="score", show_default=True, help="Score column; `none`: all equal.")
@click.option("--seed", default="", help="Text that settles equal cohorts.")
@click.option(
    "--lottery", "bands", callback=_bands, metavar="EDGES",
    help="Draw inside merit bands with the most equal chances: their lower ends, such as 80,60; `all` for one band.",
)
@click.option("--waitlist", "waitlist_count", type=click.IntRange(min=0), help="Cut the waitlist to so many.")
@click.option("--out", type=NEW_FILE, help="Write the answer here instead of printing it.")
@click.option("--record", "record_path", type=NEW_FILE, help="Also write a record that `cohort verify` re-runs.")
def select(
    pool: Path, seats: int | None, quotas_path: Path, id_column: str, score_column: str, seed: str,
    bands: tuple[str, ...] | None, waitlist_count: int | None, out: Path | None, record_path: Path | None,
) -> None:
    """Choose the best cohort of POOL, a CSV file, under its quotas: exact, proven, repeatable.

    Ends with 0, with 2 on bad input (one line a fault), with 3 when no cohort keeps every rule.
    """
    read = _read(read_pool, pool, id_column, score_column)
    quotas = _read(read_quotas, quotas_path, read.pool)
    plan = SeatPlan(_seats(seats, quotas), quotas.quotas)
    for notice in (*read.notices, *quotas.notices):
        click.echo(f"notice: {notice}", err=True)
    if bands is None:
        answer = proven(answer_of, read.pool, plan, seed, waitlist_count)
    else:
        answer = proven(lottery_answer, read.pool, plan, seed, edges_from(bands), waitlist_count)
    hashes: dict[str, Json] = {
        "pool_sha256": read.sheet.sha256, "quotas_sha256": quotas.sha256, "seed": seed,
        "rule": RULE if bands is None else LOTTERY_RULE, "software": f"cohort {__version__}",
    }
    _write({**answer, "record": hashes}, out)
    if record_path is not None:
        _write(file_record(read.pool, plan, seed, answer, bands), record_path)
    if answer["status"] == "infeasible":
        for line in _no_cohort(answer):
            click.echo(line, err=True)
        raise SystemExit(NO_ANSWER)


@click.command()
@click.argument("record", type=FILE)
def verify(record: Path) -> None:
    """Take the decision of RECORD, a public record, again; end with 0 when it is the same, 3 when it differs."""
    sealed = _read(read_record, record)
    if sealed["software"] != f"cohort {__version__}":
        click.echo(f"notice: sealed by {sealed['software']}, checked by cohort {__version__}", err=True)
    lines = proven(_read, differences, sealed, record.name)
    for line in lines:
        click.echo(line)
    if lines:
        click.echo(CHANGED, err=True)
        raise SystemExit(NO_ANSWER)
    click.echo(f"same: {sealed['result']['status']}, {len(sealed['rows'])} applicants, {record.name}")


def _seats(asked: int | None, quotas: QuotaFile) -> int:
    if asked is None and quotas.seats is None:
        raise click.UsageError("--seats is missing, and the quotas do not name the seats")
    if asked is not None and quotas.seats is not None and asked != quotas.seats:
        raise click.UsageError(f"--seats says {asked}, {quotas.file} says {quotas.seats}")
    return asked or quotas.seats or 0


def _read(reader: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Return what the reader reads; bad input ends the command with its faults, one a line."""
    try:
        return reader(*args, **kwargs)
    except BadInput as bad:
        for fault in bad.faults:
            click.echo(str(fault), err=True)
        raise SystemExit(BAD_INPUT) from bad


def proven(question: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Return the answer; one that is not proven is a fault of ours and ends the command with 1."""
    try:
        return question(*args, **kwargs)
    except Unproven as fault:
        raise click.ClickException(f"a fault of ours, nothing was decided: {fault}") from fault


def _write(answer: Mapping[str, Json], out: Path | None) -> None:
    text = json.dumps(answer, ensure_ascii=False, indent=2) + "\n"
    if out is None:
        click.echo(text, nl=False)
    else:
        out.write_text(text, encoding="utf-8")


def _no_cohort(answer: Mapping[str, Any]) -> list[str]:
    """Return the rules that clash, and the least change after which some cohort keeps every rule."""
    clash = json.dumps(answer["conflict"], ensure_ascii=False)
    return [
        f"no cohort keeps every rule; these cannot hold together: {clash}",
        *(f"the least change: {one['name']}: {one['limit']} {one['to']} instead of {one['from']}" for one in answer["relaxation"]),
    ]
