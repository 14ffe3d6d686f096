"""Takes notes of coaching talks and marks their next steps as done; what a note needs is decided by the service."""

from __future__ import annotations

from typing import cast

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from cohort.kit import clock
from cohort.kit.access import current_actor, gate
from cohort.kit.database import db, transaction
from cohort.kit.errors import WORDINGS, DomainError, sentence
from cohort.kit.history import name_actions
from cohort.kit.language import ZONES
from cohort.people.links import safe_target
from cohort.training import queries as training_queries
from cohort.training.coaching import queries, service
from cohort.training.coaching.forms import TalkForm
from cohort.training.coaching.models import CoachingLog

blueprint = Blueprint("coaching", __name__, url_prefix="/training/members/<int:member_id>/talks")
Page = str | Response | tuple[str, int]
name_actions({
    "coaching.held": _l("noted a coaching talk"), "coaching.corrected": _l("corrected a coaching note"),
    "coaching.step_done": _l("marked a next step as done"),
})


def _session() -> Session:
    return cast(Session, db.session())


def _corrected(session: Session, member_id: int) -> CoachingLog | None:
    """Return the note that `?corrects=7` names, or None for a new talk."""
    named = request.args.get("corrects", 0, type=int)
    return queries.talk_named(session, member_id, named) if named else None


@blueprint.route("/new", methods=["GET", "POST"])
@gate("call.log")
def new(member_id: int) -> Page:
    """Note a talk, or correct an earlier note: the form then holds what that one says."""
    member = training_queries.member_named(_session(), member_id)
    form = TalkForm(obj=_corrected(_session(), member_id))
    if not form.is_submitted() and form.held_on.data is None:
        form.held_on.data, form.minutes.data = clock.today(ZONES[member.country]), 60
    if form.validate_on_submit():
        try:
            with transaction() as session:
                member = training_queries.member_named(session, member_id)
                service.log_talk(session, current_actor(), member, form.talk, _corrected(session, member_id))
        except DomainError as error:
            if int(WORDINGS[error.code].status) not in (409, 422):
                raise
            form.form_errors.append(sentence(error))
            member = training_queries.member_named(_session(), member_id)
        else:
            flash(gettext("Noted."), "success")
            return redirect(url_for("training.member", member_id=member_id) + "#coaching")
    page = render_template("training/talk.html", form=form, member=member, is_correction=bool(request.args.get("corrects")))
    return (page, 422) if form.is_submitted() else page


@blueprint.post("/<int:talk_id>/done")
@gate("milestone.see")
def done(member_id: int, talk_id: int) -> Page:
    """Mark the next step of a talk as done, and return to where the person came from."""
    try:
        with transaction() as session:
            member = training_queries.member_named(session, member_id)
            service.finish_step(session, current_actor(), member, queries.talk_named(session, member_id, talk_id))
    except DomainError as error:
        if int(WORDINGS[error.code].status) != 409:
            raise
        flash(sentence(error), "error")
    else:
        flash(gettext("Marked as done."), "success")
    return redirect(safe_target(request.form.get("back"), url_for("training.member", member_id=member_id)))
