"""Changes what a person may change of themselves: name, language, region, password; second factors stand beside it."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from flask_security import hash_password, verify_and_update_password
from sqlalchemy import select
from sqlalchemy.orm import Session

from cohort.kit import clock, notices
from cohort.kit.access import Actor, Role
from cohort.kit.audit import record
from cohort.kit.errors import DomainError, wording
from cohort.kit.language import LANGUAGES, REGIONS
from cohort.kit.notices import Notice
from cohort.kit.outbox import Recipient, enqueue, mail_kind
from cohort.people.links import recipient_of
from cohort.people.lockout import forget_failures, note_failure, refuse_when_locked
from cohort.people.models import Person
from cohort.people.security import PASSWORD_LENGTH_MIN, library
from cohort.people.sessions import sign_out_others

wording("password_short", _l("A password needs at least %(least)s characters. A short sentence is easy to remember."))
wording("password_like_mail", _l("Choose a password that does not contain your mail address."))

mail_kind("account_changed", title=_l("Change of how somebody signs in"))


def own_person(session: Session, actor: Actor) -> Person:
    """Return the actor's own record; raises `not_found` for nobody."""
    person = session.get(Person, actor.person_id) if actor.person_id else None
    if person is None:
        raise DomainError("not_found")
    return person


def change_profile(session: Session, actor: Actor, name: str, language: str, region: str | None) -> Person:
    """Set the actor's own name, language and region; unknown languages and regions leave what was."""
    person = own_person(session, actor)
    before = {"name": person.name, "language": person.language, "region": person.region}
    person.name = name.strip()[:120] or person.name
    person.language = language if language in LANGUAGES else person.language
    person.region = region if region in REGIONS else None
    after = {"name": person.name, "language": person.language, "region": person.region}
    if after != before:
        record(session, actor, "person.changed", person, before=before, after=after)
    return person


def choose_language(session: Session, actor: Actor, language: str) -> None:
    """Remember the language with the person, so that mails speak it too."""
    person = own_person(session, actor)
    if language in LANGUAGES and person.language != language:
        before, person.language = person.language, language
        record(session, actor, "person.changed", person, before={"language": before}, after={"language": language})


def hashed_password(password: str, email: str) -> str:
    """Return the argon2id hash of a new password; raises `password_short` or `password_like_mail`."""
    plain = library().password_util.normalize(password)
    if len(plain) < PASSWORD_LENGTH_MIN:
        raise DomainError("password_short", least=PASSWORD_LENGTH_MIN)
    if email.split("@", maxsplit=1)[0] in plain.lower() and len(email.split("@", maxsplit=1)[0]) > 3:
        raise DomainError("password_like_mail")
    return str(hash_password(plain))


def set_password(session: Session, actor: Actor, password: str, keep_place: int | None) -> None:
    """Set the actor's own password, sign out everywhere but at `keep_place`, and tell them by mail.

    Raises what `hashed_password` raises. The door has made sure that they signed in within the last hour.
    """
    person = own_person(session, actor)
    person.password = hashed_password(password, person.email)
    sign_out_others(session, actor, person.id, keep_place)
    record(session, actor, "person.password_set", person)
    tell_of_change(session, person, "password")


def notices_of(actor: Actor) -> list[Notice]:
    """Return the mails that the actor may turn off."""
    return notices.notices_for(to_firm=Role.FIRM in actor.roles, to_staff=actor.is_staff)


def wanted_notices(session: Session, actor: Actor) -> list[str]:
    """Return which of the mails that the actor may turn off they get."""
    off = notices.turned_off(session, actor.person_id or 0)
    return [each.kind for each in notices_of(actor) if each.kind not in off]


def choose_notices(session: Session, actor: Actor, wanted: list[str]) -> None:
    """Let the actor get exactly these of the mails that they may turn off; choices of their other roles stay."""
    person, offered = own_person(session, actor), {each.kind for each in notices_of(actor)}
    before = notices.turned_off(session, person.id)
    off = (before - offered) | (offered - set(wanted))
    if off != before:
        notices.turn_off(session, person.id, off)
        record(session, actor, "person.notices_chosen", person, before={"off": sorted(before)}, after={"off": sorted(off)})


def tell_of_change(session: Session, person: Person, what: str, recipient: Recipient | None = None) -> None:
    """Mail the person that a way to sign in has changed, so that a stranger's change does not go unseen.

    `recipient` is another address of theirs than the one that holds now.
    """
    now = clock.now()
    enqueue(
        session, recipient or recipient_of(person), "account_changed", f"person_{what}", person.id, now.date(),
        int(now.timestamp()), {"what": what},
    )


def check_password(session: Session, email: str, password: str, address: str) -> Person | None:
    """Return the person whose mail address and password these are, or None; every failure is counted.

    Raises `locked_out` before anything is compared. Answer and time taken are the same for an unknown address, a
    wrong password and a person without one.
    """
    refuse_when_locked(session, email, address)
    person = session.scalar(select(Person).where(Person.email == email.strip().lower()))
    plain = library().password_util.normalize(password)
    if person is None or not person.password or not person.active:
        hash_password(plain)  # as long as a comparison takes
        note_failure(session, email, address)
        return None
    if not verify_and_update_password(plain, person):
        note_failure(session, email, address)
        return None
    if not person.tf_totp_secret:
        forget_failures(session, email)  # with a second factor, only after the code
    return person
