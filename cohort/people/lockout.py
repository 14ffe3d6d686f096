"""Counts failed sign-ins in the database and tells how long to wait; what a right answer is, others decide.

Five failures in 15 minutes close one account's door for 15 minutes from the fifth, whether the account exists or
not. One network address has twenty, because an office or a training room shares one.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.orm import Session

from cohort.kit import clock
from cohort.kit.errors import DomainError, wording
from cohort.people.models import SignInFailure
from cohort.people.sessions import hashed

WINDOW = timedelta(minutes=15)
PER_ACCOUNT = 5
PER_ADDRESS = 20
KEPT = timedelta(days=1)

wording("locked_out", _l("Too many tries. For safety this door stays shut for %(minutes)s more minutes; a sign-in link sent by mail works meanwhile."), 429)


def _hash_of(email: str) -> str:
    return hashed("email\n" + email.strip().lower())


def _shut_until(session: Session, which: ColumnElement[bool], limit: int, now: datetime) -> datetime | None:
    statement = select(SignInFailure.at).where(which, SignInFailure.at > now - WINDOW)
    times = list(session.scalars(statement.order_by(SignInFailure.at.desc()).limit(limit)))
    return times[0] + WINDOW if len(times) == limit else None


def minutes_to_wait(session: Session, email: str, address: str) -> int:
    """Return for how many minutes (rounded up) this account or address must wait; 0 when the door is open."""
    now = clock.now()
    ends = [
        end for end in (
            _shut_until(session, SignInFailure.email_hash == _hash_of(email), PER_ACCOUNT, now),
            _shut_until(session, SignInFailure.address == address, PER_ADDRESS, now),
        ) if end is not None
    ]
    return max((-(-int((end - now).total_seconds()) // 60) for end in ends), default=0)


def refuse_when_locked(session: Session, email: str, address: str) -> None:
    """Raise `DomainError("locked_out", minutes=…)` while the door is shut for this account or address."""
    minutes = minutes_to_wait(session, email, address)
    if minutes:
        raise DomainError("locked_out", minutes=minutes)


def note_failure(session: Session, email: str, address: str) -> None:
    """Count one failed try and forget those of more than a day ago."""
    now = clock.now()
    session.execute(delete(SignInFailure).where(SignInFailure.at < now - KEPT))
    session.add(SignInFailure(email_hash=_hash_of(email), address=address[:64], at=now))
    session.flush()


def forget_failures(session: Session, email: str) -> None:
    """Forget the account's failures after a sign-in that went well; those of the address stay."""
    session.execute(delete(SignInFailure).where(SignInFailure.email_hash == _hash_of(email)))
