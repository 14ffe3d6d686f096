"""Lends rooms the world of `tests/world.py` on each database, browsers for its people, and a look at what was noted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from flask_babel import force_locale
from sqlalchemy import select
from sqlalchemy.orm import Session

from cohort.kit import audit, clock
from cohort.kit.access import SYSTEM, Actor, act_as
from cohort.kit.database import Base, db, transaction
from cohort.kit.doors import limiter
from cohort.kit.errors import DomainError, sentence
from tests import world as worlds
from tests.pages import Pages, sign_in_as

PagesOf = Callable[..., Pages]
Do = Callable[[Callable[[Session], Any]], Any]


@pytest.fixture(autouse=True)
def noon(app: Flask) -> Iterator[None]:
    """Every test lives at noon of the same Tuesday, counts its rate limits anew."""
    clock.pin(worlds.NOW)
    with app.app_context():
        limiter.reset()
    yield
    clock.pin(None)


@pytest.fixture
def do(app: Flask) -> Do:
    """Act in one committed transaction of the system's, as a door would."""

    def act(what: Callable[[Session], Any]) -> Any:
        with app.app_context(), transaction() as session:
            act_as(session, SYSTEM)
            return what(session)

    return act


@pytest.fixture
def world(do: Do) -> worlds.World:
    built: worlds.World = do(worlds.build)
    return built


@pytest.fixture
def pages(app: Flask, world: worlds.World) -> PagesOf:
    """A browser for one person of the world; without a name, one that is signed out."""

    def browser(name: str = "", language: str = "en") -> Pages:
        return sign_in_as(app, world.people[name], language) if name else Pages(app)

    return browser


@pytest.fixture
def seeing(app: Flask) -> Iterator[Callable[[Actor], Session]]:
    """A session that sees what an actor sees, as a request has it."""
    with app.app_context():
        opened: Session = db.session()

        def see(actor: Actor) -> Session:
            act_as(opened, actor)
            return opened

        yield see
        db.session.remove()


def noted(session: Session) -> list[tuple[str, dict[str, Any], dict[str, Any]]]:
    """What services noted in this session and no commit has sealed yet: (action, before, after)."""
    return [(action, before or {}, after or {}) for _at, _actor, action, _subject, before, after in session.info.get("audit", [])]


def acts_on(session: Session, subject: Base) -> list[tuple[str, str]]:
    """What was sealed about a record, oldest first: (who, action)."""
    return [(entry.actor_name, entry.action) for entry in reversed(audit.history_of(session, subject))]


def refusal(call: Callable[[], object]) -> str:
    """The code of the refusal that a call must raise; its sentence must be complete in both languages."""
    with pytest.raises(DomainError) as raised:
        call()
    for language in ("es", "en"):
        with force_locale(language):
            assert "%(" not in sentence(raised.value)
    return raised.value.code


def rows(session: Session, model: type[Base], *criteria: Any) -> list[Any]:
    """All rows of a table that match, by number, as they stand now."""
    session.expire_all()
    return list(session.scalars(select(model).where(*criteria).order_by(model.id)))  # type: ignore[attr-defined]


__all__ = ["PagesOf", "acts_on", "do", "noon", "noted", "pages", "refusal", "rows", "seeing", "world"]
