"""Decides whether an actor may change a firm; which rows a query returns at all is the scope rule of the models."""

from __future__ import annotations

from cohort import reference
from cohort.firms.models import Firm
from cohort.kit.access import Actor
from cohort.kit.errors import DomainError


def may_edit(actor: Actor, firm: Firm) -> bool:
    """Return whether the actor is staff with reach over the firm's country, or the firm itself."""
    if actor.may("firm.edit") and (actor.sees_all or firm.country in (actor.countries or ())):
        return True
    return is_own(actor, firm)


def is_own(actor: Actor, firm: Firm) -> bool:
    """Return whether the actor acts for this very firm."""
    return not actor.is_system and actor.may("own.edit") and firm.id in (actor.firm_ids or ())


def may_read_files(actor: Actor, firm: Firm) -> bool:
    """Return whether evidence of the firm may be opened: those who verify it, those who edit it, the firm itself."""
    within = actor.sees_all or firm.country in (actor.countries or ())
    return (within and (actor.may("export.verify") or actor.may("firm.edit"))) or is_own(actor, firm)


def require_edit(actor: Actor, firm: Firm) -> None:
    """Raise `DomainError("not_allowed")` unless the actor may change the firm."""
    if not may_edit(actor, firm):
        raise DomainError("not_allowed")


def require_country(actor: Actor, country: str) -> None:
    """Raise `DomainError` `country_unknown` for a country outside the plan, `not_allowed` outside the reach."""
    if country not in reference.countries():
        raise DomainError("country_unknown", country=country)
    if not actor.sees_all and country not in (actor.countries or ()):
        raise DomainError("not_allowed")
