"""Builds the demo in a database that is empty or holds an earlier demo, and says how to sign in; the story is `story`'s."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import cast

from flask import Flask
from flask_babel import force_locale
from sqlalchemy.orm import Session

from cohort.demo import marker, sign_ins
from cohort.demo.progress import shown_progress
from cohort.demo.stage_set import PASSWORD
from cohort.demo.story import FULL, Progress, Scale, tell_story
from cohort.demo.timeline import EARLIEST, Timeline
from cohort.kit import clock
from cohort.kit.database import db, transaction

SEED = 7


class NotADemo(Exception):
    """The database holds somebody's work, so the demo is not built over it."""


class TooEarly(Exception):
    """The story cannot be told as of a day before the reference values of its first call begin."""


def build_demo(
    app: Flask, seed: int = SEED, as_of: date | None = None, *, scale: Scale = FULL, progress: Progress | None = None
) -> None:
    """Build the demo as of a day (default: today) in place of an earlier one; shows a bar on a terminal.

    Raises `NotADemo` when the database holds anything else, `TooEarly` for a day too long ago. When it fails, or
    is stopped, nothing is left behind. The caller has brought the schema up to date.
    """
    with app.app_context():
        day = as_of or clock.today()
        if day < EARLIEST:
            raise TooEarly(f"the demo's story begins to be possible as of {EARLIEST.isoformat()}")
        if marker.holds_work(cast(Session, db.session())):
            raise NotADemo("the database holds a plan, people or firms that are not the demo's")
        db.session.remove()
        _empty()
        with _fast_writes(), _rare_collection():
            try:
                _tell(Timeline(day), seed, scale, progress)
            except BaseException:
                db.session.remove()
                _empty()
                raise


def _tell(timeline: Timeline, seed: int, scale: Scale, progress: Progress | None) -> None:
    with transaction() as session:
        marker.note_demo(session, seed, timeline.as_of.isoformat())
    if progress is not None:
        tell_story(timeline, seed, scale, progress)
    else:
        with shown_progress() as shown:
            tell_story(timeline, seed, scale, shown)
    with transaction() as session:
        noted = marker.demo_of(session)
        assert noted is not None, "the note was written before the story"
        noted.counts = {"finished": 1}


def _empty() -> None:
    with transaction() as session:
        marker.empty_demo(session)


def sign_in_lines(app: Flask) -> list[str]:
    """Return what to print below the site's address: nothing unless this database holds the finished demo."""
    with app.app_context(), force_locale("en"):  # a context of its own does not know the language of the one around it
        shown = sign_ins.shown_sign_ins()
        db.session.remove()
    if not shown:
        return []
    width = max(len(each.email) for each in shown)
    lines = [f"  {each.email:<{width}}  {each.role_en}" for each in shown]
    return [f"Demo sign-ins, all with the password: {PASSWORD}", *lines]


@contextmanager
def _fast_writes() -> Iterator[None]:
    """Let SQLite not wait for the disk meanwhile: a build that is cut off is built again, nothing of it is lost work."""
    if db.engine.dialect.name != "sqlite":
        yield
        return
    _pragma("OFF")
    try:
        yield
    finally:
        db.session.remove()
        _pragma("FULL")


@contextmanager
def _rare_collection() -> Iterator[None]:
    """Look for unreachable cycles less often: a fifth of the time went into walking over rows that are soon dropped."""
    before = gc.get_threshold()
    gc.set_threshold(200_000, 20, 20)
    try:
        yield
    finally:
        gc.set_threshold(*before)


def _pragma(level: str) -> None:
    connection = db.engine.raw_connection()
    try:
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA synchronous={level}")
        cursor.close()
    finally:
        connection.close()
