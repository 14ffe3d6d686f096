"""Keeps the files that a call asks for: handed in, replaced, taken out, and found again for whoever may read them.

What was sent in names its files by their hash, so a later file replaces none of them: they stay. A file that neither a
draft nor anything sent in names any more goes after its days (`kit.purge`). What kinds are taken is decided in `kit.uploads`, who reaches an application in `reach`, what an evaluator reads in `reviews.blind`.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from typing import Any

import structlog
from flask import Response, send_file
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.datastructures import FileStorage

from cohort.kit import audit, uploads
from cohort.kit.access import Actor, unscoped
from cohort.kit.errors import DomainError
from cohort.kit.purge import forget_after
from cohort.kit.uploads import Upload
from cohort.rounds.applications.answers import Given, KeptFile
from cohort.rounds.applications.service import require_draft
from cohort.rounds.calls.parts import Question, questions_of
from cohort.rounds.models import Application, Submission

PURPOSE = "application"
DAYS_UNNAMED = 30  # replaced or taken out; nobody can reach it any more
log = structlog.get_logger("cohort.rounds")


def hand_in(session: Session, actor: Actor, application: Application, name: str, file: FileStorage) -> KeptFile:
    """Store a file as the draft's answer to the question of that name, in place of an earlier one.

    Raises what `uploads.store` raises for an empty, too large or foreign file, and `not_found` where the call asks
    for no such file; the draft then stays as it was.
    """
    require_draft(actor, application)
    _question(application, name)
    stored = uploads.store(session, actor, file, PURPOSE, application.firm_id)
    kept = KeptFile(stored.id, stored.original_name, stored.media_type, stored.size_bytes, stored.sha256)
    application.answers = {**application.answers, name: kept.as_text()}
    session.flush()
    audit.record(session, actor, "application.file_added", application, after={"question": name, "sha256": kept.sha256})
    return kept


def take_out(session: Session, actor: Actor, application: Application, name: str) -> None:
    """Leave the question for a file open again; what was sent in before keeps its file."""
    require_draft(actor, application)
    _question(application, name)
    if application.answers.get(name):
        application.answers = {**application.answers, name: ""}
        session.flush()
        audit.record(session, actor, "application.file_removed", application, after={"question": name})


def files_in(application: Application, answers: Mapping[str, Any]) -> dict[str, KeptFile]:
    """Return the files that these answers to the application's call name, by question."""
    given = Given(answers, application.country)
    found = {each.name: given.file(each.name) for each in questions_of(application.round.protocol) if each.kind == "file"}
    return {name: kept for name, kept in found.items() if kept is not None}


def file_of(session: Session, application: Application, upload_id: int) -> tuple[str, KeptFile]:
    """Return (question, file) for a file that the draft or anything sent in names; raises `not_found` for any other.

    The caller has found the application within its reach.
    """
    sent = session.scalars(select(Submission.answers).where(Submission.application_id == application.id)).all()
    for answers in (application.answers, *sent):
        for name, kept in files_in(application, answers).items():
            if kept.id == upload_id:
                return name, kept
    raise DomainError("not_found")


def handed_out(session: Session, actor: Actor, application: Application, name: str, kept: KeptFile) -> Response:
    """Return a file as a download under a neutral name, never as a page; each time is logged. Raises `file_gone`."""
    with unscoped(session):  # an application that was found within the reach names it; an upload knows only its firm
        upload = session.scalars(select(Upload).where(Upload.id == kept.id, Upload.purpose == PURPOSE)).one_or_none()
    if upload is None or upload.deleted_at is not None or not upload.path.exists():
        raise DomainError("file_gone")
    log.info("file_downloaded", application_id=application.id, upload_id=upload.id, person_id=actor.person_id)
    response = send_file(
        upload.path, upload.media_type, as_attachment=True, max_age=0,
        download_name=f"{application.code}-{name}{upload.path.suffix}")
    response.headers["Cache-Control"] = "no-store"
    return response


def named_files(session: Session, upload_ids: Collection[int]) -> set[int]:
    """Return which of these files a draft or anything sent in names, of any call."""
    wanted, found = set(upload_ids), set()
    for column in (Application.answers, Submission.answers):
        for answers in session.scalars(select(column).execution_options(yield_per=500)):
            found.update(wanted.intersection(_ids_in(answers)))
    return found


def _ids_in(answers: Mapping[str, Any]) -> Iterator[int]:
    """Give the number of every file in the answers, whether or not the call still asks the question."""
    for value in answers.values():
        if isinstance(value, str) and value.startswith("{") and '"sha256"' in value:
            try:
                yield KeptFile(**json.loads(value)).id
            except (ValueError, TypeError):
                continue  # somebody typed words that look like one


def _question(application: Application, name: str) -> Question:
    for each in questions_of(application.round.protocol):
        if each.name == name and each.kind == "file":
            return each
    raise DomainError("not_found")


forget_after(PURPOSE, DAYS_UNNAMED, named_files)
