"""Decides how many hours of training a member took part in, and its share of the core hours that it was offered.

Leaves out who was invited and who wrote attendance down (`training.sessions`), and when milestone 6 is confirmed:
that is a person's act (domain.md §7, milestone 6: core training of 40 hours, at least 80 % attendance).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True)
class SessionFact:
    """One session as it stands for one member; `attended_minutes` is the latest count, 0 when it was not there."""

    length_minutes: int
    attended_minutes: int = 0
    is_core: bool = True
    is_invited: bool = True
    is_past: bool = True
    is_cancelled: bool = False


@dataclass(frozen=True)
class Attended:
    """Minutes of one member: in all sessions, in core sessions it was invited to, and what those offered so far."""

    minutes: int = 0
    core_minutes: int = 0
    offered_minutes: int = 0

    @property
    def share(self) -> Fraction | None:
        """The part of the offered core minutes that the member took, 0 to 1; None while nothing was offered."""
        return Fraction(self.core_minutes, self.offered_minutes) if self.offered_minutes else None

    def reaches(self, least_share: Fraction) -> bool | None:
        """Return whether the share is at least `least_share` (the plan's `thresholds.attendance_share`); None: nothing offered.

        >>> Attended(600, 480, 600).reaches(Fraction(4, 5)), Attended(479, 479, 600).reaches(Fraction(4, 5)), Attended().reaches(Fraction(4, 5))
        (True, False, None)
        """
        return None if self.share is None else self.share >= least_share


def attended_in(sessions: Iterable[SessionFact]) -> Attended:
    """Return the minutes of one member over its sessions, in any order.

    A cancelled session counts nowhere, whatever was written down. Minutes are capped at the session's length: two
    people of one firm are still one firm. What is not over is not offered yet, though minutes in it count already
    as minutes. Core minutes and what they are measured against are those of sessions that the member was invited
    to, so that coming uninvited never lowers a share.

    Source: domain.md §7 (attendance of at least 80 % of the core training).

    >>> attended_in([SessionFact(90, 120), SessionFact(90), SessionFact(60, 60, is_core=False), SessionFact(90, 90, is_cancelled=True)])
    Attended(minutes=150, core_minutes=90, offered_minutes=180)
    """
    minutes = core = offered = 0
    for each in sessions:
        if each.is_cancelled:
            continue
        counted = max(0, min(each.attended_minutes, each.length_minutes))
        minutes += counted
        if each.is_core and each.is_invited and each.is_past:
            core += counted
            offered += each.length_minutes
    return Attended(minutes, core, offered)
