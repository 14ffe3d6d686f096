"""Writes to each firm what was decided of its own file and why; never another firm's name, never twice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session

from cohort import reference
from cohort.firms.models import Firm, FirmPerson
from cohort.kit import clock
from cohort.kit.outbox import Recipient, enqueue, mail_kind
from cohort.people.links import recipient_of
from cohort.people.models import Person
from cohort.rounds.models import Application, Round, Seat
from cohort.rounds.scores.sheet import points_text

mail_kind("decision_selected", title=_l("Decision: selected"))
mail_kind("decision_waitlist", title=_l("Decision: waiting list"))
mail_kind("decision_not_selected", title=_l("Decision: not selected"))
mail_kind("decision_ineligible", title=_l("Decision: cannot take part"))


def tell(session: Session, round_: Round, seats: Sequence[Seat], firms: Mapping[int, Firm]) -> int:
    """Queue one mail a person and file; return how many were queued. The key is the file, so a repeat adds none."""
    recipients = recipients_of(session, [seat.application for seat in seats])
    queued = 0
    for seat in seats:
        application = seat.application
        firm = firms.get(application.firm_id or 0)
        params = {
            "call": round_.code, "title_es": round_.title_es, "title_en": round_.title_en,
            "firm": firm.name if firm else str(application.answers.get("company_name") or ""),
            "place": seat.place, "score": points_text(seat.score), "reason": seat.reason, "facts": seat.reason_params,
            "seats": round_.seats, "appeal_days": round_.protocol["appeal_days"][application.country],
            "offer_days": round_.protocol["offer_days"], "country": application.country,
            "counts": round_.protocol["parity"]["counts"], "protocol": limits_told(round_.protocol),
        }
        for recipient in recipients[application.id]:
            row = enqueue(session, recipient, f"decision_{seat.outcome}", "application", application.id,
                          clock.today(round_.time_zone), 0, params, firm_id=application.firm_id)
            queued += row is not None
    return queued


def limits_told(protocol: Mapping[str, Any]) -> dict[str, Any]:
    """Return what of the protocol the reasons are worded with: seats by country, share, what counts."""
    return {"country_limits": protocol["country_limits"], "parity": protocol["parity"], "seats": protocol["seats"]}


def recipients_of(session: Session, applications: Sequence[Application]) -> dict[int, list[Recipient]]:
    """Return whom to write to about each file: the firm's people with a mail address, else who applied."""
    firm_ids = [each.firm_id for each in applications if each.firm_id is not None]
    acting: dict[int, dict[str, Recipient]] = {}
    people = select(FirmPerson).where(
        FirmPerson.firm_id.in_(firm_ids), FirmPerson.until_on.is_(None), FirmPerson.email != "").order_by(FirmPerson.id)
    for each in session.scalars(people):
        acting.setdefault(each.firm_id, {})[each.email] = Recipient(
            each.email, each.name, each.language, "CL", each.person_id)
    wanted = [each.applicant_id for each in applications if each.firm_id not in acting and each.applicant_id]
    applicants = {each.id: each for each in session.scalars(select(Person).where(Person.id.in_(wanted)))}
    found: dict[int, list[Recipient]] = {}
    for application in applications:
        held = list(acting.get(application.firm_id or 0, {}).values())
        person = applicants.get(application.applicant_id or 0)
        found[application.id] = [_at_home(each, application.country) for each in held] or (
            [recipient_of(person)] if person else [])
    return found


def _at_home(recipient: Recipient, country: str) -> Recipient:
    region = country if country in reference.countries() else "CL"
    return Recipient(recipient.address, recipient.name, recipient.language, region, recipient.person_id)
