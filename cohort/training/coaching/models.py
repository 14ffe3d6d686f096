"""Holds coaching logs: when, how long, what about, and the next step with its day."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from cohort.firms.models import by_firm
from cohort.kit.database import Base


class CoachingLog(Base):
    """One coaching talk with a member, as whoever held it noted it; a correction is a new log that names the old one."""

    __tablename__ = "coaching_log"

    id: Mapped[int] = mapped_column(primary_key=True)
    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id"))
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), index=True)
    firm_id: Mapped[int] = mapped_column(ForeignKey("firm.id"), index=True)
    held_on: Mapped[date]
    minutes: Mapped[int]
    about: Mapped[str] = mapped_column(String(2000))
    next_step: Mapped[str] = mapped_column(String(500), default="")
    next_on: Mapped[date | None]
    next_done_on: Mapped[date | None]
    corrects_id: Mapped[int | None] = mapped_column(ForeignKey("coaching_log.id"))
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[int | None]


by_firm(CoachingLog)
