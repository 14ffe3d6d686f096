"""Decides who acts in a request: the person, the plan chosen, the roles valid today and their reach; grants no role."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from flask import g, session
from flask_security import current_user
from sqlalchemy import Date, bindparam, select
from sqlalchemy.orm import Session

from cohort.kit import clock
from cohort.kit.access import ANONYMOUS, Actor, Role, unscoped
from cohort.kit.database import db
from cohort.people.models import Person, RoleGrant

WIDE = frozenset({Role.ADMINISTRATOR, Role.MANAGER})


# Asked at every click, so written once.
_VALID = select(RoleGrant).where(
    RoleGrant.person_id == bindparam("person_id"), RoleGrant.revoked_at.is_(None),
    RoleGrant.valid_from <= bindparam("today", type_=Date()),
    RoleGrant.valid_to.is_(None) | (RoleGrant.valid_to >= bindparam("today", type_=Date())),
).order_by(RoleGrant.id)


def valid_grants(session_: Session, person_id: int) -> list[RoleGrant]:
    """Return the person's grants of all plans that hold today, in the order they were given."""
    with unscoped(session_):
        return list(session_.scalars(_VALID, {"person_id": person_id, "today": clock.today()}))


def actor_of(session_: Session, person: Person, plan_id: int | None = None) -> Actor:
    """Return `person` as an actor in a plan; without `plan_id`, or where no grant holds there, the latest plan of a grant.

    A person without grants is an actor without roles (an applicant who just made an account).
    """
    grants = valid_grants(session_, person.id)
    plans = {grant.plan_id for grant in grants}
    chosen = plan_id if plan_id in plans else max(plans, default=None)
    here = [grant for grant in grants if grant.plan_id == chosen]
    countries, firm_ids = _reach(here)
    return Actor(
        person_id=person.id, name=person.name or person.email, plan_id=chosen,
        roles=frozenset(grant.role for grant in here), countries=countries, firm_ids=firm_ids,
    )


def _reach(grants: Sequence[RoleGrant]) -> tuple[frozenset[str] | None, frozenset[int] | None]:
    """Return countries and firms; an observer sees all, but never widens what another role of theirs may change."""
    roles = {grant.role for grant in grants}
    if roles & WIDE or roles == {Role.OBSERVER}:
        return None, None
    limited = [grant for grant in grants if grant.role is not Role.OBSERVER]
    countries = {grant.country for grant in limited if grant.country and grant.role not in {Role.FIRM, Role.COACH}}
    firms = {grant.firm_id for grant in limited if grant.firm_id is not None}
    return frozenset(countries), frozenset(firms)


def load_actor() -> Actor:
    """Return who makes this request and set the language and region of the page."""
    if not current_user.is_authenticated:
        return ANONYMOUS
    person = cast(Person, current_user._get_current_object())
    g.language, g.region = person.language, person.region or person.office_country
    return actor_of(cast(Session, db.session()), person, session.get("plan_id"))
