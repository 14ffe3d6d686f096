"""Words the eligibility checks and their reasons, and the states of an application, in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext as _l

from cohort.firms.words import SIZES

CHECK_NAMES = {
    "country": _l("Country of the call"), "size": _l("Micro, small or medium firm"),
    "trading": _l("Selling for long enough"), "tax_id": _l("Tax number"),
    "product": _l("Sells what travels by parcel, or digital services"), "sells_online": _l("Sells online, or will"),
    "not_recurring": _l("Not yet a recurring exporter"), "data_notice": _l("Notice on data read"),
    "owner_group": _l("One seat for each group of owners"), "acts_for_firm": _l("The person acts for the firm"),
    "set_aside": _l("Set aside by the committee"), "ownership": _l("Women’s ownership or leadership verified"),
}
REASONS = {
    "in_call": _l("the call is for this country"), "not_in_call": _l("the call is not for this country"),
    "size_in": _l("%(size)s by the rule of its country"), "size_large": _l("large by the rule of its country"),
    "size_unknown": _l("sales or people of a year are missing, or that year's value is not on file"),
    "start_unknown": _l("since when it sells is missing"),
    "months_enough": _l("%(months)s months; at least %(least)s are asked"),
    "months_short": _l("%(months)s months; at least %(least)s are asked"),
    "tax_id_valid": _l("well formed"), "tax_id_confirmed": _l("doubtful in form, confirmed by a person"),
    "tax_id_doubt": _l("its check digit is doubtful; a person has to confirm it"),
    "travels_parcel": _l("goods that travel by parcel"), "travels_digital": _l("digital services"),
    "travels_neither": _l("neither goods that travel by parcel nor digital services"),
    "travels_unknown": _l("how the product travels is missing"),
    "online_now": _l("sells online now"), "online_soon": _l("will sell online"),
    "online_no": _l("does not want to sell online"), "online_unknown": _l("whether it sells online is missing"),
    "exports_few": _l("exports to the other countries in 24 months: %(count)s; up to %(most)s are allowed"),
    "exports_many": _l("exports to the other countries in 24 months: %(count)s; up to %(most)s are allowed"),
    "exports_unknown": _l("its exports of the last 24 months are missing"),
    "notice_read": _l("read"), "notice_open": _l("not read yet"),
    "group_single": _l("no other firm of its owners applies"),
    "group_several": _l("%(count)s firms of the same owners apply; one of them can have a seat"),
    "acts": _l("confirmed"), "acts_waiting": _l("we are checking that the person acts for the firm"),
}
STATES = {"draft": _l("Draft"), "submitted": _l("Sent in"), "withdrawn": _l("Withdrawn")}
ANSWER_TONES = {"yes": "leaf", "no": "coral", "unknown": "sun"}
ELIGIBLE = {"yes": _l("Eligible"), "no": _l("Not eligible"), "unknown": _l("Pending")}


def reason_words(code: str, params: Mapping[str, Any]) -> str:
    """Return why a check came out as it did; what staff found stands in their own words."""
    if code == "found":
        return str(params["reason"])
    shown = {name: str(SIZES.get(value, value)) if name == "size" else str(value) for name, value in params.items()}
    return str(REASONS[code]) % shown


def check_words(check: str, code: str, params: Mapping[str, Any]) -> str:
    """Return a check and its reason on one line."""
    return f"{CHECK_NAMES[check]}: {reason_words(code, params)}"
