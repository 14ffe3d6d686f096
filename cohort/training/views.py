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
from cohort.kit.errors import WORDINGS, DomainError, sentence
from cohort.kit.history import history_of, name_actions
from cohort.kit.language import ZONES
from cohort.people.links import safe_target
from cohort.plans import queries as plan_queries
from cohort.plans import words as plan_words
from cohort.plans.groups import Group, chosen_group, group_choices, group_counts
from cohort.plans.rights import may_end
from cohort.rules.progress import State
from cohort.training import forms, queries, service, words
from cohort.training.coaching.queries import due_steps
from cohort.training.dates.pauses import paused_on, pauses_of
from cohort.training.dates.queries import acts_with_others
from cohort.training.dates.requests import waiting_of
from cohort.training.diagnostics.queries import MOMENT_OF
from cohort.training.growth import growth_of
from cohort.training.models import Milestone
from cohort.training.reminders.snoozing import rests_of
from cohort.training.sessions.hours import CORE_MILESTONE, hours_said

blueprint = Blueprint("training", __name__, url_prefix="/training")
Page = str | Response | tuple[str, int]
name_actions({
    "milestone.handed_in": _l("handed it in"), "milestone.confirmed": _l("confirmed it"),
    "milestone.sent_back": _l("sent it back"), "milestone.waived": _l("waived it"),
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
    page = min(max(1, request.args.get("page", 1, type=int)), 100_000)
    country = request.args.get("country", "")
    plan = plan_queries.plan_of(session, actor.plan_id)
    today = clock.today(plan.time_zone)
    counts = group_counts(session, plan.id)
    group = chosen_group(request.args.get("group", ""), counts)
    members, total = queries.member_page(session, plan.id, group, country, page)
    rows = queries.standings(session, members, today)
    known = plan_queries.countries_on(session, plan.id, today)
    countries = [
        (code, plan_words.country_name(code)) for code, standing in known.items()
        if (actor.sees_all or actor.firm_ids or code in (actor.countries or ()))
        and (group is Group.LEFT or (standing.membership == "member") is (group is Group.COHORT))
    ]
    return render_template(
        "training/index.html", rows=rows, total=total, country=country, countries=countries, words=words, group=group,
        counts=counts, groups=group_choices(counts, group), Group=Group,
        plan_words=plan_words, pages=navigation.Pages(page, 50, total), State=State,
        steps_due=[] if actor.may("worklist.see") else due_steps(session, actor, today), paused=paused_on(session, plan.id, today),
    )


@blueprint.get("/own")
@gate("own.see")
def own() -> Page:
    """Lead a firm to its own milestones; a firm that is no member reads why there are none."""
    session, actor = _session(), current_actor()
    found = queries.own_member(session, actor.plan_id, actor.firm_ids or ())
    if found is None:
        return render_template("training/none.html")
    return redirect(url_for("training.member", member_id=found.id))


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
        hours=hours_said(session, found), history=history_of(session, found), growth=growth_of(session, current_actor(), found, today), may_end=may_end(current_actor(), found) and found.left_on is None,
        pauses=[each for each in pauses_of(session, found) if each.until_on >= today],
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
    latest, actor = milestone.entries[-1] if milestone.entries else None, current_actor()
    handed_in = next((each for each in reversed(milestone.entries) if each.kind == "handed_in"), None)
    return render_template(
        "training/milestone.html", milestone=milestone, dated=dated, form=form, member=found, words=words,
        plan_words=plan_words, State=State, latest=latest, waiting=waiting_of(milestone.entries),
        history=sorted([*history_of(session, milestone), *acts_with_others(session, milestone.entries)], key=lambda act: act.at, reverse=True),
        hours=hours_said(session, found) if milestone.number == CORE_MILESTONE else None,
        by_export=milestone.number in service.EXPORT_MILESTONES, moment=MOMENT_OF.get(milestone.number), may_answer=queries.may_answer(actor, milestone.confirms),
        is_own=handed_in is not None and handed_in.recorded_by == actor.person_id, may_lead=bool(actor.roles & service.LEADS),
        may_hand_in=actor.may("milestone.submit") or actor.may("milestone.confirm"),
        rests_until=rests_of(session, actor.person_id, [milestone.id], today).get(milestone.id),
    )


Act = Callable[[Session, Actor, Milestone], object]


_ACTS: dict[str, Callable[..., object]] = {
    "send_back": service.send_back, "waive": service.waive, "redate": service.redate, "reopen": service.reopen,
}


def _do(milestone_id: int, act: Act, said: str) -> Page:
    """Do one act and return to where the person came from; a refusal is shown on the milestone's page, what is not
    the actor's to do on a page of its own.
    """
    try:
        with transaction() as session:
            act(session, current_actor(), queries.milestone_named(session, milestone_id))
    except DomainError as error:
        if int(WORDINGS[error.code].status) not in (413, 422):
            raise
        flash(sentence(error), "error")
        return redirect(url_for("training.detail", milestone_id=milestone_id))
    flash(said, "success")
    return redirect(safe_target(request.form.get("back"), url_for("training.detail", milestone_id=milestone_id)))


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
            refuse(form, error)
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
    if form.validate_on_submit():
        said = {"reason": form.text.data} | ({"due_on": form.due_on.data} if act == "redate" else {})
        try:
            with transaction() as session:
                _ACTS[act](session, current_actor(), queries.milestone_named(session, milestone_id), **said)
        except DomainError as error:
            refuse(form, error)
            milestone = queries.milestone_named(_session(), milestone_id)
        else:
            flash(gettext("Saved. The firm reads your reason."), "success")
            return redirect(url_for("training.detail", milestone_id=milestone_id))
    page = render_template("training/answer.html", milestone=milestone, form=form, act=act, words=words)
    return (page, 422) if form.is_submitted() else page


def refuse(form: Any, error: DomainError) -> None:
    """Show a refusal above the form; one that is not about what was typed gets its own page."""
    if int(WORDINGS[error.code].status) not in (413, 422):
        raise error
    form.form_errors.append(sentence(error))


@blueprint.get("/milestones/<int:milestone_id>/files/<token>")
@gate("milestone.see")
def file(milestone_id: int, token: str) -> Page:
    """Hand out a file that belongs to this milestone, under a neutral name."""
    milestone = queries.milestone_named(_session(), milestone_id)
    upload = next((each.upload for each in milestone.entries if each.upload and each.upload.token == token), None)
    if upload is None or upload.deleted_at is not None or not upload.path.exists():
        raise DomainError("file_gone")
    name = f"milestone-{milestone.number}-{upload.id}{upload.path.suffix}"
    return send_file(upload.path, mimetype=upload.media_type, as_attachment=True, download_name=name)
