"""Holds the database: typed base, UTC instants, SQLite settings and the one `transaction()`; no room's tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, cast

from flask import Flask, request
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import JSON, DateTime, Dialect, Engine, MetaData, event
from sqlalchemy.engine import Connection
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import DeclarativeBase, ORMExecuteState, Session, UOWTransaction, registry
from sqlalchemy.types import TypeDecorator

from cohort.kit.errors import DomainError

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
BUSY_TIMEOUT_MS = 10_000


class UTCDateTime(TypeDecorator[datetime]):
    """Store an aware instant in UTC and hand it back aware; SQLite alone would lose the zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse a naive instant: nobody could tell which moment it means."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant without a time zone cannot be stored")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return the instant aware, whatever the database remembered."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """Parent of every table; constraint names are fixed so that migrations run alike everywhere."""

    registry = registry(
        metadata=MetaData(
            naming_convention={
                "ix": "ix_%(column_0_N_label)s",
                "uq": "uq_%(table_name)s_%(column_0_N_name)s",
                "ck": "ck_%(table_name)s_%(constraint_name)s",
                "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
                "pk": "pk_%(table_name)s",
            }
        ),
        type_annotation_map={datetime: UTCDateTime(), dict[str, Any]: JSON(), list[Any]: JSON()},
    )


# A test binds one connection in an outer transaction; its commits then become savepoints.
db = SQLAlchemy(model_class=Base, session_options={"join_transaction_mode": "create_savepoint"})

_before_commit: list[Callable[[Session], None]] = []


def before_commit(step: Callable[[Session], None]) -> Callable[[Session], None]:
    """Register what must happen inside each transaction just before it commits (the audit chain)."""
    _before_commit.append(step)
    return step


def begin_writing(session: Session) -> None:
    """Begin a transaction that will write.

    On SQLite it takes the write lock before the first read: in WAL, a read that later writes fails at once
    when somebody else wrote meanwhile, whatever the busy timeout. Raises `DomainError("locked")` after the
    timeout.
    """
    if session.info.get("writing"):
        return
    if session.in_transaction():
        session.rollback()
    try:
        session.connection(execution_options={"cohort_write": True})
    except OperationalError as error:
        session.rollback()
        raise DomainError("locked") from error
    session.info["writing"] = True


def stop_writing(session: Session) -> None:
    """Give the write lock of an unsafe request back while it works something out; `transaction()` takes it again."""
    session.rollback()
    session.info.pop("writing", None)


@contextmanager
def transaction() -> Iterator[Session]:
    """Give the session of one unit of work; commit at the end, or roll all of it back when it fails.

    Opened by a door (view, job, command), never by a service.
    """
    session = cast(Session, db.session())
    begin_writing(session)
    try:
        yield session
        session.flush()
        for step in _before_commit:
            step(session)
        session.commit()
    except BaseException:
        session.rollback()
        raise
    finally:
        session.info.pop("writing", None)


@event.listens_for(Engine, "connect")
def _prepare_sqlite(connection: Any, _record: object) -> None:
    if type(connection).__module__.split(".")[0] != "sqlite3":
        return
    connection.isolation_level = None  # we send BEGIN ourselves, see _begin
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute("PRAGMA mmap_size=268435456")
    cursor.close()


@event.listens_for(Engine, "begin")
def _begin(connection: Connection) -> None:
    if connection.dialect.name != "sqlite":
        return
    if connection.get_execution_options().get("cohort_write"):
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:  # takes no lock, so it cannot fail and need not go through all that a statement goes through, at every click
        cast(Any, connection.connection.dbapi_connection).execute("BEGIN")


def _refuse_write(session: Session) -> None:
    if session.info.get("read_only"):
        raise DomainError("write_on_read")


@event.listens_for(Session, "before_flush")
def _no_flush_on_read(session: Session, _context: UOWTransaction, _instances: object) -> None:
    if session.new or session.deleted or any(session.is_modified(row) for row in session.dirty):
        _refuse_write(session)


@event.listens_for(Session, "do_orm_execute")
def _no_statement_on_read(state: ORMExecuteState) -> None:
    if state.is_insert or state.is_update or state.is_delete:
        _refuse_write(state.session)


def init_app(app: Flask) -> None:
    """Bind the database to the site and hold each request to its method: safe ones read, others lock first."""
    db.init_app(app)

    @app.before_request
    def open_by_method() -> None:
        session = cast(Session, db.session())
        session.info.pop("writing", None)
        session.info["read_only"] = request.method in SAFE_METHODS
        if request.method not in SAFE_METHODS and request.endpoint is not None:
            _ = request.form  # read the body first: a slow phone must not hold the write lock while it uploads
            begin_writing(session)

    @app.teardown_request
    def leave(_error: BaseException | None) -> None:
        session = cast(Session, db.session())
        session.info.clear()
