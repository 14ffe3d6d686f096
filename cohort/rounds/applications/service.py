"""Keeps drafts, takes applications in with a receipt, lets them be withdrawn, and notes what staff found.

The way in stands in `entry`, the questions in `answers`, the judgement in `eligibility`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session

from cohort import reference
from cohort.firms.facts import FirmProfile
from cohort.firms.judgements import ownership_columns, size_columns
from cohort.firms.models import ConsentEntry, Firm, FirmSize, OwnershipDeclaration
from cohort.firms.service import declare_ownership, declare_size, e164, record_consent, update_firm
from cohort.kit import audit, clock
from cohort.kit.access import Actor, unscoped
from cohort.kit.errors import DomainError, wording
from cohort.kit.mail import read_by
from cohort.kit.outbox import enqueue, mail_kind
from cohort.people.links import recipient_of
from cohort.rounds.applications import answers as form
from cohort.rounds.applications.answers import Given
from cohort.rounds.applications.eligibility import eligible
from cohort.rounds.applications.entry import as_form, require_taking
from cohort.rounds.applications.freezing import findings_of, judge_now, set_eligibility
from cohort.rounds.calls.parts import Question, questions_of
from cohort.rounds.calls.protocol import CHECKS, sha256_of
from cohort.rounds.calls.times import local_text
from cohort.rounds.calls.words import said
from cohort.rounds.models import Application, Finding, Submission

wording("application_late", _l("The call closed at %(closed)s. What you wrote is kept, but it was not sent in. Your coordinator can tell you of the next call."), 409)
wording("application_missing", _l("Before you send: %(missing)s."))
wording("application_unread", _l("Some answers cannot be read as a number or a date: %(questions)s."))
wording("application_withdrawn", _l("This application was withdrawn. Begin again while the call is open."), 409)
wording("application_not_sent", _l("This application has not been sent."), 409)
wording("finding_unknown", _l("There is no such check in this call."))
wording("finding_by_request", _l("Whether the person acts for the firm is settled by granting the request."))
wording("finding_needs_reason", _l("Say why: the firm reads it."))
wording("round_decided", _l("The selection was adopted: the files of this call stay as they are."), 409)
wording("round_not_closed", _l("This can be done once the call is closed."), 409)

mail_kind("application_receipt", title=_l("Receipt of an application"))


def save_draft(session: Session, actor: Actor, application: Application, typed: Mapping[str, Any]) -> None:
    """Add what was typed to the draft, as it was typed; what was sent in before stands until it is sent again."""
    require_draft(actor, application)
    application.answers = {**application.answers, **form.clean(typed, questions_of(application.round.protocol))}
    session.flush()


def require_draft(actor: Actor, application: Application) -> None:
    """Raise unless the actor may write the draft now: their own, not withdrawn, while the call takes applications."""
    _require_own(actor, application)
    require_taking(application.round)
    if application.status == "withdrawn":
        raise DomainError("application_withdrawn")


def submit(session: Session, actor: Actor, application: Application) -> Submission:
    """Take the application in and return what was sent, with the hash on its receipt; a mail confirms it.

    Late by one second after deadline and grace is late. Before the deadline it may be sent again; the last one
    counts. What it declares is written to the firm's register. Raises when something needed is missing or
    cannot be read. Source: domain.md §8.
    """
    _require_own(actor, application)
    _require_in_time(application)
    given = Given(application.answers, application.country)
    asked = questions_of(application.round.protocol)
    needed, _later = form.missing(given, asked)
    if needed:
        raise DomainError("application_missing", missing=", ".join(str(words) for words in needed))
    _refuse_unread(given, asked)
    if application.firm is not None:
        with unscoped(session):
            _declare(session, as_form(actor), application, given)
    sent_at = clock.now()
    content = {"round": application.round.code, "code": application.code, "country": application.country,
               "tax_id": application.tax_id, "answers": application.answers, "sent_at": sent_at.isoformat()}
    row = Submission(
        application_id=application.id, answers=dict(application.answers), receipt_hash=sha256_of(content),
        submitted_at=sent_at, submitted_by=actor.person_id,
    )
    session.add(row)
    checks = judge_now(application.round, application)
    application.eligibility, application.eligible = [each.as_json() for each in checks], eligible(checks)
    application.status, application.submitted_at = "submitted", sent_at
    application.withdrawn_at, application.receipt_hash = None, row.receipt_hash
    session.flush()
    audit.record(session, actor, "application.submitted", application, after={"receipt": row.receipt_hash, "round": application.round.code})
    _mail_receipt(session, application, row)
    return row


def withdraw(session: Session, actor: Actor, application: Application) -> None:
    """Take an application back before the selection is adopted; while the call is open it may be sent again."""
    _require_own(actor, application)
    if application.round.status in {"decided", "published"}:
        raise DomainError("round_decided")
    if application.status != "submitted":
        raise DomainError("application_not_sent")
    application.status, application.withdrawn_at = "withdrawn", clock.now()
    session.flush()
    audit.record(session, actor, "application.withdrawn", application, after={"round": application.round.code})


def reopen(session: Session, actor: Actor, application: Application) -> None:
    """Make a withdrawn application a draft again while the call is open."""
    _require_own(actor, application)
    require_taking(application.round)
    if application.status == "withdrawn" and application.asks_state != "refused":
        application.status, application.withdrawn_at = "draft", None
        session.flush()
        audit.record(session, actor, "application.reopened", application)


def note_finding(
    session: Session, actor: Actor, application: Application, check: str, answer: str, reason: str
) -> Finding:
    """Settle one check of a closed call with a reason, set a file aside (`set_aside`, no), or take it back (unknown).

    `ownership` says whether the claim that counts for parity was found proven; it makes nobody ineligible.

    The firm reads the reason. Raises after adoption, for an unknown check, and without a reason.
    """
    actor.require("round.score")
    if application.round.status != "closed":
        raise DomainError("round_decided" if application.round.status in {"decided", "published"} else "round_not_closed")
    if check not in {*CHECKS, "set_aside", "ownership"} or answer not in {"yes", "no", "unknown"}:
        raise DomainError("finding_unknown")
    if check == "acts_for_firm" and answer == "yes":
        raise DomainError("finding_by_request")
    if not reason.strip():
        raise DomainError("finding_needs_reason")
    row = Finding(
        application_id=application.id, check=check, answer=answer, reason=reason.strip()[:500],
        found_on=clock.today(application.round.time_zone), recorded_at=clock.now(), recorded_by=actor.person_id,
    )
    session.add(row)
    session.flush()
    set_eligibility(application.round, application, findings_of(session, [application.id]).get(application.id, {}))
    session.flush()
    audit.record(session, actor, "application.finding", application, after={"check": check, "answer": answer, "reason": row.reason})
    return row


def set_aside(session: Session, actor: Actor, applications: Sequence[Application], reason: str) -> int:
    """Set each of these files aside with one reason; return how many. Raises what `note_finding` raises."""
    for application in applications:
        note_finding(session, actor, application, "set_aside", "no", reason)
    return len(applications)


def _require_own(actor: Actor, application: Application) -> None:
    own = actor.person_id is not None and application.applicant_id == actor.person_id
    firm = application.firm_id is not None and application.firm_id in (actor.firm_ids or ())
    if not (own or firm or actor.is_system):
        raise DomainError("not_allowed")


def _require_in_time(application: Application) -> None:
    round_ = application.round
    if application.status == "withdrawn":
        raise DomainError("application_withdrawn")
    try:
        require_taking(round_)
    except DomainError as refusal:
        if round_.opened_at is None or clock.now() < round_.closes_at:
            raise
        raise DomainError("application_late", closed=local_text(round_.closes_at, round_.time_zone)) from refusal


def _refuse_unread(given: Given, asked: Sequence[Question]) -> None:
    wrong = form.unread(given, asked)
    if wrong:
        own = {each.name: said(each.label) for each in asked}
        names: dict[str, Any] = {**form.NEEDED, **form.WISHED, **form.BY_FORM["company"], **own}
        raise DomainError("application_unread", questions=", ".join(str(names.get(name, name)) for name in wrong))


def _declare(session: Session, actor: Actor, application: Application, given: Given) -> None:
    """Write to the firm's register what the application declares; what did not change is not declared again."""
    firm = application.firm
    assert firm is not None, "only the application of a firm declares"
    update_firm(session, actor, firm, FirmProfile(
        legal_name=given.text("company_name"), trade_name=firm.trade_name, sector=firm.sector, region=firm.region,
        city=given.text("city") or firm.city, is_rural=firm.is_rural, founded_on=given.day("founded_on") or firm.founded_on,
        sells_online=given.text("sells_online") == "now", product=given.text("product")[:200],
        web_address=firm.web_address, owner_group=firm.owner_group,
    ))
    _declare_facts(session, actor, application, firm, given)
    _declare_consents(session, actor, firm, given, application.language)
    for person in firm.people:
        if person.person_id is not None and person.person_id == application.applicant_id:
            person.name = given.text("contact_name")
            person.phone = e164(firm.country, given.text("phone")) or person.phone


