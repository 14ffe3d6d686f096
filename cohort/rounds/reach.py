"""Says who may see which rows of the room: own firm, own country, files assigned and free of conflict; opens no page."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, and_, false, func, or_, select

from cohort.kit.access import Actor, Role, open_table, scope
from cohort.rounds.models import (
    Addendum,
    Appeal,
    Application,
    Chances,
    Decision,
    Finding,
    Round,
    ScoreEntry,
    Screened,
    Seat,
    Submission,
)
from cohort.rounds.reviews.models import Assignment, Conflict, Review, ReviewSent
from cohort.rounds.seats.models import AdministrativeAct, Concurrence, Offer, Replacement


def _by_country(actor: Actor) -> ColumnElement[bool]:
    """Files of the actor's countries; an evaluator's country opens nothing, files are assigned one by one."""
    if not actor.countries or actor.roles <= {Role.EVALUATOR, Role.OBSERVER}:
        return false()
    within = Application.country.in_(sorted(actor.countries))
    if Role.EVALUATOR in actor.roles and actor.person_id is not None:  # a conflict hides a file from every side
        return and_(within, Application.id.not_in(barred(actor.person_id)))
    return within


def _assigned(actor: Actor) -> ColumnElement[bool]:
    """Files that stand assigned to the actor and that no conflict bars.

    Whoever reads names in another role sees them on the pages of reviews alone: elsewhere they would not be blind.
    """
    if Role.EVALUATOR not in actor.roles or actor.person_id is None or actor.may("firm.see"):
        return false()
    given = Assignment.__table__
    standing = select(given.c.application_id).where(
        given.c.evaluator_id == actor.person_id, given.c.ended_at.is_(None))
    return and_(Application.id.in_(standing), Application.id.not_in(barred(actor.person_id)))


def may_read_names(actor: Actor) -> bool:
    """Return whether pages that name firms are open to the actor; evaluators and observers know a file by its code."""
    return actor.may("firm.see")


def barred(person_id: int) -> Any:
    """Return the query of the files whose latest word on this person is a conflict."""
    said = Conflict.__table__
    latest = select(func.max(said.c.id)).where(said.c.evaluator_id == person_id).group_by(said.c.application_id)
    return select(said.c.application_id).where(said.c.id.in_(latest), said.c.has_conflict.is_(True))


def _applications(actor: Actor) -> ColumnElement[bool] | None:
    """Own firm and own drafts, the coordinator's countries, the evaluator's files; nothing for everybody else."""
    if actor.sees_all:
        return None
    criterion = or_(_by_country(actor), _assigned(actor))
    if actor.firm_ids:
        criterion = criterion | Application.firm_id.in_(sorted(actor.firm_ids))
    if actor.person_id is not None:
        criterion = criterion | (Application.applicant_id == actor.person_id)
    return criterion


def _of_applications(model: Any, is_shown_to_firm: bool) -> None:
    """Scope a table with `application_id` like its application, or like it for staff alone."""

    def rule(actor: Actor) -> ColumnElement[bool] | None:
        if actor.sees_all:
            return None
        seen = _applications(actor) if is_shown_to_firm else _by_country(actor)
        assert seen is not None
        within = Application.__table__
        return model.application_id.in_(select(within.c.id).where(seen))  # type: ignore[no-any-return]

    scope(model, rule)


def _decisions(actor: Actor) -> ColumnElement[bool] | None:
    """Staff with files of their own see it; firms and the public read what was published, through its page."""
    return None if actor.sees_all or actor.countries else false()


def _own_or_all(model: Any) -> None:
    """Scope what one evaluator says to that person; whoever sees every file sees it too."""

    def rule(actor: Actor) -> ColumnElement[bool] | None:
        if actor.sees_all:
            return None
        return model.evaluator_id == actor.person_id if actor.person_id is not None else false()

    scope(model, rule)


def _sent(actor: Actor) -> ColumnElement[bool] | None:
    """A sent review is scoped like its sheet."""
    if actor.sees_all:
        return None
    sheet = Review.__table__
    return ReviewSent.review_id.in_(select(sheet.c.id).where(sheet.c.evaluator_id == actor.person_id))


scope(Application, _applications)
scope(Decision, _decisions)
_of_applications(Submission, is_shown_to_firm=True)
_of_applications(Seat, is_shown_to_firm=True)
_of_applications(Appeal, is_shown_to_firm=True)
_of_applications(Offer, is_shown_to_firm=True)
_of_applications(Finding, is_shown_to_firm=False)
_of_applications(ScoreEntry, is_shown_to_firm=False)
_of_applications(Screened, is_shown_to_firm=False)
for _told in (Assignment, Conflict, Review):
    _own_or_all(_told)
scope(ReviewSent, _sent)
for _kept in (Concurrence, AdministrativeAct, Replacement):
    scope(_kept, _decisions)
open_table(Round, "calls are public; drafts are shown by staff pages alone")
open_table(Chances, "the chances of a lottery are published before its draw")
open_table(Addendum, "a call's addenda are public")
