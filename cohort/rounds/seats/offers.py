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
from cohort.rounds.decisions import letters
from cohort.rounds.decisions.service import decision_of
from cohort.rounds.models import Application, Decision, Round, Seat
from cohort.rounds.seats.acts import FOR_ALL, acts_of, part_of, require_part
from cohort.rounds.seats.models import Offer, Replacement
from cohort.rules.calendar import add_working_days

wording("offers_need_act", _l("Letters go out after the administrative act. Record its number and date first."), 409)
wording("offers_sent", _l("The letters went out already."), 409)
wording("offer_answered", _l("This offer was answered already, or its days are over."), 409)
wording("offer_late", _l("The days to accept this seat ended on %(ended)s."), 409)
wording("offer_not_yours", _l("Only the firm itself, or staff of its country for it, can answer this offer."), 403)
wording("seat_reason_missing", _l("Say why; the reason is kept."))

DAY_OF_LAST_REPLACEMENT = 120
"""Days from joining within which a seat that becomes free is filled again (domain.md §8)."""


def send_letters(session: Session, actor: Actor, round_: Round, part: str = FOR_ALL) -> int:
    """Offer every selected seat and queue one letter for each file, all at once; return how many offers were made.

    Where each country has its own act, `part` is the country: its letters go out, no other's. Raises before
    the act is recorded, and when the letters went out already.
    """
    require_part(actor, round_, part)
    session.execute(select(Round.id).where(Round.id == round_.id).with_for_update())  # a second click waits here
    decision = decision_of(session, round_.id)
    act = acts_of(session, decision).get(part) if decision is not None else None
    if decision is None or act is None:
        raise DomainError("offers_need_act")
    if act.told_at is not None:
        raise DomainError("offers_sent")
    act.told_at = clock.now()
    session.flush()
    with unscoped(session):
        seats = seats_of(session, decision, part)
        chosen = [seat.application for seat in seats if seat.outcome == "selected"]
        offers = make_offers(session, actor, decision, chosen, None)
        firms = {firm.id: firm for firm in session.scalars(
            select(Firm).where(Firm.id.in_([seat.application.firm_id for seat in seats])))}
        letters.tell(session, round_, seats, firms, {each.application_id: each.expires_on for each in offers})
    audit.record(session, actor, "round.letters", round_, after={"offers": len(offers), "letters": len(seats),
        **({"country": part} if part else {})})
    return len(offers)


def seats_of(session: Session, decision: Decision, part: str) -> list[Seat]:
    """Return what a sealed decision says of each file of a part, with file and firm, within the actor's reach."""
    statement = (
        select(Seat).join(Application, Application.id == Seat.application_id).where(Seat.decision_id == decision.id)
        .options(joinedload(Seat.application).joinedload(Application.firm)).order_by(Seat.id)
    )
    return list(session.scalars(statement.where(Application.country == part) if part else statement))


def make_offers(
    session: Session, actor: Actor, decision: Decision, applications: Sequence[Application], replacement: Replacement | None
) -> list[Offer]:
    """Return one waiting offer for each file, to be accepted within the protocol's working days of its country.

    Raises where the letters of a file's country have not gone out: its act comes first.
    """
    told = {part for part, act in acts_of(session, decision).items() if act.told_at is not None}
    if any(part_of(decision.round, each.country) not in told for each in applications):
        raise DomainError("offers_need_act")
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
