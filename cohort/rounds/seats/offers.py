"""Offers the seats of a sealed decision once its administrative act is recorded, and takes each firm's answer.

A firm is a member from its acceptance on. Who is called into a free seat is decided in `replacing`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from flask_babel import lazy_gettext as _l
from sqlalchemy import select, update
from sqlalchemy.orm import Session, joinedload

from cohort.firms.models import Firm
from cohort.kit import audit, clock
from cohort.kit.access import SYSTEM, Actor, unscoped
from cohort.kit.errors import DomainError, wording
from cohort.kit.language import ZONES
from cohort.plans import queries as plans
from cohort.plans.holidays import holidays_near
from cohort.plans.members import join_member, leave_member
from cohort.rounds.calls.times import to_local
from cohort.rounds.decisions import letters
from cohort.rounds.decisions.service import decision_of
from cohort.rounds.models import Application, Decision, Round, Seat
from cohort.rounds.seats.models import AdministrativeAct, Offer, Replacement
from cohort.rules.calendar import add_working_days

wording("act_not_sealed", _l("The act is recorded after the selection is sealed."), 409)
wording("act_number_missing", _l("Write the number of the act, as it stands on the document."))
wording("act_date", _l("The act cannot be signed before the selection was sealed, nor in the future."))
wording("act_recorded", _l("The act is recorded already: %(number)s."), 409)
wording("offers_need_act", _l("Letters go out after the administrative act. Record its number and date first."), 409)
wording("offers_sent", _l("The letters went out already."), 409)
wording("offer_answered", _l("This offer was answered already, or its days are over."), 409)
wording("offer_late", _l("The days to accept this seat ended on %(ended)s."), 409)
wording("offer_not_yours", _l("Only the firm itself, or staff of its country for it, can answer this offer."), 403)
wording("seat_reason_missing", _l("Say why; the reason is kept."))

DAY_OF_LAST_REPLACEMENT = 120
"""Days from joining within which a seat that becomes free is filled again (domain.md §8)."""


def act_of(session: Session, decision: Decision) -> AdministrativeAct | None:
    """Return the administrative act of a decision, or None while it is not recorded."""
    return session.scalars(select(AdministrativeAct).where(AdministrativeAct.decision_id == decision.id)).one_or_none()


def record_act(session: Session, actor: Actor, round_: Round, number: str, signed_on: date) -> AdministrativeAct:
    """Record number and date of the act by which the decision binds; once. Raises unless the selection is sealed."""
    actor.require("round.publish")
    decision = decision_of(session, round_.id)
    if decision is None or decision.adopted_at is None:
        raise DomainError("act_not_sealed")
    standing = act_of(session, decision)
    if standing is not None:
        raise DomainError("act_recorded", number=standing.number)
    if not number.strip():
        raise DomainError("act_number_missing")
    if not to_local(decision.adopted_at, round_.time_zone).date() <= signed_on <= clock.today(round_.time_zone):
        raise DomainError("act_date")
    act = AdministrativeAct(
        decision_id=decision.id, country="", number=number.strip()[:60], signed_on=signed_on, recorded_at=clock.now(),
        recorded_by=actor.person_id,
    )
    session.add(act)
    session.flush()
    audit.record(session, actor, "round.act", round_, after={"number": act.number, "signed_on": signed_on})
    return act


def send_letters(session: Session, actor: Actor, round_: Round) -> int:
    """Offer every selected seat and queue one letter for each file, all at once; return how many offers were made.

    Raises before the act is recorded, and when the letters went out already.
    """
    actor.require("round.publish")
    session.execute(select(Round.id).where(Round.id == round_.id).with_for_update())  # a second click waits here
    decision = decision_of(session, round_.id)
    act = act_of(session, decision) if decision is not None else None
    if decision is None or act is None:
        raise DomainError("offers_need_act")
    if act.told_at is not None:
        raise DomainError("offers_sent")
    act.told_at = clock.now()
    with unscoped(session):
        seats = list(session.scalars(
            select(Seat).where(Seat.decision_id == decision.id).options(joinedload(Seat.application)).order_by(Seat.id)))
        chosen = [seat.application for seat in seats if seat.outcome == "selected"]
        offers = make_offers(session, actor, decision, chosen, None)
        firms = {firm.id: firm for firm in session.scalars(
            select(Firm).where(Firm.id.in_([seat.application.firm_id for seat in seats])))}
        letters.tell(session, round_, seats, firms, {each.application_id: each.expires_on for each in offers})
    audit.record(session, actor, "round.letters", round_, after={"offers": len(offers), "letters": len(seats)})
    return len(offers)


def make_offers(
    session: Session, actor: Actor, decision: Decision, applications: Sequence[Application], replacement: Replacement | None
) -> list[Offer]:
    """Return one waiting offer for each file, to be accepted within the protocol's working days of its country."""
    days = int(decision.round.protocol["offer_days"])
    offers = []
    for each in applications:
        today = clock.today(ZONES[each.country])
        offers.append(Offer(
            decision_id=decision.id, application=each, replacement_id=replacement.id if replacement else None,
            state="waiting", offered_at=clock.now(), offered_by=actor.person_id,
            expires_on=add_working_days(today, days, holidays_near(each.country, today)),
        ))
    session.add_all(offers)
    session.flush()
    return offers


