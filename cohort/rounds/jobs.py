"""Registers the room's jobs; what is due to close is decided in `calls.closing`, which offers ran out in `seats.offers`."""

from __future__ import annotations

from datetime import date

from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from sqlalchemy.orm import Session

from cohort.kit.access import SYSTEM
from cohort.kit.jobs import job
from cohort.kit.language import number
from cohort.rounds.calls.closing import close_due
from cohort.rounds.seats.offers import expire_due


@job(
    "round_closings", _l("Closes calls whose deadline has passed, and freezes their files."), every_minutes=5,
    title=_l("Close calls"),
    counted={"closed": lambda n: ngettext("%(count)s call closed", "%(count)s calls closed", n, count=number(n))},
)
def close_calls(session: Session, as_of: date) -> dict[str, int]:
    """Close what is due by the end of a day; opening needs no job, for a sealed call begins by its own hour."""
    return {"closed": close_due(session, SYSTEM, as_of)}


@job(
    "offer_expiry", _l("Lets offers run out whose days to accept are over, so that the next firm can be called."), every_minutes=60,
    title=_l("Expire offers"),
    counted={"expired": lambda n: ngettext("%(count)s offer ran out", "%(count)s offers ran out", n, count=number(n))},
)
def expire_offers(session: Session, as_of: date) -> dict[str, int]:
    """Expire what is due by the end of a day where each firm is."""
    return {"expired": expire_due(session, as_of)}
