"""Says which facts of a file the sealed rules may name, and turns the protocol's quotas into rules; solves nothing.

The public record shows only the attributes that a rule names, and an owner group as a number without a name.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from cohort.rounds.files.replay import quota_from
from cohort.rounds.models import Application
from cohort.rules.quotas import Quota
from cohort.rules.shortfall import COUNTRY, WOMENS

OWNER_GROUP = "owner_group"
NAMEABLE = ("size_class", "sector", "region", "rural", COUNTRY, WOMENS)
"""The columns that a quota of a call may name."""


def quotas_of(protocol: Mapping[str, Any]) -> tuple[Quota, ...]:
    """Return the quotas of a protocol beside seats, country limits and parity; none in a protocol of the first format."""
    return tuple(quota_from(each) for each in protocol.get("quotas", ()))


def named_by(quotas: Sequence[Quota]) -> tuple[str, ...]:
    """Return the attributes that these rules name, country and ownership apart, which every applicant has."""
    named = {column for quota in quotas for where in (quota.where, quota.of or {}) for column in where}
    return tuple(sorted(named - {COUNTRY, WOMENS, OWNER_GROUP}))


def attribute(facts: Mapping[str, Any], name: str) -> str:
    """Return one frozen fact as a rule compares it; `unknown` where nobody said."""
    if name == "rural":
        is_rural = facts.get("is_rural")
        return "unknown" if is_rural is None else "yes" if is_rural else "no"
    return str(facts.get(name) or "unknown")


def owner_groups(protocol: Mapping[str, Any], pool: Sequence[Application]) -> dict[str, str]:
    """Return for each code its owner group as `group 1`, `group 2`…; '' for a firm that stands alone in the pool.

    Numbers follow the codes, which are random, so that a number tells nothing about who the owners are.
    """
    if not protocol.get("owner_group_seats"):
        return {}
    named = {each.code: str((each.facts or {}).get(OWNER_GROUP) or "") for each in pool}
    several = {name for name, count in Counter(named.values()).items() if name and count > 1}
    order: dict[str, str] = {}
    for code in sorted(named):
        if named[code] in several:
            order.setdefault(named[code], f"group {len(order) + 1}")
    return {code: order.get(name, "") for code, name in named.items()} if order else {}


def group_quotas(protocol: Mapping[str, Any], groups: Mapping[str, str]) -> tuple[Quota, ...]:
    """Return one rule for each owner group of the pool: at most as many seats as the protocol gives a group."""
    numbers = sorted({name for name in groups.values() if name}, key=lambda name: int(name.split()[1]))
    most = int(protocol.get("owner_group_seats") or 0)
    return tuple(Quota(f"{OWNER_GROUP}:{name.split()[1]}", {OWNER_GROUP: (name,)}, max=most) for name in numbers)
