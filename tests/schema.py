"""Builds the schema of a test database."""

from __future__ import annotations

from flask import Flask

from cohort.kit.database import db


def build_schema(app: Flask) -> None:
    """Create all tables."""
    with app.app_context():
        db.create_all()
