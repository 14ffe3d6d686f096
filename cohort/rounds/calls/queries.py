"""Reads rounds and how they stand: counts by country, eligibility and score; public pages read every row by decision."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, joinedload

from cohort.firms.models import ConsentEntry, Firm
from cohort.kit.access import unscoped
from cohort.kit.errors import DomainError
from cohort.rounds.models import Application, Decision, Round, ScoreEntry, Seat
from cohort.rounds.screening.queries import state_of_file
from cohort.rounds.seats.models import Offer

STEPS = ("draft", "open", "review", "selection", "sealed", "offers")


@dataclass(frozen=True)
class Standing:
    """How one country's files stand, or all together: drafts, sent in, by eligibility, screening and score, women's."""

    country: str
    draft: int = 0
    submitted: int = 0
    eligible: int = 0
    pending: int = 0
    ineligible: int = 0
    scored: int = 0
    womens: int = 0
    left_out: int = 0
    unscreened: int = 0

    @property
    def to_score(self) -> int:
        """Eligible files that need a score: all but those that the screening left out or has still to judge."""
        return self.eligible - self.left_out - self.unscreened

    @property
    def unscored(self) -> int:
        """Files that need a score and have none."""
        return self.to_score - self.scored


def rounds_of(session: Session, plan_id: int | None) -> list[Round]:
    """Return the rounds of a plan, the latest first."""
    return list(session.scalars(select(Round).where(Round.plan_id == plan_id).order_by(Round.id.desc())))


def sent_counts(session: Session, round_ids: Sequence[int]) -> dict[int, int]:
    """Return how many applications each round holds, sent in, within the actor's reach."""
    statement = select(Application.round_id, func.count(Application.id)).where(
        Application.round_id.in_(round_ids), Application.status == "submitted")
    return dict(session.execute(statement.group_by(Application.round_id)).all())


def round_of(session: Session, round_id: int, plan_id: int | None) -> Round:
    """Return a round of the plan; raises `not_found`."""
    found = session.scalars(
        select(Round).where(Round.id == round_id, Round.plan_id == plan_id).options(joinedload(Round.plan))
    ).one_or_none()
    if found is None:
        raise DomainError("not_found")
    return found


def call_of(session: Session, code: str) -> Round:
    """Return a call that anybody may see, by its code; a draft is not found."""
    found = session.scalars(
        select(Round).where(Round.code == code, Round.status != "draft").options(joinedload(Round.plan))).one_or_none()
    if found is None:
        raise DomainError("not_found")
    return found


def calls_by_state(session: Session, now: datetime) -> tuple[list[Round], list[Round]]:
    """Return the calls that take applications, the first to close first, and all others but drafts, latest first."""
    found = list(session.scalars(select(Round).where(Round.status != "draft").order_by(Round.closes_at, Round.id)))
    taking = [each for each in found if each.status == "open" and each.opens_at <= now <= each.closes_at]
    return taking, [each for each in reversed(found) if each not in taking]


def standings_of(session: Session, round_: Round) -> list[Standing]:
    """Return how the files of each country stand, within the actor's reach; two queries whatever their number."""
    scored = (
        select(ScoreEntry.application_id).where(ScoreEntry.id.in_(
            select(func.max(ScoreEntry.id)).group_by(ScoreEntry.application_id)), ScoreEntry.score.is_not(None))
    )
    each = (
        select(
            Application.country, Application.status, Application.eligible,
            Application.id.in_(scored).label("is_scored"), state_of_file(round_).label("screened"),
            ((Firm.women_owned == "yes") | (Firm.women_led == "yes")).label("is_womens"))
        .outerjoin(Firm, Firm.id == Application.firm_id).where(Application.round_id == round_.id).subquery()
    )
    kinds = (each.c.country, each.c.status, each.c.eligible, each.c.is_scored, each.c.screened, each.c.is_womens)
    statement = select(*kinds, func.count()).group_by(*kinds)
    counts: dict[str, dict[str, int]] = {}
    for country, status, eligible, is_scored, screened, is_womens, count in session.execute(statement):
        held = counts.setdefault(country, {})
        for name in _kinds(status, eligible, bool(is_scored), screened, bool(is_womens)):
            held[name] = held.get(name, 0) + count
    order = list(round_.protocol["countries"])
    return [Standing(code, **counts[code]) for code in sorted(counts, key=lambda one: (one not in order, one))]


