"""Answers who has earned a certificate and has none, which were issued, and what a code stands for; changes nothing."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload

from cohort.kit.access import unscoped
from cohort.kit.errors import DomainError
from cohort.plans.models import Member
from cohort.rounds.calls.protocol import sha256_of
from cohort.rules.attendance import Attended
from cohort.rules.progress import State
from cohort.training.certificates.models import KINDS, Certificate
from cohort.training.queries import Standing, standings
from cohort.training.sessions.hours import CORE_MILESTONE, hours_of, least_share


@dataclass(frozen=True)
class Earner:
    """A member that has earned a certificate and has none that stands, with the training it took."""

    member: Member
    attended: Attended


def earners(session: Session, plan_id: int, day: date, member_ids: Collection[int] | None = None) -> dict[str, list[Earner]]:
    """Return by kind who has earned a certificate on a day and has none, by country and name, within the actor's reach.

    Training: milestone 6 is confirmed, and where core hours were offered the plan's share of them was taken.
    Completion: the rule of domain.md §7. Firms that left earn nothing more; being recurring plays no part.
    """
    statement = select(Member).where(Member.plan_id == plan_id, Member.left_on.is_(None))
    if member_ids is not None:
        statement = statement.where(Member.id.in_(member_ids))
    loading = (joinedload(Member.firm), joinedload(Member.plan))
    members = sorted(session.scalars(statement.options(*loading)), key=lambda one: (one.country, one.firm.sort_name, one.id))
    if not members:
        return {kind: [] for kind in KINDS}
    hours, least = hours_of(session, members), least_share(session, members[0])
    standing_ones = select(Certificate.member_id, Certificate.kind).where(
        Certificate.plan_id == plan_id, Certificate.revoked_at.is_(None))
    held = {(member_id, kind) for member_id, kind in session.execute(standing_ones)}
    found: dict[str, list[Earner]] = {kind: [] for kind in KINDS}
    for standing in standings(session, members, day, as_columns=True):
        attended = hours[standing.member.id]
        has = {"training": _is_trained(standing) and attended.reaches(least) is not False, "completion": standing.completion.is_graduate}
        for kind in KINDS:
            if has[kind] and (standing.member.id, kind) not in held:
                found[kind].append(Earner(standing.member, attended))
    return found


def _is_trained(standing: Standing) -> bool:
    return any(each.milestone.number == CORE_MILESTONE and each.state.state is State.DONE for each in standing.dated)


def certificates_of(session: Session, member: Member) -> list[Certificate]:
    """Return a member's certificates, revoked ones among them, latest first."""
    statement = select(Certificate).where(Certificate.member_id == member.id)
    return list(session.scalars(statement.order_by(Certificate.id.desc())))


def issued_page(session: Session, plan_id: int, page: int, per_page: int = 50) -> tuple[list[Certificate], int]:
    """Return one page of a plan's certificates, latest first, and how many there are in all, within the actor's reach."""
    chosen = Certificate.plan_id == plan_id
    statement = select(Certificate).where(chosen).order_by(Certificate.id.desc()).offset((page - 1) * per_page).limit(per_page)
    return list(session.scalars(statement)), session.scalar(select(func.count(Certificate.id)).where(chosen)) or 0


def certificate_named(session: Session, certificate_id: int) -> Certificate:
    """Return a certificate within the actor's reach; raises `DomainError("not_found")`."""
    found = session.scalars(select(Certificate).where(Certificate.id == certificate_id)).one_or_none()
    if found is None:
        raise DomainError("not_found")
    return found


def certificate_of_code(session: Session, typed: str) -> Certificate:
    """Return the certificate of a code, for anybody who has it; blanks, dashes and small letters do not matter.

    Raises `DomainError("certificate_unknown")`.
    """
    bare = "".join(sign for sign in typed.upper() if sign.isalnum())
    code = "-".join(bare[place : place + 4] for place in range(0, len(bare), 4))
    with unscoped(session):  # whoever has the code may read what it certifies
        found = session.scalars(select(Certificate).where(Certificate.code == code)).one_or_none()
    if found is None:
        raise DomainError("certificate_unknown", typed=typed.strip()[:40])
    return found


def is_intact(certificate: Certificate) -> bool:
    """Return whether the content is what was frozen at issue."""
    return sha256_of(certificate.content) == certificate.content_hash
