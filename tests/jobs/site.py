"""Builds small sites for the tests of jobs: own database, own mail kind, own jobs, none of which outlive a test."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from flask import Flask
from jinja2 import ChoiceLoader, DictLoader
from sqlalchemy import event, text
from sqlalchemy.orm import Session

from cohort.app import create_app
from cohort.config import Settings
from cohort.kit import jobs, outbox
from cohort.kit.database import db
from cohort.kit.outbox import OutboxMessage, Recipient, enqueue
from tests.schema import build_schema

KEY = "a key for tests that is long enough to be taken"
NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
DAY = NOON.date()
FULL = os.environ.get("TEST_SIZE") == "full"

OPENED: list[Flask] = []
TEMPLATES = DictLoader({
    "email/witness.subject.txt": "Meeting on {{ held_on|day }}",
    "email/witness.txt": "Dear {{ recipient_name }},\n{{ lines|join('\n') }}\n{{ url_for('jobs.index') }}",
    "email/witness.html": "<p>Dear {{ recipient_name }}</p>",
    "email/key.subject.txt": "Your link", "email/key.txt": "{{ link }}", "email/key.html": "<p>{{ link }}</p>",
    "email/bundle.subject.txt": "Steps", "email/bundle.txt": "{{ steps|length }} by {{ steps[0].due_on|day }}", "email/bundle.html": "x",
    "email/broken.subject.txt": "x", "email/broken.txt": "{{ 1 // 0 }}", "email/broken.html": "x",
})


def open_site(folder: Path, url: str, smtp_url: str = "", today: str = "2026-11-24T12:00:00+00:00") -> Flask:
    """Return a site on `url` at a standing clock; with a mail server when one is named."""
    environment = {"COHORT_INSTANCE": str(folder), "COHORT_DATABASE_URL": url, "COHORT_SECRET_KEY": KEY, "COHORT_TODAY": today}
    if smtp_url:
        environment |= {"COHORT_SMTP_URL": smtp_url, "COHORT_MAIL_FROM": "plan@example.org"}
    app = create_app(Settings.read(environment))
    app.testing = True
    OPENED.append(app)
    app.jinja_env.loader = ChoiceLoader([TEMPLATES, app.jinja_env.loader or DictLoader({})])
    return app


def fresh_site(folder: Path, url: str = "", smtp_url: str = "") -> Flask:
    """Return a site whose schema has just been built."""
    app = open_site(folder, url or f"sqlite:///{folder / 'site.db'}", smtp_url)
    build_schema(app)
    return app


def reader(number: int, language: str = "es", region: str = "CL") -> Recipient:
    return Recipient(f"person{number}@example.org", f"Person {number}", language, region, number)


def queue(session: Session, number: int, kind: str = "witness", **params: Any) -> OutboxMessage | None:
    """Queue one mail of a test kind."""
    facts = {"held_on": date(2026, 12, 1), "lines": ["one", "two"], "link": "https://example.org/k", **params}
    return enqueue(session, reader(number), kind, "person", number, DAY, 0, facts)


def remind(session: Session, as_of: date) -> dict[str, int]:
    """Do what a job does: a few mails, each with its effect key."""
    queued = [
        enqueue(session, reader(number), "witness", "person", number, as_of, 0, {"held_on": as_of, "lines": []})
        for number in range(1, 4)
    ]
    return {"queued": sum(message is not None for message in queued)}


def break_down(session: Session, as_of: date) -> dict[str, int]:
    remind(session, as_of)
    raise RuntimeError("broken on purpose")


@contextmanager
def kinds_of_tests() -> Iterator[None]:
    """Register the kinds and jobs of the tests for the block."""
    outbox.mail_kind(
        "witness", lambda _session, message: None if message.params.get("over") else dict(message.params), title="Call to a meeting",
    )
    outbox.mail_kind("bundle", lambda _session, message: {**message.params, "steps": [{"due_on": DAY}] * 3})
    outbox.mail_kind("key", secret=True)
    outbox.mail_kind("broken")
    jobs.job(
        "test.remind", "Queues three mails.", daily_at="02:30", title="Three mails",
        counted={"queued": lambda count: f"{count} mails queued"},
    )(remind)
    jobs.job("test.break", "Breaks.", daily_at="02:30", title="Breaks at once")(break_down)
    try:
        yield
    finally:
        for name in ("witness", "bundle", "key", "broken"):
            del outbox.MAIL_KINDS[name]
        for name in ("test.remind", "test.break"):
            del jobs.JOBS[name]


def rows_of(app: Flask) -> dict[str, list[tuple[Any, ...]]]:
    """Return every row that a job may have made, without the ledger and the audit chain, whose runners and salts differ."""
    left_out = {"job_run", "job_heartbeat", "audit_entry", "audit_payload"}
    with app.app_context(), db.engine.connect() as connection:
        return {
            name: sorted(map(tuple, connection.execute(table.select())), key=repr)
            for name, table in sorted(db.metadata.tables.items()) if name not in left_out
        }


def dispose(app: Flask) -> None:
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


def copy_of(folder: Path, target: Path) -> Path:
    """Copy a site at rest."""
    shutil.copytree(folder, target)
    return target


def count_writes(app: Flask, at: int = 0) -> list[str]:
    """Watch the writing statements of `app`; at the `at`-th one this process kills itself, as a power cut would."""
    seen: list[str] = []
    with app.app_context():
        engine = db.engine

    @event.listens_for(engine, "before_cursor_execute")
    def watch(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if statement.lstrip().split(" ", 1)[0].upper() in {"INSERT", "UPDATE", "DELETE", "WITH"}:
            seen.append(statement)
            if len(seen) == at:
                os.kill(os.getpid(), 9)

    return seen


def days_later(days: int) -> datetime:
    return NOON + timedelta(days=days)


def chain_length(app: Flask) -> int:
    with app.app_context(), db.engine.connect() as connection:
        return int(connection.scalar(text("SELECT count(*) FROM audit_entry")) or 0)


