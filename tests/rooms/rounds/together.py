"""A site on a database of its own, for two real connections that act at the same moment."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flask import Flask

from cohort.app import create_app
from cohort.kit import clock
from tests.postgres import throwaway_cluster
from tests.rooms.conftest import settings_for
from tests.rooms.rounds.conftest import NOW
from tests.schema import build_schema


@contextmanager
def site_for_two(kind: str) -> Iterator[Flask]:
    """Give a site on SQLite or PostgreSQL that nobody else uses, at the hour of the other tests."""
    with tempfile.TemporaryDirectory() as folder, throwaway_cluster() as cluster:
        url = f"sqlite:///{folder}/two.db" if kind == "sqlite" else cluster.fresh_database()
        site = create_app(settings_for(Path(folder), url))
        site.extensions["security"].pwd_context.update(argon2__time_cost=1, argon2__memory_cost=8, argon2__parallelism=1)
        build_schema(site)
        clock.pin(NOW)
        yield site
