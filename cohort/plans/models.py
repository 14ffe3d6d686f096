"""Holds plans: dates, countries, dated policies, milestone template and members; rounds choose the members."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, cast

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from cohort.firms.models import Firm, by_firm
from cohort.kit.access import open_table
from cohort.kit.database import Base
from cohort.rules.anchors import Anchor, Unit
from cohort.rules.calendar import Offset


class Plan(Base):
    """A two-year plan; many live in one installation and share firms and people."""

    __tablename__ = "plan"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(30), unique=True)
    name_es: Mapped[str] = mapped_column(String(120))
    name_en: Mapped[str] = mapped_column(String(120))
    promise_es: Mapped[str] = mapped_column(String(500), default="")
    promise_en: Mapped[str] = mapped_column(String(500), default="")
    starts_on: Mapped[date]
    ends_on: Mapped[date]  # the first end; extensions are appended below
    time_zone: Mapped[str] = mapped_column(String(40))
    lead_country: Mapped[str] = mapped_column(String(2))
    goal_recurring_count: Mapped[int] = mapped_column(default=0)
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[int | None]

    extensions: Mapped[list[PlanExtension]] = relationship(order_by="PlanExtension.id", lazy="selectin")


class PlanExtension(Base):
    """A later end of the plan, with the reason it was given; the latest one holds."""

    __tablename__ = "plan_extension"

    id: Mapped[int] = mapped_column(primary_key=True)
    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id"), index=True)
    ends_on: Mapped[date]
    reason: Mapped[str] = mapped_column(String(500))
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[int | None]


class PlanCountry(Base):
    """How a country stands in a plan from a day on: member or candidate, counted as origin, as destination."""

    __tablename__ = "plan_country"
    __table_args__ = (UniqueConstraint("plan_id", "country", "effective_on"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id"))
    country: Mapped[str] = mapped_column(String(2))
    effective_on: Mapped[date]
    membership: Mapped[str] = mapped_column(String(10))  # member | candidate
    counts_as_origin: Mapped[bool]
    counts_as_destination: Mapped[bool]
    reason: Mapped[str] = mapped_column(String(500), default="")
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[int | None]


class PolicyVersion(Base):
    """One dated version of a plan's rule; changing a rule appends a version and rewrites no past decision."""

    __tablename__ = "policy_version"
    __table_args__ = (UniqueConstraint("plan_id", "kind", "version"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id"))
    kind: Mapped[str] = mapped_column(String(20))  # parity | recurrence | reminders | thresholds
    version: Mapped[int]
    valid_from_on: Mapped[date]
    settings: Mapped[dict[str, Any]]
    reason: Mapped[str] = mapped_column(String(500), default="")
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[int | None]

    @property
    def label(self) -> str:
        """How records name it: `recurrence-2`."""
        return f"{self.kind}-{self.version}"


class TemplateMilestone(Base):
    """One row of a plan's milestone template: `day` units after its anchor.

    The anchor is the firm's enrolment, the plan's start, or the due date of milestone `anchor_number`. Only rows
    anchored at enrolment in days are scaled to the days that a joiner has left.
    """

    __tablename__ = "template_milestone"
    __table_args__ = (
        UniqueConstraint("plan_id", "number"), CheckConstraint("anchor IN ('enrolment','plan','milestone')", name="anchor"),
        CheckConstraint("unit IN ('days','months')", name="unit"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id"))
    number: Mapped[int]
    phase: Mapped[str] = mapped_column(String(1))
    title_es: Mapped[str] = mapped_column(String(160))
    title_en: Mapped[str] = mapped_column(String(160))
    day: Mapped[int]
    evidence_es: Mapped[str] = mapped_column(String(160), default="")
    evidence_en: Mapped[str] = mapped_column(String(160), default="")
    confirms: Mapped[list[Any]]  # roles that may confirm it
    after: Mapped[list[Any]]  # numbers of the milestones it needs
    is_required: Mapped[bool] = mapped_column(default=False)  # for graduation
    anchor: Mapped[str] = mapped_column(String(10), default="enrolment", server_default="enrolment")
    anchor_number: Mapped[int | None]
    unit: Mapped[str] = mapped_column(String(6), default="days", server_default="days")
    countries: Mapped[list[Any]] = mapped_column(default=list, server_default="[]")  # empty: all

    @property
    def offset(self) -> Offset:
        """How many days or months after which anchor it falls due, as `rules.calendar` takes it."""
        return Offset(self.number, self.day, cast(Anchor, self.anchor), self.anchor_number, cast(Unit, self.unit))

    def holds_in(self, country: str) -> bool:
        """Return whether firms of a country have this milestone."""
        return not self.countries or country in self.countries


class Member(Base):
    """A firm in a plan: since when, until when and why; created by a round, never deleted."""

    __tablename__ = "member"
    __table_args__ = (UniqueConstraint("plan_id", "firm_id"), Index("ix_member_plan_country", "plan_id", "country"))

    id: Mapped[int] = mapped_column(primary_key=True)
    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id"))
    firm_id: Mapped[int] = mapped_column(ForeignKey("firm.id"), index=True)
    country: Mapped[str] = mapped_column(String(2))
    round_id: Mapped[int | None]  # the round that chose it, a room above; its foreign key would run upward
    is_pilot: Mapped[bool] = mapped_column(default=False)  # outside seats, parity and public totals
    joined_on: Mapped[date]
    left_on: Mapped[date | None]
    left_reason: Mapped[str] = mapped_column(String(500), default="")
    womens_at_entry: Mapped[str] = mapped_column(String(8), default="unknown")  # parity at selection, frozen
    entry_stage: Mapped[str] = mapped_column(String(16), default="never")  # from declared exports, frozen
    season_quarters: Mapped[list[Any]]  # declared season (R1-S): numbers 1–4, empty for none
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[int | None]
    left_recorded_at: Mapped[datetime | None]

    firm: Mapped[Firm] = relationship()
    plan: Mapped[Plan] = relationship()


class Deputy(Base):
    """Who stands in for a coordinator, from one day to another."""

    __tablename__ = "deputy"

    id: Mapped[int] = mapped_column(primary_key=True)
    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id"))
    country: Mapped[str] = mapped_column(String(2))
    coordinator_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    deputy_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    from_on: Mapped[date]
    until_on: Mapped[date]
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[int | None]


by_firm(Member)
open_table(Plan, "which plans exist is public")
open_table(PlanExtension, "a plan's dates are public")
open_table(PlanCountry, "which countries take part is public")
open_table(PolicyVersion, "the rules of a plan are public")
open_table(TemplateMilestone, "the template is public")
open_table(Deputy, "staff see who stands in for whom; no firm's data")
