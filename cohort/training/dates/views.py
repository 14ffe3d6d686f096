"""Shows what a change of dates would do before it is applied, lists what was changed, and takes changes back."""

from __future__ import annotations

from typing import Any, cast

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext, ngettext
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response
from wtforms import SelectChoice

from cohort.kit import navigation
from cohort.kit.access import current_actor, gate
from cohort.kit.database import db, transaction
from cohort.kit.errors import WORDINGS, DomainError, sentence
from cohort.kit.history import name_actions
from cohort.plans import queries as plan_queries
from cohort.plans import words as plan_words
from cohort.plans.rights import require_edit
from cohort.training import queries, words
from cohort.training.dates import forms, service
from cohort.training.dates import queries as date_queries
from cohort.training.dates import words as date_words
from cohort.training.dates.proposals import propose
from cohort.training.dates.wishes import Kind, Wish

blueprint = Blueprint("dates", __name__, url_prefix="/training")
Page = str | Response | tuple[str, int]
PER_PAGE = 100
FORMS: dict[str, Any] = {
    "start": forms.StartForm, "extension": forms.ExtensionForm, "template": forms.TemplateForm, "pause": forms.PauseForm,
}
name_actions({
    "dates.applied": _l("applied a change of dates"), "dates.taken_back": _l("took a change of dates back"),
    "plan.start_moved": _l("moved the start of the plan"), "member.paused": _l("let the firm pause"),
})


def _session() -> Session:
    return cast(Session, db.session())


@blueprint.get("/dates/")
@gate("plan.edit")
def index() -> Page:
    """List what was changed, and where a change begins."""
    session, actor = _session(), current_actor()
    plan = plan_queries.plan_of(session, actor.plan_id)
    changes = date_queries.changes_of(session, plan.id)
    names = plan_queries.names_of(session, [change.applied_by for change in changes])
    return render_template("training/dates/index.html", plan=plan, changes=changes, names=names, date_words=date_words)


@blueprint.route("/dates/<any(start, extension, template):kind>", methods=["GET", "POST"])
@gate("plan.edit")
def change(kind: str) -> Page:
    """Ask what changes for the whole plan, show what happens, then apply it."""
    plan = plan_queries.plan_of(_session(), current_actor().plan_id)
    require_edit(current_actor(), plan)
    return _answer(cast(Kind, kind), plan.id, url_for("dates.index"), gettext("All changes of dates"))


@blueprint.route("/members/<int:member_id>/pause", methods=["GET", "POST"])
@gate("worklist.see")
def pause(member_id: int) -> Page:
    """Ask from when to when a firm pauses, show what happens to its milestones, then apply it."""
    member = queries.member_named(_session(), member_id)
    if member.plan_id != current_actor().plan_id:
        raise DomainError("not_found")
    return _answer("pause", member.plan_id, url_for("training.member", member_id=member_id), member.firm.name, member_id)


def _answer(kind: Kind, plan_id: int, back: str, back_label: str, member_id: int | None = None) -> Page:
    said = request.form if request.method == "POST" else request.args
    form, applying, error = _form(kind, plan_id, said), forms.ApplyForm(), None
    if not (said or kind == "extension") or not form.validate():
        status = 422 if said else 200
        return _page(kind, form, applying, None, None, back, back_label, member_id), status
    asked: dict[str, Any] = {name: tuple(sorted(value)) if name == "numbers" else value for name, value in form.data.items()}
    wish = Wish(kind, plan_id, member_id=member_id, **asked)
    try:
        if applying.validate_on_submit():
            with transaction() as session:
                done = service.apply(session, current_actor(), wish, applying.key.data or "", applying.reason.data or "")
                count, change_id = len(done.rows), done.id
            flash(ngettext("Done: %(num)s milestone has another day.", "Done: %(num)s milestones have another day.", count), "success")
            return redirect(url_for("dates.detail", change_id=change_id))
    except DomainError as refusal:
        if int(WORDINGS[refusal.code].status) not in (409, 422):
            raise
        error = refusal
    try:
        proposal = propose(_session(), current_actor(), wish)
    except DomainError as refusal:
        if int(WORDINGS[refusal.code].status) != 422:
            raise
        return _page(kind, form, applying, None, refusal, back, back_label, member_id), 422
    page = _page(kind, form, applying, proposal, error, back, back_label, member_id)
    return (page, int(WORDINGS[error.code].status)) if error else (page, 422 if applying.errors else 200)


