"""Words the reports: the path's stages, amounts in short form, what is due in how many days."""

from __future__ import annotations

from flask_babel import gettext, ngettext
from flask_babel import lazy_gettext as _l

from cohort.kit.language import number, reader_language
from cohort.reports.figures import Group
from cohort.reports.lists import DueGroup

PATH_NAMES = {
    "applied": _l("Applied"), "eligible": _l("Eligible"), "selected": _l("Selected"),
    "first_export": _l("First export"), "recurring": _l("Recurring"),
}
_MILLION, _THOUSAND = 100_000_000, 100_000  # in cents


def short_usd(cents: int) -> str:
    """Return an amount of US cents for a headline: `US$ 1,77 M`, `US$ 12 mil`, `US$ 950`."""
    if cents >= _MILLION:
        return str(gettext("US$ %(amount)s M", amount=number(cents / _MILLION, 2)))
    if cents >= 10 * _THOUSAND:
        return str(gettext("US$ %(amount)s k", amount=number(cents / _THOUSAND, 0)))
    return f"US$ {number(cents / 100, 0)}"


def due_words(group: DueGroup) -> tuple[str, str]:
    """Return when a milestone is due, in words, with the tone of its tag."""
    if group.days_left < 0:
        return str(ngettext("%(num)s day late", "%(num)s days late", -group.days_left)), "coral"
    if group.days_left == 0:
        return str(gettext("today")), "sun"
    return str(ngettext("in %(num)s day", "in %(num)s days", group.days_left)), "sun" if group.days_left <= 3 else "sea"


def due_title(group: DueGroup) -> str:
    """Return the milestone's title in the reader's language."""
    return group.title_es if reader_language() == "es" else group.title_en


def of_words(group: Group) -> str:
    """Return `41 of 80`."""
    return str(gettext("%(women)s of %(total)s", women=number(group.women), total=number(group.total)))
