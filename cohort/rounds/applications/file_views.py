"""Hands out the files of an application: to those who applied, and to staff who read the file; evaluators: `reviews`."""

from __future__ import annotations

from cohort.kit.access import current_actor, gate, signed_in
from cohort.kit.errors import DomainError
from cohort.rounds.applications import files, queries
from cohort.rounds.applications.views import own_here
from cohort.rounds.calls.views import round_here
from cohort.rounds.reach import may_read_names
from cohort.rounds.site import Page, apply, session_now, staff


@apply.get("/<code>/files/<int:upload_id>")
@signed_in
def file(code: str, upload_id: int) -> Page:
    """Hand out a file of one's own application, from the draft or from what was sent in."""
    session, application = session_now(), own_here(code)
    name, kept = files.file_of(session, application, upload_id)
    return files.handed_out(session, current_actor(), application, name, kept)


@staff.get("/<int:round_id>/files/<int:application_id>/handed-in/<int:upload_id>")
@gate("round.see")
def handed_in(round_id: int, application_id: int, upload_id: int) -> Page:
    """Hand out a file of an application to staff who may read it with its names."""
    if not may_read_names(current_actor()):
        raise DomainError("not_found")
    session, round_ = session_now(), round_here(round_id)
    application = queries.application_of(session, round_.id, application_id)
    name, kept = files.file_of(session, application, upload_id)
    return files.handed_out(session, current_actor(), application, name, kept)
