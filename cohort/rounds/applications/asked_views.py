"""Leads a firm through the questions that a call adds, on a step of their own; a call without any skips it.

Good files are kept even when another one, or a text, is refused: nobody has to choose them again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import redirect, request, session, url_for

from cohort.kit.access import current_actor, signed_in
from cohort.kit.database import transaction
from cohort.kit.errors import DomainError, sentence
from cohort.kit.uploads import MAX_BYTES
from cohort.rounds.applications import files, told
from cohort.rounds.applications.asked_form import OUT, asked_form
from cohort.rounds.applications.views import kept, own_here, part
from cohort.rounds.calls.parts import Question, questions_of
from cohort.rounds.calls.question_drafts import MOST_FILES
from cohort.rounds.screening import words as screening_words
from cohort.rounds.site import Page, apply

# As many files as a call may ask for, and one that is too large besides: it is refused in its place, not with the page.
MOST_BYTES = (MOST_FILES + 1) * MAX_BYTES


@apply.url_value_preprocessor
def let_files_in(endpoint: str | None, _values: dict[str, Any] | None) -> None:
    """Let whoever is signed in bring all files of a call in one request; nobody else's request grows."""
    if endpoint == "apply.questions" and "_user_id" in session:
        request.max_content_length = MOST_BYTES


@apply.route("/<code>/questions", methods=["GET", "POST"])
@signed_in
def questions(code: str) -> Page:
    """Third page of the form: the call's own questions."""
    protocol = own_here(code).round.protocol
    asked, following = questions_of(protocol), url_for("apply.review", code=code)
    if not asked:
        return redirect(following)
    refused = _keep_files(code, asked) if request.method == "POST" else {}
    application = own_here(code)
    form = asked_form(asked, application.answers)

    def show() -> str:
        held = files.files_in(application, application.answers)
        words = {name: told.file_words(each, url_for("apply.file", code=code, upload_id=each.id)) for name, each in held.items()}
        return part("apply/questions.html", application, form, 2, asked=asked, held=words, out=OUT,
                    screening=screening_words.terms_text(protocol))

    if refused:
        form.validate()
        for name, why in refused.items():
            form[name].errors = [why]
        return show(), 422
    texts = [each.name for each in asked if each.kind != "file"]
    return kept(code, form, lambda: {name: form.data[name] for name in texts}, show, following)


def _keep_files(code: str, asked: Sequence[Question]) -> dict[str, str]:
    """Keep each file that came, or take one out; return why others were refused, by question."""
    refused = {}
    for name in (each.name for each in asked if each.kind == "file"):
        sent = request.files.get(name)
        try:
            if sent is not None and sent.filename:
                with transaction() as writing:
                    files.hand_in(writing, current_actor(), own_here(code), name, sent)
            elif request.form.get(name + OUT):
                with transaction() as writing:
                    files.take_out(writing, current_actor(), own_here(code), name)
        except DomainError as refusal:
            refused[name] = sentence(refusal)
    return refused
