"""Issues certificates with their content frozen, and revokes them with a reason that anybody may read.

Who has earned one is decided by `rules` and gathered in `queries`; being a recurring exporter is no part of any.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection
from datetime import date
from fractions import Fraction
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session

from cohort.kit import audit, clock
from cohort.kit.access import Actor
from cohort.kit.errors import DomainError, wording
from cohort.kit.language import number, share
from cohort.kit.mail import read_by
from cohort.plans.models import Member
from cohort.plans.rights import said
from cohort.rounds.calls.protocol import sha256_of
from cohort.rules.attendance import Attended
from cohort.rules.progress import REST_PERCENT
from cohort.training.certificates import queries
from cohort.training.certificates.models import Certificate
from cohort.training.queries import language_of
from cohort.training.service import LEADS
from cohort.training.sessions.hours import least_share

wording("certificate_unknown", _l("No certificate has the code “%(typed)s”. Check each letter; a code has no 0, 1, I, L or O."), 404)
wording("certificate_not_earned", _l("Nobody of these has earned this certificate and lacks it."))
wording("certificate_revoked", _l("This certificate was revoked: %(reason)s"), 410)

FORMAT = "cohort-certificate/1"
SIGNS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"  # nothing that is read as something else
CORE_HOURS = 40  # of the template's milestone 6, where no session tells the hours


def issue_certificates(session: Session, actor: Actor, plan_id: int, kind: str, member_ids: Collection[int], day: date) -> list[Certificate]:
    """Issue one certificate to each of these members that has earned it on `day` and has none; the others are passed over.

    Coordinators and managers issue. Raises DomainError `not_allowed`, and `certificate_not_earned` when nobody of them has.
    """
    actor.require("milestone.confirm")
    if not actor.is_system and not actor.roles & LEADS:
        raise DomainError("not_allowed")
    # one after the other: two people who issue at once give one certificate
    session.execute(select(Member.id).where(Member.id.in_(member_ids)).order_by(Member.id).with_for_update())
    found = queries.earners(session, plan_id, day, member_ids)[kind]
    if not found:
        raise DomainError("certificate_not_earned")
    return [_issue(session, actor, kind, each, day) for each in found]


def _issue(session: Session, actor: Actor, kind: str, earner: queries.Earner, day: date) -> Certificate:
    member = earner.member
    code = "-".join("".join(secrets.choice(SIGNS) for _ in range(4)) for _ in range(4))
    content = _content(actor, kind, code, earner, day, least_share(session, member))
    row = Certificate(
        plan_id=member.plan_id, member_id=member.id, firm_id=member.firm_id, kind=kind, code=code, content=content,
        content_hash=sha256_of(content), issued_at=clock.now(), issued_by=actor.person_id, revoke_reason="",
    )
    session.add(row)
    session.flush()
    audit.record(session, actor, "certificate.issued", member, after={"kind": kind, "code": code, "hash": row.content_hash})
    return row


def _content(actor: Actor, kind: str, code: str, earner: queries.Earner, day: date, least: Fraction) -> dict[str, Any]:
    """Return what the certificate says for ever, in both languages; no person but the issuer is named."""
    member, attended = earner.member, earner.attended
    return {
        "format": FORMAT, "kind": kind, "code": code, "language": language_of(member),
        "firm": member.firm.name, "legal_name": member.firm.legal_name, "country": member.country,
        "plan": {"code": member.plan.code, "es": member.plan.name_es, "en": member.plan.name_en},
        "what": {language: _what(kind, attended, least, language, member.country) for language in ("es", "en")},
        "core_minutes": attended.core_minutes if attended.offered_minutes else None,
        "offered_minutes": attended.offered_minutes or None,
        "joined_on": member.joined_on.isoformat(), "issued_on": day.isoformat(), "issuer": actor.name,
    }


def _what(kind: str, attended: Attended, least: Fraction, language: str, country: str) -> str:
    with read_by(language, country):
        if kind == "completion":
            return str(gettext("Completed the programme: all required milestones and at least %(share)s of the others.", share=share(REST_PERCENT / 100)))
        if attended.offered_minutes:
            return str(gettext("Took part in %(hours)s of %(offered)s hours of core training.",
                               hours=number(attended.core_minutes / 60), offered=number(attended.offered_minutes / 60)))
        return str(gettext("Took part in at least %(share)s of the core training of %(hours)s hours.",
                           share=share(float(least)), hours=number(CORE_HOURS)))


def revoke_certificate(session: Session, actor: Actor, certificate: Certificate, reason: str) -> None:
    """Take a certificate back; its page shows the reason to anybody, and the firm can no longer download it.

    Managers revoke. Errors: DomainError `not_allowed`, `reason_missing`, `certificate_revoked` for one that is.
    """
    actor.require("milestone.edit")
    refuse_revoked(certificate)
    certificate.revoke_reason = said(reason)[:500]
    certificate.revoked_at, certificate.revoked_by = clock.now(), actor.person_id
    session.flush()
    member = session.get_one(Member, certificate.member_id)
    audit.record(session, actor, "certificate.revoked", member, after={"code": certificate.code, "reason": certificate.revoke_reason})


def refuse_revoked(certificate: Certificate) -> None:
    """Raise `certificate_revoked` for a certificate that was taken back."""
    if certificate.revoked_at is not None:
        raise DomainError("certificate_revoked", reason=certificate.revoke_reason)
