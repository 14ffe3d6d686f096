"""Shows an evaluator what waits, takes the declaration and the sheet, as typed or as sent; decides nothing itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask import Blueprint, flash, jsonify, redirect, render_template, request, url_for
from flask_babel import gettext, ngettext
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from cohort.firms.words import country_name
from cohort.kit import clock, navigation
from cohort.kit.access import current_actor, gate
from cohort.kit.database import transaction
from cohort.kit.errors import WORDINGS, DomainError, sentence
from cohort.kit.language import clock_time
from cohort.rounds.calls import words as call_words
from cohort.rounds.calls.parts import criteria_of
from cohort.rounds.calls.words import criterion_name
from cohort.rounds.reviews import blind, sheets, waiting, words
from cohort.rounds.reviews.forms import DeclareForm, ReasonForm
from cohort.rounds.reviews.models import Assignment, Review
from cohort.rounds.reviews.outcome import open_criteria, points_of, read_marks
from cohort.rounds.site import Page, back_with, session_now

_: Callable[..., str] = gettext
blueprint = Blueprint("reviews", __name__, url_prefix="/rounds/reviews")
MARK = "mark-"

navigation.announce(navigation.Entry(_l("My reviews"), "reviews.index", "scale", "round.review", 18, waiting.open_count))


@blueprint.get("/")
@gate("round.review")
def index() -> Page:
    """List the files of an evaluator: to declare, to score, sent in; oldest first."""
    rows = waiting.own_files(session_now(), current_actor())
    counts = waiting.counted([row.state for row in rows])
    groups = [(state, [row for row in rows if row.state == state]) for state in ("declare", "score", "sent")]
    return render_template(
        "rounds/reviews/index.html", groups=groups, counts=counts, words=words, country_name=country_name,
        call_words=call_words)


@blueprint.route("/<int:application_id>/conflict", methods=["GET", "POST"])
@gate("round.review")
def declare(application_id: int) -> Page:
    """Ask for the declaration before the file opens, or take a later one; only code and country are shown."""
    held = sheets.file_of(session_now(), current_actor(), application_id)
    form = DeclareForm()
    if form.validate_on_submit():
        try:
            with transaction() as writing:
                is_open = sheets.declare(
                    writing, current_actor(), application_id, form.has_conflict.data == "yes", form.reason.data or "")
        except DomainError as refusal:
            form.form_errors.append(sentence(refusal))
        else:
            return _declared(application_id, is_open, form.has_conflict.data == "yes")
    page = render_template(
        "rounds/reviews/declare.html", file=held.application, form=form, country=country_name(held.application.country),
        title=call_words.title_of(held.application.round), is_declared=sheets.is_declared(session_now(), held))
    return (page, 422) if form.is_submitted() else page


def _declared(application_id: int, is_open: bool, has_conflict: bool) -> Page:
    if is_open:
        return redirect(url_for("reviews.sheet", application_id=application_id))
    if has_conflict:
        flash(_("Noted. The file is closed to you and goes to somebody else."), "success")
    else:
        flash(_("Our records link you to this firm, so the file is closed to you. The programme manager sees why."), "warning")
    return redirect(url_for("reviews.index"))


@blueprint.route("/<int:application_id>", methods=["GET", "POST"])
@gate("round.review")
def sheet(application_id: int) -> Page:
    """Show the application and the sheet side by side; save it, or send it in."""
    if request.method == "POST":
        return _keep(application_id)
    try:
        held, review = sheets.sheet_of(session_now(), current_actor(), application_id)
    except DomainError as refusal:
        if refusal.code != "review_undeclared":
            raise
        return redirect(url_for("reviews.declare", application_id=application_id))
    return _drawn(held, review, {}, [])


def _keep(application_id: int) -> Page:
    """Save or send in what was typed; a refusal shows the sheet again with it, nothing overwritten."""
    typed, is_sending = _typed(), request.form.get("action") == "send"
    try:
        with transaction() as writing:
            keep = sheets.send if is_sending else sheets.save
            keep(writing, current_actor(), application_id, _version(), typed)
    except DomainError as refusal:
        status = int(WORDINGS[refusal.code].status)
        if status in {403, 404} or refusal.code in {"review_undeclared", "reviews_not_open"}:
            return back_with(refusal, url_for("reviews.index"))
        held, review = sheets.sheet_of(session_now(), current_actor(), application_id)
        return _drawn(held, review, typed, _faults(held, typed, refusal)), status
    if is_sending:
        flash(_("Sent in. Thank you."), "success")
        return redirect(_next_href(application_id))
    flash(_("Saved. You can go on with it any time."), "success")
    return redirect(url_for("reviews.sheet", application_id=application_id))


def _next_href(application_id: int) -> str:
    """Return the next file that waits, or the one just sent when none does."""
    rows = waiting.own_files(session_now(), current_actor())
    following = next((row for row in rows if row.state == "score"), None)
    return url_for("reviews.sheet", application_id=following.application_id) if following else url_for("reviews.index")


def _version() -> int:
    text = request.form.get("version", "")
    return int(text) if text.isdigit() and len(text) < 9 else -1


def _typed() -> dict[str, str]:
    """Return marks and words by their names in the sheet."""
    return {name.removeprefix(MARK): text for name, text in request.form.items() if name.startswith((MARK, "comment", "feedback"))}


def _faults(held: Assignment, typed: Mapping[str, Any], refusal: DomainError) -> list[tuple[str, str]]:
    """Return (link, words) of what is wrong: each criterion without a good mark, else the refusal itself."""
    criteria = criteria_of(held.application.round.protocol)
    marks, faulty = read_marks(criteria, typed)
    named = {each.name: criterion_name(each) for each in criteria}
    wrong = {"review_mark": faulty, "review_open_criteria": open_criteria(criteria, marks)}.get(refusal.code, ())
    return [("", sentence(refusal)), *((f"#{MARK}{name}", named[name]) for name in wrong)]


def _drawn(held: Assignment, review: Review, typed: Mapping[str, Any], faults: list[tuple[str, str]]) -> str:
    session, file, round_ = session_now(), held.application, held.application.round
    criteria = criteria_of(round_.protocol)
    marks = read_marks(criteria, typed)[0] if typed else review.marks
    is_open = round_.status == "closed" and review.sent_at is None
    scales = [
        {"name": MARK + each.name, "label": criterion_name(each), "weight": each.weight,
         "anchors": words.anchors_of(each), "mark": marks.get(each.name)}
        for each in criteria
    ]
    return render_template(
        "rounds/reviews/sheet.html", file=file, review=review, scales=scales, faults=faults, is_open=is_open,
        shown=blind.shown_to_evaluator(session, round_, file, lambda kept: url_for(
            "reviews.file", application_id=file.id, upload_id=kept.id)), country=country_name(file.country),
        comment=typed.get("comment", review.comment), feedback=typed.get("feedback", review.feedback),
        title=call_words.title_of(round_), saved=_saved_words(review) if review.version else "",
        points=words.points_line(points_of(criteria, marks)) if not open_criteria(criteria, marks) else "",
        others=[words.points_text(each.points) for each in sheets.others_sent(session, held)] if review.sent_at else [],
        may_reopen=sheets.may_reopen(session, held, review), left=_left_words(len(open_criteria(criteria, marks))),
    )


def _saved_words(review: Review) -> str:
    return _("Saved at %(time)s", time=clock_time(review.saved_at))


def _left_words(count: int) -> str:
    if not count:
        return _("Every criterion has a mark.")
    return str(ngettext("%(num)s criterion has no mark yet.", "%(num)s criteria have no mark yet.", count))


@blueprint.post("/<int:application_id>/save")
@gate("round.review")
def save(application_id: int) -> Response:
    """Save the sheet while it is typed; answers JSON with the next version, or with why it was not saved."""
    try:
        with transaction() as writing:
            review = sheets.save(writing, current_actor(), application_id, _version(), _typed())
            criteria = criteria_of(review.application.round.protocol)
            left = open_criteria(criteria, review.marks)
            answer = {
                "version": review.version, "saved": _saved_words(review), "left": _left_words(len(left)),
                "points": "" if left else words.points_line(points_of(criteria, review.marks)),
            }
    except DomainError as refusal:
        refused = jsonify(message=sentence(refusal))
        refused.status_code = int(WORDINGS[refusal.code].status)
        return refused
    return jsonify(answer)


@blueprint.route("/<int:application_id>/reopen", methods=["GET", "POST"])
@gate("round.review")
def reopen(application_id: int) -> Page:
    """Ask why, then re-open one's own review."""
    held, review = sheets.sheet_of(session_now(), current_actor(), application_id)
    back, form = url_for("reviews.sheet", application_id=application_id), ReasonForm()
    if form.validate_on_submit():
        try:
            with transaction() as writing:
                sheets.reopen_own(writing, current_actor(), application_id, form.reason.data)
        except DomainError as refusal:
            return back_with(refusal, back)
        flash(_("Re-opened. It counts again once you send it in."), "success")
        return redirect(back)
    if not sheets.may_reopen(session_now(), held, review):
        why = DomainError("review_others_seen") if review.sent_at else DomainError("review_not_sent")
        return back_with(why, back)
    page = render_template("rounds/reviews/reopen.html", form=form, back=back, code=held.application.code,
                           since=review.sent_at or clock.now())
    return (page, 422) if form.is_submitted() else page
