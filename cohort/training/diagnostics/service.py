"""Takes a firm's diagnostic: what is filled in is kept, a whole one counts and is handed in for its milestone.

Each save is appended; what was gained is worked out in `rules`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session

from cohort.kit import audit, clock
from cohort.kit.access import Actor
from cohort.kit.errors import DomainError, wording
from cohort.kit.language import ZONES, number
from cohort.kit.mail import read_by
from cohort.plans.models import Member
from cohort.rules.capacity import HIGHEST, LOWEST, mean_of
from cohort.training import service as milestones
from cohort.training.diagnostics import queries
from cohort.training.diagnostics.models import Diagnostic
from cohort.training.models import Milestone
from cohort.training.queries import language_of

wording("diagnostic_empty", _l("Choose the mark of one area at least."))
wording("diagnostic_mark", _l("A mark is a whole number from 1 to 5."))
wording("diagnostic_date", _l("Give the day on which it was taken."))
wording("diagnostic_day", _l("The day must lie between %(start)s, when the plan began, and today."))

MOST_WORDS = 1_000
HANDED_IN_BY_DIAGNOSTIC = frozenset({4, 20})  # milestone 23 wants a report besides


def read_marks(typed: Mapping[str, Any]) -> dict[str, int]:
    """Return the marks of a form by area, areas left open not among them; raises `diagnostic_mark`."""
    allowed = {str(mark): mark for mark in range(LOWEST, HIGHEST + 1)}
    given = {code: str(typed.get(code) or "").strip() for code in queries.area_codes()}
    if any(text and text not in allowed for text in given.values()):
        raise DomainError("diagnostic_mark")
    return {code: allowed[text] for code, text in given.items() if text}


def take_diagnostic(
    session: Session, actor: Actor, member: Member, moment: str, marks: Mapping[str, int], taken_on: date, note: str = ""
) -> Diagnostic:
    """Append a diagnostic that a coach, coordinator or manager took with the firm; it counts once all areas are marked.

    A whole one is handed in for its milestone if that is open and waits for nobody; somebody else confirms it there.
    Errors: DomainError `not_allowed`, `member_gone`, `diagnostic_empty`, `diagnostic_day`.
    """
    actor.require("milestone.confirm")
    if member.left_on is not None:
        raise DomainError("member_gone", firm=member.firm.name, left=member.left_on)
    if not marks:
        raise DomainError("diagnostic_empty")
    if not member.plan.starts_on <= taken_on <= clock.today(ZONES[member.country]):
        raise DomainError("diagnostic_day", start=member.plan.starts_on)
    row = Diagnostic(
        plan_id=member.plan_id, member_id=member.id, firm_id=member.firm_id, moment=moment, marks=dict(marks),
        note=note.strip()[:MOST_WORDS], taken_on=taken_on, recorded_at=clock.now(), recorded_by=actor.person_id,
    )
    session.add(row)
    session.flush()
    audit.record(session, actor, "diagnostic.taken", member, after={"moment": moment, "marks": dict(marks), "taken_on": taken_on})
    if queries.is_whole(row):
        _hand_in(session, actor, member, row)
    return row


def _hand_in(session: Session, actor: Actor, member: Member, row: Diagnostic) -> None:
    number_of = {moment: found for found, moment in queries.MOMENT_OF.items()}[row.moment]
    if number_of not in HANDED_IN_BY_DIAGNOSTIC:
        return
    milestone = session.scalars(select(Milestone).where(
        Milestone.member_id == member.id, Milestone.number == number_of, Milestone.handed_in_on.is_(None),
        Milestone.done_on.is_(None), Milestone.waived_on.is_(None))).one_or_none()
    if milestone is not None:
        with read_by(language_of(member), member.country):
            said = gettext("Diagnostic in seven areas, mean %(mean)s of 5.", mean=number(float(mean_of(queries.marks_of(row))), 1))
        milestones.hand_in(session, actor, milestone, str(said))
