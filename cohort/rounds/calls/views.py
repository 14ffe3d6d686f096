"""Shows rounds to staff and takes them from ready template to closing; files, scores and decisions have their own views."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from cohort.firms.words import country_name
from cohort.kit import clock, navigation
from cohort.kit.access import Actor, Role, current_actor, gate
from cohort.kit.database import transaction
from cohort.kit.errors import DomainError, sentence
from cohort.kit.history import history_of
from cohort.plans import queries as plans
from cohort.plans.words import plan_name
from cohort.rounds.applications.queries import requests_of
from cohort.rounds.calls import copying, queries, service, told, words
from cohort.rounds.calls.crossings import rare_on_register
from cohort.rounds.calls.forms import AddendumForm, ConfirmForm, RoundForm
from cohort.rounds.calls.protocol import sha256_of, sha256_text, short
from cohort.rounds.calls.time_left import TimeLeft, time_left, time_left_of
from cohort.rounds.calls.times import from_local, local_text
from cohort.rounds.decisions.appeals import appeals_of, waiting_count
from cohort.rounds.decisions.service import decision_of
from cohort.rounds.drawing import service as drawing
from cohort.rounds.models import Round
from cohort.rounds.reach import may_read_names
from cohort.rounds.seats.acts import each_act
from cohort.rounds.seats.words import acts_text
from cohort.rounds.site import Page, back_with, session_now, staff
from cohort.rounds.waiting import PLACES, WORDS, steps_for

_: Callable[..., str] = gettext


def _waiting(session: Session, actor: Actor) -> int:
    """Count what waits for the manager here: appeals without an answer."""
    return waiting_count(session, actor.plan_id) if actor.may("round.decide") else 0


navigation.announce(navigation.Entry(_l("Selection rounds"), "rounds.index", "award", "round.see", 20, _waiting))


def round_here(round_id: int) -> Round:
    """Return the round of the address when it belongs to the actor's plan."""
    return queries.round_of(session_now(), round_id, current_actor().plan_id)


@staff.get("/")
@gate("round.see")
def index() -> Page:
    """List the rounds of the plan, the latest first."""
    session = session_now()
    rounds = queries.rounds_of(session, current_actor().plan_id)
    sent = queries.sent_counts(session, [each.id for each in rounds])
    rows = [
        {"id": each.id, "title": words.title_of(each), "code": each.code, "status": each.status, "seats": each.seats,
         "sent": sent.get(each.id, 0), "closes": local_text(each.closes_at, each.time_zone)}
        for each in rounds
    ]
    return render_template("rounds/index.html", rows=rows, words=words, steps=steps_for(session, current_actor()),
                           step_words=WORDS, step_places=PLACES)


@staff.get("/<int:round_id>")
@gate("round.see")
def detail(round_id: int) -> Page:
    """Show one round: where it stands, what to do next, its rules, its files by country, appeals and history."""
    session, round_ = session_now(), round_here(round_id)
    standings = queries.standings_of(session, round_)
    total = queries.total_of(standings)
    rows = [{"country": country_name(each.country), "standing": each} for each in standings]
    by_act = each_act(session, round_)
    return render_template(
        "rounds/detail.html", round=round_, words=words, told=told, rows=rows, total=total, short=short,
        step=queries.step_of(round_, total), closes=local_text(round_.closes_at, round_.time_zone),
        opens=local_text(round_.opens_at, round_.time_zone), is_past=clock.now() > service.deadline_of(round_),
        decision=decision_of(session, round_.id), acts_text="" if by_act is None else acts_text(round_, by_act),
        appeals=appeals_of(session, round_) if may_read_names(current_actor()) else [],
        requests=requests_of(session, round_.id), history=history_of(session, round_),
        is_evaluator=current_actor().roles <= {Role.EVALUATOR}, is_seed_known=drawing.is_seed_known(session, round_),
        time_left=time_left_of(session, round_) if current_actor().may("round.edit") else None,
    )


@staff.route("/new", methods=["GET", "POST"])
@gate("round.edit")
def new() -> Page:
    """Start a call from a ready template, with everything usual filled in, or from an earlier call."""
    form, session = RoundForm().offer(), session_now()
    plan, left = plans.plan_of(session, current_actor().plan_id), None
    if not form.is_submitted():
        origins = plans.origins_on(session, plan.id, clock.today(plan.time_zone))
        form.prefill(origins, plan.time_zone, clock.now(), len(queries.rounds_of(session, plan.id)) + 1)
        chosen = copying.source_of(session, current_actor(), request.args.get("from", ""))
        if chosen:
            form.copy(chosen, copying.countries_for(chosen, plan.id, origins))
        left = time_left(session, plan, from_local(form.closes_at.data, plan.time_zone), plan.time_zone)

    def act(session: Session, actor: Actor) -> Round:
        copied = copying.source_of(session, actor, form.copied_from.data or "")
        made = service.create_round(session, actor, plans.plan_of(session, actor.plan_id), form.terms(), copied)
        for text in _left_out(copied, form):
            flash(text, "notice")
        return made

    named = copying.source_of(session, current_actor(), form.copied_from.data or "")
    return _written(form, act, _("New call"), _("Save the draft"), url_for("rounds.index"), left,
                    earlier=_sources(session), left_out=_left_out(named, form))


