"""Finds the reminders that speak of milestones whose day moves, and takes their lines out of mails that have not left.

Leaves out what a reminder says and when it is written; `training.reminders` does that, and writes anew for a new day.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import bindparam, delete, func, select
from sqlalchemy.orm import Session

from cohort.kit import outbox
from cohort.kit.access import unscoped
from cohort.kit.delivery import NO_LONGER_TRUE
from cohort.kit.outbox import MailState, OutboxMessage
from cohort.training.models import Milestone, ReminderStep
from cohort.training.reminders.service import FIRM_MAIL, STAFF_MAIL


@dataclass(frozen=True)
class Reminded:
    """How many queued mails and how many lines that left speak of each milestone, and which mails are queued."""

    queued: dict[int, int]
    written: dict[int, int]
    mail_ids: list[int]


def reminded_of(session: Session, plan_id: int, days: Mapping[int, date]) -> Reminded:
    """Return the reminders about these milestones, given with the day that each has now, in two queries."""
    queued: dict[int, int] = {}
    mail_ids = []
    for message in _queued(session, plan_id) if days else ():
        about = [milestone for milestone in message.params["milestones"] if milestone in days]
        mail_ids += [message.id] if about else []
        for milestone in about:
            queued[milestone] = queued.get(milestone, 0) + 1
    statement = (
        select(ReminderStep.subject_id, ReminderStep.due_on, func.count(ReminderStep.id))
        .join(Milestone, Milestone.id == ReminderStep.subject_id)
        .where(ReminderStep.plan_id == plan_id, ReminderStep.kind == "milestone", Milestone.due_on == ReminderStep.due_on)
        .group_by(ReminderStep.subject_id, ReminderStep.due_on)
    )
    with unscoped(session):
        lines = {row[0]: row[2] for row in session.execute(statement) if days.get(row[0]) == row[1]}
    written = {milestone: count - queued.get(milestone, 0) for milestone, count in lines.items()}
    return Reminded(queued, written, sorted(mail_ids))


def cut_lines(session: Session, plan_id: int, moved: Mapping[int, date]) -> int:
    """Take the lines about these milestones (with their old day) out of queued mails; returns how many fell away.

    A mail without a line left is cancelled. What was taken out counts as never written, so that the same day, given
    again, is told.
    """
    cut: set[tuple[int | None, date, int]] = set()
    for message in _queued(session, plan_id):
        about = [milestone for milestone in message.params["milestones"] if milestone in moved]
        if not about:
            continue
        left = [milestone for milestone in message.params["milestones"] if milestone not in moved]
        message.params = {**message.params, "milestones": left}
        cut |= {(message.person_id, message.due_on, milestone) for milestone in about}
        if not left:
            outbox.cancel(message, NO_LONGER_TRUE)
    session.flush()
    if cut:
        _forget(session, plan_id, cut)
    return len(cut)


def _forget(session: Session, plan_id: int, cut: set[tuple[int | None, date, int]]) -> None:
    written = select(ReminderStep.id, ReminderStep.person_id, ReminderStep.written_on, ReminderStep.subject_id).where(
        ReminderStep.plan_id == plan_id, ReminderStep.written_on.in_({on for _person, on, _milestone in cut}))
    with unscoped(session):
        found = [row.id for row in session.execute(written) if (row.person_id, row.written_on, row.subject_id) in cut]
    if found:
        table = ReminderStep.__table__
        session.execute(delete(table).where(table.c.id == bindparam("row")), [{"row": each} for each in found])  # type: ignore[arg-type]
        session.expire_all()


def _queued(session: Session, plan_id: int) -> Sequence[OutboxMessage]:
    """Return the reminders of a plan that have not left; mails are an operator's to see, their count is for whoever acts."""
    with unscoped(session):
        found = session.scalars(select(OutboxMessage).where(
            OutboxMessage.kind.in_((FIRM_MAIL, STAFF_MAIL)), OutboxMessage.state == MailState.QUEUED,
        ).order_by(OutboxMessage.id)).all()
    return [message for message in found if message.params.get("plan_id") == plan_id]
