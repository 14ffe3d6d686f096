"""Reads a record strictly and names each part that its own hashes contradict, so that no changed byte passes unseen.

Taking the decision again is `replay`; what the published call says on top of a record is `call_part`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from cohort.rounds.files.record import HASHED, OF_SOME, TOLD
from cohort.rules.ledger import fingerprint

PARTS = {
    "format": str, "protocol": dict, "seed": str, "rows": list, "fixed": dict, "result": dict, "hashes": dict,
    "software": str, "rule": str,
}
"""The parts that every record has, and of what kind they are."""


def loaded(content: bytes) -> Any:
    """Return what the bytes say; raises ValueError where a name stands twice, or for a figure that is none."""
    return json.loads(content, object_pairs_hook=_once, parse_constant=_no_figure)


def seal_failures(record: Mapping[str, Any]) -> list[str]:
    """Return one line for each part that is not the one sealed, and for each name that no record has.

    Records made before `software` and `rule` were hashed carry no hash of them. Raises ValueError for a part that
    no canonical spelling has.
    """
    hashes = record["hashes"]
    some = (name for name in OF_SOME if name in hashes or name in record)
    hashed = (*HASHED, *(name for name in TOLD if name in hashes), *some)
    return [
        *(f"{name}: no part of a record" for name in record if name not in {*PARTS, *OF_SOME, "call"}),
        *(f"hashes.{name}: no part that is hashed" for name in hashes if name not in hashed),
        *(
            f"hashes.{name}: the part {name} is not the one that was sealed"
            for name in hashed
            if hashes.get(name) != fingerprint(record.get(name))
        ),
    ]


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _value in pairs]
        raise ValueError(f"{next(name for name in found if names.count(name) > 1)!r} stands twice")
    return found


def _no_figure(text: str) -> None:
    raise ValueError(f"{text} is no figure")
