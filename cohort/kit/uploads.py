"""Keeps uploaded files under neutral names and says who brought them; what a file proves is judged in its room."""

from __future__ import annotations

import hashlib
import re
import secrets
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from pathlib import Path

import filetype
from flask import current_app
from flask_babel import lazy_gettext as _l
from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, Session, mapped_column
from werkzeug.datastructures import FileStorage

from cohort.config import Settings
from cohort.kit import clock
from cohort.kit.access import Actor
from cohort.kit.database import Base
from cohort.kit.errors import DomainError, wording

MAX_BYTES = 10 * 1024 * 1024
# By what the bytes say, never by the name: media type → extension of the neutral name.
ACCEPTED = {
    "application/pdf": "pdf", "image/jpeg": "jpg", "image/png": "png", "image/webp": "webp", "image/heic": "heic",
}

wording("file_empty", _l("The file is empty. Choose it again."))
wording("file_too_large", _l("The file has %(size)s MB; up to 10 MB are accepted. A photo taken smaller will do."), 413)
wording("file_type", _l("“%(name)s” is not a PDF or a photo (JPG, PNG, WebP, HEIC). Save it as PDF or take a photo of it."))
wording("file_gone", _l("That file is no longer kept."), HTTPStatus.NOT_FOUND)


class Upload(Base):
    """One stored file: neutral name on disk, what it was called, its hash, whose it is and why it was brought."""

    __tablename__ = "upload"

    id: Mapped[int] = mapped_column(primary_key=True)
    token: Mapped[str] = mapped_column(String(43), unique=True)
    purpose: Mapped[str] = mapped_column(String(40))
    firm_id: Mapped[int | None] = mapped_column(ForeignKey("firm.id"), index=True)
    original_name: Mapped[str] = mapped_column(String(200))
    media_type: Mapped[str] = mapped_column(String(60))
    size_bytes: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    brought_by: Mapped[int | None]
    recorded_at: Mapped[datetime]
    deleted_at: Mapped[datetime | None]

    @property
    def path(self) -> Path:
        """Where the bytes lie."""
        settings: Settings = current_app.extensions["settings"]
        return settings.uploads / self.token[:2] / f"{self.token}.{ACCEPTED[self.media_type]}"


@dataclass(frozen=True)
class Sniffed:
    """What the bytes of a file say about it."""

    content: bytes
    media_type: str
    name: str


def sniff(file: FileStorage) -> Sniffed:
    """Return the file's bytes and the type they show; raises `DomainError` for empty, too large or foreign files."""
    content = file.stream.read(MAX_BYTES + 1)
    name = _plain_name(file.filename or "file")
    if not content:
        raise DomainError("file_empty")
    if len(content) > MAX_BYTES:
        raise DomainError("file_too_large", size="> 10")
    kind = filetype.guess(content)
    if kind is None or kind.mime not in ACCEPTED:
        raise DomainError("file_type", name=name)
    return Sniffed(content, str(kind.mime), name)


def store(session: Session, actor: Actor, file: FileStorage, purpose: str, firm_id: int | None) -> Upload:
    """Write the file to disk and its row to the session; the bytes go first, so no row ever lacks its file."""
    sniffed = sniff(file)
    upload = Upload(
        token=secrets.token_urlsafe(24), purpose=purpose, firm_id=firm_id, original_name=sniffed.name,
        media_type=sniffed.media_type, size_bytes=len(sniffed.content),
        sha256=hashlib.sha256(sniffed.content).hexdigest(), brought_by=actor.person_id, recorded_at=clock.now(),
    )
    upload.path.parent.mkdir(parents=True, exist_ok=True)
    upload.path.write_bytes(sniffed.content)
    session.add(upload)
    session.flush()
    return upload


def _plain_name(name: str) -> str:
    """Return a name fit to be shown and sent: no folders, no control characters, at most 120 characters."""
    last = re.split(r"[\\/]", unicodedata.normalize("NFC", name))[-1]
    return re.sub(r"[\x00-\x1f\x7f\"<>]", "", last).strip()[-120:] or "file"
