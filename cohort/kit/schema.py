"""Brings the database to the newest schema and tells whether it is there; what the tables are stands in the rooms."""

from __future__ import annotations

from alembic import command
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask
from sqlalchemy import Connection

from cohort.kit.database import db


def upgrade_database(app: Flask) -> None:
    """Run every migration that this database has not seen; safe to call at each start."""
    with app.app_context():
        command.upgrade(app.extensions["migrate"].migrate.get_config(), "head")


def revisions(app: Flask, connection: Connection) -> tuple[str | None, str | None]:
    """Return (revision of the database, newest revision of the code); equal when nothing is left to run."""
    script = ScriptDirectory.from_config(app.extensions["migrate"].migrate.get_config())
    return MigrationContext.configure(connection).get_current_revision(), script.get_current_head()


def is_at_head(app: Flask) -> bool:
    """Return whether the database stands at the newest schema."""
    current, newest = revisions(app, db.session().connection())
    return current == newest
