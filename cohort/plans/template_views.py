"""Shows the milestone template by phase, takes changes to its rows, and hands it out and takes it in as a file."""

from __future__ import annotations

from io import BytesIO
from itertools import groupby
from typing import Any, cast

from flask import Blueprint, flash, redirect, render_template, send_file, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response
from wtforms import SelectChoice

from cohort import reference
from cohort.kit.access import current_actor, gate
from cohort.kit.database import db, transaction
from cohort.kit.errors import WORDINGS, DomainError, sentence
from cohort.kit.history import name_actions
from cohort.kit.language import reader_region
from cohort.plans import queries, template_files, template_forms, template_words, words
from cohort.plans import template as service
from cohort.plans.models import Plan, TemplateMilestone
from cohort.plans.rights import require_edit
from cohort.plans.template_rows import facts_of

blueprint = Blueprint("template", __name__, url_prefix="/plans/<int:plan_id>/template")
Page = str | Response | tuple[str, int]
_DECIMAL_COMMA = frozenset({"CL", "CO", "CR"})  # where a spreadsheet expects semicolons
name_actions({
    "plan.template_edited": _l("changed a milestone of the template"), "plan.template_added": _l("added a milestone to the template"),
    "plan.template_removed": _l("took a milestone out of the template"), "plan.template_imported": _l("brought in the template from a file"),
})


def _session() -> Session:
    return cast(Session, db.session())


def _plan_to_edit(plan_id: int) -> Plan:
    """Return a plan that the actor may change, so that no form is shown which cannot be sent."""
    plan = queries.plan_of(_session(), plan_id)
    require_edit(current_actor(), plan)
    return plan


def _row(plan_id: int, number: int) -> TemplateMilestone:
    row = next((each for each in queries.template_of(_session(), plan_id) if each.number == number), None)
    if row is None:
        raise DomainError("not_found")
    return row


def _countries() -> list[SelectChoice]:
    return [SelectChoice(code, words.country_name(code)) for code in reference.countries()]


def _refuse(form: Any, error: DomainError) -> None:
    if int(WORDINGS[error.code].status) not in (409, 413, 422):
        raise error
    form.form_errors.append(sentence(error))


@blueprint.get("")
@gate("plan.see")
def index(plan_id: int) -> Page:
    """List the rows by phase with what each hangs on."""
    plan = queries.plan_of(_session(), plan_id)
    if plan.id != current_actor().plan_id:
        raise DomainError("plan_other")
    rows = sorted(queries.template_of(_session(), plan.id), key=lambda row: (row.phase, row.number))
    phases = [(phase, list(group)) for phase, group in groupby(rows, key=lambda row: row.phase)]
    return render_template(
        "plans/template.html", plan=plan, phases=phases, count=len(rows), words=words, template_words=template_words,
    )


@blueprint.route("/new", methods=["GET", "POST"])
@gate("plan.edit")
def new(plan_id: int) -> Page:
    """Add a row."""
    plan = _plan_to_edit(plan_id)
    form = template_forms.NewRowForm()
    form.countries.choices = _countries()
    if not form.is_submitted():
        form.number.data = max((row.number for row in queries.template_of(_session(), plan.id)), default=0) + 1
    return _save(plan, form, gettext("New milestone of the template"), lambda session, found: service.add_row(
        session, current_actor(), found, form.facts(), form.reason.data))


@blueprint.route("/<int:number>", methods=["GET", "POST"])
@gate("plan.edit")
def edit(plan_id: int, number: int) -> Page:
    """Change a row for firms that join later."""
    plan = _plan_to_edit(plan_id)
    form = template_forms.row_form(_row(plan_id, number), _countries())
    title = gettext("Milestone %(number)s of the template", number=number)
    return _save(plan, form, title, lambda session, found: service.edit_template(
        session, current_actor(), found, number, form.facts(), form.reason.data), number)


@blueprint.route("/<int:number>/remove", methods=["GET", "POST"])
@gate("plan.edit")
def remove(plan_id: int, number: int) -> Page:
    """Take a row out, after the question."""
    plan, row = _plan_to_edit(plan_id), _row(plan_id, number)
    form = template_forms.ReasonForm()
    needing = service.needing(queries.template_of(_session(), plan.id), number)
    if form.validate_on_submit():
        try:
            with transaction() as session:
                service.remove_row(session, current_actor(), queries.plan_of(session, plan_id), number, form.reason.data)
        except DomainError as error:
            _refuse(form, error)
        else:
            flash(gettext("Saved."), "success")
            return redirect(url_for("template.index", plan_id=plan_id))
    page = render_template("plans/template_remove.html", plan=plan, row=row, form=form, needing=needing, template_words=template_words)
    return (page, 422) if form.is_submitted() else page


