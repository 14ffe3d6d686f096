"""Decides from frozen facts whether a firm may take part: each check yes, no or unknown, with the reason.

Values in, values out. It leaves out who is chosen; an unknown is pending, never a no.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

SIZES_IN = ("micro", "small", "medium")


@dataclass(frozen=True)
class Check:
    """One check with its answer; `code` and `params` say why, `by_staff` that a person settled it."""

    check: str
    answer: str  # yes | no | unknown
    code: str
    params: Mapping[str, Any] = field(default_factory=dict)
    by_staff: bool = False

    def as_json(self) -> dict[str, Any]:
        """Return the check as it is stored."""
        return {"check": self.check, "answer": self.answer, "code": self.code, "params": dict(self.params),
                "by_staff": self.by_staff}


def judge(facts: Mapping[str, Any], checks: Sequence[Mapping[str, Any]], countries: Sequence[str]) -> list[Check]:
    """Return the checks that the protocol turns on, judged on `facts` as they stand. Source: domain.md §8."""
    found = []
    for limits in checks:
        answer, code, params = _JUDGES[limits["check"]](facts, {**limits, "countries": list(countries)})
        found.append(Check(limits["check"], answer, code, params))
    return found


def with_findings(checks: Sequence[Check], findings: Mapping[str, tuple[str, str]]) -> list[Check]:
    """Return the checks with what staff found instead: check → (yes or no, reason); `set_aside` is one more check."""
    settled = [
        Check(each.check, findings[each.check][0], "found", {"reason": findings[each.check][1]}, by_staff=True)
        if each.check in findings else each
        for each in checks
    ]
    if "set_aside" in findings:
        settled.append(Check("set_aside", findings["set_aside"][0], "found", {"reason": findings["set_aside"][1]}, True))
    return settled


def eligible(checks: Sequence[Check]) -> str:
    """Return yes when all hold, no as soon as one fails, else unknown.

    >>> eligible([Check("a", "yes", ""), Check("b", "unknown", "")])
    'unknown'
    """
    answers = {each.answer for each in checks}
    return "no" if "no" in answers else "unknown" if "unknown" in answers else "yes"


def months_between(start: date, end: date) -> int:
    """Return the whole months from `start` to `end`.

    >>> months_between(date(2025, 3, 15), date(2026, 3, 14))
    11
    """
    return (end.year - start.year) * 12 + end.month - start.month - (end.day < start.day)


Judged = tuple[str, str, dict[str, Any]]
Facts = Mapping[str, Any]


def _country(facts: Facts, limits: Facts) -> Judged:
    return ("yes", "in_call", {}) if facts["country"] in limits["countries"] else ("no", "not_in_call", {})


def _size(facts: Facts, _limits: Facts) -> Judged:
    size = facts.get("size_class") or "unknown"
    if size == "unknown":
        return "unknown", "size_unknown", {}
    return ("yes", "size_in", {"size": size}) if size in SIZES_IN else ("no", "size_large", {})


def _trading(facts: Facts, limits: Facts) -> Judged:
    if not facts.get("founded_on"):
        return "unknown", "start_unknown", {}
    months = months_between(date.fromisoformat(facts["founded_on"]), date.fromisoformat(facts["judged_on"]))
    params = {"months": months, "least": limits["least_months"]}
    return ("yes", "months_enough", params) if months >= limits["least_months"] else ("no", "months_short", params)


def _tax_id(facts: Facts, _limits: Facts) -> Judged:
    if facts.get("tax_id_status") == "valid":
        return "yes", "tax_id_valid", {}
    if facts.get("tax_id_confirmed"):
        return "yes", "tax_id_confirmed", {}
    return "unknown", "tax_id_doubt", {}


def _product(facts: Facts, _limits: Facts) -> Judged:
    travels = facts.get("travels") or ""
    if travels in {"parcel", "digital"}:
        return "yes", f"travels_{travels}", {}
    return ("no", "travels_neither", {}) if travels == "neither" else ("unknown", "travels_unknown", {})


def _sells_online(facts: Facts, _limits: Facts) -> Judged:
    sells = facts.get("sells_online") or ""
    if sells in {"now", "soon"}:
        return "yes", f"online_{sells}", {}
    return ("no", "online_no", {}) if sells == "no" else ("unknown", "online_unknown", {})


def _not_recurring(facts: Facts, limits: Facts) -> Judged:
    exports = facts.get("exports_count")
    if exports is None:
        return "unknown", "exports_unknown", {}
    params = {"count": exports, "most": limits["most_exports"]}
    return ("yes", "exports_few", params) if exports <= limits["most_exports"] else ("no", "exports_many", params)


def _data_notice(facts: Facts, _limits: Facts) -> Judged:
    return ("yes", "notice_read", {}) if facts.get("data_notice") else ("unknown", "notice_open", {})


def _owner_group(facts: Facts, _limits: Facts) -> Judged:
    count = int(facts.get("owner_group_count") or 1)
    return ("yes", "group_single", {}) if count <= 1 else ("unknown", "group_several", {"count": count})


def _acts_for_firm(facts: Facts, _limits: Facts) -> Judged:
    return ("yes", "acts", {}) if facts.get("acts_for_firm") else ("unknown", "acts_waiting", {})


_JUDGES: dict[str, Callable[[Facts, Facts], Judged]] = {
    "country": _country, "size": _size, "trading": _trading, "tax_id": _tax_id, "product": _product,
    "sells_online": _sells_online, "not_recurring": _not_recurring, "data_notice": _data_notice,
    "owner_group": _owner_group, "acts_for_firm": _acts_for_firm,
}
