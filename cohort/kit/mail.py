"""Writes one mail from its templates in the reader's language and formats; when it leaves is decided by `delivery`."""

from __future__ import annotations

import hashlib
from binascii import b2a_qp
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, g
from flask_babel import force_locale

from cohort.config import Settings
from cohort.kit import clock
from cohort.kit.outbox import EFFECT_KEY, OutboxMessage

ENDINGS = ("subject.txt", "txt", "html")


@dataclass(frozen=True)
class Written:
    """A mail in words: subject on one line, plain text, and HTML."""

    subject: str
    text: str
    html: str


@contextmanager
def read_by(language: str, region: str) -> Iterator[None]:
    """Let the block speak a reader's language and write days and amounts their country's way."""
    before = g.get("region")
    g.region = region
    try:
        with force_locale(language):
            yield
    finally:
        g.region = before


def _addresses(app: Flask, public_url: str) -> Callable[..., str]:
    """Return `url_for` for mails: whole addresses under the public one, as no request tells where we are."""
    parts = urlsplit(public_url)
    adapter = app.url_map.bind(parts.netloc, script_name=parts.path or "/", url_scheme=parts.scheme)

    def url_for(endpoint: str, **values: Any) -> str:
        anchor = values.pop("_anchor", "")
        address = adapter.build(endpoint, values, force_external=True)
        return f"{address}#{anchor}" if anchor else address

    return url_for


def revived(value: Any, name: str = "") -> Any:
    """Return queued facts with days and instants again: those whose name ends in `_on` or `_at`, at any depth."""
    match value:
        case dict():
            return {key: revived(inner, key) for key, inner in value.items()}
        case list():
            return [revived(inner, name) for inner in value]
        case str() if name.endswith("_on") and value:
            return date.fromisoformat(value)
        case str() if name.endswith("_at") and value:
            return datetime.fromisoformat(value)
    return value


def write(app: Flask, message: OutboxMessage, params: dict[str, Any] | None = None) -> Written:
    """Return the words of a mail; `params` stand in for those that were queued.

    Templates see the params (`…_on` as a day, `…_at` as an instant), `recipient_name`, `subject`, `locale`, `public_url` and a `url_for` that gives whole addresses.
    """
    settings: Settings = app.extensions["settings"]
    with read_by(message.language, message.region):
        names = {
            "recipient_name": message.name, "locale": message.language, "public_url": settings.public_url,
            "url_for": _addresses(app, settings.public_url), **revived(message.params if params is None else params),
        }
        templates = {ending: app.jinja_env.get_template(f"email/{message.kind}.{ending}") for ending in ENDINGS}
        subject = " ".join(templates["subject.txt"].render(names).split())
        plain = templates["txt"].render(names, subject=subject)
        html = templates["html"].render(names, subject=subject)
    return Written(subject, plain.strip() + "\n", html)


def message_id_of(message: OutboxMessage, public_url: str) -> str:
    """Return the Message-ID: the same for every attempt at one effect, so that a repeat can be recognised."""
    key = "\n".join(str(getattr(message, column)) for column in EFFECT_KEY)
    return f"<{hashlib.sha256(key.encode()).hexdigest()[:32]}@{urlsplit(public_url).hostname}>"


def _part(content_type: str, words: str, boundary: str) -> bytes:
    """Return one alternative of a mail, in a form that any relay passes on unchanged."""
    encoded = b2a_qp("\r\n".join(words.splitlines()).encode(), istext=True)
    head = f'--{boundary}\r\nContent-Type: {content_type}; charset="utf-8"\r\n'
    return f"{head}Content-Transfer-Encoding: quoted-printable\r\n\r\n".encode() + encoded + b"\r\n"


def compose(app: Flask, message: OutboxMessage, params: dict[str, Any]) -> bytes:
    """Return the mail as it goes over the wire: text and HTML, marked as sent by a machine.

    The headers, which carry what people typed, are written by `EmailMessage`: it encodes them and raises
    `ValueError` for a line break. The body is put together here, since the library takes three times as long.
    """
    settings: Settings = app.extensions["settings"]
    written = write(app, message, params)
    header_id = message_id_of(message, settings.public_url)
    boundary = f"=_{header_id[1:33]}"  # quoted-printable text never holds "=_"
    mail = EmailMessage(policy=SMTP)
    mail["Subject"] = written.subject
    mail["From"] = settings.mail_from
    mail["To"] = Address(display_name=message.name, addr_spec=message.address)
    head = mail.as_bytes().rstrip(b"\r\n") + (
        f"\r\nDate: {format_datetime(clock.now())}\r\nMessage-ID: {header_id}\r\nAuto-Submitted: auto-generated\r\n"
        f"Content-Language: {message.language}\r\nMIME-Version: 1.0\r\n"
        f'Content-Type: multipart/alternative; boundary="{boundary}"\r\n\r\n'
    ).encode()
    parts = _part("text/plain", written.text, boundary) + _part("text/html", written.html, boundary)
    return head + parts + f"--{boundary}--\r\n".encode()
