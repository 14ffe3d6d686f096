"""Shows the pages of a draft beside its first one: rubric, rules, questions; a refusal keeps what was typed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext
from flask_wtf import FlaskForm
from sqlalchemy.orm import Session

from cohort.kit.access import Actor, current_actor, gate
from cohort.kit.database import transaction
from cohort.kit.errors import DomainError, sentence
from cohort.rounds.calls import drafting, queries, rule_drafts, told, words
from cohort.rounds.calls.rubric_form import (
    MARKS,
    faulty_criteria,
    removed_criteria,
    rubric_form,
    typed_criteria,
)
from cohort.rounds.calls.rule_forms import COLUMNS, OFFERED, QuotaForm, rules_form
from cohort.rounds.calls.views import round_here
from cohort.rounds.models import Round
from cohort.rounds.site import Page, back_with, staff

_: Callable[..., str] = gettext
Act = Callable[[Session, Actor, Round], None]


@staff.route("/<int:round_id>/rubric", methods=["GET", "POST"])
@gate("round.edit")
def rubric(round_id: int) -> Page:
    """Change the criteria of a draft: weights, names and what each mark means."""
    round_ = round_here(round_id)
    blank = drafting.blank_criterion(round_)
    criteria = [*drafting.offered_criteria(round_), *([blank] if blank else [])]
    form = rubric_form(criteria)

    def act(session: Session, actor: Actor, held: Round) -> None:
        drafting.set_rubric(session, actor, held, typed_criteria(form, criteria), removed_criteria(form, criteria))

    return written("rounds/rubric.html", round_, form, act, criteria=criteria, blank=blank, marks=MARKS,
                   name_of=words.criterion_name, is_own=drafting.is_own, faulty=lambda: faulty_criteria(form, criteria))


@staff.route("/<int:round_id>/rules", methods=["GET", "POST"])
@gate("round.edit")
def rules(round_id: int) -> Page:
    """Change who may apply, days, waitlist and what parity counts; further rules are listed and removed one by one."""
    round_ = round_here(round_id)
    form, countries = rules_form(round_.protocol), round_.protocol["countries"]

    def act(session: Session, actor: Actor, held: Round) -> None:
        rule_drafts.set_rules(session, actor, held, form.rules(countries))

    return written("rounds/rules.html", round_, form, act, told=told, checks=OFFERED, countries=countries)


@staff.route("/<int:round_id>/rules/new", methods=["GET", "POST"])
@gate("round.edit")
def quota(round_id: int) -> Page:
    """Add one further rule about the chosen firms."""
    round_ = round_here(round_id)
    form = QuotaForm().offer(round_.protocol["countries"])

    def act(session: Session, actor: Actor, held: Round) -> None:
        rule_drafts.add_quota(session, actor, held, form.quota())

    return written("rounds/quota.html", round_, form, act, url_for("rounds.rules", round_id=round_id), columns=COLUMNS)


@staff.post("/<int:round_id>/rules/remove")
@gate("round.edit")
def quota_remove(round_id: int) -> Page:
    """Take one further rule out of a draft."""
    name, back = request.form.get("name", ""), url_for("rounds.rules", round_id=round_id)
    return acted(round_id, back, lambda session, actor, held: rule_drafts.remove_quota(session, actor, held, name))


def acted(round_id: int, back: str, act: Act) -> Page:
    """Change a draft by one click and return; a refusal is said there."""
    try:
        with transaction() as session:
            act(session, current_actor(), queries.round_of(session, round_id, current_actor().plan_id))
    except DomainError as refusal:
        return back_with(refusal, back)
    flash(_("The draft is saved."), "success")
    return redirect(back)


def written(template: str, round_: Round, form: FlaskForm, act: Act, to: str = "", **context: Any) -> Page:
    """Show a page of a draft, or save what was typed and go on; an open call leads back to its page."""
    back, round_id = url_for("rounds.detail", round_id=round_.id), round_.id
    if round_.status != "draft":
        return back_with(DomainError("round_not_draft"), back)
    if form.validate_on_submit():
        try:
            with transaction() as session:
                act(session, current_actor(), queries.round_of(session, round_id, current_actor().plan_id))
        except DomainError as refusal:
            form.form_errors.append(sentence(refusal))
        else:
            flash(_("The draft is saved."), "success")
            return redirect(to or back)
    page = render_template(template, round=round_, form=form, back=to or back, words=words, **context)
    return (page, 422) if form.is_submitted() else page
