"""Builds the site in named steps: settings, database, access, language, rooms, errors; decides nothing itself."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cache
from pathlib import Path

from flask import Flask, url_for
from flask_migrate import Migrate
from whitenoise import WhiteNoise

from cohort import __version__
from cohort.config import PACKAGE, Settings, web_root
from cohort.demo import sign_ins as demo
from cohort.exports import room as exports
from cohort.firms import room as firms
from cohort.kit import (
    clock,
    database,
    doors,
    errors,
    gallery,
    language,
    markup,
    navigation,
    operations,
    styles,
)
from cohort.kit.database import db
from cohort.people import room as people
from cohort.plans import room as plans
from cohort.reports import room as reports
from cohort.rounds import room as rounds
from cohort.training import room as training


def create_app(settings: Settings | None = None) -> Flask:
    """Return the site of one installation; without `settings` they are read from the environment."""
    settings = settings or Settings.read()
    app = _site(settings)
    database.init_app(app)
    Migrate(app, db, directory=str(PACKAGE / "migrations"), render_as_batch=True, compare_type=True)
    doors.init_app(app, settings)
    language.init_app(app, str(PACKAGE / "translations"))
    styles.init_styles(app)
    markup.init_app(app)
    _rooms(app, settings)
    errors.init_app(app)
    return app


def _site(settings: Settings) -> Flask:
    """Make the bare Flask site: folders, key, clock, static files."""
    root = web_root()
    app = Flask(
        "cohort", instance_path=str(settings.instance),
        template_folder=str(root / "templates"), static_folder=str(root / "static"),
    )
    app.config.update(
        SECRET_KEY=settings.secret_key,
        SQLALCHEMY_DATABASE_URI=settings.database_url,
        SEND_FILE_MAX_AGE_DEFAULT=31_536_000,
    )
    app.extensions["settings"] = settings
    clock.pin(settings.today)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.globals.update(asset=_asset_of(root / "static"), csp_nonce=doors.csp_nonce, version=__version__)
    app.wsgi_app = WhiteNoise(app.wsgi_app, root=str(root / "static"), prefix="static/", max_age=31_536_000)  # type: ignore[method-assign]
    return app


def _asset_of(static: Path) -> Callable[[str], str]:
    """Return the template function that names a static file together with a hash of what it holds."""

    @cache
    def asset(name: str) -> str:
        digest = hashlib.sha256((static / name).read_bytes()).hexdigest()[:10]
        return url_for("static", filename=name, v=digest)

    return asset


def _rooms(app: Flask, settings: Settings) -> None:
    """Open every room: its views, mail kinds, jobs, listeners and access rules."""
    people.init_app(app, settings)
    firms.init_app(app)
    plans.init_app(app)
    exports.init_app(app)
    training.init_app(app)
    rounds.init_app(app)
    reports.init_app(app)
    demo.init_app(app)
    navigation.init_app(app)
    operations.init_app(app)
    app.register_blueprint(gallery.blueprint)
