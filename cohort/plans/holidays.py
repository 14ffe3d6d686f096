"""Knows the public holidays of each country, from a library that keeps them; what a working day is, rules decide."""

from __future__ import annotations

from datetime import date
from functools import cache

import holidays as library


@cache
def holidays_of(country: str, year: int) -> frozenset[date]:
    """Return the public holidays of one country and year; an unknown country has none."""
    if country not in library.list_supported_countries():
        return frozenset()
    return frozenset(library.country_holidays(country, years=year))


@cache
def holidays_near(country: str, day: date) -> frozenset[date]:
    """Return the holidays of the year of `day` and of its neighbours, so that a deadline may cross the year."""
    return holidays_of(country, day.year - 1) | holidays_of(country, day.year) | holidays_of(country, day.year + 1)