def _kinds(status: str, eligible: str, is_scored: bool, screened: str, is_womens: bool) -> list[str]:
    if status != "submitted":
        return [status] if status == "draft" else []
    kinds = ["submitted", {"yes": "eligible", "no": "ineligible"}.get(eligible, "pending")]
    if eligible == "yes" and (screened != "sent" or is_scored):
        kinds.append("scored" if screened == "sent" else screened)
    return [*kinds, "womens"] if is_womens else kinds


def total_of(standings: Sequence[Standing]) -> Standing:
    """Return the sum of all countries."""
    names = ("draft", "submitted", "eligible", "pending", "ineligible", "scored", "womens", "left_out", "unscreened")
    return Standing("", **{name: sum(getattr(each, name) for each in standings) for name in names})


def step_of(round_: Round, total: Standing) -> int:
    """Return where the round stands on its way, counted from 0 in `STEPS`."""
    if round_.status == "closed":
        return 2 if total.unscreened or total.unscored or total.pending or not total.scored else 3
    return {"draft": 0, "open": 1, "decided": 4, "published": 5}[round_.status]


def published_firms(session: Session, round_: Round) -> tuple[dict[str, list[str]], dict[str, int]]:
    """Return the selected firms that agreed to be named, by country, and how many did not, without any code.

    Public: reads every seat on purpose, and gives out names alone.
    """
    chosen = select(Seat.application_id).join(Decision, Decision.id == Seat.decision_id).where(
        Decision.round_id == round_.id, Seat.outcome == "selected")
    return _named(session, chosen)


def called_later(session: Session, round_: Round) -> tuple[dict[str, list[str]], dict[str, int]]:
    """Return the firms that were called from the waiting list and accepted, in the shape of `published_firms`."""
    called = select(Offer.application_id).join(Decision, Decision.id == Offer.decision_id).where(
        Decision.round_id == round_.id, Offer.replacement_id.is_not(None), Offer.state == "accepted")
    return _named(session, called)


def _named(session: Session, applications: Select[int]) -> tuple[dict[str, list[str]], dict[str, int]]:
    with unscoped(session):
        rows = session.execute(
            select(Firm.id, Firm.country, Firm.trade_name, Firm.legal_name)
            .join(Application, Application.firm_id == Firm.id).where(Application.id.in_(applications))
            .order_by(Firm.country, Firm.sort_name)
        ).all()
        agreed = _agreed(session, [row.id for row in rows])
    named: dict[str, list[str]] = {}
    unnamed: dict[str, int] = {}
    for row in rows:
        if row.id in agreed:
            named.setdefault(row.country, []).append(row.trade_name or row.legal_name)
        else:
            unnamed[row.country] = unnamed.get(row.country, 0) + 1
    return named, unnamed


def _agreed(session: Session, firm_ids: Sequence[int]) -> set[int]:
    """Return the firms whose every last word on being shown in public is yes."""
    last: dict[tuple[int, int | None], bool] = {}
    statement = select(ConsentEntry.firm_id, ConsentEntry.person_id, ConsentEntry.is_given).where(
        ConsentEntry.firm_id.in_(firm_ids), ConsentEntry.purpose == "public_display").order_by(ConsentEntry.id)
    for firm_id, person_id, is_given in session.execute(statement):
        last[firm_id, person_id] = is_given
    refused = {firm_id for (firm_id, _person), is_given in last.items() if not is_given}
    return {firm_id for firm_id, _person in last} - refused
