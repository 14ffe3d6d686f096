"""Tells what follows when a firm leaves the plan, and takes its queued reminders back; who may say so, plans decide.

Who takes the seat is decided in rounds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import case, func, or_, select
from sqlalchemy.orm import Session

from cohort.exports.models import Export
from cohort.firms.models import Firm
from cohort.kit import clock, outbox
from cohort.kit.access import Actor, unscoped
from cohort.kit.delivery import NO_LONGER_TRUE
from cohort.kit.language import ZONES
from cohort.kit.outbox import MailState, OutboxMessage
from cohort.kit.signals import member_left
from cohort.plans.groups import Group, in_group
from cohort.plans.models import Member
from cohort.rules.progress import State
from cohort.training import queries
from cohort.training.reminders.service import FIRM_MAIL


@dataclass(frozen=True)
class Seats:
    """A country's firms in the cohort, and how many of them are women-owned or women-led today."""

    women: int
    total: int


@dataclass(frozen=True)
class Consequences:
    """What leaving on a day means for a member: what ends, what is kept, and how its country then stands.

    `before` and `after` are None for a firm of the pilot group, which holds no seat.
    """

    done_count: int
    open_count: int  # milestones that stay open for good
    handed_in_count: int  # of these, how many wait for an answer of ours
    reminder_count: int
    waiting_count: int  # exports that wait for our check
    later_count: int  # exports dated after the last day
    before: Seats | None
    after: Seats | None


def consequences_of(session: Session, member: Member, left_on: date) -> Consequences:
    """Return what follows when the member leaves on `left_on`; nothing is changed, in five queries."""
    today = clock.today(ZONES[member.country])
    states = [each.state.state for each in queries.standing_of(session, member, today).dated]
    waiting, later = session.execute(
        select(
            func.coalesce(func.sum(case((Export.state == "waiting", 1), else_=0)), 0),
            func.coalesce(func.sum(case((Export.exported_on > left_on, 1), else_=0)), 0),
        ).where(Export.plan_id == member.plan_id, Export.firm_id == member.firm_id, Export.is_baseline.is_(False),
                Export.state.in_(("waiting", "verified")))
    ).one()
    before = None if member.is_pilot else _seats(session, member)
    return Consequences(
        done_count=states.count(State.DONE), open_count=sum(state not in queries.CLOSED for state in states),
        handed_in_count=states.count(State.WAITING), reminder_count=len(_reminders(session, member)),
        waiting_count=int(waiting), later_count=int(later), before=before,
        after=before and Seats(before.women - member.firm.is_womens, before.total - 1),
    )


def _seats(session: Session, member: Member) -> Seats:
    womens = or_(Firm.women_owned == "yes", Firm.women_led == "yes")
    women, total = session.execute(
        select(func.coalesce(func.sum(case((womens, 1), else_=0)), 0), func.count())
        .select_from(Member).join(Firm, Firm.id == Member.firm_id)
        .where(Member.plan_id == member.plan_id, Member.country == member.country, in_group(Group.COHORT))
    ).one()
    return Seats(int(women), int(total))


def _reminders(session: Session, member: Member) -> Sequence[OutboxMessage]:
    """Return the reminders about this member alone that have not left yet; one about several firms is cut when sent.

    Mails are an operator's to see; whoever sees the member may know how many of its own wait.
    """
    with unscoped(session):
        found = session.scalars(select(OutboxMessage).where(
            OutboxMessage.firm_id == member.firm_id, OutboxMessage.kind == FIRM_MAIL, OutboxMessage.state == MailState.QUEUED,
        ).order_by(OutboxMessage.id)).all()
    return [message for message in found if message.params.get("plan_id") == member.plan_id]


@member_left.connect
def _on_left(session: Session, *, member: Member, actor: Actor) -> None:
    """Take the queued reminders back, in the same transaction."""
    for message in _reminders(session, member):
        outbox.cancel(message, NO_LONGER_TRUE)
    session.flush()
