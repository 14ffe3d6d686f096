"""Notes calls and prepares WhatsApp messages in the firm's language; the message leaves from the person's own phone."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from cohort.firms import service as firm_service
from cohort.firms.models import FirmPerson
from cohort.kit import audit, clock
from cohort.kit.access import Actor
from cohort.kit.errors import DomainError, wording
from cohort.kit.language import day as format_day
from cohort.kit.mail import read_by
from cohort.people.links import make_sign_in_link
from cohort.people.models import Person
from cohort.plans.models import Member
from cohort.training import words
from cohort.training.models import ContactNote
from cohort.training.queries import Standing

wording("no_whatsapp_consent", _l("%(firm)s has not agreed to be written to by WhatsApp."))
wording("no_phone", _l("%(firm)s has given no mobile number."))
wording("no_account_for_link", _l("%(firm)s has no person with an account; invite one first."))
wording("note_empty", _l("A few words help whoever calls next."))


@dataclass(frozen=True)
class Prepared:
    """A message that only has to be sent: whom, the words, and the address that opens WhatsApp with them."""

    to: str
    text: str
    href: str


def log_call(session: Session, actor: Actor, member: Member, text: str, about: str = "") -> ContactNote:
    """Note what was said on the phone."""
    actor.require("call.log")
    if not text.strip():
        raise DomainError("note_empty")
    return _note(session, actor, member, "call", text, about)


def suggested_text(standing: Standing, contact: FirmPerson) -> str:
    """Return the words to begin with, in the contact's language: what is next for the firm and by when."""
    member, step = standing.member, standing.next
    with read_by(contact.language, member.country):
        if step is None:
            return str(gettext("Hello %(name)s, how are your sales abroad going? Tell me if I can help.", name=contact.name))
        return str(gettext(
            "Hello %(name)s, a reminder from the programme: “%(milestone)s”, by %(day)s. Can I help you with it?",
            name=contact.name, milestone=words.title_in(contact.language, step.milestone), day=format_day(step.milestone.due_on),
        ))


def whatsapp_contact(session: Session, member: Member) -> FirmPerson:
    """Return whom to write to; raises when nobody has a number or the firm did not agree to WhatsApp."""
    person = next((each for each in member.firm.people if each.phone and each.until_on is None), None)
    if person is None:
        raise DomainError("no_phone", firm=member.firm.name)
    if not firm_service.may_contact(session, member.firm, "whatsapp_contact"):
        raise DomainError("no_whatsapp_consent", firm=member.firm.name)
    return person


def prepare_whatsapp(
    session: Session, actor: Actor, member: Member, text: str, *, with_link: bool = False, about: str = ""
) -> Prepared:
    """Note the message as prepared and return the link that opens it; nothing is sent by us."""
    actor.require("call.log")
    contact = whatsapp_contact(session, member)
    if not text.strip():
        raise DomainError("note_empty")
    written = text.strip()
    if with_link:
        person = session.get(Person, contact.person_id) if contact.person_id else None
        if person is None:
            raise DomainError("no_account_for_link", firm=member.firm.name)
        written += "\n" + make_sign_in_link(session, actor, person, "/")
    _note(session, actor, member, "whatsapp", text, about)
    return Prepared(contact.name, written, f"https://wa.me/{contact.phone.lstrip('+')}?text={quote(written)}")


def _note(session: Session, actor: Actor, member: Member, kind: str, text: str, about: str) -> ContactNote:
    note = ContactNote(
        plan_id=member.plan_id, firm_id=member.firm_id, kind=kind, about=about, text=text.strip(),
        recorded_at=clock.now(), recorded_by=actor.person_id,
    )
    session.add(note)
    session.flush()
    audit.record(session, actor, f"contact.{kind}", note, after={"firm": member.firm_id})
    return note

