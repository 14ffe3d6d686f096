"""Holds what a round's protocol says and how it is sealed: ready templates, canonical form, hash; applies no rule.

The protocol is plain JSON, so that anybody can hash it again. What each rule means is decided in `rules`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any

from flask_babel import lazy_gettext as _l

from cohort import reference
from cohort.rounds.calls.parts import ReviewTerms

FORMAT = "cohort-protocol/2"

# What the criteria are called where a protocol of the first format gives them no label.
RUBRIC_NAMES = {
    "readiness": _l("Export and digital readiness"),
    "product_fit": _l("The product fits the market and its rules"),
    "commitment": _l("Commitment and time of the team"),
    "capacity": _l("Capacity to produce and deliver"),
    "growth": _l("Growth and finances"),
    "inclusion": _l("Inclusion and territory"),
}
# Eligibility of domain.md §8, in the order in which a person reads it; thresholds where there is one.
CHECKS: dict[str, dict[str, int]] = {
    "country": {}, "size": {}, "trading": {"least_months": 12}, "tax_id": {}, "product": {}, "sells_online": {},
    "not_recurring": {"most_exports": 2}, "data_notice": {}, "owner_group": {}, "acts_for_firm": {},
}
# What holds in any call: without it a file could be chosen that nobody can be told of, or may read.
ALWAYS_ON = ("country", "data_notice", "acts_for_firm")
# Parts of a protocol that a draft's first page does not ask for.
PAGES_OF_THEIR_OWN = (
    "questions", "rubric", "quotas", "eligibility", "offer_days", "appeal_answer_days", "tie_criteria", "screening", "lottery",
)
TEMPLATES = {
    "equal": _l("Equal seats for each country, half of them women-owned or led"),
    "free": _l("One list for all countries without a limit for each, half of it women-owned or led"),
    "national": _l("National: each country adopts its own list by its own act; equal seats, half of them women-owned or led"),
}


@dataclass(frozen=True)
class Terms:
    """What a manager chooses to start a call; everything else follows from the ready template."""

    template: str
    seats: int
    countries: tuple[str, ...]
    share: Decimal = Decimal("0.50")
    minimum_score: Decimal = Decimal(60)
    offer_days: int = 5
    appeal_answer_days: int = 10
    reviews: ReviewTerms | None = None  # None: scores are brought in


def protocol_of(terms: Terms, parity: Mapping[str, Any]) -> dict[str, Any]:
    """Return the protocol of a ready template; `parity` is the plan's policy (profile, counts, shortfall, mode)."""
    known = reference.countries()
    return {
        "format": FORMAT,
        "template": terms.template,
        "seats": terms.seats,
        "countries": list(terms.countries),
        "country_limits": country_limits(terms),
        "parity": {
            "share": str(terms.share), "scope": list(parity["scope"]) if has_country_parity(terms) else ["overall"],
            "mode": parity["mode"], "shortfall": parity["shortfall"], "counts": parity["counts"],
            "profile": parity["profile"],
        },
        "eligibility": [
            {"check": check, "is_on": True, **limits} for check, limits in CHECKS.items() if check != "owner_group"],
        "questions": [],
        "rubric": ready_rubric(),
        "reviews": reviews_json(terms.reviews),
        "quotas": [],
        "minimum_score": str(terms.minimum_score),
        "owner_group_seats": 1,
        "waitlist_count": terms.seats,
        "verified_waitlist": 3,
        "concurrence": terms.template != "national",
        "tie_criteria": [],
        "screening": None,
        "lottery": None,
        "appeal_days": {code: known[code].appeal_days for code in terms.countries},
        "appeal_answer_days": terms.appeal_answer_days,
        "offer_days": terms.offer_days,
    }


def ready_rubric() -> list[dict[str, Any]]:
    """Return the ready rubric as a protocol holds it. Source: domain.md §8."""
    return [
        {"criterion": each.code, "weight": each.weight, "label": dict(each.names),
         "anchors": [dict(anchor) for anchor in each.anchors]}
        for each in reference.rubric()
    ]


def reviews_json(terms: ReviewTerms | None) -> dict[str, Any] | None:
    """Return how files are reviewed as a protocol holds it; None when scores are brought in."""
    return None if terms is None else {**asdict(terms), "gap": str(terms.gap)}


def carried(old: Mapping[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """Return a draft's new protocol with what its other pages, or an earlier call's, said: questions, rubric, rules, days.

    As many places on the waitlist as seats stay that many when the seats change.
    """
    kept = {key: old[key] for key in PAGES_OF_THEIR_OWN if key in old}
    if not all("anchors" in row for row in old["rubric"]):  # of the first format: weights without a word
        del kept["rubric"]
    if old["waitlist_count"] != old["seats"]:
        kept["waitlist_count"] = old["waitlist_count"]
    return {
        **new, **kept, "appeal_days": {code: old["appeal_days"].get(code, days) for code, days in new["appeal_days"].items()},
        "parity": {**new["parity"], "counts": old["parity"]["counts"], "shortfall": old["parity"]["shortfall"]},
    }


def has_country_parity(terms: Terms) -> bool:
    """Return whether parity may be asked of each country: where each has its seats and there are several."""
    return terms.template == "equal" or (terms.template == "national" and len(terms.countries) > 1)


def is_by_country(protocol: Mapping[str, Any]) -> bool:
    """Return whether each country adopts the list for itself, by an act of its own: a national call of several."""
    return bool(protocol.get("template") == "national") and len(protocol["countries"]) > 1


def country_limits(terms: Terms) -> dict[str, dict[str, int]]:
    """Return the least and most seats of each country; seats that do not divide go to the first countries.

    Without equal seats a country may take none or all of them; empty reserved seats then still have a country.
    """
    if terms.template == "free":
        return {code: {"min": 0, "max": terms.seats} for code in terms.countries}
    return {code: {"min": count, "max": count} for code, count in split_seats(terms.seats, terms.countries).items()}


def split_seats(seats: int, countries: Sequence[str]) -> dict[str, int]:
    """Return equal seats for each country; what does not divide goes to the first ones.

    >>> split_seats(5, ["CL", "PE"])
    {'CL': 3, 'PE': 2}
    """
    each, over = divmod(seats, len(countries))
    return {code: each + (place < over) for place, code in enumerate(countries)}


def canonical(value: Any) -> bytes:
    """Return the one byte form of a JSON value: sorted keys, no blanks, UTF-8."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()


def sha256_of(value: Any) -> str:
    """Return the hash of a JSON value in its canonical form, as 64 hexadecimal digits."""
    return hashlib.sha256(canonical(value)).hexdigest()


def sha256_text(text: str) -> str:
    """Return the hash of a text in UTF-8: how a seed is published before it is known."""
    return hashlib.sha256(text.encode()).hexdigest()


def short(digest: str) -> str:
    """Return a hash as people compare it: `9f2c…71ab`."""
    return f"{digest[:4]}…{digest[-4:]}" if digest else ""


def checks_on(protocol: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """Return the eligibility checks that the protocol turns on, with their thresholds."""
    return [row for row in protocol["eligibility"] if row["is_on"]]
