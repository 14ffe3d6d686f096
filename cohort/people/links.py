"""Makes links that work once for 30 minutes: sent by mail, or handed to a firm by message; passwords stand elsewhere.

A mailed link proves the mail address. A handed one was seen by the person who handed it, so it opens the firm's
pages, but nothing that changes how the person signs in.
"""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import cast
from urllib.parse import urlsplit

from flask import current_app
from flask_babel import lazy_gettext as _l
from sqlalchemy import CursorResult, func, select, update
from sqlalchemy.orm import Session

from cohort.config import Settings
from cohort.kit import clock
from cohort.kit.access import STAFF, Actor, Role
from cohort.kit.audit import record
from cohort.kit.errors import DomainError, wording
from cohort.kit.outbox import Recipient, enqueue, mail_kind
from cohort.people.actors import valid_grants
from cohort.people.models import OneUseLink, Person, RoleGrant
from cohort.people.sessions import hashed

LASTS = timedelta(minutes=30)
MAIL_WINDOW, MAILS_PER_WINDOW = timedelta(minutes=15), 5
MAILED, HANDED = "mailed", "handed"
ADDRESS = "address"  # proves a new mail address, and signs nobody in; see `addresses`

wording("link_used", _l("This link was used already. Ask for a new one."), 410)
wording("link_expired", _l("This link has expired: it works for 30 minutes. Ask for a new one."), 410)
wording("link_unknown", _l("We do not know this link. Copy it whole, or ask for a new one."), 404)
wording("link_not_for_staff", _l("A link can be handed to people of a firm only. Staff sign in by themselves."), 403)

mail_kind("sign_in_link", secret=True, title=_l("Sign-in link"))


def public_address(path: str) -> str:
    """Return the whole address of a path of this site, for mails and messages."""
    settings: Settings = current_app.extensions["settings"]
    return settings.public_url + path


def safe_target(target: str | None, otherwise: str = "/") -> str:
    """Return `target` when it is a plain path of this site, else `otherwise`: nobody is sent elsewhere by a link."""
    text = (target or "").strip()
    parts = urlsplit(text)
    foreign = bool(parts.scheme or parts.netloc or "\\" in text or any(ord(sign) < 32 for sign in text))
    if not text.startswith("/") or text.startswith("//") or foreign or len(text) > 300:
        return otherwise
    return text


def recipient_of(person: Person) -> Recipient:
    """Return the person as somebody to write to, in their language and by their country's formats."""
    region = person.region or person.office_country or "CL"
    return Recipient(person.email, person.name, person.language, region, person.id)


def _make(session: Session, person: Person, purpose: str, target: str, made_by: int | None) -> tuple[OneUseLink, str]:
    token, now = secrets.token_urlsafe(32), clock.now()
    link = OneUseLink(
        token_hash=hashed(token), person_id=person.id, purpose=purpose, target=safe_target(target), made_by=made_by,
        created_at=now, expires_at=now + LASTS,
    )
    session.add(link)
    session.flush()
    return link, public_address(f"/sign-in/link/{token}")


def mail_sign_in_link(session: Session, person: Person, target: str = "/") -> None:
    """Mail the person a link that signs them in once within 30 minutes and leads to `target`."""
    mail_link(session, person, target, "sign_in_link", {})


def mail_link(session: Session, person: Person, target: str, kind: str, facts: dict[str, str]) -> None:
    """Mail the same kind of link in the words of another room's mail `kind`, which is told `facts` besides.

    Nobody gets more than five within 15 minutes, whoever asks for them: a sixth is not sent, and nothing says so.
    """
    recent = select(func.count(OneUseLink.id)).where(
        OneUseLink.person_id == person.id, OneUseLink.purpose == MAILED, OneUseLink.created_at > clock.now() - MAIL_WINDOW,
    )
    if (session.scalar(recent) or 0) >= MAILS_PER_WINDOW:
        return
    link, address = _make(session, person, MAILED, target, person.id)
    params = {"link": address, "minutes": int(LASTS.total_seconds() // 60), **facts}
    enqueue(session, recipient_of(person), kind, "one_use_link", link.id, clock.today(), 0, params)


def make_sign_in_link(session: Session, actor: Actor, person: Person, target: str = "/") -> str:
    """Return the address of a sign-in link for a person of a firm, to hand over by message; it works once for 30 minutes.

    Raises `not_allowed` unless the actor may invite, `link_not_for_staff` for anybody who has a staff role in any
    plan, and `not_found` when none of the person's firms lies within the actor's reach.
    """
    actor.require("people.invite")
    grants = valid_grants(session, person.id)
    if any(grant.role in STAFF for grant in grants):
        raise DomainError("link_not_for_staff")
    if not person.active or not any(_within_reach(actor, grant) for grant in grants):
        raise DomainError("not_found")
    _link, address = _make(session, person, HANDED, target, actor.person_id)
    record(session, actor, "person.link_made", person, after={"target": safe_target(target)})
    return address


def _within_reach(actor: Actor, grant: RoleGrant) -> bool:
    if grant.role is not Role.FIRM:
        return False
    is_here = actor.is_system or grant.plan_id == actor.plan_id
    return is_here and (actor.sees_all or grant.country in (actor.countries or ()))


def find_link(session: Session, token: str) -> OneUseLink:
    """Return a link that still works, without using it; raises `link_unknown`, `link_used` or `link_expired`."""
    link = session.scalar(select(OneUseLink).where(OneUseLink.token_hash == hashed(token), OneUseLink.purpose != ADDRESS))
    if link is None or not link.person.active:
        raise DomainError("link_unknown")
    if link.used_at is not None:
        raise DomainError("link_used")
    if link.expires_at <= clock.now():
        raise DomainError("link_expired")
    return link


def use_link(session: Session, token: str) -> OneUseLink:
    """Use a link up and return it; of two clicks at the same moment only one succeeds, the other gets `link_used`."""
    link = find_link(session, token)
    used = session.execute(
        update(OneUseLink).where(OneUseLink.id == link.id, OneUseLink.used_at.is_(None)).values(used_at=clock.now())
    )
    if cast("CursorResult[object]", used).rowcount != 1:
        raise DomainError("link_used")
    return link
