"""Holds one reused connection to the mail server and says how each mail fared; which mails leave is `delivery`."""

from __future__ import annotations

import smtplib
import ssl
from dataclasses import dataclass
from enum import StrEnum
from types import TracebackType
from typing import Self
from urllib.parse import unquote, urlsplit

from cohort.config import LOOPBACK

RECONNECT_AFTER = 500
TIMEOUT_SECONDS = 20.0


class Fate(StrEnum):
    """What became of one mail."""

    SENT = "sent"
    REFUSED = "refused"  # for good: the server will say the same tomorrow
    DEFERRED = "deferred"  # this mail, for now
    BROKEN = "broken"  # the connection broke while this mail was under way
    UNREACHED = "unreached"  # no connection: the mail was never tried


@dataclass(frozen=True)
class Outcome:
    """How one mail fared, and the server's words."""

    fate: Fate
    reason: str = ""


class Courier:
    """One connection, opened when first needed, renewed every 500 mails and after each fault."""

    def __init__(self, smtp_url: str, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        self._url = urlsplit(smtp_url)
        self._timeout = timeout_seconds
        self._link: smtplib.SMTP | None = None
        self._sent_count = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Say goodbye, or just hang up when the server does not listen any more."""
        link, self._link = self._link, None
        if link is None:
            return
        try:
            link.quit()
        except (smtplib.SMTPException, OSError):
            link.close()

    def _drop(self) -> None:
        if self._link is not None:
            self._link.close()
            self._link = None

    def _connected(self) -> smtplib.SMTP:
        if self._link is not None and self._sent_count >= RECONNECT_AFTER:
            self.close()
        if self._link is None:
            self._link = self._open()
            self._sent_count = 0
        return self._link

    def _open(self) -> smtplib.SMTP:
        host, is_near = self._url.hostname or "", self._url.hostname in LOOPBACK
        if self._url.scheme == "smtps":
            context = ssl.create_default_context()
            link: smtplib.SMTP = smtplib.SMTP_SSL(host, self._url.port or 465, timeout=self._timeout, context=context)
        else:
            link = smtplib.SMTP(host, self._url.port or 25, timeout=self._timeout)
        try:
            link.ehlo()
            if self._url.scheme == "smtp" and link.has_extn("starttls"):
                link.starttls(context=None if is_near else ssl.create_default_context())
                link.ehlo()
            elif self._url.scheme == "smtp" and self._url.username and not is_near:
                raise smtplib.SMTPNotSupportedError("the server offers no encryption, so the password is not sent")
            if self._url.username:
                link.login(unquote(self._url.username), unquote(self._url.password or ""))
        except BaseException:
            link.close()
            raise
        return link

    def send(self, sender: str, address: str, content: bytes) -> Outcome:
        """Hand one finished mail to the server; never raises for what a server or network may do."""
        try:
            link = self._connected()
        except (smtplib.SMTPException, OSError) as error:
            self._drop()
            return Outcome(Fate.UNREACHED, f"{type(error).__name__}: {error}")
        try:
            link.sendmail(sender, [address], content)
        except smtplib.SMTPRecipientsRefused as error:
            return self._refused(*next(iter(error.recipients.values())))  # smtplib has sent RSET already
        except smtplib.SMTPResponseException as error:
            return self._refused(error.smtp_code, error.smtp_error)
        except (smtplib.SMTPException, OSError) as error:
            self._drop()
            return Outcome(Fate.BROKEN, f"{type(error).__name__}: {error}")
        self._sent_count += 1
        return Outcome(Fate.SENT)

    def _refused(self, code: int, words: bytes | str) -> Outcome:
        said = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
        if code == 421:  # the server is closing this connection
            self._drop()
            return Outcome(Fate.BROKEN, f"{code} {said}")
        return Outcome(Fate.REFUSED if code >= 500 else Fate.DEFERRED, f"{code} {said}")
