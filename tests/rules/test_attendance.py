"""Hours of training and the share of core hours: vectors by hand, and what holds for any sessions."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cohort.rules.attendance import Attended, SessionFact, attended_in

RULE = Fraction(4, 5)


@pytest.mark.parametrize(("sessions", "found", "reached"), [
    ([], Attended(0, 0, 0), None),
    ([SessionFact(120, 120)] * 16 + [SessionFact(120)] * 4, Attended(1920, 1920, 2400), True),  # 32 of 40 hours: 80 % exactly
    ([SessionFact(120, 120)] * 15 + [SessionFact(120, 119), *[SessionFact(120)] * 4], Attended(1919, 1919, 2400), False),
    ([SessionFact(90, 300)], Attended(90, 90, 90), True),  # two people of one firm are one firm
    ([SessionFact(90, -5)], Attended(0, 0, 90), False),
    ([SessionFact(90, 90, is_cancelled=True)], Attended(0, 0, 0), None),
    ([SessionFact(90, 90, is_core=False)], Attended(90, 0, 0), None),
    ([SessionFact(90, 30, is_invited=False), SessionFact(60, 60)], Attended(90, 60, 60), True),
    ([SessionFact(90, 45, is_past=False), SessionFact(60)], Attended(45, 0, 60), False),
])
def test_vectors(sessions: list[SessionFact], found: Attended, reached: bool | None) -> None:
    assert attended_in(sessions) == found
    assert found.reaches(RULE) is reached


FACTS = st.builds(
    SessionFact, st.integers(15, 600), st.integers(0, 900), st.booleans(), st.booleans(), st.booleans(), st.booleans())


@given(st.lists(FACTS, max_size=30), st.randoms(use_true_random=False))
def test_whatever_the_sessions(sessions: list[SessionFact], random: object) -> None:
    found = attended_in(sessions)
    assert 0 <= found.core_minutes <= min(found.minutes, found.offered_minutes)
    assert found.share is None or 0 <= found.share <= 1
    assert attended_in(reversed(sessions)) == found, "the order tells nothing"
    assert attended_in([each for each in sessions if not each.is_cancelled]) == found, "a cancelled one counts nowhere"


@given(st.lists(FACTS, max_size=10), st.integers(15, 600))
def test_coming_never_hurts_and_an_invitation_missed_never_helps(sessions: list[SessionFact], length: int) -> None:
    before = attended_in(sessions)
    came, missed = (attended_in([*sessions, SessionFact(length, there)]) for there in (length, 0))
    uninvited = attended_in([*sessions, SessionFact(length, 1, is_invited=False)])
    assert came.share is not None
    assert came.share >= (before.share or 0)
    assert missed.share is not None
    assert missed.share <= (1 if before.share is None else before.share)
    assert uninvited.share == before.share
