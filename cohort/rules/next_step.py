"""What a firm still needs: the next step in figures, and whether it can be recurring by plan end.

Leaves out the words (doors translate the code) and any forecast: both answers are exact counts, not chances.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from cohort.rules.stages import (
    IDLE_STAGES,
    R1_STAGES,
    NextStep,
    Operation,
    RecurrencePolicy,
    Stage,
    quarter_of,
    quarter_start,
)


@dataclass(frozen=True)
class Needs:
    """What a run lacks for R1: operations, quarters, destinations and US cents, each 0 or more."""

    operations: int
    quarters: int
    destinations: int
    cents: int

    @property
    def exports(self) -> int:
        """The least number of exports that can supply all of it; one may bring quarter, destination and value."""
        return max(self.operations, self.quarters, self.destinations, int(self.cents > 0))


def needs_of(run: Sequence[Operation], policy: RecurrencePolicy) -> Needs:
    """What the run lacks for R1; all zeros when it already meets it."""
    return Needs(
        max(0, policy.min_operations - len(run)),
        max(0, policy.min_quarters - len({quarter_of(operation.day) for operation in run})),
        max(0, policy.min_destinations - len({operation.destination for operation in run})),
        max(0, policy.min_fob_cents - sum(operation.cents for operation in run)),
    )


def next_step_of(
    stage: Stage,
    run: Sequence[Operation],
    as_of: date,
    policy: RecurrencePolicy,
    *,
    r2: bool = False,
    recheck_on: date | None = None,
    waiting_for_us: bool = False,
) -> NextStep:
    """The next step of a firm from its stage and current run (by day, oldest first).

    `recheck_on` is the first day on which the calendar alone changes the stage: a recurring firm would no longer be
    so from that day without a further export; when no export can bridge it, the step is the way back. The step says
    nothing of exports that wait for us.
    """
    if waiting_for_us:
        return NextStep("wait_for_us")
    if stage is Stage.RESTING:
        return NextStep("resting")
    if recheck_on is not None and stage in R1_STAGES:
        return _keeping_step(run, as_of, policy, r2, recheck_on)
    code = (
        "first_export" if stage is Stage.NEVER else "restart" if stage in IDLE_STAGES else "reach_recurring"
    )
    return _step(code, *_reachable_needs(run, as_of, policy))


def _keeping_step(
    run: Sequence[Operation], as_of: date, policy: RecurrencePolicy, r2: bool, recheck_on: date
) -> NextStep:
    last_on = recheck_on - timedelta(days=1)
    if needs_of(run, policy).exports:
        # Recurring by its season (R1-S) alone: the next season must hold the count and the value again.
        return NextStep(
            "keep_season", policy.min_operations, missing_fob_usd=policy.min_fob_usd, by_on=last_on
        )
    opens_on = recheck_on - timedelta(days=policy.window_days)
    kept = [operation for operation in run if operation.day > opens_on]
    needs = needs_of(kept, policy)
    by_on = _last_day_for_next(last_on, run[-1], needs, policy)
    if by_on is not None and by_on >= as_of:
        return _step("keep" if r2 else "consolidate", needs, by_on)
    # The quarter that is needed begins too late to bridge the change: what is left can be completed after it.
    return _step("reach_recurring", *_reachable_needs(kept, as_of, policy))


def _step(code: str, needs: Needs, by_on: date | None) -> NextStep:
    missing_usd = Decimal(needs.cents).scaleb(-2)
    return NextStep(code, max(1, needs.exports), needs.quarters, needs.destinations, missing_usd, by_on)


def _reachable_needs(
    run: Sequence[Operation], as_of: date, policy: RecurrencePolicy
) -> tuple[Needs, date | None]:
    """Needs of the longest tail of the run that can still be completed, and the last day for the next export.

    The tail's oldest operation leaves the window `window_days` after its day, so what it gives counts only if the
    rest can come before; otherwise the next younger tail is asked.
    """
    for first in range(len(run)):
        needs = needs_of(run[first:], policy)
        last_on = run[first].day + timedelta(days=policy.window_days - 1)
        by_on = _last_day_for_next(last_on, run[-1], needs, policy)
        if by_on is not None and by_on > as_of:
            return needs, by_on
    return needs_of((), policy), None


def _last_day_for_next(
    last_on: date, latest: Operation, needs: Needs, policy: RecurrencePolicy
) -> date | None:
    """Last day for the next export when all that is needed must be there by `last_on`; None when it cannot be."""
    by_on = min(last_on, latest.day + timedelta(days=policy.max_gap_days))
    if needs.quarters == 0:
        return by_on
    last_quarter = quarter_of(last_on) - needs.quarters + 1
    by_on = min(by_on, _last_of(last_quarter))
    all_must_be_new = needs.exports == needs.quarters
    needed_quarter = quarter_of(latest.day) + 1
    fits = last_quarter >= needed_quarter and (quarter_of(by_on) >= needed_quarter or not all_must_be_new)
    return by_on if fits else None


def _last_of(quarter: int) -> date:
    return quarter_start(quarter + 1) - timedelta(days=1)


@dataclass(frozen=True)
class Outlook:
    """Can the firm be recurring on the last day of the plan, with how many exports, and by when the next one.

    `next_by_on`: last day on which the next export still lets `exports_needed` suffice; `last_chance_on`: last day
    on which a first step still helps, with more exports (both None when nothing is needed or nothing helps).
    `missing_fob_usd` is what those exports must bring together at least.
    """

    possible: bool
    exports_needed: int
    next_by_on: date | None
    last_chance_on: date | None
    missing_fob_usd: Decimal = Decimal(0)


def can_still_be_recurring(
    operations: Sequence[Operation], as_of: date, plan_end: date, policy: RecurrencePolicy
) -> Outlook:
    """Exact answer under R1 on `plan_end`, from counted operations up to the end of `as_of` (domain.md §1).

    Further exports lie in (as_of, plan_end]; each may go where it is needed and be as large as needed, and all
    are taken as verified in time. A plan that has ended answers with R1 on its last day, of what is there.
    """
    left_on = plan_end - timedelta(days=policy.window_days)
    known = sorted(op for op in operations if left_on < op.day <= min(as_of, plan_end))
    kept = _unbroken(known, policy.max_gap_days)
    if kept and (plan_end - kept[-1].day).days <= policy.max_gap_days and needs_of(kept, policy).exports == 0:
        return Outlook(True, 0, None, None)
    best: tuple[int, date, int] | None = None
    last_chance: date | None = None
    day = max(as_of, left_on) + timedelta(days=1)
    while day <= plan_end:
        joined = kept if kept and (day - kept[-1].day).days <= policy.max_gap_days else []
        count = _exports_from(day, joined, plan_end, policy)
        if count is not None:
            last_chance = day
            if best is None or count <= best[0]:
                best = (count, day, needs_of(joined, policy).cents)
        day += timedelta(days=1)
    if best is None:
        return Outlook(False, 0, None, None)
    return Outlook(True, best[0], best[1], last_chance, Decimal(best[2]).scaleb(-2))


def _unbroken(operations: Sequence[Operation], max_gap_days: int) -> list[Operation]:
    run: list[Operation] = []
    for operation in operations:
        if run and (operation.day - run[-1].day).days > max_gap_days:
            run = []
        run.append(operation)
    return run


def _exports_from(
    day: date, joined: Sequence[Operation], plan_end: date, policy: RecurrencePolicy
) -> int | None:
    """Least number of exports, the first on `day`, that make R1 hold on plan end; None when no number does.

    Greedy is exact here: each further export goes as late as the gap allows without giving up a quarter that is
    still needed, and a later day in the same place is never worse.
    """
    needs = needs_of(joined, policy)
    last_quarter = quarter_of(plan_end)
    is_new_quarter = not joined or quarter_of(joined[-1].day) != quarter_of(day)
    quarters = max(0, needs.quarters - is_new_quarter)
    count = 1
    while quarters or (plan_end - day).days > policy.max_gap_days:
        if last_quarter - quarter_of(day) < quarters:
            return None
        latest = min(plan_end, day + timedelta(days=policy.max_gap_days))
        if quarters:
            latest = min(latest, _last_of(last_quarter - quarters + 1))
            quarters -= quarter_of(latest) != quarter_of(day)
        day = latest
        count += 1
    return max(count, needs.exports)