def _declare_facts(session: Session, actor: Actor, application: Application, firm: Firm, given: Given) -> None:
    size = form.size_of(given)
    last_size = _latest(session, FirmSize, firm.id)
    if size is not None and not _same(last_size, size_columns(firm.country, size)):
        declare_size(session, actor, firm, size)
    ownership = form.ownership_of(given)
    if not _same(_latest(session, OwnershipDeclaration, firm.id), ownership_columns(ownership)):
        declare_ownership(session, actor, firm, ownership, application.round.protocol["parity"]["profile"])


def _declare_consents(session: Session, actor: Actor, firm: Firm, given: Given, language: str) -> None:
    texts = reference.consent_texts(firm.country, "en" if language == "en" else "es")
    statement = select(ConsentEntry).where(
        ConsentEntry.firm_id == firm.id, ConsentEntry.person_id == actor.person_id).order_by(ConsentEntry.id)
    last = {entry.purpose: (entry.is_given, entry.version) for entry in session.scalars(statement)}
    for purpose in ("data_notice", *form.CONSENTS):
        wanted, version = given.is_ticked(purpose), texts[purpose].version
        held = last.get(purpose, (False, version))
        if wanted and held != (True, version):
            record_consent(session, actor, firm, purpose, version, True)
        elif not wanted and held[0]:
            record_consent(session, actor, firm, purpose, held[1], False)


def _latest(session: Session, model: Any, firm_id: int) -> Any:
    return session.scalars(select(model).where(model.firm_id == firm_id).order_by(model.id.desc()).limit(1)).one_or_none()


def _same(row: Any, columns: Mapping[str, Any]) -> bool:
    return row is not None and all(getattr(row, name) == value for name, value in columns.items())


def _mail_receipt(session: Session, application: Application, row: Submission) -> None:
    person = application.applicant
    if person is None:
        return
    round_, recipient = application.round, recipient_of(person)
    with read_by(recipient.language, recipient.region):
        sent, until = (local_text(each, round_.time_zone) for each in (row.submitted_at, round_.closes_at))
    params = {
        "code": application.code, "receipt": row.receipt_hash, "call": round_.code, "title_es": round_.title_es,
        "title_en": round_.title_en, "sent": sent, "until": until,
        "complete": str(form.complete_share(Given(row.answers, application.country), questions_of(round_.protocol)).quantize(Decimal("0.01"))),
    }
    enqueue(session, recipient, "application_receipt", "application", application.id, clock.today(), row.id,
            params, firm_id=application.firm_id)
