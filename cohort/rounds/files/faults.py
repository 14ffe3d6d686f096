"""What is wrong with a file: one line a fault, in one form for every reader of this folder.

It decides nothing; readers collect all their faults before they refuse.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """One fault: the file, the row (the header is row 1; None for the file as a whole), the column."""

    file: str
    row: int | None
    column: str | None
    what: str
    expected: str

    def __str__(self) -> str:
        """Return the line that a person reads."""
        place = [self.file]
        if self.row is not None:
            place.append(f"row {self.row}")
        if self.column is not None:
            place.append(f"column {self.column}")
        return f"{', '.join(place)}: {self.what}; expected {self.expected}"


class BadInput(ValueError):
    """A file or a set of files that cannot be used; holds every fault that was found."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("\n".join(str(fault) for fault in faults))
        self.faults = tuple(faults)
