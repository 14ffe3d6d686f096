"""Gives and ends roles, and decides who may give which; what a role may do stands in kit.access."""

from __future__ import annotations

import secrets
from datetime import date

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session

from cohort.kit import clock
from cohort.kit.access import Actor, Role
from cohort.kit.audit import record
from cohort.kit.database import Base
from cohort.kit.errors import DomainError, wording
from cohort.people.models import Person, RoleGrant

BY_COORDINATORS = frozenset({Role.FIRM, Role.COACH})

wording("role_not_yours", _l("Coordinators invite firms and coaches; ask the programme manager to invite staff."), 403)
wording("role_administrator", _l("Only an administrator may make somebody an administrator."), 403)
wording("role_other_country", _l("That country is not among yours."), 403)
wording("role_other_plan", _l("Roles are given in the plan you are working in."), 403)
wording("role_needs_country", _l("This role needs a country."))
wording("role_needs_firm", _l("Say for which firm."))
wording("role_firm_country", _l("That firm is registered in another country."))
wording("role_own", _l("You cannot end your own role. Ask somebody else who may."))


def country_of_firm(session: Session, firm_id: int) -> str | None:
    """Return a firm's country, or None when there is no such firm.

    The table is read by its name, as the foreign key to it is written: the room `firms` stands above this one.
    """
    firm = Base.metadata.tables["firm"]
    return session.scalar(select(firm.c.country).where(firm.c.id == firm_id))


def require_may_give(
    session: Session, actor: Actor, role: Role, plan_id: int, country: str | None, firm_id: int | None,
) -> str | None:
    """Return the country that the role will carry; raises a `role_…` refusal unless the actor may give this role.

    Managers and administrators give every role (administrators only by administrators); coordinators give firms and
    coaches of their own countries; whoever acts for a firm invites a colleague to act for it too. A coordinator needs
    a country, a firm person a firm; a firm's country is its own.
    """
    is_colleague = role is Role.FIRM and firm_id is not None and firm_id in (actor.firm_ids or ())
    if not is_colleague:
        actor.require("people.invite")
    if not actor.is_system and plan_id != actor.plan_id:
        raise DomainError("role_other_plan")
    if is_colleague:
        return _country_for(session, role, country, firm_id)
    if role is Role.ADMINISTRATOR and not actor.is_system and Role.ADMINISTRATOR not in actor.roles:
        raise DomainError("role_administrator")
    if not actor.sees_all and role not in BY_COORDINATORS:
        raise DomainError("role_not_yours")
    found = _country_for(session, role, country, firm_id)
    if not actor.sees_all and found not in (actor.countries or ()):
        raise DomainError("role_other_country")
    return found


def _country_for(session: Session, role: Role, country: str | None, firm_id: int | None) -> str | None:
    if role is Role.FIRM and firm_id is None:
        raise DomainError("role_needs_firm")
    if firm_id is not None:
        registered = country_of_firm(session, firm_id)
        if registered is None:
            raise DomainError("role_needs_firm")
        if country and country != registered:
            raise DomainError("role_firm_country")
        return registered
    if role in {Role.COORDINATOR, Role.COACH} and not country:
        raise DomainError("role_needs_country")
    return country or None


def find_or_make_person(
    session: Session, email: str, name: str = "", language: str = "es", region: str | None = None,
) -> Person:
    """Return the person with this mail address (upper and lower case are the same), made when there is none."""
    address = email.strip().lower()
    person = session.scalar(select(Person).where(Person.email == address))
    if person is None:
        person = Person(
            email=address, name=name.strip(), language=language, region=region, fs_uniquifier=secrets.token_hex(32),
            fs_webauthn_user_handle=secrets.token_hex(32), active=True,
        )
        session.add(person)
        session.flush()
    return person


def grant_role(
    session: Session, actor: Actor, person: Person, role: Role, plan_id: int, *, country: str | None = None,
    firm_id: int | None = None, valid_from: date | None = None, valid_to: date | None = None,
) -> RoleGrant:
    """Give a role from `valid_from` (default: today) and return the grant; the same open grant is not given twice.

    Raises the refusals of `require_may_give`.
    """
    found = require_may_give(session, actor, role, plan_id, country, firm_id)
    return give(session, actor, person, role, plan_id, found, firm_id, valid_from, valid_to)


def give(
    session: Session, actor: Actor, person: Person, role: Role, plan_id: int, country: str | None,
    firm_id: int | None, valid_from: date | None = None, valid_to: date | None = None,
) -> RoleGrant:
    """Record a grant whose right was checked before: by `grant_role`, or when its invitation was sent."""
    standing = session.scalar(
        select(RoleGrant).where(
            RoleGrant.person_id == person.id, RoleGrant.plan_id == plan_id, RoleGrant.role == role,
            RoleGrant.country.is_not_distinct_from(country), RoleGrant.firm_id.is_not_distinct_from(firm_id),
            RoleGrant.revoked_at.is_(None), RoleGrant.valid_to.is_(None),
        )
    )
    if standing is not None:
        return standing
    grant = RoleGrant(
        plan_id=plan_id, person_id=person.id, role=role, country=country, firm_id=firm_id,
        valid_from=valid_from or clock.today(), valid_to=valid_to, granted_by=actor.person_id,
    )
    session.add(grant)
    session.flush()
    record(session, actor, "role.granted", grant, after={
        "person": person.id, "role": role.value, "country": country, "firm": firm_id, "plan": plan_id,
    })
    return grant


def revoke_role(session: Session, actor: Actor, grant_id: int) -> RoleGrant:
    """End a role now and return its grant.

    Raises `not_found` for a grant out of sight or ended already, `role_own` for one's own, and the refusals of
    `require_may_give`: who may not give a role may not end it.
    """
    grant = session.scalar(select(RoleGrant).where(RoleGrant.id == grant_id))
    if grant is None or grant.revoked_at is not None:
        raise DomainError("not_found")
    if grant.person_id == actor.person_id:
        raise DomainError("role_own")
    require_may_give(session, actor, grant.role, grant.plan_id, grant.country, grant.firm_id)
    grant.revoked_at, grant.revoked_by = clock.now(), actor.person_id
    grant.valid_to = min(grant.valid_to or clock.today(), clock.today())
    record(session, actor, "role.revoked", grant, before={"role": grant.role.value, "person": grant.person_id})
    return grant
