"""Holds training sessions, who is invited and who was there; hours and shares are worked out in `rules`."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from cohort.firms.models import by_firm
from cohort.kit.access import open_table
from cohort.kit.database import Base
from cohort.plans.models import Member

ANSWERS = ("waiting", "yes", "no")
SOURCES = ("screen", "door", "file")


class TrainingSession(Base):
    """One session, online or at a place; a cancelled one stays with its reason and counts no hours."""

    __tablename__ = "training_session"
    __table_args__ = (Index("ix_training_session_plan_starts", "plan_id", "starts_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id"))
    title_es: Mapped[str] = mapped_column(String(160))
    title_en: Mapped[str] = mapped_column(String(160))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    time_zone: Mapped[str] = mapped_column(String(40))
    host_country: Mapped[str] = mapped_column(String(2))
    language: Mapped[str] = mapped_column(String(2), default="es")
    trainer: Mapped[str] = mapped_column(String(120), default="")
    place: Mapped[str] = mapped_column(String(200), default="")  # empty: online alone
    link: Mapped[str] = mapped_column(String(300), default="")  # shown to those invited alone
    materials: Mapped[str] = mapped_column(String(300), default="")
    capacity: Mapped[int | None]
    invites: Mapped[dict[str, Any]]  # the rule: {"countries": [...], "phases": [...]}; an empty list means all
    is_core: Mapped[bool] = mapped_column(default=True)  # counts for the hours of milestone 6 and the 80 % rule
    door_code: Mapped[str] = mapped_column(String(40), unique=True)  # in the QR code at the door; works on its day alone
    cancelled_at: Mapped[datetime | None]
    cancel_reason: Mapped[str] = mapped_column(String(500), default="")
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[int | None]


class Invitation(Base):
    """One member invited to one session, with its answer."""

    __tablename__ = "session_invitation"
    __table_args__ = (
        UniqueConstraint("session_id", "member_id"), CheckConstraint(f"answer IN {ANSWERS}", name="answer"))

    id: Mapped[int] = mapped_column(primary_key=True)
    session_id: Mapped[int] = mapped_column(ForeignKey("training_session.id"))
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), index=True)
    firm_id: Mapped[int] = mapped_column(ForeignKey("firm.id"), index=True)
    answer: Mapped[str] = mapped_column(String(8), default="waiting")
    invited_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]
    answered_by: Mapped[int | None]

    session: Mapped[TrainingSession] = relationship()
    member: Mapped[Member] = relationship()


class Attendance(Base):
    """Minutes that one member took part in one session; appended, the latest counts, 0 takes it back."""

    __tablename__ = "attendance"
    __table_args__ = (
        Index("ix_attendance_session_member", "session_id", "member_id", "id"), CheckConstraint(f"source IN {SOURCES}", name="source"))

    id: Mapped[int] = mapped_column(primary_key=True)
    session_id: Mapped[int] = mapped_column(ForeignKey("training_session.id"))
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), index=True)
    firm_id: Mapped[int] = mapped_column(ForeignKey("firm.id"), index=True)
    minutes: Mapped[int]
    source: Mapped[str] = mapped_column(String(8))
    import_id: Mapped[int | None] = mapped_column(ForeignKey("import_run.id"))
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[int | None]


by_firm(Invitation)
by_firm(Attendance)
open_table(TrainingSession, "when and where training is held is no firm's data; its link is shown to those invited alone")
