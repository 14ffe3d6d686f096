"""Registers and changes firms, their people and consents; who owns or leads them and their size stand beside it.

It opens no transaction and shows nothing: the door does both. `declare_ownership`, `give_verdict` and
`declare_size` live in `judgements.py` and are named here too, so that callers know one place.
"""

from __future__ import annotations

import re
from dataclasses import asdict, fields
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from cohort import reference
from cohort.firms.facts import FirmProfile, NewFirm, NewPerson, plain
from cohort.firms.judgements import declare_ownership, declare_size, give_verdict, today_of
from cohort.firms.models import ConsentEntry, Firm, FirmPerson
from cohort.firms.reach import may_edit, require_country, require_edit
from cohort.firms.words import TaxIdWords
from cohort.kit import audit, clock
from cohort.kit.access import Actor, unscoped
from cohort.kit.errors import DomainError
from cohort.rules.size import SECTORS
from cohort.rules.taxid import TaxIdResult, check_tax_id, is_natural_person

__all__ = [
    "add_person", "declare_ownership", "declare_size", "end_person", "give_verdict", "may_contact",
    "record_consent", "register_firm", "update_firm",
]

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]{2,}")
_PHONE = re.compile(r"\+[1-9][0-9]{7,14}")


def register_firm(session: Session, actor: Actor, facts: NewFirm) -> Firm:
    """Return the new firm of the register, its tax id checked and its ownership and size not yet known.

    Errors: DomainError `not_allowed` outside the actor's countries, `tax_id_refused` with the reason,
    `tax_id_doubtful` unless `facts.confirmed` (a Mexican check digit), `firm_exists` for a (country, tax id)
    that is there, `name_missing`, `text_too_long`, `sector_unknown`. Source: domain.md §4.
    """
    actor.require("firm.edit")
    require_country(actor, facts.country)
    checked = checked_tax_id(facts)
    _check_profile(facts)
    with unscoped(session):  # a firm is one in all countries' eyes; the answer names only what the actor typed
        found = session.scalar(select(Firm.id).where(Firm.country == facts.country, Firm.tax_id == checked.compact))
    if found is not None:
        raise DomainError("firm_exists", tax_id=checked.formatted)
    firm = Firm(
        country=facts.country, tax_id=checked.compact, tax_id_status=checked.status,
        tax_id_confirmed_by=actor.person_id if checked.status == "warning" else None,
        is_natural_person=is_natural_person(facts.country, checked.compact),
        sort_name=plain(facts.trade_name or facts.legal_name), recorded_at=clock.now(), recorded_by=actor.person_id,
        women_owned="unknown", women_led="unknown", size_class="unknown", ownership_verified=False, **_profile_of(facts),
    )
    try:
        with session.begin_nested():
            session.add(firm)
            session.flush()
    except IntegrityError as error:  # somebody registered it between our look and our write
        raise DomainError("firm_exists", tax_id=checked.formatted) from error
    audit.record(session, actor, "firm.registered", firm, after=_told({
        "country": firm.country, "tax_id": firm.tax_id, "tax_id_status": firm.tax_id_status, **_profile_of(facts),
    }))
    return firm


def update_firm(session: Session, actor: Actor, firm: Firm, facts: FirmProfile) -> Firm:
    """Return the firm with its profile replaced; nothing is written, and nothing noted, when nothing differs.

    Country and tax id stay. Staff of its country and the firm itself may. Errors: DomainError `not_allowed`,
    `name_missing`, `text_too_long`, `sector_unknown`.
    """
    require_edit(actor, firm)
    _check_profile(facts)
    wanted = _profile_of(facts)
    changed = {name: value for name, value in wanted.items() if getattr(firm, name) != value}
    if not changed:
        return firm
    before = {name: getattr(firm, name) for name in changed}
    for name, value in changed.items():
        setattr(firm, name, value)
    firm.sort_name = plain(firm.trade_name or firm.legal_name)
    session.flush()
    audit.record(session, actor, "firm.changed", firm, before=before, after=changed)
    return firm


def add_person(session: Session, actor: Actor, firm: Firm, facts: NewPerson) -> FirmPerson:
    """Return a new person of the firm; a phone without country code gets the firm's country's.

    Errors: DomainError `not_allowed`, `name_missing`, `email_malformed`, `phone_malformed`,
    `contact_missing` when neither mail nor phone is given, `person_twice` for a mail address that is there.
    """
    require_edit(actor, firm)
    email, phone = facts.email.strip().lower(), e164(firm.country, facts.phone)
    if not facts.name.strip():
        raise DomainError("name_missing")
    if not email and not phone:
        raise DomainError("contact_missing")
    if email and not _EMAIL.fullmatch(email):
        raise DomainError("email_malformed", email=email)
    twice = select(FirmPerson.id).where(
        FirmPerson.firm_id == firm.id, FirmPerson.email == email, FirmPerson.until_on.is_(None)
    )
    if email and session.scalar(twice) is not None:
        raise DomainError("person_twice", email=email)
    person = FirmPerson(
        firm_id=firm.id, person_id=facts.person_id, name=facts.name.strip(), title=facts.title.strip(), email=email,
        phone=phone, language=facts.language, since_on=today_of(firm), recorded_at=clock.now(),
    )
    session.add(person)
    session.flush()
    audit.record(session, actor, "firm.person_added", firm, after={"name": person.name, "title": person.title})
    return person