def _save(plan: Plan, form: Any, title: str, act: Any, number: int | None = None) -> Page:
    plan_id = plan.id
    if form.validate_on_submit():
        try:
            with transaction() as session:
                act(session, queries.plan_of(session, plan_id))
        except DomainError as error:
            _refuse(form, error)
        else:
            flash(gettext("Saved."), "success")
            return redirect(url_for("template.index", plan_id=plan_id))
    page = render_template("plans/template_row.html", plan_id=plan_id, form=form, title=title, number=number)
    return (page, 422) if form.is_submitted() else page


@blueprint.get("/file.<any(toml, csv):kind>")
@gate("plan.see")
def file(plan_id: int, kind: str) -> Page:
    """Hand the template out; brought in again it changes nothing."""
    plan = queries.plan_of(_session(), plan_id)
    if plan.id != current_actor().plan_id:
        raise DomainError("plan_other")
    rows = [facts_of(row) for row in queries.template_of(_session(), plan.id)]
    if kind == "toml":
        content = template_files.to_toml(rows).encode()
    else:  # the mark by which spreadsheets know UTF-8
        content = b"\xef\xbb\xbf" + template_files.to_csv(rows, ";" if reader_region() in _DECIMAL_COMMA else ",").encode()
    name = f"template-{plan.code}.{kind}"
    return send_file(BytesIO(content), "application/toml" if kind == "toml" else "text/csv", as_attachment=True, download_name=name)


@blueprint.route("/import", methods=["GET", "POST"])
@gate("plan.edit")
def bring_in(plan_id: int) -> Page:
    """Take a file and show what it changes, with every fault by its line; nothing is changed here."""
    plan = _plan_to_edit(plan_id)
    held, form = queries.template_of(_session(), plan.id), template_forms.FileForm()
    found = None
    if form.validate_on_submit():
        content = form.file.data.stream.read(template_files.MOST_BYTES + 1)
        found = template_files.read_template(content, form.file.data.filename or "", plan, held)
        if not found.faults:
            return _preview(plan, found, template_forms.ConfirmFileForm(formdata=None))
    page = render_template("plans/template_import.html", plan=plan, form=form, faults=found.faults if found else [])
    return (page, 422) if form.is_submitted() else page


@blueprint.post("/import/apply")
@gate("plan.edit")
def apply(plan_id: int) -> Page:
    """Let the template be what the file says, all of it; a template that changed meanwhile is refused."""
    plan = _plan_to_edit(plan_id)
    form = template_forms.ConfirmFileForm()
    content = (form.content.data or "").encode()
    found = template_files.read_template(content, "shown.toml", plan, queries.template_of(_session(), plan.id))
    if found.faults:
        return render_template("plans/template_import.html", plan=plan, form=template_forms.FileForm(formdata=None), faults=found.faults), 422
    if form.validate_on_submit():
        try:
            with transaction() as session:
                service.replace_template(
                    session, current_actor(), queries.plan_of(session, plan_id), found.rows, form.reason.data,
                    sha256=found.sha256, shown=form.shown.data or "")
        except DomainError as error:
            _refuse(form, error)
        else:
            flash(gettext("Saved."), "success")
            return redirect(url_for("template.index", plan_id=plan_id))
    return _preview(queries.plan_of(_session(), plan_id), found, form), 422


def _preview(plan: Plan, found: template_files.TemplateFile, form: template_forms.ConfirmFileForm) -> str:
    held = queries.template_of(_session(), plan.id)
    before = {row.number: facts_of(row) for row in held}
    after = {row.number: row for row in found.rows}
    differs = service.compare(held, found.rows)
    changes = [(number, before[number], after[number]) for number in differs.changed]
    return render_template(
        "plans/template_preview.html", plan=plan, form=form, differs=differs, changes=changes, before=before, after=after,
        content=template_files.to_toml(found.rows), shown=service.mark_of(held), count=len(found.rows),
        fields=template_words.FIELD_NAMES, said=template_words.said,
    )
