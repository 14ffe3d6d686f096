"""Holds every mail as a row written in the same commit as what it tells, once per effect key; sending is `delivery`.

The key (address, kind, subject_kind, subject_id, due_on, step) makes an effect happen once however often a job
or a form is repeated. How a mail reads is decided by `mail` and its templates.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, cast

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    ForeignKey,
    Index,
    String,
    Text,
    UniqueConstraint,
    and_,
    or_,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from cohort.kit import clock
from cohort.kit.access import Actor, scope
from cohort.kit.database import Base


class MailState(StrEnum):
    """How far a mail has come."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    CANCELLED = "cancelled"
    FAILED = "failed"


_DUE, _LEASED = text("state = 'queued'"), text("state = 'sending'")
EFFECT_KEY = ("address", "kind", "subject_kind", "subject_id", "due_on", "step")


class OutboxMessage(Base):
    """One mail to one person: the facts it is written from, and how far it has come."""

    __tablename__ = "outbox_message"
    # No index on state alone: SQLite would prefer it to the one of due mails, and sort the whole queue at each claim.
    __table_args__ = (
        UniqueConstraint(*EFFECT_KEY, name="uq_outbox_message_effect"),
        Index("ix_outbox_message_due", "send_after", "id", sqlite_where=_DUE, postgresql_where=_DUE),
        Index("ix_outbox_message_leased", "locked_at", sqlite_where=_LEASED, postgresql_where=_LEASED),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int | None] = mapped_column(index=True)
    address: Mapped[str] = mapped_column(String(254))
    name: Mapped[str] = mapped_column(String(120), default="")
    language: Mapped[str] = mapped_column(String(2))
    region: Mapped[str] = mapped_column(String(2))
    kind: Mapped[str] = mapped_column(String(40))
    subject_kind: Mapped[str] = mapped_column(String(40))
    subject_id: Mapped[int]
    due_on: Mapped[date]
    step: Mapped[int] = mapped_column(BigInteger)
    params: Mapped[dict[str, Any]]
    firm_id: Mapped[int | None] = mapped_column(ForeignKey("firm.id"), index=True)
    state: Mapped[str] = mapped_column(String(10), default=MailState.QUEUED)
    reason: Mapped[str] = mapped_column(Text, default="")
    attempts: Mapped[int] = mapped_column(default=0)
    send_after: Mapped[datetime]
    locked_at: Mapped[datetime | None]
    locked_by: Mapped[str] = mapped_column(String(80), default="")
    message_id: Mapped[str] = mapped_column(String(120), default="")
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]


def _visible(actor: Actor) -> ColumnElement[bool] | None:
    """Operators see every mail; anybody else sees what was written to them, or to their firm at large."""
    if actor.may("mail.see"):
        return None
    own = OutboxMessage.person_id == (actor.person_id or 0)
    if actor.firm_ids is None:
        return own
    to_firm = and_(OutboxMessage.person_id.is_(None), OutboxMessage.firm_id.in_(actor.firm_ids))
    return or_(own, to_firm)


scope(OutboxMessage, _visible)


@dataclass(frozen=True)
class Recipient:
    """To whom a mail goes, in which language and by which country's formats; `person_id` of None: no account yet."""

    address: str
    name: str
    language: str = "es"
    region: str = "CL"
    person_id: int | None = None


StillTrue = Callable[[Session, OutboxMessage], "dict[str, Any] | None"]


@dataclass(frozen=True)
class MailKind:
    """A kind of mail: its templates are `email/<name>.*`; `secret` ones are blanked once they left."""

    name: str
    still_true: StillTrue | None = None
    secret: bool = False
    title: Any = ""  # a lazy text: what an operator calls it


MAIL_KINDS: dict[str, MailKind] = {}


def mail_kind(name: str, still_true: StillTrue | None = None, *, secret: bool = False, title: object = "") -> MailKind:
    """Register a kind of mail under what operators call it; a room calls this once beside its service.

    `still_true` is asked at sending: it returns the facts to write from (perhaps fewer lines than were queued),
    or None when nothing is left to say, and the mail is cancelled. A second registration of a name is refused.
    """
    if name in MAIL_KINDS:
        raise ValueError(f"the mail kind {name!r} is registered already")
    MAIL_KINDS[name] = MailKind(name, still_true, secret, title or name)
    return MAIL_KINDS[name]


def plain(value: Any) -> Any:
    """Return facts as JSON can hold them; `mail` makes days and instants of them again."""
    match value:
        case dict():
            return {key: plain(inner) for key, inner in value.items()}
        case list() | tuple():
            return [plain(inner) for inner in value]
        case date():
            return value.isoformat()
    return value


def enqueue(  # the key's parts in the order in which they are spoken
    session: Session, recipient: Recipient, kind: str, subject_kind: str, subject_id: int, due_on: date, step: int,
    params: dict[str, Any], firm_id: int | None = None, send_after: datetime | None = None,
) -> OutboxMessage | None:
    """Queue one mail in the caller's transaction; return its row, or None when this effect was queued before.

    `params` holds JSON values, and days and instants under names that end in `_on` and `_at`. `step` tells repeats for one subject and day apart; 0 where there is only one.
    Raises `LookupError` for a kind that no room registered.
    """
    if kind not in MAIL_KINDS:
        raise LookupError(f"no room registered the mail kind {kind!r}")
    now = clock.now()
    values = {
        "person_id": recipient.person_id, "address": recipient.address.strip(), "name": recipient.name,
        "language": recipient.language, "region": recipient.region, "kind": kind, "subject_kind": subject_kind,
        "subject_id": subject_id, "due_on": due_on, "step": step, "params": plain(params), "firm_id": firm_id,
        "send_after": send_after or now, "created_at": now,
    }
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    statement = (
        cast(Any, dialect).insert(OutboxMessage).values(**values)
        .on_conflict_do_nothing(index_elements=list(EFFECT_KEY)).returning(OutboxMessage)
    )
    return cast("OutboxMessage | None", session.scalars(statement).one_or_none())


def retry(message: OutboxMessage) -> None:
    """Queue a failed or cancelled mail again, from now on and with a fresh count of attempts."""
    if message.state in {MailState.FAILED, MailState.CANCELLED}:
        message.state, message.reason, message.attempts = MailState.QUEUED, "", 0
        message.send_after = clock.now()


def cancel(message: OutboxMessage, reason: str) -> None:
    """Take a mail that has not left out of the queue; one that left or is just leaving stays as it is."""
    if message.state in {MailState.QUEUED, MailState.FAILED}:
        message.state, message.reason = MailState.CANCELLED, reason
        blank_secret(message)


def blank_secret(message: OutboxMessage) -> None:
    """Forget what a mail with a sign-in link was written from."""
    kind = MAIL_KINDS.get(message.kind)
    if kind is None or kind.secret:
        message.params = {}
