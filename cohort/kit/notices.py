"""Holds which mails a person may turn off and which ones they did; whatever is not named here is owed and always sent.

A room names its optional kinds of mail beside them. Whether a person turned one off is asked when it is to be sent.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import String, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from cohort.kit import clock
from cohort.kit.access import open_table
from cohort.kit.database import Base
from cohort.kit.outbox import MAIL_KINDS, OutboxMessage, StillTrue


class NoticeOff(Base):
    """A kind of mail that a person turned off; without a row they get it."""

    __tablename__ = "notice_off"

    person_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(String(40), primary_key=True)
    recorded_at: Mapped[datetime]


open_table(NoticeOff, "read only by the number of the very person whose mails they are")


@dataclass(frozen=True)
class Notice:
    """A kind of mail that may be turned off: what it tells, to people of firms or to staff."""

    kind: str
    words: Any  # a lazy text
    to_staff: bool


NOTICES: dict[str, Notice] = {}


def may_be_off(kind: str, words: object, *, to_staff: bool = False) -> None:
    """Let people turn a registered kind of mail off; `words` say to them what it tells.

    Raises `LookupError` for a kind that no room registered, `ValueError` for one that was named before.
    """
    if kind not in MAIL_KINDS:
        raise LookupError(f"no room registered the mail kind {kind!r}")
    if kind in NOTICES:
        raise ValueError(f"the mail kind {kind!r} may be turned off already")
    NOTICES[kind] = Notice(kind, words, to_staff)
    MAIL_KINDS[kind] = replace(MAIL_KINDS[kind], still_true=_still_wanted(MAIL_KINDS[kind].still_true))


def _still_wanted(still_true: StillTrue | None) -> StillTrue:
    def asked(session: Session, message: OutboxMessage) -> dict[str, Any] | None:
        if message.person_id is not None and session.get(NoticeOff, (message.person_id, message.kind)) is not None:
            return None
        return still_true(session, message) if still_true else message.params

    return asked


def notices_for(*, to_firm: bool, to_staff: bool) -> list[Notice]:
    """Return what somebody may turn off, in the order in which rooms named it."""
    return [each for each in NOTICES.values() if (to_staff if each.to_staff else to_firm)]


def turned_off(session: Session, person_id: int) -> frozenset[str]:
    """Return the kinds of mail that a person turned off."""
    return frozenset(session.scalars(select(NoticeOff.kind).where(NoticeOff.person_id == person_id)))


def turn_off(session: Session, person_id: int, kinds: Iterable[str]) -> None:
    """Let exactly these kinds be turned off for a person; kinds that are owed are passed over."""
    session.execute(delete(NoticeOff).where(NoticeOff.person_id == person_id))
    now = clock.now()
    session.add_all(NoticeOff(person_id=person_id, kind=kind, recorded_at=now) for kind in set(kinds) & set(NOTICES))
    session.flush()
