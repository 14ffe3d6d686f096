"""Holds what somebody wants to change about dates, and what a page shows of it before it is applied.

Leaves out how the new days are found (`proposals`) and what applying them does (`service`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

Kind = Literal["start", "extension", "pause", "template"]


@dataclass(frozen=True)
class Wish:
    """What somebody wants to change: the kind, and the days, member or numbers that it needs."""

    kind: Kind
    plan_id: int
    starts_on: date | None = None
    member_id: int | None = None
    from_on: date | None = None
    until_on: date | None = None
    numbers: tuple[int, ...] = ()


@dataclass(frozen=True)
class Line:
    """One open milestone of a firm: its day now and then, and its reminders that are queued or were written."""

    milestone_id: int
    member_id: int
    firm_id: int
    firm: str
    country: str
    number: int
    title_es: str
    title_en: str
    before: date
    after: date
    has_own_day: bool = False
    queued_count: int = 0
    written_count: int = 0

    @property
    def moves(self) -> bool:
        """Whether it gets another day."""
        return self.before != self.after


@dataclass(frozen=True)
class Proposal:
    """Every open milestone that a change is about, what the change was asked for, and the mark of what was shown."""

    wish: Wish
    lines: list[Line]
    facts: dict[str, Any]
    key: str

    @property
    def moving(self) -> list[Line]:
        """The milestones that get another day."""
        return [line for line in self.lines if line.moves]

    @property
    def counts(self) -> dict[str, int]:
        """How many firms and milestones move, how many stay, how many reminders fall away or are written anew."""
        moving = self.moving
        return {
            "firms": len({line.member_id for line in moving}), "moves": len(moving), "stays": len(self.lines) - len(moving),
            "later": sum(line.after > line.before for line in moving), "earlier": sum(line.after < line.before for line in moving),
            "queued": sum(line.queued_count for line in moving), "written": sum(line.written_count for line in moving),
        }
