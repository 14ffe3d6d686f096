"""The migrations build exactly the tables that the rooms declare, on both databases, and can be taken back."""

from __future__ import annotations

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from flask import Flask
from sqlalchemy import inspect

from cohort.kit.database import db


def test_the_schema_is_what_the_rooms_declare(app: Flask) -> None:
    with app.app_context():
        context = MigrationContext.configure(db.engines[None], opts={"compare_type": True})  # type: ignore[arg-type]
        assert compare_metadata(context, db.metadata) == []


def test_down_and_up_again(app: Flask) -> None:
    with app.app_context():
        config = app.extensions["migrate"].migrate.get_config()
        config.attributes["connection"] = db.engines[None]
        before = set(inspect(db.engines[None]).get_table_names())
        command.downgrade(config, "base")
        assert set(inspect(db.engines[None]).get_table_names()) == {"alembic_version"}
        command.upgrade(config, "head")
        assert set(inspect(db.engines[None]).get_table_names()) == before
