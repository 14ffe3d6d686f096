"""Remembers for a few seconds what the frame of a page shows, so that a menu costs no query at each click.

What a person did themselves is seen at once: each writing request moves their mark, and what was remembered
before it no longer counts. What others did is seen after twenty seconds at the latest.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

from flask import Flask, Response, request, session

from cohort.kit import clock
from cohort.kit.access import current_actor
from cohort.kit.database import SAFE_METHODS

KEPT_SECONDS = 20.0
MOST_KEPT = 2_000
_kept: dict[Hashable, tuple[float, Any]] = {}


def remembered(key: Hashable, find: Callable[[], Any]) -> Any:
    """Return what `find` gave for `key` within the last twenty seconds and since the person's own last act, else ask it."""
    now = clock.now().timestamp()
    found = _kept.get(key)
    if found is not None and 0 <= now - found[0] < KEPT_SECONDS and found[0] > session.get("acted_at", 0.0):
        return found[1]
    if len(_kept) >= MOST_KEPT:
        _kept.clear()
    answer = find()
    _kept[key] = (now, answer)
    return answer


def forget() -> None:
    """Forget everything: for tests, which share a process but not a database."""
    _kept.clear()


def init_app(app: Flask) -> None:
    """Note when whoever is signed in last changed something."""

    @app.after_request
    def mark(response: Response) -> Response:
        if request.method not in SAFE_METHODS and current_actor().person_id is not None and response.status_code < 500:
            session["acted_at"] = clock.now().timestamp()
        return response
