"""Decides which scheduler of several leads: a file lock beside SQLite, a session lock inside PostgreSQL."""

from __future__ import annotations

import fcntl
import os
from typing import Protocol

from flask import Flask
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from cohort.config import Settings
from cohort.kit.database import db

_LEADER_LOCK = 7_214_002  # any fixed number, other than those of the audit chain


class Leadership(Protocol):
    """A lock that one process holds; it falls when the process dies, however it dies."""

    def take(self) -> bool:
        """Try once to become the leader."""

    def holds(self) -> bool:
        """Return whether this process leads still."""

    def release(self) -> None:
        """Step down."""


class FileLeadership:
    """An exclusive lock on a file of the instance folder; the kernel drops it with the process."""

    def __init__(self, path: os.PathLike[str]) -> None:
        self._path = path
        self._descriptor: int | None = None

    def take(self) -> bool:
        """Try once to lock the file."""
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        self._descriptor = descriptor
        return True

    def holds(self) -> bool:
        """Return whether the file is locked by us."""
        return self._descriptor is not None

    def release(self) -> None:
        """Unlock the file."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


class DatabaseLeadership:
    """A session advisory lock on a connection of its own; PostgreSQL drops it with the connection."""

    def __init__(self) -> None:
        self._connection: Connection | None = None

    def take(self) -> bool:
        """Try once to take the lock."""
        try:
            connection = db.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        except DBAPIError:
            return False
        if not connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": _LEADER_LOCK}):
            connection.close()
            return False
        self._connection = connection
        return True

    def holds(self) -> bool:
        """Return whether the connection that carries the lock answers."""
        if self._connection is None:
            return False
        try:
            self._connection.scalar(text("SELECT 1"))
        except DBAPIError:
            self.release()
            return False
        return True

    def release(self) -> None:
        """Close the connection for good, not back into the pool, so that the lock falls."""
        if self._connection is not None:
            self._connection.invalidate()
            self._connection.close()
            self._connection = None


def leadership_of(app: Flask) -> Leadership:
    """Return the lock that fits this installation's database; needs the site's context."""
    settings: Settings = app.extensions["settings"]
    if db.engine.dialect.name == "postgresql":
        return DatabaseLeadership()
    return FileLeadership(settings.instance / "scheduler.lock")
