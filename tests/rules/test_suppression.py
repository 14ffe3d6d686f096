"""Small groups of public tables stay hidden, alone or from a total."""

from __future__ import annotations

import pytest

from cohort.rules.suppression import Split, protect, protect_splits


@pytest.mark.parametrize(
    ("cells", "shown"),
    [
        ({"CL": 20, "CO": 20}, {"CL": 20, "CO": 20}),
        ({"CL": 20, "CO": 4, "MX": 9}, {"CL": 20, "CO": None, "MX": None}),
        ({"CL": 4, "CO": 4, "MX": 9}, {"CL": None, "CO": None, "MX": 9}),
        ({"CL": 5, "CO": 0}, {"CL": 5, "CO": 0}),
        ({"CL": 3, "CO": 0}, {"CL": None, "CO": 0}),
        ({}, {}),
    ],
)
def test_cells(cells: dict[str, int], shown: dict[str, int | None]) -> None:
    assert protect(cells) == shown


@pytest.mark.parametrize(
    ("splits", "shown"),
    [
        ({"CL": Split(10, 20), "CO": Split(9, 20)}, {"CL": 10, "CO": 9}),
        ({"CL": Split(10, 20), "CO": Split(16, 20), "MX": Split(9, 20)}, {"CL": 10, "CO": None, "MX": None}),
        ({"CL": Split(20, 20), "CO": Split(10, 20)}, {"CL": None, "CO": None}),
        ({"CL": Split(0, 0), "CO": Split(10, 20)}, {"CL": 0, "CO": 10}),
        ({"CL": Split(1, 20)}, {"CL": None}),
    ],
)
def test_splits(splits: dict[str, Split], shown: dict[str, int | None]) -> None:
    assert protect_splits(splits) == shown


def test_a_hidden_part_cannot_be_found_from_the_totals() -> None:
    splits = {name: Split(part, 20) for name, part in {"CL": 10, "CO": 3, "MX": 12, "PE": 9}.items()}
    shown = protect_splits(splits)
    assert sum(count is None for count in shown.values()) >= 2
