"""Holds firm diagnostics; how much capacity was gained is worked out in `rules`. Source: domain.md §7."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from cohort.firms.models import by_firm
from cohort.kit.database import Base

MOMENTS = ("start", "month_18", "end")


class Diagnostic(Base):
    """One diagnostic of a member: a mark from 1 to 5 for each area; appended, the latest of a moment counts."""

    __tablename__ = "diagnostic"
    __table_args__ = (
        Index("ix_diagnostic_member_moment", "member_id", "moment", "id"), CheckConstraint(f"moment IN {MOMENTS}", name="moment"))

    id: Mapped[int] = mapped_column(primary_key=True)
    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id"))
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    firm_id: Mapped[int] = mapped_column(ForeignKey("firm.id"), index=True)
    moment: Mapped[str] = mapped_column(String(10))
    marks: Mapped[dict[str, Any]]  # area → 1 to 5
    note: Mapped[str] = mapped_column(String(1000), default="")
    taken_on: Mapped[date]
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[int | None]


by_firm(Diagnostic)
