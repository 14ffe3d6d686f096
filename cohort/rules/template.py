"""Decides whether a template of milestones is sound: no circle, nothing unknown, everything inside the plan and in order.

Leaves out titles, evidence and roles, which carry no dates, and the dating of a firm's own milestones (`calendar`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from cohort.rules.anchors import circle_of
from cohort.rules.calendar import Offset, TooFewDaysError, due_days

Code = Literal[
    "twice", "unknown_anchor", "unknown_after", "circle_anchor", "circle_after", "not_everywhere", "before_start",
    "after_end", "too_dense", "order",
]


@dataclass(frozen=True)
class Row:
    """What dates and order of one milestone hang on; no countries means all of them."""

    offset: Offset
    after: tuple[int, ...] = ()
    countries: frozenset[str] = frozenset()

    @property
    def number(self) -> int:
        """The milestone's number."""
        return self.offset.number

    def holds_in(self, country: str) -> bool:
        """Whether firms of a country have it; an empty country stands for those that no row names."""
        return not self.countries or country in self.countries


@dataclass(frozen=True)
class Fault:
    """Why a template is not sound: the milestone, the others that matter, and for a day outside the plan that day."""

    code: Code
    number: int
    others: tuple[int, ...] = ()
    on: date | None = None


def faults_of(rows: Sequence[Row], starts_on: date, ends_on: date, longest_day: int = 0) -> list[Fault]:
    """Every fault of a template in a plan from `starts_on` to `ends_on`, by number; empty when it is sound.

    Days are judged for a firm that enrols on the plan's first day, in each country on its own. Days from enrolment
    stretch with the plan, so one beyond it is refused only past `longest_day`, the greatest day there was before.
    What hangs on nothing known, or in a circle, is told alone: it has no date yet.
    """
    broken = list(_broken(rows))
    if broken:
        return broken
    found: dict[Fault, None] = {}
    for country in sorted({"", *(name for row in rows for name in row.countries)}):
        chosen = [row for row in rows if row.holds_in(country)]
        found |= dict.fromkeys(_misplaced(chosen, starts_on, ends_on, longest_day))
    return sorted(found, key=lambda fault: fault.number)


def _broken(rows: Sequence[Row]) -> Iterator[Fault]:
    """What keeps a template from being dated at all."""
    known: Mapping[int, Row] = {row.number: row for row in rows}
    numbers = [row.number for row in rows]
    for number in sorted({number for number in numbers if numbers.count(number) > 1}):
        yield Fault("twice", number)
    for row in sorted(rows, key=lambda each: each.number):
        anchor = row.offset.anchor_number if row.offset.anchor == "milestone" else None
        if row.offset.anchor == "milestone" and anchor not in known:
            yield Fault("unknown_anchor", row.number, (anchor,) if anchor is not None else ())
        elif anchor is not None and not _covers(known[anchor], row):
            yield Fault("not_everywhere", row.number, (anchor,))
        for number in row.after:
            if number not in known:
                yield Fault("unknown_after", row.number, (number,))
    anchors = {row.number: (row.offset.anchor_number,) for row in rows if row.offset.anchor == "milestone" and row.offset.anchor_number}
    if circle := circle_of(anchors):
        yield Fault("circle_anchor", circle[0], circle)
    if circle := circle_of({row.number: row.after for row in rows}):
        yield Fault("circle_after", circle[0], circle)


def _covers(anchor: Row, row: Row) -> bool:
    return not anchor.countries or bool(row.countries and row.countries <= anchor.countries)


def _misplaced(rows: Sequence[Row], starts_on: date, ends_on: date, longest_day: int) -> Iterator[Fault]:
    length = max(longest_day, (ends_on - starts_on).days)
    outside = False
    for row in rows:
        if row.offset.is_scaled and not 0 <= row.offset.day <= length:
            outside = True
            yield Fault("before_start" if row.offset.day < 0 else "after_end", row.number)
    if outside:
        return
    try:
        due = due_days([row.offset for row in rows], starts_on, ends_on, starts_on)
    except TooFewDaysError:
        yield Fault("too_dense", max(rows, key=lambda row: row.offset.day).number)
        return
    for row in rows:
        yield from _faults_of_day(row, due, starts_on, ends_on)


def _faults_of_day(row: Row, due: Mapping[int, date], starts_on: date, ends_on: date) -> Iterator[Fault]:
    if not row.offset.is_scaled:
        anchor_number = row.offset.anchor_number if row.offset.anchor == "milestone" else None
        on = row.offset.from_day(starts_on if anchor_number is None else due[anchor_number])
        if not starts_on <= on <= ends_on:
            yield Fault("before_start" if on < starts_on else "after_end", row.number, on=on)
            return
    for number in row.after:
        if number in due and due[number] > due[row.number]:
            yield Fault("order", row.number, (number,))
