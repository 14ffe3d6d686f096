"""Names answers, sources and hours of sessions in the reader's language; what they are is decided elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

from babel.dates import format_datetime
from flask_babel import get_locale, gettext
from flask_babel import lazy_gettext as _l

from cohort.kit.language import ZONES, formats, number, reader_region, share
from cohort.plans.words import PHASE_NAMES, country_name
from cohort.rounds.calls.times import CITIES
from cohort.rules.attendance import Attended
from cohort.training.sessions.models import TrainingSession

ANSWER_NAMES: Mapping[str, object] = {"waiting": _l("no answer yet"), "yes": _l("coming"), "no": _l("not coming")}
ANSWER_TONES = {"waiting": "sun", "yes": "leaf", "no": "neutral"}
SOURCE_NAMES: Mapping[str, object] = {"screen": _l("on the list"), "door": _l("at the door"), "file": _l("from a file")}
LANGUAGE_NAMES: Mapping[str, object] = {"es": _l("Spanish"), "en": _l("English")}


def hours(minutes: int) -> str:
    """Return minutes as hours, to one decimal where there is one: `32`, `1,5`."""
    exact = (Decimal(minutes) / 60).quantize(Decimal("0.1"), ROUND_HALF_UP)
    return number(exact)


def hours_line(attended: Attended) -> str:
    """Return a member's core training in a sentence: “32 of 40 h, 80 %”."""
    if attended.share is None:
        return str(gettext("No core session so far"))
    return str(gettext(
        "%(taken)s of %(offered)s h, %(share)s", taken=hours(attended.core_minutes), offered=hours(attended.offered_minutes),
        share=_floored(attended.share)))


def rule_line(attended: Attended, least: Fraction) -> str:
    """Return what the plan asks for, and all hours where some lie outside core sessions."""
    words = str(gettext("The plan asks for at least %(share)s of the core hours offered.", share=share(float(least))))
    if attended.minutes != attended.core_minutes:
        words += " " + str(gettext("With other sessions %(hours)s h in all.", hours=hours(attended.minutes)))
    return words


def when(starts_at: datetime, ends_at: datetime, zone: str = "") -> str:
    """Return day and hours in the reader's zone, or in `zone`, with the city: “Wed 25 Nov 2026, 15:00–17:00 (Lima)”."""
    zone = zone or ZONES[reader_region()]
    start, end = (instant.astimezone(ZoneInfo(zone)) for instant in (starts_at, ends_at))
    is_english = str(get_locale() or "en").startswith("en")
    day = format_datetime(start, "EEE d MMM yyyy" if is_english else "EEE d 'de' MMM yyyy", locale=formats()).replace(".", "")
    last = "" if start.date() == end.date() else format_datetime(end, "d MMM, ", locale=formats())
    return f"{day}, {start:%H:%M}–{last}{end:%H:%M} ({CITIES.get(zone, zone)})"


def _floored(value: Fraction) -> str:
    """Return a share as whole percent, never rounded up: 79.6 % does not reach 80 %."""
    return share(int(value * 100) / 100)


def for_whom(training: TrainingSession) -> tuple[str, str]:
    """Return the countries and the phases whose firms a session is for, in words."""
    countries = ", ".join(country_name(code) for code in training.invites["countries"])
    phases = ", ".join(str(PHASE_NAMES[code]) for code in training.invites["phases"])
    return countries or str(gettext("all countries")), phases or str(gettext("all phases"))
