"""Finds and calls who takes free seats: the exact re-solve of the sealed question with those who stay fixed.

A dry run shows who would enter before anybody is called. Seats of a country whose appeal waits stay frozen.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session

from cohort.kit import audit, clock
from cohort.kit.access import Actor, unscoped
from cohort.kit.errors import DomainError, wording
from cohort.kit.language import ZONES
from cohort.kit.process import run_in_child
from cohort.rounds.calls.protocol import sha256_of
from cohort.rounds.decisions import letters
from cohort.rounds.decisions.ownership import refuted
from cohort.rounds.decisions.service import decision_of
from cohort.rounds.decisions.solving import TIMEOUT_SECONDS
from cohort.rounds.files.record import round_record
from cohort.rounds.files.replay import RoundInputs, round_inputs
from cohort.rounds.models import Appeal, Application, Decision, Round
from cohort.rounds.seats.models import Offer, Replacement
from cohort.rounds.seats.offers import DAY_OF_LAST_REPLACEMENT, make_offers
from cohort.rounds.seats.standing import Standing, standing_of, still_replaceable
from cohort.rules.shortfall import RoundSelection, decide

wording("replace_nobody_free", _l("No seat is free, so nobody is to be called."), 409)
wording("replace_nobody_fits", _l("Nobody on the waiting list can enter without breaking a rule. The seats stay empty."), 409)
wording("replace_frozen", _l("An appeal of %(countries)s waits for its answer, and its seats are frozen until then. Answer it first."), 409)
wording("replace_changed", _l("Seats or appeals changed since this was shown. Look again before you call anybody."), 409)
wording("replace_not_sent", _l("The letters of this decision have not gone out yet, so no seat can be free."), 409)


@dataclass(frozen=True)
class Called:
    """Who would enter if these leave, with the proof; `key` is what calling them must carry back."""

    leaving: tuple[Application, ...]
    entering: tuple[Application, ...]
    found: RoundSelection
    inputs: RoundInputs
    stayers: tuple[str, ...]
    barred: tuple[str, ...]
    womens_after: int
    first: tuple[str, ...] = ()  # codes that go before the waiting list: appeals that were upheld
    frozen: tuple[str, ...] = ()  # countries whose appeal waits

    @property
    def key(self) -> str:
        """Hash of what was shown."""
        return sha256_of([sorted(self.stayers), sorted(self.barred), [each.code for each in self.entering]])


Asked = tuple[RoundInputs, tuple[str, ...], tuple[str, ...]]


def resolve(asked: Asked) -> RoundSelection:
    """Return the best list with stayers seated and barred out; at the top of the module for the child."""
    inputs, stayers, barred = asked
    return decide(inputs.applicants, inputs.seats, inputs.limits, inputs.parity, inputs.seed, inputs.quotas, stayers, barred)


def dry_run(session: Session, actor: Actor, round_: Round, leaving: Collection[int] = ()) -> Called:
    """Return who would be called if these files (by id) gave their seats back too; nothing is stored.

    Whoever gave a seat back does not return. An upheld appeal enters before the waiting list where the rules
    allow it. Raises when nobody leaves, or the letters have not gone out.
    """
    actor.require("round.decide")
    decision = decision_of(session, round_.id)
    if decision is None or decision.adopted_at is None:
        raise DomainError("decision_not_adopted")
    with unscoped(session):
        standing = standing_of(session, round_, decision)
        files = {each.code: each for each in session.scalars(
            select(Application).where(Application.round_id == round_.id, Application.status == "submitted"))}
        inputs = _inputs_now(session, decision, files)
        upheld, frozen = _appeals(session, round_)
    if not standing.holders:
        raise DomainError("replace_not_sent")
    stayers = tuple(sorted(each.application.code for each in standing.holders
                           if _stays(standing, each.application.id) and each.application.id not in leaving))
    barred = tuple(sorted({each.application.code for each in standing.holders} - set(stayers)))
    if len(stayers) >= standing.selected:
        raise DomainError("replace_nobody_free")
    known = {one.id for one in inputs.applicants}
    first = tuple(code for code in upheld if code in known and code not in {*stayers, *barred})
    found, seated_first = _solve(inputs, stayers, barred, first)
    entering = tuple(files[code] for code in found.selected if code not in stayers)
    womens = {one.id for one in inputs.applicants if one.womens == "yes"}
    return Called(
        tuple(files[code] for code in barred), entering, found, inputs, (*stayers, *seated_first), barred,
        len(womens & set(found.selected)), seated_first, frozen,
    )


def call(session: Session, actor: Actor, round_: Round, key: str, reason: str) -> Replacement:
    """Offer the free seats to whom the dry run named, and keep the record by which anybody can run it again.

    Raises when something changed since (`key`), nobody fits, a seat is frozen by an appeal, or without a reason.
    """
    actor.require("round.decide")
    session.execute(select(Round.id).where(Round.id == round_.id).with_for_update())  # a second click waits here
    called = dry_run(session, actor, round_)
    if called.key != key:
        raise DomainError("replace_changed")
    if not called.entering:
        raise DomainError("replace_nobody_fits")
    blocked = sorted({each.country for each in called.entering if each.code not in called.first} & set(called.frozen))
    if blocked:
        raise DomainError("replace_frozen", countries=", ".join(blocked))
    if not reason.strip():
        raise DomainError("seat_reason_missing")
    decision = decision_of(session, round_.id)
    assert decision is not None, "the dry run found it"
    record = record_of(called)
    made = Replacement(
        decision_id=decision.id, record=record, record_hash=sha256_of(record), reason=reason.strip()[:1000],
        decided_at=clock.now(), decided_by=actor.person_id,
    )
    session.add(made)
    session.flush()
    with unscoped(session):
        offers = make_offers(session, actor, decision, called.entering, made)
        letters.tell_called(session, round_, offers)
    audit.record(session, actor, "round.replaced", round_, after={
        "called": [each.code for each in called.entering], "record_hash": made.record_hash, "reason": made.reason})
    return made


def record_of(called: Called) -> dict[str, object]:
    """Return the public record of a replacement: the sealed question, who stays, who is out, and the answer."""
    asked = called.inputs
    return dict(round_record(
        asked.applicants, asked.seats, asked.limits, asked.parity, asked.seed, called.found, asked.quotas,
        called.stayers, called.barred,
    ))


def _solve(
    inputs: RoundInputs, stayers: tuple[str, ...], barred: tuple[str, ...], first: Sequence[str]
) -> tuple[RoundSelection, tuple[str, ...]]:
    """Return the best list, with as many of `first` seated, in their order, as the rules allow."""
    seated: tuple[str, ...] = ()
    found = run_in_child(resolve, (inputs, stayers, barred), TIMEOUT_SECONDS)
    if found.status != "optimal":
        raise DomainError("replace_nobody_fits")
    for code in first:
        tried = run_in_child(resolve, (inputs, (*stayers, *seated, code), barred), TIMEOUT_SECONDS)
        if tried.status == "optimal" and len(tried.selected) >= len(found.selected):
            found, seated = tried, (*seated, code)
    return found, seated


def _stays(standing: Standing, application_id: int) -> bool:
    """Return whether a file keeps its seat: it holds it, or left too late to be replaced."""
    holder = next(each for each in standing.holders if each.application.id == application_id)
    return holder.holds or not still_replaceable(holder, DAY_OF_LAST_REPLACEMENT, clock.today(ZONES[holder.application.country]))


def _inputs_now(session: Session, decision: Decision, files: dict[str, Application]) -> RoundInputs:
    """Return the sealed question, with claims that were refuted since no longer counted."""
    inputs = round_inputs(decision.record)
    gone = refuted(session, [files[one.id] for one in inputs.applicants if one.id in files])
    codes = {each.code for each in files.values() if each.id in gone}
    return replace(inputs, applicants=tuple(
        replace(one, womens="no") if one.id in codes else one for one in inputs.applicants))


def _appeals(session: Session, round_: Round) -> tuple[list[str], tuple[str, ...]]:
    """Return the codes of upheld appeals without an offer yet, oldest first, and the countries whose appeal waits."""
    rows = session.execute(
        select(Application.code, Application.country, Appeal.state, Offer.id)
        .join(Appeal, Appeal.application_id == Application.id).outerjoin(Offer, Offer.application_id == Application.id)
        .where(Application.round_id == round_.id).order_by(Appeal.filed_at)
    ).all()
    upheld = [row.code for row in rows if row.state == "upheld" and row.id is None]
    return upheld, tuple(sorted({row.country for row in rows if row.state == "waiting"}))
