"""Names roles and countries in the reader's language; what a role may do stands in kit.access."""

from __future__ import annotations

from babel import Locale
from flask_babel import get_locale
from flask_babel import lazy_gettext as _l

from cohort.kit.access import Role
from cohort.kit.history import name_actions
from cohort.kit.language import REGIONS
from cohort.kit.navigation import ROLE_NAMES

name_actions({
    "person.signed_in": _l("signed in"),
    "person.signed_out": _l("signed out"),
    "person.signed_out_elsewhere": _l("signed out everywhere else"),
    "person.changed": _l("changed name, language or region"),
    "person.password_set": _l("set a password"), "person.notices_chosen": _l("chose which notices to get"),
    "person.address_asked": _l("asked for a new mail address"), "person.address_changed": _l("changed the mail address"),
    "person.second_factor_on": _l("set up an authenticator app"),
    "person.second_factor_off": _l("removed the authenticator app"),
    "person.link_made": _l("made a sign-in link to hand over"),
    "passkey.added": _l("added a passkey"),
    "passkey.removed": _l("removed a passkey"),
    "role.granted": _l("gave a role"),
    "role.revoked": _l("ended a role"),
    "invitation.sent": _l("sent an invitation"),
    "invitation.withdrawn": _l("withdrew an invitation"),
    "invitation.accepted": _l("accepted an invitation"),
})


def role_name(role: Role | str) -> str:
    """Return the role in words."""
    return str(ROLE_NAMES[Role(role)])


def country_name(code: str) -> str:
    """Return the country in words; the code itself where no name is known."""
    return str(Locale.parse(str(get_locale() or "es")[:2]).territories.get(code, code))


def country_choices() -> list[tuple[str, str]]:
    """Return (code, name) of the countries with formats of their own, by name."""
    return sorted(((code, country_name(code)) for code in REGIONS), key=lambda pair: pair[1])
