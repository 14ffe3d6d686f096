"""Draws the cohort of a published lottery from a seed: one ticket, then the least lots inside each kind.

Whole numbers and SHA-256 only, so that anybody can draw again; the lottery itself comes from `lottery`.
"""

from __future__ import annotations

from bisect import bisect_right
from hashlib import sha256
from itertools import accumulate

from cohort.rules.lots import draw
from cohort.rules.lottery import Lottery


def ticket(seed: str, tickets: int) -> int:
    """Return the drawn ticket, from 0 to `tickets - 1`, every one as likely as any other.

    The number is SHA-256 of UTF-8 `"lottery\\n" + seed + "\\n" + n` for n = 0, 1, …, as many digests side by side
    as it takes; a number in the last, incomplete round of tickets is passed over for the next digests.

    >>> ticket("2026", 6), ticket("2027", 6)
    (5, 2)
    """
    digests = -(-tickets.bit_length() // 256)
    complete = 2 ** (256 * digests) // tickets * tickets
    number, turn = _number(seed, 0, digests), 0
    while number >= complete:
        turn += 1
        number = _number(seed, turn * digests, digests)
    return number % tickets


def _number(seed: str, first: int, digests: int) -> int:
    numbers = range(first, first + digests)
    return int.from_bytes(b"".join(sha256(f"lottery\n{seed}\n{n}".encode()).digest() for n in numbers), "big")


def drawn_panel(lottery: Lottery, seed: str) -> tuple[str, ...]:
    """Return the ids that the seed draws, in order of id; none when the lottery is infeasible.

    Panels hold tickets 0, 1, … in their order; within a kind, those with the least digests (`lots.draw`) are in.
    """
    if not lottery.panels:
        return ()
    ends = list(accumulate(panel.tickets for panel in lottery.panels))
    drawn = lottery.panels[bisect_right(ends, ticket(seed, lottery.tickets))]
    chosen: list[str] = []
    for kind, seats in zip(lottery.kinds, drawn.seats, strict=True):
        lots = dict(zip(kind, draw(kind, seed).tolist(), strict=True))
        chosen += sorted(kind, key=lots.__getitem__)[:seats]
    return tuple(sorted(chosen))
