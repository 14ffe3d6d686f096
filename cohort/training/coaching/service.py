"""Notes coaching talks with their next step; a correction is a new note that names the old one, and nothing is overwritten."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from cohort.kit import audit, clock
from cohort.kit.access import Actor
from cohort.kit.errors import DomainError, wording
from cohort.kit.language import ZONES
from cohort.plans.models import Member
from cohort.training.coaching import queries
from cohort.training.coaching.models import CoachingLog
from cohort.training.service import LEADS

wording("talk_empty", _l("Say in a few words what you talked about."))
wording("talk_day", _l("The talk lies between %(start)s, when the plan began, and today."))
wording("talk_minutes", _l("A talk lasts from 1 to 600 minutes."))
wording("step_without_day", _l("Give the next step a day, or leave both empty."))
wording("step_before_talk", _l("The next step comes on the day of the talk or later."))
wording("talk_corrected", _l("This note was corrected already; correct the newer one."), 409)
wording("talk_of_another", _l("Whoever made this note corrects it, or the coordinator."), 403)
wording("step_done", _l("This step is done already."), 409)

MOST_MINUTES = 600


@dataclass(frozen=True)
class Talk:
    """What whoever held the talk says of it; the next step has words and a day, or neither."""

    held_on: date
    minutes: int
    about: str
    next_step: str = ""
    next_on: date | None = None


def log_talk(session: Session, actor: Actor, member: Member, talk: Talk, corrects: CoachingLog | None = None) -> CoachingLog:
    """Note a talk with a member, also with one that has left; with `corrects` the note stands instead of that one.

    A corrected note keeps that its next step is done, unless the step became another one. Errors: DomainError
    `not_allowed`, `talk_empty`, `talk_day`, `talk_minutes`, `step_without_day`, `step_before_talk`,
    `talk_corrected`, `talk_of_another`.
    """
    actor.require("call.log")
    _refuse_faulty(member, talk)
    step = talk.next_step.strip()
    row = CoachingLog(
        plan_id=member.plan_id, member_id=member.id, firm_id=member.firm_id, held_on=talk.held_on, minutes=talk.minutes,
        about=talk.about.strip(), next_step=step, next_on=talk.next_on, recorded_at=clock.now(), recorded_by=actor.person_id,
    )
    if corrects is not None:
        _refuse_correction(session, actor, member, corrects)
        row.corrects_id = corrects.id
        row.next_done_on = corrects.next_done_on if step == corrects.next_step else None
    session.add(row)
    session.flush()
    said: dict[str, object] = {"held_on": talk.held_on, "minutes": talk.minutes, "next_on": talk.next_on}
    if corrects is None:
        audit.record(session, actor, "coaching.held", member, after=said)
    else:
        audit.record(session, actor, "coaching.corrected", member, after=said)
    return row


def _refuse_faulty(member: Member, talk: Talk) -> None:
    if not talk.about.strip():
        raise DomainError("talk_empty")
    if not member.plan.starts_on <= talk.held_on <= clock.today(ZONES[member.country]):
        raise DomainError("talk_day", start=member.plan.starts_on)
    if not 1 <= talk.minutes <= MOST_MINUTES:
        raise DomainError("talk_minutes")
    if bool(talk.next_step.strip()) is (talk.next_on is None):
        raise DomainError("step_without_day")
    if talk.next_on is not None and talk.next_on < talk.held_on:
        raise DomainError("step_before_talk")


def _refuse_correction(session: Session, actor: Actor, member: Member, corrects: CoachingLog) -> None:
    if corrects.member_id != member.id:
        raise DomainError("not_found")
    if corrects.recorded_by != actor.person_id and not actor.is_system and not actor.roles & LEADS:
        raise DomainError("talk_of_another")
    if queries.is_corrected(session, corrects.id):
        raise DomainError("talk_corrected")


def finish_step(session: Session, actor: Actor, member: Member, talk: CoachingLog) -> None:
    """Mark the next step of a talk as done today, by the firm itself or by whoever goes with it.

    Errors: DomainError `not_allowed`, `step_done` for one that is done, `talk_corrected`, `not_found` without a step.
    """
    if not actor.may("call.log") and not actor.may("milestone.submit"):
        raise DomainError("not_allowed")
    if talk.member_id != member.id or not talk.next_step:
        raise DomainError("not_found")
    if queries.is_corrected(session, talk.id):
        raise DomainError("talk_corrected")
    if talk.next_done_on is not None:
        raise DomainError("step_done")
    talk.next_done_on = clock.today(ZONES[member.country])
    session.flush()
    audit.record(session, actor, "coaching.step_done", member, after={"step": talk.next_step, "next_on": talk.next_on})
