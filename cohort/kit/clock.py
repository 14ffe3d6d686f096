"""Tells what time it is, the only place that reads the machine's clock; due dates are counted in `rules.calendar`.

A demo or a replay runs at another day: pin the clock for the process, or for a block of code.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

_block: ContextVar[datetime | None] = ContextVar("cohort_clock_block", default=None)
_process: dict[str, date | datetime | None] = {"pin": None}


def pin(moment: date | datetime | None) -> None:
    """Let this process live on `moment`: a date keeps the time of day running, an instant stands still."""
    _process["pin"] = moment


@contextmanager
def at(instant: datetime) -> Iterator[None]:
    """Let the block live at one aware instant (a replayed day of the demo, a test)."""
    token = _block.set(instant.astimezone(UTC))
    try:
        yield
    finally:
        _block.reset(token)


def now() -> datetime:
    """Return the instant, aware and in UTC."""
    inside = _block.get()
    if inside is not None:
        return inside
    pinned = _process["pin"]
    if isinstance(pinned, datetime):
        return pinned.astimezone(UTC)
    real = datetime.now(UTC)
    if pinned is None:
        return real
    return real + timedelta(days=(pinned - real.date()).days)


def today(zone: str = "UTC") -> date:
    """Return the calendar day in `zone`, an IANA name."""
    return now().astimezone(ZoneInfo(zone)).date()
