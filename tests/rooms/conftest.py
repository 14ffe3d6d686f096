"""Gives each test a database of its own making: SQLite and PostgreSQL, built once a run, rolled back after each test."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import Connection
from sqlalchemy.orm import Session

from cohort.app import create_app
from cohort.config import Settings
from cohort.kit import clock
from cohort.kit.access import SYSTEM, act_as
from cohort.kit.database import db
from tests.postgres import Cluster, throwaway_cluster
from tests.schema import build_schema

KEY = "a key for tests that is long enough to be taken"


def settings_for(folder: Path, url: str) -> Settings:
    return Settings.read({"COHORT_INSTANCE": str(folder), "COHORT_DATABASE_URL": url, "COHORT_SECRET_KEY": KEY})


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """One PostgreSQL server per test process, thrown away at the end."""
    with throwaway_cluster() as running:
        yield running


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """The site on one database, with the schema built by the migrations once."""
    folder = tmp_path_factory.mktemp("site")
    if request.param == "sqlite":
        url = f"sqlite:///{folder / 'test.db'}"
    else:
        url = request.getfixturevalue("cluster").fresh_database()
    app = create_app(settings_for(folder, url))
    app.testing = True
    app.config["REMEMBERED_SECONDS"] = 0  # tests share a process, not a database
    build_schema(app)
    yield app
    with app.app_context():
        db.engine.dispose()


@pytest.fixture
def app(site: Flask) -> Iterator[Flask]:
    """The site inside one outer transaction: whatever a test commits is a savepoint, and is rolled back."""
    with site.app_context():
        engine = db.engines[None]
    connection: Connection = engine.connect().execution_options(cohort_write=True)
    outer = connection.begin()
    with site.app_context():
        db.engines[None] = connection  # type: ignore[assignment]
    try:
        yield site
    finally:
        clock.pin(None)
        with site.app_context():
            db.engines[None] = engine
        outer.rollback()
        connection.close()


@pytest.fixture
def session(app: Flask) -> Iterator[Session]:
    """A session that sees everything, for arranging and for looking afterwards."""
    with app.app_context():
        opened: Session = db.session()
        act_as(opened, SYSTEM)
        yield opened
        db.session.remove()


def is_quick() -> bool:
    """Whether the suites run at short sizes (`make test`) or full (`make endurance`)."""
    return os.environ.get("TEST_SIZE", "quick") == "quick"


