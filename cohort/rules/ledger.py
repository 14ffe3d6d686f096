"""The one spelling of a record and its fingerprint, so that anybody can recompute a published hash.

It knows nothing of what a record says; chains of records are the audit's.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from hashlib import sha256

Json = str | int | float | bool | None | Sequence["Json"] | Mapping[str, "Json"]


def canonical(value: Json) -> str:
    """Return the value as JSON with sorted keys, no blanks and plain Unicode; raises ValueError on NaN.

    >>> canonical({"b": 1, "a": ["é", None]})
    '{"a":["é",null],"b":1}'
    """
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


def fingerprint(value: Json) -> str:
    """Return the SHA-256 hex digest of the canonical spelling in UTF-8.

    >>> fingerprint([])[:12]
    '4f53cda18c2b'
    """
    return sha256(canonical(value).encode()).hexdigest()
