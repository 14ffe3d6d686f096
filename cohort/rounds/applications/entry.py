"""Lets a person whom nobody invited find the way in: mailed link, tax id, then a draft application.

A firm that stands on the register already is not shown: the person writes a draft like everybody else, and the
request to act for the firm goes to its people or, without any, to the coordinators of its country.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session

from cohort.firms.facts import NewFirm, NewPerson
from cohort.firms.models import Firm, FirmPerson
from cohort.firms.service import add_person, checked_tax_id, register_firm
from cohort.kit import audit, clock
from cohort.kit.access import SYSTEM, Actor, Role, unscoped
from cohort.kit.errors import DomainError, wording
from cohort.kit.outbox import Recipient, enqueue, mail_kind
from cohort.people import grants
from cohort.people.invitations import plain_address
from cohort.people.links import mail_link, recipient_of
from cohort.people.models import Person, RoleGrant
from cohort.people.profile import own_person
from cohort.plans.queries import member_of
from cohort.rounds.applications import freezing
from cohort.rounds.calls.service import takes_applications
from cohort.rounds.models import Application, Round

wording("call_not_taking", _l("This call does not take applications now. Its page says when it does."), 409)
wording("call_other_country", _l("This call is not for firms of that country."))
wording("firm_is_member", _l("Your firm is in the plan already; it has no need to apply."), 409)
wording("asks_settled", _l("This request was answered already."), 409)

mail_kind("confirm_address", secret=True, title=_l("Link to go on with an application"))
mail_kind("asks_to_act", title=_l("Somebody asks to act for a firm"))
mail_kind("asks_answered", title=_l("Answer to who asked to act for a firm"))

_CODE_SIGNS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # none that a person mistakes for another


@dataclass(frozen=True)
class TaxNumber:
    """A tax id as typed, with the second box of a Colombian NIT and whether the person stands by a doubtful one."""

    country: str
    typed: str
    check_digit: str = ""
    is_confirmed: bool = False


def start(session: Session, round_: Round, email: str, country: str, language: str) -> None:
    """Mail a link that proves the address and leads to the tax id; says nothing about who is known already.

    The link works once within 30 minutes. Raises when the call does not take applications now, is not for that
    country, or the address cannot be one.
    """
    require_taking(round_)
    if country not in round_.protocol["countries"]:
        raise DomainError("call_other_country")
    address = plain_address(email)
    with unscoped(session):
        person = grants.find_or_make_person(session, address, "", language, country)
        mail_link(session, person, f"/apply/{round_.code}/firm?country={country}", "confirm_address",
                  {"title_es": round_.title_es, "title_en": round_.title_en})


def begin(session: Session, actor: Actor, round_: Round, number: TaxNumber) -> Application:
    """Return the draft of the firm with this tax id, made when there is none; a draft of one's own comes back.

    An unknown firm is registered and the person may act for it at once. A known one is asked (`asks_firm_id`);
    the caller shows the same page in both cases. Raises for a refused or doubtful tax id.
    """
    require_taking(round_)
    if number.country not in round_.protocol["countries"]:
        raise DomainError("call_other_country")
    person = own_person(session, actor)
    facts = NewFirm(
        legal_name="—", country=number.country, tax_id=number.typed, check_digit=number.check_digit,
        confirmed=number.is_confirmed,
    )
    compact = checked_tax_id(facts).compact
    with unscoped(session):
        firm = session.scalars(select(Firm).where(Firm.country == number.country, Firm.tax_id == compact)).one_or_none()
        held = _draft_of(session, round_, person, compact)
        if held is not None:
            return held
        if firm is not None and firm.id not in (actor.firm_ids or ()):
            return _ask(session, actor, round_, person, firm)
        if firm is None:
            firm = _register(session, actor, person, facts, round_)
        return begin_for_firm(session, actor, round_, firm)


def begin_for_firm(session: Session, actor: Actor, round_: Round, firm: Firm) -> Application:
    """Return the firm's draft in this round, made when there is none; raises when the firm is in the plan already."""
    require_taking(round_)
    with unscoped(session):
        held = session.scalars(
            select(Application).where(Application.round_id == round_.id, Application.firm_id == firm.id)).one_or_none()
        if held is not None:
            return held
        member = member_of(session, round_.plan_id, firm.id)
    if member is not None and member.left_on is None:
        raise DomainError("firm_is_member")
    if firm.country not in round_.protocol["countries"]:
        raise DomainError("call_other_country")
    return _draft(session, actor, round_, firm.country, firm.tax_id, firm_id=firm.id, answers=_known(firm))


