"""Makes, changes and cancels sessions; who is told of it stands in `letters`, who is invited in `inviting`."""

from __future__ import annotations

import secrets
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from cohort.kit import audit, clock
from cohort.kit.access import Actor, Role
from cohort.kit.errors import DomainError, wording
from cohort.plans.models import Plan
from cohort.plans.rights import said
from cohort.training.sessions import letters
from cohort.training.sessions.models import TrainingSession

wording("session_ends_first", _l("A session ends after it begins. Give a later end."))
wording("session_too_long", _l("A session lasts at most 24 hours. Make one session a day."))
wording("session_nowhere", _l("Say where it is held: a place, a link, or both."))
wording("session_link", _l("A link begins with https:// or http://."))
wording("session_not_yours", _l("Sessions are made by managers, and by coordinators of the host country or of a country invited."), 403)
wording("session_cancelled", _l("This session was cancelled; it stays as it is."))
wording("session_over", _l("This session is over; it can no longer be cancelled."))
wording("session_held", _l("Attendance was written down already, so the hours of this session stay as they are."))

LONGEST = timedelta(hours=24)


@dataclass(frozen=True)
class SessionFacts:
    """What staff say of a session; instants are UTC, `countries` and `phases` empty mean all."""

    title_es: str
    title_en: str
    starts_at: datetime
    ends_at: datetime
    time_zone: str
    host_country: str
    language: str = "es"
    trainer: str = ""
    place: str = ""
    link: str = ""
    materials: str = ""
    capacity: int | None = None
    is_core: bool = True
    countries: tuple[str, ...] = ()
    phases: tuple[str, ...] = ()

    def columns(self) -> dict[str, Any]:
        """Return the facts as the table holds them."""
        held = asdict(self)
        held["invites"] = {"countries": list(held.pop("countries")), "phases": list(held.pop("phases"))}
        return held


def may_edit(actor: Actor, host: str, countries: tuple[str, ...] | list[str]) -> bool:
    """Return whether the actor may make or change a session of this host and these countries (none: all of the plan)."""
    if not actor.may("session.edit"):
        return False
    if actor.sees_all or Role.MANAGER in actor.roles:
        return True
    own = actor.countries or frozenset()
    return host in own or not countries or bool(own & set(countries))


def require_edit(actor: Actor, training: TrainingSession) -> None:
    """Raise `session_not_yours` unless the actor may change this session."""
    if not may_edit(actor, training.host_country, training.invites["countries"]):
        raise DomainError("session_not_yours")


def make_session(session: Session, actor: Actor, plan: Plan, facts: SessionFacts) -> TrainingSession:
    """Return a new session; nobody is invited yet.

    Errors: DomainError `session_not_yours`, `session_ends_first`, `session_too_long`, `session_nowhere`, `session_link`.
    """
    _check(actor, facts)
    made = TrainingSession(
        plan_id=plan.id, door_code=secrets.token_urlsafe(12), recorded_at=clock.now(), recorded_by=actor.person_id, **facts.columns())
    session.add(made)
    session.flush()
    audit.record(session, actor, "session.made", made, after={"title": facts.title_es, "starts_at": facts.starts_at.isoformat()})
    return made


def change_session(session: Session, actor: Actor, training: TrainingSession, facts: SessionFacts, *, is_held: bool) -> int:
    """Change a session; whoever is invited is told when hours or place moved. Return how many mails were queued.

    Answers stay as they are, and so do invitations of those whom a changed rule no longer fits. `is_held`:
    attendance was written down, so the hours may no longer move. Errors: those of `make_session`,
    `session_cancelled`, `session_held`.
    """
    require_edit(actor, training)
    _refuse_cancelled(training)
    _check(actor, facts)
    changed = {name: value for name, value in facts.columns().items() if getattr(training, name) != value}
    if is_held and changed.keys() & {"starts_at", "ends_at"}:
        raise DomainError("session_held")
    if not changed:
        return 0
    before = {name: _plain(getattr(training, name)) for name in changed}
    for name, value in changed.items():
        setattr(training, name, value)
    session.flush()
    audit.record(session, actor, "session.changed", training, before=before, after={name: _plain(value) for name, value in changed.items()})
    if not changed.keys() & {"starts_at", "ends_at", "place", "link"} or training.ends_at <= clock.now():
        return 0
    return letters.tell_news(session, training, "moved")


def cancel_session(session: Session, actor: Actor, training: TrainingSession, reason: str) -> int:
    """Cancel a session with the reason and tell everybody invited; return how many mails were queued.

    It stays on the list and counts no hours. Errors: DomainError `session_not_yours`, `session_cancelled`,
    `session_over`, `reason_missing`.
    """
    require_edit(actor, training)
    _refuse_cancelled(training)
    if training.ends_at <= clock.now():
        raise DomainError("session_over")
    training.cancel_reason, training.cancelled_at = said(reason)[:500], clock.now()
    session.flush()
    audit.record(session, actor, "session.cancelled", training, after={"reason": training.cancel_reason})
    return letters.tell_news(session, training, "cancelled")


def _check(actor: Actor, facts: SessionFacts) -> None:
    if not may_edit(actor, facts.host_country, facts.countries):
        raise DomainError("session_not_yours")
    if facts.ends_at <= facts.starts_at:
        raise DomainError("session_ends_first")
    if facts.ends_at - facts.starts_at > LONGEST:
        raise DomainError("session_too_long")
    if not facts.place and not facts.link:
        raise DomainError("session_nowhere")
    if facts.link and not facts.link.startswith(("https://", "http://")):
        raise DomainError("session_link")


def _refuse_cancelled(training: TrainingSession) -> None:
    if training.cancelled_at is not None:
        raise DomainError("session_cancelled")


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else value
