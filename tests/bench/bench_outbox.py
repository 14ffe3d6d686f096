"""Measures claim + send + mark of the outbox against a bare `smtplib` loop, in one run and interleaved.

Both talk to aiosmtpd in a process of its own. Prints two JSON lines a size. `ratio` is mails a second of ours over those of the bare loop (more is better).
`ready` sends bytes that were written before; `written` is `delivery.deliver` itself: still-true check, templates
and `EmailMessage` for each mail. `bookkeeping` is the time of claim and mark over the time of the bare sends.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import smtplib
import socket
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session
from flask import Flask
from sqlalchemy import select, update

from cohort.kit.database import db, transaction
from cohort.kit.delivery import Ready, claim, deliver, mark, prepare, send_batch
from cohort.kit.mail import compose
from cohort.kit.outbox import OutboxMessage
from cohort.kit.smtp import Courier
from tests.jobs import site as sites
from tests.jobs.children import ended, fork
from tests.jobs.servers import free_port

ROUNDS = 5
SIZES = (100, 500, 2_000)


class Sink:
    """Answers 250 to everything and keeps nothing."""

    async def handle_DATA(self, _server: SMTP, _session: Session, _envelope: Envelope) -> str:  # noqa: N802
        return "250 OK"


def serve(port: int) -> None:
    """Serve aiosmtpd until killed, in a process of its own, so that it does not share our interpreter."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    loop.run_until_complete(loop.create_server(lambda: SMTP(Sink(), hostname="sink"), "127.0.0.1", port))
    loop.run_forever()


@contextmanager
def mail_sink() -> Iterator[int]:
    port = free_port()
    pid = fork(lambda: serve(port))
    try:
        while True:
            with suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port)):
                break
            time.sleep(0.05)
        yield port
    finally:
        os.kill(pid, signal.SIGKILL)
        ended(pid)


def seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def bare(port: int, contents: list[tuple[str, bytes]]) -> None:
    with smtplib.SMTP("127.0.0.1", port) as link:
        for address, content in contents:
            link.sendmail("plan@example.org", [address], content)


def queue_again() -> None:
    with transaction() as session:
        session.execute(update(OutboxMessage).values(state="queued", attempts=0, locked_by="", locked_at=None))


def ready_made(app: Flask, url: str, size: int) -> Callable[[], float]:
    """Return a round of claim + send + mark on bytes written before; it returns the seconds of claim and mark."""
    with transaction() as session:
        ids = claim(session, "writer", size)
    written = {ready.message_id: ready for ready in prepare(app, db.session(), ids)}

    def work() -> float:
        books = 0.0
        with Courier(url) as courier:
            while True:
                began = time.perf_counter()
                with transaction() as session:
                    taken = claim(session, "bench")
                books += time.perf_counter() - began
                if not taken:
                    return books
                batch: list[Ready] = [written[number] for number in taken]
                verdicts, _goes_on = send_batch(batch, courier, "plan@example.org")
                began = time.perf_counter()
                with transaction() as session:
                    mark(session, "bench", verdicts)
                books += time.perf_counter() - began

    return work


def measure(app: Flask, url: str, port: int, size: int) -> None:
    with app.app_context():
        with transaction() as session:
            for number in range(1, size + 1):
                sites.queue(session, number)
        messages = list(db.session.scalars(select(OutboxMessage)))
        contents = [(row.address, compose(app, row, row.params)) for row in messages]
        del messages
        ready = ready_made(app, url, size)
        db.session.expunge_all()  # rows that we hold would be refreshed at each commit, which no delivery does
        times: dict[str, list[float]] = {"bare": [], "ready": [], "written": [], "books": []}
        for _round in range(ROUNDS):
            times["bare"].append(seconds(lambda: bare(port, contents)))
            queue_again()
            times["ready"].append(seconds(lambda: times["books"].append(ready())))
            queue_again()
            times["written"].append(seconds(lambda: deliver(app)))
        left = db.session.scalars(select(OutboxMessage.state).where(OutboxMessage.state != "sent")).all()
        assert not left, f"{len(left)} mails were not sent"
    middle = {name: statistics.median(found) for name, found in times.items()}
    for name in ("ready", "written"):
        line = {
            "bench": f"outbox-{name}", "size": size, "ratio": round(middle["bare"] / middle[name], 3),
            "against": "smtplib.sendmail loop, bytes ready, one connection, aiosmtpd", "seconds": round(middle[name], 4),
            "against_seconds": round(middle["bare"], 4),
        }
        print(json.dumps(line | ({"bookkeeping": round(middle["books"] / middle["bare"], 3)} if name == "ready" else {})))


def main() -> None:
    """Run every size, or those given."""
    sizes = [int(word) for word in sys.argv[1:]] or SIZES
    for size in sizes:
        with mail_sink() as port, tempfile.TemporaryDirectory() as folder, sites.kinds_of_tests():
            app = sites.fresh_site(Path(folder), smtp_url=f"smtp://127.0.0.1:{port}")
            measure(app, f"smtp://127.0.0.1:{port}", port, size)
            sites.dispose(app)


if __name__ == "__main__":
    main()
