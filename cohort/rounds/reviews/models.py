"""Holds who reviews which file, which conflicts bar whom, and the marks given; the score that counts is a ScoreEntry.

Everything said is appended: an assignment ends, a conflict or a review is said anew, and none is overwritten.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from cohort.kit.database import Base
from cohort.people.models import Person
from cohort.rounds.models import Application

CONFLICT_SOURCES = ("declared", "detected", "staff")


class Assignment(Base):
    """One file given to one evaluator; a third reviewer is called when two are far apart."""

    __tablename__ = "assignment"
    __table_args__ = (
        Index("ux_assignment_standing", "application_id", "evaluator_id", unique=True,
              sqlite_where=text("ended_at IS NULL"), postgresql_where=text("ended_at IS NULL")),
        CheckConstraint("source IN ('hand','file','balance','third')", name="source"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    application_id: Mapped[int] = mapped_column(ForeignKey("application.id"), index=True)
    evaluator_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    source: Mapped[str] = mapped_column(String(10))
    assigned_at: Mapped[datetime]
    assigned_by: Mapped[int | None]
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[int | None]
    end_reason: Mapped[str] = mapped_column(String(300), default="")

    application: Mapped[Application] = relationship()
    evaluator: Mapped[Person] = relationship()


class Conflict(Base):
    """What is known of one person and one file, latest last: `has_conflict` hides the file and bars scoring it."""

    __tablename__ = "conflict"
    __table_args__ = (
        Index("ix_conflict_file_person", "application_id", "evaluator_id"),
        CheckConstraint(f"source IN {CONFLICT_SOURCES}", name="source"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    application_id: Mapped[int] = mapped_column(ForeignKey("application.id"))
    evaluator_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    has_conflict: Mapped[bool]
    source: Mapped[str] = mapped_column(String(10))
    kind: Mapped[str] = mapped_column(String(30), default="")  # domain | name | owner | past_link | other
    reason: Mapped[str] = mapped_column(String(500), default="")
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[int | None]


class Review(Base):
    """The sheet of one evaluator on one file as it stands; what was sent in stands in `ReviewSent`."""

    __tablename__ = "review"
    __table_args__ = (UniqueConstraint("application_id", "evaluator_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    application_id: Mapped[int] = mapped_column(ForeignKey("application.id"))
    evaluator_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    marks: Mapped[dict[str, Any]]  # criterion → 0…5; a criterion left open is absent, never zero
    comment: Mapped[str] = mapped_column(String(4000), default="")  # for the committee
    feedback: Mapped[str] = mapped_column(String(4000), default="")  # for the firm
    version: Mapped[int] = mapped_column(default=0)  # grows with each save, so that two tabs never overwrite silently
    saved_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]

    application: Mapped[Application] = relationship()
    evaluator: Mapped[Person] = relationship()


class ReviewSent(Base):
    """A review as it was sent in at one instant, with its points; the latest of an evaluator counts."""

    __tablename__ = "review_sent"

    id: Mapped[int] = mapped_column(primary_key=True)
    review_id: Mapped[int] = mapped_column(ForeignKey("review.id"), index=True)
    marks: Mapped[dict[str, Any]]
    points: Mapped[int]  # ten-thousandths of a point
    comment: Mapped[str] = mapped_column(String(4000), default="")
    feedback: Mapped[str] = mapped_column(String(4000), default="")
    sent_at: Mapped[datetime]
    sent_by: Mapped[int | None]
