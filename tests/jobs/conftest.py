"""Gives tests of jobs a site of their own, on SQLite or on a throw-away PostgreSQL, and takes the clock back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from cohort.kit import clock
from tests.jobs import site as sites
from tests.postgres import Cluster, throwaway_cluster


@pytest.fixture(autouse=True)
def kinds() -> Iterator[None]:
    """The mail kinds and jobs of the tests; afterwards every site is closed and the clock runs."""
    with sites.kinds_of_tests():
        yield
    while sites.OPENED:
        sites.dispose(sites.OPENED.pop())
    clock.pin(None)


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """One PostgreSQL server per test process."""
    with throwaway_cluster() as running:
        yield running


@pytest.fixture
def sqlite_site(tmp_path: Path) -> Flask:
    """A site on a SQLite file."""
    return sites.fresh_site(tmp_path)


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database, on both kinds."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'site.db'}"
    running: Cluster = request.getfixturevalue("cluster")
    return running.fresh_database()


@pytest.fixture
def any_site(place: str, tmp_path: Path) -> Flask:
    """A site on both kinds of database."""
    return sites.fresh_site(tmp_path, place)
