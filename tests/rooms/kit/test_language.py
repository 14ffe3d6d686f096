"""Numbers are read by the region of whoever typed them, and an ambiguous one is known as such."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
from flask import Flask, g

from cohort.kit.language import is_ambiguous_number, typed_number


@pytest.mark.parametrize(
    ("region", "typed", "read"),
    [
        ("CL", "1.234.567", "1234567"), ("CL", "1.234,5", "1234.5"), ("CL", "508.40", "508.40"), ("CL", "1.5", "1.5"),
        ("CO", "480.000", "480000"), ("CR", "12,75", "12.75"), ("MX", "1,234.5", "1234.5"), ("MX", "508,40", "508.40"),
        ("PE", "1,234,567.89", "1234567.89"), ("PE", " 1 200 ", "1200"), ("CL", "480000", "480000"),
    ],
)
def test_a_typed_number_is_read_by_the_region(app: Flask, region: str, typed: str, read: str) -> None:
    with app.test_request_context():
        g.region = region
        assert typed_number(typed) == Decimal(read)


@pytest.mark.parametrize("typed", ["", "abc", "1.2.3,4,5", "12 pesos"])
def test_what_is_no_number_is_refused(app: Flask, typed: str) -> None:
    with app.test_request_context(), pytest.raises(ValueError, match=f"^{re.escape(typed)}$"):
        typed_number(typed)


@pytest.mark.parametrize(("typed", "is_ambiguous"), [("1.234", True), ("1,234", True), ("1.23", False), ("1.234.567", False), ("1234", False)])
def test_one_mark_before_three_digits_is_ambiguous(typed: str, is_ambiguous: bool) -> None:
    assert is_ambiguous_number(typed) is is_ambiguous
