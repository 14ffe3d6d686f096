"""Reads how the reviews of a round stand for its manager: files, loads, gaps, conflicts and scores side by side.

It changes nothing. Evaluators read their own files through `waiting`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from cohort.people.models import Person
from cohort.rounds.calls.parts import ReviewTerms
from cohort.rounds.models import Application, Round
from cohort.rounds.reviews import assigning, conflicts, correction, settling, waiting
from cohort.rounds.reviews.models import Assignment, Conflict, Review, ReviewSent
from cohort.rounds.reviews.outcome import Standing, standing_of
from cohort.rounds.reviews.waiting import Counts
from cohort.rounds.scores.queries import names_of
from cohort.rounds.scores.service import latest_scores


@dataclass(frozen=True)
class FileLine:
    """One file as the board shows it; points and gap in ten-thousandths."""

    application_id: int
    code: str
    firm: str
    country: str
    given_count: int
    standing: Standing
    points: tuple[int, ...]
    score: int | None
    low: tuple[str, ...]

    @property
    def state(self) -> str:
        """Whether it lacks an evaluator, is complete, waits for a third review, or is being reviewed."""
        if self.given_count < self.standing.needed_count:
            return "short"
        if self.standing.is_complete:
            return "complete"
        return "apart" if self.standing.calls_third else "open"


@dataclass(frozen=True)
class LoadLine:
    """One evaluator with what stands in their hands; `has_role` is false once the role has ended."""

    person_id: int
    name: str
    country: str
    counts: Counts
    has_role: bool


@dataclass(frozen=True)
class ScoreLine:
    """The scores of one complete file side by side, in points: raw mean, median, corrected for severity with its error."""

    application_id: int
    firm: str
    code: str
    reviews: tuple[int, ...]
    raw: Fraction
    median: Fraction
    corrected: Fraction
    error: float | None
    score: int | None


def file_lines(session: Session, round_: Round, terms: ReviewTerms) -> list[FileLine]:
    """Return every file that needs reviews, by code."""
    files = assigning.to_review(session, round_.id)
    found = settling.reviewed(session, round_, terms)
    scores = latest_scores(session, round_.id)
    low = settling.files_below_least_mark(session, round_)
    names = names_of(session, [each.id for each in files])
    given: dict[int, int] = defaultdict(int)
    for file, _person in assigning.standing_pairs(session, round_.id):
        given[file] += 1
    return [
        FileLine(
            each.id, each.code, names[each.id], each.country, given[each.id],
            found.standings.get(each.id, standing_of(terms, ())), tuple(one.points for one in found.counted.get(each.id, ())),
            scores[each.id].score if each.id in scores else None,
            low.get(each.id, ()))
        for each in files
    ]


def load_lines(session: Session, round_: Round) -> list[LoadLine]:
    """Return every evaluator of the plan, and whoever has files without the role any more, by name."""
    counts = waiting.counts_of(session, round_.id)
    people = conflicts.evaluators_of(session, round_.plan_id)
    others = session.scalars(select(Person).where(Person.id.in_(set(counts) - {each.id for each in people}))).all()
    lines = [_load(each, counts, has_role=True) for each in people] + [_load(each, counts, has_role=False) for each in others]
    return sorted(lines, key=lambda line: (line.name, line.person_id))


def _load(person: Person, counts: Mapping[int, Counts], *, has_role: bool) -> LoadLine:
    return LoadLine(person.id, person.name or person.email, home_of(person), counts.get(person.id, Counts()), has_role)


def home_of(person: Person) -> str:
    """Return the country of an evaluator's office, else of the person; empty when neither is known."""
    return person.office_country or person.region or ""


@dataclass(frozen=True)
class ConflictLine:
    """The latest word on one evaluator and one file."""

    said: Conflict
    code: str
    firm: str
    evaluator: str


def conflict_lines(session: Session, round_: Round) -> list[ConflictLine]:
    """Return the conflicts that bar somebody now, and what staff lifted, the latest first."""
    words = [said for said in conflicts.words_on(session, round_.id).values() if said.has_conflict or said.source == "staff"]
    files = {each.id: each for each in session.scalars(
        select(Application).where(Application.id.in_([said.application_id for said in words])))}
    names = names_of(session, list(files))
    people = {each.id: each.name or each.email for each in session.scalars(
        select(Person).where(Person.id.in_([said.evaluator_id for said in words])))}
    return [
        ConflictLine(said, files[said.application_id].code, names[said.application_id], people[said.evaluator_id])
        for said in sorted(words, key=lambda each: -each.id)
    ]


