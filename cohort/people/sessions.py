"""Keeps where a person is signed in, so that each place can be signed out alone; who is signed in is `signed_in`'s question.

A browser sleeps after 12 hours without use. A firm's phone stays for 90 days. The idle time is told by a stamp in the
signed cookie, because a page that only shows may not write.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta
from typing import cast

from flask import Flask, Response, g, request, session
from flask_security import UserMixin, user_authenticated
from flask_security.utils import check_and_update_authn_fresh
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from cohort.kit import clock
from cohort.kit.access import STAFF, Actor, unscoped
from cohort.kit.audit import record
from cohort.kit.database import db
from cohort.kit.errors import DomainError
from cohort.people.actors import valid_grants
from cohort.people.models import Person, SignInSession

IDLE = timedelta(hours=12)
LONGEST = timedelta(days=14)
PHONE = timedelta(days=90)
STAMP_EVERY = timedelta(minutes=5)
FRESH, GRACE = timedelta(hours=1), timedelta(minutes=10)
_PHONE_WORDS = ("Mobile", "Android", "iPhone")


def hashed(token: str) -> str:
    """Return what is kept of a token: its SHA-256, from which the token cannot be told."""
    return hashlib.sha256(token.encode()).hexdigest()


def _short_agent() -> str:
    """Return browser and system in a few words, enough for a person to know their own place again."""
    agent = request.user_agent.string
    browser = next((name for mark, name in (
        ("Edg", "Edge"), ("SamsungBrowser", "Samsung Internet"), ("Firefox", "Firefox"), ("Chrome", "Chrome"),
        ("Safari", "Safari")) if mark in agent), "")
    system = next((name for mark, name in (
        ("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"), ("Mac OS", "macOS"),
        ("Linux", "Linux")) if mark in agent), "")
    return ", ".join(part for part in (browser, system) if part)[:80]


def _kind(session_: Session, person: Person, via: list[str]) -> str:
    if any(grant.role in STAFF for grant in valid_grants(session_, person.id)):
        return "browser"
    if "link" in via:
        return "link"
    return "phone" if any(word in request.user_agent.string for word in _PHONE_WORDS) else "browser"


def open_session(session_: Session, person: Person, via: list[str]) -> SignInSession:
    """Note that `person` is now signed in here and put the token into the signed cookie; returns the row."""
    token, now = secrets.token_urlsafe(32), clock.now()
    kind = _kind(session_, person, via)
    if session.get("place"):  # signed in again: the place has one session, not two
        session_.execute(
            update(SignInSession).where(SignInSession.token_hash == hashed(str(session["place"]))).values(revoked_at=now)
        )
    place = SignInSession(
        person_id=person.id, token_hash=hashed(token), kind=kind, user_agent=_short_agent(),
        created_at=now, last_seen_at=now, expires_at=now + (LONGEST if kind == "browser" else PHONE),
    )
    session_.add(place)
    session_.flush()
    session.permanent = True
    session["place"], session["seen_at"] = token, now.timestamp()
    session["two_factors"] = bool({"authenticator", "webauthn", "recovery"} & set(via))
    record(session_, Actor(person_id=person.id, name=person.name or person.email), "person.signed_in", person,
           after={"via": via, "kind": kind, "place": place.user_agent})
    return place


def places_of(session_: Session, person_id: int) -> list[SignInSession]:
    """Return where a person is signed in now, latest first."""
    statement = select(SignInSession).where(
        SignInSession.person_id == person_id, SignInSession.revoked_at.is_(None),
        SignInSession.expires_at > clock.now(),
    )
    return list(session_.scalars(statement.order_by(SignInSession.created_at.desc(), SignInSession.id.desc())))


def sign_out_place(session_: Session, actor: Actor, place_id: int) -> None:
    """End one of the actor's own sessions; raises `not_found` for any other."""
    place = session_.get(SignInSession, place_id)
    if place is None or place.person_id != actor.person_id or place.revoked_at is not None:
        raise DomainError("not_found")
    place.revoked_at = clock.now()
    record(session_, actor, "person.signed_out", place.person, after={"place": place.user_agent})


def sign_out_others(session_: Session, actor: Actor, person_id: int, keep: int | None) -> int:
    """End all sessions of a person but the one with id `keep`; returns how many ended."""
    others = [place for place in places_of(session_, person_id) if place.id != keep]
    now = clock.now()
    for place in others:
        place.revoked_at = now
    if others:
        record(session_, actor, "person.signed_out_elsewhere", others[0].person, after={"places": len(others)})
    return len(others)


def this_place() -> int | None:
    """Return the id of the session that this request belongs to."""
    return cast("int | None", g.get("place_id"))


def is_fresh() -> bool:
    """Return whether the person proved within the last hour who they are; a link handed to them does not count."""
    return bool(check_and_update_authn_fresh(FRESH, GRACE, "session"))


def _opened(_app: Flask, user: UserMixin, authn_via: list[str] | None = None, **_rest: object) -> None:
    session_ = cast(Session, db.session())
    with unscoped(session_):
        open_session(session_, cast(Person, user), authn_via or [])


def init_app(app: Flask) -> None:
    """Open a session for whoever signs in, whichever door they came in by, and keep the stamp of the cookie."""
    user_authenticated.connect(_opened, app, weak=False)

    @app.after_request
    def stamp_cookie(response: Response) -> Response:
        now = clock.now().timestamp()
        if g.get("place_id") and now - float(session.get("seen_at", 0)) > STAMP_EVERY.total_seconds():
            session["seen_at"] = now
        return response
