"""What the commands that read one table and need no site have alike: options, a bar, faults in one line each.

It leaves out what a row means: that is each command's own. It loads no framework, so that such a command starts at once.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import click

from cohort.kit.tables import TableFault

MOST_FAULTS_SHOWN = 100
READABLE = click.Path(exists=True, dir_okay=False, path_type=Path)
WRITABLE = click.Path(dir_okay=False, path_type=Path)
_TABLE_FAULTS: dict[str, tuple[str, str]] = {
    "empty": ("the file is empty", "a header row and one row {each}"),
    "no_header": ("there is no header row", "a header row with {header}"),
    "no_text": ("this is neither text nor a spreadsheet", "a CSV or XLSX file"),
    "old_excel": ("this is an old Excel file", "the same saved as .xlsx or CSV"),
    "too_large_unpacked": ("the file unpacks to {bytes} bytes", "at most {most}"),
    "unreadable": ("this cannot be read: {reason}", "a CSV or XLSX file"),
    "column_twice": ('the column "{column}" stands twice', "each column once"),
    "row_too_long": ("the row has {cells} cells", "{columns}, as in the header"),
}


def table_fault_line(path: Path, fault: TableFault, each: str, header: str) -> str:
    """Return why a file is no table, as one line; `each` is what a row stands for, `header` names its columns."""
    found, expected = _TABLE_FAULTS[fault.code]
    line = f"{path}: row {fault.row or 1}: {found}; expected {expected}"
    return line.format(**{"each": each, "header": header, **fault.params})


def refuse_lost_folder(out: Path | None) -> None:
    """Raise a usage error, before any work, when `--out` names a folder that is not there."""
    if out is not None and not out.absolute().parent.is_dir():
        raise click.BadParameter(f"there is no folder {out.parent}", param_hint="--out")


def with_bar(rows: Iterator[tuple[int, dict[str, str]]], path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Give the same rows; on a terminal a bar shows how far the file is read, in a pipe nothing."""
    if not sys.stderr.isatty():
        yield from rows
        return
    with path.open("rb") as opened:
        lines_count = sum(1 for _ in opened)
    last = 0
    with click.progressbar(length=lines_count, label=path.name, file=sys.stderr) as bar:
        for row, cells in rows:
            bar.update(row - last)
            last = row
            yield row, cells
