"""Names policies, phases and memberships in words; what they mean is decided elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask_babel import get_locale, gettext
from flask_babel import lazy_gettext as _l

from cohort import reference
from cohort.kit.language import number, reader_language, share
from cohort.plans.models import Plan

POLICY_NAMES = {
    "parity": _l("Parity"), "recurrence": _l("Recurring exporter"), "reminders": _l("Reminders"),
    "thresholds": _l("Limits and periods"),
}
POLICY_PURPOSES = {
    "parity": _l("Who counts as women-owned or women-led, and how many seats that means."),
    "recurrence": _l("When an exporter counts as recurring, dormant or lapsed."),
    "reminders": _l("How often firms and coordinators are written to."),
    "thresholds": _l("Marks, answers, offers and deadlines of the programme."),
}
KEY_NAMES = {
    "profile": _l("Definition used"), "share": _l("Share of women's firms"), "scope": _l("Applies to"),
    "mode": _l("Way of counting"), "shortfall": _l("When there are too few"), "counts": _l("What counts"),
    "recheck_days": _l("Checked again after, days"), "window_days": _l("Window, days"),
    "min_operations": _l("Verified exports, at least"), "min_quarters": _l("Different quarters, at least"),
    "min_destinations": _l("Destination countries, at least"), "min_fob_usd": _l("Value of the goods, US$ at least"),
    "max_gap_days": _l("Longest gap, days"), "dormant_days": _l("Quiet after, days"),
    "lapsed_days": _l("Lapsed after, days"), "annual_consecutive": _l("Calendar years in a row"),
    "ecommerce_only": _l("Online sales only"), "destinations": _l("Destinations, if not all of the plan"),
    "before_days": _l("Days before the date"), "overdue_days": _l("Days after the date"),
    "min_gap_days": _l("Days between two messages, at least"), "digest_weekday": _l("Day of the weekly summary"),
    "urgent_hours": _l("Urgent when due within, hours"), "escalate_days": _l("Manager hears after, days late"),
    "min_total": _l("Lowest total mark"), "min_criterion": _l("Lowest mark per criterion"),
    "evaluators": _l("Evaluators per file"), "third_review_gap": _l("Third review when marks differ by"),
    "appeal_answer_days": _l("Answer to an appeal, working days"), "offer_days": _l("Offer stands, working days"),
    "waitlist_days": _l("Waitlist stands, days"), "replace_until_day": _l("Replacement until day"),
    "verify_within_days": _l("Our check of an export, working days"), "attendance_share": _l("Attendance, at least"),
    "other_milestones_share": _l("Other milestones done, at least"),
    "demands_second_factor": _l("Staff need a second step to sign in"),
}
VALUE_NAMES = {
    "IWA34": _l("ISO IWA 34"), "IFC": _l("IFC"), "WECONNECT": _l("WEConnect International"),
    "CHILECOMPRA": _l("Sello Empresa Mujer (Chile)"), "at_least": _l("at least"), "balanced": _l("balanced"),
    "reserve": _l("keep the seats empty and extend the call"), "release": _l("release the seats, with a reason"),
    "mirror": _l("never more others than women's firms"), "owned_or_led": _l("owned or led"), "owned": _l("owned"),
    "led": _l("led"), "both": _l("owned and led"), "overall": _l("the whole cohort"), "country": _l("each country"),
}
PHASE_NAMES = {
    "A": _l("Onboard"), "B": _l("Prepare"), "C": _l("Launch"), "D": _l("Repeat"), "E": _l("Consolidate"),
}
WEEKDAYS = (_l("Monday"), _l("Tuesday"), _l("Wednesday"), _l("Thursday"), _l("Friday"), _l("Saturday"), _l("Sunday"))
MEMBERSHIP_NAMES = {"member": _l("member"), "candidate": _l("candidate")}


def plan_name(plan: Plan) -> str:
    """Return the plan's name in the reader's language."""
    return plan.name_es if reader_language() == "es" else plan.name_en


def plan_promise(plan: Plan) -> str:
    """Return what the plan promised in the reader's language."""
    return plan.promise_es if reader_language() == "es" else plan.promise_en


def country_name(code: str) -> str:
    """Return a country's name in the reader's language; an unknown code stands for itself."""
    country = reference.countries().get(code)
    if country is None:
        return code
    return country.names["es" if reader_language() == "es" else "en"]


@dataclass(frozen=True)
class CountryWords:
    """Names a country when somebody reads it, in their language; a refusal carries it."""

    code: str

    def __str__(self) -> str:
        locale = get_locale()  # as for the sentence around it, on a page and on the command line
        country = reference.countries()[self.code]
        return country.names["en" if locale is not None and locale.language == "en" else "es"]


def setting_words(key: str, value: Any) -> str:
    """Return one setting as words: a share as percent, a weekday by name, everything else as `value_words` has it."""
    if key == "digest_weekday":
        return str(WEEKDAYS[value])
    return share(float(value)) if key.endswith("share") else value_words(value)


def value_words(value: Any) -> str:
    """Return a policy value as words: yes/no, a list with commas, a named choice, or the value itself."""
    if isinstance(value, bool):
        return str(gettext("yes") if value else gettext("no"))
    if isinstance(value, list):
        return ", ".join(value_words(each) for each in value) or "—"
    return number(value) if isinstance(value, int) else str(VALUE_NAMES.get(value, value))
