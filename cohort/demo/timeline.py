"""Says on which days the demo's story happens, counted back from its last day; what happens is told in its chapters."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy.orm import Session

PLAN_MONTH = 14  # of 24
EARLIEST = date(2026, 2, 1)  # before it, no country has the yearly values that the sizes of the first call need

Act = Callable[[Session], None]


@dataclass(frozen=True)
class Timeline:
    """The days of the story; `as_of` is the day on which the reader opens it, the last full day is the one before."""

    as_of: date

    @property
    def starts_on(self) -> date:
        """First day of the plan: on `as_of` it is in its 14th month."""
        months = self.as_of.year * 12 + self.as_of.month - PLAN_MONTH
        return date(months // 12, months % 12 + 1, 1)

    @property
    def last_day(self) -> date:
        """The last day that is told whole."""
        return self.as_of - timedelta(days=1)

    def before(self, days: int) -> date:
        """Return the day so many days before `as_of`."""
        return self.as_of - timedelta(days=days)

    def from_start(self, days: int) -> date:
        """Return the day so many days after the plan's first (negative: before it)."""
        return self.starts_on + timedelta(days=days)


def instant(day: date, minute: int = 0) -> datetime:
    """Return a moment of office hours in all of the countries: so many minutes after 15:00 UTC."""
    return datetime.combine(day, time(15), UTC) + timedelta(minutes=minute)


@dataclass
class Agenda:
    """What people do on which day and minute, filled by the chapters and lived through day by day."""

    acts: dict[date, list[tuple[int, int, Act]]] = field(default_factory=lambda: defaultdict(list))
    count: int = 0

    def add(self, day: date, act: Act, minute: int = 0) -> None:
        """Note an act; on one day and minute, first noted is first done."""
        self.count += 1
        self.acts[day].append((minute, self.count, act))

    def of(self, day: date) -> Iterator[tuple[datetime, Act]]:
        """Give the acts of a day in their order with their moments."""
        for minute, _order, act in sorted(self.acts.get(day, ()), key=lambda entry: entry[:2]):
            yield instant(day, minute), act


def working_day(day: date) -> date:
    """Return `day`, or the Monday after a week-end: offices are closed."""
    return day + timedelta(days=max(0, 7 - day.weekday())) if day.weekday() > 4 else day
