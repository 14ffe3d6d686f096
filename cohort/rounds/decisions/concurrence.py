"""Notes that a person of each country agrees to a selection before it is sealed; seals nothing.

For a regional list it is agreement; of a national call of several countries, each country's adoption (`adoption`).
"""

from __future__ import annotations

from collections.abc import Sequence

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session

from cohort.kit import audit, clock
from cohort.kit.access import Actor
from cohort.kit.errors import DomainError, wording
from cohort.rounds.calls.protocol import is_by_country
from cohort.rounds.models import Decision, Round
from cohort.rounds.seats.models import Concurrence

wording("concurrence_not_asked", _l("This call is national: nobody agrees for another country; who adopts its list is said on this page."), 409)
wording("concurrence_sealed", _l("The selection is sealed already."), 409)
wording("concurrence_no_country", _l("You act for no country of this call, so there is nothing for you to agree to."), 403)
wording("concurrence_changed", _l("The proposal changed since this page was shown. Read it again before you agree."), 409)


def is_asked(round_: Round) -> bool:
    """Return whether the sealed rules ask for the agreement of each origin country."""
    return bool(round_.protocol.get("concurrence"))


def concur(session: Session, actor: Actor, round_: Round, decision: Decision, record_hash: str) -> list[str]:
    """Note the actor's agreement for each of their countries in the call; return the countries newly agreed.

    A second time adds nothing. Raises unless a proposal waits, is the one that was read (`record_hash`), and
    the actor acts for a country of the call.
    """
    actor.require("round.concur")
    if not is_asked(round_):
        raise DomainError("concurrence_not_asked")
    if decision.adopted_at is not None:
        raise DomainError("concurrence_sealed")
    if decision.record_hash != record_hash:
        raise DomainError("concurrence_changed")
    own = own_countries(actor, round_)
    if not own:
        raise DomainError("concurrence_no_country")
    fresh = note(session, actor, decision, own)
    if fresh:
        audit.record(session, actor, "round.concurred", round_, after={"countries": fresh, "record_hash": record_hash})
    return fresh


def own_countries(actor: Actor, round_: Round) -> list[str]:
    """Return the countries of the call for which a person may speak; none for whoever sees all of them."""
    return [code for code in round_.protocol["countries"] if code in (actor.countries or ())]


def note(session: Session, actor: Actor, decision: Decision, countries: Sequence[str]) -> list[str]:
    """Write who spoke for these countries on the list as it stands; return those for which nobody had yet."""
    assert actor.person_id is not None, "countries are reached by persons alone"
    held = agreed(session, decision)
    fresh = [code for code in countries if code not in held]
    session.add_all([
        Concurrence(decision_id=decision.id, country=code, record_hash=decision.record_hash, person_id=actor.person_id,
                    agreed_at=clock.now())
        for code in fresh
    ])
    session.flush()
    return fresh


def agreed(session: Session, decision: Decision) -> dict[str, Concurrence]:
    """Return by country who agreed to the list as it stands; agreement to an earlier list does not count."""
    statement = select(Concurrence).where(
        Concurrence.decision_id == decision.id, Concurrence.record_hash == decision.record_hash)
    return {each.country: each for each in session.scalars(statement)}


def missing(session: Session, round_: Round, decision: Decision) -> list[str]:
    """Return the countries of the call that have not agreed or adopted yet; none where the rules ask for neither."""
    if not is_asked(round_) and not is_by_country(round_.protocol):
        return []
    held = agreed(session, decision)
    return [code for code in round_.protocol["countries"] if code not in held]
