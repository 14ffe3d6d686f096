"""Checks the `call` that a published record carries on top: its hashes, and that the question is the sealed protocol's.

The record below it is checked by `seals` and `replay`; without a call, as in records of files, it says nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from hashlib import sha256
from typing import Any

from cohort.rules.ledger import Json, fingerprint

PARTS = {
    "code", "title_es", "title_en", "protocol_hash", "seed_hash", "pool_hash", "protocol", "record_hash", "hash",
}
CHANCES = "chances_hash"
"""What the call of a lottery says besides: the hash of the chances as published before the draw."""
_GROUP = "owner_group"


def with_hash(call: Mapping[str, Json]) -> dict[str, Json]:
    """Return the call with the fingerprint of everything else that it says."""
    return {**call, "hash": fingerprint(call)}


def call_failures(record: Mapping[str, Any]) -> list[str]:
    """Return one line for each thing that the call says and that does not hold; none for a record without a call.

    Raises KeyError, TypeError, ValueError or ArithmeticError when the call is of no shape that we know.
    """
    if "call" not in record:
        return []
    call, parts = record["call"], PARTS | ({CHANCES} if "lottery" in record["result"] else set())
    return [
        *(f"call.{name}: no part of a call" for name in call if name not in parts),
        *(f"call.{name}: missing" for name in sorted(parts - set(call))),
        *_wrong_hashes(record, call),
        *(
            f"protocol.{name}: the decision asked {asked}, the sealed protocol says {said}"
            for name, asked, said in _pairs(record["protocol"], call["protocol"])
            if asked != said
        ),
    ]


def _wrong_hashes(record: Mapping[str, Any], call: Mapping[str, Any]) -> list[str]:
    """Return a line for each hash that is not that of what it was published for."""
    told = {
        "protocol_hash": ("the protocol is not the one sealed at opening", fingerprint(call["protocol"])),
        "seed_hash": ("the seed is not the one whose hash was published at opening", sha256(record["seed"].encode()).hexdigest()),
        "record_hash": ("the record is not the one that was sealed", fingerprint(_without(record, "call"))),
        CHANCES: ("the lottery is not the one published before the draw", _chances(record)),
        "hash": ("what is said of the call is not what was published", fingerprint(_without(call, "hash"))),
    }
    return [f"call.{name}: {what}" for name, (what, digest) in told.items() if call.get(name) != digest]


def _chances(record: Mapping[str, Any]) -> str | None:
    """Return the fingerprint of the lottery that was drawn from; None where none was."""
    return fingerprint(record["result"]["lottery"]) if "lottery" in record["result"] else None


def _without(whole: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in whole.items() if key != name}


def _pairs(asked: Mapping[str, Any], said: Mapping[str, Any]) -> list[tuple[str, Any, Any]]:
    """Return what the decision asked beside what the protocol says, part by part, in one spelling."""
    limits = {code: [limit["min"], limit["max"]] for code, limit in said["country_limits"].items()}
    return [
        ("seats", asked["seats"], said["seats"]),
        ("country_limits", asked["country_limits"], limits),
        *((f"parity.{name}", asked["parity"][name], said["parity"][name]) for name in ("mode", "shortfall", "counts")),
        ("parity.share", _spelt(asked["parity"]["share"]), _spelt(said["parity"]["share"])),
        ("parity.per_country", asked["parity"]["per_country"], "country" in said["parity"]["scope"]),
        ("quotas", *_quota_pair(asked, said)),
        ("lottery", asked.get("lottery"), _bands(said.get("lottery"), asked.get("lottery"))),
    ]


def _quota_pair(asked: Mapping[str, Any], said: Mapping[str, Any]) -> tuple[list[Any], list[Any]]:
    """Return the quotas of both; one for each owner group of the pool follows from the seats that a group may have."""
    most = said.get("owner_group_seats")
    own = [
        one for one in asked["quotas"]
        if not (most and set(one["where"]) == {_GROUP} and (one["min"], one["max"]) == (None, int(most)))
    ]
    return own, list(said.get("quotas", ()))


def _bands(said: Mapping[str, Any] | None, asked: list[str] | None) -> list[str] | None:
    """Return the bands of the protocol, spelt as the decision spells them where they are the same figures."""
    if said is None:
        return None
    bands = [str(edge) for edge in said["bands"]]
    return asked if asked is not None and sorted(map(Decimal, asked)) == sorted(map(Decimal, bands)) else bands


def _spelt(share: str) -> str:
    return str(Fraction(share))
