"""Tells the history of a record in words: who did what, when and why; the acts themselves are kept by `audit`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from cohort.kit import audit
from cohort.kit.database import Base

# The kit's own acts; each room adds its own.
ACTIONS: dict[str, object] = {
    "job.ran": _l("ran for its day"), "job.asked": _l("asked for a run"),
    "upload.purged": _l("deleted the file, whose days were over"),
    "mail.retried": _l("queued it again"), "mail.cancelled": _l("took it out of the queue"),
}


@dataclass(frozen=True)
class Act:
    """One line of a history; `reason` is empty when none was asked for or its text was erased."""

    who: str
    what: str
    at: datetime
    reason: str


def name_actions(words: dict[str, object]) -> None:
    """Give actions their words; a room calls it once, a test wants every action named."""
    ACTIONS.update(words)


def history_of(session: Session, subject: Base, limit: int = 50) -> list[Act]:
    """Return what happened to a record, latest first, in the reader's language."""
    return [_act(entry) for entry in audit.history_of(session, subject, limit)]


def _act(entry: audit.AuditEntry) -> Act:
    changed = audit.changes(entry)
    if changed is None:
        reason, away = gettext("What it said has been erased."), None
    else:
        reason, away = str(changed[1].get("reason", "")), changed[1].get(audit.STANDS_IN_FOR)
    who = gettext("The system") if entry.actor_id is None and entry.actor_name == "system" else entry.actor_name
    if away:
        who = gettext("%(who)s, for %(away)s", who=who, away=away)
    return Act(who, str(ACTIONS.get(entry.action, entry.action)), entry.at, reason)
