"""Invites people to a role by a link and takes them in; who may give which role is decided in grants."""

from __future__ import annotations

import re
import secrets
from datetime import timedelta

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session

from cohort.kit import clock
from cohort.kit.access import Actor, Role
from cohort.kit.audit import record
from cohort.kit.errors import DomainError, wording
from cohort.kit.language import LANGUAGES
from cohort.kit.outbox import Recipient, enqueue, mail_kind
from cohort.people import grants
from cohort.people.links import public_address
from cohort.people.models import Invitation, Person
from cohort.people.sessions import hashed

LASTS = timedelta(days=14)
# What arrives proves the address; the shape only catches slips of the finger.
_ADDRESS = re.compile(r"[^@\s\"<>(),;:]+@[^@\s\"<>(),;:]+\.[^@\s\"<>(),;:.]+")

wording("email_shape", _l("“%(email)s” is not a mail address. Expected: name@domain."))
wording("invitation_unknown", _l("We do not know this invitation. Copy the link whole, or ask for a new one."), 404)
wording("invitation_used", _l("This invitation was accepted already. Sign in with your mail address."), 410)
wording("invitation_expired", _l("This invitation has expired. Ask the person who sent it for a new one."), 410)
wording("invitation_sign_in", _l("You have an account already. Sign in with %(email)s to accept."), 403)

mail_kind("invitation", secret=True, title=_l("Invitation"))


def plain_address(email: str) -> str:
    """Return the mail address in lower case; raises `email_shape` for what cannot be one."""
    address = email.strip().lower()
    if len(address) > 254 or not _ADDRESS.fullmatch(address):
        raise DomainError("email_shape", email=email.strip())
    return address


def invite(
    session: Session, actor: Actor, email: str, role: Role, country: str | None, firm_id: int | None, plan_id: int,
    language: str = "es",
) -> str:
    """Invite somebody to a role of a plan, by mail, and return the link (it works once, for 14 days).

    An earlier invitation to the same role that still waits is withdrawn. Raises `email_shape` and the refusals of
    `grants.require_may_give`.
    """
    address = plain_address(email)
    found = grants.require_may_give(session, actor, role, plan_id, country, firm_id)
    now = clock.now()
    for earlier in _waiting_for(session, address, role, plan_id, found, firm_id):
        earlier.revoked_at = now
    token = secrets.token_urlsafe(32)
    invitation = Invitation(
        token_hash=hashed(token), email=address, role=role, plan_id=plan_id, country=found, firm_id=firm_id,
        language=language if language in LANGUAGES else "es", sent_by=actor.person_id, recorded_at=now,
        expires_at=now + LASTS,
    )
    session.add(invitation)
    session.flush()
    link = public_address(f"/invitation/{token}")
    record(session, actor, "invitation.sent", invitation, after={
        "email": address, "role": role.value, "country": found, "firm": firm_id, "plan": plan_id,
    })
    recipient = Recipient(address, "", invitation.language, found or "CL")
    params = {"link": link, "role": role.value, "sender": actor.name, "days": LASTS.days}
    enqueue(session, recipient, "invitation", "invitation", invitation.id, clock.today(), 0, params)
    return link


def _waiting_for(
    session: Session, email: str, role: Role, plan_id: int, country: str | None, firm_id: int | None,
) -> list[Invitation]:
    statement = select(Invitation).where(
        Invitation.email == email, Invitation.role == role, Invitation.plan_id == plan_id,
        Invitation.country.is_not_distinct_from(country), Invitation.firm_id.is_not_distinct_from(firm_id),
        Invitation.used_at.is_(None), Invitation.revoked_at.is_(None),
    )
    return list(session.scalars(statement))


def withdraw_invitation(session: Session, actor: Actor, invitation_id: int) -> Invitation:
    """Withdraw an invitation that still waits; raises `not_found`, or a refusal for a role the actor may not give."""
    invitation = session.scalar(select(Invitation).where(Invitation.id == invitation_id))
    if invitation is None or invitation.used_at is not None or invitation.revoked_at is not None:
        raise DomainError("not_found")
    grants.require_may_give(
        session, actor, invitation.role, invitation.plan_id, invitation.country, invitation.firm_id,
    )
    invitation.revoked_at = clock.now()
    record(session, actor, "invitation.withdrawn", invitation, before={"email": invitation.email})
    return invitation


def find_invitation(session: Session, token: str) -> Invitation:
    """Return an invitation that still waits; raises `invitation_unknown`, `_used` or `_expired`.

    The session must see all rows: whoever holds the link has no role yet.
    """
    invitation = session.scalar(select(Invitation).where(Invitation.token_hash == hashed(token)).with_for_update())
    if invitation is None or invitation.revoked_at is not None:
        raise DomainError("invitation_unknown")
    if invitation.used_at is not None:
        raise DomainError("invitation_used")
    if invitation.expires_at <= clock.now():
        raise DomainError("invitation_expired")
    return invitation


def account_of(session: Session, invitation: Invitation) -> Person | None:
    """Return the account that the invited address has already, if any."""
    return session.scalar(select(Person).where(Person.email == invitation.email))


def accept_invitation(
    session: Session, actor: Actor, token: str, name: str, language: str, password_hash: str | None = None,
) -> Person:
    """Take the invited person in: make the account, or use the one they are signed in with, and give the role.

    Who invites has seen the link. So it never opens an account that exists: its owner must be signed in, else
    `invitation_sign_in` is raised.
    """
    invitation = find_invitation(session, token)
    person = account_of(session, invitation)
    if person is not None and person.id != actor.person_id:
        raise DomainError("invitation_sign_in", email=invitation.email)
    if person is None:
        person = grants.find_or_make_person(session, invitation.email, name, language, invitation.country)
        person.password = password_hash
    invitation.used_at = clock.now()
    grants.give(
        session, Actor(person_id=invitation.sent_by, name="invitation"), person, invitation.role, invitation.plan_id,
        invitation.country, invitation.firm_id,
    )
    record(session, Actor(person_id=person.id, name=person.name or person.email), "invitation.accepted", invitation)
    return person
