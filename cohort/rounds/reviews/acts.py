"""Takes a manager's acts on single evaluators and files: by hand, from a sheet, ended, moved, a word on a conflict."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext, ngettext
from sqlalchemy.orm import Session
from werkzeug.datastructures import FileStorage

from cohort.firms.words import country_name
from cohort.kit.access import Actor, current_actor, gate
from cohort.kit.database import transaction
from cohort.kit.errors import DomainError, sentence
from cohort.kit.tables import TableFault, open_table
from cohort.rounds.calls import queries as rounds
from cohort.rounds.calls.views import round_here
from cohort.rounds.models import Round
from cohort.rounds.reviews import assigning, board, changes, conflicts, pairs, sheets, waiting, words
from cohort.rounds.reviews.forms import MoveForm, PairsForm, ReasonForm
from cohort.rounds.reviews.manage import acted, board_href
from cohort.rounds.scores.queries import names_of
from cohort.rounds.site import Page, back_with, session_now, staff

_: Callable[..., str] = gettext


def given_text(given: assigning.Given, names: dict[int, str], codes: dict[int, str]) -> str:
    """Return what came of giving files: how many, and each refusal with its reason."""
    told = [str(ngettext("%(num)s review was assigned.", "%(num)s reviews were assigned.", len(given.given)))]
    if given.stood:
        told.append(str(ngettext("%(num)s stood already.", "%(num)s stood already.", len(given.stood))))
    for each in given.refused[:10]:
        told.append(_("Not assigned: %(code)s to %(name)s – %(why)s.", code=codes.get(each.pair[0], "—"),
                      name=names.get(each.pair[1], "—"), why=words.conflict_text(each.kind, each.fact)))
    return " ".join(told)


def _told(session: Session, held: Round, given: assigning.Given) -> tuple[str, str]:
    names = {each.id: each.name or each.email for each in conflicts.evaluators_of(session, held.plan_id)}
    codes = {each.id: each.code for each in assigning.to_review(session, held.id)}
    return given_text(given, names, codes), "warning" if given.refused else "success"


@staff.route("/<int:round_id>/reviews/assign", methods=["GET", "POST"])
@gate("round.edit")
def reviews_assign(round_id: int) -> Page:
    """Pick files and evaluators by hand."""
    session, round_ = session_now(), round_here(round_id)
    terms = assigning.terms_of(round_)
    if request.method == "POST":
        wanted = [(int(file), int(person)) for file in request.form.getlist("file") if file.isdigit()
                  for person in request.form.getlist("evaluator") if person.isdigit()]

        def act(writing: Session, actor: Actor, held: Round) -> tuple[str, str]:
            return _told(writing, held, assigning.give(writing, actor, held, wanted, "hand"))

        return acted(round_id, act, request.full_path.rstrip("?"))
    lines = board.file_lines(session, round_, terms)
    is_short = request.args.get("all") != "yes"
    shown = [line for line in lines if not is_short or line.given_count < line.standing.needed_count]
    return render_template(
        "rounds/reviews/assign.html", round=round_, rows=shown[:200], total=len(lines), is_short=is_short, words=words,
        loads=[each for each in board.load_lines(session, round_) if each.has_role], country_name=country_name)


@staff.route("/<int:round_id>/reviews/sheet", methods=["GET", "POST"])
@gate("round.edit")
def reviews_sheet(round_id: int) -> Page:
    """Read a sheet of assignments and show what it would do; with `apply` do it whole."""
    round_, form = round_here(round_id), PairsForm()
    assigning.terms_of(round_)
    shown: pairs.PairSheet | None = None
    if form.validate_on_submit():
        try:
            _take_file(form)
            lines = pairs.typed_lines(form.sheet.data or "")
            if "apply" in request.form:
                return _applied(round_id, lines)
            shown = pairs.preview(session_now(), current_actor(), round_, lines)
            if not shown.lines and not shown.faults:
                raise DomainError("pairs_empty")
        except DomainError as refusal:
            form.form_errors.append(sentence(refusal))
        except pairs.NoColumn:
            form.form_errors.append(_("The file needs a column “file” and a column “evaluator” in its first line."))
        except TableFault:
            form.form_errors.append(_("The file cannot be read as a table. Save it as CSV or XLSX, or paste its cells."))
    page = render_template("rounds/reviews/pairs.html", round=round_, form=form, sheet=shown, words=words, back=board_href(round_id))
    is_faulty = form.is_submitted() and (form.errors or form.form_errors or (shown and (shown.faults or shown.barred)))
    return (page, 422) if is_faulty else page


def _applied(round_id: int, lines: Sequence[tuple[int, str, str]]) -> Page:
    with transaction() as session:
        held = rounds.round_of(session, round_id, current_actor().plan_id)
        told, tone = _told(session, held, pairs.apply(session, current_actor(), held, lines))
    flash(told, tone)
    return redirect(board_href(round_id))


def _take_file(form: PairsForm) -> None:
    """Turn an uploaded file into the cells that the text box shows, so that the next step needs no file."""
    upload: FileStorage | None = form.file.data
    if not upload or not upload.filename:
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "pairs"
        upload.save(path)
        form.sheet.data = pairs.table_text(open_table(path))


@staff.route("/<int:round_id>/reviews/evaluators/<int:person_id>", methods=["GET", "POST"])
@gate("round.edit")
def reviews_evaluator(round_id: int, person_id: int) -> Page:
    """Show what one evaluator has; end some of it, or move it to another, with a reason."""
    session, round_, form = session_now(), round_here(round_id), MoveForm()
    assigning.terms_of(round_)
    loads = board.load_lines(session, round_)
    line = next((each for each in loads if each.person_id == person_id), None)
    if line is None:
        raise DomainError("not_found")
    back = url_for("rounds.reviews_evaluator", round_id=round_id, person_id=person_id)
    if form.validate_on_submit():
        return acted(round_id, _end_or_move(person_id, form), back)
    form.to_evaluator.choices = [
        (each.person_id, f"{each.name} ({each.counts.all_count})") for each in loads
        if each.has_role and each.person_id != person_id]
    rows = [each for each in waiting.files_in_hand(session, assigning.in_round(round_id)) if each.evaluator_id == person_id]
    page = render_template("rounds/reviews/evaluator.html", round=round_, line=line, rows=rows, form=form, words=words,
                           names=names_of(session, [each.application_id for each in rows]), country_name=country_name, is_open=round_.status == "closed")
    return (page, 422) if form.is_submitted() else page


def _end_or_move(person_id: int, form: MoveForm) -> Callable[[Session, Actor, Round], tuple[str, str]]:
    chosen = {int(key) for key in request.form.getlist("file") if key.isdigit()}
    reason, is_move = form.reason.data or "", request.form.get("action") == "move"

    def act(session: Session, actor: Actor, held: Round) -> tuple[str, str]:
        rows = [row for row in changes.standing_of_evaluator(session, held.id, person_id) if row.application_id in chosen]
        if is_move:
            return _told(session, held, changes.move(session, actor, held, rows, int(form.to_evaluator.data or 0), reason))
        count = changes.end(session, actor, held, rows, reason)
        return str(ngettext("%(num)s assignment ended.", "%(num)s assignments ended.", count)), "success"

    return act


@staff.route("/<int:round_id>/reviews/conflicts", methods=["GET", "POST"])
@gate("round.edit")
def reviews_conflicts(round_id: int) -> Page:
    """Check one evaluator, or all, against every file of the round; bar what is found when asked to."""
    session, round_ = session_now(), round_here(round_id)
    assigning.terms_of(round_)
    people = conflicts.evaluators_of(session, round_.plan_id)
    chosen = request.args.get("evaluator", 0, int)
    asked = [each for each in people if not chosen or each.id == chosen]
    if request.method == "POST":
        def act(writing: Session, actor: Actor, held: Round) -> tuple[str, str]:
            count = changes.check_conflicts(writing, actor, held, {each.id for each in asked})
            return str(ngettext("%(num)s file is closed to its evaluator now.", "%(num)s files are closed to their evaluators now.", count)), "success"

        return acted(round_id, act, request.full_path.rstrip("?"))
    return render_template(
        "rounds/reviews/conflicts.html", round=round_, choices=[(each.id, each.name or each.email) for each in people],
        chosen=chosen, words=words,
        rows=board.found_lines(session, round_, asked), file_count=len(assigning.to_review(session, round_.id)))


@staff.route("/<int:round_id>/reviews/conflicts/<int:application_id>/<int:person_id>", methods=["GET", "POST"])
@gate("round.edit")
def reviews_word(round_id: int, application_id: int, person_id: int) -> Page:
    """Say with a reason that what was found is no conflict, or that there is one."""
    session, round_, form = session_now(), round_here(round_id), ReasonForm()
    lines = board.file_lines(session, round_, assigning.terms_of(round_))
    line = next((each for each in lines if each.application_id == application_id), None)
    person = next((each for each in conflicts.evaluators_of(session, round_.plan_id) if each.id == person_id), None)
    if line is None or person is None:
        raise DomainError("not_found")
    said = conflicts.words_on(session, round_.id).get((application_id, person_id))
    is_lifting = bool(said and said.has_conflict and said.source != "declared")
    back = board_href(round_id) + "#conflicts"
    if form.validate_on_submit():
        def act(writing: Session, actor: Actor, held: Round) -> tuple[str, str]:
            changes.say_by_staff(writing, actor, held, (application_id, person_id), not is_lifting, form.reason.data)
            return _("Noted with its reason."), "success"

        return acted(round_id, act, back)
    page = render_template("rounds/reviews/word.html", line=line, name=person.name or person.email, form=form, back=back,
                           is_lifting=is_lifting, said=words.said_text(said) if said else "")
    return (page, 422) if form.is_submitted() else page


@staff.route("/<int:round_id>/reviews/files/<int:application_id>/reopen/<int:person_id>", methods=["GET", "POST"])
@gate("round.edit")
def reviews_reopen(round_id: int, application_id: int, person_id: int) -> Page:
    """Ask why, then re-open an evaluator's review."""
    session, round_, form = session_now(), round_here(round_id), ReasonForm()
    assigning.terms_of(round_)
    back = url_for("rounds.reviews_file", round_id=round_id, application_id=application_id)
    lines = [each for each in board.review_lines(session, application_id) if each.assignment.evaluator_id == person_id]
    sent = next((each.sent for each in reversed(lines) if each.sent), None)
    if sent is None or round_.id != lines[0].assignment.application.round_id:
        return back_with(DomainError("not_found"), back)
    if form.validate_on_submit():
        def act(writing: Session, actor: Actor, held: Round) -> tuple[str, str]:
            sheets.reopen(writing, actor, held, application_id, person_id, form.reason.data)
            return _("Re-opened. It counts again once it is sent in."), "success"

        return acted(round_id, act, back)
    page = render_template("rounds/reviews/reopen.html", form=form, back=back, since=sent.sent_at,
                           code=lines[0].assignment.application.code)
    return (page, 422) if form.is_submitted() else page
