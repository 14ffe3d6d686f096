"""Words the states of an offered seat, and how far the acts of a call are, in the reader's language."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from flask_babel import gettext, ngettext
from flask_babel import lazy_gettext as _l

from cohort.kit.language import number
from cohort.rounds.models import Round
from cohort.rounds.seats.acts import parts_of
from cohort.rounds.seats.models import AdministrativeAct

_: Callable[..., str] = gettext

STATES = {
    "waiting": _l("Waits for the firm’s answer"), "accepted": _l("Accepted"), "declined": _l("Given back"),
    "expired": _l("Days to accept over"), "withdrawn": _l("Taken back"), "left": _l("Left the plan"),
}
TONES = {
    "waiting": "sun", "accepted": "leaf", "declined": "neutral", "expired": "neutral", "withdrawn": "coral", "left": "neutral",
}


def acts_text(round_: Round, recorded: Mapping[str, AdministrativeAct]) -> str:
    """Return how many countries have their act and their letters: `1 of 2 countries has its act, ...`."""
    told = sum(1 for act in recorded.values() if act.told_at is not None)
    return _("%(acts)s; %(letters)s", acts=ngettext(
        "%(num)s of %(all)s countries has its act", "%(num)s of %(all)s countries have their act", len(recorded),
        all=number(len(parts_of(round_)))), letters=ngettext(
        "the letters of %(num)s went out", "the letters of %(num)s went out", told) if told else _("no letters went out yet"))
