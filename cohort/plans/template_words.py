"""Says what a row of the template hangs on, in the reader's language; which day that is, rules decide."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from flask_babel import gettext, ngettext
from flask_babel import lazy_gettext as _l

from cohort.kit import navigation
from cohort.kit.access import Role
from cohort.kit.language import reader_language
from cohort.plans.models import TemplateMilestone
from cohort.plans.words import PHASE_NAMES, country_name

ANCHOR_NAMES = {"enrolment": _l("the firm’s enrolment"), "plan": _l("the start of the plan"), "milestone": _l("another milestone")}
UNIT_NAMES = {"days": _l("days"), "months": _l("calendar months")}
ROLE_NAMES = {role.value: navigation.ROLE_NAMES[role] for role in (Role.COACH, Role.COORDINATOR, Role.MANAGER)}
FIELD_NAMES = {
    "phase": _l("Phase"), "title_es": _l("Title in Spanish"), "title_en": _l("Title in English"), "day": _l("Falls due after"),
    "unit": _l("Counted in"), "anchor": _l("Counted from"), "anchor_number": _l("Number of that other milestone"),
    "evidence_es": _l("What shows it, in Spanish"), "evidence_en": _l("What shows it, in English"), "confirms": _l("Who confirms it"),
    "after": _l("Milestones that come first"), "is_required": _l("Needed to complete the programme"), "countries": _l("Countries"),
}


def title_of(row: TemplateMilestone) -> str:
    """Return the title in the reader's language."""
    return row.title_es if reader_language() == "es" else row.title_en


def hangs_on(row: TemplateMilestone) -> str:
    """Return when it falls due: “45 days after enrolment”, “2 calendar months after milestone 5”."""
    count = abs(row.day)
    if row.unit == "months":
        length = ngettext("%(num)s calendar month", "%(num)s calendar months", count)
    else:
        length = ngettext("%(num)s day", "%(num)s days", count)
    if row.anchor == "plan":
        return str(gettext("%(length)s after the plan starts", length=length))
    if row.anchor == "enrolment":
        return str(gettext("%(length)s after enrolment", length=length))
    if row.day < 0:
        return str(gettext("%(length)s before milestone %(number)s", length=length, number=row.anchor_number))
    return str(gettext("%(length)s after milestone %(number)s", length=length, number=row.anchor_number))


def countries_of(row: TemplateMilestone) -> str:
    """Return the countries whose firms have it."""
    return ", ".join(country_name(code) for code in row.countries) or gettext("all")


def confirmed_by(row: TemplateMilestone) -> str:
    """Return the roles that may confirm it."""
    return ", ".join(str(ROLE_NAMES[role]) for role in row.confirms)


def numbers(values: Sequence[int]) -> str:
    """Return numbers with commas, or a dash."""
    return ", ".join(str(value) for value in values) or "—"


def said(name: str, value: Any) -> str:
    """Return one value of a row in words, for a page that shows what stood and what comes."""
    if isinstance(value, bool):
        return str(gettext("yes") if value else gettext("no"))
    known: dict[str, Callable[[Any], object]] = {
        "phase": PHASE_NAMES.__getitem__, "unit": UNIT_NAMES.__getitem__, "anchor": ANCHOR_NAMES.__getitem__,
        "confirms": lambda roles: ", ".join(str(ROLE_NAMES[role]) for role in roles), "after": numbers,
        "countries": lambda codes: ", ".join(map(country_name, codes)) or gettext("all"),
    }
    return str(known[name](value)) if name in known else str("—" if value in (None, "") else value)
