"""Says stages, next steps and outlooks in words: plain ones for the firm, short ones for staff; decides nothing."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask_babel import gettext, ngettext
from flask_babel import lazy_gettext as _l

from cohort.exports.flags.steps import step_of
from cohort.kit import language
from cohort.rules.next_step import Outlook
from cohort.rules.stages import NextStep, Standing, quarter_start

STAGE_NAMES = {
    "never": _l("Not yet"), "first": _l("First export"), "repeat": _l("Repeats"), "reactivated": _l("Back again"),
    "becoming": _l("Becoming"), "recurring": _l("Recurring"), "consolidated": _l("Consolidated"), "dormant": _l("Quiet"),
    "lapsed": _l("Lapsed"), "resting": _l("Out of season"),
}
STAGE_TONES = {
    "never": "neutral", "first": "sun", "repeat": "sun", "reactivated": "sun", "becoming": "leaf", "recurring": "sea",
    "consolidated": "sea", "dormant": "coral", "lapsed": "coral", "resting": "neutral",
}
OWNER_STAGES = {
    "never": _l("Your first export is still ahead."),
    "first": _l("Your first export is done."),
    "repeat": _l("You have exported again."),
    "reactivated": _l("You are exporting again."),
    "becoming": _l("You are on your way to being a recurring exporter."),
    "recurring": _l("You are a recurring exporter."),
    "consolidated": _l("You are a recurring exporter, two years in a row."),
    "dormant": _l("It has been a while since your last export."),
    "lapsed": _l("Your last export was more than a year ago."),
    "resting": _l("It is not your season; nothing is missing."),
}


_RECURRING = frozenset({"recurring", "consolidated"})


def stage_tag(stage: str, last_export_on: date | None, today: date) -> str:
    """Return a stage on its tag; a quiet firm's says for how long: “Quiet 168 days”."""
    if stage == "dormant" and last_export_on is not None:
        days = (today - last_export_on).days
        return str(ngettext("Quiet %(num)s day", "Quiet %(num)s days", days))
    return str(STAGE_NAMES[stage])


def needs(step: NextStep | dict[str, Any]) -> str:
    """Return a next step for staff, short: “1 more quarter, by 31 Dec”; the day lies within a year, so it goes without one."""
    step = step_of(step) if isinstance(step, dict) else step
    if step.code == "wait_for_us":
        return str(gettext("our check of what was sent in"))
    if step.code == "resting":
        return str(gettext("nothing until the season opens"))
    if step.code == "keep_season" and step.by_on:
        return str(ngettext("%(num)s export this season, by %(day)s", "%(num)s exports this season, by %(day)s", step.exports, day=language.day(step.by_on)))
    if step.code in ("keep", "consolidate"):
        return str(gettext("nothing now; the next export by %(day)s", day=language.day(step.by_on, "month")) if step.by_on else gettext("nothing, keep going"))
    words = _amounts(step)
    if step.by_on is None:
        return words
    return str(gettext("%(what)s, by %(day)s", what=words, day=language.day(step.by_on, "month")))


def _amounts(step: NextStep) -> str:
    if step.code == "first_export":
        return str(gettext("a first export"))
    if step.new_quarters and step.new_quarters >= step.exports:
        words = ngettext("%(num)s more quarter", "%(num)s more quarters", step.new_quarters)
    elif step.new_quarters:
        words = ngettext(
            "%(exports)s more exports, %(num)s in a new quarter", "%(exports)s more exports, %(num)s in new quarters",
            step.new_quarters, exports=step.exports,
        )
    else:
        words = ngettext("%(num)s more export", "%(num)s more exports", step.exports)
    if step.missing_fob_usd:
        words = gettext("%(what)s, at least %(value)s in all", what=words, value=language.money(int(step.missing_fob_usd * 100), "USD"))
    return str(words)


def to_go(step: NextStep | dict[str, Any]) -> str:
    """Return a next step in the owner's words: “1 quarter with sales to go to be a recurring exporter.”"""
    step = step_of(step) if isinstance(step, dict) else step
    if step.code == "wait_for_us":
        return str(gettext("We have received your export and are checking it. You need to do nothing."))
    if step.code == "resting":
        return str(gettext("Nothing to do until your season opens."))
    if step.code == "first_export":
        return str(gettext("The next step is your first export to a country of the plan."))
    if step.code == "keep_season" and step.by_on:
        return str(ngettext(
            "To stay a recurring exporter, export %(num)s time this season, by %(day)s.",
            "To stay a recurring exporter, export %(num)s times this season, by %(day)s.", step.exports, day=language.day(step.by_on),
        ))
    if step.code in ("keep", "consolidate"):
        return str(gettext("To stay a recurring exporter, export again by %(day)s.", day=language.day(step.by_on)) if step.by_on else gettext("Keep going as you do."))
    return _to_go_recurring(step)


def ahead(now: Standing, if_checked: Standing) -> str:
    """Return what lies ahead for the owner, in whose eyes a sent export is done: our check alone is missing."""
    if if_checked.stage in _RECURRING and now.stage not in _RECURRING:
        return str(gettext("Once we have checked what you sent, you are a recurring exporter."))
    return to_go(if_checked.next_step)


def _to_go_recurring(step: NextStep) -> str:
    if step.new_quarters and step.new_quarters >= step.exports:
        words = ngettext(
            "%(num)s quarter with sales to go to be a recurring exporter.",
            "%(num)s quarters with sales to go to be a recurring exporter.", step.new_quarters,
        )
    else:
        words = ngettext(
            "%(num)s export to go to be a recurring exporter.", "%(num)s exports to go to be a recurring exporter.", step.exports
        )
    if step.by_on is not None:
        words = gettext("%(what)s The next one by %(day)s.", what=words, day=language.day(step.by_on))
    return str(words)


def outlook(found: Outlook, ends_on: date) -> str:
    """Return whether the firm can still be a recurring exporter by plan end, with how many exports and by when."""
    if not found.possible:
        return str(gettext("By the end of the plan (%(day)s) the time no longer suffices to be a recurring exporter; exporting on still counts for you.", day=language.day(ends_on)))
    if found.exports_needed == 0 or found.next_by_on is None:
        return str(gettext("With what you have exported you are a recurring exporter at the end of the plan."))
    return str(ngettext(
        "You can still be a recurring exporter at the end of the plan (%(end)s) with %(num)s more export, made by %(day)s.",
        "You can still be a recurring exporter at the end of the plan (%(end)s) with %(num)s more exports, the next by %(day)s.",
        found.exports_needed, end=language.day(ends_on), day=language.day(found.next_by_on),
    ))


def quarter_name(quarter: int) -> str:
    """Return a quarter of the year as people write it: “Q3 2026”."""
    first = quarter_start(quarter)
    return str(gettext("Q%(quarter)s %(year)s", quarter=(first.month - 1) // 3 + 1, year=first.year))
