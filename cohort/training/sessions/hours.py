"""Gathers the sessions of members so that `rules.attendance` can say their hours and share; three queries for any number."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cohort.kit import clock
from cohort.kit.access import Actor
from cohort.plans import queries as plan_queries
from cohort.plans.models import Member
from cohort.rules.attendance import Attended, SessionFact, attended_in
from cohort.training.sessions import queries, words
from cohort.training.sessions.models import Attendance, Invitation, TrainingSession

MOST_NEXT = 3
CORE_MILESTONE = 6
"""Number of the milestone that core training fulfils (domain.md §7); a person confirms it, the figure stands beside it."""


def length_minutes(training: TrainingSession) -> int:
    """Return how long a session lasts, in whole minutes."""
    return int((training.ends_at - training.starts_at).total_seconds()) // 60


def hours_of(session: Session, members: Sequence[Member]) -> dict[int, Attended]:
    """Return the minutes and the share of each member now, by its number; all of one plan."""
    if not members:
        return {}
    ids, now = [member.id for member in members], clock.now()
    trainings = session.scalars(select(TrainingSession).where(
        TrainingSession.plan_id == members[0].plan_id, TrainingSession.cancelled_at.is_(None))).all()
    invited: dict[int, set[int]] = defaultdict(set)
    for member_id, session_id in session.execute(select(Invitation.member_id, Invitation.session_id).where(Invitation.member_id.in_(ids))):
        invited[member_id].add(session_id)
    latest = select(func.max(Attendance.id)).where(Attendance.member_id.in_(ids)).group_by(Attendance.session_id, Attendance.member_id)
    there: dict[int, dict[int, int]] = defaultdict(dict)
    for row in session.scalars(select(Attendance).where(Attendance.id.in_(latest))):
        there[row.member_id][row.session_id] = row.minutes
    return {
        key: attended_in(
            SessionFact(length_minutes(each), there[key].get(each.id, 0), each.is_core, each.id in invited[key], each.ends_at <= now)
            for each in trainings if each.id in invited[key] or each.id in there[key])
        for key in ids
    }


def hours_of_one(session: Session, member: Member) -> Attended:
    """Return the minutes and the share of one member now."""
    return hours_of(session, [member])[member.id]


def least_share(session: Session, member: Member) -> Fraction:
    """Return the share of core hours that the member's plan asks for today (policy `thresholds.attendance_share`)."""
    settings = plan_queries.policy_on(session, member.plan_id, "thresholds", clock.today()).settings
    return Fraction(str(settings["attendance_share"]))


@dataclass(frozen=True)
class HoursSaid:
    """A member's training in words: “32 of 40 h, 80 %”, what the plan asks for, and whether that is reached (None: nothing offered)."""

    line: str
    rule: str
    is_reached: bool | None


def hours_said(session: Session, member: Member) -> HoursSaid | None:
    """Return a member's training for its page, in the reader's language; None while there was none."""
    attended = hours_of_one(session, member)
    if not attended.minutes and not attended.offered_minutes:
        return None
    least = least_share(session, member)
    return HoursSaid(words.hours_line(attended), words.rule_line(attended, least), attended.reaches(least))


def next_sessions(session: Session, actor: Actor, member: Member) -> dict[str, Any]:
    """Return what a firm's first page shows: its next sessions, places in the order of the yeses, its hours in words."""
    now = clock.now()
    soon = [each for each in queries.own_invitations(session, actor) if each.session.ends_at > now][:MOST_NEXT]
    return {
        "invitations": soon, "places": queries.places(session, [each.session for each in soon]) if soon else {}, "waits": queries.waits,
        "session_words": words, "hours": hours_said(session, member), "now": now,
    }
