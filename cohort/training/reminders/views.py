"""Takes a person's wish to rest the reminders about one milestone, and takes it back; who is reminded is `service`'s."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, request, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from cohort.kit.access import current_actor, gate
from cohort.kit.database import transaction
from cohort.kit.errors import WORDINGS, DomainError, sentence
from cohort.kit.history import name_actions
from cohort.kit.language import day
from cohort.people.links import safe_target
from cohort.training import queries
from cohort.training.reminders import snoozing

name_actions({
    "reminder.snoozed": _l("let their reminders rest"), "reminder.woken": _l("let their reminders go on"),
})
blueprint = Blueprint("snoozing", __name__, url_prefix="/training/milestones")


@blueprint.post("/<int:milestone_id>/snooze")
@gate("milestone.see")
def snooze(milestone_id: int) -> Response:
    """Rest the reminders about it for some days."""
    typed = request.form.get("days", "")
    try:
        with transaction() as session:
            milestone = queries.milestone_named(session, milestone_id)
            days = int(typed) if typed.isdecimal() and len(typed) < 4 else 0
            until_on = snoozing.snooze(session, current_actor(), milestone, days).until_on
    except DomainError as error:
        if int(WORDINGS[error.code].status) != 422:
            raise
        flash(sentence(error), "error")
    else:
        flash(gettext("Your reminders about it rest until %(day)s. Once it is late you are told all the same.", day=day(until_on)), "success")
    return _back(milestone_id)


@blueprint.post("/<int:milestone_id>/wake")
@gate("milestone.see")
def wake(milestone_id: int) -> Response:
    """Let the reminders about it go on."""
    with transaction() as session:
        snoozing.wake(session, current_actor(), queries.milestone_named(session, milestone_id))
    flash(gettext("You are reminded of it again."), "success")
    return _back(milestone_id)


def _back(milestone_id: int) -> Response:
    return redirect(safe_target(request.form.get("back"), url_for("training.detail", milestone_id=milestone_id)))
