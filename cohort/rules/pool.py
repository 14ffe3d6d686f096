"""The frozen pool of applicants: ids, whole-number scores and the attributes that rules may name.

It knows nothing of quotas or files; who may enter a pool is decided before it is built.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

SCORE_UNITS = 10_000
"""Scores are kept in ten-thousandths of a point, so that sums and comparisons are exact."""

SCORE_LIMIT = 10**12
"""No score lies further from zero than a hundred million points: every sum then stays exact in 64 bits."""

Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Column:
    """One attribute of all applicants: `codes[i]` is the place of applicant i's value in `values`."""

    codes: NDArray[np.int32]
    values: tuple[str, ...]

    @classmethod
    def of(cls, texts: Sequence[str]) -> Column:
        """Return the column of these texts, its values in order of first appearance."""
        places: dict[str, int] = {}
        codes = np.fromiter((places.setdefault(text, len(places)) for text in texts), np.int32, len(texts))
        return cls(codes, tuple(places))

    def matching(self, wanted: Sequence[str]) -> NDArray[np.bool_]:
        """Return for each applicant whether its value is one of `wanted`."""
        return np.isin(np.array(self.values, dtype=object), list(wanted))[self.codes] if self.values else (
            np.zeros(len(self.codes), dtype=np.bool_)
        )


@dataclass(frozen=True, eq=False)
class Pool:
    """Applicants in any order; `scores` are whole ten-thousandths of a point."""

    ids: tuple[str, ...]
    scores: Ints
    columns: Mapping[str, Column]

    @classmethod
    def of(
        cls, ids: Sequence[str], scores: Sequence[int] | Ints, attributes: Mapping[str, Sequence[str]]
    ) -> Pool:
        """Return the pool; raises ValueError on a repeated id, ragged columns or a score out of range."""
        whole = np.asarray(scores, dtype=np.int64)
        if len(set(ids)) != len(ids):
            raise ValueError("an id stands twice in the pool")
        if any(len(texts) != len(ids) for texts in (whole, *attributes.values())):
            raise ValueError("every column needs one value an applicant")
        if len(ids) and int(np.abs(whole).max()) > SCORE_LIMIT:
            raise ValueError("a score lies beyond a hundred million points")
        return cls(tuple(ids), whole, {name: Column.of(texts) for name, texts in attributes.items()})

    def __len__(self) -> int:
        return len(self.ids)


def points(score: int) -> Decimal:
    """Return a whole-number score as the points that people read.

    >>> points(805000)
    Decimal('80.5')
    """
    shown = Decimal(score) / SCORE_UNITS
    return shown.quantize(Decimal(1)) if shown == shown.to_integral() else shown.normalize()
