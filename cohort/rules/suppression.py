"""Decides which figures of a public table are hidden so that no small group can be read or worked out.

Leaves out what is counted and how it is worded. Rule 22 of domain.md: cells below 5 are hidden; where hiding one
cell would let it be found from a published total, the smallest other one is hidden too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

LEAST = 5


@dataclass(frozen=True)
class Split:
    """A group of a public table: how many it has, and how many of them belong to the part shown apart."""

    part: int
    total: int

    @property
    def smallest(self) -> int:
        """The smaller side of the split, which is what could be recognised."""
        return min(self.part, self.total - self.part)


def protect(cells: Mapping[str, int], least: int = LEAST) -> dict[str, int | None]:
    """Return the cells with the small ones hidden (None); an empty cell says nothing of anybody and stays 0.

    The caller may publish the total: one hidden cell alone is never left.

    >>> protect({"CL": 20, "CO": 3, "MX": 9})
    {'CL': 20, 'CO': None, 'MX': None}
    """
    hidden = {name for name, count in cells.items() if 0 < count < least}
    hidden |= _companion(hidden, {name: count for name, count in cells.items() if count > 0})
    return {name: None if name in hidden else count for name, count in cells.items()}


def protect_splits(splits: Mapping[str, Split], least: int = LEAST) -> dict[str, int | None]:
    """Return the part of each group, hidden where either side has fewer than `least`; totals may be published.

    A group whose other side is empty is hidden too: it would say the same of every member.

    >>> protect_splits({"CL": Split(10, 20), "CO": Split(2, 20), "MX": Split(9, 20)})
    {'CL': 10, 'CO': None, 'MX': None}
    """
    hidden = {name for name, split in splits.items() if split.total and split.smallest < least}
    hidden |= _companion(hidden, {name: split.smallest for name, split in splits.items() if split.total})
    return {name: None if name in hidden else split.part for name, split in splits.items()}


def _companion(hidden: set[str], sizes: Mapping[str, int]) -> set[str]:
    """Return the smallest shown cell when exactly one is hidden, so that the total does not give it away."""
    shown = sorted((size, name) for name, size in sizes.items() if name not in hidden)
    return {shown[0][1]} if len(hidden) == 1 and shown else set()
