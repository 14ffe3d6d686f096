"""Starts the web workers and one scheduler, watches both and ends both; what they serve is built by `cohort.app`."""

from __future__ import annotations

import gc
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from threading import Event
from types import FrameType
from typing import Any

import click
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cohort.kit import logs, traffic
from cohort.kit.database import db
from cohort.kit.scheduler import run_scheduler
from cohort.kit.schema import upgrade_database
from cohort.kit.site import open_site, site_command

BEAT_SECONDS = 0.5
BEATS_A_MINUTE = 120
GRACE_SECONDS = 15
PORTS_TRIED = 50
DEMO = "cohort.demo.build:build_demo"
DEMO_SIGN_INS = "cohort.demo.build:sign_in_lines"


def _stop_on_signals() -> Event:
    stop = Event()

    def ask_to_stop(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, ask_to_stop)
    signal.signal(signal.SIGINT, ask_to_stop)
    return stop


def free_port(host: str, wanted: int) -> int:
    """Return `wanted`, or the next port after it that nobody listens on; raises `OSError` when fifty are taken."""
    for port in range(wanted, wanted + PORTS_TRIED):
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError:
                continue
            return port
    raise OSError(f"no free port between {wanted} and {wanted + PORTS_TRIED - 1}")


@dataclass
class Child:
    """One watched process, and how many beats ago it last died."""

    name: str
    command: Sequence[str]
    environment: dict[str, str]
    lifeline: int | None = None  # it inherits this descriptor, see `lifeline`
    process: subprocess.Popen[bytes] | None = None
    beats_since_death: int = field(default=BEATS_A_MINUTE)

    def start(self) -> None:
        """Start it in our own process group, so that Ctrl-C reaches all of us."""
        kept = () if self.lifeline is None else (self.lifeline,)
        self.process = subprocess.Popen(list(self.command), env=self.environment, pass_fds=kept)

    def beat(self) -> bool:
        """Return whether it may go on: it lives, or this was its first death within a minute and it lives again."""
        assert self.process is not None
        self.beats_since_death += 1
        if self.process.poll() is None:
            return True
        if self.beats_since_death < BEATS_A_MINUTE:
            return False
        click.echo(f"{self.name} ended with {self.process.returncode}; starting it again", err=True)
        self.beats_since_death = 0
        self.start()
        return True

    def ask_to_end(self) -> None:
        """Ask it to end, unless it did."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()

    def end(self) -> None:
        """Wait until it ends, and insist after a while."""
        if self.process is None:
            return
        try:
            self.process.wait(GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def watch(children: Sequence[Child], stop: Event) -> int:
    """Keep the children alive until `stop`; return 0 after a signal, 1 when one died twice within a minute."""
    try:
        for child in children:
            child.start()
        while not stop.wait(BEAT_SECONDS):
            for child in children:
                if not child.beat():
                    click.echo(f"{child.name} died twice within a minute; giving up", err=True)
                    return 1
        return 0
    finally:
        for child in children:
            child.ask_to_end()
        for child in children:
            child.end()


def children_of(host: str, port: int, instance: Path) -> list[Child]:
    """Return the web workers and the scheduler, ready to start; both end when this process does, however it ends."""
    lifeline, _ours = os.pipe()  # our end stays open as long as this process lives
    held = [sys.executable, "-m", "cohort.kit.lifeline", str(lifeline)]
    environment = {"COHORT_PUBLIC_URL": f"http://localhost:{port}", **os.environ}
    bound = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    web = [
        *held, "gunicorn", "cohort.kit.serve:web_worker()", "--bind", bound, "--workers", "2",
        "--worker-class", "gthread", "--threads", "4", "--timeout", "60", "--graceful-timeout", "10",
        "--log-level", "warning",
    ]
    return [
        Child("web", web, {**environment, traffic.FOLDER_VARIABLE: str(traffic.fresh_folder(instance))}, lifeline),
        Child("scheduler", [*held, "cohort", "scheduler"], environment, lifeline),
    ]


def _is_empty(app: Flask) -> bool:
    """Return whether no plan lives in this database yet."""
    plan = db.metadata.tables.get("plan")
    with app.app_context(), Session(db.engine) as session:
        return plan is not None and session.scalar(select(func.count()).select_from(plan)) == 0


def _call(place: str, app: Flask) -> Any:
    """Call what stands at "module:name" with the site; the demo lies above the kit, so it is found by its name."""
    module, attribute = place.split(":")
    return getattr(import_module(module), attribute)(app)


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=5000, show_default=True, help="Port, or the next free one after it.")
@click.option("--demo", is_flag=True, help="Load the demo when the database is empty.")
def run(host: str, port: int, demo: bool) -> None:
    """Upgrade the database, serve the site and watch one scheduler."""
    stop = _stop_on_signals()
    with site_command() as app:
        upgrade_database(app)
        if demo and _is_empty(app):
            click.echo("Building the demo, once; about a minute.")
            sys.stdout.flush()
            _call(DEMO, app)
        sign_ins = _call(DEMO_SIGN_INS, app)
        db.engine.dispose()
    try:
        port = free_port(host, port)
    except OSError as error:
        click.echo(f"--host, --port: {error}", err=True)
        sys.exit(2)
    click.echo(f"Instance folder: {app.instance_path}")
    click.echo(f"Cohort is at http://localhost:{port} (Ctrl-C ends it)")
    for line in sign_ins:
        click.echo(line)
    sys.stdout.flush()
    sys.exit(watch(children_of(host, port, Path(app.instance_path)), stop))


def web_worker() -> Flask:
    """Return the site for one gunicorn worker, with its logs as JSON."""
    app = open_site()
    logs.configure(app.extensions["settings"].log_level)
    # The site itself lives as long as its worker: no collection need look at it again, and few need to run.
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
    return app


@click.command()
def scheduler() -> None:
    """Run the scheduler as its own process."""
    stop = _stop_on_signals()
    app = open_site()
    logs.configure(app.extensions["settings"].log_level)
    run_scheduler(app, stop)
