"""Reminds those who began an application and have not sent it: once a day, and nobody else.

The mail is taken back when it is sent in, or the call closes, before it leaves.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from cohort.kit import audit, clock
from cohort.kit.access import Actor
from cohort.kit.errors import DomainError, wording
from cohort.kit.mail import read_by
from cohort.kit.outbox import OutboxMessage, enqueue, mail_kind
from cohort.people.links import recipient_of
from cohort.people.models import Person
from cohort.rounds.applications.answers import Given, complete_share, missing
from cohort.rounds.calls.parts import questions_of
from cohort.rounds.calls.service import takes_applications
from cohort.rounds.calls.times import local_text
from cohort.rounds.models import Application, Round

wording("remind_not_open", _l("This call does not take applications now, so nobody is reminded."), 409)

KIND = "application_unsent"


def unsent(session: Session, round_id: int) -> dict[int, Application]:
    """Return the latest draft of each person who has not sent any application to the call, by person, within the reach."""
    statement = select(Application).where(Application.round_id == round_id, Application.applicant_id.is_not(None))
    found = session.scalars(statement.options(joinedload(Application.applicant)).order_by(Application.id)).all()
    sent = {each.applicant_id for each in found if each.status == "submitted"}
    return {
        each.applicant_id: each for each in found
        if each.applicant_id is not None and each.applicant_id not in sent and each.status == "draft" and each.asks_state != "refused"
    }


def remind_unsent(session: Session, actor: Actor, round_: Round) -> int:
    """Queue a mail to each person with an unsent draft of an open call, once a day; return how many were queued now."""
    actor.require("round.edit")
    if not takes_applications(round_):
        raise DomainError("remind_not_open")
    queued = 0
    for draft in unsent(session, round_.id).values():
        person = draft.applicant
        if person is None or not person.active:
            continue
        mail = enqueue(session, recipient_of(person), KIND, "round", round_.id, clock.today(round_.time_zone), 0,
                       _facts(round_, draft, person), firm_id=draft.firm_id)
        queued += mail is not None
    audit.record(session, actor, "round.reminded", round_, after={"mails": queued})
    return queued


def still_unsent(session: Session, message: OutboxMessage) -> dict[str, Any] | None:
    """Return what is missing now, or None once it was sent in or the call takes no more: the mail is cancelled."""
    round_ = session.get(Round, message.subject_id)
    draft = unsent(session, message.subject_id).get(message.person_id or 0)
    if round_ is None or draft is None or draft.applicant is None or not takes_applications(round_):
        return None
    return {**message.params, **_facts(round_, draft, draft.applicant)}


mail_kind(KIND, still_unsent, title=_l("Reminder of an application that was not sent"))


def _facts(round_: Round, draft: Application, person: Person) -> dict[str, Any]:
    recipient, asked = recipient_of(person), questions_of(round_.protocol)
    given = Given(draft.answers, draft.country)
    with read_by(recipient.language, recipient.region):
        needed = [str(words) for words in missing(given, asked)[0]]
        until = local_text(round_.closes_at, round_.time_zone)
    return {
        "call": round_.code, "title_es": round_.title_es, "title_en": round_.title_en, "until": until,
        "complete": str(complete_share(given, asked).quantize(Decimal("0.01"))), "needed": ", ".join(needed),
    }
