"""Takes a firm's wish for more time from its milestone's page, and the answer from the work list."""

from __future__ import annotations

from typing import Any, cast

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from cohort.kit.access import current_actor, gate
from cohort.kit.database import db, transaction
from cohort.kit.errors import WORDINGS, DomainError, sentence
from cohort.kit.history import name_actions
from cohort.people.links import safe_target
from cohort.plans import queries as plan_queries
from cohort.training import queries, words
from cohort.training.dates import forms, requests
from cohort.training.forms import ReasonForm
from cohort.training.models import Milestone

blueprint = Blueprint("more_time", __name__, url_prefix="/training/milestones/<int:milestone_id>/more-time")
Page = str | Response | tuple[str, int]
name_actions({"milestone.asked": _l("asked for more time"), "milestone.refused": _l("kept the day")})


def _milestone(milestone_id: int) -> Milestone:
    return queries.milestone_named(cast(Session, db.session()), milestone_id)


@blueprint.route("", methods=["GET", "POST"])
@gate("milestone.submit")
def ask(milestone_id: int) -> Page:
    """Ask until when and why; the coordinator answers."""
    milestone, form = _milestone(milestone_id), forms.MoreTimeForm()
    if form.validate_on_submit():
        try:
            with transaction() as session:
                found = queries.milestone_named(session, milestone_id)
                requests.ask(session, current_actor(), found, form.until_on.data, form.reason.data or "")
        except DomainError as error:
            _refuse(form, error)
        else:
            flash(gettext("Sent. Your coordinator answers; until then the day stays as it is."), "success")
            return redirect(url_for("training.detail", milestone_id=milestone_id))
        milestone = _milestone(milestone_id)
    page = render_template(
        "training/dates/more_time.html", milestone=milestone, form=form, words=words, waiting=requests.waiting_of(milestone.entries),
        ends_on=plan_queries.end_of(milestone.member.plan),
    )
    return (page, 422) if form.is_submitted() else page


@blueprint.post("/grant")
@gate("worklist.see")
def grant(milestone_id: int) -> Page:
    """Give the day that was asked for."""
    try:
        with transaction() as session:
            requests.grant(session, current_actor(), queries.milestone_named(session, milestone_id))
    except DomainError as error:
        if int(WORDINGS[error.code].status) != 422:
            raise
        flash(sentence(error), "error")
    else:
        flash(gettext("Granted. The milestone has the new day."), "success")
    return redirect(safe_target(request.form.get("back"), url_for("training.detail", milestone_id=milestone_id)))


@blueprint.route("/refuse", methods=["GET", "POST"])
@gate("worklist.see")
def refuse(milestone_id: int) -> Page:
    """Keep the day, with the reason that the firm reads."""
    milestone, form = _milestone(milestone_id), ReasonForm()
    if form.validate_on_submit():
        try:
            with transaction() as session:
                requests.refuse(session, current_actor(), queries.milestone_named(session, milestone_id), form.text.data or "")
        except DomainError as error:
            _refuse(form, error)
        else:
            flash(gettext("Saved. The firm reads your reason."), "success")
            return redirect(url_for("training.detail", milestone_id=milestone_id))
        milestone = _milestone(milestone_id)
    page = render_template(
        "training/dates/refuse.html", milestone=milestone, form=form, words=words, waiting=requests.waiting_of(milestone.entries))
    return (page, 422) if form.is_submitted() else page


def _refuse(form: Any, error: DomainError) -> None:
    if int(WORDINGS[error.code].status) != 422:
        raise error
    form.form_errors.append(sentence(error))
