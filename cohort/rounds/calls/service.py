"""Takes a round from draft to closed: made from a ready template, opened under seal, closed with its pool frozen.

Scoring, deciding and publishing stand in their own rooms; which firm is eligible is judged in `applications`.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cohort.kit import audit, clock
from cohort.kit.access import Actor, unscoped
from cohort.kit.errors import DomainError, wording
from cohort.plans import queries as plans
from cohort.plans.models import Plan
from cohort.rounds.applications import freezing
from cohort.rounds.calls.copying import for_countries
from cohort.rounds.calls.crossings import rare_on_register, require_reason
from cohort.rounds.calls.parts import lottery_terms_of
from cohort.rounds.calls.protocol import TEMPLATES, Terms, carried, protocol_of, sha256_of, sha256_text
from cohort.rounds.calls.quota_checks import require_all_sound
from cohort.rounds.calls.times import local_text
from cohort.rounds.models import Addendum, Round
from cohort.rounds.screening.terms import require_screenable

wording("round_code_taken", _l("There is a call with the code “%(taken)s” already. Choose another code."))
wording("round_code_form", _l("The code has 3 to 30 small letters, digits and hyphens, such as 2026-1."))
wording("round_dates", _l("The call must close after it opens."))
wording("round_closes_past", _l("The closing date is in the past. Choose a later one before you open the call."))
wording("round_seats", _l("A call needs at least one seat, and one for each country that has its own seats."))
wording("round_countries", _l("Choose the countries: at least one."))
wording("round_share", _l("The share is a percentage from 0 to 100."))
wording("round_not_draft", _l("This call is open already: its rules are sealed and cannot be changed."), 409)
wording("round_not_open", _l("This call is not open."), 409)
wording("round_still_open", _l("This call takes applications until %(until)s. Close it after that."), 409)
wording("round_empty", _l("Nobody has applied. Extend the call before you close it."), 409)
wording("addendum_earlier", _l("The new deadline must be later than the present one."))


@dataclass(frozen=True)
class NewRound:
    """What a manager says of a new call; `terms` name the ready template and its few numbers."""

    code: str
    title_es: str
    title_en: str
    opens_at: datetime
    closes_at: datetime
    time_zone: str
    terms: Terms
    grace_minutes: int = 15


def create_round(session: Session, actor: Actor, plan: Plan, new: NewRound, earlier: Round | None = None) -> Round:
    """Return a draft round from a ready template; raises for a taken code, wrong dates, seats or countries.

    What a draft's first page does not ask for is copied from `earlier`, where there is one, but for rules that name a
    country which the new call has not.
    """
    actor.require("round.edit")
    _check(session, new, None)
    facts = _facts_of(session, plan, new)
    if earlier is not None:
        facts["protocol"] = carried(for_countries(earlier.protocol, new.terms.countries), facts["protocol"])
        require_all_sound(facts["protocol"])
    made = Round(
        plan_id=plan.id, plan=plan, status="draft", seed=secrets.token_hex(16), recorded_at=clock.now(),
        recorded_by=actor.person_id, **facts,
    )
    session.add(made)
    session.flush()
    audit.record(session, actor, "round.created", made, after={"code": made.code, "seats": made.seats})
    return made


def edit_round(session: Session, actor: Actor, round_: Round, new: NewRound) -> None:
    """Change a draft; an open call is refused, for its rules are sealed."""
    actor.require("round.edit")
    _expect(round_, "draft", "round_not_draft")
    _check(session, new, round_.id)
    before = {"seats": round_.seats, "protocol": round_.protocol}
    facts = _facts_of(session, round_.plan, new)
    facts["protocol"] = carried(round_.protocol, facts["protocol"])
    require_all_sound(facts["protocol"])
    for name, value in facts.items():
        setattr(round_, name, value)
    session.flush()
    audit.record(session, actor, "round.edited", round_, before=before, after={"seats": round_.seats, "protocol": round_.protocol})


def open_round(session: Session, actor: Actor, round_: Round, rare_reason: str = "") -> None:
    """Open the call: the protocol is sealed by its SHA-256, and the SHA-256 of the seed is published.

    From here on the rules stand. Raises unless the round is a draft that closes in the future, whose seats can
    keep its rules and whose screening has a self-test; and without a reason where crossings of what the rules name
    are rare on the register.
    """
    actor.require("round.edit")
    _expect(round_, "draft", "round_not_draft")
    if round_.closes_at <= clock.now():
        raise DomainError("round_closes_past")
    require_all_sound(round_.protocol)
    require_screenable(round_.protocol)
    rare = require_reason(rare_on_register(session, round_), rare_reason)
    round_.status, round_.opened_at = "open", clock.now()
    round_.protocol_hash, round_.seed_hash = sha256_of(round_.protocol), sha256_text(round_.seed)
    session.flush()
    audit.record(session, actor, "round.opened", round_, after={"protocol_hash": round_.protocol_hash, "seed_hash": round_.seed_hash, **rare})


def deadline_of(round_: Round) -> datetime:
    """Return the last instant at which an application is taken, grace included; later by one second is late."""
    return round_.closes_at + timedelta(minutes=round_.grace_minutes)


def takes_applications(round_: Round) -> bool:
    """Return whether a firm may submit now: open, begun, and not past the deadline with its grace."""
    return round_.status == "open" and round_.opens_at <= clock.now() <= deadline_of(round_)


def close_round(session: Session, actor: Actor, round_: Round) -> int:
    """Close the call and return how many applications count: their facts are frozen, then the seed is revealed.

    Raises before the deadline with its grace has passed, and when nobody applied.
    """
    actor.require("round.edit")
    _expect(round_, "open", "round_not_open")
    if clock.now() <= deadline_of(round_):
        raise DomainError("round_still_open", until=local_text(deadline_of(round_), round_.time_zone))
    with unscoped(session):
        pool = freezing.freeze(session, round_)
    if not pool:
        raise DomainError("round_empty")
    round_.status, round_.closed_at = "closed", clock.now()
    round_.pool_hash = sha256_of(pool)
    session.flush()
    seed = {} if lottery_terms_of(round_.protocol) else {"seed": round_.seed}  # a lottery's is revealed by its draw
    audit.record(session, actor, "round.closed", round_, after={"applications": len(pool), "pool_hash": round_.pool_hash, **seed})
    return len(pool)


def add_addendum(
    session: Session, actor: Actor, round_: Round, text_es: str, text_en: str, closes_at: datetime | None = None
) -> Addendum:
    """Publish a clarification of an open call, which may move the deadline later; the sealed rules stay."""
    actor.require("round.edit")
    _expect(round_, "open", "round_not_open")
    if closes_at is not None and closes_at <= round_.closes_at:
        raise DomainError("addendum_earlier")
    addendum = Addendum(
        round_id=round_.id, text_es=text_es, text_en=text_en, closes_at=closes_at,
        published_on=clock.today(round_.time_zone), recorded_at=clock.now(), recorded_by=actor.person_id,
    )
    round_.addenda.append(addendum)
    before = round_.closes_at
    round_.closes_at = closes_at or before
    session.flush()
    audit.record(session, actor, "round.addendum", round_, before={"closes_at": before}, after={"closes_at": round_.closes_at, "text": text_es})
    return addendum


def _facts_of(session: Session, plan: Plan, new: NewRound) -> dict[str, Any]:
    parity = plans.policy_on(session, plan.id, "parity", clock.today(new.time_zone)).settings
    return {
        "code": new.code, "kind": "national" if new.terms.template == "national" else "regional",
        "title_es": new.title_es, "title_en": new.title_en, "opens_at": new.opens_at, "closes_at": new.closes_at,
        "time_zone": new.time_zone, "grace_minutes": new.grace_minutes, "seats": new.terms.seats,
        "protocol": protocol_of(new.terms, parity),
    }


def _check(session: Session, new: NewRound, own_id: int | None) -> None:
    terms = new.terms
    if not re.fullmatch("[a-z0-9][a-z0-9-]{2,29}", new.code):
        raise DomainError("round_code_form")
    taken = select(func.count(Round.id)).where(Round.code == new.code, Round.id != (own_id or 0))
    if session.scalar(taken):
        raise DomainError("round_code_taken", taken=new.code)
    if new.closes_at <= new.opens_at:
        raise DomainError("round_dates")
    if terms.template not in TEMPLATES or not terms.countries:
        raise DomainError("round_countries")
    if terms.seats < (1 if terms.template == "free" else len(terms.countries)):
        raise DomainError("round_seats")
    if not 0 <= terms.share <= 1:
        raise DomainError("round_share")


def _expect(round_: Round, status: str, refusal: str) -> None:
    if round_.status != status:
        raise DomainError(refusal)
