"""Holds logged exports, what happened to each, their proof, rates and flags; which ones count is decided in `rules`."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from cohort.firms.models import Firm, by_firm
from cohort.kit.access import open_table
from cohort.kit.database import Base
from cohort.kit.uploads import Upload

_COUNTS, _UNRATED = text("counted_usd_cents > 0"), text("fob_usd_cents IS NULL")
STATES = ("waiting", "verified", "refused", "withdrawn")


class Export(Base):
    """One export as the firm logged it; corrections and verdicts are appended as events.

    `state`, `counted_usd_cents` and `verified_at` repeat what the events say now, kept by the same service, so
    that lists and the nightly flag need no join. Amounts are integer minor units of `currency`.
    """

    __tablename__ = "export"
    __table_args__ = (
        UniqueConstraint("origin", "document_type", "document_number"),
        Index("ix_export_firm_day", "plan_id", "firm_id", "exported_on"),
        Index("ix_export_waiting", "plan_id", "state", "recorded_at"),
        # What the nightly pass reads of all firms at once, without a look at the rows themselves.
        Index(
            "ix_export_counted", "plan_id", "firm_id", "exported_on", "destination", "counted_usd_cents",
            sqlite_where=_COUNTS, postgresql_where=_COUNTS,
        ),
        Index("ix_export_unrated", "plan_id", "firm_id", sqlite_where=_UNRATED, postgresql_where=_UNRATED),
        CheckConstraint("state IN ('waiting','verified','refused','withdrawn')", name="state"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id"))
    firm_id: Mapped[int] = mapped_column(ForeignKey("firm.id"))
    exported_on: Mapped[date]
    origin: Mapped[str] = mapped_column(String(2))
    destination: Mapped[str] = mapped_column(String(2))
    product: Mapped[str] = mapped_column(String(200))
    hs_code: Mapped[str] = mapped_column(String(6), default="")
    hs_edition: Mapped[int] = mapped_column(default=2022)
    quantity: Mapped[str] = mapped_column(String(40), default="")
    value_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    rate_per_usd: Mapped[str | None] = mapped_column(String(24))  # units of currency for one dollar, exact, frozen
    rate_on: Mapped[date | None]
    rate_source: Mapped[str] = mapped_column(String(40), default="")
    fob_usd_cents: Mapped[int | None] = mapped_column(BigInteger)  # None: the rate of that day is missing
    channel: Mapped[str] = mapped_column(String(20))
    marketplace: Mapped[str] = mapped_column(String(60), default="")
    buyer: Mapped[str] = mapped_column(String(3), default="B2C")
    incoterm: Mapped[str] = mapped_column(String(3), default="")
    shipment: Mapped[str] = mapped_column(String(20), default="")
    document_type: Mapped[str | None] = mapped_column(String(20))
    document_number: Mapped[str | None] = mapped_column(String(60))
    is_baseline: Mapped[bool] = mapped_column(default=False)  # declared from before joining; never counts
    is_sample: Mapped[bool] = mapped_column(default=False)
    recorded_at: Mapped[datetime]
    logged_by: Mapped[int | None]
    entered_for_firm: Mapped[bool] = mapped_column(default=False)
    firm_confirmed_at: Mapped[datetime | None]
    request_key: Mapped[str | None] = mapped_column(String(43), unique=True)  # one form saves once, sent twice or not
    import_id: Mapped[int | None] = mapped_column(ForeignKey("import_run.id"))
    state: Mapped[str] = mapped_column(String(10), default="waiting")
    evidence_level: Mapped[int] = mapped_column(default=0)  # 0–4, the ladder of domain.md §5
    counted_usd_cents: Mapped[int] = mapped_column(BigInteger, default=0)
    verified_at: Mapped[datetime | None]

    firm: Mapped[Firm] = relationship()
    events: Mapped[list[ExportEvent]] = relationship(order_by="ExportEvent.id")
    proofs: Mapped[list[ExportProof]] = relationship(order_by="ExportProof.id")


class ExportEvent(Base):
    """What happened to an export after it was logged: verified, refused, refunded, corrected; never overwritten."""

    __tablename__ = "export_event"

    id: Mapped[int] = mapped_column(primary_key=True)
    export_id: Mapped[int] = mapped_column(ForeignKey("export.id"), index=True)
    firm_id: Mapped[int] = mapped_column(ForeignKey("firm.id"), index=True)
    kind: Mapped[str] = mapped_column(String(12))  # see exports/words.py, EVENT_NAMES
    on: Mapped[date]  # the day it concerns
    recorded_at: Mapped[datetime] = mapped_column(index=True)
    recorded_by: Mapped[int | None]
    evidence_level: Mapped[int | None]
    refunded_usd_cents: Mapped[int | None] = mapped_column(BigInteger)
    second_look: Mapped[bool] = mapped_column(default=False)  # the helper who entered it also verified it
    reason: Mapped[str] = mapped_column(String(500), default="")
    before: Mapped[dict[str, Any]]
    after: Mapped[dict[str, Any]]


class ExportProof(Base):
    """A file that shows the export: invoice, courier guide, declaration."""

    __tablename__ = "export_proof"

    id: Mapped[int] = mapped_column(primary_key=True)
    export_id: Mapped[int] = mapped_column(ForeignKey("export.id"), index=True)
    firm_id: Mapped[int] = mapped_column(ForeignKey("firm.id"), index=True)
    kind: Mapped[str] = mapped_column(String(20))  # invoice | payment | transport | declaration | other
    upload_id: Mapped[int] = mapped_column(ForeignKey("upload.id"))
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[int | None]

    upload: Mapped[Upload] = relationship()


class ExchangeRate(Base):
    """Units of a currency for one US dollar on a day, by one source; a row of an export keeps the one it used."""

    __tablename__ = "exchange_rate"
    __table_args__ = (UniqueConstraint("currency", "on", "source"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    currency: Mapped[str] = mapped_column(String(3))
    on: Mapped[date]
    per_usd: Mapped[str] = mapped_column(String(24))  # exact decimal as text
    source: Mapped[str] = mapped_column(String(40))
    recorded_at: Mapped[datetime]
    import_id: Mapped[int | None] = mapped_column(ForeignKey("import_run.id"))

    @property
    def rate(self) -> Decimal:
        """The rate as an exact number."""
        return Decimal(self.per_usd)


class FirmStanding(Base):
    """Where a firm stands now by the plan's rule, one row a member, and when the calendar alone could change it.

    A row whose `is_dirty` is set has a new fact that the nightly job has not judged yet.
    """

    __tablename__ = "firm_standing"
    __table_args__ = (UniqueConstraint("plan_id", "firm_id"), Index("ix_firm_standing_due", "plan_id", "is_dirty", "recheck_on"))

    id: Mapped[int] = mapped_column(primary_key=True)
    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id"))
    firm_id: Mapped[int] = mapped_column(ForeignKey("firm.id"), index=True)
    stage: Mapped[str] = mapped_column(String(16), default="never")
    is_waiting_for_us: Mapped[bool] = mapped_column(default=False)
    operations_count: Mapped[int] = mapped_column(default=0)
    quarters_count: Mapped[int] = mapped_column(default=0)
    destinations_count: Mapped[int] = mapped_column(default=0)
    fob_usd_cents: Mapped[int] = mapped_column(BigInteger, default=0)
    first_export_on: Mapped[date | None]
    last_export_on: Mapped[date | None]
    next_step: Mapped[dict[str, Any]]  # code and params, worded by the reader's language
    rule_version: Mapped[str] = mapped_column(String(30))
    judged_on: Mapped[date]
    recheck_on: Mapped[date | None]
    is_dirty: Mapped[bool] = mapped_column(default=True)

    firm: Mapped[Firm] = relationship()


class FirmQuarters(Base):
    """What counts of a firm by calendar quarter, kept with its exports in the same transaction (`exports.rollup`).

    `quarters` are packed records, `destinations` the two letters of each country a firm has ever counted for.
    """

    __tablename__ = "firm_quarters"

    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id"), primary_key=True)
    firm_id: Mapped[int] = mapped_column(ForeignKey("firm.id"), primary_key=True, index=True)
    destinations: Mapped[str] = mapped_column(Text)
    quarters: Mapped[bytes]


class LastNight(Base):
    """The day that the nightly job judged last in a plan, by which version of the rule, and the newest member then."""

    __tablename__ = "recurrence_last_night"

    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id"), primary_key=True)
    judged_on: Mapped[date]
    rule_version: Mapped[str] = mapped_column(String(30))
    newest_member_id: Mapped[int]


class StageFlag(Base):
    """A change of stage: since when it is true, when we knew, by which rule, from which operations, what is next."""

    __tablename__ = "stage_flag"
    __table_args__ = (UniqueConstraint("plan_id", "firm_id", "rule_version", "effective_on", "stage"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id"))
    firm_id: Mapped[int] = mapped_column(ForeignKey("firm.id"), index=True)
    stage: Mapped[str] = mapped_column(String(16))
    previous_stage: Mapped[str] = mapped_column(String(16))
    rule_version: Mapped[str] = mapped_column(String(30))
    effective_on: Mapped[date]
    raised_on: Mapped[date]
    raised_at: Mapped[datetime]
    operations: Mapped[list[Any]]  # numbers of the exports that decided it
    reason: Mapped[dict[str, Any]]
    next_step: Mapped[dict[str, Any]]

    firm: Mapped[Firm] = relationship()


for scoped in (Export, ExportEvent, ExportProof, FirmStanding, FirmQuarters, StageFlag):
    by_firm(scoped)
open_table(ExchangeRate, "official rates are public")
open_table(LastNight, "a day and a rule, no firm's data")
