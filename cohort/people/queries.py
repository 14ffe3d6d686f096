"""Reads who has which role and which invitations wait; changing them is grants and invitations."""

from __future__ import annotations

from collections.abc import Iterable

from flask_sqlalchemy.pagination import Pagination
from sqlalchemy import or_, select
from sqlalchemy.orm import Session, contains_eager

from cohort.kit import clock
from cohort.kit.access import Role
from cohort.kit.database import db
from cohort.kit.language import reader_language
from cohort.people.models import Invitation, Person, RoleGrant

PER_PAGE = 50


def roles_of_plan(plan_id: int, role: Role | None = None, country: str = "", words: str = "") -> Pagination:
    """Return a page of the plan's grants that hold today, by name, within the reader's reach; people are loaded too."""
    today = clock.today()
    statement = (
        select(RoleGrant).join(RoleGrant.person).options(contains_eager(RoleGrant.person))
        .where(
            RoleGrant.plan_id == plan_id, RoleGrant.revoked_at.is_(None),
            RoleGrant.valid_to.is_(None) | (RoleGrant.valid_to >= today),
        )
        .order_by(Person.name, Person.email, RoleGrant.id)
    )
    if role is not None:
        statement = statement.where(RoleGrant.role == role)
    if country:
        statement = statement.where(RoleGrant.country == country)
    if words:
        named = Person.name.icontains(words, autoescape=True)
        statement = statement.where(or_(named, Person.email.icontains(words, autoescape=True)))
    return db.paginate(statement, per_page=PER_PAGE, max_per_page=PER_PAGE, error_out=False)


def roles_of_person(session: Session, plan_id: int, person_id: int) -> list[RoleGrant]:
    """Return what roles a person has and had in the plan, latest first, within the reader's reach; at most 50."""
    statement = select(RoleGrant).where(RoleGrant.plan_id == plan_id, RoleGrant.person_id == person_id)
    return list(session.scalars(statement.order_by(RoleGrant.id.desc()).limit(PER_PAGE)))


def waiting_invitations(session: Session, plan_id: int) -> list[Invitation]:
    """Return the plan's latest invitations that nobody accepted or withdrew, expired ones included; at most 50."""
    statement = select(Invitation).where(
        Invitation.plan_id == plan_id, Invitation.used_at.is_(None), Invitation.revoked_at.is_(None),
    )
    return list(session.scalars(statement.order_by(Invitation.id.desc()).limit(PER_PAGE)))


def plans_of(session: Session, plan_ids: list[int]) -> list[tuple[int, str]]:
    """Return (id, name) of plans, latest first; the table is read by its name, as `plans` stands above this room."""
    plan = db.metadata.tables["plan"]
    name = plan.c.name_es if reader_language() == "es" else plan.c.name_en
    rows = session.execute(select(plan.c.id, name).where(plan.c.id.in_(plan_ids)).order_by(plan.c.id.desc()))
    return [(key, words) for key, words in rows]


def names_of_people(session: Session, person_ids: Iterable[int | None]) -> dict[int, str]:
    """Return by id the name of each person, or the mail address of one without a name; an unknown id is left out."""
    rows = session.execute(select(Person.id, Person.name, Person.email).where(
        Person.id.in_({one for one in person_ids if one is not None})))
    return {row.id: row.name or row.email for row in rows}
