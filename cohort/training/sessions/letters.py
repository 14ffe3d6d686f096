"""Writes to firms about their sessions: an invitation, hours or place that moved, a cancellation, a place that became free.

What a mail says is read again when it leaves, so that it never names hours that moved meanwhile.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from cohort.kit import clock
from cohort.kit.access import unscoped
from cohort.kit.outbox import OutboxMessage, Recipient, enqueue, mail_kind
from cohort.people.models import Person
from cohort.plans import queries as plan_queries
from cohort.plans.models import Member
from cohort.training.sessions import queries
from cohort.training.sessions.models import Invitation, TrainingSession

INVITATION, NEWS = "session_invitation", "session_news"


def tell_invited(session: Session, training: TrainingSession, invitations: Sequence[Invitation]) -> int:
    """Queue one invitation for each person of each firm invited; return how many. None for a session that is over."""
    if training.ends_at <= clock.now():
        return 0
    return _tell(session, training, invitations, INVITATION, {}, 0)


def tell_news(session: Session, training: TrainingSession, what: str, invitations: Sequence[Invitation] | None = None) -> int:
    """Queue a mail that the session `moved`, was `cancelled`, or has a `place` free; to all invited unless named.

    One act is told once: its second is part of the key. Returns how many mails were queued.
    """
    with unscoped(session):  # whoever moves a session tells the invited of all countries
        if invitations is None:
            statement = select(Invitation).where(Invitation.session_id == training.id).options(joinedload(Invitation.member).joinedload(Member.firm))
            invitations = session.scalars(statement.order_by(Invitation.id)).all()
    return _tell(session, training, invitations, NEWS, {"what": what}, int(clock.now().timestamp()))


def _tell(
    session: Session, training: TrainingSession, invitations: Sequence[Invitation], kind: str, more: dict[str, Any], step: int
) -> int:
    day = training.starts_at.astimezone(ZoneInfo(training.time_zone)).date()
    queued = 0
    with unscoped(session):
        people = plan_queries.people_of_firms(session, training.plan_id)
        for each in invitations:
            if each.member.left_on is not None:
                continue
            for person in people.get(each.firm_id, ()):
                params = {"invitation_id": each.id, **more}
                message = enqueue(
                    session, _recipient(person, each.member), kind, "session_invitation", each.id, day, step, params, firm_id=each.firm_id)
                queued += message is not None
    return queued


def _recipient(person: Person, member: Member) -> Recipient:
    """The person, with the country whose hours they live by: their own, else the firm's."""
    return Recipient(person.email, person.name, person.language, person.region or member.country, person.id)


def still_invited(session: Session, message: OutboxMessage) -> dict[str, Any] | None:
    """Return the facts of an invitation as they stand; None once it is answered, cancelled, begun, or the firm left."""
    invitation = _invitation(session, message)
    if invitation is None or invitation.answer != "waiting" or invitation.session.cancelled_at is not None:
        return None
    return None if invitation.session.starts_at <= clock.now() else _facts(invitation, message)


def still_news(session: Session, message: OutboxMessage) -> dict[str, Any] | None:
    """Return what happened as it stands; None when the session is over, the firm left, or it no longer holds."""
    invitation = _invitation(session, message)
    if invitation is None or invitation.session.ends_at + timedelta(hours=1) <= clock.now():
        return None
    training, what = invitation.session, message.params["what"]
    if (what == "cancelled") is (training.cancelled_at is None):
        return None
    if what == "place":
        place = queries.places(session, [training]).get(invitation.id)
        if place is None or queries.waits(training, place):
            return None
    return _facts(invitation, message)


def _invitation(session: Session, message: OutboxMessage) -> Invitation | None:
    found = session.get(Invitation, message.params["invitation_id"], options=(joinedload(Invitation.session), joinedload(Invitation.member).joinedload(Member.firm)))
    return None if found is None or found.member.left_on is not None else found


def _facts(invitation: Invitation, message: OutboxMessage) -> dict[str, Any]:
    training = invitation.session
    return {
        **message.params, "session_id": training.id, "title_es": training.title_es, "title_en": training.title_en,
        "starts_at": training.starts_at, "ends_at": training.ends_at, "place": training.place, "is_online": bool(training.link),
        "trainer": training.trainer, "reason": training.cancel_reason, "firm": invitation.member.firm.name,
    }


mail_kind(INVITATION, still_invited, title=_l("Invitation to a session"))
mail_kind(NEWS, still_news, title=_l("News of a session"))
