"""Decides whether the further rules of a call can be kept at all by its seats and countries, before anybody applies.

Whether the firms that apply can keep them is known only at the decision; `rules.conflicts` says it then.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext as _l

from cohort.kit.errors import DomainError, wording
from cohort.rounds.decisions.attributes import NAMEABLE, quotas_of
from cohort.rounds.decisions.words import quota_name
from cohort.rounds.files.record import quota_json
from cohort.rules.quotas import Quota, least_of, most_of
from cohort.rules.shortfall import COUNTRY

wording("quota_column", _l("A rule cannot speak of “%(column)s”. It can speak of size, sector, region, rural area, country and ownership."))
wording("quota_whom", _l("Say whom the rule covers."))
wording("quota_limit", _l("Say at least how many, at most how many, or both."))
wording("quota_of", _l("“Of those” goes with percent alone. Give percent, or leave “of those” empty."))
wording("quota_whole", _l("Places are whole numbers. Give whole numbers from 0, or choose percent."))
wording("quota_percent", _l("A percentage lies between 0 and 100."))
wording("quota_order", _l("“%(rule)s”: the least cannot be above the most. Lower the one or raise the other."))
wording("quota_round", _l("“%(rule)s”: no whole number of %(seats)s seats lies between these percentages. Move one of them."))
wording("quota_seats", _l("“%(rule)s” asks for at least %(least)s, but at most %(most)s seats can go there. Ask for fewer, or give the call more seats."))
wording("quota_forced", _l("“%(rule)s” allows at most %(most)s, but %(least)s seats go there in any case. Allow more, or change the seats of the countries."))
wording("quota_twice", _l("There is a rule for “%(rule)s” already. Remove it first."))


def require_sound(protocol: Mapping[str, Any], quota: Quota) -> None:
    """Return when a rule says something and the call's seats can keep it; raises with what to change, in words."""
    _require_columns(quota)
    if not quota.where:
        raise DomainError("quota_whom")
    places, shares = (quota.min, quota.max), (quota.min_share, quota.max_share)
    if all(limit is None for limit in (*places, *shares)):
        raise DomainError("quota_limit")
    if quota.of is not None and any(limit is not None for limit in places):
        raise DomainError("quota_of")
    if any(limit is not None and not 0 <= limit <= 1 for limit in shares):
        raise DomainError("quota_percent")
    if any(limit is not None and limit < 0 for limit in places):
        raise DomainError("quota_whole")
    _require_reachable(protocol, quota)


def require_all_sound(protocol: Mapping[str, Any]) -> None:
    """Return when every further rule can be kept by the call's seats and countries; raises for the first that cannot."""
    for quota in quotas_of(protocol):
        _require_columns(quota)
        _require_reachable(protocol, quota)


def _require_columns(quota: Quota) -> None:
    for column in (*quota.where, *(quota.of or {})):
        if column not in NAMEABLE:
            raise DomainError("quota_column", column=column)


def _require_reachable(protocol: Mapping[str, Any], quota: Quota) -> None:
    seats, rule = int(protocol["seats"]), quota_name(quota_json(quota), protocol)
    for low, high in ((quota.min, quota.max), (quota.min_share, quota.max_share)):
        if low is not None and high is not None and low > high:
            raise DomainError("quota_order", rule=rule)
    least, most = least_of(quota, seats), most_of(quota, seats)
    if least is not None and most is not None and least > most:
        raise DomainError("quota_round", rule=rule, seats=seats)
    forced, reach = _seats_there(protocol, quota)
    if least is not None and least > reach:
        raise DomainError("quota_seats", rule=rule, least=least, most=reach)
    if most is not None and most < forced:
        raise DomainError("quota_forced", rule=rule, most=most, least=forced)


def _seats_there(protocol: Mapping[str, Any], quota: Quota) -> tuple[int, int]:
    """Return how many seats go in any case, and can go at most, to whom the rule covers, by the limits of countries."""
    seats, limits = int(protocol["seats"]), protocol["country_limits"]
    named = quota.where.get(COUNTRY, tuple(limits))
    inside = [limit for code, limit in limits.items() if code in named]
    outside = [limit for code, limit in limits.items() if code not in named]
    reach = min(sum(limit["max"] for limit in inside), seats - sum(limit["min"] for limit in outside))
    forced = max(sum(limit["min"] for limit in inside), seats - sum(limit["max"] for limit in outside))
    return (forced if set(quota.where) <= {COUNTRY} else 0), reach
