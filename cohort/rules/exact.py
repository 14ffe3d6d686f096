"""Solves small systems of whole-number equations exactly, as fractions: floating point only ever guesses.

Which equations hold is decided by whoever asks; no tolerance and no rounding happen here.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction


def exact_solution(matrix: Sequence[Sequence[int]], right: Sequence[int]) -> list[Fraction] | None:
    """Return the one solution of `matrix · x = right`; None when there is none, or more than one.

    There may be more equations than unknowns. Elimination without fractions (Bareiss 1968): every number on
    the way is a minor of the system, so it stays as short as it can.

    >>> exact_solution([[2, 0], [1, 3], [3, 3]], [1, 2, 3])
    [Fraction(1, 2), Fraction(1, 2)]
    """
    rows = [[*row, end] for row, end in zip(matrix, right, strict=True)]
    unknowns = len(rows[0]) - 1 if rows else 0
    last = 1
    for column in range(unknowns):
        found = next((place for place in range(column, len(rows)) if rows[place][column]), None)
        if found is None:
            return None
        rows[column], rows[found] = rows[found], rows[column]
        head = rows[column]
        for place, row in enumerate(rows):
            if place != column:
                factor = row[column]
                rows[place] = [(head[column] * one - factor * own) // last for one, own in zip(row, head, strict=True)]
        last = head[column]
    if any(row[unknowns] for row in rows[unknowns:]):
        return None
    return [Fraction(rows[place][unknowns], rows[place][place]) for place in range(unknowns)]
