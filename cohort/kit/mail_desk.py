"""Shows operators which mails wait, left or failed and how each reads, and takes their wish to retry or cancel one."""

from __future__ import annotations

from typing import Any, cast

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from jinja2 import TemplateError
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from cohort.config import Settings
from cohort.kit import audit, delivery, navigation, outbox
from cohort.kit.access import current_actor, gate, unscoped
from cohort.kit.database import db, transaction
from cohort.kit.errors import DomainError
from cohort.kit.mail import Written, write
from cohort.kit.outbox import MAIL_KINDS, MailState, OutboxMessage

PER_PAGE = 50
blueprint = Blueprint("mail", __name__, url_prefix="/mail")
Page = str | Response | tuple[str, int]

navigation.announce(navigation.Entry(_l("Mail"), "mail.index", "mail", "mail.see", 93, is_admin=True))

MAIL_STATES = {
    MailState.QUEUED: (_l("waiting"), "sun"), MailState.SENDING: (_l("leaving"), "sea"),
    MailState.SENT: (_l("sent"), "leaf"), MailState.CANCELLED: (_l("cancelled"), "neutral"),
    MailState.FAILED: (_l("failed"), "coral"),
}


def _session() -> Session:
    return cast(Session, db.session())


@blueprint.get("/")
@gate("mail.see")
def index() -> Page:
    """List mails, latest first, by state when one is chosen."""
    session, state = _session(), request.args.get("state", "")
    counted = session.execute(select(OutboxMessage.state, func.count()).group_by(OutboxMessage.state))
    counts = {str(found): int(count) for found, count in counted}
    chosen = select(OutboxMessage).order_by(OutboxMessage.id.desc())
    if state in set(MailState):
        chosen = chosen.where(OutboxMessage.state == state)
    page = db.paginate(chosen, page=request.args.get("page", 1, int), per_page=PER_PAGE, max_per_page=PER_PAGE, error_out=False)
    return render_template(
        "mail/index.html", page=page, counts=counts, state=state, states=MAIL_STATES, sends=_sends_mail(), kind_of=kind_of,
        reason_of=reason_of,
    )


def kind_of(message: OutboxMessage) -> str:
    """Return what operators call this kind of mail; its key when no room has it any more."""
    found = MAIL_KINDS.get(message.kind)
    return str(found.title) if found else message.kind


def reason_of(message: OutboxMessage) -> str:
    """Return why a mail waits, was cancelled or failed; a mail server's own words stay as they came."""
    if message.reason == delivery.NO_LONGER_TRUE:
        return str(gettext("no longer true when it was to be sent"))
    if message.reason.startswith(delivery.NOT_WRITTEN):
        return str(gettext("it could not be written: %(fault)s", fault=message.reason.removeprefix(delivery.NOT_WRITTEN)))
    return message.reason


def _sends_mail() -> bool:
    settings: Settings = current_app.extensions["settings"]
    return bool(settings.smtp_url)


def _message(session: Session, message_id: int) -> OutboxMessage:
    message = session.get(OutboxMessage, message_id)
    if message is None:
        raise DomainError("not_found")
    return message


def _facts(session: Session, message: OutboxMessage) -> dict[str, Any] | None:
    """Return what a mail says: as it left, or as it would leave now; None when nothing of it holds any more."""
    kind = MAIL_KINDS[message.kind]
    if message.state == MailState.SENT or kind.still_true is None:
        return message.params
    with unscoped(session):
        return kind.still_true(session, message)


def _shown(session: Session, message: OutboxMessage) -> tuple[Written | None, str]:
    """Return the words of a mail, or None and why they are not shown.

    Whoever reads a sign-in link can sign in as its owner: only administrators may, and only where no mail
    server would bring it.
    """
    kind = MAIL_KINDS.get(message.kind)
    if kind is not None and kind.secret and (not message.params or _sends_mail() or not current_actor().may("mail.act")):
        return None, gettext("This mail carries a link with which one signs in as its reader, so its text is not shown.")
    try:
        facts = _facts(session, message)
        if facts is None:
            return None, gettext("What this mail says no longer holds, so it will not be sent.")
        return write(cast(Any, current_app)._get_current_object(), message, facts), ""
    except (TemplateError, LookupError):
        return None, gettext("The text of this mail cannot be written any more.")


@blueprint.get("/<int:message_id>")
@gate("mail.see")
def detail(message_id: int) -> Page:
    """Show one mail as its reader gets it, in plain text."""
    session = _session()
    message = _message(session, message_id)
    written, why_not = _shown(session, message)
    return render_template(
        "mail/detail.html", message=message, written=written, why_not=why_not, states=MAIL_STATES, kind=kind_of(message),
        reason=reason_of(message),
    )


@blueprint.post("/<int:message_id>/retry")
@gate("mail.act")
def retry(message_id: int) -> Page:
    """Queue a failed or cancelled mail again."""
    with transaction() as session:
        message = _message(session, message_id)
        before = message.state
        outbox.retry(message)
        audit.record(session, current_actor(), "mail.retried", message, before={"state": before}, after={"state": message.state})
    flash(gettext("The mail is in the queue again."), "success")
    return redirect(url_for("mail.detail", message_id=message_id))


@blueprint.post("/<int:message_id>/cancel")
@gate("mail.act")
def cancel(message_id: int) -> Page:
    """Take a mail out of the queue before it leaves."""
    with transaction() as session:
        message = _message(session, message_id)
        before = message.state
        outbox.cancel(message, gettext("cancelled by %(name)s", name=current_actor().name))
        audit.record(session, current_actor(), "mail.cancelled", message, before={"state": before}, after={"state": message.state})
    flash(gettext("The mail will not be sent."), "success")
    return redirect(url_for("mail.detail", message_id=message_id))
