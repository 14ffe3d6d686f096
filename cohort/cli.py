"""The command line: a lazy group whose commands load their room only when they run; rooms hold the commands."""

from __future__ import annotations

import sys
from importlib import import_module

import click

from cohort import __version__

# name → (where it lives, one line of help). Help stands here so that `cohort --help` loads no room.
COMMANDS: dict[str, tuple[str, str]] = {
    "run": ("cohort.kit.serve:run", "Upgrade the database, serve the site and watch one scheduler."),
    "scheduler": ("cohort.kit.serve:scheduler", "Run the scheduler as its own process."),
    "demo": ("cohort.demo.cli:demo", "Rebuild the demo, day by day."),
    "db": ("cohort.kit.cli:db_group", "Upgrade, check, back up or restore the database."),
    "jobs": ("cohort.kit.cli:jobs_group", "List jobs, run one for a day, show the ledger."),
    "people": ("cohort.people.cli:people_group", "Invite a person."),
    "import": ("cohort.firms.cli:import_group", "Bring in a whole file, or nothing."),
    "select": ("cohort.rounds.files.cli:select", "Choose the best cohort of a file under its rules."),
    "verify": ("cohort.rounds.files.cli:verify", "Re-run a sealed decision from its public record."),
    "recurrence": ("cohort.exports.files.cli:recurrence", "Tell the stage of every firm in a file."),
    "classify": ("cohort.firms.files.cli:classify", "Tell tax id, size and ownership of every firm in a file."),
}


class LazyGroup(click.Group):
    """A group that knows its commands by name and loads one only when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load and return one command, or None when there is no such name."""
        if cmd_name not in COMMANDS:
            return None
        module, attribute = COMMANDS[cmd_name][0].split(":")
        command = getattr(import_module(module), attribute)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list from the table, so that help is instant."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_place, line) in COMMANDS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="cohort")
def cohort() -> None:
    """Choose, follow and flag the firms of a trade-promotion plan."""


def main() -> None:
    """Run the command line; bad usage and bad input end with 2, a question without an answer with 3."""
    sys.exit(cohort.main(standalone_mode=True))
