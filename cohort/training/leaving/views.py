"""Asks when and why a firm leaves the plan, shows what follows, and then does it; nothing happens before the second step."""

from __future__ import annotations

from typing import cast

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from cohort.kit import clock
from cohort.kit.access import current_actor, gate
from cohort.kit.database import db, transaction
from cohort.kit.errors import DomainError
from cohort.kit.language import ZONES
from cohort.plans import queries as plan_queries
from cohort.plans import words as plan_words
from cohort.plans.models import Member
from cohort.plans.service import check_leaving, leave_member
from cohort.training import queries
from cohort.training.leaving import forms, service
from cohort.training.views import refuse

blueprint = Blueprint("leaving", __name__, url_prefix="/training/members/<int:member_id>")
Page = str | Response | tuple[str, int]


@blueprint.route("/leave", methods=["GET", "POST"])
@gate("worklist.see")
def leave(member_id: int) -> Page:
    """Take the last day and the reason, then ask once more with what follows, then end the membership."""
    session, form = cast(Session, db.session()), forms.LeaveForm()
    member = queries.member_named(session, member_id)
    if member.left_on is not None:
        flash(gettext("%(firm)s has left the plan already.", firm=member.firm.name), "error")
        return redirect(url_for("training.member", member_id=member_id))
    today = clock.today(ZONES[member.country])
    if not form.is_submitted():
        form.left_on.data = today
    elif form.validate() and "again" not in request.form:
        try:
            check_leaving(current_actor(), member, form.left_on.data, form.reason.data)
            if "sure" not in request.form:
                return _check(session, member, form)
            with transaction() as writing:
                leave_member(writing, current_actor(), queries.member_named(writing, member_id), form.left_on.data, form.reason.data)
        except DomainError as error:
            refuse(form, error)
        else:
            flash(gettext("Saved. The firm reads your reason."), "success")
            return redirect(url_for("training.member", member_id=member_id))
    page = render_template("training/leave.html", member=queries.member_named(session, member_id), form=form, plan_words=plan_words)
    return (page, 422) if form.errors else page


def _check(session: Session, member: Member, form: forms.LeaveForm) -> str:
    """Show what follows, with counts, before anything is done."""
    parity = plan_queries.policy_on(session, member.plan_id, "parity", form.left_on.data)
    return render_template(
        "training/leave_check.html", member=member, form=form, plan_words=plan_words,
        follows=service.consequences_of(session, member, form.left_on.data), share=float(parity.settings["share"]),
    )
