"""Tries the gain of a firm and of a group against hand-worked figures, and what of it anybody may read."""

from __future__ import annotations

from fractions import Fraction

import pytest

from cohort import reference
from cohort.rules.capacity import (
    NOBODY,
    FirmGain,
    GroupGain,
    PublicGain,
    gain_of,
    group_gain,
    mean_of,
    public_gain,
)

AREAS = [area.code for area in reference.diagnostic()]


def all_at(mark: int, **others: int) -> dict[str, int]:
    return dict.fromkeys(AREAS, mark) | others


def firms(count: int, gain: int) -> list[FirmGain]:
    return [gain_of(all_at(2), all_at(2 + gain)) for _ in range(count)]


def test_the_areas_are_the_seven_of_the_design_with_five_anchors_each() -> None:
    assert AREAS == ["product", "pricing", "digital_sales", "payments", "logistics", "regulation", "team"]
    for area in reference.diagnostic():
        for language in ("es", "en"):
            assert area.names[language]
            assert len({anchor[language] for anchor in area.anchors}) == 5


def test_a_firm_gains_the_mean_over_its_areas() -> None:
    found = gain_of(all_at(2), all_at(2, product=4, team=3))
    assert (found.gain, found.is_gain) == (Fraction(3, 7), False)
    assert gain_of(all_at(2), all_at(2, product=4, team=4)).is_gain, "four sevenths"
    assert gain_of({"a": 2, "b": 2}, {"a": 3, "b": 2}).is_gain, "exactly half a point"
    assert gain_of(all_at(3), all_at(2)).gain == -1


def test_a_mark_outside_the_scale_or_other_areas_are_refused() -> None:
    for marks in ({}, {"a": 0}, {"a": 6}):
        with pytest.raises(ValueError, match=r"area|between 1 and 5"):
            mean_of(marks)
    with pytest.raises(ValueError, match="same areas"):
        gain_of({"a": 2}, {"b": 2})
    with pytest.raises(ValueError, match="same areas"):
        group_gain([gain_of({"a": 2}, {"a": 2}), gain_of({"b": 2}, {"b": 2})])


def test_a_group_counts_each_firm_the_same() -> None:
    found = group_gain([gain_of({"a": 1, "b": 3}, {"a": 3, "b": 4}), gain_of({"a": 2, "b": 2}, {"a": 2, "b": 2})])
    assert found == GroupGain(
        firm_count=2, gained_count=1, gain=Fraction(3, 4),
        before={"a": Fraction(3, 2), "b": Fraction(5, 2)}, after={"a": Fraction(5, 2), "b": Fraction(3)})
    assert found.gained_share == Fraction(1, 2)
    assert (group_gain([]), NOBODY.gained_share) == (NOBODY, None)


def test_small_groups_are_shown_to_nobody_from_outside() -> None:
    large, small, other = group_gain(firms(9, 1)), group_gain(firms(4, 2)), group_gain(firms(6, 0))
    everyone = group_gain(firms(9, 1) + firms(4, 2) + firms(6, 0))
    assert public_gain(everyone, {"CL": large, "CO": small, "MX": other}) == PublicGain(
        everyone, 13, {"CL": large, "CO": None, "MX": None})
    assert public_gain(everyone, {"CL": large, "PE": NOBODY}) == PublicGain(everyone, 13, {"CL": large, "PE": NOBODY})
    assert public_gain(small, {"CO": small}) is None


def test_how_many_gained_is_not_said_where_it_would_say_the_same_of_every_firm() -> None:
    everyone = group_gain(firms(9, 1))
    assert public_gain(everyone, {}) == PublicGain(everyone, None, {})
    nearly = group_gain(firms(9, 1) + firms(4, 0))
    assert public_gain(nearly, {}) == PublicGain(nearly, None, {})
