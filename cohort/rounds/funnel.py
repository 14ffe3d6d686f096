"""Counts women's firms among those who were invited, began, applied, were eligible, screened, reached the minimum, were chosen and accepted.

By country, size or sector, on frozen facts. Whoever may not read firms gets small groups hidden (rule 22, domain.md).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, cast

from sqlalchemy import select
from sqlalchemy.orm import Session

from cohort.firms.models import Firm
from cohort.kit import clock
from cohort.kit.access import Role, unscoped
from cohort.people.models import Invitation
from cohort.rounds.calls.parts import screening_terms_of
from cohort.rounds.decisions.ownership import CHECK
from cohort.rounds.models import Application, Finding, Round, Seat
from cohort.rounds.scores.service import latest_scores
from cohort.rounds.screening.queries import state_of_file
from cohort.rounds.seats.models import Offer
from cohort.rules.shortfall import Answer, Counts, womens
from cohort.rules.suppression import Split, protect_splits

STAGES = ("invited", "began", "applied", "eligible", "screened", "minimum", "selected", "accepted")
CUTS = ("country", "size_class", "sector")
_OF_FIRM = (Firm.size_class, Firm.sector, Firm.women_owned, Firm.women_led)


@dataclass(frozen=True)
class Step:
    """One stage of one group: how many firms, how many count as women's (None: hidden), how many nobody knows."""

    stage: str
    total: int
    womens: int | None
    unknown: int


def stages_of(round_: Round) -> tuple[str, ...]:
    """Return the stages of a round in order; only a call that screens has the one before reviews."""
    return STAGES if screening_terms_of(round_.protocol) is not None else tuple(name for name in STAGES if name != "screened")


def funnel_of(session: Session, round_: Round, cut: str, *, is_protected: bool) -> dict[str, list[Step]]:
    """Return the stages of the whole round ('' first) and of each value of `cut`, in order.

    Totals add up over the groups at every stage; with `is_protected` the women's count of a small group is hidden,
    and with it the one by which it could be worked out.
    """
    with unscoped(session):  # counts of all countries; no row of a firm leaves this function
        found = list(_facts(session, round_, cut))
    groups = sorted({group for group, _reached, _womens in found})
    counted = {
        (name, stage): [womens for group, reached, womens in found if stage in reached and name in {"", group}]
        for name in ("", *groups) for stage in stages_of(round_)
    }
    answer: dict[str, list[Step]] = {name: [] for name in ("", *groups)}
    for stage in stages_of(round_):
        shown = _shown({name: counted[name, stage] for name in groups}, is_protected)
        for name in ("", *groups):
            held = counted[name, stage]
            womens = shown[name] if name else sum(1 for one in held if one == "yes")
            answer[name].append(Step(stage, len(held), womens, sum(1 for one in held if one == "unknown")))
    return answer


def _shown(groups: Mapping[str, list[str]], is_protected: bool) -> Mapping[str, int | None]:
    splits = {name: Split(sum(1 for one in held if one == "yes"), len(held)) for name, held in groups.items()}
    return protect_splits(splits) if is_protected else {name: each.part for name, each in splits.items()}


def _facts(session: Session, round_: Round, cut: str) -> Iterable[tuple[str, frozenset[str], str]]:
    """Yield for each file its group, the stages that it reached, and whether it counts as women's."""
    scores = {key: row.score or 0 for key, row in latest_scores(session, round_.id).items()}
    lowest = int(Decimal(round_.protocol["minimum_score"]) * 10_000)
    selected = _ids(session, select(Seat.application_id).join(Application, Application.id == Seat.application_id).where(
        Application.round_id == round_.id, Seat.outcome == "selected"))
    accepted = _ids(session, select(Offer.application_id).join(Application, Application.id == Offer.application_id).where(
        Application.round_id == round_.id, Offer.state == "accepted"))
    refuted = _ids(session, select(Finding.application_id).join(Application, Application.id == Finding.application_id).where(
        Application.round_id == round_.id, Finding.check == CHECK, Finding.answer == "no"))
    statement = select(
        Application.id, Application.country, Application.status, Application.eligible, Application.facts, *_OF_FIRM,
        state_of_file(round_).label("screened"),
    ).outerjoin(Firm, Firm.id == Application.firm_id).where(Application.round_id == round_.id)
    for row in session.execute(statement):
        facts: Mapping[str, Any] = row.facts or _facts_of_firm(round_, row)
        reached = {"invited", "began", "applied"} if row.status == "submitted" else {"invited", "began"}
        if row.status == "submitted" and row.eligible == "yes":
            reached.add("eligible")
            if row.screened == "sent":
                reached.add("screened")
            if row.screened == "sent" and scores.get(row.id, -1) >= lowest:
                reached.add("minimum")
        reached |= {name for name, held in (("selected", selected), ("accepted", accepted)) if row.id in held}
        yield _group(row.country, facts, cut), frozenset(reached), "no" if row.id in refuted else str(facts.get("womens") or "unknown")
    for row in session.execute(_invited(round_)):
        facts = _facts_of_firm(round_, row)
        yield _group(row.country, facts, cut), frozenset({"invited"}), facts["womens"]


def _invited(round_: Round) -> Any:
    """Return the query of the firms whose people were invited before the call closed, and that did not begin."""
    invited = select(Invitation.firm_id).where(
        Invitation.plan_id == round_.plan_id, Invitation.role == Role.FIRM, Invitation.firm_id.is_not(None),
        Invitation.recorded_at <= (round_.closed_at or clock.now()))
    began = select(Application.firm_id).where(Application.round_id == round_.id, Application.firm_id.is_not(None))
    return select(Firm.country, *_OF_FIRM).where(
        Firm.country.in_(round_.protocol["countries"]), Firm.id.in_(invited), Firm.id.not_in(began))


def _facts_of_firm(round_: Round, row: Any) -> dict[str, str]:
    """Return what the register says of a firm whose file is not frozen."""
    counts = cast(Counts, round_.protocol["parity"]["counts"])
    owned, led = (cast(Answer, each or "unknown") for each in (row.women_owned, row.women_led))
    return {"size_class": row.size_class or "unknown", "sector": row.sector or "", "womens": womens(owned, led, counts)}


def _group(country: str, facts: Mapping[str, Any], cut: str) -> str:
    return country if cut == "country" else str(facts.get(cut) or "unknown")


def _ids(session: Session, statement: Any) -> frozenset[int]:
    return frozenset(session.scalars(statement))