@dataclass(frozen=True)
class FoundLine:
    """A link that the check finds, and whether the file is closed to the evaluator already."""

    application_id: int
    person_id: int
    code: str
    firm: str
    evaluator: str
    kind: str
    fact: str
    is_closed: bool


def found_lines(session: Session, round_: Round, people: Sequence[Person]) -> list[FoundLine]:
    """Return every link of these evaluators with the files of a round, by evaluator and code; nothing is noted."""
    files = {each.id: each for each in assigning.to_review(session, round_.id)}
    links = conflicts.detected(session, people, list(files.values()))
    names = names_of(session, [file for file, _person in links])
    closed = {pair for pair, said in conflicts.words_on(session, round_.id).items() if said.has_conflict}
    by_id = {each.id: each.name or each.email for each in people}
    lines = [
        FoundLine(file, person, files[file].code, names[file], by_id[person], link.kind, link.fact, (file, person) in closed)
        for (file, person), link in links.items()
    ]
    return sorted(lines, key=lambda line: (line.evaluator, line.code))


@dataclass(frozen=True)
class SeverityLine:
    """How far one evaluator lies above or below the others on shared files, in points, with its error."""

    name: str
    review_count: int
    points: Fraction
    error: float | None


@dataclass(frozen=True)
class Compared:
    """The scores of a round side by side, and whether shared files link all evaluators."""

    files: tuple[ScoreLine, ...]
    evaluators: tuple[SeverityLine, ...]
    is_comparable: bool


def compared(session: Session, round_: Round, terms: ReviewTerms) -> Compared:
    """Return the complete files with their raw, median and corrected score, the best first, and each evaluator's severity."""
    complete = settling.reviewed(session, round_, terms).complete
    files = {each.id: each for each in assigning.to_review(session, round_.id) if each.id in complete}
    names, scores = names_of(session, list(files)), latest_scores(session, round_.id)
    fit = correction.corrected({key: complete[key] for key in files})
    lines = [
        ScoreLine(
            key, names[key], file.code, tuple(each.points for each in complete[key]), fit.files[key].raw,
            fit.files[key].median, fit.files[key].adjusted, fit.files[key].error,
            scores[key].score if key in scores else None)
        for key, file in files.items()
    ]
    people = {each.id: each.name or each.email for each in session.scalars(
        select(Person).where(Person.id.in_(fit.evaluators)))}
    severities = [
        SeverityLine(people[key], each.reviews_count, each.points, each.error) for key, each in fit.evaluators.items()]
    return Compared(
        tuple(sorted(lines, key=lambda line: (-(line.score if line.score is not None else -1), line.code))),
        tuple(sorted(severities, key=lambda line: (line.points, line.name))), fit.is_comparable)


@dataclass(frozen=True)
class ReviewLine:
    """One evaluator's part in a file, as the manager reads it: the assignment, the sheet, and the latest that was sent."""

    assignment: Assignment
    evaluator: str
    review: Review | None
    sent: ReviewSent | None


def review_lines(session: Session, application_id: int) -> list[ReviewLine]:
    """Return everybody who has or had the file, in order, with what they sent in last."""
    rows = session.scalars(
        select(Assignment).where(Assignment.application_id == application_id)
        .options(joinedload(Assignment.evaluator)).order_by(Assignment.id)).all()
    sheets = {each.evaluator_id: each for each in session.scalars(
        select(Review).where(Review.application_id == application_id))}
    sent: dict[int, ReviewSent] = {}
    for each in session.scalars(select(ReviewSent).where(
            ReviewSent.review_id.in_([sheet.id for sheet in sheets.values()])).order_by(ReviewSent.id)):
        sent[each.review_id] = each
    return [
        ReviewLine(row, row.evaluator.name or row.evaluator.email, sheets.get(row.evaluator_id),
                   sent.get(sheets[row.evaluator_id].id) if row.evaluator_id in sheets else None)
        for row in rows
    ]
