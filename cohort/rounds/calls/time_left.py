"""Says whether firms chosen in a call would still have the days that the plan's milestones need, and from which end on.

Leaves out the dating of milestones itself; it stands in `rules.calendar` and is asked again when a firm joins.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from cohort.kit import clock
from cohort.plans import queries as plans
from cohort.plans.models import Plan
from cohort.rounds.models import Round
from cohort.rules.calendar import JOINER_GAP_DAYS, SHORTEST_DAYS

UNDECIDED = ("draft", "open", "closed")
DECIDING_DAYS = 30  # from closing to adoption, in an end that we suggest


@dataclass(frozen=True)
class TimeLeft:
    """The earliest day on which firms of a call can join, the plan's last day, and the days that milestones need.

    `enough_on` is an end of the plan with which every call that is not decided yet can be adopted: the end of a month,
    at least 30 days later than the earliest one, for reading and deciding take their time.
    """

    joins_on: date
    ends_on: date
    needed_days: int
    enough_on: date
    today: date

    @property
    def days_left(self) -> int:
        """Days from joining to the plan's end."""
        return (self.ends_on - self.joins_on).days

    @property
    def is_enough(self) -> bool:
        """Whether the milestones of a firm that joins on that day fit."""
        return self.days_left >= self.needed_days

    @property
    def earlier_helps(self) -> bool:
        """Whether a call that closed today would leave enough."""
        return (self.ends_on - self.today).days >= self.needed_days


def time_left(session: Session, plan: Plan, closes_at: datetime, zone: str) -> TimeLeft:
    """Return how much of the plan is left for firms of a call that closes at an instant of a zone.

    Nobody is chosen before the closing day, nor before today.
    """
    joins_on, today = _local(closes_at, zone), clock.today(zone)
    scaled = [row.day for row in plans.template_of(session, plan.id) if row.anchor == "enrolment" and row.unit == "days"]
    needed = days_needed(scaled)
    others = select(Round.closes_at, Round.time_zone).where(Round.plan_id == plan.id, Round.status.in_(UNDECIDED))
    latest = max([joins_on, today, *(_local(at, of_zone) for at, of_zone in session.execute(others))])
    enough_on = _end_of_month(latest + timedelta(days=needed + DECIDING_DAYS))
    return TimeLeft(max(joins_on, today), plans.end_of(plan), needed, enough_on, today)


def time_left_of(session: Session, round_: Round) -> TimeLeft | None:
    """Return how much is left for the firms of a round that is not decided yet; None once it is."""
    if round_.status not in UNDECIDED:
        return None
    return time_left(session, round_.plan, round_.closes_at, round_.time_zone)


def days_needed(days: Sequence[int]) -> int:
    """Return the fewest days in which milestones due on these days of a full plan fit (domain.md §7).

    At least 365; and 14 between two of them, unless the plan has its full length.

    >>> days_needed([14, 30, 730]), days_needed([10 * each for each in range(1, 41)])
    (365, 400)
    """
    return max(SHORTEST_DAYS, min(max(days, default=0), JOINER_GAP_DAYS * len(days)))


def _end_of_month(day: date) -> date:
    return day.replace(day=monthrange(day.year, day.month)[1])


def _local(instant: datetime, zone: str) -> date:
    return instant.astimezone(ZoneInfo(zone)).date()
