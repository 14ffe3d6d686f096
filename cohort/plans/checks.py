"""Checks the values of a policy before they become a version; what a value means is decided in `rules`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from flask_babel import lazy_gettext as _l

from cohort import reference
from cohort.kit.errors import DomainError, wording
from cohort.plans import words

wording("policy_key", _l("“%(key)s” is not a setting of this policy."))
wording("policy_clash", _l("“%(first)s” and “%(second)s” do not fit together."))
wording("policy_value", _l("“%(key)s”: %(value)s does not fit; expected is %(expected)s."))


def _whole(value: Any, least: int, most: int) -> int:
    number = int(value)
    if isinstance(value, bool) or not least <= number <= most:
        raise ValueError
    return number


def _share(value: Any) -> str:
    share = Decimal(str(value).strip().replace(",", "."))
    if not 0 <= share <= 1:
        raise ValueError
    return str(share)


def _one_of(key: str) -> tuple[Callable[[Any], Any], str]:
    known = CHOICES[key]

    def check(value: Any) -> str:
        if value not in known:
            raise ValueError
        return str(value)

    return check, " | ".join(known)


def _days(least: int, most: int) -> tuple[Callable[[Any], Any], str]:
    return (lambda value: _whole(value, least, most)), f"{least}–{most}"


def _days_before(value: Any) -> list[int]:
    return sorted({_whole(day, 0, 90) for day in value}, reverse=True)


def _days_after(value: Any) -> list[int]:
    return sorted({_whole(day, 0, 90) for day in value})


def _countries(value: Any) -> list[str]:
    codes = [str(code).strip().upper() for code in value]
    if set(codes) - set(reference.countries()):
        raise ValueError
    return codes


def _scopes(value: Any) -> list[str]:
    if not value or set(value) - set(SEVERAL["scope"]):
        raise ValueError
    return [scope for scope in SEVERAL["scope"] if scope in value]


def _yes_no(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError
    return value


# What may be chosen, by setting, in the order in which a form shows it.
CHOICES: dict[str, tuple[str, ...]] = {
    "profile": ("IWA34", "IFC", "WECONNECT", "CHILECOMPRA"), "mode": ("at_least", "balanced"),
    "shortfall": ("reserve", "release", "mirror"), "counts": ("owned_or_led", "owned", "led", "both"),
}
SEVERAL: dict[str, tuple[str, ...]] = {"scope": ("overall", "country")}
_SHARE = (_share, "0–1")
_YES_NO = (_yes_no, "yes | no")
_BEFORE, _AFTER = (_days_before, "0–90, 0–90, …"), (_days_after, "0–90, 0–90, …")
KEYS: dict[str, dict[str, tuple[Callable[[Any], Any], str]]] = {
    "parity": {
        "profile": _one_of("profile"), "share": _SHARE, "scope": (_scopes, "overall, country"), "mode": _one_of("mode"),
        "shortfall": _one_of("shortfall"), "counts": _one_of("counts"), "recheck_days": _days(30, 1095),
    },
    "recurrence": {
        "window_days": _days(30, 1095), "min_operations": _days(1, 100), "min_quarters": _days(1, 12),
        "min_destinations": _days(1, 10), "min_fob_usd": _days(0, 10_000_000), "max_gap_days": _days(1, 1095),
        "dormant_days": _days(1, 1095), "lapsed_days": _days(1, 2190), "annual_consecutive": _days(1, 10),
        "ecommerce_only": _YES_NO, "destinations": (_countries, "CL, CO, …"),
    },
    "reminders": {
        "before_days": _BEFORE, "overdue_days": _AFTER, "min_gap_days": _days(0, 30), "digest_weekday": _days(0, 6),
        "urgent_hours": _days(0, 240), "escalate_days": _days(1, 90),
    },
    "thresholds": {
        "min_total": _days(0, 100), "min_criterion": _days(0, 5), "evaluators": _days(1, 10),
        "third_review_gap": _days(0, 100), "appeal_answer_days": _days(1, 60), "offer_days": _days(1, 60),
        "waitlist_days": _days(0, 730), "replace_until_day": _days(0, 730), "verify_within_days": _days(1, 60),
        "attendance_share": _SHARE, "other_milestones_share": _SHARE, "demands_second_factor": _YES_NO,
    },
}


def check_policy(kind: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings in their plain form.

    Errors: DomainError `not_found` for an unknown kind, `policy_key`, `policy_value` naming the first that does not
    fit, `policy_clash` for two that cannot hold together.
    """
    if kind not in KEYS:
        raise DomainError("not_found")
    known, checked = KEYS[kind], {}
    for key, value in settings.items():
        if key not in known:
            raise DomainError("policy_key", key=key)
        check, expected = known[key]
        try:
            checked[key] = check(value)
        except (ValueError, TypeError, InvalidOperation) as error:
            said = ", ".join(map(str, value)) if isinstance(value, list) else value
            raise DomainError("policy_value", key=words.KEY_NAMES[key], value=said, expected=expected) from error
    _refuse_clash(checked)
    return checked


def _refuse_clash(checked: Mapping[str, Any]) -> None:
    """Raise for settings that fit each alone but not together (domain.md §1 and §8)."""
    if checked.get("mode") == "balanced" and Decimal(checked.get("share", "0.5")) != Decimal("0.5"):
        raise DomainError("policy_clash", first=words.KEY_NAMES["mode"], second=words.KEY_NAMES["share"])
    if checked.get("lapsed_days", 0) < checked.get("dormant_days", 0):
        raise DomainError("policy_clash", first=words.KEY_NAMES["dormant_days"], second=words.KEY_NAMES["lapsed_days"])
