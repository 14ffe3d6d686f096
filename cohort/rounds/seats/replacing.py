"""Finds and calls who takes free seats: the exact re-solve of the sealed question with those who stay fixed.

A dry run shows who would enter before anybody is called. Seats of a country whose appeal waits stay frozen.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session

from cohort.firms.words import country_name
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
from cohort.rounds.files.replay import round_question
from cohort.rounds.models import Appeal, Application, Decision, Round
from cohort.rounds.seats.models import Offer
from cohort.rounds.seats.models import Replacement as ReplacementMade
from cohort.rounds.seats.offers import DAY_OF_LAST_REPLACEMENT, make_offers
from cohort.rounds.seats.standing import Standing, standing_of, still_replaceable
from cohort.rules.replacement import PassedOver, Replacement, replacement
from cohort.rules.round_question import RoundQuestion

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
    question: RoundQuestion
    found: Replacement
    stayers: tuple[str, ...]
    barred: tuple[str, ...]
    passed_over: tuple[tuple[Application, PassedOver], ...]
    womens_after: int
    frozen: tuple[str, ...] = ()  # countries whose appeal waits

    @property
    def blocked(self) -> list[str]:
        """Countries whose appeal keeps somebody out who would enter; none of those who would may be called before its answer."""
        return sorted({each.country for each in self.entering if each.code not in self.found.first} & set(self.frozen))

    @property
    def key(self) -> str:
        """Hash of what was shown."""
        return sha256_of([sorted(self.stayers), sorted(self.barred), [each.code for each in self.entering]])


Asked = tuple[RoundQuestion, tuple[str, ...], tuple[str, ...], tuple[str, ...]]


def resolve(asked: Asked) -> Replacement:
    """Return who enters; stands at the top of the module so that a child can run it."""
    return replacement(*asked)


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
        question = _question_now(session, decision, files)
        upheld, frozen = _appeals(session, round_)
    if not standing.holders:
        raise DomainError("replace_not_sent")
    stayers = tuple(sorted([*standing.unsent, *(  # whoever has no letter yet keeps the seat of the sealed list
        each.application.code for each in standing.holders
        if _stays(standing, each.application.id) and each.application.id not in leaving)]))
    barred = tuple(sorted({each.application.code for each in standing.holders} - set(stayers)))
    if len(stayers) >= standing.selected:
        raise DomainError("replace_nobody_free")
    known = {one.id for one in question.applicants}
    first = tuple(code for code in upheld if code in known and code not in {*stayers, *barred})
    found = run_in_child(resolve, (question, stayers, barred, first), TIMEOUT_SECONDS)
    if found.found.status != "optimal":
        raise DomainError("replace_nobody_fits")
    womens = {one.id for one in question.applicants if one.womens == "yes"}
    return Called(
        tuple(files[code] for code in barred), tuple(files[code] for code in found.found.selected if code not in stayers),
        question, found, stayers, barred, tuple((files[each.id], each) for each in found.passed_over),
        len(womens & set(found.found.selected)), frozen,
    )


def call(session: Session, actor: Actor, round_: Round, key: str, reason: str) -> ReplacementMade:
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
    blocked = called.blocked
    if blocked:
        raise DomainError("replace_frozen", countries=", ".join(map(country_name, blocked)))
    if not reason.strip():
        raise DomainError("seat_reason_missing")
    decision = decision_of(session, round_.id)
    assert decision is not None, "the dry run found it"
    record = record_of(called)
    made = ReplacementMade(
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
    stayers = (*called.stayers, *called.found.first)
    return dict(round_record(called.question, called.found.found, stayers, called.barred))


def _stays(standing: Standing, application_id: int) -> bool:
    """Return whether a file keeps its seat: it holds it, or left too late to be replaced."""
    holder = next(each for each in standing.holders if each.application.id == application_id)
    return holder.holds or not still_replaceable(holder, DAY_OF_LAST_REPLACEMENT, clock.today(ZONES[holder.application.country]))


def _question_now(session: Session, decision: Decision, files: dict[str, Application]) -> RoundQuestion:
    """Return the sealed question, with claims that were refuted since no longer counted."""
    question = round_question(decision.record)
    gone = refuted(session, [files[one.id] for one in question.applicants if one.id in files])
    codes = {each.code for each in files.values() if each.id in gone}
    return replace(question, applicants=tuple(
        replace(one, womens="no") if one.id in codes else one for one in question.applicants))


def _appeals(session: Session, round_: Round) -> tuple[list[str], tuple[str, ...]]:
    """Return the codes of upheld appeals without an offer yet, oldest first, and the countries whose appeal waits."""
    rows = session.execute(
        select(Application.code, Application.country, Appeal.state, Offer.id)
        .join(Appeal, Appeal.application_id == Application.id).outerjoin(Offer, Offer.application_id == Application.id)
        .where(Application.round_id == round_.id).order_by(Appeal.filed_at)
    ).all()
    upheld = [row.code for row in rows if row.state == "upheld" and row.id is None]
    return upheld, tuple(sorted({row.country for row in rows if row.state == "waiting"}))
