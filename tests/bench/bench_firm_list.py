"""Measures the signed-in list of firms against a bare Flask hello under the same server, interleaved in one run.

Both run under gunicorn with two workers: as `cohort run` starts them (four threads each), and one request at a time
(sync, where a hello is cheaper). Two client processes send one request after the other over plain sockets. Prints one
JSON line a size and server: `ratio` is list pages a second over hellos a second, the median of the rounds (more is
better); each round is compared with its own hello, since what else the machine does changes from second to second.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from multiprocessing import get_context
from pathlib import Path

from flask import Flask
from sqlalchemy import insert

from cohort.app import create_app
from cohort.config import Settings
from cohort.firms.facts import plain
from cohort.firms.models import Firm
from cohort.kit import clock
from cohort.kit.access import Role
from cohort.kit.database import db, transaction
from cohort.people.models import Person, RoleGrant, SignInSession
from cohort.people.sessions import hashed
from cohort.plans.models import Plan

ROUNDS, SECONDS, CLIENTS = 15, 0.5, 2
SERVERS = {"2 workers of 4 threads": ("gthread", "--threads", "4"), "2 sync workers": ("sync",)}
KEY = "a key for the bench that is long enough to be taken"
WORDS = ("Tejidos", "Cacao", "Joyas", "Café", "Alpaca", "Cuero", "Miel", "Quinua", "Ñandú", "Barro")

hello = Flask("hello")


@hello.get("/")
def greet() -> str:
    """Answer as little as a page can."""
    return "hello"


def fill(site: Flask, size: int) -> str:
    """Have `size` firms and a signed-in manager; returns the manager's cookie."""
    now = clock.now()
    with site.app_context():
        db.create_all()
    with site.app_context(), transaction() as session:
        rows = (
            {"country": ("CL", "CO", "MX", "PE")[number % 4], "tax_id": f"{number:010}", "legal_name": f"{WORDS[number % 10]} {number}",
             "sort_name": plain(f"{WORDS[number % 10]} {number}"), "recorded_at": now, "sector": "commerce",
             "size_class": ("micro", "small")[number % 2], "women_owned": ("yes", "no", "unknown")[number % 3],
             "women_led": "yes", "tax_id_status": "valid"}
            for number in range(size)
        )
        session.connection().execute(insert(Firm), list(rows))
        plan = Plan(code="B", name_es="Plan", name_en="Plan", starts_on=now.date(), ends_on=now.date(), time_zone="America/Santiago",
                    lead_country="CL", recorded_at=now)
        person = Person(email="bench@example.test", name="Bench", language="en", region="CL", fs_uniquifier="bench")
        session.add_all([plan, person])
        session.flush()
        session.add(RoleGrant(plan_id=plan.id, person_id=person.id, role=Role.MANAGER, valid_from=now.date()))
        session.add(SignInSession(person_id=person.id, token_hash=hashed("bench"), kind="browser", created_at=now, last_seen_at=now,
                                  expires_at=now + timedelta(days=1)))
    client = site.test_client()
    with client.session_transaction() as cookie:
        cookie.permanent = True
        cookie.update({"_user_id": "bench", "_fresh": True, "_id": "bench", "fs_paa": now.timestamp(), "place": "bench", "seen_at": now.timestamp(), "two_factors": True, "csrf_token": "bench"})
    found = client.get_cookie("session")
    assert found is not None
    with site.app_context():
        db.engine.dispose()
    return found.value


@contextmanager
def served(target: str, environment: dict[str, str], server: str) -> Iterator[int]:
    """Serve an application under gunicorn with two workers and give its port."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    command = [sys.executable, "-m", "gunicorn", target, "--bind", f"127.0.0.1:{port}", "--workers", "2", "--log-level", "error",
               "--worker-class", *SERVERS[server]]
    process = subprocess.Popen(command, env={**os.environ, **environment}, stderr=subprocess.DEVNULL)
    try:
        for _try in range(200):
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except ConnectionRefusedError:
                time.sleep(0.1)
        yield port
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)


def ask(port: int, path: str, cookie: str) -> bytes:
    """Send one request on a connection of its own and return the whole answer."""
    with socket.create_connection(("127.0.0.1", port)) as link:
        link.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nCookie: session={cookie}\r\n\r\n".encode())
        parts = []
        while part := link.recv(65536):
            parts.append(part)
    return b"".join(parts)


def keep_asking(port: int, path: str, cookie: str, seconds: float) -> int:
    """Ask one request after the other and return how many were answered with 200."""
    until, count = time.perf_counter() + seconds, 0
    while time.perf_counter() < until:
        count += ask(port, path, cookie).startswith(b"HTTP/1.1 200")
    return count


def rate(port: int, path: str, cookie: str) -> float:
    with get_context("fork").Pool(CLIENTS) as pool:
        counts = pool.starmap(keep_asking, [(port, path, cookie, SECONDS)] * CLIENTS)
    return sum(counts) / SECONDS


def measure(size: int) -> Iterator[dict[str, object]]:
    """Yield the figures of one size under each server."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {"COHORT_INSTANCE": folder, "COHORT_DATABASE_URL": f"sqlite:///{Path(folder) / 'bench.db'}",
                       "COHORT_SECRET_KEY": KEY, "COHORT_LOG_LEVEL": "WARNING"}
        cookie = fill(create_app(Settings.read(environment)), size)
        for server in SERVERS:
            yield {"bench": "firm-list", "size": size, "against": f"bare Flask hello, gunicorn {server}", **compare(environment, server, cookie)}


def compare(environment: dict[str, str], server: str, cookie: str) -> dict[str, object]:
    """Return the medians of interleaved rounds under one server."""
    with served("cohort.kit.serve:web_worker()", environment, server) as ours, \
            served("tests.bench.bench_firm_list:hello", {}, server) as bare:
        answer = ask(ours, "/firms/", cookie)
        assert answer.count(b'<th scope="row"') == 50, answer[:500]
        rates = [(rate(ours, "/firms/", cookie), rate(bare, "/", cookie)) for _round in range(ROUNDS)]
    pages, hellos = (statistics.median(column) for column in zip(*rates, strict=True))
    ratio = statistics.median(page / greeting for page, greeting in rates)
    return {"ratio": round(ratio, 3), "seconds": round(1 / pages, 5), "pages_a_second": round(pages),
            "hellos_a_second": round(hellos), "page_bytes": len(answer)}


def main() -> None:
    """Print one JSON line a size and server; sizes may be given as arguments."""
    for size in [int(size) for size in sys.argv[1:]] or [1_000, 100_000]:
        for figures in measure(size):
            print(json.dumps(figures), flush=True)


if __name__ == "__main__":
    main()
