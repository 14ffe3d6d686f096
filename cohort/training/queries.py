"""Answers how members stand with their milestones on a day; two queries whatever the number of members."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import cast

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload, selectinload

from cohort.firms.models import Firm
from cohort.kit.access import Actor
from cohort.kit.errors import DomainError
from cohort.people.models import Person
from cohort.plans.groups import Group, in_group
from cohort.plans.models import Member
from cohort.rules import progress
from cohort.rules.progress import Completion, MilestoneState, State
from cohort.training.models import ContactNote, Milestone, MilestoneEntry

# Whoever stands further right may also do what those before may (domain.md §7).
_RANK = ("coach", "coordinator", "manager")
CLOSED = frozenset({State.DONE, State.WAIVED})
_COLUMNS = (
    Milestone.id, Milestone.member_id, Milestone.firm_id, Milestone.number, Milestone.due_on, Milestone.after,
    Milestone.is_required, Milestone.handed_in_on, Milestone.done_on, Milestone.waived_on,
)


@dataclass(frozen=True)
class Dated:
    """A milestone with its state on a day and the days left to its date (negative when it is past)."""

    milestone: Milestone
    state: MilestoneState
    days_left: int


@dataclass(frozen=True)
class Standing:
    """How one member stands: its milestones, how many are done, what comes next, what is late."""

    member: Member
    dated: list[Dated]
    completion: Completion

    @property
    def done_count(self) -> int:
        """Milestones done."""
        return sum(each.state.state is State.DONE for each in self.dated)

    @property
    def counted(self) -> int:
        """Milestones that count: all but the waived."""
        return sum(each.state.state is not State.WAIVED for each in self.dated)

    @property
    def late(self) -> list[Dated]:
        """What is past its date and lies with the firm."""
        return [each for each in self.dated if each.state.state is State.LATE]

    @property
    def next(self) -> Dated | None:
        """The first milestone that the firm can do now, late ones first."""
        actionable = (State.LATE, State.DUE_TODAY, State.SOON, State.OPEN)
        todo = [each for each in self.dated if each.state.state in actionable]
        return min(todo, key=lambda each: (each.milestone.due_on, each.milestone.number), default=None)


def standings(session: Session, members: Sequence[Member], day: date, *, as_columns: bool = False) -> list[Standing]:
    """Return how each member stands at the end of `day`, in the order given.

    With `as_columns` a milestone has its columns alone: a third of the time, for the job that looks at all of them
    every day.
    """
    by_member: dict[int, list[Milestone]] = defaultdict(list)
    chosen = Milestone.member_id.in_([member.id for member in members])
    if as_columns:
        rows = cast("Iterable[Milestone]", session.execute(select(*_COLUMNS).where(chosen).order_by(Milestone.number)))
    else:
        rows = session.scalars(select(Milestone).where(chosen).order_by(Milestone.number))
    for row in rows:
        by_member[row.member_id].append(row)
    return [_standing(member, by_member[member.id], day) for member in members]


def _standing(member: Member, rows: list[Milestone], day: date) -> Standing:
    states = progress.states_of((_fact(row) for row in rows), day)
    dated = [Dated(row, state, (row.due_on - day).days) for row, state in zip(rows, states, strict=True)]
    required = frozenset(row.number for row in rows if row.is_required)
    return Standing(member, dated, progress.completion_of(states, required=required))


def _fact(row: Milestone) -> progress.Milestone:
    return progress.Milestone(
        number=row.number, due_on=row.due_on, after=tuple(row.after), submitted_on=row.handed_in_on,
        done_on=row.done_on, waived_on=row.waived_on,
    )


def standing_of(session: Session, member: Member, day: date) -> Standing:
    """Return how one member stands."""
    return standings(session, [member], day)[0]


def member_named(session: Session, member_id: int) -> Member:
    """Return a member within the actor's reach with its firm and plan; raises `DomainError("not_found")`."""
    statement = select(Member).where(Member.id == member_id).options(joinedload(Member.firm), joinedload(Member.plan))
    member = session.scalars(statement).one_or_none()
    if member is None:
        raise DomainError("not_found")
    return member


def own_member(session: Session, plan_id: int | None, firm_ids: Collection[int]) -> Member | None:
    """Return the membership of one of these firms in the plan, the present one first, or None."""
    statement = select(Member).where(Member.plan_id == (plan_id or 0), Member.firm_id.in_(sorted(firm_ids)))
    return session.scalars(statement.order_by(Member.left_on.is_not(None), Member.id).limit(1)).one_or_none()