def _form(kind: Kind, plan_id: int, said: MultiDict[str, str]) -> Any:
    form = FORMS[kind](said)
    if kind == "template":
        rows = plan_queries.template_of(_session(), plan_id)
        form.numbers.choices = [SelectChoice(row.number, f"{row.number} · {words.title_of(row)}") for row in rows]
    return form


def _page(
    kind: Kind, form: Any, applying: Any, proposal: Any, error: DomainError | None, back: str, back_label: str, member_id: int | None
) -> str:
    number = min(max(1, request.args.get("page", 1, type=int)), 100_000)
    lines = proposal.lines if proposal else []
    kept = [(name, value) for name in form.data for value in form[name].raw_data or ()]
    return render_template(
        "training/dates/change.html", kind=kind, form=form, applying=applying, proposal=proposal, back=back, back_label=back_label,
        error=sentence(error) if error else "", error_code=error.code if error else "", date_words=date_words, words=words,
        plan_words=plan_words, kept=kept, lines=lines[(number - 1) * PER_PAGE:number * PER_PAGE], member_id=member_id,
        pages=navigation.Pages(number, PER_PAGE, len(lines)),
    )


@blueprint.get("/dates/<int:change_id>")
@gate("worklist.see")
def detail(change_id: int) -> Page:
    """Show what one change did to the milestones within reach, and what became of it."""
    session, actor = _session(), current_actor()
    found = date_queries.change_named(session, actor.plan_id, change_id)
    lines = date_queries.done_by(session, found)
    if not lines and not actor.may("plan.edit"):
        raise DomainError("not_found")
    number = min(max(1, request.args.get("page", 1, type=int)), 100_000)
    return render_template(
        "training/dates/detail.html", change=found, total=len(lines), date_words=date_words, words=words, plan_words=plan_words,
        lines=lines[(number - 1) * PER_PAGE:number * PER_PAGE], pages=navigation.Pages(number, PER_PAGE, len(lines)),
        names=plan_queries.names_of(session, [found.applied_by, found.undone_by]),
        may_take_back=found.undone_at is None and (found.kind == "pause" or actor.may("plan.edit")),
    )


@blueprint.route("/dates/<int:change_id>/take-back", methods=["GET", "POST"])
@gate("worklist.see")
def take_back(change_id: int) -> Page:
    """Ask why, then restore the earlier days where that is still possible."""
    found = date_queries.change_named(_session(), current_actor().plan_id, change_id)
    service.require_change(_session(), current_actor(), found)
    form = forms.TakeBackForm()
    if form.validate_on_submit():
        try:
            with transaction() as session:
                again = date_queries.change_named(session, current_actor().plan_id, change_id)
                kept = service.take_back(session, current_actor(), again, form.reason.data or "")
        except DomainError as error:
            if int(WORDINGS[error.code].status) != 422:
                raise
            form.form_errors.append(sentence(error))
            found = date_queries.change_named(_session(), current_actor().plan_id, change_id)
        else:
            flash(gettext("Taken back."), "success")
            if kept:
                flash(ngettext("%(num)s milestone stays where it is; the list says why.", "%(num)s milestones stay where they are; the list says why.", len(kept)), "error")
            return redirect(url_for("dates.detail", change_id=change_id))
    page = render_template("training/dates/take_back.html", change=found, form=form, date_words=date_words)
    return (page, 422) if form.is_submitted() else page
