"""Holds what `cohort db check` looks at besides the audit chain: rooms say what of theirs must agree with what.

Leaves out the looking itself, which each room does, and who runs it (`kit.cli`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy.orm import Session

Look = Callable[[Session, bool], list[str]]


@dataclass(frozen=True)
class DatabaseCheck:
    """One check: `look` returns a line a fault, and mends them when it is told to; `holds` says what should be."""

    name: str
    holds: str
    look: Look


CHECKS: dict[str, DatabaseCheck] = {}


def database_check(name: str, holds: str) -> Callable[[Look], Look]:
    """Register a check of the database under a name of its own."""

    def register(look: Look) -> Look:
        """Put the function into the registry and hand it back."""
        assert name not in CHECKS, f"two checks are called {name}"
        CHECKS[name] = DatabaseCheck(name, holds, look)
        return look

    return register
