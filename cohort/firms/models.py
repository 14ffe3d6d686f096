"""Holds firms, the facts they declare and what was verified of them; which profile judges them is the plan's."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    Index,
    String,
    UniqueConstraint,
    false,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from cohort.kit.access import Actor, scope
from cohort.kit.database import Base
from cohort.kit.uploads import Upload

YES_NO_UNKNOWN = ("yes", "no", "unknown")


def _ordered(length: int) -> String:
    """Text compared sign by sign in both databases, so that a prefix is a range of its index."""
    return String(length).with_variant(String(length, collation="C"), "postgresql")


class Firm(Base):
    """A firm of the register, one row per country and tax id across all plans and years.

    `size_class`, `women_owned`, `women_led` and `ownership_verified` repeat the latest declared fact below, kept
    by the same service in the same transaction, so that lists filter without a join.
    """

    __tablename__ = "firm"
    __table_args__ = (
        UniqueConstraint("country", "tax_id"),
        Index("ix_firm_sort", "sort_name", "id"),
        Index("ix_firm_country_sort", "country", "sort_name", "id"),
        CheckConstraint("women_owned IN ('yes','no','unknown')", name="women_owned"),
        CheckConstraint("women_led IN ('yes','no','unknown')", name="women_led"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    country: Mapped[str] = mapped_column(String(2))
    tax_id: Mapped[str] = mapped_column(_ordered(20))  # compact form; the check digit of a NIT is part of it
    tax_id_status: Mapped[str] = mapped_column(String(10), default="valid")  # valid | warning (confirmed by a person)
    tax_id_confirmed_by: Mapped[int | None]
    legal_name: Mapped[str] = mapped_column(String(200))
    trade_name: Mapped[str] = mapped_column(String(200), default="")
    sort_name: Mapped[str] = mapped_column(_ordered(200))  # trade or legal name, lower case without accents
    is_natural_person: Mapped[bool] = mapped_column(default=False)
    sector: Mapped[str] = mapped_column(String(20), default="")
    region: Mapped[str] = mapped_column(String(80), default="")
    city: Mapped[str] = mapped_column(String(80), default="")
    is_rural: Mapped[bool | None]
    founded_on: Mapped[date | None]
    sells_online: Mapped[bool | None]
    product: Mapped[str] = mapped_column(String(200), default="")
    web_address: Mapped[str] = mapped_column(String(200), default="")
    owner_group: Mapped[str] = mapped_column(String(120), default="")
    size_class: Mapped[str] = mapped_column(String(10), default="unknown")
    women_owned: Mapped[str] = mapped_column(String(8), default="unknown")
    women_led: Mapped[str] = mapped_column(String(8), default="unknown")
    ownership_verified: Mapped[bool] = mapped_column(default=False)
    merged_into_id: Mapped[int | None] = mapped_column(ForeignKey("firm.id"))
    import_id: Mapped[int | None] = mapped_column(ForeignKey("import_run.id"))
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[int | None]

    people: Mapped[list[FirmPerson]] = relationship(back_populates="firm", order_by="FirmPerson.id")

    @property
    def name(self) -> str:
        """The name people know it by."""
        return self.trade_name or self.legal_name

    @property
    def is_womens(self) -> bool:
        """Whether it is shown as women-owned or women-led (plum); unknown is neither yes nor no."""
        return "yes" in (self.women_owned, self.women_led)


class FirmPerson(Base):
    """A person who acts for a firm, or a contact without an account; several per firm."""

    __tablename__ = "firm_person"

    id: Mapped[int] = mapped_column(primary_key=True)
    firm_id: Mapped[int] = mapped_column(ForeignKey("firm.id"), index=True)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"), index=True)
    name: Mapped[str] = mapped_column(String(120))
    title: Mapped[str] = mapped_column(String(80), default="")
    email: Mapped[str] = mapped_column(String(200), default="")
    phone: Mapped[str] = mapped_column(String(20), default="")  # E.164
    language: Mapped[str] = mapped_column(String(2), default="es")
    since_on: Mapped[date]
    until_on: Mapped[date | None]
    recorded_at: Mapped[datetime]

    firm: Mapped[Firm] = relationship(back_populates="people")


class FirmSize(Base):
    """What a firm declared of one year's size, and the class that the rule of that year gave it."""

    __tablename__ = "firm_size"

    id: Mapped[int] = mapped_column(primary_key=True)
    firm_id: Mapped[int] = mapped_column(ForeignKey("firm.id"), index=True)
    sales_year: Mapped[int | None]
    annual_sales_minor: Mapped[int | None] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    employees: Mapped[int | None]
    fixed_assets_minor: Mapped[int | None] = mapped_column(BigInteger)
    total_assets_minor: Mapped[int | None] = mapped_column(BigInteger)
    size_class: Mapped[str] = mapped_column(String(10))
    note: Mapped[dict[str, Any]]  # code and params of the reason, worded by the reader's language
    rule_version: Mapped[str] = mapped_column(String(40))
    import_id: Mapped[int | None] = mapped_column(ForeignKey("import_run.id"))
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[int | None]


