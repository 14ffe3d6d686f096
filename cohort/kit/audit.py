"""Holds who did what, before and after, as a hash chain whose payloads can be erased; records themselves live in rooms.

A link hashes (seq, at, actor, action, subject, payload hash, previous hash). The payload stands in a second
table with a salt: when both are erased the chain still holds, and the check says *erased*, not *broken*.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from cohort.kit import clock
from cohort.kit.access import SYSTEM, Actor, open_table
from cohort.kit.database import Base, before_commit

GENESIS = "0" * 64
STANDS_IN_FOR = "stands_in_for"  # under which key an act of a deputy says for whom
_CHAIN_LOCK = 7_214_001  # any fixed number: the advisory lock under which PostgreSQL links one transaction at a time


class AuditEntry(Base):
    """One link: what happened to which record, by whom, and the hashes that hold the chain together."""

    __tablename__ = "audit_entry"
    __table_args__ = (Index("ix_audit_entry_subject", "subject_kind", "subject_id"),)

    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    actor_id: Mapped[int | None]
    actor_name: Mapped[str] = mapped_column(String(120))
    action: Mapped[str] = mapped_column(String(60))
    subject_kind: Mapped[str] = mapped_column(String(40))
    subject_id: Mapped[int | None]
    payload_hash: Mapped[str] = mapped_column(String(64))
    previous_hash: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))
    payload: Mapped[AuditPayload | None] = relationship(lazy="joined")


class AuditPayload(Base):
    """What changed, as canonical JSON with its salt; erased when a person's right asks for it."""

    __tablename__ = "audit_payload"

    seq: Mapped[int] = mapped_column(ForeignKey("audit_entry.seq"), primary_key=True, autoincrement=False)
    salt: Mapped[str] = mapped_column(String(32))
    body: Mapped[str] = mapped_column(Text)


open_table(AuditEntry, "read only as the history of a record that the reader has already been allowed to see")
open_table(AuditPayload, "read only through its entry")


@dataclass(frozen=True)
class Break:
    """The first link that does not hold, and why."""

    seq: int
    reason: str


@dataclass(frozen=True)
class ChainReport:
    """Result of a check: how many links, how many erased payloads, and the first broken link if any."""

    links: int
    erased: int
    broken: Break | None


def record(
    session: Session, actor: Actor, action: str, subject: Base, *,
    before: dict[str, Any] | None = None, after: dict[str, Any] | None = None,
) -> None:
    """Note that `actor` did `action` to `subject`; the link is made when the transaction commits.

    `action` is "noun.verb" ("round.opened"). `before` and `after` hold only what changed, as JSON values; what a
    deputy does in the country of whoever is away also keeps for whom.
    """
    away = _stood_in_for(session, actor, subject) if actor.stands_in else None
    if away:
        after = {**(after or {}), STANDS_IN_FOR: away}
    session.info.setdefault("audit", []).append((clock.now(), actor, action, subject, before, after))


def _stood_in_for(session: Session, actor: Actor, subject: Base) -> str | None:
    """Return the name of whoever the actor stands in for where the subject belongs, or None in an own country."""
    country, firm_id = getattr(subject, "country", None), getattr(subject, "firm_id", None)
    if country is None and firm_id is not None:
        firm = Base.metadata.tables["firm"]  # by its name: the room stands above
        country = session.scalar(select(firm.c.country).where(firm.c.id == firm_id))
    return dict(actor.stands_in).get(country) if country else None


def _canonical(value: object) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=str)


def _digest(*parts: object) -> str:
    return hashlib.sha256("\n".join(str(part) for part in parts).encode()).hexdigest()


def _link_hash(entry: AuditEntry) -> str:
    return _digest(
        entry.seq, entry.at.isoformat(), entry.actor_id, entry.actor_name, entry.action,
        entry.subject_kind, entry.subject_id, entry.payload_hash, entry.previous_hash,
    )


@before_commit
def seal(session: Session) -> None:
    """Link every noted act at the end of the chain, under one lock."""
    noted = session.info.pop("audit", [])
    if not noted:
        return
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _CHAIN_LOCK})
    last = session.execute(
        select(AuditEntry.seq, AuditEntry.hash).order_by(AuditEntry.seq.desc()).limit(1)
    ).one_or_none()
    seq, previous = (last.seq, last.hash) if last else (0, GENESIS)
    for at, actor, action, subject, before, after in noted:
        seq += 1
        salt, body = secrets.token_hex(16), _canonical({"before": before or {}, "after": after or {}})
        entry = AuditEntry(
            seq=seq, at=at, actor_id=actor.person_id, actor_name=actor.name or SYSTEM.name, action=action,
            subject_kind=subject.__tablename__, subject_id=getattr(subject, "id", None),
            payload_hash=_digest(salt, body), previous_hash=previous, hash="",
        )
        entry.hash = previous = _link_hash(entry)
        session.add(entry)
        session.flush()
        session.add(AuditPayload(seq=seq, salt=salt, body=body))
    session.flush()


def history_of(session: Session, subject: Base, limit: int = 50) -> list[AuditEntry]:
    """Return the acts on one record, latest first; the caller has loaded the record, so may see it."""
    kind, key = subject.__tablename__, getattr(subject, "id", None)
    statement = select(AuditEntry).where(AuditEntry.subject_kind == kind, AuditEntry.subject_id == key)
    return list(session.scalars(statement.order_by(AuditEntry.seq.desc()).limit(limit)))


def changes(entry: AuditEntry) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """Return (before, after) of an entry, or None when its payload was erased."""
    if entry.payload is None:
        return None
    body = json.loads(entry.payload.body)
    return body["before"], body["after"]


def check_chain(session: Session) -> ChainReport:
    """Walk the whole chain and return how it stands; the first broken link is named, erased payloads are counted."""
    previous, links, erased = GENESIS, 0, 0
    for entry in _in_order(session):
        links += 1
        reason = _fault_of(entry, links, previous)
        if reason:
            return ChainReport(links, erased, Break(entry.seq, reason))
        erased += entry.payload is None
        previous = entry.hash
    return ChainReport(links, erased, None)


def _in_order(session: Session) -> Iterator[AuditEntry]:
    yield from session.scalars(select(AuditEntry).order_by(AuditEntry.seq).execution_options(yield_per=1000))


def _fault_of(entry: AuditEntry, expected_seq: int, previous: str) -> str:
    if entry.seq != expected_seq:
        return f"link {expected_seq} is missing"
    if entry.previous_hash != previous:
        return "it does not follow the link before it"
    if entry.hash != _link_hash(entry):
        return "who, what or when was altered"
    if entry.payload is not None and _digest(entry.payload.salt, entry.payload.body) != entry.payload_hash:
        return "its content was altered"
    return ""


def erase_payloads(session: Session, subject: Base) -> int:
    """Erase what the acts on one record said, keeping that they happened; returns how many payloads went."""
    entries = history_of(session, subject, limit=1_000_000)
    gone = [entry.payload for entry in entries if entry.payload is not None]
    for payload in gone:
        session.delete(payload)
    return len(gone)
