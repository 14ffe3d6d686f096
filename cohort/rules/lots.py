"""The draw: gives every applicant one lot number that anybody can recompute from a published seed.

Where equal scores are met is left to `selection`; how the seed is committed to is left to the round.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray


def digest_of(seed: str, applicant_id: str) -> str:
    """Return the SHA-256 hex digest of UTF-8 `seed + "\\n" + id` (contract: `cohort select`).

    >>> digest_of("s", "a")[:8]
    '009fa556'
    """
    return sha256(f"{seed}\n{applicant_id}".encode()).hexdigest()


def draw(ids: Sequence[str], seed: str, before: Sequence[Sequence[int]] | None = None) -> NDArray[np.int64]:
    """Return each applicant's lot: its place, from 1, by (`before`, digest, id).

    `before` holds, per applicant, the places given by criteria that the protocol names ahead of the draw
    (domain.md §8; default none). The answer follows the ids, so the order of rows never matters.

    >>> draw(["a", "b", "c"], "2026").tolist() == draw(["c", "b", "a"], "2026")[::-1].tolist()
    True
    """
    start = sha256(f"{seed}\n".encode())
    digests = []
    for applicant_id in ids:
        state = start.copy()
        state.update(applicant_id.encode())
        digests.append(state.digest())
    order: NDArray[np.int64] | list[int]
    if before is None:
        order = _by_digest(digests, ids)
    else:
        order = sorted(range(len(ids)), key=lambda place: (tuple(before[place]), digests[place], ids[place]))
    lots = np.empty(len(ids), dtype=np.int64)
    lots[order] = np.arange(1, len(ids) + 1)
    return lots


def _by_digest(digests: Sequence[bytes], ids: Sequence[str]) -> NDArray[np.int64] | list[int]:
    """Return the places in order of digest, then id: by the first 64 bits where these tell everybody apart."""
    first = np.frombuffer(b"".join(digests), dtype=">u8")[::4].astype(np.uint64)
    order = np.argsort(first)
    if np.all(np.diff(first[order]) > 0):
        return order
    return sorted(range(len(ids)), key=lambda place: (digests[place], ids[place]))
