"""Lists what a decision on its way waits for and whom it waits for: agreement, proof, seal, act, letters, free seats."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flask_babel import lazy_gettext as _l
from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session, defer, joinedload

from cohort.kit.access import Actor, unscoped
from cohort.plans.models import Member
from cohort.rounds.calls.protocol import is_by_country
from cohort.rounds.decisions import concurrence, ownership
from cohort.rounds.models import Application, Decision, Round, Seat
from cohort.rounds.screening.queries import rounds_due
from cohort.rounds.seats import acts
from cohort.rounds.seats.models import AdministrativeAct, Offer

WORDS = {
    "screen": _l("is closed: screen its files before they are reviewed"),
    "agree": _l("waits for the agreement of your country"), "adopt": _l("waits until you adopt it for your country"), "verify": _l("waits until ownership is verified"),
    "seal": _l("is ready: a second person seals it"), "act": _l("is sealed: record its administrative act"),
    "letters": _l("has its act: read the letters and send them"),
    "own_act": _l("is sealed: record the administrative act of your country"),
    "own_letters": _l("has the act of your country: read its letters and send them"),
    "some_act": _l("is sealed: countries have no administrative act yet"),
    "some_letters": _l("has the act of a country whose letters are not sent yet"), "call": _l("has free seats: see who is called next"),
}
PLACES = {
    "screen": "rounds.screening",
    "agree": "rounds.proposal", "adopt": "rounds.proposal", "verify": "rounds.proposal", "seal": "rounds.proposal", "act": "rounds.seats",
    "letters": "rounds.seats", "own_act": "rounds.seats", "own_letters": "rounds.seats", "some_act": "rounds.seats",
    "some_letters": "rounds.seats", "call": "rounds.replace",
}


@dataclass(frozen=True)
class Step:
    """One thing that somebody has to do before a decision goes on; `code` is a key of `WORDS` and `PLACES`."""

    round: Round
    code: str


def steps_for(session: Session, actor: Actor) -> list[Step]:
    """Return what waits for this actor in the decisions of their plan, oldest first."""
    statement = (
        select(Decision).join(Round, Round.id == Decision.round_id).where(Round.plan_id == actor.plan_id)
        .options(joinedload(Decision.round), defer(Decision.record)).order_by(Decision.proposed_at)
    )
    with unscoped(session):  # what waits is said by call; rows of firms stay on pages with their own reach
        decided = [each for each in session.scalars(statement) if "concurrence" in each.round.protocol]
        recorded: dict[int, dict[str, AdministrativeAct]] = {each.id: {} for each in decided}
        for act in session.scalars(select(AdministrativeAct).where(AdministrativeAct.decision_id.in_(recorded))):
            recorded[act.decision_id][act.country] = act
        free = _free_seats(session, [each for each in decided if recorded[each.id]])
        return [
            *(Step(each, "screen") for each in rounds_due(session, actor)),
            *(Step(each.round, code) for each in decided
            for code in (_before(session, actor, each) if each.adopted_at is None else _after(actor, each, recorded[each.id], free))),
        ]


def _before(session: Session, actor: Actor, decision: Decision) -> list[str]:
    round_ = decision.round
    countries = concurrence.missing(session, round_, decision)
    codes = [row["code"] for row in decision.record["rows"]]
    files = session.scalars(select(Application).where(Application.round_id == round_.id, Application.code.in_(codes))).all()
    womens = {row["code"] for row in decision.record["rows"] if row["womens"] == "yes"}
    result = decision.record["result"]
    claims = ownership.to_verify(session, round_, files, result["selected"], result["waitlist"], womens)
    own_claims = [each for each in claims if actor.sees_all or each.country in (actor.countries or ())]
    found = ["verify"] if actor.may("round.score") and own_claims else []
    own = actor.may("round.concur") and bool(set(countries) & set(actor.countries or ()))
    if is_by_country(round_.protocol):
        return [*found, "adopt"] if own and not own_claims and decision.proposed_by != actor.person_id else found
    if own:
        found.append("agree")
    if actor.may("round.seal") and decision.proposed_by != actor.person_id and not countries and not claims:
        found.append("seal")
    return found


def _after(actor: Actor, decision: Decision, recorded: Mapping[str, AdministrativeAct], free: dict[int, int]) -> list[str]:
    parts = acts.parts_within(actor, decision.round)
    found = [
        *(["act"] if any(part not in recorded for part in parts) else []),
        *(["letters"] if any(part in recorded and recorded[part].told_at is None for part in parts) else []),
    ]
    if is_by_country(decision.round.protocol):
        prefix = "some" if actor.may("round.publish") else "own"
        found = [f"{prefix}_{code}" for code in found]
    return [*found, "call"] if actor.may("round.decide") and free.get(decision.id) else found


def _free_seats(session: Session, decisions: Sequence[Decision]) -> dict[int, int]:
    """Return by decision how many seats that were offered are free again."""
    gone = and_(Member.left_on.is_not(None), Offer.state == "accepted")
    statement = (
        select(Offer.decision_id, func.count(Offer.id)).join(Application, Application.id == Offer.application_id)
        .join(Decision, Decision.id == Offer.decision_id).join(Round, Round.id == Decision.round_id)
        .outerjoin(Member, and_(Member.firm_id == Application.firm_id, Member.plan_id == Round.plan_id))
        .where(Offer.decision_id.in_([each.id for each in decisions]), Offer.state.in_(("waiting", "accepted")))
        .where(or_(Member.id.is_(None), ~gone)).group_by(Offer.decision_id)
    )
    held = dict(session.execute(statement).all())
    offered = dict(session.execute(
        select(Seat.decision_id, func.count(Seat.id))
        .where(Seat.decision_id.in_([each.id for each in decisions]), Seat.outcome == "selected")
        .where(Seat.application_id.in_(select(Offer.application_id))).group_by(Seat.decision_id)
    ).all())
    return {each.id: max(offered.get(each.id, 0) - held.get(each.id, 0), 0) for each in decisions}
