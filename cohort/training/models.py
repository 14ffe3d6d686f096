"""Holds each member's dated milestones and what was handed in and confirmed; states on a day are decided in `rules`."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from cohort.firms.models import by_firm
from cohort.kit.access import open_table
from cohort.kit.database import Base
from cohort.kit.uploads import Upload
from cohort.plans.models import Member


class Milestone(Base):
    """One milestone of one member, copied from the plan's template when it joined; later template edits leave it."""

    __tablename__ = "milestone"
    __table_args__ = (
        UniqueConstraint("member_id", "number"),
        Index("ix_milestone_plan_due", "plan_id", "due_on"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id"))
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    firm_id: Mapped[int] = mapped_column(ForeignKey("firm.id"), index=True)
    number: Mapped[int]
    phase: Mapped[str] = mapped_column(String(1))
    title_es: Mapped[str] = mapped_column(String(160))
    title_en: Mapped[str] = mapped_column(String(160))
    evidence_es: Mapped[str] = mapped_column(String(160), default="")
    evidence_en: Mapped[str] = mapped_column(String(160), default="")
    due_on: Mapped[date]
    confirms: Mapped[list[Any]]
    after: Mapped[list[Any]]
    is_required: Mapped[bool]
    handed_in_on: Mapped[date | None]  # these three repeat what the entries say now, kept by the same service
    done_on: Mapped[date | None]
    waived_on: Mapped[date | None]
    recorded_at: Mapped[datetime]

    member: Mapped[Member] = relationship()
    entries: Mapped[list[MilestoneEntry]] = relationship(order_by="MilestoneEntry.id")


class MilestoneEntry(Base):
    """What happened to a milestone: handed in, confirmed, sent back, waived, re-dated; appended, never changed."""

    __tablename__ = "milestone_entry"

    id: Mapped[int] = mapped_column(primary_key=True)
    milestone_id: Mapped[int] = mapped_column(ForeignKey("milestone.id"), index=True)
    firm_id: Mapped[int] = mapped_column(ForeignKey("firm.id"), index=True)
    kind: Mapped[str] = mapped_column(String(12))  # handed_in | confirmed | sent_back | waived | redated | reopened | asked | refused
    on: Mapped[date]  # the day it concerns
    recorded_at: Mapped[datetime] = mapped_column(index=True)
    recorded_by: Mapped[int | None]
    text: Mapped[str] = mapped_column(String(1000), default="")
    due_on: Mapped[date | None]  # the new day, when it was re-dated
    upload_id: Mapped[int | None] = mapped_column(ForeignKey("upload.id"))
    change_id: Mapped[int | None] = mapped_column(ForeignKey("date_change.id"), index=True)  # when many were re-dated together

    upload: Mapped[Upload | None] = relationship()


class ReminderStep(Base):
    """One line of a reminder that was written: about what, to whom, which step; unique, so never written twice."""

    __tablename__ = "reminder_step"
    __table_args__ = (UniqueConstraint("plan_id", "audience", "person_id", "kind", "subject_id", "due_on", "step"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    firm_id: Mapped[int | None] = mapped_column(ForeignKey("firm.id"), index=True)
    audience: Mapped[str] = mapped_column(String(12))
    kind: Mapped[str] = mapped_column(String(12))
    subject_id: Mapped[int]  # the milestone or export it speaks of
    due_on: Mapped[date]
    step: Mapped[int]
    written_on: Mapped[date]


class Snooze(Base):
    """One person does not want to be reminded of one thing until a day; what is overdue and owed is told all the same."""

    __tablename__ = "snooze"
    __table_args__ = (UniqueConstraint("person_id", "kind", "subject_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    kind: Mapped[str] = mapped_column(String(12))  # as in ReminderStep
    subject_id: Mapped[int]
    until_on: Mapped[date]
    recorded_at: Mapped[datetime]


class ContactNote(Base):
    """A call or a prepared WhatsApp message to a firm, noted by whoever made it."""

    __tablename__ = "contact_note"

    id: Mapped[int] = mapped_column(primary_key=True)
    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id"))
    firm_id: Mapped[int] = mapped_column(ForeignKey("firm.id"), index=True)
    kind: Mapped[str] = mapped_column(String(12))  # call | whatsapp
    about: Mapped[str] = mapped_column(String(40), default="")
    text: Mapped[str] = mapped_column(String(1000), default="")
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[int | None]


for scoped in (Milestone, MilestoneEntry, ReminderStep, ContactNote):
    by_firm(scoped)
open_table(Snooze, "a person's own wish, read by that person's pages and by the job that writes their reminders")
