"""Counts requests and their seconds by route and status, summed over all web workers; who may read it is `health`'s.

Under `cohort run` each worker writes its counts into small files of one folder (`FOLDER_VARIABLE`), so that any
worker can give the sum; without the folder a process knows its own counts only. Static files and the
operator's own addresses are left out.
"""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

from flask import Flask, Response, g, request, request_finished, request_started
from prometheus_client import CollectorRegistry, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"  # the library's own name, read when it is loaded
BUCKETS_SECONDS = (0.025, 0.1, 0.25, 1.0, 5.0)
METHODS = {"GET", "HEAD", "OPTIONS", "POST"}
QUIET = {"static", "health.live", "health.ready", "health.metrics"}

_own = CollectorRegistry()
_seconds = Histogram(
    "cohort_request_seconds", "Requests and how long they took, by route and status", ["method", "route", "status"],
    registry=_own, buckets=BUCKETS_SECONDS,
)


def fresh_folder(instance: Path) -> Path:
    """Return the empty folder into which the workers of one run write; counts begin anew with each run."""
    folder = instance / "traffic"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    return folder


def figures() -> bytes:
    """Return the counts of all workers as Prometheus reads them."""
    registry = _own
    if FOLDER_VARIABLE in os.environ:
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return generate_latest(registry)


def _begin(_app: Flask, **_more: object) -> None:
    g.began_seconds = time.perf_counter()


def _count(_app: Flask, response: Response, **_more: object) -> None:
    if request.endpoint not in QUIET:
        route = "none" if request.url_rule is None else request.url_rule.rule
        method = request.method if request.method in METHODS else "other"  # anybody may make up methods
        _seconds.labels(method, route, response.status_code).observe(time.perf_counter() - g.began_seconds)


def init_app(app: Flask) -> None:
    """Take the time of each request, from before the first gate to the finished page, refused ones too."""
    request_started.connect(_begin, app)
    request_finished.connect(_count, app)
