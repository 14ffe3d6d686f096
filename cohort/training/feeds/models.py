"""Holds the addresses of calendar feeds, by hash: whoever reads the table cannot read a calendar."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from cohort.kit.access import open_table
from cohort.kit.database import Base


class CalendarFeed(Base):
    """One feed of one person; a new address revokes the one before."""

    __tablename__ = "calendar_feed"

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id"))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    made_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


open_table(CalendarFeed, "read by the hash of its own address, or by the person it belongs to")
