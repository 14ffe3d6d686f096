"""Starts the site under gunicorn on loopback, living on one instant, and ends it; what it serves is built in `world`."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]


def environment(folder: Path, port: int, now: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("COHORT_")}
    return kept | {
        "COHORT_INSTANCE": str(folder), "COHORT_TODAY": now, "COHORT_PUBLIC_URL": f"http://localhost:{port}",
        "COHORT_LOG_LEVEL": "WARNING", "PYTHONPATH": str(ROOT),
    }


def answers(address: str) -> bool:
    try:
        with closing(urllib.request.urlopen(address, timeout=2)) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


@contextmanager
def serving(folder: Path, port: int, now: str) -> Iterator[None]:
    """Serve the installation in a folder as `cohort run` does, with its strict Content-Security-Policy."""
    command = [
        sys.executable, "-m", "gunicorn", "cohort.kit.serve:web_worker()", "--bind", f"127.0.0.1:{port}", "--workers", "1",
        "--worker-class", "gthread", "--threads", "4", "--log-level", "warning",
    ]
    with (folder / "server.log").open("ab") as log, subprocess.Popen(command, env=environment(folder, port, now), cwd=ROOT, stdout=log, stderr=log) as server:
        try:
            until = time.monotonic() + 60
            while not answers(f"http://127.0.0.1:{port}/health/live"):
                assert server.poll() is None, (folder / "server.log").read_text()[-3000:]
                assert time.monotonic() < until, "the server did not start within a minute"
                time.sleep(0.1)
            yield
        finally:
            server.terminate()
            server.wait(20)
