"""Holds people, their roles over time, invitations, passkeys, sessions and links; what a firm is lives in firms.

Tokens and addresses that open a door are kept as hashes only. Roles and invitations are facts with two times: the
days they concern and the instant we knew.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from flask_security import AsaList, UserMixin, WebAuthnMixin
from sqlalchemy import CheckConstraint, Enum, ForeignKey, Index, LargeBinary, String, Text
from sqlalchemy.ext.mutable import MutableList
from sqlalchemy.orm import Mapped, mapped_column, relationship, validates

from cohort.kit import clock
from cohort.kit.access import Actor, Role, open_table, scope
from cohort.kit.database import Base

ROLE = Enum(Role, native_enum=False, length=20, values_callable=lambda roles: [role.value for role in roles])
SESSION_KINDS = ("browser", "phone", "link")


class Person(Base, UserMixin):
    """Somebody who signs in: mail address, name, language and region, and what proves that it is them."""

    __tablename__ = "person"
    __table_args__ = (
        CheckConstraint("email = lower(email)", name="email_lower"),
        CheckConstraint("language IN ('es', 'en')", name="language"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(254), unique=True)
    name: Mapped[str] = mapped_column(String(120), default="")
    language: Mapped[str] = mapped_column(String(2), default="es")
    region: Mapped[str | None] = mapped_column(String(2))
    office_country: Mapped[str | None] = mapped_column(String(2))
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    password: Mapped[str | None] = mapped_column(String(255))
    fs_uniquifier: Mapped[str] = mapped_column(String(64), unique=True)
    fs_webauthn_user_handle: Mapped[str | None] = mapped_column(String(64), unique=True)  # type: ignore[assignment]
    tf_primary_method: Mapped[str | None] = mapped_column(String(64))
    tf_totp_secret: Mapped[str | None] = mapped_column(String(255))
    tf_last_counter: Mapped[int | None]
    us_totp_secrets: Mapped[str | None] = mapped_column(Text)
    mf_recovery_codes: Mapped[list[str] | None] = mapped_column(MutableList.as_mutable(AsaList()))

    webauthn: Mapped[list[WebAuthn]] = relationship(  # type: ignore[assignment]
        back_populates="user", cascade="all, delete-orphan",
    )

    @validates("email")
    def _lower(self, _key: str, value: str) -> str:
        return value.strip().lower()

    @property
    def roles(self) -> list[Any]:  # type: ignore[override]
        """The sign-in library's own roles, which we do not use: a role here belongs to a plan (`RoleGrant`)."""
        return []


class WebAuthn(Base, WebAuthnMixin):
    """One passkey of a person; the public half alone."""

    __tablename__ = "passkey"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), index=True)
    credential_id: Mapped[bytes] = mapped_column(LargeBinary(1024), index=True, unique=True)
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    sign_count: Mapped[int | None] = mapped_column(default=0)  # type: ignore[assignment]
    transports: Mapped[list[str] | None] = mapped_column(MutableList.as_mutable(AsaList()))
    backup_state: Mapped[bool]
    device_type: Mapped[str] = mapped_column(String(64))
    extensions: Mapped[str | None] = mapped_column(String(255))
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    lastuse_datetime: Mapped[datetime]
    name: Mapped[str] = mapped_column(String(64))
    usage: Mapped[str] = mapped_column(String(64))

    user: Mapped[Person] = relationship(back_populates="webauthn")

    def get_user_mapping(self) -> dict[str, Any]:
        """Return the filter by which the sign-in library finds whose passkey this is."""
        return {"id": self.user_id}


class RoleGrant(Base):
    """A role of a person in a plan, for one country or firm where the role has such a limit, from day to day."""

    __tablename__ = "role_grant"
    __table_args__ = (Index("ix_role_grant_person_plan", "person_id", "plan_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id"), index=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    role: Mapped[Role] = mapped_column(ROLE)
    country: Mapped[str | None] = mapped_column(String(2))
    firm_id: Mapped[int | None] = mapped_column(ForeignKey("firm.id"), index=True)
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]
    granted_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    recorded_at: Mapped[datetime] = mapped_column(default=clock.now)
    revoked_at: Mapped[datetime | None]
    revoked_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))

    person: Mapped[Person] = relationship(foreign_keys=[person_id])


class Invitation(Base):
    """An offer of a role, sent to a mail address; its link works once and until `expires_at`."""

    __tablename__ = "invitation"

    id: Mapped[int] = mapped_column(primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    email: Mapped[str] = mapped_column(String(254), index=True)
    role: Mapped[Role] = mapped_column(ROLE)
    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id"), index=True)
    country: Mapped[str | None] = mapped_column(String(2))
    firm_id: Mapped[int | None] = mapped_column(ForeignKey("firm.id"))
    language: Mapped[str] = mapped_column(String(2), default="es")
    sent_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    recorded_at: Mapped[datetime] = mapped_column(default=clock.now)
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class SignInSession(Base):
    """One place where a person is signed in: this browser, a phone, or a link opened on one."""

    __tablename__ = "sign_in_session"
    __table_args__ = (CheckConstraint(f"kind IN {SESSION_KINDS}", name="kind"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    kind: Mapped[str] = mapped_column(String(10))
    user_agent: Mapped[str] = mapped_column(String(80), default="")
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    last_seen_at: Mapped[datetime] = mapped_column(default=clock.now)
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]

    person: Mapped[Person] = relationship()


class SignInFailure(Base):
    """One failed try, by hash of the mail address typed and by network address; counted for the lockout."""

    __tablename__ = "sign_in_failure"

    id: Mapped[int] = mapped_column(primary_key=True)
    email_hash: Mapped[str] = mapped_column(String(64), index=True)
    address: Mapped[str] = mapped_column(String(64), index=True)
    at: Mapped[datetime] = mapped_column(default=clock.now, index=True)


class OneUseLink(Base):
    """A link that proves a person once: to sign in, to set a new password, to confirm a mail address."""

    __tablename__ = "one_use_link"

    id: Mapped[int] = mapped_column(primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    purpose: Mapped[str] = mapped_column(String(20))
    target: Mapped[str] = mapped_column(String(300), default="/")
    made_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]

    person: Mapped[Person] = relationship(foreign_keys=[person_id])


def _grants_seen_by(actor: Actor) -> Any:
    if actor.sees_all:
        return None
    return (RoleGrant.person_id == actor.person_id) | RoleGrant.country.in_(actor.countries or ())


def _invitations_seen_by(actor: Actor) -> Any:
    if actor.sees_all:
        return None
    return (Invitation.sent_by == actor.person_id) | Invitation.country.in_(actor.countries or ())


scope(RoleGrant, _grants_seen_by)
scope(Invitation, _invitations_seen_by)
open_table(Person, "a name stands beside acts everywhere; lists of people are read through their grants, which are scoped")
open_table(WebAuthn, "read only through the person who signs in")
open_table(SignInSession, "read only by the hash of the browser's own token or by the own person id")
open_table(SignInFailure, "hashes and counts; nobody lists them")
open_table(OneUseLink, "read only by the hash of the link's token")
