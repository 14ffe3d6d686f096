"""Lets each country of a national call adopt the proposed list for itself; the last one to adopt seals it.

One optimum over all countries, one decision. What each country's act sets going is `seats.offers`'s.
"""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from cohort.firms.words import country_name
from cohort.kit import audit
from cohort.kit.access import Actor
from cohort.kit.errors import DomainError, wording
from cohort.people.queries import names_of_people
from cohort.rounds.calls.protocol import is_by_country
from cohort.rounds.decisions import concurrence, service
from cohort.rounds.models import Decision, Round

wording("adoption_not_by_country", _l("This selection is sealed by one person for all countries."), 409)
wording("adoption_no_country", _l("You act for no country of this call, so there is nothing for you to adopt."), 403)
wording("adoption_own_proposal", _l("You proposed this list, so somebody else of your country has to adopt it."), 409)


def adopt(session: Session, actor: Actor, round_: Round, record_hash: str) -> Decision:
    """Adopt the proposed list for the actor's countries in the call and return the decision, sealed by the last one.

    A second time adds nothing; two at once wait for each other, so that one decision is sealed once. Raises
    unless the actor coordinates a country of the call and did not propose the list, it is the list that was
    read (`record_hash`) and still the best one, and the ownership of the country's own places is verified.
    Source: domain.md §8, decision 0006.
    """
    actor.require("round.concur")
    if not is_by_country(round_.protocol):
        raise DomainError("adoption_not_by_country")
    own = concurrence.own_countries(actor, round_)
    if not own:
        raise DomainError("adoption_no_country")
    standing = service.locked(session, round_)
    if standing.adopted_at is not None:
        return standing
    if standing.proposed_by == actor.person_id:
        raise DomainError("adoption_own_proposal")
    shown, open_claims = service.read_again(session, round_, standing, record_hash)
    own_claims = [each for each in open_claims if each.country in own]
    if own_claims:
        raise DomainError("decision_unverified", count=len(own_claims))
    fresh = concurrence.note(session, actor, standing, own)
    if fresh:
        audit.record(session, actor, "round.adopted", round_, after={"countries": fresh, "record_hash": record_hash})
    if not concurrence.missing(session, round_, standing):
        service.settle(session, actor, round_, standing, shown, open_claims)
    return standing


def adopters_of(session: Session, round_: Round, decision: Decision, country: str = "") -> list[str]:
    """Return who adopted, each with their country, in the order of the call; those of one country if it is named.

    Empty where nobody adopts by country.
    """
    if not is_by_country(round_.protocol):
        return []
    held = concurrence.agreed(session, decision)
    names = names_of_people(session, [each.person_id for each in held.values()])
    return [
        f"{names.get(held[code].person_id, '')}, {country_name(code)}"
        for code in round_.protocol["countries"] if code in held and country in {"", code}
    ]