def end_person(session: Session, actor: Actor, person: FirmPerson) -> None:
    """Let a person no longer act for the firm from today on; the row stays. Errors: DomainError `not_allowed`."""
    firm = person.firm
    require_edit(actor, firm)
    if person.until_on is not None:
        return
    person.until_on = today_of(firm)
    session.flush()
    audit.record(session, actor, "firm.person_ended", firm, before={"name": person.name})


def record_consent(
    session: Session, actor: Actor, firm: Firm, purpose: str, version: str, is_given: bool,
    person_id: int | None = None,
) -> ConsentEntry:
    """Return the appended consent, or its withdrawal, of `person_id` (default: the actor) to one purpose.

    Only the firm's own people say yes (or the programme's own forms for them, as system); staff of its country
    may note that somebody took a consent back. Errors: DomainError `not_allowed`, `consent_unknown` for a
    purpose that is not on the list, `consent_version` for a yes to a text that is no longer shown. Source:
    domain.md §9, requirement 1.
    """
    own = actor.is_system or (actor.may("own.edit") and firm.id in (actor.firm_ids or ()))
    if not own and (is_given or not may_edit(actor, firm)):
        raise DomainError("not_allowed")
    text = reference.consent_texts(firm.country, "en").get(purpose)
    if text is None:
        raise DomainError("consent_unknown", purpose=purpose)
    if is_given and version != text.version:
        raise DomainError("consent_version", version=version, current=text.version)
    entry = ConsentEntry(
        firm_id=firm.id, person_id=person_id or (actor.person_id if own else None), purpose=purpose, version=version,
        country=firm.country, is_given=is_given, recorded_at=clock.now(),
    )
    session.add(entry)
    session.flush()
    audit.record(session, actor, "consent.given" if is_given else "consent.taken_back", firm,
                 after={"purpose": purpose, "version": version})
    return entry


def may_contact(session: Session, firm: Firm, purpose: str, person_id: int | None = None) -> bool:
    """Return whether the firm may be written to for an optional purpose.

    With `person_id` that person's last word decides. Without, somebody's last word must be yes and nobody's
    no – the careful side. A withdrawal noted by staff stands for the whole firm until somebody says yes again.
    """
    statement = select(ConsentEntry).where(ConsentEntry.firm_id == firm.id, ConsentEntry.purpose == purpose)
    last: dict[int | None, bool] = {}
    for entry in session.scalars(statement.order_by(ConsentEntry.id)):
        if entry.person_id is None and not entry.is_given:
            last.clear()
        else:
            last[entry.person_id] = entry.is_given
    if person_id is not None:
        return last.get(person_id, False)
    return bool(last) and all(last.values())


def checked_tax_id(facts: NewFirm) -> TaxIdResult:
    """Return the verdict on a tax id that may be stored; DomainError `tax_id_refused` or `tax_id_doubtful` else."""
    checked = check_tax_id(facts.country, facts.tax_id, facts.check_digit)
    if checked.status == "invalid":
        raise DomainError("tax_id_refused", why=TaxIdWords(checked))
    if checked.status == "warning" and not facts.confirmed:
        raise DomainError("tax_id_doubtful", why=TaxIdWords(checked))
    return checked


def e164(country: str, typed: str) -> str:
    """Return a phone number as +digits, or empty; DomainError `phone_malformed` when it cannot be one."""
    bare = re.sub(r"[\s().\-/]", "", typed)
    if not bare:
        return ""
    if bare.startswith("00"):
        bare = "+" + bare[2:]
    if not bare.startswith("+"):
        bare = f"+{reference.countries()[country].calling_code}{bare}"
    if not _PHONE.fullmatch(bare):
        raise DomainError("phone_malformed", phone=typed)
    return bare


def _check_profile(facts: FirmProfile) -> None:
    if not facts.legal_name.strip():
        raise DomainError("name_missing")
    if facts.sector and facts.sector not in SECTORS:
        raise DomainError("sector_unknown", sector=facts.sector)
    for field in fields(FirmProfile):
        value = getattr(facts, field.name)
        most = getattr(Firm.__table__.c[field.name].type, "length", None)
        if isinstance(value, str) and most is not None and len(value.strip()) > most:
            raise DomainError("text_too_long", text=value[:40], most=most)


def _profile_of(facts: FirmProfile) -> dict[str, Any]:
    wanted = asdict(facts)
    names = {field.name for field in fields(FirmProfile)}
    return {name: value.strip() if isinstance(value, str) else value for name, value in wanted.items() if name in names}


def _told(facts: dict[str, Any]) -> dict[str, Any]:
    """Leave out what was not said, so that the record shows only what was."""
    return {name: value for name, value in facts.items() if value not in (None, "")}
