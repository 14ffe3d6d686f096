"""Finds by one query at each click who is signed in here and which roles they hold; what a role opens stands in access.

Nothing is remembered from one request to the next: a session signed out, a role taken back, a person shut out count
from the next click on. How a session begins and ends stands in sessions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from flask import Flask, g, request, session
from flask_security.utils import set_request_attr
from sqlalchemy import ColumnElement, Date, String, and_, bindparam, literal, select, union_all, update
from sqlalchemy.orm import Session

from cohort.kit import clock
from cohort.kit.access import ANONYMOUS, Actor, unscoped
from cohort.kit.database import SAFE_METHODS, UTCDateTime, db
from cohort.people.actors import actor_with, called, holding, lent
from cohort.people.models import Person, RoleGrant, SignInSession
from cohort.people.sessions import IDLE, STAMP_EVERY, hashed

_place, _person, _grant = SignInSession.__table__.c, Person.__table__.c, RoleGrant.__table__.c
_away = Person.__table__.alias("away")
_TODAY = bindparam("today", type_=Date())
_WHO = (
    _place.id, _place.kind, _place.last_seen_at, _place.person_id, _person.name, _person.email, _person.language,
    _person.region, _person.office_country, _grant.plan_id, _grant.role, _grant.country, _grant.firm_id,
)


def _signed_in() -> ColumnElement[bool]:
    return and_(
        _place.token_hash == bindparam("token"), _place.revoked_at.is_(None), _person.active,
        _place.expires_at > bindparam("now", type_=UTCDateTime()), _person.fs_uniquifier == bindparam("uniquifier"),
    )


# One row a role held today, one row without a role for whoever holds none, and one a role lent to a deputy. Plain
# columns of tables, since nothing read here is changed; whose session it is decides what its reader may see, so no
# scope can apply yet.
_OWN = (
    select(*_WHO, literal(None, String()).label("lent_by"))
    .join_from(SignInSession.__table__, Person.__table__, _person.id == _place.person_id)
    .outerjoin(RoleGrant.__table__, holding(_grant, _place.person_id, _TODAY))
    .where(_signed_in())
)
_LENT = select(*_WHO, called(_away.c).label("lent_by")).where(
    _person.id == _place.person_id, lent(_grant, _away.c, _place.person_id, _TODAY), _signed_in()
)
_HERE = union_all(_OWN, _LENT)


@dataclass(frozen=True)
class SignedIn:
    """Whoever is signed in at one place: the session, the person as an actor, language and region of their pages."""

    place_id: int
    person_id: int
    actor: Actor
    language: str
    region: str | None


def here() -> SignedIn | None:
    """Return who is signed in in this browser, asked once a request, or None when the session has ended or slept too long."""
    if "signed_in" not in g:
        g.signed_in = _asked(cast(Session, db.session()))
    return cast("SignedIn | None", g.signed_in)


def _asked(session_: Session) -> SignedIn | None:
    token, seen, uniquifier = session.get("place"), session.get("seen_at"), session.get("_user_id")
    if not token or seen is None or uniquifier is None:
        return None
    now = clock.now()
    sought = {"token": hashed(str(token)), "now": now, "today": clock.today(), "uniquifier": uniquifier}
    rows: Sequence[Any] = session_.connection().execute(_HERE, sought).all()
    if not rows:
        return None
    found = rows[0]  # all rows say the same of the place and of the person
    last = max(found.last_seen_at.timestamp(), float(seen))
    if found.kind == "browser" and now.timestamp() - last > IDLE.total_seconds():
        return None
    g.place_id = found.id
    if request.method not in SAFE_METHODS:
        _stamp(session_, found.id, found.last_seen_at, now)
    own = [row for row in rows if row.lent_by is None and row.plan_id is not None]
    lent_grants = [row for row in rows if row.lent_by is not None]
    actor = actor_with(own, lent_grants, found.person_id, found.name or found.email, session.get("plan_id"))
    return SignedIn(found.id, found.person_id, actor, found.language, found.region or found.office_country)


def _stamp(session_: Session, place_id: int, last_seen_at: datetime, now: datetime) -> None:
    if now - last_seen_at > STAMP_EVERY:
        session_.execute(update(SignInSession).where(SignInSession.id == place_id).values(last_seen_at=now))


def load_actor() -> Actor:
    """Return who makes this request and set the language and region of the page."""
    found = here()
    if found is None:
        return ANONYMOUS
    set_request_attr("fs_authn_via", "session")  # what the library's own loader would tell it
    set_request_attr("fs_paa", session.get("fs_paa", 0))
    g.language, g.region = found.language, found.region
    return found.actor


def _load(_uniquifier: str) -> Person | None:
    """Return the whole person of this browser's session; only the library's own views ask."""
    found, session_ = here(), cast(Session, db.session())
    if found is None:
        return None
    with unscoped(session_):
        return session_.get(Person, found.person_id)


def init_app(app: Flask) -> None:
    """Let the library load people through their session, whichever door they came in by, and only where it must."""
    login = app.login_manager  # type: ignore[attr-defined]
    login.user_loader(_load)
    login.request_loader(lambda _request: None)  # no token of the library opens a page
    # The library would load the person at each click: for roles of its own, which we do not use, and for a
    # template variable that no page of ours names.
    app.extensions["security"].principal.identity_loaders.clear()
    processors = app.template_context_processors[None]
    processors[:] = [each for each in processors if each.__module__ != "flask_login.utils"]