def _left_out(copied: Round | None, form: RoundForm) -> list[str]:
    """Return the further rules of an earlier call that name a country which this one has not, each in a sentence."""
    gone = copying.left_out(copied.protocol, form.countries.data or ()) if copied else []
    return [_("Not copied, for it names a country that this call does not have: “%(rule)s”", rule=row["text"])
            for row in told.quota_rows({"quotas": gone, **({"parity": copied.protocol["parity"]} if copied else {})})]


def _sources(session: Session) -> list[tuple[str, list[tuple[int, str]]]]:
    """Return the calls to start from, by the name of their plan."""
    return [(plan_name(plan), [(each.id, f"{words.title_of(each)} · {each.code}") for each in rounds])
            for plan, rounds in copying.sources_of(session, current_actor())]


@staff.route("/<int:round_id>/edit", methods=["GET", "POST"])
@gate("round.edit")
def edit(round_id: int) -> Page:
    """Change a draft."""
    round_, form = round_here(round_id), RoundForm().offer()
    back = url_for("rounds.detail", round_id=round_.id)
    if round_.status != "draft":
        return back_with(DomainError("round_not_draft"), back)
    if not form.is_submitted():
        form.show(round_)
    left = None if form.is_submitted() else time_left_of(session_now(), round_)

    def act(session: Session, actor: Actor) -> Round:
        held = queries.round_of(session, round_id, actor.plan_id)
        service.edit_round(session, actor, held, form.terms())
        return held

    return _written(form, act, _("Change the draft"), _("Save the draft"), back, left)


def _written(
    form: RoundForm, act: Callable[[Session, Actor], Round], title: str, submit: str, back: str, left: TimeLeft | None,
    **context: Any,
) -> Page:
    """Show the form, or save the round and lead to its page; a refusal keeps what was typed."""
    if form.validate_on_submit():
        try:
            with transaction() as session:
                target = url_for("rounds.detail", round_id=act(session, current_actor()).id)
        except DomainError as refusal:
            form.form_errors.append(sentence(refusal))
        else:
            flash(_("The draft is saved. Nobody sees it until you open the call."), "success")
            return redirect(target)
    page = render_template("rounds/edit.html", form=form, title=title, submit=submit, back=back, time_left=left,
                           plan_id=current_actor().plan_id, **context)
    return (page, 422) if form.is_submitted() else page


@staff.route("/<int:round_id>/open", methods=["GET", "POST"])
@gate("round.edit")
def open_call(round_id: int) -> Page:
    """Ask, then open the call and seal its rules."""
    round_ = round_here(round_id)
    hashes = {"protocol": sha256_of(round_.protocol), "seed": sha256_text(round_.seed)}

    def act(session: Session, actor: Actor, held: Round) -> str:
        service.open_round(session, actor, held, request.form.get("rare_reason", ""))
        return _("The call is open. Its rules are sealed.")

    rare = rare_on_register(session_now(), round_) if round_.status == "draft" else []
    return _asked("rounds/open.html", round_, act, rare=rare, hashes=hashes, words=words, told=told, closes=local_text(round_.closes_at, round_.time_zone),
                  time_left=time_left_of(session_now(), round_))


@staff.route("/<int:round_id>/close", methods=["GET", "POST"])
@gate("round.edit")
def close(round_id: int) -> Page:
    """Ask, then close the call: freeze the files and reveal the seed."""
    round_ = round_here(round_id)

    def act(session: Session, actor: Actor, held: Round) -> str:
        count = service.close_round(session, actor, held)
        if drawing.is_lottery(held):
            return _("The call is closed: %(count)s applications are frozen. The seed is revealed by the draw.", count=count)
        return _("The call is closed: %(count)s applications are frozen and the seed is revealed.", count=count)

    return _asked("rounds/close.html", round_, act, sent=queries.sent_counts(session_now(), [round_.id]).get(round_.id, 0))


def _asked(template: str, round_: Round, act: Callable[[Session, Actor, Round], str], **context: Any) -> Page:
    """Show a page that asks, or act and return to the round; a refusal returns there too, in words."""
    back, form, round_id = url_for("rounds.detail", round_id=round_.id), ConfirmForm(), round_.id
    if not form.is_submitted():
        return render_template(template, round=round_, back=back, **context)
    try:
        with transaction() as session:
            answer = act(session, current_actor(), queries.round_of(session, round_id, current_actor().plan_id))
    except DomainError as refusal:
        return back_with(refusal, request.path if refusal.code == "rare_reason_missing" else back)
    flash(answer, "success")
    return redirect(back)


@staff.route("/<int:round_id>/addendum", methods=["GET", "POST"])
@gate("round.edit")
def addendum(round_id: int) -> Page:
    """Publish a clarification, and perhaps a later deadline."""
    round_, form = round_here(round_id), AddendumForm()
    back = url_for("rounds.detail", round_id=round_id)
    if form.validate_on_submit():
        try:
            with transaction() as session:
                held = queries.round_of(session, round_id, current_actor().plan_id)
                moved = from_local(form.closes_at.data, held.time_zone) if form.closes_at.data else None
                service.add_addendum(session, current_actor(), held, form.text_es.data, form.text_en.data, moved)
        except DomainError as refusal:
            form.form_errors.append(sentence(refusal))
        else:
            flash(_("Published on the page of the call."), "success")
            return redirect(back)
    page = render_template("rounds/addendum.html", form=form, round=round_, back=back,
                           closes=local_text(round_.closes_at, round_.time_zone))
    return (page, 422) if form.is_submitted() else page
