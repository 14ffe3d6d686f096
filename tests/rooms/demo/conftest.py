"""Builds small demos, each in a database of its own: the story opens and closes its own transactions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date

import pytest
from flask import Flask

from cohort.app import create_app
from cohort.demo.build import build_demo
from cohort.demo.story import Scale
from cohort.kit.database import db
from tests.rooms.conftest import settings_for
from tests.schema import build_schema

AS_OF = date(2026, 11, 24)
SMALL = Scale(applicants=12, seats=3, review_applicants=2, later_applicants=2, gapless_days=6)

Build = Callable[..., Flask]


@pytest.fixture(scope="package")
def build(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Build]:
    """Return a function that gives a site whose database holds a demo; `url` names another database than SQLite."""
    made: list[Flask] = []

    def make(seed: int = 7, scale: Scale = SMALL, url: str = "", *, is_built: bool = True) -> Flask:
        folder = tmp_path_factory.mktemp("demo")
        app = create_app(settings_for(folder, url or f"sqlite:///{folder / 'demo.db'}"))
        app.testing = True
        app.extensions["security"].pwd_context.update(argon2__time_cost=1, argon2__memory_cost=8, argon2__parallelism=1)
        build_schema(app)
        if is_built:
            build_demo(app, seed, AS_OF, scale=scale, progress=lambda *_: None)
        made.append(app)
        return app

    yield make
    for app in made:
        with app.app_context():
            db.session.remove()
            db.engine.dispose()


@pytest.fixture(scope="package")
def small(build: Build) -> Flask:
    """A small demo on SQLite."""
    return build()


@pytest.fixture(scope="package")
def full_size(build: Build) -> Flask:
    """A demo with all of its members; only those who were not chosen are fewer."""
    return build(scale=replace(SMALL, applicants=60, seats=20, review_applicants=6, later_applicants=5))
