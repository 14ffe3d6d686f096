"""Holds reviewed changes of due dates and the pauses of firms; which days they lead to is decided in `rules`."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from cohort.firms.models import by_firm
from cohort.kit.access import open_table
from cohort.kit.database import Base

KINDS = ("start", "pause", "extension", "template")


class DateChange(Base):
    """One change of the due dates of open milestones, as it was shown and applied; taken back as a whole."""

    __tablename__ = "date_change"
    __table_args__ = (CheckConstraint(f"kind IN {KINDS}", name="kind"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id"), index=True)
    kind: Mapped[str] = mapped_column(String(10))
    reason: Mapped[str] = mapped_column(String(500))
    facts: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")  # what was asked for: days, member, numbers
    rows: Mapped[list[Any]]  # [{"milestone": id, "before": "YYYY-MM-DD", "after": "YYYY-MM-DD"}]
    applied_at: Mapped[datetime]
    applied_by: Mapped[int | None]
    undone_at: Mapped[datetime | None]
    undone_by: Mapped[int | None]
    undo_reason: Mapped[str] = mapped_column(String(500), default="")


class Pause(Base):
    """A member's plan stands still from one day to another; its open milestones move on by as many days."""

    __tablename__ = "member_pause"

    id: Mapped[int] = mapped_column(primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), index=True)
    firm_id: Mapped[int] = mapped_column(ForeignKey("firm.id"), index=True)
    change_id: Mapped[int | None] = mapped_column(ForeignKey("date_change.id"))
    from_on: Mapped[date]
    until_on: Mapped[date]
    reason: Mapped[str] = mapped_column(String(500))
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[int | None]


by_firm(Pause)
open_table(DateChange, "milestones by number and two days; pages show those within the reach of their reader")
