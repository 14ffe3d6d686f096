"""Decides who stands first among equal scores before the draw: by the criteria that the sealed rules name, in order.

Every file has each of these facts or stands last; places are coarse, for the public record shows them. Source:
domain.md §8. The draw itself is `rules.lots`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any

from flask_babel import lazy_gettext as _l

from cohort.kit.errors import DomainError, wording
from cohort.rounds.calls.times import to_local
from cohort.rounds.models import Round

wording("tie_unknown", _l("Choose the criteria for equal points from those on the page."))
wording("tie_twice", _l("A criterion for equal points stands twice. Each comes once."))
wording("tie_scored", _l("Rural areas get points already, in “inclusion and territory”. Take one of the two out."))
wording("tie_lottery", _l("In a draw inside merit bands equal points need no criteria. Take the criteria or the draw out."))

TIE_CRITERIA = {
    "smaller_size": _l("Smaller firms first: micro, small, medium"),
    "rural": _l("Firms in rural areas first"),
    "younger_firm": _l("Younger firms first: under 3 years, under 10 years, older"),
}
PLACES = {
    "smaller_size": (_l("micro"), _l("small"), _l("medium"), _l("size not known")),
    "rural": (_l("rural"), _l("not rural, or not known")),
    "younger_firm": (_l("under 3 years old"), _l("3 to 9 years old"), _l("10 years old or more"), _l("age not known")),
}
SCORED_BY = {"rural": "inclusion"}  # the ready criterion that gives points for it
SIZES = ("micro", "small", "medium")
YEARS = (3, 10)


def require_ties(criteria: Sequence[str], rubric: Collection[str], *, has_lottery: bool) -> None:
    """Return when these criteria may settle equal points; raises for one twice, unknown, or scored by the rubric."""
    if not set(criteria) <= set(TIE_CRITERIA):
        raise DomainError("tie_unknown")
    if len(set(criteria)) < len(criteria):
        raise DomainError("tie_twice")
    if any(SCORED_BY.get(each) in rubric for each in criteria):
        raise DomainError("tie_scored")
    if criteria and has_lottery:
        raise DomainError("tie_lottery")


def place_name(criterion: str, place: int) -> str:
    """Return what a place in a criterion says of a firm: `3 to 9 years old`."""
    return str(PLACES[criterion][place])


def before_draw(round_: Round, facts: Mapping[str, Any]) -> tuple[int, ...]:
    """Return a file's places in the criteria of its call, smaller first; a fact that nobody said stands last."""
    closed_on = to_local(round_.closes_at, round_.time_zone).date()
    return tuple(place_of(each, facts, closed_on) for each in round_.protocol.get("tie_criteria", ()))


def place_of(criterion: str, facts: Mapping[str, Any], closed_on: date) -> int:
    """Return the place of frozen facts in one criterion; the age of a firm is taken on the day the call closes.

    >>> place_of("smaller_size", {"size_class": "small"}, date(2026, 1, 1)), place_of("rural", {}, date(2026, 1, 1))
    (1, 1)
    >>> place_of("younger_firm", {"founded_on": "2023-01-02"}, date(2026, 1, 1))
    0
    """
    if criterion == "smaller_size":
        size = facts.get("size_class")
        return SIZES.index(size) if size in SIZES else len(SIZES)
    if criterion == "rural":
        return 0 if facts.get("is_rural") else 1
    if not facts.get("founded_on"):
        return len(YEARS) + 1
    founded_on = date.fromisoformat(facts["founded_on"])
    age = closed_on.year - founded_on.year - ((closed_on.month, closed_on.day) < (founded_on.month, founded_on.day))
    return sum(age >= limit for limit in YEARS)
