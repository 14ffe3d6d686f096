"""Decides which queued mails leave now, what happens when the server refuses one, and when to give up.

A batch is claimed under a lease, sent over one connection and marked at once, so that a crash repeats at most
that batch, under the same Message-IDs. How a mail reads is `mail`; how bytes travel is `smtp`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, cast

import structlog
from flask import Flask, current_app
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from sqlalchemy import Table, bindparam, select, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from cohort.config import Settings
from cohort.kit import clock
from cohort.kit.database import transaction
from cohort.kit.jobs import job
from cohort.kit.language import number
from cohort.kit.ledger import new_runner
from cohort.kit.mail import compose, message_id_of
from cohort.kit.outbox import MAIL_KINDS, MailState, OutboxMessage, plain
from cohort.kit.smtp import Courier, Fate, Outcome

BATCH = 100
MOST_BATCHES = 50
LEASE = timedelta(minutes=10)
BACKOFF_MINUTES = (1, 5, 15, 60, 240, 720, 1440)
MOST_ATTEMPTS = len(BACKOFF_MINUTES) + 1
MOST_FAULTS = 3  # connections lost in one batch before the server is left alone until the next run
# As the row keeps them; the operator's page says them in the reader's language.
NO_LONGER_TRUE, NOT_WRITTEN = "no longer true when it was to be sent", "it could not be written: "
log = structlog.get_logger("cohort.mail")


@dataclass(frozen=True)
class Ready:
    """A claimed mail as bytes; `content` is empty when it is cancelled or cannot be written, and `outcome` says why."""

    message_id: int
    address: str
    content: bytes
    header_id: str
    is_secret: bool
    attempts: int
    verdict: dict[str, Any] | None = None
    facts: dict[str, Any] | None = None  # what it says, where that is not what was queued: kept once it has left


def reclaim(session: Session) -> int:
    """Queue again what a worker took ten minutes ago and never marked; return how many."""
    expired = update(OutboxMessage).where(
        text("state = 'sending'"), OutboxMessage.locked_at < clock.now() - LEASE
    ).values(state=MailState.QUEUED, locked_at=None, locked_by="").returning(OutboxMessage.id)
    return len(session.scalars(expired.execution_options(synchronize_session=False)).all())


def has_untried(session: Session) -> bool:
    """Return whether a due mail was never tried: somebody may be waiting for it (a sign-in link)."""
    due = select(OutboxMessage.id).where(
        text("state = 'queued'"), OutboxMessage.send_after <= clock.now(), OutboxMessage.attempts == 0,
        OutboxMessage.reason == "",
    )
    return session.scalar(due.limit(1)) is not None


def claim(session: Session, worker: str, limit: int = BATCH) -> list[int]:
    """Take up to `limit` due mails for `worker`, first due first; two workers never take the same one."""
    now = clock.now()
    due = (
        select(OutboxMessage.id).where(text("state = 'queued'"), OutboxMessage.send_after <= now)
        .order_by(OutboxMessage.send_after, OutboxMessage.id).limit(limit).with_for_update(skip_locked=True)
    ).cte("due")
    taken = (
        update(OutboxMessage).where(OutboxMessage.id.in_(select(due.c.id)))
        .values(state=MailState.SENDING, locked_at=now, locked_by=worker, attempts=OutboxMessage.attempts + 1)
        .returning(OutboxMessage.id)
    )
    return sorted(session.scalars(taken.execution_options(synchronize_session=False)))


def prepare(app: Flask, session: Session, ids: list[int]) -> list[Ready]:
    """Ask each claimed mail whether it is still true and write it; reads only."""
    statement = select(OutboxMessage).where(OutboxMessage.id.in_(ids)).order_by(OutboxMessage.id)
    return [_prepared(app, session, message) for message in session.scalars(statement)]


def _prepared(app: Flask, session: Session, message: OutboxMessage) -> Ready:
    settings: Settings = app.extensions["settings"]
    kind = MAIL_KINDS.get(message.kind)
    content, verdict, params = b"", None, None
    try:
        if kind is None:
            raise LookupError(f"no room knows the mail kind {message.kind!r}")
        params = kind.still_true(session, message) if kind.still_true else message.params
        if params is None:
            verdict = {"state": MailState.CANCELLED, "reason": NO_LONGER_TRUE}
        else:
            content = compose(app, message, params)
    except DBAPIError:
        raise  # nothing wrong with the mail: the run ends, the lease runs out, the batch is tried again
    except Exception as error:  # one mail that cannot be written must not hold up the others
        log.exception("mail could not be written", mail=message.id, kind=message.kind)
        reason = f"{NOT_WRITTEN}{type(error).__name__}: {error}"
        verdict = _put_off(message.attempts, reason, clock.now())
    return Ready(
        message.id, message.address, content, message_id_of(message, settings.public_url),
        kind is not None and kind.secret, message.attempts, verdict,
        None if params == message.params else params,
    )


def _put_off(attempts: int, reason: str, now: datetime) -> dict[str, Any]:
    """Return what to write on a mail to be tried later, or given up after the last attempt."""
    if attempts >= MOST_ATTEMPTS:
        return {"state": MailState.FAILED, "reason": reason}
    wait = timedelta(minutes=BACKOFF_MINUTES[attempts - 1])
    return {"state": MailState.QUEUED, "reason": reason, "send_after": now + wait}


def _verdict(ready: Ready, outcome: Outcome, now: datetime) -> dict[str, Any]:
    """Return what to write on the row of a mail that fared so."""
    if outcome.fate is Fate.SENT:
        sent = {"state": MailState.SENT, "sent_at": now, "message_id": ready.header_id, "reason": ""}
        return sent if ready.facts is None else {**sent, "params": plain(ready.facts)}
    if outcome.fate is Fate.UNREACHED:
        wait = timedelta(minutes=BACKOFF_MINUTES[0])
        return {
            "state": MailState.QUEUED, "reason": outcome.reason, "attempts": ready.attempts - 1,
            "send_after": now + wait,
        }
    if outcome.fate is Fate.REFUSED:
        return {"state": MailState.FAILED, "reason": outcome.reason}
    return _put_off(ready.attempts, outcome.reason, now)


def send_batch(batch: list[Ready], courier: Courier, sender: str) -> tuple[list[dict[str, Any]], bool]:
    """Send what is ready; return the verdicts as rows to write, and whether the server is worth another batch."""
    verdicts, faults, reason = [], 0, ""
    for ready in batch:
        verdict = ready.verdict
        if verdict is None and faults >= MOST_FAULTS:
            verdict = {"state": MailState.QUEUED, "attempts": ready.attempts - 1, "reason": reason}
        elif verdict is None:
            outcome = courier.send(sender, ready.address, ready.content)
            if outcome.fate in {Fate.BROKEN, Fate.UNREACHED}:
                faults, reason = (faults + 1 if outcome.fate is Fate.BROKEN else MOST_FAULTS), outcome.reason
            verdict = _verdict(ready, outcome, clock.now())
        if ready.is_secret and verdict["state"] != MailState.QUEUED:
            verdict = {**verdict, "params": {}}
        verdicts.append({"id": ready.message_id, **verdict})
    return verdicts, faults < MOST_FAULTS


def mark(session: Session, worker: str, verdicts: list[dict[str, Any]]) -> None:
    """Write how a batch fared, on the rows that this worker still holds."""
    table = cast(Table, OutboxMessage.__table__)
    alike: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for verdict in verdicts:
        columns = tuple(sorted(verdict.keys() - {"id"}))
        alike.setdefault(columns, []).append({f"new_{name}": value for name, value in verdict.items()})
    for columns, rows in alike.items():
        statement = (
            update(table).where(table.c.id == bindparam("new_id"), table.c.locked_by == worker)
            .values(locked_at=None, locked_by="", **{name: bindparam(f"new_{name}") for name in columns})
        )
        session.connection().execute(statement, rows)


def _batches(app: Flask, worker: str) -> Iterator[list[Ready]]:
    for _number in range(MOST_BATCHES):
        with transaction() as session:
            reclaim(session)
            ids = claim(session, worker)
        if not ids:
            return
        batch = prepare(app, session, ids)
        session.rollback()  # no transaction stays open while the network takes its time
        yield batch


def deliver(app: Flask, open_courier: Callable[[str], Courier] = Courier) -> dict[str, int]:
    """Send every mail that is due, in batches of 100; return how many ended in which state.

    Without a mail server nothing is touched: mails stay queued and can be read on the operator's page.
    """
    settings: Settings = app.extensions["settings"]
    fates: Counter[str] = Counter()
    if not settings.smtp_url:
        return {}
    worker = new_runner()
    with open_courier(settings.smtp_url) as courier:
        for batch in _batches(app, worker):
            verdicts, goes_on = send_batch(batch, courier, settings.mail_from)
            with transaction() as session:
                mark(session, worker, verdicts)
            fates.update(str(verdict["state"]) for verdict in verdicts)
            if not goes_on:
                log.warning("mail server left alone until the next run", reason=verdicts[-1].get("reason", ""))
                break
    return dict(fates)


_COUNTED: dict[str, Callable[[int], str]] = {
    MailState.SENT.value: lambda n: ngettext("%(count)s mail sent", "%(count)s mails sent", n, count=number(n)),
    MailState.QUEUED.value: lambda n: ngettext("%(count)s mail to be tried again", "%(count)s mails to be tried again", n, count=number(n)),
    MailState.CANCELLED.value: lambda n: ngettext("%(count)s mail no longer true", "%(count)s mails no longer true", n, count=number(n)),
    MailState.FAILED.value: lambda n: ngettext("%(count)s mail refused for good", "%(count)s mails refused for good", n, count=number(n)),
}


@job(
    "mail.deliver", _l("Sends the mails that are due."), every_minutes=1, own_transactions=True,
    title=_l("Send mail"), counted=_COUNTED,
)
def deliver_due(_session: Session, _as_of: date) -> dict[str, int]:
    """Send what is due now; the one job that looks at the present, since a mail leaves when it leaves."""
    return deliver(cast(Any, current_app)._get_current_object())


