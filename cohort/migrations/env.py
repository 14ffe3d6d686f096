"""Runs migrations on the installation's own engine; which tables there are is known by the rooms' models."""

from __future__ import annotations

from alembic import context
from flask import current_app

from cohort.kit.database import db


def run() -> None:
    """Migrate inside one transaction; tables are rebuilt where SQLite cannot alter them."""
    options = current_app.extensions["migrate"].configure_args
    handed = context.config.attributes.get("connection")
    if handed is not None:
        context.configure(connection=handed, target_metadata=db.metadata, **options)
        context.run_migrations()
        return
    with db.engine.connect().execution_options(cohort_write=True) as connection, connection.begin():
        context.configure(connection=connection, target_metadata=db.metadata, **options)
        context.run_migrations()


run()
