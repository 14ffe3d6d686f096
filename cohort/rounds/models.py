"""Holds rounds, applications, scores, decisions, seats and appeals; who becomes a member is kept in plans.

What a person says or finds is appended with the instant we knew it; a state beside it repeats the latest.
Who may see which rows is said in `reach`.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from cohort.firms.models import Firm
from cohort.kit.database import Base
from cohort.people.models import Person
from cohort.plans.models import Plan

ROUND_STATES = ("draft", "open", "closed", "decided", "published")
ROUND_KINDS = ("regional", "national")
OUTCOMES = ("selected", "waitlist", "not_selected", "ineligible")


class Round(Base):
    """One call of a plan from draft to published; the protocol is sealed by its hash when the call opens."""

    __tablename__ = "round"
    __table_args__ = (
        CheckConstraint(f"status IN {ROUND_STATES}", name="status"),
        CheckConstraint(f"kind IN {ROUND_KINDS}", name="kind"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id"), index=True)
    code: Mapped[str] = mapped_column(String(30), unique=True)
    kind: Mapped[str] = mapped_column(String(10), default="regional")
    title_es: Mapped[str] = mapped_column(String(160))
    title_en: Mapped[str] = mapped_column(String(160))
    status: Mapped[str] = mapped_column(String(10), default="draft")
    opens_at: Mapped[datetime]
    closes_at: Mapped[datetime]
    time_zone: Mapped[str] = mapped_column(String(40))  # the deadline is a day and an hour of this zone
    grace_minutes: Mapped[int] = mapped_column(default=0)
    seats: Mapped[int]
    protocol: Mapped[dict[str, Any]]
    protocol_hash: Mapped[str] = mapped_column(String(64), default="")
    seed: Mapped[str] = mapped_column(String(64))  # shown to nobody before closing
    seed_hash: Mapped[str] = mapped_column(String(64), default="")
    pool_hash: Mapped[str] = mapped_column(String(64), default="")
    opened_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    decided_at: Mapped[datetime | None]
    published_at: Mapped[datetime | None]
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[int | None]

    plan: Mapped[Plan] = relationship()
    addenda: Mapped[list[Addendum]] = relationship(order_by="Addendum.id")


class Addendum(Base):
    """A published change or clarification of an open call; it never touches the sealed protocol."""

    __tablename__ = "addendum"

    id: Mapped[int] = mapped_column(primary_key=True)
    round_id: Mapped[int] = mapped_column(ForeignKey("round.id"), index=True)
    text_es: Mapped[str] = mapped_column(String(2000))
    text_en: Mapped[str] = mapped_column(String(2000))
    closes_at: Mapped[datetime | None]  # the new deadline, when the addendum moves it
    published_on: Mapped[date]
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[int | None]


class Application(Base):
    """One firm's application to one round, from draft to submitted; its code stands on the receipt and in the record.

    `firm_id` is empty while the applicant asks to act for a firm that stands on the register already
    (`asks_firm_id`); its people or its coordinator settle the request.
    """

    __tablename__ = "application"
    __table_args__ = (
        UniqueConstraint("round_id", "firm_id"),
        Index("ix_application_round_status", "round_id", "status", "id"),
        CheckConstraint("status IN ('draft','submitted','withdrawn')", name="status"),
        CheckConstraint("eligible IN ('yes','no','unknown')", name="eligible"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    round_id: Mapped[int] = mapped_column(ForeignKey("round.id"))
    firm_id: Mapped[int | None] = mapped_column(ForeignKey("firm.id"), index=True)
    asks_firm_id: Mapped[int | None] = mapped_column(ForeignKey("firm.id"), index=True)
    asks_state: Mapped[str] = mapped_column(String(10), default="")  # '' | waiting | granted | refused
    applicant_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"), index=True)
    country: Mapped[str] = mapped_column(String(2))
    tax_id: Mapped[str] = mapped_column(String(20))  # compact, as the applicant gave it
    code: Mapped[str] = mapped_column(String(16), unique=True)
    status: Mapped[str] = mapped_column(String(10), default="draft")
    language: Mapped[str] = mapped_column(String(2), default="es")
    answers: Mapped[dict[str, Any]]  # the draft; what was submitted stands in `Submission`
    submitted_at: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]
    receipt_hash: Mapped[str] = mapped_column(String(64), default="")
    facts: Mapped[dict[str, Any] | None]  # frozen at closing
    eligibility: Mapped[list[Any]]  # the checks with answer and reason, as last judged
    eligible: Mapped[str] = mapped_column(String(8), default="unknown")
    reservations: Mapped[list[Any]]  # what is taken on trust for now (codes)
    import_id: Mapped[int | None] = mapped_column(ForeignKey("import_run.id"))
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[int | None]

    round: Mapped[Round] = relationship()
    firm: Mapped[Firm | None] = relationship(foreign_keys=[firm_id])
    applicant: Mapped[Person | None] = relationship()


class Submission(Base):
    """What a firm sent in at one instant, with the hash on its receipt; a later one counts instead, none is lost."""

    __tablename__ = "submission"

    id: Mapped[int] = mapped_column(primary_key=True)
    application_id: Mapped[int] = mapped_column(ForeignKey("application.id"), index=True)
    answers: Mapped[dict[str, Any]]
    receipt_hash: Mapped[str] = mapped_column(String(64))
    submitted_at: Mapped[datetime]
    submitted_by: Mapped[int | None]


class Finding(Base):
    """What staff found about one check of an application, with the reason; `set_aside` leaves a file out."""

    __tablename__ = "finding"

    id: Mapped[int] = mapped_column(primary_key=True)
    application_id: Mapped[int] = mapped_column(ForeignKey("application.id"), index=True)
    check: Mapped[str] = mapped_column(String(30))
    answer: Mapped[str] = mapped_column(String(8))  # yes | no | unknown (takes an earlier finding back)
    reason: Mapped[str] = mapped_column(String(500))
    found_on: Mapped[date]
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[int | None]


class ScoreEntry(Base):
    """A score given to an application; the latest counts, and an empty one takes it back: never a zero."""

    __tablename__ = "score_entry"
    __table_args__ = (CheckConstraint("source IN ('typed','import','review')", name="source"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    application_id: Mapped[int] = mapped_column(ForeignKey("application.id"), index=True)
    score: Mapped[int | None]  # ten-thousandths of a point
    source: Mapped[str] = mapped_column(String(10))
    import_id: Mapped[int | None] = mapped_column(ForeignKey("import_run.id"))
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[int | None]


class Decision(Base):
    """The selection of one round, proposed and adopted once; the record alone lets anyone run it again."""

    __tablename__ = "decision"

    id: Mapped[int] = mapped_column(primary_key=True)
    round_id: Mapped[int] = mapped_column(ForeignKey("round.id"), unique=True)
    record: Mapped[dict[str, Any]]
    record_hash: Mapped[str] = mapped_column(String(64))
    reasons: Mapped[str] = mapped_column(String(1000), default="")
    proposed_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    proposed_at: Mapped[datetime]
    adopted_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    adopted_at: Mapped[datetime | None]

    round: Mapped[Round] = relationship()
    seats: Mapped[list[Seat]] = relationship(order_by="Seat.id")


class Chances(Base):
    """The chances of a lottery as published before its seed; a later publication counts instead, and says why.

    `lottery` is what `cohort verify` checks; `question_hash` tells whether files changed since.
    """

    __tablename__ = "chances"

    id: Mapped[int] = mapped_column(primary_key=True)
    round_id: Mapped[int] = mapped_column(ForeignKey("round.id"), index=True)
    lottery: Mapped[dict[str, Any]]
    question_hash: Mapped[str] = mapped_column(String(64))
    reason: Mapped[str] = mapped_column(String(1000), default="")
    published_at: Mapped[datetime]
    published_by: Mapped[int | None]
    drawn_at: Mapped[datetime | None]  # when the seed was revealed
    drawn_by: Mapped[int | None]


class Screened(Base):
    """What the screening stage made of one file: its points in the self-test and whether it goes on to review.

    `womens` is what was known then; a late file became eligible after the others were screened.
    """

    __tablename__ = "screened"
    __table_args__ = (
        CheckConstraint("outcome IN ('sent','failed','not_among_best')", name="outcome"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    application_id: Mapped[int] = mapped_column(ForeignKey("application.id"), unique=True)
    points: Mapped[int]  # ten-thousandths of a point, 0 to 100 points
    outcome: Mapped[str] = mapped_column(String(16))
    place: Mapped[int | None]  # in its country and ownership group, best first; none for a file that failed
    womens: Mapped[str] = mapped_column(String(8))
    is_late: Mapped[bool] = mapped_column(default=False)
    screened_at: Mapped[datetime]
    screened_by: Mapped[int | None]


class Seat(Base):
    """What one adopted decision says of one application, with the reason in code and facts."""

    __tablename__ = "seat"
    __table_args__ = (
        UniqueConstraint("decision_id", "application_id"),
        CheckConstraint(f"outcome IN {OUTCOMES}", name="outcome"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    decision_id: Mapped[int] = mapped_column(ForeignKey("decision.id"))
    application_id: Mapped[int] = mapped_column(ForeignKey("application.id"), index=True)
    outcome: Mapped[str] = mapped_column(String(12))
    place: Mapped[int | None]  # among the selected, or on the waiting list
    score: Mapped[int | None]  # ten-thousandths, sealed
    reason: Mapped[str] = mapped_column(String(40), default="")
    reason_params: Mapped[dict[str, Any]]
    recorded_at: Mapped[datetime]

    application: Mapped[Application] = relationship()


class Appeal(Base):
    """A firm asks to look again at its outcome; answered once, by somebody who did not score it."""

    __tablename__ = "appeal"
    __table_args__ = (CheckConstraint("state IN ('waiting','upheld','rejected')", name="state"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    application_id: Mapped[int] = mapped_column(ForeignKey("application.id"), unique=True)
    text: Mapped[str] = mapped_column(String(4000))
    filed_on: Mapped[date]
    filed_at: Mapped[datetime]
    filed_by: Mapped[int | None]
    due_on: Mapped[date]  # the day by which we answer
    state: Mapped[str] = mapped_column(String(10), default="waiting")
    answer: Mapped[str] = mapped_column(String(4000), default="")
    answered_at: Mapped[datetime | None]
    answered_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))

    application: Mapped[Application] = relationship()
