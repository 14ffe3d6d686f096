"""Screens the files of a closed call before reviews: shown first, carried out once, late files judged alone.

The rule is `rules.screening`; who then reads files and what decides is no part of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from flask_babel import lazy_gettext as _l
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from cohort.kit import audit, clock
from cohort.kit.access import Actor
from cohort.kit.errors import DomainError, wording
from cohort.rounds.applications.answers import Given
from cohort.rounds.applications.freezing import sent_answers
from cohort.rounds.calls.parts import Question, ScreeningTerms, questions_of, screening_terms_of
from cohort.rounds.calls.protocol import sha256_of
from cohort.rounds.decisions.ownership import refuted, womens_of
from cohort.rounds.decisions.tie_criteria import before_draw
from cohort.rounds.models import Application, Round, Screened
from cohort.rounds.reviews.models import Assignment
from cohort.rounds.scores.service import latest_scores
from cohort.rounds.screening.evidence import candidate_of, result_of, seats_of
from cohort.rounds.screening.queries import screened_in
from cohort.rules.screening import (
    POINT,
    Candidate,
    Screening,
    choice_worth,
    screened,
    screened_late,
    self_test_points,
)

wording("screening_off", _l("This call has no screening before reviews."), 409)
wording("screening_not_closed", _l("Files are screened after the call is closed and before the selection is adopted."), 409)
wording("screening_pending", _l("%(count)s files wait for an answer on eligibility. Settle them before you screen."), 409)
wording("screening_empty", _l("No file is eligible, so there is nothing to screen."), 409)
wording("screening_changed", _l("Files changed since this was shown. Look at it again before you carry it out."), 409)
wording("screening_locked", _l("Files are being reviewed or have scores already, so the screening stands."), 409)


@dataclass(frozen=True)
class Line:
    """One file with its points (ten-thousandths), whether it counts as women's, and what becomes of it.

    `is_new` says that no result stands for it yet.
    """

    application: Application
    candidate: Candidate
    result: Screening
    is_late: bool
    is_new: bool


@dataclass(frozen=True)
class Shown:
    """The screening of a round as it would be, or as it stands: every file, when it was done, whether it is locked."""

    terms: ScreeningTerms
    lines: tuple[Line, ...]
    pending_count: int
    screened_at: datetime | None
    is_locked: bool
    has_changes: bool

    @property
    def key(self) -> str:
        """What carrying out must bring back, so that nobody does another thing than the one they saw."""
        return sha256_of([
            [each.candidate.id, each.candidate.points, each.candidate.country, each.candidate.womens, each.result.outcome,
             each.is_new] for each in self.lines])

    @property
    def can_be_done(self) -> bool:
        """Whether carrying it out now would change something, and nothing stands in its way."""
        return bool(self.lines) and self.has_changes and not self.pending_count


def show(session: Session, actor: Actor, round_: Round) -> Shown:
    """Return what the screening makes of the files now; nothing is stored.

    Once files are reviewed or scored, results stand as they are, and only files that became eligible since are judged.
    Raises `screening_off` without the stage and `screening_not_closed` before closing.
    """
    actor.require("round.edit")
    terms = screening_terms_of(round_.protocol)
    if terms is None:
        raise DomainError("screening_off")
    if round_.status in {"draft", "open"}:
        raise DomainError("screening_not_closed")
    held = screened_in(session, round_.id)
    files = _files(session, round_.id, held)
    is_locked = bool(held) and (round_.status != "closed" or _is_in_use(session, round_.id))
    pending = sum(1 for each in files if each.eligible == "unknown")
    asked = _candidates(session, round_, [each for each in files if each.eligible == "yes"])
    lines = _standing(round_, files, held, asked) if is_locked else _fresh(round_, files, held, asked)
    first = min((row.screened_at for row in held.values()), default=None)
    return Shown(terms, tuple(lines), pending, first, is_locked, _differs(lines, held))


def carry_out(session: Session, actor: Actor, round_: Round, key: str) -> Shown:
    """Write the results that were shown (`key`) and note it; again, as long as no review is assigned and no score given.

    Raises while eligibility waits, when there is nothing to judge, and when files changed since it was shown.
    """
    session.execute(select(Round.id).where(Round.id == round_.id).with_for_update())  # a second one waits here
    session.refresh(round_)
    if round_.status != "closed":
        raise DomainError("screening_not_closed")
    shown = show(session, actor, round_)
    if shown.pending_count:
        raise DomainError("screening_pending", count=shown.pending_count)
    if not shown.lines:
        raise DomainError("screening_empty")
    if shown.key != key:
        raise DomainError("screening_changed")
    if not shown.has_changes:
        if shown.is_locked:
            raise DomainError("screening_locked")
        return shown
    _write(session, actor, round_, shown)
    return shown


def _write(session: Session, actor: Actor, round_: Round, shown: Shown) -> None:
    """Write what was shown over what stands; once locked, only files that have no result yet are added."""
    held, now = screened_in(session, round_.id), clock.now()
    written = [each for each in shown.lines if each.is_new or not shown.is_locked]
    for each in written:
        row = held.get(each.application.id) or Screened(application_id=each.application.id)
        row.points, row.womens, row.is_late = each.candidate.points, each.candidate.womens, each.is_late
        row.outcome, row.place = each.result.outcome, each.result.place
        row.screened_at, row.screened_by = now, actor.person_id
        session.add(row)
    if not shown.is_locked:
        for key in held.keys() - {each.application.id for each in written}:
            session.delete(held[key])
    session.flush()
    audit.record(session, actor, "round.screened", round_, before={"files": len(held)}, after={
        "files": len(written), "sent": sum(1 for each in written if each.result.outcome == "sent"),
        "late": sum(1 for each in written if each.is_late)})


def _files(session: Session, round_id: int, held: Mapping[int, Screened]) -> list[Application]:
    """Return the files that were sent in, and those with a result, by code."""
    statement = select(Application).where(
        Application.round_id == round_id, or_(Application.status == "submitted", Application.id.in_(held)))
    return list(session.scalars(statement.order_by(Application.code)))


def _is_in_use(session: Session, round_id: int) -> bool:
    """Return whether a file of the round was ever given to an evaluator, or has a score."""
    given = select(Assignment.id).join(Application, Application.id == Assignment.application_id)
    return session.scalar(given.where(Application.round_id == round_id).limit(1)) is not None or bool(
        latest_scores(session, round_id))


def _candidates(session: Session, round_: Round, files: Sequence[Application]) -> dict[int, Candidate]:
    """Return the files as the rule takes them: points of the answers that count, ownership as known now."""
    sent, not_proven = sent_answers(session, [each.id for each in files]), refuted(session, files)
    asked = [each for each in questions_of(round_.protocol) if each.is_self_test]
    return {
        each.id: Candidate(
            each.code, points_of(asked, Given(sent.get(each.id, each.answers), each.country)), each.country,
            womens_of(each, each.id in not_proven), before_draw(round_, each.facts or {}))
        for each in files
    }


def points_of(asked: Sequence[Question], given: Given) -> int:
    """Return the points of one self-test in ten-thousandths; an answer that is open or cannot be read counts 0."""
    return self_test_points([_worth(each, given) for each in asked])


def _worth(asked: Question, given: Given) -> Fraction | None:
    if asked.kind == "choice":
        places = {str(place): place for place in range(len(asked.choices))}
        place = places.get(given.text(asked.name))
        return None if place is None else choice_worth(place, len(asked.choices))
    percent = given.number(asked.name)
    return None if percent is None or percent > 100 else Fraction(percent)


def _fresh(
    round_: Round, files: Sequence[Application], held: Mapping[int, Screened], asked: Mapping[int, Candidate]
) -> list[Line]:
    found = screened(list(asked.values()), *_rule(round_))
    return [
        Line(each, asked[each.id], found[each.code], is_late=False, is_new=each.id not in held)
        for each in files if each.id in asked
    ]


def _standing(
    round_: Round, files: Sequence[Application], held: Mapping[int, Screened], asked: Mapping[int, Candidate]
) -> list[Line]:
    """Return what stands, and the files that became eligible since, each held against those screened at first."""
    stood = {each.id: candidate_of(round_, each, held[each.id]) for each in files if each.id in held}
    first = [stood[key] for key, row in held.items() if not row.is_late]
    lines = []
    for each in files:
        if each.id in held:
            row = held[each.id]
            lines.append(Line(each, stood[each.id], result_of(row), row.is_late, is_new=False))
        elif each.id in asked:
            result = screened_late(asked[each.id], first, *_rule(round_))
            lines.append(Line(each, asked[each.id], result, is_late=True, is_new=True))
    return lines


def _rule(round_: Round) -> tuple[dict[str, int], int, int, str]:
    """Return seats by country, files a seat, pass mark and seed, as the rule takes them."""
    terms = screening_terms_of(round_.protocol)
    assert terms is not None
    return seats_of(round_), terms.multiple, int(terms.pass_mark * POINT), round_.seed


def _differs(lines: Sequence[Line], held: Mapping[int, Screened]) -> bool:
    """Return whether carrying it out would change what stands."""
    stands = {key: (row.points, row.outcome, row.place, row.womens) for key, row in held.items()}
    return stands != {
        each.application.id: (each.candidate.points, each.result.outcome, each.result.place, each.candidate.womens)
        for each in lines
    }
