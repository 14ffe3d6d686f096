"""Sets up the sign-in library: hashing, authenticator codes, passkeys; pages and rules of ours stand beside it.

The library's own sign-in pages are not opened. Its passkey views are (`passkeys.py`); hashing, codes and passkeys are
always its work, never ours.
"""

from __future__ import annotations

import base64
import hashlib
import io
from datetime import timedelta
from typing import Any, NoReturn, cast

import qrcode  # type: ignore[import-untyped]
from flask import Flask, current_app
from flask_security import (
    MailUtil,
    RoleMixin,
    Security,
    SQLAlchemyUserDatastore,
    Totp,
    UserMixin,
    WebauthnUtil,
)
from flask_security.webauthn import WebAuthnRegisterForm
from passlib.totp import TotpMatch  # type: ignore[import-untyped]
from qrcode.image.svg import SvgFillImage  # type: ignore[import-untyped]
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)
from wtforms import HiddenField
from wtforms.validators import AnyOf

from cohort.config import Settings
from cohort.kit import clock
from cohort.kit.database import db, transaction
from cohort.people import sessions
from cohort.people.models import Person, WebAuthn

PASSWORD_LENGTH_MIN = 10


class Datastore(SQLAlchemyUserDatastore):
    """The library's way to our tables; its commit runs what every transaction of ours runs (the audit chain)."""

    def commit(self) -> None:
        """Commit what a library view wrote, sealed like any other unit of work."""
        with transaction():
            pass


class Codes(Totp):
    """Authenticator codes, each good once: the last one used is kept with the person."""

    def generate_qrcode(self, username: str, totp: str) -> str:
        """Return the picture to scan, dark on a white ground, so that a dark screen scans too."""
        drawn = io.BytesIO()
        qrcode.make(self.get_totp_uri(username, totp), image_factory=SvgFillImage).save(drawn)
        return "data:image/svg+xml;base64," + base64.b64encode(drawn.getvalue()).decode("ascii")

    def get_last_counter(self, user: UserMixin) -> int | None:
        """Return the counter of the code this person used last."""
        return cast(Person, user).tf_last_counter

    def set_last_counter(self, user: UserMixin, tmatch: TotpMatch) -> None:
        """Keep the counter of the code just used."""
        cast(Person, user).tf_last_counter = tmatch.counter


class Passkeys(WebauthnUtil):
    """Passkeys that find the person by themselves and ask for finger, face or PIN, so that one counts as two factors."""

    def authenticator_selection(self, user: UserMixin, usage: str) -> AuthenticatorSelectionCriteria:
        """Return what a new passkey must be able to do."""
        return AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.REQUIRED,
        )

    def user_verification(self, user: UserMixin | None, usage: list[str]) -> UserVerificationRequirement:
        """Return that a sign-in must be confirmed by finger, face or PIN."""
        return UserVerificationRequirement.REQUIRED


class RegisterForm(WebAuthnRegisterForm):
    """A new passkey: its name. It always signs in by itself, so there is no choice of use."""

    usage = HiddenField(default="first", validators=[AnyOf(["first"])])


class NoMail(MailUtil):
    """Refuses the library's own mail: ours goes through the outbox, never out of a request."""

    def send_mail(self, *_args: Any, **_facts: Any) -> NoReturn:
        """Raise: nothing that we open may come here."""
        raise RuntimeError("mail of the sign-in library is not used; enqueue a message instead")


def _configure(app: Flask, settings: Settings) -> None:
    key = hashlib.sha256(b"cohort authenticator codes\n" + settings.secret_key.encode()).hexdigest()
    app.config.update(
        PERMANENT_SESSION_LIFETIME=timedelta(days=90),
        SECURITY_PASSWORD_HASH="argon2",  # argon2id with the parameters of RFC 9106's second choice
        SECURITY_PASSWORD_SCHEMES=["argon2"],
        SECURITY_PASSWORD_SINGLE_HASH={"argon2"},
        SECURITY_PASSWORD_LENGTH_MIN=PASSWORD_LENGTH_MIN,
        SECURITY_INPUT_NORMALIZE_FORM="NFC",  # names as people type them: é stays one sign
        SECURITY_API_ENABLED_METHODS=["session"],
        SECURITY_FRESHNESS=sessions.FRESH,
        SECURITY_FRESHNESS_GRACE_PERIOD=sessions.GRACE,
        SECURITY_SCRIPT_NONCE_KEY="csp_nonce",
        SECURITY_DATETIME_FACTORY=clock.now,
        SECURITY_TWO_FACTOR=True,
        SECURITY_TWO_FACTOR_ENABLED_METHODS=["authenticator"],
        SECURITY_TOTP_SECRETS={"1": key},
        SECURITY_TOTP_ISSUER="Cohort",
        SECURITY_MULTI_FACTOR_RECOVERY_CODES=True,
        SECURITY_MULTI_FACTOR_RECOVERY_CODES_KEYS=[base64.urlsafe_b64encode(bytes.fromhex(key))],
        SECURITY_JOIN_USER_ROLES=False,
        SECURITY_WEBAUTHN=True,
        SECURITY_WAN_RP_NAME="Cohort",
        SECURITY_WAN_ALLOW_USER_HINTS=False,
        SECURITY_WAN_SIGNIN_WITHIN=timedelta(minutes=5),
        SECURITY_CLI_USERS_NAME=None,
        SECURITY_CLI_ROLES_NAME=None,
        SECURITY_FLASH_MESSAGES=True,
        SECURITY_POST_LOGIN_VIEW="/home",
    )


def library() -> Security:
    """Return the sign-in library of this site."""
    return cast(Security, current_app.extensions["security"])


def init_app(app: Flask, settings: Settings) -> Security:
    """Start the library without its pages and return it."""
    _configure(app, settings)
    security = Security(
        app, Datastore(db, Person, RoleMixin, WebAuthn), register_blueprint=False,
        totp_cls=Codes, webauthn_util_cls=Passkeys, mail_util_cls=NoMail,
        wan_register_form=RegisterForm,
    )
    app.extensions["security"] = security
    return security