class OwnershipDeclaration(Base):
    """What a firm declared of its ownership on a day, and how one named profile judges it; never overwritten."""

    __tablename__ = "ownership_declaration"

    id: Mapped[int] = mapped_column(primary_key=True)
    firm_id: Mapped[int] = mapped_column(ForeignKey("firm.id"), index=True)
    declared_on: Mapped[date]
    kind: Mapped[str] = mapped_column(String(20), default="company")  # company | sole_trader | couple
    women_ownership_pct: Mapped[str] = mapped_column(String(12), default="")  # exact decimal as text
    women_control: Mapped[bool | None]
    woman_signatory: Mapped[bool | None]
    independent: Mapped[bool | None]
    woman_chief_executive: Mapped[bool | None]
    woman_legal_rep_pct: Mapped[str] = mapped_column(String(12), default="")
    board_total: Mapped[int | None]
    board_women: Mapped[int | None]
    owner_is_woman: Mapped[bool | None]  # of a sole trader
    woman_decides_alone: Mapped[bool | None]  # of a couple: she alone signs and decides from day to day
    seal: Mapped[str] = mapped_column(String(60), default="")  # a national women's-business seal in force
    seal_until_on: Mapped[date | None]
    profile: Mapped[str] = mapped_column(String(20))
    women_owned: Mapped[str] = mapped_column(String(8))
    women_led: Mapped[str] = mapped_column(String(8))
    note: Mapped[dict[str, Any]]
    upload_id: Mapped[int | None] = mapped_column(ForeignKey("upload.id"))
    import_id: Mapped[int | None] = mapped_column(ForeignKey("import_run.id"))
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[int | None]

    upload: Mapped[Upload | None] = relationship()
    verdicts: Mapped[list[OwnershipVerdict]] = relationship(order_by="OwnershipVerdict.id")

    @property
    def ownership_share(self) -> Decimal | None:
        """Women's part of the ownership in percent, exact, or None when it is not known."""
        return Decimal(self.women_ownership_pct) if self.women_ownership_pct else None


class OwnershipVerdict(Base):
    """A person's check of a declaration against its evidence: verified or refuted, appended, never changed."""

    __tablename__ = "ownership_verdict"

    id: Mapped[int] = mapped_column(primary_key=True)
    declaration_id: Mapped[int] = mapped_column(ForeignKey("ownership_declaration.id"), index=True)
    firm_id: Mapped[int] = mapped_column(ForeignKey("firm.id"), index=True)
    verdict: Mapped[str] = mapped_column(String(10))  # verified | refuted
    reason: Mapped[str] = mapped_column(String(500), default="")
    decided_on: Mapped[date]
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[int | None]


class ConsentEntry(Base):
    """A person said yes, or took it back, to one purpose in one version of its text; appended, never changed."""

    __tablename__ = "consent_entry"

    id: Mapped[int] = mapped_column(primary_key=True)
    firm_id: Mapped[int] = mapped_column(ForeignKey("firm.id"), index=True)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    purpose: Mapped[str] = mapped_column(String(30))
    version: Mapped[str] = mapped_column(String(20))
    country: Mapped[str] = mapped_column(String(2))
    is_given: Mapped[bool]
    recorded_at: Mapped[datetime]


def _firms_in_reach(actor: Actor) -> ColumnElement[bool] | None:
    """Own country for coordinators, own firm for firms and coaches, nothing for everybody else."""
    if actor.sees_all:
        return None
    criterion: ColumnElement[bool] = false()
    if actor.countries:
        criterion = criterion | Firm.country.in_(sorted(actor.countries))
    if actor.firm_ids:
        criterion = criterion | Firm.id.in_(sorted(actor.firm_ids))
    return criterion


def by_firm(model: Any) -> None:
    """Scope a table with `firm_id` like its firm, and one with `plan_id` to the actor's plan besides.

    Rooms above call it for their own tables. A role holds within its plan, a manager's too.
    """
    scope(model, lambda actor: _in_plan_and_reach(model, actor))


def _in_plan_and_reach(model: Any, actor: Actor) -> ColumnElement[bool] | None:
    within = in_reach(model.firm_id, actor)
    if actor.is_system or not hasattr(model, "plan_id"):
        return within
    in_plan: ColumnElement[bool] = model.plan_id == (actor.plan_id or 0)
    return in_plan if within is None else in_plan & within


def in_reach(firm_id: Any, actor: Actor) -> ColumnElement[bool] | None:
    """Return the criterion that a column of firm numbers lies within the actor's reach, or None for no limit."""
    if actor.sees_all:
        return None
    criterion: ColumnElement[bool] = false()
    if actor.firm_ids:
        criterion = criterion | firm_id.in_(sorted(actor.firm_ids))
    if actor.countries:
        within = Firm.__table__
        criterion = criterion | firm_id.in_(
            within.select().with_only_columns(within.c.id).where(within.c.country.in_(sorted(actor.countries)))
        )
    return criterion


scope(Firm, _firms_in_reach)
for scoped in (FirmPerson, FirmSize, OwnershipDeclaration, OwnershipVerdict, ConsentEntry, Upload):
    by_firm(scoped)
