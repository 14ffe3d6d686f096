"""Reads and writes the instants of a call in the call's own zone; when a call closes is decided in `service`."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from babel.dates import format_datetime
from flask_babel import get_locale

from cohort.kit.language import formats

CITIES = {
    "America/Santiago": "Santiago", "America/Bogota": "Bogotá", "America/Costa_Rica": "San José",
    "America/Mexico_City": "Ciudad de México", "America/Lima": "Lima",
}


def local_text(instant: datetime, zone: str) -> str:
    """Return an instant as day and time of `zone`, with the city that names it: `3 de nov 2026, 23:59 (Santiago)`."""
    local = instant.astimezone(ZoneInfo(zone))
    is_english = str(get_locale() or "en").startswith("en")
    pattern = "d MMM yyyy, HH:mm" if is_english else "d 'de' MMM yyyy, HH:mm"
    return f"{format_datetime(local, pattern, locale=formats())} ({CITIES.get(zone, zone)})"


def to_local(instant: datetime, zone: str) -> datetime:
    """Return the wall-clock time of an instant in `zone`, naive, for a form."""
    return instant.astimezone(ZoneInfo(zone)).replace(tzinfo=None)


def from_local(wall: datetime, zone: str) -> datetime:
    """Return the instant of a wall-clock time in `zone`; where the clock goes back the first of two is meant."""
    return wall.replace(tzinfo=ZoneInfo(zone))
