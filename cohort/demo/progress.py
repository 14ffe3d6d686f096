"""Shows how far the story is told, on a terminal alone; a pipe or a log gets nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from cohort.demo.story import Progress as Report


@contextmanager
def shown_progress() -> Iterator[Report]:
    """Give the function that moves the bar; it shows the day that is being lived."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("Building the demo", total=None)

        def move(done: int, total: int, day: date) -> None:
            bar.update(task, completed=done, total=total, description=f"Building the demo · {day.isoformat()}")

        yield move
