"""Shows staff the files of a round and lets them settle a check or set a file aside, with a reason; answers requests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext, ngettext
from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from cohort.firms.words import SIZES, country_name
from cohort.kit.access import current_actor, gate, signed_in, unscoped
from cohort.kit.database import transaction
from cohort.kit.errors import DomainError, sentence
from cohort.kit.history import history_of
from cohort.rounds.applications import chasing, entry, forms, queries, service, told, words
from cohort.rounds.calls import queries as rounds
from cohort.rounds.calls import words as call_words
from cohort.rounds.calls.parts import questions_of
from cohort.rounds.calls.times import local_text
from cohort.rounds.calls.views import round_here
from cohort.rounds.decisions import appeals
from cohort.rounds.decisions import words as decision_words
from cohort.rounds.decisions.solving import files_of
from cohort.rounds.models import Application
from cohort.rounds.scores.service import latest_scores
from cohort.rounds.site import Page, apply, back_with, session_now, staff

_: Callable[..., str] = gettext
FILTERS = ("country", "state", "words")


@staff.get("/<int:round_id>/files")
@gate("round.see")
def files(round_id: int) -> Page:
    """List the files of a round, 50 a page, with eligibility and score; for staff who may see firms."""
    current_actor().require("firm.see")
    session, round_ = session_now(), round_here(round_id)
    chosen = {name: request.args.get(name, "") for name in FILTERS}
    page = queries.files(round_.id, chosen)
    held = latest_scores(session, round_.id) if current_actor().may("round.score") else {}
    rows = [_row(each, held[each.id].score if each.id in held else None) for each in page.items]
    return render_template("rounds/files.html", round=round_, page=page, rows=rows, chosen=chosen, words=words,
                           country_name=country_name, call_words=call_words)


def _row(each: Application, score: int | None) -> dict[str, Any]:
    firm = each.firm
    name = firm.name if firm and firm.legal_name != "—" else str(each.answers.get("company_name") or each.code)
    return {
        "id": each.id, "firm": name, "country": each.country, "status": each.status, "eligible": each.eligible,
        "owned": firm.women_owned if firm else "unknown", "led": firm.women_led if firm else "unknown",
        "score": None if score is None else score / 10_000, "sent": each.submitted_at,
        "open": [words.CHECK_NAMES[check["check"]] for check in each.eligibility if check["answer"] != "yes"],
    }


@staff.get("/<int:round_id>/files/<int:application_id>")
@gate("round.see")
def file(round_id: int, application_id: int) -> Page:
    """Show one file: what was sent, its checks, its score and outcome, its history."""
    current_actor().require("firm.see")
    session = session_now()
    application = queries.application_of(session, round_id, application_id)
    round_ = round_here(round_id)
    score = latest_scores(session, round_.id).get(application.id) if current_actor().may("round.score") else None
    seat, submissions = appeals.seat_of(session, application.id), queries.submissions_of(session, application.id)
    counted = submissions[0].answers if submissions else application.answers
    return render_template(
        "rounds/file.html", round=round_, application=application, words=words, seat=seat,
        score=None if score is None or score.score is None else score.score / 10_000, sizes=SIZES, call_words=call_words,
        history=history_of(session, application), submissions=submissions,
        answers=told.answer_rows(counted, application.country, questions_of(round_.protocol), lambda kept: url_for(
            "rounds.handed_in", round_id=round_id, application_id=application_id, upload_id=kept.id)),
        may_settle=current_actor().may("round.score") and round_.status == "closed",
        outcomes=decision_words, country_name=country_name,
        sent=local_text(application.submitted_at, round_.time_zone) if application.submitted_at else "",
        why=decision_words.reason_text(seat.reason, seat.reason_params, round_.protocol) if seat else "",
    )


@staff.route("/<int:round_id>/files/<int:application_id>/<check>", methods=["GET", "POST"])
@gate("round.score")
def finding(round_id: int, application_id: int, check: str) -> Page:
    """Settle one check of a file with a reason, or set it aside."""
    application = queries.application_of(session_now(), round_id, application_id)
    round_here(round_id)
    if check not in words.CHECK_NAMES:
        raise DomainError("not_found")
    form, back = forms.FindingForm(), url_for("rounds.file", round_id=round_id, application_id=application_id)
    if check == "ownership":  # asked by the proposal, one file after the other
        back = url_for("rounds.proposal", round_id=round_id)
    if form.validate_on_submit():
        try:
            with transaction() as writing:
                service.note_finding(
                    writing, current_actor(), queries.application_of(writing, round_id, application_id), check,
                    form.answer.data, form.reason.data)
        except DomainError as refusal:
            form.form_errors.append(sentence(refusal))
        else:
            flash(_("Noted with its reason."), "success")
            return redirect(back)
    page = render_template("rounds/finding.html", application=application, check=check, form=form, back=back, words=words)
    return (page, 422) if form.is_submitted() else page


@staff.post("/<int:round_id>/set-aside")
@gate("round.decide")
def set_aside(round_id: int) -> Page:
    """Set every file aside that waits for eligibility or has no score, with one reason."""
    back = url_for("rounds.decide", round_id=round_id)
    try:
        with transaction() as session:
            held = files_of(session, rounds.round_of(session, round_id, current_actor().plan_id))
            waiting = held.pending if request.form.get("which") == "pending" else held.unscored
            count = service.set_aside(session, current_actor(), waiting, request.form.get("reason", ""))
    except DomainError as refusal:
        return back_with(refusal, back)
    flash(_("%(count)s files are set aside, each with this reason.", count=count), "success")
    return redirect(back)


@staff.post("/<int:round_id>/remind")
@gate("round.edit")
def remind(round_id: int) -> Page:
    """Remind those who have not sent their application to an open call."""
    back = url_for("rounds.detail", round_id=round_id)
    try:
        with transaction() as session:
            count = chasing.remind_unsent(
                session, current_actor(), rounds.round_of(session, round_id, current_actor().plan_id))
    except DomainError as refusal:
        return back_with(refusal, back)
    flash(ngettext("%(num)s person is reminded by mail.", "%(num)s people are reminded by mail.", count) if count
          else _("Everybody with an unsent draft was reminded today already."), "success" if count else "info")
    return redirect(back)


@apply.route("/requests/<int:application_id>", methods=["GET", "POST"])
@signed_in
def request_to_act(application_id: int) -> Page:
    """Let one of a firm's people, or its coordinator, say whether somebody may act for the firm."""
    found, back = _request(session_now(), application_id), url_for("calls.index")
    if request.method == "POST":
        try:
            with transaction() as writing:
                entry.settle_request(writing, current_actor(), _request(writing, application_id), request.form.get("answer") == "yes")
        except DomainError as refusal:
            return back_with(refusal, request.path)
        flash(_("Answered. The person is told by mail."), "success")
        return redirect(url_for("rounds.detail", round_id=found.round_id) if current_actor().is_staff else back)
    return render_template("apply/request.html", application=found, round=found.round, words=call_words)


def _request(session: Session, application_id: int) -> Application:
    """Return a request that the actor may answer; raises `not_found` for anybody else's."""
    actor = current_actor()
    with unscoped(session):  # a request to act for the actor's own firm lies outside their own files
        found = session.scalars(
            select(Application).where(Application.id == application_id, Application.asks_firm_id.is_not(None))
            .options(joinedload(Application.round), joinedload(Application.applicant))
        ).one_or_none()
    reach = found is not None and (
        found.asks_firm_id in (actor.firm_ids or ())
        or (actor.may("firm.edit") and (actor.sees_all or found.country in (actor.countries or ()))))
    if found is None or not reach:
        raise DomainError("not_found")
    return found
