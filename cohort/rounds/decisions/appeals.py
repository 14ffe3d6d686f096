"""Takes one appeal of a firm against its outcome within its days, and the answer of somebody who did not score it."""

from __future__ import annotations

from datetime import date

from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload

from cohort import reference
from cohort.kit import audit, clock
from cohort.kit.access import Actor, unscoped
from cohort.kit.errors import DomainError, wording
from cohort.kit.outbox import enqueue, mail_kind
from cohort.plans.holidays import holidays_near
from cohort.rounds.decisions.letters import notice_on, recipients_of
from cohort.rounds.models import Appeal, Application, Round, ScoreEntry, Seat
from cohort.rounds.reviews.models import Review, ReviewSent
from cohort.rules.calendar import add_working_days

wording("appeal_not_decided", _l("There is no outcome to appeal against yet."), 409)
wording("appeal_late", _l("The days for an appeal ended on %(ended)s."), 409)
wording("appeal_twice", _l("You have filed an appeal already; we answer it by %(due)s."), 409)
wording("appeal_empty", _l("Say what we should look at again."))
wording("appeal_answered", _l("This appeal was answered already."), 409)
wording("appeal_own_score", _l("Somebody who did not score this file must answer the appeal."), 403)
wording("appeal_answer_empty", _l("Write the answer: the firm reads it."))

mail_kind("appeal_answered", title=_l("Answer to an appeal"))


def last_day(application: Application, told_on: date) -> date:
    """Return the last day for an appeal: so many working days of the firm's country after it was told its outcome."""
    days = int(application.round.protocol["appeal_days"][application.country])
    return add_working_days(told_on, days, holidays_near(application.country, told_on))


def file_appeal(session: Session, actor: Actor, application: Application, text: str) -> Appeal:
    """Return the appeal, waiting for its answer; the firm has as many working days as its country's rule gives."""
    own = application.firm_id in (actor.firm_ids or ()) or (
        actor.person_id is not None and application.applicant_id == actor.person_id)
    if not own:
        raise DomainError("not_allowed")
    round_, zone = application.round, reference.countries()[application.country].time_zone
    told_on = notice_on(session, round_, application.country)
    if told_on is None:
        raise DomainError("appeal_not_decided")
    standing = appeal_of(session, application.id)
    if standing is not None:
        raise DomainError("appeal_twice", due=standing.due_on)
    today, ends_on = clock.today(zone), last_day(application, told_on)
    if today > ends_on:
        raise DomainError("appeal_late", ended=ends_on)
    if not text.strip():
        raise DomainError("appeal_empty")
    appeal = Appeal(
        application_id=application.id, text=text.strip()[:4000], filed_on=today, filed_at=clock.now(),
        filed_by=actor.person_id, state="waiting",
        due_on=add_working_days(
            today, int(round_.protocol["appeal_answer_days"]), holidays_near(application.country, today)),
    )
    session.add(appeal)
    session.flush()
    audit.record(session, actor, "appeal.filed", application, after={"due_on": appeal.due_on})
    return appeal


def answer_appeal(session: Session, actor: Actor, appeal: Appeal, is_upheld: bool, answer: str) -> None:
    """Answer an appeal once, with its reason; never by somebody who scored the file. The firm is told by mail.

    An upheld appeal unseats nobody: the firm goes first on the waiting list (domain.md §8), by hand for now.
    """
    actor.require("round.decide")
    if appeal.state != "waiting":
        raise DomainError("appeal_answered")
    if not answer.strip():
        raise DomainError("appeal_answer_empty")
    with unscoped(session):
        scored = select(ScoreEntry.id).where(
            ScoreEntry.application_id == appeal.application_id, ScoreEntry.recorded_by == actor.person_id,
            ScoreEntry.source == "typed")
        reviewed = select(ReviewSent.id).join(Review, Review.id == ReviewSent.review_id).where(
            Review.application_id == appeal.application_id, Review.evaluator_id == actor.person_id)
        if any(session.scalars(each.limit(1)).first() is not None for each in (scored, reviewed)):
            raise DomainError("appeal_own_score")
        appeal.state, appeal.answer = ("upheld" if is_upheld else "rejected"), answer.strip()[:4000]
        appeal.answered_at, appeal.answered_by = clock.now(), actor.person_id
        session.flush()
        application = appeal.application
        params = {"state": appeal.state, "answer": appeal.answer, "call": application.round.code,
                  "title_es": application.round.title_es, "title_en": application.round.title_en}
        for recipient in recipients_of(session, [application])[application.id]:
            enqueue(session, recipient, "appeal_answered", "application", application.id, clock.today(), 0, params,
                    firm_id=application.firm_id)
    audit.record(session, actor, "appeal.answered", application, after={"state": appeal.state, "reason": appeal.answer})


def appeal_of(session: Session, application_id: int) -> Appeal | None:
    """Return the appeal against the outcome of an application, or None."""
    return session.scalars(select(Appeal).where(Appeal.application_id == application_id)).one_or_none()


def appeals_of(session: Session, round_: Round) -> list[Appeal]:
    """Return the appeals of a round within the actor's reach, those that wait first, oldest first."""
    statement = (
        select(Appeal).join(Application, Application.id == Appeal.application_id)
        .where(Application.round_id == round_.id)
        .options(joinedload(Appeal.application).joinedload(Application.firm)).order_by(Appeal.due_on, Appeal.id)
    )
    return sorted(session.scalars(statement), key=lambda each: each.state != "waiting")


def waiting_count(session: Session, plan_id: int | None) -> int:
    """Return how many appeals of a plan wait for their answer, within the actor's reach."""
    statement = (
        select(func.count(Appeal.id)).join(Application, Application.id == Appeal.application_id)
        .join(Round, Round.id == Application.round_id).where(Round.plan_id == plan_id, Appeal.state == "waiting")
    )
    return session.scalar(statement) or 0


def seat_of(session: Session, application_id: int) -> Seat | None:
    """Return what the adopted decision says of an application, or None."""
    return session.scalars(select(Seat).where(Seat.application_id == application_id)).one_or_none()
