"""Holds what a file of firms turned out to be: counts, faults and warnings, each with its place in the file."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

MOST_KEPT = 1000  # faults and warnings told one by one; all are counted


@dataclass(frozen=True)
class Finding:
    """One thing about one cell; `code` and `params` are worded for the reader later."""

    row: int
    column: str
    found: str
    code: str
    params: dict[str, str] = field(default_factory=dict)
    is_fault: bool = True


@dataclass
class ImportReport:
    """Counts of one file, and its findings in the order of the rows; with any fault nothing is brought in.

    `rows` counts rows below the header, `firms` different tax ids among those that can be read, `new` those not
    yet on the register. An exact duplicate repeats an earlier row in every cell; a conflicting firm comes in
    rows that differ.
    """

    file_name: str
    file_sha256: str
    rows: int = 0
    firms: int = 0
    new: int = 0
    known: int = 0
    exact_duplicate_rows: int = 0
    rows_in_duplicate_groups: int = 0
    conflicting_firms: int = 0
    exponent_cells: int = 0
    exponent_cells_by_column: dict[str, int] = field(default_factory=dict)
    empty_cells: int = 0
    check_digits_computed: int = 0
    faults: int = 0
    warnings: int = 0
    brought_in: int = 0
    brought_in_before: str = ""
    unknown_columns: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    def add(self, finding: Finding) -> None:
        """Count a finding and keep it while there is room; a fault is kept before any warning."""
        if finding.is_fault:
            self.faults += 1
        else:
            self.warnings += 1
        kept = sum(each.is_fault is finding.is_fault for each in self.findings) if self.is_full else 0
        if kept < MOST_KEPT:
            self.findings.append(finding)

    @property
    def is_full(self) -> bool:
        """Whether findings may have to be left out."""
        return len(self.findings) >= MOST_KEPT

    @property
    def may_be_brought_in(self) -> bool:
        """Whether the file can be stored: no fault, and not stored before."""
        return not self.faults and not self.brought_in_before

    def counts(self) -> dict[str, Any]:
        """Return the figures by name, as records and `--json` keep them."""
        return {
            name: value for name, value in vars(self).items()
            if isinstance(value, int) and not isinstance(value, bool)
        }
