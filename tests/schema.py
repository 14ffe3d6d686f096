"""Builds the schema of a test database the way an installation does: by its migrations."""

from __future__ import annotations

from flask import Flask

from cohort.kit.schema import upgrade_database


def build_schema(app: Flask) -> None:
    """Bring the database to the newest schema."""
    upgrade_database(app)
