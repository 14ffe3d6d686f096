"""Gathers what stands beside a member's milestones: its capacity, its coaching and its certificates.

The member's page and the firm's own page show it; each part is decided in its own room.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from types import ModuleType

from sqlalchemy.orm import Session

from cohort.kit.access import Actor
from cohort.plans.models import Member
from cohort.training.certificates import words as certificate_words
from cohort.training.certificates.models import Certificate
from cohort.training.certificates.queries import certificates_of
from cohort.training.coaching import queries as coaching
from cohort.training.coaching.queries import HeldTalk, Step
from cohort.training.diagnostics import queries as diagnostics
from cohort.training.diagnostics import words
from cohort.training.diagnostics.queries import Capacity


@dataclass(frozen=True)
class Growth:
    """What templates read under the name `growth`; talks are for whoever goes with firms, steps for the firm too."""

    capacity: Capacity
    moment_due: str
    may_take: bool
    steps: list[Step]
    talks: list[HeldTalk]
    certificates: list[Certificate]
    words: ModuleType = words
    certificate_words: ModuleType = certificate_words

    @property
    def coached_minutes(self) -> int:
        """Minutes of the talks."""
        return coaching.minutes_of(self.talks)


def growth_of(session: Session, actor: Actor, member: Member, day: date) -> Growth:
    """Return a member's capacity, coaching and certificates as the actor may see them."""
    shown = diagnostics.capacity_of(session, member)
    return Growth(
        capacity=shown, moment_due=diagnostics.moment_due(shown, day),
        may_take=actor.may("milestone.confirm") and member.left_on is None,
        steps=[] if member.left_on else coaching.open_steps(session, member, day),
        talks=coaching.talks_of(session, member) if actor.may("call.log") else [],
        certificates=certificates_of(session, member),
    )
