"""Gives files to evaluators: by hand, from a sheet, by balance, or as a third review; never over a conflict.

Who is matched with whom is decided by `matching`; ending and moving files is `changes`' part.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from cohort.kit import audit, clock
from cohort.kit.access import Actor, unscoped
from cohort.kit.errors import DomainError, wording
from cohort.people.models import Person
from cohort.rounds.calls.parts import ReviewTerms, review_terms_of
from cohort.rounds.models import Application, Round
from cohort.rounds.reviews import conflicts, letters, matching
from cohort.rounds.reviews.conflicts import SEES_NAMES, Pair
from cohort.rounds.reviews.models import Assignment
from cohort.rounds.screening.queries import has_screening, require_screened, sent_on

wording("reviews_off", _l("This call takes its scores from elsewhere: it has no reviews."), 409)
wording("reviews_not_open", _l("Files are reviewed after the call is closed and before the selection is adopted."), 409)
wording("assign_foreign", _l("One of these files or evaluators is not of this call. Reload the page and choose again."))
wording("assign_nothing", _l("Choose an evaluator and at least one file."))


@dataclass(frozen=True)
class Refusal:
    """Why one pair was not assigned: the kind of conflict with its fact, `role` where another role shows the names."""

    pair: Pair
    kind: str
    fact: str


@dataclass(frozen=True)
class Given:
    """What came of giving files: newly given, given already, and refused for a conflict."""

    given: tuple[Pair, ...]
    stood: tuple[Pair, ...]
    refused: tuple[Refusal, ...]


def terms_of(round_: Round) -> ReviewTerms:
    """Return how the round's files are reviewed; raises `reviews_off` where scores are brought in from elsewhere."""
    terms = review_terms_of(round_.protocol)
    if terms is None:
        raise DomainError("reviews_off")
    return terms


def require_open(round_: Round) -> ReviewTerms:
    """Return the terms while files are reviewed; raises `reviews_not_open` before closing and after the decision."""
    terms = terms_of(round_)
    if round_.status != "closed":
        raise DomainError("reviews_not_open")
    return terms


def to_review(session: Session, round_id: int) -> list[Application]:
    """Return the files that need reviews, by code: sent in, not refused on eligibility, sent on by the screening."""
    statement = select(Application).where(
        Application.round_id == round_id, Application.status == "submitted", Application.eligible != "no")
    if has_screening(session, round_id):
        statement = statement.where(Application.id.in_(sent_on()))
    return list(session.scalars(statement.order_by(Application.code)))


def in_round(round_id: int) -> ColumnElement[bool]:
    """Return the criterion that a file belongs to a round, for queries that join the files."""
    return Application.round_id == round_id


def standing_pairs(session: Session, round_id: int) -> set[Pair]:
    """Return the files and evaluators that stand assigned in a round, within the reach."""
    rows = session.execute(
        select(Assignment.application_id, Assignment.evaluator_id)
        .join(Application, Application.id == Assignment.application_id)
        .where(Application.round_id == round_id, Assignment.ended_at.is_(None)))
    return {(row.application_id, row.evaluator_id) for row in rows}


def give(session: Session, actor: Actor, round_: Round, pairs: Iterable[Pair], source: str) -> Given:
    """Assign each evaluator to each file and return what came of it; detected conflicts are noted and bar at once.

    A pair that stands already stays as it is. Raises for a file or evaluator that is not of this round, when there
    is nothing to give, and before the screening of a call that has one.
    """
    actor.require("round.edit")
    require_open(round_)
    require_screened(session, round_)
    wanted = list(dict.fromkeys(pairs))
    if not wanted:
        raise DomainError("assign_nothing")
    files = {each.id: each for each in to_review(session, round_.id)}
    people = {each.id: each for each in conflicts.evaluators_of(session, round_.plan_id)}
    if any(file not in files or person not in people for file, person in wanted):
        raise DomainError("assign_foreign")
    refused = refusals(
        session, actor, round_, [people[key] for key in {person for _file, person in wanted}],
        [files[key] for key in {file for file, _person in wanted}])
    standing = standing_pairs(session, round_.id)
    free = [pair for pair in wanted if pair not in standing and pair not in refused]
    add(session, actor, round_, free, source)
    return Given(
        tuple(free), tuple(pair for pair in wanted if pair in standing),
        tuple(refused[pair] for pair in wanted if pair in refused and pair not in standing))


