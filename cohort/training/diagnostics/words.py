"""Names moments and areas in the reader's language, and puts marks in the shape of the picture."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from flask_babel import gettext, ngettext
from flask_babel import lazy_gettext as _l

from cohort import reference
from cohort.kit.language import number, reader_language, share
from cohort.rules.capacity import GroupGain, mean_of
from cohort.training.diagnostics.models import Diagnostic
from cohort.training.diagnostics.queries import Capacity, marks_of

MOMENT_NAMES = {"start": _l("at the start"), "month_18": _l("month 18"), "end": _l("at the end")}
MOMENT_TITLES = {"start": _l("Diagnostic at the start"), "month_18": _l("Diagnostic of month 18"), "end": _l("Diagnostic at the end")}


def _language() -> reference.Language:
    return "en" if reader_language() == "en" else "es"


def area_names() -> dict[str, str]:
    """Return the areas' names by code."""
    language = _language()
    return {area.code: area.names[language] for area in reference.diagnostic()}


def anchors() -> dict[str, list[str]]:
    """Return what the marks 1 to 5 of each area mean, by code."""
    language = _language()
    return {area.code: [anchor[language] for anchor in area.anchors] for area in reference.diagnostic()}


def signed(points: Fraction) -> str:
    """Return a gain with its sign and one decimal: `+0,8`, `−0,3`, `0,0`."""
    rounded = round(float(points), 1)
    return f"{'+' if rounded > 0 else '−' if rounded < 0 else ''}{number(abs(rounded), 1)}"


def firm_rows(capacity: Capacity) -> list[dict[str, Any]]:
    """Return the picture's rows of one firm: the start and the latest, or the one diagnostic it has; none without one."""
    first = capacity.start or capacity.latest
    if first is None:
        return []
    before = marks_of(first)
    after = marks_of(capacity.latest) if capacity.latest and capacity.latest is not first else {}
    return [{"label": name, "before": before[code], "after": after.get(code)} for code, name in area_names().items()]


def group_rows(group: GroupGain) -> list[dict[str, Any]]:
    """Return the picture's rows of a group's means; none without firms that have two diagnostics."""
    if not group.firm_count:
        return []
    return _rows(group.before, group.after)


def _rows(before: Mapping[str, Fraction], after: Mapping[str, Fraction]) -> list[dict[str, Any]]:
    return [{"label": name, "before": float(before[code]), "after": float(after[code])} for code, name in area_names().items()]


def firm_sentence(capacity: Capacity) -> str:
    """Return where a firm stands in one sentence, and what it gained."""
    latest = capacity.latest
    if latest is None:
        return str(gettext("No diagnostic has been taken yet."))
    mean = number(float(mean_of(marks_of(latest))), 1)
    if capacity.gain is None:
        return str(gettext("Mean of the seven areas: %(mean)s of 5.", mean=mean))
    return str(gettext("Mean of the seven areas: %(mean)s of 5, %(gain)s since the start.", mean=mean, gain=signed(capacity.gain.gain)))


def gained_share(group: GroupGain) -> str:
    """Return the share of the compared firms that gained at least half a point, a dash without firms."""
    return share(float(group.gained_share)) if group.gained_share is not None else "—"


def gained_words(group: GroupGain) -> str:
    """Return how many firms gained at least half a point, of those with two diagnostics."""
    return str(ngettext(
        "%(gained)s of %(num)s firm with two diagnostics gained at least half a point",
        "%(gained)s of %(num)s firms with two diagnostics gained at least half a point", group.firm_count, gained=group.gained_count,
    ))


def mean(diagnostic: Diagnostic | None) -> str:
    """Return the mean mark of a diagnostic, a dash without one."""
    return number(float(mean_of(marks_of(diagnostic))), 1) if diagnostic is not None else "—"