def language_of(member: Member) -> str:
    """Return in which language a member's papers are: that of its first contact who is still there, else Spanish."""
    return next((person.language for person in member.firm.people if person.until_on is None), "es")


def milestone_named(session: Session, milestone_id: int) -> Milestone:
    """Return a milestone within the actor's reach with its entries; raises `DomainError("not_found")`."""
    statement = select(Milestone).where(Milestone.id == milestone_id)
    loading = (
        joinedload(Milestone.member).options(joinedload(Member.firm), joinedload(Member.plan)),
        selectinload(Milestone.entries).joinedload(MilestoneEntry.upload),
    )
    row = session.scalars(statement.options(*loading)).one_or_none()
    if row is None:
        raise DomainError("not_found")
    return row


def may_answer(actor: Actor, confirms: Sequence[str]) -> bool:
    """Return whether the actor's role may answer a milestone that the roles in `confirms` answer, own evidence aside."""
    least = min(_RANK.index(name) for name in confirms)
    ranks = [_RANK.index(role.value) for role in actor.roles if role.value in _RANK]
    return actor.is_system or max(ranks, default=-1) >= least


def waiting_for_us(session: Session, plan_id: int, limit: int = 200) -> list[Milestone]:
    """Return what firms handed in and nobody has answered, oldest first, within the actor's reach."""
    statement = (
        select(Milestone)
        .join(Member, Member.id == Milestone.member_id)
        .where(Milestone.plan_id == plan_id, Milestone.handed_in_on.is_not(None))
        .where(Milestone.done_on.is_(None), Milestone.waived_on.is_(None), Member.left_on.is_(None))
        .options(joinedload(Milestone.member).joinedload(Member.firm))
        .order_by(Milestone.handed_in_on, Milestone.id)
        .limit(limit)
    )
    return list(session.scalars(statement))


def last_handed_in(session: Session, milestone_ids: Sequence[int]) -> dict[int, MilestoneEntry]:
    """Return the latest hand-in of each milestone, by its number in the table."""
    statement = select(MilestoneEntry).where(
        MilestoneEntry.milestone_id.in_(milestone_ids), MilestoneEntry.kind == "handed_in"
    )
    rows = session.scalars(statement.options(joinedload(MilestoneEntry.upload)).order_by(MilestoneEntry.id))
    return {row.milestone_id: row for row in rows}


@dataclass(frozen=True)
class Note:
    """A call or a prepared message with the name of whoever made it."""

    kind: str
    text: str
    who: str
    recorded_at: datetime


def notes_of(session: Session, plan_id: int, firm_id: int, limit: int = 20) -> list[Note]:
    """Return calls and prepared messages to one firm, latest first."""
    statement = select(ContactNote, Person.name).outerjoin(Person, Person.id == ContactNote.recorded_by).where(
        ContactNote.plan_id == plan_id, ContactNote.firm_id == firm_id
    )
    rows = session.execute(statement.order_by(ContactNote.id.desc()).limit(limit))
    return [Note(note.kind, note.text, who or "", note.recorded_at) for note, who in rows]


def member_page(
    session: Session, plan_id: int, group: Group, country: str, page: int, per_page: int = 50
) -> tuple[list[Member], int]:
    """Return one page of a group's members by country and name, and how many there are in all."""
    chosen = [Member.plan_id == plan_id, in_group(group)]
    if country:
        chosen.append(Member.country == country)
    statement = (
        select(Member).join(Firm, Firm.id == Member.firm_id).where(*chosen).options(joinedload(Member.firm))
        .order_by(Member.country, Firm.sort_name, Member.id)
    )
    found = list(session.scalars(statement.offset((page - 1) * per_page).limit(per_page)))
    return found, session.scalar(select(func.count(Member.id)).where(*chosen)) or 0


def waiting_count(session: Session, actor: Actor) -> int:
    """Return how many hand-ins wait for an answer that the actor may give: the gold number on the rail."""
    if not actor.may("milestone.confirm"):
        return 0
    statement = select(Milestone.confirms).join(Member, Member.id == Milestone.member_id).where(
        Milestone.plan_id == actor.plan_id, Milestone.handed_in_on.is_not(None), Milestone.done_on.is_(None),
        Milestone.waived_on.is_(None), Member.left_on.is_(None),
    )
    return sum(may_answer(actor, confirms) for confirms in session.scalars(statement))