def refusals(
    session: Session, actor: Actor, round_: Round, people: Sequence[Person], files: Sequence[Application]
) -> dict[Pair, Refusal]:
    """Return which of these pairs may not be, with the reason; what is detected now is noted and bars from now on."""
    words = conflicts.detect_and_note(session, actor, people, files)
    found = {pair: Refusal(pair, said.kind, said.reason) for pair, said in words.items() if said.has_conflict}
    if terms_of(round_).is_blind:
        for pair in conflicts.sees_names(session, round_.plan_id, people, files):
            found.setdefault(pair, Refusal(pair, SEES_NAMES, ""))
    return found


def add(session: Session, actor: Actor, round_: Round, pairs: Sequence[Pair], source: str) -> None:
    """Write the assignments of pairs that were checked, note them, and tell each evaluator by mail once a day."""
    if not pairs:
        return
    now = clock.now()
    rows = [
        Assignment(application_id=file, evaluator_id=person, source=source, assigned_at=now, assigned_by=actor.person_id)
        for file, person in pairs
    ]
    session.add_all(rows)
    session.flush()
    for row in rows:
        audit.record(session, actor, "review.assigned", row, after={
            "file": row.application_id, "evaluator": row.evaluator_id, "source": source})
    letters.tell_assigned(session, round_, {person for _file, person in pairs})


@dataclass(frozen=True)
class Filled:
    """What the automatic assignment did: pairs given, and how many reviews each file still lacks (only those that do)."""

    given: tuple[Pair, ...]
    short: dict[int, int]


def fill(session: Session, actor: Actor, round_: Round) -> Filled:
    """Give every file the reviews it lacks, with loads as even as can be, own country and language first; once.

    What stands assigned stays. Files that no evaluator is free for come back as short. Raises before the screening
    of a call that has one.
    """
    actor.require("round.edit")
    terms = require_open(round_)
    require_screened(session, round_)
    return _fill(session, actor, round_, {each.id: terms.per_file for each in to_review(session, round_.id)}, "balance")


def call_third(session: Session, actor: Actor, round_: Round, file: Application) -> Filled:
    """Give one file a third evaluator, because two lie far apart: the least loaded who is free of conflicts."""
    return _fill(session, actor, round_, {file.id: 3}, "third")


def _fill(session: Session, actor: Actor, round_: Round, needed: dict[int, int], source: str) -> Filled:
    with unscoped(session):  # an evaluator who sends in the second review sees neither loads nor conflicts of others
        people, files = conflicts.evaluators_of(session, round_.plan_id), to_review(session, round_.id)
        standing = standing_pairs(session, round_.id)
        asked = [each for each in files if each.id in needed]
        barred = set(refusals(session, actor, round_, people, asked)) | _met(session, round_.id)
        homes = conflicts.homes_of(session, round_.plan_id, people)
        found = matching.matched(needed, files, people, homes, barred, standing, round_.code)
        add(session, actor, round_, found, source)
    got = Counter(file for file, _person in {*standing, *found})
    return Filled(tuple(found), {each.id: needed[each.id] - got[each.id] for each in asked if needed[each.id] > got[each.id]})


def _met(session: Session, round_id: int) -> set[Pair]:
    """Return every pair that was ever assigned: whoever had a file and gave it back does not get it again by itself."""
    rows = session.execute(
        select(Assignment.application_id, Assignment.evaluator_id)
        .join(Application, Application.id == Assignment.application_id).where(Application.round_id == round_id))
    return {(row.application_id, row.evaluator_id) for row in rows}
