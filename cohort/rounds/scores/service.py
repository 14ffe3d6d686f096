"""Appends scores to the files of a closed call, typed or brought in as one unit; reading a sheet is `sheet`'s.

A score is a number of points from 0 to 100. A file without one has no score: it never ranks as zero.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flask_babel import lazy_gettext as _l
from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from cohort.kit import audit, clock
from cohort.kit.access import Actor
from cohort.kit.errors import DomainError, wording
from cohort.kit.imports import ImportRun
from cohort.rounds.models import Application, Round, ScoreEntry
from cohort.rounds.scores.sheet import Sheet, read_lines
from cohort.rounds.screening.queries import left_out, require_screened

wording("scores_not_open", _l("Scores are given after the call is closed and before the selection is adopted."), 409)
wording("score_range", _l("%(score)s is not from 0 to 100 points. Write points from 0 to 100."))
wording("score_foreign", _l("One of these files is not in this call, or not yours to score. Nothing was saved: reload the page."), 403)
wording("scores_faulty", _l("The sheet has faults; nothing was saved. Each is named with its line."))
wording("scores_empty", _l("The sheet has no scores. Paste two columns: code or tax number, and points."))

MOST = 100 * 10_000


@dataclass(frozen=True)
class Brought:
    """What one sheet changed: files scored for the first time, scores changed, and scores that stood already."""

    new_count: int
    changed_count: int
    same_count: int


def latest_scores(session: Session, round_id: int) -> dict[int, ScoreEntry]:
    """Return the score that counts for each application that has one, within the actor's reach."""
    newest = (
        select(func.max(ScoreEntry.id)).join(Application, Application.id == ScoreEntry.application_id)
        .where(Application.round_id == round_id).group_by(ScoreEntry.application_id)
    )
    statement = select(ScoreEntry).where(ScoreEntry.id.in_(newest), ScoreEntry.score.is_not(None))
    return {row.application_id: row for row in session.scalars(statement)}


def score_files(
    session: Session, actor: Actor, round_: Round, points: Mapping[int, int | None], *, source: str = "typed",
    import_run: ImportRun | None = None,
) -> Brought:
    """Append the scores (ten-thousandths of a point, None takes one back) of these applications, all or none.

    What stands already is not written again. Raises unless the call is closed, screened where it screens, and
    undecided, and for a file outside the call or the actor's reach.
    """
    actor.require("round.score")
    if round_.status != "closed":
        raise DomainError("scores_not_open")
    require_screened(session, round_)
    known = set(session.scalars(select(Application.id).where(
        Application.round_id == round_.id, Application.status == "submitted", Application.id.in_(points))))
    if known != set(points):
        raise DomainError("score_foreign")
    held = latest_scores(session, round_.id)
    before = {key: held[key].score if key in held else None for key in points}
    changed = {key: score for key, score in points.items() if score != before[key]}
    for key, score in changed.items():
        if score is not None and not 0 <= score <= MOST:
            raise DomainError("score_range", score=score / 10_000)
        session.add(ScoreEntry(
            application_id=key, score=score, source=source, import_id=import_run.id if import_run else None,
            recorded_at=clock.now(), recorded_by=actor.person_id,
        ))
    session.flush()
    if changed:
        audit.record(session, actor, "round.scored", round_, after={
            "files": len(changed), "source": source, "import": import_run.id if import_run else None})
    new_count = sum(1 for key in changed if before[key] is None)
    return Brought(new_count, len(changed) - new_count, len(points) - len(changed))


def bring_scores(
    session: Session, actor: Actor, round_: Round, lines: Sequence[tuple[int, str, str]], content: bytes, name: str,
    *, has_decimal_comma: bool,
) -> Brought:
    """Apply a whole sheet as one act, noted with the hash of its bytes; nothing is saved when one line is faulty.

    `lines` are (number, code or tax id, points as typed). Raises `scores_faulty`, whose lines `preview` names.
    """
    sheet = preview(session, actor, round_, lines, has_decimal_comma=has_decimal_comma)
    if sheet.faults:
        raise DomainError("scores_faulty")
    if not sheet.rows:
        raise DomainError("scores_empty")
    run = ImportRun(
        kind="scores", file_name=name[:200], file_sha256=hashlib.sha256(content).hexdigest(),
        counts={"rows": len(sheet.rows)}, recorded_at=clock.now(), recorded_by=actor.person_id,
    )
    session.add(run)
    session.flush()
    points: dict[int, int | None] = {row.application_id: row.score for row in sheet.rows}
    return score_files(session, actor, round_, points, source="import", import_run=run)


def preview(
    session: Session, actor: Actor, round_: Round, lines: Sequence[tuple[int, str, str]], *, has_decimal_comma: bool
) -> Sheet:
    """Return what a sheet says, line by line, without saving: rows, faults, and files that stay without a score."""
    actor.require("round.score")
    if round_.status != "closed":
        raise DomainError("scores_not_open")
    files = session.execute(select(
        Application.id, Application.code, Application.tax_id,
        case((Application.id.in_(left_out()), "no"), else_=Application.eligible), Application.country,
    ).where(Application.round_id == round_.id, Application.status == "submitted").order_by(Application.id)).all()
    held = {key: row.score for key, row in latest_scores(session, round_.id).items()}
    return read_lines(lines, [tuple(each) for each in files], held, has_decimal_comma=has_decimal_comma)
