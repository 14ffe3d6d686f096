"""Shows sessions to staff and firms, takes what staff say of them and what firms answer; attendance has its own pages."""

from __future__ import annotations

from typing import Any, cast

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext, ngettext
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from cohort.kit import clock, navigation
from cohort.kit.access import current_actor, gate
from cohort.kit.database import db, transaction
from cohort.kit.errors import DomainError, sentence
from cohort.kit.history import history_of, name_actions
from cohort.kit.language import number
from cohort.people.links import safe_target
from cohort.plans import queries as plan_queries
from cohort.plans import words as plan_words
from cohort.training import words as training_words
from cohort.training.queries import own_member
from cohort.training.sessions import hours, inviting, queries, service, words
from cohort.training.sessions.attendance import door_open
from cohort.training.sessions.forms import CancelForm, SessionForm
from cohort.training.sessions.models import TrainingSession
from cohort.training.views import refuse

blueprint = Blueprint("sessions", __name__, url_prefix="/training/sessions")
Page = str | Response | tuple[str, int]
PER_PAGE = 50
name_actions({
    "session.made": _l("made the session"), "session.changed": _l("changed the session"), "session.cancelled": _l("cancelled the session"),
    "session.invited": _l("invited firms"), "session.said_yes": _l("said that the firm comes"), "session.said_no": _l("said that the firm does not come"),
    "session.attendance": _l("wrote down who was there"), "session.entered": _l("came in at the door"),
})
navigation.announce(navigation.Entry(_l("Sessions"), "sessions.index", "calendar-check", "milestone.see", 45, queries.unanswered_count))


def session_now() -> Session:
    """Return the session of this request."""
    return cast(Session, db.session())


def session_here(session_id: int) -> TrainingSession:
    """Return the session that the address names, for reading; raises `not_found`."""
    return queries.session_named(session_now(), current_actor(), session_id)


@blueprint.get("/")
@gate("milestone.see")
def index() -> Page:
    """List sessions: for staff those of the plan, for a firm those it is invited to with its hours."""
    session, actor = session_now(), current_actor()
    if not actor.is_staff:
        return _own()
    page = min(max(1, request.args.get("page", 1, type=int)), 100_000)
    plan = plan_queries.plan_of(session, actor.plan_id)
    soon, _count = queries.coming(session, plan.id, is_past=False, per_page=200)
    past, past_count = queries.coming(session, plan.id, is_past=True, page=page, per_page=PER_PAGE)
    return render_template(
        "training/sessions/index.html", coming=soon, past=past, tallies=queries.tallies(session, [each.id for each in (*soon, *past)]),
        pages=navigation.Pages(page, PER_PAGE, past_count), words=words, training_words=training_words,
        may_make=actor.may("session.edit"),
    )


def _own() -> str:
    session, actor = session_now(), current_actor()
    invitations, now = queries.own_invitations(session, actor), clock.now()
    member = own_member(session, actor.plan_id, actor.firm_ids or ())
    return render_template(
        "training/sessions/own.html", coming=[each for each in invitations if each.session.ends_at > now],
        past=[each for each in reversed(invitations) if each.session.ends_at <= now],
        places=queries.places(session, [each.session for each in invitations]), waits=queries.waits, words=words, training_words=training_words, now=now,
        attended=hours.hours_of_one(session, member) if member else None,
        least=hours.least_share(session, member) if member else None,
        there={key: row.minutes for key, row in queries.own_attendance(session, actor).items()},
    )


@blueprint.route("/new", methods=["GET", "POST"])
@gate("session.edit")
def new() -> Page:
    """Make a session; a faulty form keeps what was typed."""
    session, actor = session_now(), current_actor()
    plan = plan_queries.plan_of(session, actor.plan_id)
    known = list(plan_queries.countries_on(session, plan.id, clock.today(plan.time_zone)))
    form = SessionForm().offer(known)
    own = [code for code in known if code in (actor.countries or ())]
    if not form.is_submitted():
        form.prefill(own[0] if own else plan.lead_country, own)
    elif form.validate():
        try:
            with transaction() as writing:
                made = service.make_session(writing, actor, plan_queries.plan_of(writing, actor.plan_id), form.facts())
                made_id = made.id
        except DomainError as error:
            refuse(form, error)
        else:
            flash(gettext("Saved. Now invite the firms that it is for."), "success")
            return redirect(url_for("sessions.detail", session_id=made_id))
    page = render_template("training/sessions/edit.html", form=form, training=None)
    return (page, 422) if form.is_submitted() else page


