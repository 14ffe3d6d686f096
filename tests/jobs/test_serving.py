"""Starts the whole site as an operator does: workers, scheduler, watch, end; one command from a shell."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from threading import Event
from typing import Any

import psutil
import pytest

from cohort.kit.serve import Child, free_port, watch
from tests.jobs import site as sites
from tests.jobs.test_processes import wait_for

COMMAND = [sys.executable, "-c", "from cohort.cli import main; main()"]


def environment(folder: Path, **settings: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("COHORT_")}
    return kept | {"COHORT_INSTANCE": str(folder), "COHORT_SECRET_KEY": sites.KEY, "PYTHONPATH": str(Path.cwd())} | settings


def cohort(folder: Path, *words: str, **settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *words], env=environment(folder, **settings), capture_output=True, text=True, timeout=60, check=False,
    )


def prepared(folder: Path) -> Path:
    """A folder whose database stands, as `cohort db upgrade` leaves it."""
    folder.mkdir(exist_ok=True)
    app = sites.fresh_site(folder, f"sqlite:///{folder / 'cohort.db'}")
    sites.dispose(app)
    return folder


def fetched(address: str) -> tuple[int, Any]:
    try:
        with urllib.request.urlopen(address, timeout=5) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)
    except OSError:
        return 0, None


def requests_counted(address: str) -> int:
    """How often one page was asked for, as /metrics counts it."""
    with urllib.request.urlopen(address, timeout=5) as answer:
        lines = answer.read().decode().splitlines()
    return sum(int(float(line.split()[-1])) for line in lines if line.startswith("cohort_request_seconds_count") and "open-data" in line)


def test_run_serves_watches_and_ends_cleanly(tmp_path: Path) -> None:
    prepared(tmp_path)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        parent = subprocess.Popen(
            [*COMMAND, "run", "--port", str(port)], env=environment(tmp_path), stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, text=True,
        )
        try:
            assert parent.stdout is not None
            lines = [parent.stdout.readline(), parent.stdout.readline()]
            found = re.fullmatch(r"Cohort is at http://localhost:(\d+) \(Ctrl-C ends it\)\n", lines[1])
            assert found, lines
            chosen = int(found[1])
            assert port < chosen < port + 50
            wait_for(lambda: fetched(f"http://127.0.0.1:{chosen}/health/live") == (200, {"alive": True}), 40)
            for _visit in range(9):
                urllib.request.urlopen(f"http://127.0.0.1:{chosen}/open-data/", timeout=5).close()
            counted = {requests_counted(f"http://127.0.0.1:{chosen}/metrics") for _look in range(12)}
            assert counted == {9}  # whichever of the two workers answers
            ready = (200, {"ready": True, "degraded": [], "database": True, "migrations": True, "scheduler": True})
            wait_for(lambda: fetched(f"http://127.0.0.1:{chosen}/health/ready") == ready, 40)
            children = psutil.Process(parent.pid).children(recursive=True)
            scheduler = next(child for child in children if child.cmdline()[-1:] == ["scheduler"])
            scheduler.kill()
            wait_for(lambda: any(
                child.status() != psutil.STATUS_ZOMBIE and child.cmdline()[-1:] == ["scheduler"]
                for child in psutil.Process(parent.pid).children() if child.pid != scheduler.pid
            ))
            everyone = psutil.Process(parent.pid).children(recursive=True)
            time.sleep(1)
            parent.send_signal(signal.SIGTERM)
            assert parent.wait(30) == 0
            assert psutil.wait_procs(everyone, timeout=10)[1] == []
        finally:
            parent.stdout.close()
            for left in [parent, *psutil.Process(parent.pid).children(recursive=True)] if parent.poll() is None else []:
                left.kill()
            parent.wait()


def test_children_end_when_the_parent_is_killed(tmp_path: Path) -> None:
    prepared(tmp_path)
    parent = subprocess.Popen(
        [*COMMAND, "run", "--port", str(free_port("127.0.0.1", 5400 + os.getpid() % 200))], env=environment(tmp_path),
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )
    everyone: list[psutil.Process] = []
    try:
        assert parent.stdout is not None
        parent.stdout.readline()
        address = parent.stdout.readline().split()[3].replace("localhost", "127.0.0.1")
        wait_for(lambda: fetched(f"{address}/health/ready")[0] == 200, 40)
        everyone = psutil.Process(parent.pid).children(recursive=True)
        assert len(everyone) == 4  # gunicorn, its two workers, the scheduler
        parent.kill()
        gone, left = psutil.wait_procs(everyone, timeout=25)
        assert (len(gone), left) == (4, [])
        assert fetched(f"{address}/health/live") == (0, None)
    finally:
        assert parent.stdout is not None
        parent.stdout.close()
        for process in [each for each in everyone if each.is_running()]:
            process.kill()
        parent.kill()
        parent.wait()


def test_a_child_that_does_not_listen_is_stopped_when_its_parent_is_gone(tmp_path: Path) -> None:
    deaf = "import signal, time; from cohort.kit import lifeline; signal.signal(signal.SIGTERM, signal.SIG_IGN); " \
        "lifeline.end_with(0, 0.5); print('listens', flush=True); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", deaf], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment(tmp_path)) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"listens\n"
        assert child.poll() is None
        assert child.stdin is not None
        child.stdin.close()
        assert child.wait(10) == -signal.SIGKILL


def test_a_child_that_dies_twice_within_a_minute_ends_the_watch(capfd: pytest.CaptureFixture[str]) -> None:
    steady = Child("steady", [sys.executable, "-c", "import time; time.sleep(60)"], dict(os.environ))
    brittle = Child("brittle", [sys.executable, "-c", "raise SystemExit(7)"], dict(os.environ))
    assert watch([steady, brittle], Event()) == 1
    assert capfd.readouterr().err.splitlines() == [
        "brittle ended with 7; starting it again", "brittle died twice within a minute; giving up",
    ]
    assert steady.process is not None
    assert steady.process.poll() is not None


def test_a_taken_port_is_passed_over() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert port < free_port("127.0.0.1", port) < port + 50


def test_jobs_by_hand(tmp_path: Path) -> None:
    prepared(tmp_path)
    listed = cohort(tmp_path, "jobs", "list", "--json")
    assert (listed.returncode, listed.stderr) == (0, "")
    jobs = {line["job"]: line["runs"] for line in json.loads(listed.stdout)}
    assert (jobs["jobs.tidy"], jobs["mail.deliver"]) == ("daily at 03:40", "every 1 min")
    for _time in range(2):
        ran = cohort(tmp_path, "jobs", "run", "jobs.tidy", "--as-of", "2026-11-01", "--json")
        assert (ran.returncode, ran.stderr) == (0, "")
        assert json.loads(ran.stdout) == {
            "job": "jobs.tidy", "period": "2026-11-01", "as_of": "2026-11-01", "state": "done",
            "counts": {"forgotten": 0}, "error": "",
        }
    told = json.loads(cohort(tmp_path, "jobs", "history", "--json").stdout)
    assert [(run["job"], run["period"], run["state"], run["attempts"]) for run in told] == [("jobs.tidy", "2026-11-01", "done", 2)]
