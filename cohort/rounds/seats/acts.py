"""Says by which administrative acts a sealed decision binds, one for all or one for each country, and records them.

What an act sets going, letters and offers, is `offers`'s.
"""

from __future__ import annotations

from datetime import date

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session

from cohort.kit import audit, clock
from cohort.kit.access import Actor
from cohort.kit.errors import DomainError, wording
from cohort.kit.language import ZONES
from cohort.rounds.calls.protocol import is_by_country
from cohort.rounds.calls.times import to_local
from cohort.rounds.decisions.service import decision_of
from cohort.rounds.models import Decision, Round
from cohort.rounds.seats.models import AdministrativeAct

wording("act_not_sealed", _l("The act is recorded after the selection is sealed."), 409)
wording("act_number_missing", _l("Write the number of the act, as it stands on the document."))
wording("act_date", _l("The act cannot be signed before the selection was sealed, nor in the future."))
wording("act_recorded", _l("The act is recorded already: %(number)s."), 409)
wording("act_country", _l("Choose the country whose act this is."))
wording("act_not_yours", _l("The act of a country is recorded by its coordinator or by whoever runs the plan."), 403)

FOR_ALL = ""
"""The one part of a decision that binds all countries by one act."""


def parts_of(round_: Round) -> tuple[str, ...]:
    """Return what has an act of its own: each country of a national call of several, else the whole decision."""
    return tuple(round_.protocol["countries"]) if is_by_country(round_.protocol) else (FOR_ALL,)


def part_of(round_: Round, country: str) -> str:
    """Return whose act binds a file of this country."""
    return country if is_by_country(round_.protocol) else FOR_ALL


def acts_of(session: Session, decision: Decision) -> dict[str, AdministrativeAct]:
    """Return the acts recorded so far by the part that they bind."""
    statement = select(AdministrativeAct).where(AdministrativeAct.decision_id == decision.id)
    return {each.country: each for each in session.scalars(statement)}


def each_act(session: Session, round_: Round) -> dict[str, AdministrativeAct] | None:
    """Return the acts of a sealed call by country; None before the seal, and where one act binds all."""
    decision = decision_of(session, round_.id) if is_by_country(round_.protocol) else None
    return acts_of(session, decision) if decision is not None and decision.adopted_at is not None else None


def parts_within(actor: Actor, round_: Round) -> tuple[str, ...]:
    """Return the parts whose act and letters are this person's to see to: those of their countries, or all."""
    if actor.may("round.publish"):
        return parts_of(round_)
    if not is_by_country(round_.protocol) or not actor.may("round.concur"):
        return ()
    return tuple(code for code in parts_of(round_) if code in (actor.countries or ()))


def require_part(actor: Actor, round_: Round, part: str) -> None:
    """Raise unless the act and letters of this part are this person's to see to."""
    if not actor.may("round.publish"):
        actor.require("round.concur" if is_by_country(round_.protocol) else "round.publish")
    if part not in parts_of(round_):
        raise DomainError("act_country")
    if part not in parts_within(actor, round_):
        raise DomainError("act_not_yours")


def record_act(
    session: Session, actor: Actor, round_: Round, number: str, signed_on: date, part: str = FOR_ALL
) -> AdministrativeAct:
    """Record number and date of the act by which the decision binds, once for each part.

    The day is one of the country whose act it is. Raises unless the selection is sealed.
    """
    require_part(actor, round_, part)
    decision = decision_of(session, round_.id)
    if decision is None or decision.adopted_at is None:
        raise DomainError("act_not_sealed")
    standing = acts_of(session, decision).get(part)
    if standing is not None:
        raise DomainError("act_recorded", number=standing.number)
    if not number.strip():
        raise DomainError("act_number_missing")
    zone = ZONES[part] if part else round_.time_zone
    if not to_local(decision.adopted_at, zone).date() <= signed_on <= clock.today(zone):
        raise DomainError("act_date")
    act = AdministrativeAct(
        decision_id=decision.id, country=part, number=number.strip()[:60], signed_on=signed_on, recorded_at=clock.now(),
        recorded_by=actor.person_id,
    )
    session.add(act)
    session.flush()
    audit.record(session, actor, "round.act", round_, after={
        "number": act.number, "signed_on": signed_on, **({"country": part} if part else {})})
    return act
