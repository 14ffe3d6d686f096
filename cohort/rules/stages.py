"""The words of recurrence: stages, policy, operation, standing.

Decides nothing; the rule itself stands in `recurrence` (one firm) and `standings` (columns).
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from functools import cached_property
from typing import Any


class Stage(StrEnum):
    """Where a firm stands on one day (domain.md §1); `resting` exists for declared seasons (R1-S) only."""

    NEVER = "never"
    FIRST = "first"
    REPEAT = "repeat"
    REACTIVATED = "reactivated"
    BECOMING = "becoming"
    RECURRING = "recurring"
    CONSOLIDATED = "consolidated"
    DORMANT = "dormant"
    LAPSED = "lapsed"
    RESTING = "resting"


STAGES: tuple[Stage, ...] = tuple(Stage)
IDLE_STAGES = frozenset({Stage.DORMANT, Stage.LAPSED})
R1_STAGES = frozenset({Stage.RECURRING, Stage.CONSOLIDATED})
ADVANCED_STAGES = R1_STAGES | {Stage.BECOMING}
ECOMMERCE_CHANNELS = frozenset({"own_store", "marketplace", "social", "b2b_platform", "storefront"})


class PolicyError(ValueError):
    """A policy key that is unknown or whose value cannot be used; `key` names it, `expected` says what may."""

    def __init__(self, key: str, found: object, expected: str) -> None:
        super().__init__(f"{key}: {found!r}; expected {expected}")
        self.key = key
        self.found = found
        self.expected = expected


@dataclass(frozen=True)
class RecurrencePolicy:
    """R1 and R2 with every number open (keys and defaults of contract.md); `version` goes into each flag.

    Days are calendar days, `min_fob_usd` US dollars. `ecommerce_only` and `destinations` (ISO codes, empty: any
    country but the firm's own) decide which rows count; the stages themselves use the other keys.
    """

    window_days: int = 365
    min_operations: int = 3
    min_quarters: int = 3
    min_destinations: int = 1
    min_fob_usd: Decimal = Decimal(1000)
    max_gap_days: int = 180
    dormant_days: int = 180
    lapsed_days: int = 365
    annual_consecutive: int = 2
    ecommerce_only: bool = True
    destinations: tuple[str, ...] = ()
    version: str = "R1-2026"

    @cached_property
    def min_fob_cents(self) -> int:
        """The least FOB in US cents, rounded up so that a fraction of a cent never lets a firm through."""
        cents = self.min_fob_usd * 100
        return int(cents) + (cents != int(cents))


_WHOLE_KEYS = tuple(field.name for field in fields(RecurrencePolicy) if field.type == "int")


def policy_from(values: dict[str, Any]) -> RecurrencePolicy:
    """A policy from plain keys (a TOML file or a stored row); absent keys keep their default.

    Raises PolicyError for an unknown key or a value of the wrong kind or below its least (whole numbers: 1).
    """
    known = {field.name for field in fields(RecurrencePolicy)}
    read: dict[str, Any] = {}
    for key, value in values.items():
        if key not in known:
            raise PolicyError(key, value, "one of " + ", ".join(sorted(known)))
        read[key] = _policy_value(key, value)
    return RecurrencePolicy(**read)


def _policy_value(key: str, value: Any) -> Any:
    if key in _WHOLE_KEYS:
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise PolicyError(key, value, "a whole number, 1 or more")
        return value
    if key == "min_fob_usd":
        return _dollars(key, value)
    if key == "ecommerce_only":
        if not isinstance(value, bool):
            raise PolicyError(key, value, "true or false")
        return value
    if key == "destinations":
        if not isinstance(value, list | tuple) or not all(isinstance(code, str) for code in value):
            raise PolicyError(key, value, "a list of country codes")
        return tuple(code.strip().upper() for code in value)
    if not isinstance(value, str) or not value:
        raise PolicyError(key, value, "a text")
    return value


def _dollars(key: str, value: Any) -> Decimal:
    try:
        dollars = None if isinstance(value, bool) else Decimal(str(value))
    except InvalidOperation:
        dollars = None
    if dollars is None or not dollars.is_finite() or dollars < 0:
        raise PolicyError(key, value, "an amount in US dollars, 0 or more")
    return dollars


@dataclass(frozen=True, order=True)
class Operation:
    """One counted export: its day, destination and FOB in US cents less partial refunds (two a day are two)."""

    day: date
    destination: str
    cents: int


@dataclass(frozen=True)
class NextStep:
    """What would move the firm on, as a code and its figures; the doors put it into words.

    Codes: first_export, reach_recurring, consolidate, keep, keep_season, restart, wait_for_us, resting. `by_on` is the last day
    on which the next export still does it (None: no such day); `exports` counts exports that must be added.
    """

    code: str
    exports: int = 0
    new_quarters: int = 0
    new_destinations: int = 0
    missing_fob_usd: Decimal = Decimal(0)
    by_on: date | None = None


@dataclass(frozen=True)
class Standing:
    """One firm on one day. The five figures are those of the current run (0, gap None, when it is empty)."""

    stage: Stage
    operations: int
    quarters: int
    destinations: int
    fob_usd: Decimal
    longest_gap_days: int | None
    first_export_on: date | None
    last_export_on: date | None
    r1: bool
    r2: bool
    effective_on: date | None
    recheck_on: date | None
    next_step: NextStep
    waiting_for_us: bool = False
    r1_seasonal: bool = False


def quarter_of(day: date) -> int:
    """The calendar quarter as a running number (4 a year), so neighbours differ by one.

    >>> quarter_of(date(2027, 1, 1)) - quarter_of(date(2026, 12, 31))
    1
    """
    return day.year * 4 + (day.month - 1) // 3


def quarter_start(quarter: int) -> date:
    """The first day of a running quarter number.

    >>> quarter_start(quarter_of(date(2026, 5, 20)))
    datetime.date(2026, 4, 1)
    """
    return date(quarter // 4, quarter % 4 * 3 + 1, 1)
