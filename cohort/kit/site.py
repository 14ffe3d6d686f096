"""Opens the site for a command or a process that is not a web worker; how it is built is decided by `cohort.app`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import cast

import click
from flask import Flask
from flask_babel import force_locale
from sqlalchemy.exc import OperationalError, ProgrammingError

from cohort.config import BadSetting
from cohort.kit import logs
from cohort.kit.database import db
from cohort.kit.errors import WORDINGS, DomainError, sentence
from cohort.kit.schema import revisions


def open_site() -> Flask:
    """Return the site of this environment; the factory lies above the kit, so it is found by its name."""
    return cast(Flask, import_module("cohort.app").create_app())


@contextmanager
def site_command() -> Iterator[Flask]:
    """Give a command the site and its context, in English.

    A bad setting, a refusal of a service or a database without the newest schema ends the command with one line on
    standard error and exit code 2; a refusal that is a fault of ours (status 500 and above) with 1.
    """
    try:
        app = open_site()
    except BadSetting as error:
        click.echo(str(error), err=True)
        sys.exit(2)
    level = app.extensions["settings"].log_level
    logs.configure("WARNING" if level == "INFO" else level)  # a command says itself what it did
    with app.app_context(), force_locale("en"):
        try:
            yield app
        except DomainError as error:
            click.echo(sentence(error), err=True)
            sys.exit(1 if int(WORDINGS[error.code].status) >= 500 else 2)
        except (OperationalError, ProgrammingError):  # SQLite and PostgreSQL say of a missing table by these
            if _has_newest_schema(app):
                raise
            click.echo("The database is not prepared for this version. Run “cohort db upgrade” first.", err=True)
            sys.exit(2)


def _has_newest_schema(app: Flask) -> bool:
    """Return whether the schema is not what failed; asked on a connection of its own, for the other one is broken."""
    db.session.rollback()
    with db.engine.connect() as connection:
        current, newest = revisions(app, connection)
    return current == newest
