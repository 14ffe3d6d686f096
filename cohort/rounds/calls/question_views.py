"""Shows the questions of a draft, lets a manager add, reword, move and remove them; firms answer in `applications`."""

from __future__ import annotations

from flask import render_template, request, url_for
from sqlalchemy.orm import Session

from cohort.kit.access import Actor, gate
from cohort.kit.errors import DomainError
from cohort.rounds.calls import question_drafts, words
from cohort.rounds.calls.draft_views import acted, written
from cohort.rounds.calls.parts import questions_of
from cohort.rounds.calls.question_form import KINDS, QuestionForm
from cohort.rounds.calls.views import round_here
from cohort.rounds.models import Round
from cohort.rounds.site import Page, back_with, staff


@staff.get("/<int:round_id>/questions")
@gate("round.edit")
def questions(round_id: int) -> Page:
    """List the questions of a draft in their order."""
    round_, back = round_here(round_id), url_for("rounds.detail", round_id=round_id)
    if round_.status != "draft":
        return back_with(DomainError("round_not_draft"), back)
    return render_template("rounds/questions.html", round=round_, words=words, back=back, kinds=KINDS,
                           questions=questions_of(round_.protocol))


@staff.route("/<int:round_id>/questions/new", methods=["GET", "POST"])
@gate("round.edit")
def question_new(round_id: int) -> Page:
    """Add a question at the end."""
    round_, form = round_here(round_id), QuestionForm()

    def act(session: Session, actor: Actor, held: Round) -> None:
        question_drafts.add_question(session, actor, held, form.question())

    return written("rounds/question.html", round_, form, act, url_for("rounds.questions", round_id=round_id), is_new=True)


@staff.route("/<int:round_id>/questions/<name>", methods=["GET", "POST"])
@gate("round.edit")
def question(round_id: int, name: str) -> Page:
    """Reword a question."""
    round_, form = round_here(round_id), QuestionForm()
    found = question_drafts.question_of(round_, name)
    if not form.is_submitted():
        form.show(found)

    def act(session: Session, actor: Actor, held: Round) -> None:
        question_drafts.edit_question(session, actor, held, form.question(name))

    return written("rounds/question.html", round_, form, act, url_for("rounds.questions", round_id=round_id), is_new=False)


@staff.post("/<int:round_id>/questions/order")
@gate("round.edit")
def question_order(round_id: int) -> Page:
    """Move a question up or down, or remove it."""
    name, wish = request.form.get("name", ""), request.form.get("wish", "")

    def act(session: Session, actor: Actor, held: Round) -> None:
        if wish == "remove":
            question_drafts.remove_question(session, actor, held, name)
        else:
            question_drafts.move_question(session, actor, held, name, up=wish == "up")

    return acted(round_id, url_for("rounds.questions", round_id=round_id), act)
