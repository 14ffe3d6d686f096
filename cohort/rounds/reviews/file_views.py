"""Hands an evaluator the files of an application beside the sheet; what is hidden from evaluators is not there."""

from __future__ import annotations

from flask import redirect, url_for

from cohort.kit.access import current_actor, gate
from cohort.kit.errors import DomainError
from cohort.rounds.applications import files
from cohort.rounds.reviews import blind, sheets
from cohort.rounds.reviews.views import blueprint
from cohort.rounds.site import Page, session_now


@blueprint.get("/<int:application_id>/handed-in/<int:upload_id>")
@gate("round.review")
def file(application_id: int, upload_id: int) -> Page:
    """Hand out a file under the application's code; before the declaration, ask for it first."""
    session, actor = session_now(), current_actor()
    try:
        held, _review = sheets.sheet_of(session, actor, application_id)
    except DomainError as refusal:
        if refusal.code != "review_undeclared":
            raise
        return redirect(url_for("reviews.declare", application_id=application_id))
    name, kept = blind.file_shown(session, held.application.round, held.application, upload_id)
    return files.handed_out(session, actor, held.application, name, kept)
