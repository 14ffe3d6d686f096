"""Starts a throw-away PostgreSQL cluster from the installed server binaries, as an unprivileged user, sync off."""

from __future__ import annotations

import itertools
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import psycopg

PREFIX = "cohort-pg-"


def server_binaries() -> Path:
    """Return the folder of initdb and pg_ctl; `make test` installs them beforehand, so absence is a fault."""
    places = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), reverse=True)
    found = str(places[0]) if places else shutil.which("initdb")
    assert found, "PostgreSQL server binaries are missing: install the package postgresql"
    return Path(found).resolve().parent


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Cluster:
    """A running server; each caller takes databases of its own."""

    port: int
    numbers: Iterator[int] = field(default_factory=itertools.count)

    def fresh_database(self) -> str:
        """Make an empty database and return its address."""
        name = f"cohort_{next(self.numbers)}"
        base = f"postgresql://postgres@127.0.0.1:{self.port}"
        with psycopg.connect(f"{base}/postgres", autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")  # type: ignore[arg-type]
        return f"{base}/{name}"


def _end(binaries: Path, folder: Path) -> None:
    """Stop the server of a folder, if one runs, and drop the folder."""
    number = folder / "data" / "postmaster.pid"
    if number.exists():
        stop = [str(binaries / "pg_ctl"), "-D", str(folder / "data"), "-m", "immediate", "stop"]
        owner = folder.stat().st_uid
        subprocess.run(stop, check=False, cwd=folder, stdout=subprocess.DEVNULL, **({"user": owner} if os.geteuid() == 0 else {}))  # type: ignore[call-overload]
    shutil.rmtree(folder, ignore_errors=True)


def _sweep(binaries: Path) -> None:
    """End what tests left behind that were killed: their number, gone now, is in the name of the folder."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*-*"):
        number = folder.name.removeprefix(PREFIX).split("-")[0]
        if number.isdecimal() and not psutil.pid_exists(int(number)):
            _end(binaries, folder)


@contextmanager
def throwaway_cluster() -> Iterator[Cluster]:
    """Run a server for the block; when the tests run as root it runs as the user `postgres`."""
    binaries, port = server_binaries(), _free_port()
    _sweep(binaries)
    folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-"))
    as_user: dict[str, object] = {}
    if os.geteuid() == 0:
        account = pwd.getpwnam("postgres")
        os.chown(folder, account.pw_uid, account.pw_gid)
        as_user = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}

    def call(*words: str) -> None:
        subprocess.run(words, check=True, cwd=folder, stdout=subprocess.DEVNULL, **as_user)  # type: ignore[call-overload]

    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -c fsync=off -c full_page_writes=off -c synchronous_commit=off"
    try:
        call(str(binaries / "initdb"), "-D", str(folder / "data"), "-A", "trust", "-U", "postgres", "-N", "-E", "UTF8")
        call(str(binaries / "pg_ctl"), "-D", str(folder / "data"), "-l", str(folder / "log"), "-o", options, "-w", "start")
        yield Cluster(port)
    finally:
        _end(binaries, folder)
