"""Decides as whom a person acts: the plan chosen, the roles valid today and their reach; grants no role.

Who is signed in in a browser is found by `signed_in`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Date, Integer, String, and_, bindparam, column, func, select, table
from sqlalchemy.orm import Session, aliased

from cohort.kit import clock
from cohort.kit.access import Actor, Role, unscoped
from cohort.people.models import Person, RoleGrant

WIDE = frozenset({Role.ADMINISTRATOR, Role.MANAGER})
NO_COUNTRY = frozenset({Role.FIRM, Role.COACH, Role.EVALUATOR})
STANDS_IN = frozenset({Role.MANAGER, Role.COORDINATOR})
# The table is read by its name: the room `plans`, which names deputies, stands above this one.
DEPUTY = table(
    "deputy", column("plan_id", Integer), column("country", String), column("coordinator_id", Integer),
    column("deputy_id", Integer), column("from_on", Date), column("until_on", Date),
).c


def holding(grant: Any, person_id: Any, day: Any) -> ColumnElement[bool]:
    """Return the criterion that a grant, given by its columns, is the person's and holds on `day`."""
    return and_(
        grant.person_id == person_id, grant.revoked_at.is_(None),
        grant.valid_from <= day, grant.valid_to.is_(None) | (grant.valid_to >= day),
    )


def lent(grant: Any, away: Any, deputy_id: Any, day: Any) -> ColumnElement[bool]:
    """Return the criterion that a person has a grant of somebody away, as their deputy on that day.

    It is the coordinator's own grant, for the country named, and holds no longer than theirs: a deputy's deputy has
    nothing. `away` gives the columns of the person away.
    """
    return and_(
        DEPUTY.deputy_id == deputy_id, DEPUTY.from_on <= day, DEPUTY.until_on >= day, away.id == DEPUTY.coordinator_id,
        away.active, holding(grant, DEPUTY.coordinator_id, day), grant.plan_id == DEPUTY.plan_id,
        grant.role == Role.COORDINATOR, grant.country == DEPUTY.country,
    )


def called(person: Any) -> ColumnElement[str]:
    """Return the name of a person, given by its columns, or the mail address where there is none."""
    return func.coalesce(func.nullif(person.name, ""), person.email)


_AWAY = aliased(Person)
_LENT = select(RoleGrant.plan_id, RoleGrant.role, RoleGrant.country, called(_AWAY).label("lent_by")).where(
    lent(RoleGrant, _AWAY, bindparam("person_id"), bindparam("today", type_=Date()))
).order_by(RoleGrant.id)
_VALID = select(RoleGrant).where(
    holding(RoleGrant, bindparam("person_id"), bindparam("today", type_=Date()))
).order_by(RoleGrant.id)


def valid_grants(session_: Session, person_id: int) -> list[RoleGrant]:
    """Return the person's grants of all plans that hold today, in the order they were given."""
    with unscoped(session_):
        return list(session_.scalars(_VALID, {"person_id": person_id, "today": clock.today()}))


def actor_of(session_: Session, person: Person, plan_id: int | None = None) -> Actor:
    """Return `person` as an actor in a plan; without `plan_id`, or where no grant holds there, the latest plan of a grant.

    A person without grants is an actor without roles (an applicant who just made an account).
    """
    with unscoped(session_):
        lent_grants = session_.execute(_LENT, {"person_id": person.id, "today": clock.today()}).all()
    return actor_with(valid_grants(session_, person.id), lent_grants, person.id, person.name or person.email, plan_id)


def actor_with(grants: Sequence[Any], lent_grants: Sequence[Any], person_id: int, name: str, plan_id: int | None) -> Actor:
    """Return the actor that grants of all plans make of a person; see `actor_of`.

    A grant may be a row with the columns plan_id, role, country, firm_id alone; one lent to a deputy also says
    `lent_by`, and widens the reach of whoever still coordinates or manages that plan: it makes nobody staff.
    """
    plans = {grant.plan_id for grant in grants}
    chosen = plan_id if plan_id in plans else max(plans, default=None)
    here = [grant for grant in grants if grant.plan_id == chosen]
    roles = frozenset(grant.role for grant in here)
    countries, firm_ids = _reach(here)
    stands_in: dict[str, str] = {}
    if countries is not None and roles & STANDS_IN:
        stands_in = {
            grant.country: grant.lent_by for grant in lent_grants if grant.plan_id == chosen and grant.country not in countries
        }
        countries |= frozenset(stands_in)
    return Actor(
        person_id=person_id, name=name, plan_id=chosen, roles=roles, countries=countries, firm_ids=firm_ids,
        stands_in=tuple(sorted(stands_in.items())),
    )


def _reach(grants: Sequence[Any]) -> tuple[frozenset[str] | None, frozenset[int] | None]:
    """Return countries and firms; an observer sees all, but never widens what another role of theirs may change.

    An evaluator's country opens nothing, in no other role either: files are assigned one by one.
    """
    roles = {grant.role for grant in grants}
    if roles & WIDE or roles == {Role.OBSERVER}:
        return None, None
    limited = [grant for grant in grants if grant.role is not Role.OBSERVER]
    countries = {grant.country for grant in limited if grant.country and grant.role not in NO_COUNTRY}
    firms = {grant.firm_id for grant in limited if grant.firm_id is not None}
    return frozenset(countries), frozenset(firms)
