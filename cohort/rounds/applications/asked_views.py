"""Leads a firm through the questions that a call adds, on a step of their own; a call without any skips it."""

from __future__ import annotations

from flask import redirect, url_for

from cohort.kit.access import signed_in
from cohort.rounds.applications.asked_form import asked_form
from cohort.rounds.applications.views import kept, own_here, part
from cohort.rounds.calls.parts import questions_of
from cohort.rounds.site import Page, apply


@apply.route("/<code>/questions", methods=["GET", "POST"])
@signed_in
def questions(code: str) -> Page:
    """Third page of the form: the call's own questions."""
    application = own_here(code)
    asked, following = questions_of(application.round.protocol), url_for("apply.review", code=code)
    if not asked:
        return redirect(following)
    form = asked_form(asked, application.answers)

    def show() -> str:
        return part("apply/questions.html", application, form, 2, asked=asked)

    return kept(code, form, lambda: {each.name: form.data[each.name] for each in asked}, show, following)
