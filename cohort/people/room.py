"""Opens the room: the sign-in library, who acts, pages; decides nothing itself."""

from __future__ import annotations

from flask import Flask

from cohort.config import Settings
from cohort.kit import access
from cohort.people import security, sessions
from cohort.people.actors import load_actor


def init_app(app: Flask, settings: Settings) -> None:
    """Start sign-in, load the actor of each request and register the room's pages."""
    security.init_app(app, settings)
    sessions.init_app(app)
    access.init_app(app, load_actor)
