"""Invites a colleague of a firm to act for it too, by a mailed link; what the role allows is decided in people."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cohort.kit import clock
from cohort.kit.access import Actor, Role, unscoped
from cohort.kit.errors import DomainError, wording
from cohort.people import invitations
from cohort.people.models import Invitation
from cohort.rounds.models import Application

wording("colleague_no_firm", _l("The firm’s people have to let you act for it first; then you can invite a colleague."), 409)
wording("colleague_many", _l("%(count)s invitations of your firm wait for an answer already. Ask your colleagues to open their link first."), 409)

MOST_WAITING = 5


def invite_colleague(session: Session, actor: Actor, application: Application, email: str) -> str:
    """Invite somebody to act for the firm of an application, and return the link that was mailed.

    Raises `colleague_no_firm` for whoever does not act for the firm yet, `colleague_many` while five wait, and what
    `invitations.invite` raises for an address.
    """
    firm_id = application.firm_id
    if firm_id is None or firm_id not in (actor.firm_ids or ()):
        raise DomainError("colleague_no_firm")
    waiting = select(func.count(Invitation.id)).where(
        Invitation.firm_id == firm_id, Invitation.used_at.is_(None), Invitation.revoked_at.is_(None), Invitation.expires_at > clock.now())
    with unscoped(session):
        count = session.scalar(waiting) or 0
    if count >= MOST_WAITING:
        raise DomainError("colleague_many", count=count)
    return invitations.invite(session, actor, email, Role.FIRM, None, firm_id, application.round.plan_id, application.language)
