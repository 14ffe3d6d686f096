"""Writes to each firm what was decided of its own file and why; never another firm's name, never twice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cohort import reference
from cohort.firms.models import Firm, FirmPerson
from cohort.kit import clock
from cohort.kit.access import unscoped
from cohort.kit.language import ZONES
from cohort.kit.outbox import OutboxMessage, Recipient, enqueue, mail_kind
from cohort.people.links import recipient_of
from cohort.people.models import Person
from cohort.rounds.calls.protocol import is_by_country
from cohort.rounds.calls.times import to_local
from cohort.rounds.models import Application, Decision, Round, Seat
from cohort.rounds.reviews.models import Assignment, Review, ReviewSent
from cohort.rounds.scores.sheet import points_text
from cohort.rounds.seats.models import AdministrativeAct, Offer


def offer_stands(session: Session, message: OutboxMessage) -> dict[str, Any] | None:
    """Return the facts of an offer that still waits for its answer; None when it was answered or taken back."""
    if not message.params.get("until_on"):
        return message.params  # a decision of the time before offers
    latest = select(Offer.state).where(Offer.application_id == message.subject_id).order_by(Offer.id.desc()).limit(1)
    with unscoped(session):
        return message.params if session.scalars(latest).first() == "waiting" else None


mail_kind("decision_selected", offer_stands, title=_l("Decision: selected"))
mail_kind("seat_offered", offer_stands, title=_l("A seat became free"))
mail_kind("decision_waitlist", title=_l("Decision: waiting list"))
mail_kind("decision_not_selected", title=_l("Decision: not selected"))
mail_kind("decision_ineligible", title=_l("Decision: cannot take part"))


def tell(
    session: Session, round_: Round, seats: Sequence[Seat], firms: Mapping[int, Firm], until: Mapping[int, date] | None = None
) -> int:
    """Queue one mail a person and file; return how many were queued. The key is the file, so a repeat adds none.

    `until` says for each selected file (by id) the last day to accept its seat.
    """
    recipients = recipients_of(session, [seat.application for seat in seats])
    said = feedback_of(session, [seat.application_id for seat in seats])
    queued = 0
    for seat in seats:
        application = seat.application
        params = {
            **letter_facts(round_, seat, firms.get(application.firm_id or 0)), "until_on": (until or {}).get(application.id),
            "feedback": said.get(application.id, []),
        }
        for recipient in recipients[application.id]:
            row = enqueue(session, recipient, f"decision_{seat.outcome}", "application", application.id,
                          clock.today(round_.time_zone), 0, params, firm_id=application.firm_id)
            queued += row is not None
    return queued


def letter_facts(round_: Round, seat: Seat, firm: Firm | None) -> dict[str, Any]:
    """Return what a letter says of one file: points, place, reason in code and facts, and the days that matter."""
    application = seat.application
    return {
        "call": round_.code, "title_es": round_.title_es, "title_en": round_.title_en,
        "firm": firm.name if firm else str(application.answers.get("company_name") or ""),
        "place": seat.place, "score": points_text(seat.score), "reason": seat.reason, "facts": seat.reason_params,
        "seats": round_.seats, "appeal_days": round_.protocol["appeal_days"][application.country],
        "offer_days": round_.protocol["offer_days"], "country": application.country,
        "counts": round_.protocol["parity"]["counts"], "protocol": limits_told(round_.protocol),
    }


def tell_called(session: Session, round_: Round, offers: Sequence[Offer]) -> None:
    """Write to the firms that are called into a seat that became free, with the last day to accept."""
    recipients = recipients_of(session, [each.application for each in offers])
    for each in offers:
        application = each.application
        firm = application.firm
        params = {
            "call": round_.code, "title_es": round_.title_es, "title_en": round_.title_en, "until_on": each.expires_on,
            "firm": firm.name if firm else str(application.answers.get("company_name") or ""),
        }
        for recipient in recipients[application.id]:
            enqueue(session, recipient, "seat_offered", "application", application.id, each.expires_on, each.id, params,
                    firm_id=application.firm_id)


def feedback_of(session: Session, application_ids: Sequence[int]) -> dict[int, list[str]]:
    """Return what evaluators wrote for each firm in the review that counts; never who wrote it."""
    latest = select(func.max(ReviewSent.id)).group_by(ReviewSent.review_id)
    statement = (
        select(Review.application_id, ReviewSent.feedback).join(Review, Review.id == ReviewSent.review_id)
        .join(Assignment, (Assignment.application_id == Review.application_id)
              & (Assignment.evaluator_id == Review.evaluator_id) & Assignment.ended_at.is_(None))
        .where(ReviewSent.id.in_(latest), ReviewSent.feedback != "", Review.application_id.in_(application_ids))
        .order_by(ReviewSent.id)
    )
    found: dict[int, list[str]] = {}
    for application_id, feedback in session.execute(statement):
        found.setdefault(application_id, []).append(feedback)
    return found


def notice_on(session: Session, round_: Round, country: str = "") -> date | None:
    """Return the day on which firms were told of their outcome, from which appeals run; None while they were not.

    Where each country has its own act, the firms of `country`. A call sealed under the first format told them
    on the day of its decision.
    """
    if round_.decided_at is None:
        return None
    if "concurrence" not in round_.protocol:
        return to_local(round_.decided_at, round_.time_zone).date()
    by_country = is_by_country(round_.protocol)
    if by_country and not country:
        return None
    told = select(AdministrativeAct.told_at).join(Decision, Decision.id == AdministrativeAct.decision_id).where(
        Decision.round_id == round_.id, AdministrativeAct.country == (country if by_country else ""))
    with unscoped(session):
        sent_at = session.scalar(told)
    return to_local(sent_at, ZONES[country] if by_country else round_.time_zone).date() if sent_at else None


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
