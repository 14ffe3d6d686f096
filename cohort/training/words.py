"""Names milestones and their states in the reader's language; which state it is, `rules.progress` decides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from flask_babel import gettext, ngettext

from cohort.kit.access import Role
from cohort.kit.language import reader_language
from cohort.kit.navigation import ROLE_NAMES
from cohort.rules.progress import MilestoneState, State

STATE_TONES = {
    State.LOCKED: "neutral", State.OPEN: "neutral", State.SOON: "sun", State.DUE_TODAY: "sun", State.LATE: "coral",
    State.WAITING: "sea", State.DONE: "leaf", State.WAIVED: "neutral",
}


class Titled(Protocol):
    """Whatever carries both titles: a milestone, or a row of the template."""

    title_es: str
    title_en: str


@dataclass(frozen=True)
class RoleWords:
    """Names roles when somebody reads them, in their language; a refusal carries it."""

    names: Sequence[str]

    def __str__(self) -> str:
        return ", ".join(str(ROLE_NAMES[Role(name)]) for name in self.names)


def title_of(row: Titled) -> str:
    """Return the title in the reader's language."""
    return title_in(reader_language(), row)


def title_in(language: str, row: Titled) -> str:
    """Return the title in one language, for words that somebody else will read."""
    return row.title_es if language == "es" else row.title_en


def state_words(state: MilestoneState, days_left: int) -> str:
    """Return a milestone's state as a person would say it: “in 2 days”, “19 days late”, “waiting for us”."""
    if state.state is State.LATE:
        return str(ngettext("%(num)s day late", "%(num)s days late", state.days_late))
    if state.state in (State.SOON, State.OPEN):
        return str(ngettext("in %(num)s day", "in %(num)s days", days_left))
    words = {
        State.DONE: gettext("done"), State.WAIVED: gettext("waived"), State.DUE_TODAY: gettext("today"),
        State.WAITING: gettext("waiting for us"), State.LOCKED: gettext("after another one"),
    }
    return str(words[state.state])