def accept(session: Session, actor: Actor, offer: Offer) -> None:
    """Take the seat: the firm is a member from today. By the firm itself, or by staff of its country for it.

    Raises when the offer was answered, withdrawn or ran out, and what joining a plan raises.
    """
    _answer(session, actor, offer, "accepted", "")
    application = offer.application
    round_ = application.round
    with unscoped(session):
        firm = session.get_one(Firm, application.firm_id)
        member = plans.member_of(session, round_.plan_id, firm.id)
        if member is None:
            today = clock.today(ZONES[application.country])
            country = plans.countries_on(session, round_.plan_id, today).get(firm.country)
            join_member(
                session, SYSTEM, round_.plan, firm, joined_on=today, round_id=round_.id,
                womens_at_entry=(application.facts or {})["womens"],
                is_pilot=country is None or country.membership != "member",
            )
    audit.record(session, actor, "offer.accepted", application)


def decline(session: Session, actor: Actor, offer: Offer, reason: str) -> None:
    """Give the seat back, with a reason if the firm likes; the next on the waiting list is called by staff."""
    _answer(session, actor, offer, "declined", reason)
    audit.record(session, actor, "offer.declined", offer.application, after={"reason": offer.reason})


def free_seat(session: Session, actor: Actor, offer: Offer, reason: str) -> None:
    """Take a seat back by decision, as when a claim to ownership is refuted later; a member leaves the plan today.

    The sealed record keeps what it said. Raises without a reason, and for an offer that no longer stands.
    """
    actor.require("round.decide")
    if offer.state not in {"waiting", "accepted"}:
        raise DomainError("offer_answered")
    if not reason.strip():
        raise DomainError("seat_reason_missing")
    application = offer.application
    with unscoped(session):
        member = plans.member_of(session, application.round.plan_id, application.firm_id or 0)
        if member is not None and member.left_on is None:
            leave_member(session, actor, member, clock.today(ZONES[application.country]), reason)
    offer.state, offer.answered_at, offer.answered_by = "withdrawn", clock.now(), actor.person_id
    offer.reason = reason.strip()[:1000]
    session.flush()
    audit.record(session, actor, "offer.withdrawn", application, after={"reason": offer.reason})


def expire_due(session: Session, as_of: date) -> int:
    """Let every waiting offer run out whose last day is over by the end of `as_of`; return how many did.

    The day ends where the firm is; for a run of today, only countries where midnight has passed.
    """
    with unscoped(session):
        waiting = session.execute(
            select(Offer.id, Application.country, Offer.expires_on).join(Application, Application.id == Offer.application_id)
            .where(Offer.state == "waiting", Offer.expires_on <= as_of)
        ).all()
        over = [row.id for row in waiting if row.expires_on < min(as_of + timedelta(days=1), clock.today(ZONES[row.country]))]
        if over:
            session.execute(update(Offer).where(Offer.id.in_(over), Offer.state == "waiting").values(
                state="expired", answered_at=clock.now()))
    return len(over)


def standing_offer(session: Session, application_id: int) -> Offer | None:
    """Return the latest offer made to a file within the actor's reach, or None."""
    statement = select(Offer).where(Offer.application_id == application_id).order_by(Offer.id.desc()).limit(1)
    return session.scalars(statement).one_or_none()


def _answer(session: Session, actor: Actor, offer: Offer, state: str, reason: str) -> None:
    application = offer.application
    own = application.firm_id in (actor.firm_ids or ()) or (
        actor.person_id is not None and application.applicant_id == actor.person_id)
    staff = actor.may("round.score") and (actor.sees_all or application.country in (actor.countries or ()))
    if not (own or staff or actor.is_system):
        raise DomainError("offer_not_yours")
    session.execute(select(Offer.id).where(Offer.id == offer.id).with_for_update())  # a second answer waits here
    session.refresh(offer)
    if offer.state != "waiting":
        raise DomainError("offer_answered")
    if clock.today(ZONES[application.country]) > offer.expires_on:
        raise DomainError("offer_late", ended=offer.expires_on)
    offer.state, offer.answered_at, offer.answered_by = state, clock.now(), actor.person_id
    offer.reason = reason.strip()[:1000]
    session.flush()
