"""Invites the members whom a session's rule fits, and takes what their firms answer; letters are written in `letters`."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from cohort.kit import audit, clock
from cohort.kit.access import Actor, unscoped
from cohort.kit.errors import DomainError, wording
from cohort.plans import queries as plan_queries
from cohort.plans.models import Member
from cohort.training.models import Milestone
from cohort.training.sessions import letters, queries
from cohort.training.sessions.models import Invitation, TrainingSession
from cohort.training.sessions.service import require_edit

wording("session_begun", _l("This session has begun; answers are no longer taken. Attendance is what counts now."))
wording("answer_unknown", _l("Answer yes or no."))

LAST_PHASE = "E"


def fitting(session: Session, training: TrainingSession) -> list[Member]:
    """Return the members whom the rule fits and who are not invited yet, by country and name, of all countries.

    Fits: a member on the session's day, of a country that the rule names, in a phase that it names. A member's
    phase is that of its earliest open milestone, the last one when all are closed. Whoever calls may invite; names
    are shown within the reach alone.
    """
    day = training.starts_at.astimezone(ZoneInfo(training.time_zone)).date()
    countries, phases = training.invites["countries"], training.invites["phases"]
    with unscoped(session):
        members = [each for each in plan_queries.active_members(session, training.plan_id, day) if not countries or each.country in countries]
        invited = set(session.scalars(select(Invitation.member_id).where(Invitation.session_id == training.id)))
        now_in = _phases(session, training.plan_id) if phases else {}
    return [
        each for each in members if each.id not in invited and (not phases or now_in.get(each.id, LAST_PHASE) in phases)
    ]


def _phases(session: Session, plan_id: int) -> dict[int, str]:
    statement = select(Milestone.member_id, Milestone.phase).where(
        Milestone.plan_id == plan_id, Milestone.done_on.is_(None), Milestone.waived_on.is_(None)
    ).order_by(Milestone.due_on.desc(), Milestone.number.desc())
    return dict(session.execute(statement).all())  # the earliest one comes last and stays


def invite(session: Session, actor: Actor, training: TrainingSession) -> int:
    """Invite whom the rule fits now and is not invited yet; return how many firms. Done again it invites nobody twice.

    Members of other countries than the actor's are invited too: the session is theirs as well. A session that is
    over gets the invitations without mails, so that what it offered counts. Errors: DomainError
    `session_not_yours`, `session_cancelled`.
    """
    require_edit(actor, training)
    if training.cancelled_at is not None:
        raise DomainError("session_cancelled")
    session.execute(select(TrainingSession.id).where(TrainingSession.id == training.id).with_for_update())  # a second click waits here
    made = [
        Invitation(session_id=training.id, member=member, firm_id=member.firm_id, invited_at=clock.now())
        for member in fitting(session, training)
    ]
    if not made:
        return 0
    session.add_all(made)
    session.flush()
    mails = letters.tell_invited(session, training, made)
    audit.record(session, actor, "session.invited", training, after={"firms": len(made), "mails": mails})
    return len(made)


def answer(session: Session, actor: Actor, training: TrainingSession, firm_id: int, word: str) -> int:
    """Take a firm's yes or no; return its place on the waiting list, 0 when it has a place or said no.

    The order of the yeses decides who has a place: saying yes again keeps it, a no gives it up, and the next who
    waits is told. Errors: DomainError `not_found`, `answer_unknown`, `session_cancelled`, `session_begun`.
    """
    if word not in ("yes", "no"):
        raise DomainError("answer_unknown")
    session.execute(select(TrainingSession.id).where(TrainingSession.id == training.id).with_for_update())
    statement = select(Invitation).where(Invitation.session_id == training.id, Invitation.firm_id == firm_id)
    found = session.scalars(statement).one_or_none()
    if found is None:
        raise DomainError("not_found")
    if training.cancelled_at is not None:
        raise DomainError("session_cancelled")
    if training.starts_at <= clock.now():
        raise DomainError("session_begun")
    if found.answer != word:
        before = queries.places(session, [training])
        found.answer, found.answered_at, found.answered_by = word, clock.now(), actor.person_id
        session.flush()
        if word == "yes":
            audit.record(session, actor, "session.said_yes", found)
        else:
            audit.record(session, actor, "session.said_no", found)
            _tell_next(session, training, before)
    return queries.waits(training, queries.places(session, [training]).get(found.id))


def _tell_next(session: Session, training: TrainingSession, before: dict[int, int]) -> None:
    """Tell whoever waited and has a place now."""
    after = queries.places(session, [training])
    moved = [key for key, place in after.items() if queries.waits(training, before.get(key)) and not queries.waits(training, place)]
    if moved:
        with unscoped(session):  # the next one may be a firm of any country
            statement = select(Invitation).where(Invitation.id.in_(moved)).options(joinedload(Invitation.member).joinedload(Member.firm))
            found = session.scalars(statement).all()
        letters.tell_news(session, training, "place", found)
