"""Remembers for a few seconds what the frame of a page shows, so that a menu costs no query at each click.

What a person did themselves is seen at once: each writing request moves their mark, and what was remembered
before it no longer counts. What others did is seen after twenty seconds at the latest.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

from flask import Flask, Response, current_app, request, session
from markupsafe import Markup

from cohort.kit import clock
from cohort.kit.access import current_actor
from cohort.kit.database import SAFE_METHODS
from cohort.kit.language import reader_language, reader_region

MOST_KEPT = 2_000
_kept: dict[Hashable, tuple[float, Any]] = {}


def remembered(key: Hashable, find: Callable[[], Any]) -> Any:
    """Return what `find` gave for `key` within the last twenty seconds and since the person's own last act, else ask it."""
    now = clock.now().timestamp()
    found = _kept.get(key)
    if found is not None and 0 <= now - found[0] < current_app.config["REMEMBERED_SECONDS"] and found[0] > session.get("acted_at", 0.0):
        return found[1]
    if len(_kept) >= MOST_KEPT:
        _kept.clear()
    answer = find()
    _kept[key] = (now, answer)
    return answer


def written_once(name: str, *parts: Hashable, caller: Callable[[], str]) -> str:
    """Return what a template's call block writes, remembered for this browser session, language and `parts`.

    A block may hold the session's form token, so nothing is kept before the session has one.
    """
    token = session.get("csrf_token")
    if token is None:
        return caller()
    return Markup(remembered((name, token, reader_language(), reader_region(), *parts), caller))


def init_app(app: Flask) -> None:
    """Give templates `written_once`, and note when whoever is signed in last changed something."""
    app.config["REMEMBERED_SECONDS"] = 20.0
    app.jinja_env.globals["written_once"] = written_once

    @app.after_request
    def mark(response: Response) -> Response:
        if request.method not in SAFE_METHODS and current_actor().person_id is not None and response.status_code < 500:
            session["acted_at"] = clock.now().timestamp()
        return response
