"""Changes the rules of a draft: eligibility, days, waitlist, what parity counts, and further rules about the chosen.

Whether a further rule can be kept by the seats is said in `quota_checks`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from cohort.kit.access import Actor
from cohort.kit.errors import DomainError, wording
from cohort.rounds.calls.drafting import change
from cohort.rounds.calls.parts import LotteryTerms, ScreeningTerms
from cohort.rounds.calls.protocol import ALWAYS_ON, CHECKS
from cohort.rounds.calls.quota_checks import require_sound
from cohort.rounds.decisions.attributes import quotas_of
from cohort.rounds.decisions.tie_criteria import require_ties
from cohort.rounds.decisions.words import COUNTS, SHORTFALLS, quota_name
from cohort.rounds.files.record import quota_json
from cohort.rounds.models import Round
from cohort.rounds.screening.terms import screening_json
from cohort.rules.quotas import Quota

wording("rules_days", _l("Days are whole numbers from 1 to 90."))
wording("rules_number", _l("Give whole numbers from 0."))
wording("rules_bands", _l("The lower ends of merit bands are points above the lowest score of %(minimum)s and up to 100; %(most)s bands at most."))
wording("rules_parity", _l("Choose what parity counts, and what happens when too few such firms apply."))

MOST_BANDS = 6
POINTS = 10_000


@dataclass(frozen=True)
class Rules:
    """What a draft says besides seats, countries and dates; days are working days of the firm's country."""

    checks_on: frozenset[str]
    thresholds: Mapping[str, int]  # least_months, most_exports
    counts: str
    shortfall: str
    offer_days: int
    appeal_days: Mapping[str, int]  # by country
    appeal_answer_days: int
    waitlist_count: int
    screening: ScreeningTerms | None = None
    lottery: LotteryTerms | None = None
    tie_criteria: tuple[str, ...] = ()  # what settles equal points before the draw, in order


def set_rules(session: Session, actor: Actor, round_: Round, said: Rules) -> None:
    """Write the rules into a draft; what must hold for anybody stays on. Raises for days or numbers out of reach."""
    days = (said.offer_days, said.appeal_answer_days, *said.appeal_days.values())
    if any(not 1 <= each <= 90 for each in days):
        raise DomainError("rules_days")
    if any(each < 0 for each in (said.waitlist_count, *said.thresholds.values())):
        raise DomainError("rules_number")
    if said.counts not in COUNTS or said.shortfall not in SHORTFALLS:
        raise DomainError("rules_parity")
    protocol = round_.protocol
    require_ties(
        said.tie_criteria, {row["criterion"] for row in protocol["rubric"]}, has_lottery=said.lottery is not None)
    change(
        session, actor, round_, tie_criteria=list(said.tie_criteria), eligibility=_eligibility(said), offer_days=said.offer_days,
        appeal_days={code: said.appeal_days[code] for code in protocol["countries"]},
        appeal_answer_days=said.appeal_answer_days, waitlist_count=said.waitlist_count,
        screening=screening_json(said.screening), lottery=_lottery_json(said.lottery, Decimal(protocol["minimum_score"])),
        parity={**protocol["parity"], "counts": said.counts, "shortfall": said.shortfall},
    )


def add_quota(session: Session, actor: Actor, round_: Round, quota: Quota) -> None:
    """Add a rule about the chosen under a name of its own; raises what `require_sound` raises, and for a second one."""
    require_sound(round_.protocol, quota)
    held = quotas_of(round_.protocol)
    if any((each.where, each.of) == (quota.where, quota.of) for each in held):
        raise DomainError("quota_twice", rule=quota_name(quota_json(quota), round_.protocol))
    number = 1 + max((int(each.name.partition(":")[2]) for each in held), default=0)
    change(session, actor, round_, quotas=[*map(quota_json, held), quota_json(replace(quota, name=f"quota:{number}"))])


def remove_quota(session: Session, actor: Actor, round_: Round, name: str) -> None:
    """Take a further rule out of a draft; one that is not there is nobody's fault."""
    change(session, actor, round_, quotas=[quota_json(each) for each in quotas_of(round_.protocol) if each.name != name])


def _lottery_json(terms: LotteryTerms | None, minimum: Decimal) -> dict[str, Any] | None:
    if terms is None:
        return None
    edges = sorted(set(terms.bands), reverse=True)
    if any(not minimum < edge <= 100 or edge * POINTS % 1 for edge in edges) or len(edges) > MOST_BANDS - 1:
        raise DomainError("rules_bands", minimum=minimum, most=MOST_BANDS)
    return {"bands": [f"{edge.normalize():f}" for edge in edges]}


def _eligibility(said: Rules) -> list[dict[str, Any]]:
    return [
        {"check": check, "is_on": check in said.checks_on or check in ALWAYS_ON,
         **{name: said.thresholds.get(name, usual) for name, usual in limits.items()}}
        for check, limits in CHECKS.items() if check != "owner_group"
    ]
