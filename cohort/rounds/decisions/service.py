"""Shows, proposes and seals the selection of a closed call, once, and publishes its record; solving is `solving`'s.

Two people decide: one proposes, another seals (of a national call of several countries: `adoption`). Sealing notes what the record says of each file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session

from cohort.kit import audit, clock
from cohort.kit.access import Actor, unscoped
from cohort.kit.errors import DomainError, wording
from cohort.rounds.calls.crossings import rare_in_record, require_reason
from cohort.rounds.calls.protocol import is_by_country, sha256_of
from cohort.rounds.decisions.concurrence import missing
from cohort.rounds.decisions.fates import fates
from cohort.rounds.decisions.ownership import to_verify
from cohort.rounds.decisions.solving import Files, files_of, key_of, question_of, solve
from cohort.rounds.drawing import service as drawing
from cohort.rounds.files.record import round_record
from cohort.rounds.models import Application, Decision, Round, Seat
from cohort.rules.round_question import RoundQuestion
from cohort.rules.shortfall import RoundSelection

wording("decision_not_closed", _l("A selection is made after the call is closed."), 409)
wording("decision_impossible", _l("No list keeps every rule, so there is nothing to adopt. The page of the selection says which rules clash and what would do."), 409)
wording("decision_changed", _l("Files or scores changed since this list was shown. Look at the new list before you adopt it."), 409)
wording("decision_needs_second", _l("You proposed this list, so somebody else has to seal it."), 409)
wording("decision_not_proposed", _l("Nobody has proposed a list yet. One person proposes it, another one seals it."), 409)
wording("decision_not_agreed", _l("These countries have not agreed yet: %(countries)s. Each one’s coordinator agrees on this page."), 409)
wording("decision_each_country", _l("Each country adopts this list for itself; it is sealed when the last one has."), 409)
wording("decision_unverified", _l("The ownership of %(count)s firms has to be verified first. They are named on this page."), 409)
wording("decision_needs_reason", _l("Say why reserved seats are released; the reason stands in the act."))
wording("decision_not_adopted", _l("The selection has not been adopted yet."), 409)


@dataclass(frozen=True)
class Shown:
    """A selection as it is shown before it is proposed: the question, its proven answer and the files around it."""

    question: RoundQuestion
    found: RoundSelection
    files: Files

    @property
    def key(self) -> str:
        """What a proposal must carry back, so that nobody proposes another list than the one they saw."""
        return key_of(self.question)


def show(session: Session, actor: Actor, round_: Round) -> Shown:
    """Return the best list under the sealed rules, proven and verified; nothing is stored.

    Raises while files wait for a score or for an answer on eligibility.
    """
    actor.require("round.decide")
    return _solved(session, round_)


def propose(session: Session, actor: Actor, round_: Round, key: str, reasons: str = "") -> Decision:
    """Propose the list that was shown, for a second person to seal; a later proposal replaces an unsealed one.

    Raises when files changed since the list was shown (`key`), when no list exists, when it is sealed already,
    or without a reason where reserved seats are released.
    """
    actor.require("round.decide")
    hold(session, round_)
    shown = _solved(session, round_)
    if shown.key != key:
        raise DomainError("decision_changed")
    if shown.found.status != "optimal":
        raise DomainError("decision_impossible")
    if shown.found.shortfall == "release" and not reasons.strip():
        raise DomainError("decision_needs_reason")
    decision = decision_of(session, round_.id) or Decision(round_id=round_.id)
    record = record_of(shown)
    decision.record, decision.record_hash, decision.reasons = record, sha256_of(record), reasons.strip()[:1000]
    decision.proposed_by, decision.proposed_at = actor.person_id, clock.now()
    session.add(decision)
    session.flush()
    audit.record(session, actor, "round.proposed", round_, after={"record_hash": decision.record_hash, "reason": decision.reasons})
    return decision


def seal(session: Session, actor: Actor, round_: Round, record_hash: str) -> Decision:
    """Seal the proposed list and return the decision; a second time returns it unchanged.

    Two tabs or two people at once: one seals, the other gets the same decision. Raises unless somebody else
    proposed it, it is the list that was read (`record_hash`) and still the best one, each country agreed where
    the rules ask for it, and the ownership of provisional and first waiting places is verified.
    """
    actor.require("round.seal")
    if is_by_country(round_.protocol):
        raise DomainError("decision_each_country")
    standing = locked(session, round_)
    if standing.adopted_at is not None:
        return standing
    if standing.proposed_by == actor.person_id:
        raise DomainError("decision_needs_second")
    shown, open_claims = read_again(session, round_, standing, record_hash)
    waiting = missing(session, round_, standing)
    if waiting:
        raise DomainError("decision_not_agreed", countries=", ".join(waiting))
    settle(session, actor, round_, standing, shown, open_claims)
    return standing


def locked(session: Session, round_: Round) -> Decision:
    """Return the decision with its round held for this transaction; raises while nobody proposed a list."""
    hold(session, round_)
    standing = decision_of(session, round_.id)
    if standing is None:
        raise DomainError("decision_not_proposed")
    return standing


def hold(session: Session, round_: Round) -> None:
    """Hold the round for this transaction: whoever proposes or seals meanwhile waits, then reads what was done."""
    session.execute(select(Round.id).where(Round.id == round_.id).with_for_update())
    session.refresh(round_)


def read_again(session: Session, round_: Round, standing: Decision, record_hash: str) -> tuple[Shown, list[Application]]:
    """Return the list solved anew, and the files whose ownership waits for its verification.

    Raises unless it is the list that was read (`record_hash`) and still the best one.
    """
    with unscoped(session):
        shown = _solved(session, round_)
        if standing.record_hash != record_hash or sha256_of(record_of(shown)) != record_hash:
            raise DomainError("decision_changed")
        return shown, unverified(session, round_, shown.question, shown.found, shown.files)


def settle(
    session: Session, actor: Actor, round_: Round, standing: Decision, shown: Shown, open_claims: Sequence[Application]
) -> None:
    """Seal a list that everybody asked has said yes to; raises while ownership waits for its verification."""
    if open_claims:
        raise DomainError("decision_unverified", count=len(open_claims))
    _seal(session, actor, round_, standing)
    with unscoped(session):
        _carry_out(session, round_, standing, shown)


def unverified(
    session: Session, round_: Round, question: RoundQuestion, found: RoundSelection, files: Files
) -> list[Application]:
    """Return the files whose ownership has to be verified before this selection is sealed."""
    womens = {one.id for one in question.applicants if one.womens == "yes"}
    return to_verify(session, round_, files.pool, found.selected, found.waitlist, womens)


def publish(session: Session, actor: Actor, round_: Round, rare_reason: str = "") -> None:
    """Put the record and the names of the selected firms on the open pages, apart from each other; once.

    Raises without a reason where a crossing of what the record shows has fewer than five firms.
    """
    actor.require("round.publish")
    if round_.status == "published":
        return
    if round_.status != "decided":
        raise DomainError("decision_not_adopted")
    decision = decision_of(session, round_.id)
    rare = require_reason(rare_in_record(decision.record, round_.protocol) if decision else (), rare_reason)
    round_.status, round_.published_at = "published", clock.now()
    session.flush()
    audit.record(session, actor, "round.published", round_, after={
        "record_hash": decision.record_hash if decision else "", **rare})


def decision_of(session: Session, round_id: int) -> Decision | None:
    """Return the decision of a round, proposed or adopted, or None."""
    return session.scalars(select(Decision).where(Decision.round_id == round_id)).one_or_none()


def record_of(shown: Shown) -> dict[str, Any]:
    """Return the public record: random codes, sealed scores, and only the attributes that the rules name."""
    return dict(round_record(shown.question, shown.found, screening=shown.files.screening))


def _solved(session: Session, round_: Round) -> Shown:
    if round_.status != "closed":
        raise DomainError("decision_not_closed")
    files = files_of(session, round_)
    question = question_of(round_, files)
    found = solve(question) if question.edges is None else drawing.selection_of(session, round_, question)
    return Shown(question, found, files)


def _seal(session: Session, actor: Actor, round_: Round, decision: Decision) -> None:
    """Note who sealed the decision and when, and move the round on."""
    now = clock.now()
    decision.adopted_by, decision.adopted_at = actor.person_id, now
    round_.status, round_.decided_at = "decided", now
    session.flush()
    audit.record(session, actor, "round.decided", round_, after={
        "record_hash": decision.record_hash, "selected": len(decision.record["result"]["selected"]),
        "reason": decision.reasons})


def _carry_out(session: Session, round_: Round, decision: Decision, shown: Shown) -> None:
    """Note what the sealed list says of each file; offers and letters follow the administrative act."""
    session.add_all([
        Seat(decision_id=decision.id, application=each, recorded_at=clock.now(), **fate)
        for each, fate in fates(round_, shown.files, shown.found)
    ])
    session.flush()
