"""Shows members' milestones and takes hand-ins and answers; the work list across rooms stands in reports."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, cast

from flask import Blueprint, flash, redirect, render_template, request, send_file, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from cohort.kit import clock, navigation
from cohort.kit.access import Actor, current_actor, gate
from cohort.kit.database import db, transaction
from cohort.kit.errors import DomainError, sentence
from cohort.kit.history import history_of, name_actions
from cohort.kit.language import ZONES
from cohort.plans import queries as plan_queries
from cohort.plans import words as plan_words
from cohort.rules.progress import State
from cohort.training import forms, queries, service, words
from cohort.training.models import Milestone

blueprint = Blueprint("training", __name__, url_prefix="/training")
Page = str | Response | tuple[str, int]
name_actions({
    "milestone.handed_in": _l("handed in"), "milestone.confirmed": _l("confirmed"),
    "milestone.sent_back": _l("sent back"), "milestone.waived": _l("waived"),
    "milestone.redated": _l("gave it another day"), "milestone.reopened": _l("opened it again"),
})
navigation.announce(navigation.Entry(_l("Milestones"), "training.index", "flag", "member.see", 40, queries.waiting_count))


def _session() -> Session:
    return cast(Session, db.session())


@blueprint.get("/")
@gate("member.see")
def index() -> Page:
    """List members with their progress; a firm is led to its own page."""
    session, actor = _session(), current_actor()
    if not actor.is_staff:
        return redirect(url_for("training.own"))
    page = max(1, request.args.get("page", 1, type=int))
    country = request.args.get("country", "")
    plan = plan_queries.plan_of(session, actor.plan_id)
    members, total = queries.member_page(session, plan.id, country, page)
    rows = queries.standings(session, members, clock.today(plan.time_zone))
    countries = [(code, plan_words.country_name(code)) for code in plan_queries.countries_on(session, plan.id, clock.today())]
    return render_template(
        "training/index.html", rows=rows, total=total, country=country, countries=countries, words=words,
        plan_words=plan_words, pages=navigation.Pages(page, 50, total), State=State,
    )


@blueprint.get("/own")
@gate("own.see")
def own() -> Page:
    """Lead a firm to its own milestones; a firm that is no member reads why there are none."""
    session, actor = _session(), current_actor()
    for firm_id in sorted(actor.firm_ids or ()):
        member = plan_queries.member_of(session, actor.plan_id or 0, firm_id)
        if member is not None:
            return redirect(url_for("training.member", member_id=member.id))
    return render_template("training/none.html")


@blueprint.get("/members/<int:member_id>")
@gate("milestone.see")
def member(member_id: int) -> Page:
    """Show one member's milestones as a dated list by phase."""
    session = _session()
    found = queries.member_named(session, member_id)
    today = clock.today(ZONES[found.country])
    return render_template(
        "training/member.html", standing=queries.standing_of(session, found, today), member=found, today=today,
        ends_on=plan_queries.end_of(found.plan), words=words, plan_words=plan_words, State=State,
        notes=queries.notes_of(session, found.plan_id, found.firm_id) if current_actor().is_staff else [],
    )


@blueprint.get("/milestones/<int:milestone_id>")
@gate("milestone.see")
def detail(milestone_id: int) -> Page:
    """Show one milestone: what shows it, what was handed in, who answers, history."""
    return _page(queries.milestone_named(_session(), milestone_id), forms.HandInForm())


def _page(milestone: Milestone, form: Any) -> str:
    session, found = _session(), milestone.member
    today = clock.today(ZONES[found.country])
    standing = queries.standing_of(session, found, today)
    dated = next(each for each in standing.dated if each.milestone.id == milestone.id)
    return render_template(
        "training/milestone.html", milestone=milestone, dated=dated, form=form, member=found, words=words,
        plan_words=plan_words, State=State, history=history_of(session, milestone),
    )


Act = Callable[[Session, Actor, Milestone], object]


_ACTS: dict[str, Callable[..., object]] = {
    "send_back": service.send_back, "waive": service.waive, "redate": service.redate, "reopen": service.reopen,
}


def _do(milestone_id: int, act: Act, said: str) -> Page:
    """Do one act and return to where the person came from; a refusal is shown on the milestone's page."""
    try:
        with transaction() as session:
            act(session, current_actor(), queries.milestone_named(session, milestone_id))
    except DomainError as error:
        flash(sentence(error), "error")
        return redirect(url_for("training.detail", milestone_id=milestone_id))
    flash(said, "success")
    back = request.form.get("back", "")
    return redirect(back if back.startswith("/") and not back.startswith("//") else url_for("training.detail", milestone_id=milestone_id))


@blueprint.post("/milestones/<int:milestone_id>/hand-in")
@gate("milestone.see")
def hand_in(milestone_id: int) -> Page:
    """Take a file or words; a faulty form keeps what was typed."""
    form = forms.HandInForm()
    milestone = queries.milestone_named(_session(), milestone_id)
    if form.validate_on_submit():
        try:
            with transaction() as session:
                milestone = queries.milestone_named(session, milestone_id)
                service.hand_in(session, current_actor(), milestone, form.text.data or "", form.file.data)
        except DomainError as error:
            form.form_errors.append(sentence(error))
            milestone = queries.milestone_named(_session(), milestone_id)
        else:
            flash(gettext("Received. Your coordinator checks it."), "success")
            return redirect(url_for("training.detail", milestone_id=milestone_id))
    return _page(milestone, form), 422


@blueprint.post("/milestones/<int:milestone_id>/confirm")
@gate("milestone.confirm")
def confirm(milestone_id: int) -> Page:
    """Close a milestone as done."""
    text = request.form.get("text", "")
    return _do(milestone_id, partial(service.confirm, text=text), gettext("Confirmed."))


@blueprint.route("/milestones/<int:milestone_id>/<any(send_back, waive, redate, reopen):act>", methods=["GET", "POST"])
@gate("milestone.confirm")
def answer(milestone_id: int, act: str) -> Page:
    """Ask for the reason of an act that needs one, then do it."""
    milestone = queries.milestone_named(_session(), milestone_id)
    form = forms.RedateForm() if act == "redate" else forms.ReasonForm()
    if not form.validate_on_submit():
        page = render_template("training/answer.html", milestone=milestone, form=form, act=act, words=words)
        return (page, 422) if form.is_submitted() else page
    said = {"reason": form.text.data} | ({"due_on": form.due_on.data} if act == "redate" else {})
    return _do(milestone_id, partial(_ACTS[act], **said), gettext("Saved. The firm reads your reason."))


@blueprint.get("/milestones/<int:milestone_id>/files/<token>")
@gate("milestone.see")
def file(milestone_id: int, token: str) -> Page:
    """Hand out a file that belongs to this milestone, under a neutral name."""
    milestone = queries.milestone_named(_session(), milestone_id)
    upload = next((each.upload for each in milestone.entries if each.upload and each.upload.token == token), None)
    if upload is None or upload.deleted_at is not None:
        raise DomainError("file_gone")
    return send_file(upload.path, mimetype=upload.media_type, as_attachment=True, download_name=f"milestone-{milestone.number}-{upload.id}{upload.path.suffix}")

