"""Holds what follows a sealed decision: who concurred, the administrative acts, offers and replacements.

The decision itself and what it said of each file never change; who holds a seat today is read from the offers.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from cohort.kit.database import Base
from cohort.rounds.models import Application, Decision

OFFER_STATES = ("waiting", "accepted", "declined", "expired", "withdrawn")


class Concurrence(Base):
    """A person of one origin country agrees to a regional decision before it is sealed, once a country and record."""

    __tablename__ = "concurrence"
    __table_args__ = (UniqueConstraint("decision_id", "country", "record_hash"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    decision_id: Mapped[int] = mapped_column(ForeignKey("decision.id"))
    country: Mapped[str] = mapped_column(String(2))
    record_hash: Mapped[str] = mapped_column(String(64))  # of the list that was agreed to; another list needs a new one
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    agreed_at: Mapped[datetime]


class AdministrativeAct(Base):
    """Number and date of the act by which a decision binds; offers go out after it. Country '' stands for all."""

    __tablename__ = "administrative_act"
    __table_args__ = (UniqueConstraint("decision_id", "country"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    decision_id: Mapped[int] = mapped_column(ForeignKey("decision.id"))
    country: Mapped[str] = mapped_column(String(2), default="")
    number: Mapped[str] = mapped_column(String(60))
    signed_on: Mapped[date]
    told_at: Mapped[datetime | None]  # when every firm's letter was queued: appeals run from this day
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[int | None]


class Replacement(Base):
    """One replacement: who left, who was called, and the record by which anybody can run it again."""

    __tablename__ = "replacement"

    id: Mapped[int] = mapped_column(primary_key=True)
    decision_id: Mapped[int] = mapped_column(ForeignKey("decision.id"), index=True)
    record: Mapped[dict[str, Any]]
    record_hash: Mapped[str] = mapped_column(String(64))
    reason: Mapped[str] = mapped_column(String(1000), default="")
    decided_at: Mapped[datetime]
    decided_by: Mapped[int | None]

    decision: Mapped[Decision] = relationship()


class Offer(Base):
    """A seat offered to one file, to be accepted until the end of a day; one standing offer a file."""

    __tablename__ = "offer"
    __table_args__ = (
        Index("ux_offer_standing", "application_id", unique=True, sqlite_where=text("state IN ('waiting','accepted')"),
              postgresql_where=text("state IN ('waiting','accepted')")),
        CheckConstraint(f"state IN {OFFER_STATES}", name="state"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    decision_id: Mapped[int] = mapped_column(ForeignKey("decision.id"), index=True)
    application_id: Mapped[int] = mapped_column(ForeignKey("application.id"), index=True)
    replacement_id: Mapped[int | None] = mapped_column(ForeignKey("replacement.id"))
    state: Mapped[str] = mapped_column(String(10), default="waiting")
    offered_at: Mapped[datetime]
    offered_by: Mapped[int | None]
    expires_on: Mapped[date]  # until the end of this day where the firm is
    answered_at: Mapped[datetime | None]
    answered_by: Mapped[int | None]
    reason: Mapped[str] = mapped_column(String(1000), default="")  # in the words of who declined or withdrew

    application: Mapped[Application] = relationship()