@blueprint.route("/<int:session_id>/edit", methods=["GET", "POST"])
@gate("session.edit")
def edit(session_id: int) -> Page:
    """Change a session; whoever is invited is told when it moved."""
    training, actor = session_here(session_id), current_actor()
    service.require_edit(actor, training)
    plan = plan_queries.plan_of(session_now(), training.plan_id)
    form = SessionForm().offer(list(plan_queries.countries_on(session_now(), plan.id, clock.today(plan.time_zone))))
    if not form.is_submitted():
        form.show(training)
    elif form.validate():
        try:
            with transaction() as session:
                held = queries.session_named(session, actor, session_id)
                told = service.change_session(session, actor, held, form.facts(), is_held=queries.is_held(session, held))
        except DomainError as error:
            refuse(form, error)
            training = session_here(session_id)
        else:
            flash(gettext("Saved.") if not told else ngettext("Saved. %(count)s person is told by mail.", "Saved. %(count)s people are told by mail.", told, count=number(told)), "success")
            return redirect(url_for("sessions.detail", session_id=session_id))
    page = render_template("training/sessions/edit.html", form=form, training=training, title=training_words.title_of(training))
    return (page, 422) if form.is_submitted() else page


@blueprint.route("/<int:session_id>/cancel", methods=["GET", "POST"])
@gate("session.edit")
def cancel(session_id: int) -> Page:
    """Ask for the reason, then cancel and tell everybody invited."""
    training, form = session_here(session_id), CancelForm()
    service.require_edit(current_actor(), training)
    if form.validate_on_submit():
        try:
            with transaction() as session:
                told = service.cancel_session(session, current_actor(), queries.session_named(session, current_actor(), session_id), form.text.data)
        except DomainError as error:
            refuse(form, error)
            training = session_here(session_id)
        else:
            flash(ngettext("Cancelled. %(count)s person is told by mail.", "Cancelled. %(count)s people are told by mail.", told, count=number(told)), "success")
            return redirect(url_for("sessions.detail", session_id=session_id))
    invited = queries.tallies(session_now(), [training.id])[training.id].invited
    page = render_template("training/sessions/cancel.html", form=form, training=training, invited=invited, training_words=training_words, words=words)
    return (page, 422) if form.is_submitted() else page


@blueprint.get("/<int:session_id>")
@gate("milestone.see")
def detail(session_id: int) -> Page:
    """Show one session: to staff with its firms and answers, to a firm with its own answer, link and materials."""
    session, actor, training = session_now(), current_actor(), session_here(session_id)
    tally = queries.tallies(session, [training.id])[training.id]
    context: dict[str, Any] = {
        "training": training, "words": words, "training_words": training_words, "plan_words": plan_words, "tally": tally, "now": clock.now(),
        "places": queries.places(session, [training]), "waits": queries.waits, "length": hours.length_minutes(training),
    }
    if not actor.is_staff:
        own = [each for each in queries.own_invitations(session, actor) if each.session_id == training.id]
        return render_template("training/sessions/firm.html", invitations=own, there=queries.latest_attendance(session, training), **context)
    rows, page = queries.invitations_of(session, training), min(max(1, request.args.get("page", 1, type=int)), 100_000)
    may_edit = service.may_edit(actor, training.host_country, training.invites["countries"])
    return render_template(
        "training/sessions/detail.html", rows=rows[(page - 1) * PER_PAGE:page * PER_PAGE], pages=navigation.Pages(page, PER_PAGE, len(rows)),
        there=queries.latest_attendance(session, training), may_edit=may_edit, is_today=door_open(training, clock.today(training.time_zone)),
        fitting=len(inviting.fitting(session, training)) if may_edit and training.cancelled_at is None else 0,
        history=history_of(session, training), **context,
    )


@blueprint.post("/<int:session_id>/invite")
@gate("session.edit")
def invite(session_id: int) -> Page:
    """Invite whom the rule fits now; once more invites only those who fit since."""
    try:
        with transaction() as session:
            count = inviting.invite(session, current_actor(), queries.session_named(session, current_actor(), session_id))
    except DomainError as error:
        return _back(error, session_id)
    flash(ngettext("%(count)s firm invited.", "%(count)s firms invited.", count, count=number(count)), "success")
    return redirect(url_for("sessions.detail", session_id=session_id))


@blueprint.post("/<int:session_id>/answer")
@gate("milestone.submit")
def answer(session_id: int) -> Page:
    """Take the firm's yes or no by one tap."""
    back = safe_target(request.form.get("back"), url_for("sessions.detail", session_id=session_id))
    word = request.form.get("answer", "")
    try:
        with transaction() as session:
            training = queries.session_named(session, current_actor(), session_id)
            place = inviting.answer(session, current_actor(), training, request.form.get("firm", 0, type=int), word)
    except DomainError as error:
        return _back(error, session_id)
    if place:
        flash(gettext("All places are taken. You are number %(place)s on the waiting list; we write to you when one becomes free.", place=number(place)), "success")
    else:
        flash(gettext("Noted: you come.") if word == "yes" else gettext("Noted: you do not come. Thank you for telling us."), "success")
    return redirect(back)


def _back(error: DomainError, session_id: int) -> Page:
    """Say on the session's page why something was refused; what is not the actor's to do is refused as such."""
    if error.code in {"not_found", "not_allowed", "session_not_yours"}:
        raise error
    flash(sentence(error), "error")
    return redirect(url_for("sessions.detail", session_id=session_id))
