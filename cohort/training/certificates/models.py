"""Holds certificates with the content that was frozen at issue; who has earned one is decided in `rules`."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from cohort.firms.models import by_firm
from cohort.kit.database import Base

KINDS = ("training", "completion")


class Certificate(Base):
    """One certificate of one member; its code opens the public page that shows what was certified, or that it is revoked."""

    __tablename__ = "certificate"
    __table_args__ = (CheckConstraint(f"kind IN {KINDS}", name="kind"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id"))
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), index=True)
    firm_id: Mapped[int] = mapped_column(ForeignKey("firm.id"), index=True)
    kind: Mapped[str] = mapped_column(String(12))
    code: Mapped[str] = mapped_column(String(20), unique=True)
    content: Mapped[dict[str, Any]]  # frozen at issue
    content_hash: Mapped[str] = mapped_column(String(64))
    issued_at: Mapped[datetime]
    issued_by: Mapped[int | None]
    revoked_at: Mapped[datetime | None]
    revoked_by: Mapped[int | None]
    revoke_reason: Mapped[str] = mapped_column(String(500), default="")


by_firm(Certificate)
