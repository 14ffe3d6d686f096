"""Names roles and countries in the reader's language; what a role may do stands in kit.access."""

from __future__ import annotations

from babel import Locale
from flask_babel import get_locale

from cohort.kit.access import Actor, Role
from cohort.kit.language import REGIONS
from cohort.kit.navigation import ROLE_NAMES


def role_name(role: Role | str) -> str:
    """Return the role in words."""
    return str(ROLE_NAMES[Role(role)])


def country_name(code: str) -> str:
    """Return the country in words; the code itself where no name is known."""
    return str(Locale.parse(str(get_locale() or "es")[:2]).territories.get(code, code))


def country_choices() -> list[tuple[str, str]]:
    """Return (code, name) of the countries with formats of their own, by name."""
    return sorted(((code, country_name(code)) for code in REGIONS), key=lambda pair: pair[1])


def roles_in_words(actor: Actor) -> str:
    """Return the actor's roles in one line, widest first; empty where there is none."""
    return ", ".join(role_name(role) for role in Role if role in actor.roles)
