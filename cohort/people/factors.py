"""Sets up and checks second factors: authenticator codes and one-time recovery codes; passkeys stand in passkeys.

Codes and their secrets are made and checked by the sign-in library.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from cohort.kit.access import Actor
from cohort.kit.audit import record
from cohort.kit.errors import DomainError, wording
from cohort.people.lockout import forget_failures, note_failure, refuse_when_locked
from cohort.people.models import Person
from cohort.people.profile import own_person, tell_of_change
from cohort.people.security import library

CLOCK_SKEW_S = 30

wording("code_wrong", _l("That code is not right, or was used already. Wait for the next one and type it."))
wording("factor_demanded", _l("Your plan asks staff for a second factor. Set up another one before you remove this."), 409)

Demand = Callable[[int], bool]
_demands: dict[str, Demand] = {"plans": lambda _plan_id: False}


def register_demand(demands_second_factor: Demand) -> Demand:
    """Let the room of plans tell which plan (by id) demands a second factor of its staff; without it none does.

    Returns what told it before.
    """
    before = _demands["plans"]
    _demands["plans"] = demands_second_factor
    return before


def is_demanded(actor: Actor) -> bool:
    """Return whether the actor, as staff of the chosen plan, must sign in with two factors."""
    return actor.is_staff and actor.plan_id is not None and _demands["plans"](actor.plan_id)


@dataclass(frozen=True)
class Setup:
    """What a person needs to add the site to an authenticator app: a picture to scan, or a key to type."""

    secret: str
    picture: str
    key: str


def start_setup(person: Person, secret: str | None = None) -> Setup:
    """Return a fresh set-up, or the one begun with `secret` (encrypted by the library, kept in the cookie)."""
    codes = library().totp_factory
    begun = secret or codes.generate_totp_secret()
    shown = codes.fetch_setup_values(begun, person)
    return Setup(begun, shown["image"], shown["key"])


def finish_setup(session: Session, actor: Actor, secret: str, code: str) -> list[str]:
    """Turn the authenticator app on when `code` proves it, and return new recovery codes, shown this once.

    Raises `code_wrong`.
    """
    person = own_person(session, actor)
    if not library().totp_factory.verify_totp(_digits(code), secret, person, window=CLOCK_SKEW_S):
        raise DomainError("code_wrong")
    person.tf_totp_secret, person.tf_primary_method = secret, "authenticator"
    recovery = library().mf_recovery_codes_util.create_recovery_codes(person)
    record(session, actor, "person.second_factor_on", person)
    tell_of_change(session, person, "second_factor_on")
    return list(recovery)


def turn_off(session: Session, actor: Actor) -> None:
    """Remove the authenticator app; raises `factor_demanded` when the plan demands it and there is no passkey."""
    person = own_person(session, actor)
    if not person.tf_totp_secret:
        return
    if is_demanded(actor) and not person.webauthn:
        raise DomainError("factor_demanded")
    person.tf_totp_secret = person.tf_primary_method = person.tf_last_counter = None
    person.mf_recovery_codes = None
    record(session, actor, "person.second_factor_off", person)
    tell_of_change(session, person, "second_factor_off")


def check_code(session: Session, person: Person, code: str, address: str) -> str | None:
    """Return how the code proved the person (`authenticator`, or `recovery`, which uses it up), or None.

    A failure is counted like a wrong password; raises `locked_out`.
    """
    refuse_when_locked(session, person.email, address)
    recovery = library().mf_recovery_codes_util
    typed = code.strip().lower()
    if person.tf_totp_secret and library().totp_factory.verify_totp(
        _digits(code), person.tf_totp_secret, person, window=CLOCK_SKEW_S,
    ):
        proof = "authenticator"
    elif recovery.check_recovery_code(person, typed):
        recovery.delete_recovery_code(person, typed)
        proof = "recovery"
    else:
        note_failure(session, person.email, address)
        return None
    forget_failures(session, person.email)
    return proof


def _digits(code: str) -> str:
    return "".join(sign for sign in code if sign.isdigit())