def settle_request(session: Session, actor: Actor, application: Application, is_granted: bool) -> None:
    """Answer a request to act for a firm: by one of its people, or by staff who may change it.

    Granted, the person gets the firm's role, and the draft becomes the firm's own unless it has one in this
    round. Raises `not_allowed`, or `asks_settled` for a second answer.
    """
    firm_id = application.asks_firm_id
    own = firm_id in (actor.firm_ids or ()) and actor.may("application.edit")
    staff = actor.may("firm.edit") and (actor.sees_all or application.country in (actor.countries or ()))
    if firm_id is None or not (own or staff):
        raise DomainError("not_allowed")
    if application.asks_state != "waiting":
        raise DomainError("asks_settled")
    person = application.applicant
    application.asks_state = "granted" if is_granted else "refused"
    with unscoped(session):
        taken = select(Application.id).where(Application.round_id == application.round_id, Application.firm_id == firm_id)
        if is_granted and session.scalar(taken) is None:
            application.firm_id = firm_id
        elif application.status != "withdrawn":
            application.status, application.withdrawn_at = "withdrawn", clock.now()
        if is_granted and person is not None:
            grants.give(session, actor, person, Role.FIRM, application.round.plan_id, application.country, firm_id)
        session.flush()
        if application.firm_id is not None and application.facts is not None:
            freezing.freeze_one(session, application)  # the call had closed before the answer came
    audit.record(session, actor, f"application.asks_{application.asks_state}", application, after={"firm": firm_id})
    if person is not None:
        enqueue(session, recipient_of(person), "asks_answered", "application", application.id, clock.today(), 0,
                {"granted": is_granted, "call": application.round.code, **_titles(application.round)})


def require_taking(round_: Round) -> None:
    """Raise `call_not_taking` unless the call takes applications now."""
    if not takes_applications(round_):
        raise DomainError("call_not_taking")


def as_form(actor: Actor) -> Actor:
    """Return the programme's own form, filled in by this person: it may write what the person declares."""
    return replace(SYSTEM, person_id=actor.person_id, name=actor.name)


def new_code(session: Session) -> str:
    """Return a random code that no application has: it stands on the receipt and in the public record alone."""
    while True:
        code = "".join(secrets.choice(_CODE_SIGNS) for _ in range(10))
        if session.scalar(select(Application.id).where(Application.code == code)) is None:
            return code


def _draft_of(session: Session, round_: Round, person: Person, compact: str) -> Application | None:
    return session.scalars(select(Application).where(
        Application.round_id == round_.id, Application.applicant_id == person.id, Application.tax_id == compact,
    ).order_by(Application.id.desc()).limit(1)).one_or_none()


def _draft(
    session: Session, actor: Actor, round_: Round, country: str, tax_id: str, *, firm_id: int | None = None,
    asks_firm_id: int | None = None, answers: dict[str, Any] | None = None,
) -> Application:
    person = session.get(Person, actor.person_id) if actor.person_id else None
    made = Application(
        round_id=round_.id, firm_id=firm_id, asks_firm_id=asks_firm_id, asks_state="waiting" if asks_firm_id else "",
        applicant_id=actor.person_id, country=country, tax_id=tax_id, code=new_code(session), status="draft",
        language=person.language if person else "es", answers=answers or {}, eligibility=[], eligible="unknown",
        reservations=[], recorded_at=clock.now(), recorded_by=actor.person_id,
    )
    made.round = round_
    session.add(made)
    session.flush()
    audit.record(session, actor, "application.begun", made, after={"round": round_.code, "country": country})
    return made


def _register(session: Session, actor: Actor, person: Person, facts: NewFirm, round_: Round) -> Firm:
    """Put an unknown firm on the register and let the person act for it."""
    firm = register_firm(session, as_form(actor), facts)
    add_person(session, as_form(actor), firm, NewPerson(
        name=person.name or person.email, email=person.email, language=person.language, person_id=person.id))
    grants.give(session, actor, person, Role.FIRM, round_.plan_id, firm.country, firm.id)
    return firm


def _ask(session: Session, actor: Actor, round_: Round, person: Person, firm: Firm) -> Application:
    """Make a draft that waits for the firm's own people, and write to them; the answers start empty."""
    made = _draft(session, actor, round_, firm.country, firm.tax_id, asks_firm_id=firm.id)
    for recipient in _guardians(session, round_.plan_id, firm):
        enqueue(session, recipient, "asks_to_act", "application", made.id, clock.today(), 0,
                {"firm": firm.name, "email": person.email, "application": made.id, **_titles(round_)}, firm_id=firm.id)
    return made


def _guardians(session: Session, plan_id: int, firm: Firm) -> list[Recipient]:
    """Return the firm's people with an account, else the coordinators of its country, else the managers."""
    today = clock.today()
    acting = select(Person).join(FirmPerson, FirmPerson.person_id == Person.id).where(
        FirmPerson.firm_id == firm.id, FirmPerson.until_on.is_(None), Person.active)
    found = list(session.scalars(acting.order_by(Person.id)))
    for role, country in ((Role.COORDINATOR, firm.country), (Role.MANAGER, None)):
        if found:
            break
        held = select(Person).join(RoleGrant, RoleGrant.person_id == Person.id).where(
            RoleGrant.plan_id == plan_id, RoleGrant.role == role, RoleGrant.revoked_at.is_(None),
            RoleGrant.valid_from <= today, RoleGrant.valid_to.is_(None) | (RoleGrant.valid_to >= today), Person.active)
        found = list(session.scalars(held.where(RoleGrant.country == country) if country else held))
    return [recipient_of(person) for person in {person.id: person for person in found}.values()]


def _known(firm: Firm) -> dict[str, Any]:
    """Start the answers of a known firm from its register, so that nobody types it twice."""
    name = "" if firm.legal_name == "—" else firm.legal_name
    founded = firm.founded_on.isoformat() if firm.founded_on else ""
    return {"company_name": name, "product": firm.product, "city": firm.city, "founded_on": founded}


def _titles(round_: Round) -> dict[str, str]:
    return {"title_es": round_.title_es, "title_en": round_.title_en}
