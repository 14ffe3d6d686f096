"""Opens the room of reports: the first pages of each role and the public ones; decides nothing itself."""

from __future__ import annotations

from flask import Flask

from cohort.reports import views


def init_app(app: Flask) -> None:
    """Register the pages."""
    app.register_blueprint(views.blueprint)
