"""Changes one's own mail address: the new one is proven by a link, and the old one holds, and is told, until then."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import cast

from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, CursorResult, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from cohort.kit import clock
from cohort.kit.access import Actor
from cohort.kit.audit import record
from cohort.kit.errors import DomainError, wording
from cohort.kit.outbox import Recipient, enqueue, mail_kind
from cohort.people.invitations import plain_address
from cohort.people.links import ADDRESS, public_address, recipient_of
from cohort.people.models import OneUseLink, Person
from cohort.people.profile import own_person, tell_of_change
from cohort.people.sessions import hashed

LASTS = timedelta(hours=24)
WINDOW, ASKS_PER_WINDOW = timedelta(hours=1), 5

wording("address_same", _l("%(email)s is your mail address already."))
wording("address_too_often", _l("You asked for this several times within an hour. Wait a while, then try again."), 429)
wording("address_taken", _l("%(email)s belongs to another account by now. Nothing was changed."), 409)
wording("address_link_unknown", _l("We do not know this link. Copy it whole, or ask for the change again in your account."), 404)
wording("address_link_used", _l("This link was used already, or a later one took its place."), 410)
wording("address_link_expired", _l("This link has expired: it works for 24 hours. Ask for the change again in your account."), 410)

mail_kind("confirm_new_address", secret=True, title=_l("Link to confirm a new mail address"))


def ask_for_address(session: Session, actor: Actor, email: str) -> str:
    """Mail a link to the new address and a notice to the old one; return the new one as it is kept.

    An earlier link of this kind stops working. The answer does not tell whether the address has an account: then
    the mail says so, without a link. Raises `email_shape`, `address_same`, and `address_too_often` beyond five
    within an hour.
    """
    person, address, now = own_person(session, actor), plain_address(email), clock.now()
    if address == person.email:
        raise DomainError("address_same", email=address)
    asked = select(func.count(OneUseLink.id)).where(
        OneUseLink.person_id == person.id, OneUseLink.purpose == ADDRESS, OneUseLink.created_at > now - WINDOW)
    if (session.scalar(asked) or 0) >= ASKS_PER_WINDOW:
        raise DomainError("address_too_often")
    _use_up(session, OneUseLink.person_id == person.id, OneUseLink.purpose == ADDRESS)
    token = secrets.token_urlsafe(32)
    link = OneUseLink(token_hash=hashed(token), person_id=person.id, purpose=ADDRESS, target=address,
                      made_by=person.id, created_at=now, expires_at=now + LASTS)
    session.add(link)
    session.flush()
    is_taken = session.scalar(select(Person.id).where(Person.email == address)) is not None
    old = recipient_of(person)
    new = Recipient(address, person.name, old.language, old.region)
    params = {"link": "" if is_taken else public_address(f"/account/address/{token}"), "hours": int(LASTS.total_seconds() // 3600)}
    enqueue(session, new, "confirm_new_address", "one_use_link", link.id, clock.today(), 0, params)
    tell_of_change(session, person, "address_asked")
    record(session, actor, "person.address_asked", person, after={"email": address})
    return address


def find_address_link(session: Session, token: str) -> OneUseLink:
    """Return a link that still works, without using it; raises `address_link_unknown`, `_used` or `_expired`."""
    link = session.scalar(select(OneUseLink).where(OneUseLink.token_hash == hashed(token), OneUseLink.purpose == ADDRESS))
    if link is None or not link.person.active:
        raise DomainError("address_link_unknown")
    if link.used_at is not None:
        raise DomainError("address_link_used")
    if link.expires_at <= clock.now():
        raise DomainError("address_link_expired")
    return link


def confirm_address(session: Session, token: str) -> Person:
    """Let the new address hold from now on and tell the old one; sign-in links sent to the old one stop working.

    Raises what `find_address_link` raises – of two clicks at the same moment one succeeds – and `address_taken`
    when the address got an account meanwhile.
    """
    link = find_address_link(session, token)
    person, address, old = link.person, link.target, recipient_of(link.person)
    used = session.execute(
        update(OneUseLink).where(OneUseLink.id == link.id, OneUseLink.used_at.is_(None)).values(used_at=clock.now()))
    if cast("CursorResult[object]", used).rowcount != 1:
        raise DomainError("address_link_used")
    try:
        with session.begin_nested():
            person.email = address
            session.flush()
    except IntegrityError as error:
        raise DomainError("address_taken", email=address) from error
    _use_up(session, OneUseLink.person_id == person.id)
    tell_of_change(session, person, "address", old)
    record(session, Actor(person_id=person.id, name=person.name or address), "person.address_changed", person,
           before={"email": old.address}, after={"email": address})
    return person


def _use_up(session: Session, *which: ColumnElement[bool]) -> None:
    """Let these links work no more, if they still wait."""
    session.execute(
        update(OneUseLink).where(*which, OneUseLink.used_at.is_(None))
        .values(used_at=clock.now()).execution_options(synchronize_session=False))
