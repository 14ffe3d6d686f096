"""Publishes the chances of a call's lottery, reveals its seed afterwards, and gives what the seed draws.

Working chances out and drawing are the rules'; proposing and sealing the drawn list are the decision's.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session

from cohort.kit import audit, clock
from cohort.kit.access import Actor
from cohort.kit.errors import DomainError, wording
from cohort.kit.process import run_in_child
from cohort.rounds.calls.parts import lottery_terms_of
from cohort.rounds.calls.protocol import sha256_of
from cohort.rounds.decisions.attributes import OWNER_GROUP
from cohort.rounds.decisions.solving import TIMEOUT_SECONDS, files_of, key_of, question_of
from cohort.rounds.files.lottery_answer import lottery_from
from cohort.rounds.files.record import lottery_json
from cohort.rounds.models import Application, Chances, Round
from cohort.rules.lottery import Lottery, bands_of
from cohort.rules.round_lottery import RoundLottery, lottery_of_round
from cohort.rules.round_question import RoundQuestion
from cohort.rules.shortfall import RoundSelection

wording("lottery_none", _l("This call is decided by the best total score, not by a draw."), 409)
wording("lottery_not_published", _l("The chances have not been published yet. Publish them first; the seed is revealed afterwards."), 409)
wording("lottery_not_drawn", _l("The draw has not been made yet. Publish the chances, then reveal the seed."), 409)
wording("lottery_changed", _l("Files or scores changed since the chances were published. Publish the new chances, then draw."), 409)
wording("lottery_not_same", _l("The chances changed since this page was shown. Look at the new ones before you publish them."), 409)
wording("lottery_reason", _l("The seed is known already. Say why the chances are published anew; everybody reads it."))


@dataclass(frozen=True)
class Prepared:
    """The lottery of a closed call before it is published, with its question; nothing is stored."""

    question: RoundQuestion
    found: RoundLottery

    @property
    def key(self) -> str:
        """What publishing must carry back, so that nobody publishes other chances than those they saw."""
        return sha256_of([key_of(self.question), lottery_json(self.found.lottery, self.question.edges or ())])


def is_lottery(round_: Round) -> bool:
    """Return whether a draw inside merit bands decides this call."""
    return lottery_terms_of(round_.protocol) is not None


def is_seed_known(session: Session, round_: Round) -> bool:
    """Return whether the seed is public: from closing on, and in a lottery from its draw on."""
    if not is_lottery(round_):
        return round_.closed_at is not None
    return any(each.drawn_at is not None for each in published(session, round_.id))


def published(session: Session, round_id: int) -> list[Chances]:
    """Return the chances as published, oldest first; the last ones count."""
    return list(session.scalars(select(Chances).where(Chances.round_id == round_id).order_by(Chances.id)))


def standing(session: Session, actor: Actor, round_: Round) -> Chances | None:
    """Return the published chances of a closed call while its files are those that they were worked out for, else None.

    Raises while files wait for a score or for eligibility, and for a call that no draw decides.
    """
    asked = key_of(_question(session, actor, round_))
    held = published(session, round_.id)
    return held[-1] if held and held[-1].question_hash == asked else None


def prepare(session: Session, actor: Actor, round_: Round) -> Prepared:
    """Return the lottery of a closed call, worked out and checked; raises what `standing` raises."""
    question = _question(session, actor, round_)
    return Prepared(question, run_in_child(lottery_of_round, question, TIMEOUT_SECONDS))


def _question(session: Session, actor: Actor, round_: Round) -> RoundQuestion:
    actor.require("round.decide")
    if not is_lottery(round_):
        raise DomainError("lottery_none")
    if round_.status != "closed":
        raise DomainError("decision_not_closed")
    return question_of(round_, files_of(session, round_))


def publish_chances(session: Session, actor: Actor, round_: Round, key: str, reason: str = "") -> Chances:
    """Publish the chances that were shown, before the seed; a second click returns those that stand.

    Raises when the files changed since (`key`), when no list keeps every rule, and without a reason once the seed is known.
    """
    _lock(session, round_)
    stands = standing(session, actor, round_)
    if stands is not None:
        return stands
    prepared = prepare(session, actor, round_)
    if prepared.found.decision.status != "optimal":
        raise DomainError("decision_impossible")
    if prepared.key != key:
        raise DomainError("lottery_not_same")
    if is_seed_known(session, round_) and not reason.strip():
        raise DomainError("lottery_reason")
    made = Chances(
        round_id=round_.id, lottery=told(prepared), question_hash=key_of(prepared.question), reason=reason.strip()[:1000], published_at=clock.now(), published_by=actor.person_id,
    )
    session.add(made)
    session.flush()
    audit.record(session, actor, "round.chances", round_, after={"chances_hash": hash_of(made), "reason": made.reason})
    return made


def draw(session: Session, actor: Actor, round_: Round) -> Chances:
    """Reveal the seed, which draws from the published chances; a second click returns the same draw.

    Raises before the chances are published, and when files or scores changed since.
    """
    _lock(session, round_)
    chances = standing(session, actor, round_)
    if chances is None:
        if published(session, round_.id):
            raise DomainError("lottery_changed")
        raise DomainError("lottery_not_published")
    if chances.drawn_at is not None:
        return chances
    chances.drawn_at, chances.drawn_by = clock.now(), actor.person_id
    session.flush()
    audit.record(session, actor, "round.drawn", round_, after={"seed": round_.seed, "chances_hash": hash_of(chances)})
    return chances


def selection_of(session: Session, round_: Round, question: RoundQuestion) -> RoundSelection:
    """Return what the seed draws from the published chances; raises before the draw, and when files changed since."""
    chances = published(session, round_.id)
    if not chances or chances[-1].drawn_at is None:
        raise DomainError("lottery_not_drawn")
    if chances[-1].question_hash != key_of(question):
        raise DomainError("lottery_changed")
    return run_in_child(drawn, (question, lottery_from(chances[-1].lottery["lottery"])), TIMEOUT_SECONDS)


def drawn(asked: tuple[RoundQuestion, Lottery]) -> RoundSelection:
    """Return the drawn selection; stands at the top of the module so that a child can run it."""
    question, lottery = asked
    return lottery_of_round(question, lottery).selection()


def told(prepared: Prepared) -> dict[str, Any]:
    """Return the lottery as it is published: what `cohort verify` checks, and beside each kind what its files share."""
    question, lottery = prepared.question, prepared.found.lottery
    people = {one.id: one for one in question.applicants}
    bands = dict(zip(prepared.found.pool.ids, bands_of(prepared.found.pool, question.edges or ()), strict=True))
    facts = [
        [{"band": bands[one], "country": people[one].country, "womens": people[one].womens, **people[one].attributes} for one in kind]
        for kind in lottery.kinds
    ]
    return {"lottery": lottery_json(lottery, question.edges or ()), "who": [_shared(each) for each in facts]}


def _shared(facts: list[dict[str, str]]) -> dict[str, str]:
    """Return what all files of a kind have in common; a group of owners is no attribute that anybody reads."""
    first = facts[0]
    return {
        name: value for name, value in first.items()
        if name != OWNER_GROUP and all(each.get(name) == value for each in facts)
    }


def hash_of(chances: Chances) -> str:
    """Return the hash of the published lottery; the record of the drawn list carries the same lottery."""
    return sha256_of(chances.lottery["lottery"])


def own_chance(session: Session, application: Application) -> Fraction | None:
    """Return the chance of one file as last published; None before that, and when it takes no part in the draw."""
    held = published(session, application.round_id)
    kinds: list[dict[str, Any]] = held[-1].lottery["lottery"]["kinds"] if held else []
    return next((Fraction(kind["chance"]) for kind in kinds if application.code in kind["ids"]), None)


def _lock(session: Session, round_: Round) -> None:
    """Let a second person wait here, so that nothing is published or drawn twice."""
    session.execute(select(Round.id).where(Round.id == round_.id).with_for_update())
