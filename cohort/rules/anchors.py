"""Decides in which order milestones that hang on one another are dated, and what a calendar month later is.

Leaves out the scaling of days to the length of a plan (`calendar`) and whether a template is sound (`template`).
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Collection, Mapping
from datetime import date
from typing import Literal

Anchor = Literal["enrolment", "plan", "milestone"]
Unit = Literal["days", "months"]


class CircleError(ValueError):
    """Milestones hang on one another in a circle: `numbers` in their order, each hangs on the next, the last on the first."""

    def __init__(self, numbers: tuple[int, ...]) -> None:
        super().__init__(f"a circle of milestones: {numbers}")
        self.numbers = numbers


def add_months(day: date, count: int) -> date:
    """The same day of the month `count` calendar months later, or earlier when negative; the month's last day if it has none.

    >>> add_months(date(2027, 1, 31), 1), add_months(date(2028, 1, 31), 1), add_months(date(2028, 2, 29), -12)
    (datetime.date(2027, 2, 28), datetime.date(2028, 2, 29), datetime.date(2027, 2, 28))

    Raises ValueError outside the years 1 to 9999.
    """
    months = day.year * 12 + day.month - 1 + count
    year, month = divmod(months, 12)
    if not date.min.year <= year <= date.max.year:
        raise ValueError("the day lies outside the calendar")
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def circle_of(needs: Mapping[int, Collection[int]]) -> tuple[int, ...] | None:
    """A circle in what each number needs, from its smallest number on; None when there is none.

    Numbers that are needed but not named are left alone. Of several circles the answer is always the same one.

    >>> circle_of({1: [], 2: [5], 5: [3], 3: [2]})
    (2, 5, 3)
    """
    closed: set[int] = set()
    for first in sorted(needs):
        path: list[int] = []
        if found := _circle_from(first, needs, closed, path):
            smallest = found.index(min(found))
            return tuple(found[smallest:] + found[:smallest])
    return None


def _circle_from(
    number: int, needs: Mapping[int, Collection[int]], closed: set[int], path: list[int]
) -> list[int] | None:
    """Walk what `number` needs, depth first and without recursion, so that a long chain is no fault."""
    waiting: list[tuple[int, bool]] = [(number, False)]
    while waiting:
        current, is_left = waiting.pop()
        if is_left:
            path.pop()
            closed.add(current)
        elif current in path:
            return path[path.index(current):]
        elif current in needs and current not in closed:
            path.append(current)
            waiting.append((current, True))
            waiting += [(each, False) for each in sorted(needs[current], reverse=True)]
    return None


def in_order(anchors: Mapping[int, int]) -> list[int]:
    """The numbers that hang on another one, each after the one it hangs on (`anchors`: number → what it hangs on).

    Raises CircleError.

    >>> in_order({9: 4, 4: 1, 7: 9})
    [4, 9, 7]
    """
    circle = circle_of({number: (anchor,) for number, anchor in anchors.items()})
    if circle:
        raise CircleError(circle)
    placed: list[int] = []
    seen: set[int] = set()
    for number in sorted(anchors):
        chain = []
        while number in anchors and number not in seen:
            seen.add(number)
            chain.append(number)
            number = anchors[number]  # noqa: PLW2901 - the walk goes up the chain
        placed += reversed(chain)
    return placed
