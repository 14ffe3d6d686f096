"""Holds the command that rebuilds the demo; what the demo tells stands in its chapters."""

from __future__ import annotations

from datetime import date, datetime

import click

from cohort.demo.build import SEED, NotADemo, TooEarly, build_demo, sign_in_lines
from cohort.kit.schema import upgrade_database
from cohort.kit.site import site_command


@click.command()
@click.option("--seed", type=int, default=SEED, show_default=True, help="Same seed and day, same story.")
@click.option("--as-of", type=click.DateTime(["%Y-%m-%d"]), help="The day on which the story stands (default: today).")
def demo(seed: int, as_of: datetime | None) -> None:
    """Rebuild the demo by the same services and jobs as the site, day by day.

    An earlier demo is replaced. A database that holds anything else is left alone (exit code 2).
    """
    day: date | None = as_of.date() if as_of else None
    with site_command() as app:
        upgrade_database(app)
        try:
            build_demo(app, seed, day)
        except (NotADemo, TooEarly) as refusal:
            click.echo(f"cohort demo: {refusal}", err=True)
            raise SystemExit(2) from refusal
        click.echo("The demo is built.")
        for line in sign_in_lines(app):
            click.echo(line)
