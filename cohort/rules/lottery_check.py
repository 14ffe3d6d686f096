"""Re-checks a published lottery and its draw, person by person and in whole numbers, trusting nothing in it.

It shares the words of a rule, the bands and the solver's door with `lottery`, not its search.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from fractions import Fraction

import numpy as np

from cohort.rules.lottery import BAND, Lottery, banded
from cohort.rules.lottery_draw import drawn_panel
from cohort.rules.milp import proven, solve
from cohort.rules.pool import Ints, Pool
from cohort.rules.quotas import OPEN, SeatPlan, matching, rows_of
from cohort.rules.verifier import Failure


def check_lottery(
    pool: Pool, plan: SeatPlan, edges: Sequence[int], lottery: Lottery, seed: str | None = None,
    drawn: Collection[str] = (), *, stayers: Collection[str] = (), barred: Collection[str] = (),
) -> tuple[Failure, ...]:
    """Return what of the lottery, or of the cohort drawn with `seed`, does not stand; nothing when all does.

    Checked: the kinds (no rule tells two of a kind apart), every panel under every rule and with the best
    bands that there are, the least chance, that whoever has no chance cannot have one, and the bound.
    """
    with_bands, rules = banded(pool, plan, edges)
    listed = sorted(one for kind in lottery.kinds for one in kind)
    free = sorted(set(pool.ids) - set(stayers) - set(barred))
    if listed != (free if lottery.panels else []) or not all(lottery.kinds):
        return (Failure("kinds", "everybody to draw among once", "another list"),)
    places = {one: place for place, one in enumerate(pool.ids)}
    seated = [places[one] for one in sorted(set(stayers))]
    bare = _Count(with_bands, rules, [[places[one]] for one in free], seated)
    if not lottery.panels:
        best = None if len(pool) < plan.seats else bare.most(np.zeros(len(free), dtype=np.int64))
        return () if best is None else (Failure("infeasible", "no cohort keeps every rule", "one does"),)
    kinds = [[places[one] for one in kind] for kind in lottery.kinds]
    count = _Count(with_bands, rules, kinds, seated)
    failures = [*count.unlike(), *_panels(lottery, rules, count)]
    if failures:
        return tuple(failures)
    failures = [*_chances(lottery, count)]
    if seed is not None and (wanted := drawn_panel(lottery, seed)) != tuple(sorted(drawn)):
        failures.append(Failure("draw", ", ".join(wanted), ", ".join(sorted(drawn))))
    return tuple(failures)


class _Count:
    """What one seat of each kind adds to every limit, those who stay taken off; the last rows are the bands."""

    def __init__(self, pool: Pool, plan: SeatPlan, kinds: Sequence[Sequence[int]], seated: Sequence[int]) -> None:
        self.kinds, self.pool = kinds, pool
        self.sizes = np.array([len(kind) for kind in kinds], dtype=np.int64)
        rows = rows_of(plan)
        people = np.ones((len(rows) + 1, len(pool)), dtype=np.int64)
        for place, row in enumerate(rows, start=1):
            base, inside = matching(pool, row.quota.of or {}), matching(pool, row.quota.where)
            people[place] = row.inside * (base & inside) + row.outside * (base & ~inside)
        self.people, self.terms = people, people[:, [kind[0] for kind in kinds]]
        taken = people[:, list(seated)].sum(axis=1)
        lower = np.array([plan.seats, *(row.lower for row in rows)], dtype=np.int64)
        upper = np.array([plan.seats, *(row.upper for row in rows)], dtype=np.int64)
        self.lower = np.where(lower <= -OPEN, lower, lower - taken)
        self.upper = np.where(upper >= OPEN, upper, upper - taken)
        self.names = ["seats", *(row.quota.name for row in rows)]

    def most(self, weights: Ints) -> int | None:
        """Return the most weight that a cohort within the limits has; None when there is none."""
        found = solve(weights, self.terms, self.lower, self.upper, self.sizes, whole=True)
        return None if found is None else int(weights @ np.rint(found.values).astype(np.int64))

    def unlike(self) -> list[Failure]:
        """Return a failure for each kind whose members are not alike to every limit."""
        return [
            Failure("kinds", "members whom no rule tells apart", ", ".join(self.pool.ids[one] for one in kind))
            for kind in self.kinds
            if np.any(self.people[:, list(kind)] != self.people[:, kind[:1]])
        ]

    def broken(self, seats: Ints) -> list[str]:
        """Return the names of the limits that a panel breaks."""
        sums = self.terms @ seats
        wrong = (sums < self.lower) | (sums > self.upper)
        return [name for name, bad in zip(self.names, wrong.tolist(), strict=True) if bad]


def _panels(lottery: Lottery, plan: SeatPlan, count: _Count) -> list[Failure]:
    failures = []
    if any(panel.tickets < 1 for panel in lottery.panels) or lottery.tickets != sum(one.tickets for one in lottery.panels):
        failures.append(Failure("tickets", "one ticket or more a panel, that add up", str(lottery.tickets)))
    for number, panel in enumerate(lottery.panels, start=1):
        seats = np.array(panel.seats, dtype=np.int64)
        if len(seats) != len(count.sizes) or np.any(seats < 0) or np.any(seats > count.sizes):
            failures.append(Failure(f"panel {number}", "no more of a kind than there are", str(list(panel.seats))))
            continue
        failures += [Failure(f"panel {number}", f"the limit of {name}", "broken") for name in count.broken(seats)]
    return failures or _bands(lottery, plan, count)


def _bands(lottery: Lottery, plan: SeatPlan, count: _Count) -> list[Failure]:
    """Hold each band, the best first, to the most seats that it can have; fixes them for what follows."""
    failures = []
    bands = {quota.name for quota in plan.quotas if BAND in quota.where}
    for place in [place for place, name in enumerate(count.names) if name in bands]:
        most = proven(count.most(count.terms[place]), "the panels keep every rule")
        seated = {int(count.terms[place] @ np.array(panel.seats)) for panel in lottery.panels}
        if seated != {most}:
            failures.append(Failure(count.names[place], str(most), ", ".join(map(str, sorted(seated)))))
            break
        count.lower[place] = count.upper[place] = most
    return failures


def _chances(lottery: Lottery, count: _Count) -> list[Failure]:
    failures = []
    chances = lottery.kind_chances
    without = np.array([chance == 0 for chance in chances], dtype=np.int64)
    if without.any() and count.most(without):
        failures.append(Failure("chances", "a chance for whoever can be seated", "none for some"))
    least = min([chance for chance in chances if chance], default=Fraction(0))
    if least != lottery.least:
        failures.append(Failure("least", str(least), str(lottery.least)))
    weights = np.array(lottery.weights, dtype=np.int64)
    proof = len(weights) == len(count.sizes) and bool(np.all(weights >= 0)) and not np.any(weights[without == 1])
    best = count.most(weights) if proof and weights.any() else None
    bound = None if best is None else Fraction(best, int(weights @ count.sizes))
    if bool(np.all(without)):
        bound = Fraction(0)
    if bound != lottery.bound:
        failures.append(Failure("bound", str(bound), str(lottery.bound)))
    return failures
