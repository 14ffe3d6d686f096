"""Reads who holds each seat today: offered, accepted, given back, left; parity at selection and today stand apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from cohort.plans.models import Member
from cohort.rounds.decisions.ownership import refuted
from cohort.rounds.models import Application, Decision, Round, Seat
from cohort.rounds.seats.models import Offer


@dataclass(frozen=True)
class Holder:
    """One file that was offered a seat: how it stands now, since when, until when an answer is awaited."""

    application: Application
    offer: Offer
    state: str  # waiting | accepted | declined | expired | withdrawn | left
    member: Member | None = None

    @property
    def holds(self) -> bool:
        """Whether the seat is taken, or kept for this firm's answer."""
        return self.state in {"waiting", "accepted"}


@dataclass(frozen=True)
class Standing:
    """All offers of a decision as they stand, and how many seats and women's firms there were and are."""

    holders: tuple[Holder, ...]
    seats: int
    selected: int
    womens_selected: int
    womens_now: int
    waitlist: tuple[Seat, ...] = field(default=())
    unsent: tuple[str, ...] = ()  # codes of selected files that no offer within the actor's reach speaks of

    @property
    def held(self) -> int:
        """Seats that are taken or kept for an answer."""
        return sum(1 for each in self.holders if each.holds)

    @property
    def offered(self) -> int:
        """Seats of the sealed list that were offered."""
        return self.selected - len(self.unsent)

    @property
    def free(self) -> int:
        """Seats that were offered once and are free again."""
        return max(self.offered - self.held, 0)

    def count(self, state: str) -> int:
        """Return how many offers are in one state."""
        return sum(1 for each in self.holders if each.state == state)


def standing_of(session: Session, round_: Round, decision: Decision) -> Standing:
    """Return how the seats of a sealed decision stand today, within the actor's reach."""
    offers = session.scalars(
        select(Offer).where(Offer.decision_id == decision.id)
        .options(joinedload(Offer.application).joinedload(Application.firm)).order_by(Offer.id)
    ).all()
    latest = {offer.application_id: offer for offer in offers}
    firm_ids = [each.application.firm_id for each in latest.values() if each.application.firm_id]
    members = {each.firm_id: each for each in session.scalars(
        select(Member).where(Member.plan_id == round_.plan_id, Member.firm_id.in_(firm_ids)))}
    holders = tuple(_holder(each, members) for each in latest.values())
    refused = refuted(session, [each.application for each in holders])
    womens = {row["code"] for row in decision.record["rows"] if row["womens"] == "yes"}
    selected = decision.record["result"]["selected"]
    waiting = session.scalars(
        select(Seat).where(Seat.decision_id == decision.id, Seat.outcome == "waitlist")
        .options(joinedload(Seat.application).joinedload(Application.firm)).order_by(Seat.place)
    ).all()
    return Standing(
        holders, round_.seats, len(selected), sum(1 for code in selected if code in womens),
        sum(1 for each in holders if each.holds and each.application.code in womens and each.application.id not in refused),
        tuple(seat for seat in waiting if seat.application_id not in latest),
        tuple(code for code in selected if code not in {each.application.code for each in holders}),
    )


def _holder(offer: Offer, members: Mapping[int, Member]) -> Holder:
    member = members.get(offer.application.firm_id or 0)
    has_left = offer.state == "accepted" and member is not None and member.left_on is not None
    return Holder(offer.application, offer, "left" if has_left else offer.state, member)


def still_replaceable(holder: Holder, days: int, today: date) -> bool:
    """Return whether the seat of a firm that is gone may be filled again: within so many days of its joining."""
    if holder.member is None or holder.state != "left":
        return True
    return ((holder.member.left_on or today) - holder.member.joined_on).days < days


def rows_of(holders: Sequence[Holder]) -> list[dict[str, Any]]:
    """Return the offers as a page lists them, those that wait for an answer first, then by day."""
    order = {"waiting": 0, "declined": 1, "expired": 1, "withdrawn": 1, "left": 1, "accepted": 2}
    return [
        {"offer": each.offer, "state": each.state, "country": each.application.country, "until": each.offer.expires_on,
         "firm": each.application.firm.name if each.application.firm else each.application.code,
         "application_id": each.application.id}
        for each in sorted(holders, key=lambda one: (order[one.state], one.offer.expires_on, one.offer.id))
    ]
