"""Shows the list and one export and takes a new one, corrections, files and withdrawals; checking has its own views."""

from __future__ import annotations

from io import BytesIO

from flask import flash, redirect, render_template, request, send_file, url_for
from flask_babel import gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from cohort.exports import words
from cohort.exports.entries import queries, service
from cohort.exports.entries.downloads import download_exports
from cohort.exports.entries.forms import ExportForm, ReasonForm
from cohort.exports.entries.queries import ExportFilters
from cohort.exports.events import today_of
from cohort.exports.models import Export
from cohort.exports.site import Page, act_on, ask_and_act, blueprint, detail_page, refuse, session_of_request
from cohort.kit import clock, navigation
from cohort.kit.access import Actor, current_actor, gate
from cohort.kit.database import transaction
from cohort.kit.errors import DomainError
from cohort.kit.language import reader_region
from cohort.plans import queries as plan_queries

MEDIA_TYPES = {"csv": "text/csv", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}


def _filters() -> ExportFilters:
    return ExportFilters(
        request.args.get("state", "")[:20], request.args.get("country", "")[:2].upper(), request.args.get("firm", type=int)
    )


@blueprint.get("/")
@gate("export.see")
def index() -> Page:
    """List exports within reach, 50 a page; a firm sees its own."""
    session, actor, filters = session_of_request(), current_actor(), _filters()
    plan = plan_queries.plan_of(session, actor.plan_id)
    today = clock.today(plan.time_zone)
    page = max(1, request.args.get("page", 1, type=int))
    rows, total = queries.export_page(session, plan.id, filters, page, today)
    return render_template(
        "exports/index.html", rows=rows, total=total, filters=filters, words=words,
        kept={key: value for key, value in (("state", filters.state), ("country", filters.country), ("firm", filters.firm_id)) if value},
        countries=[(code, words.country_name(code)) for code in plan_queries.origins_on(session, plan.id, today)],
        pages=navigation.Pages(page, queries.PAGE_ROWS, total),
    )


@blueprint.post("/download/<any(csv,xlsx):kind>")
@gate("export.see")
def download(kind: str) -> Response:
    """Hand out the list as it is filtered; a POST, because taking it is noted."""
    actor = current_actor()
    with transaction() as session:
        plan = plan_queries.plan_of(session, actor.plan_id)
        content = download_exports(session, actor, plan.id, _filters(), kind, reader_region())
    name = f"{gettext('exports')}-{clock.today().isoformat()}.{kind}"
    return send_file(BytesIO(content), MEDIA_TYPES[kind], as_attachment=True, download_name=name)


@blueprint.get("/<int:export_id>")
@gate("export.see")
def detail(export_id: int) -> Page:
    """Show one export: facts, files, whether it counts and why not, history."""
    return detail_page(export_id)


@blueprint.route("/<int:export_id>/edit", methods=["GET", "POST"])
@gate("export.log")
def edit(export_id: int) -> Page:
    """Correct an export that nobody has verified."""
    session = session_of_request()
    export = queries.export_named(session, export_id)
    if export.state not in ("waiting", "refused"):
        raise DomainError("export_closed")
    today = today_of(export.firm)
    form = ExportForm().offer(export.firm, plan_queries.destinations_on(session, export.plan_id, today), today)
    if not form.is_submitted():
        form.show(export)
    elif form.validate_on_submit():
        try:
            with transaction() as writing:
                export = queries.export_named(writing, export_id, for_change=True)
                service.correct_export(writing, current_actor(), export, form.facts(), form.reason.data or "")
        except DomainError as error:
            refuse(form, error)
        else:
            flash(gettext("Saved."), "success")
            return redirect(url_for("exports.detail", export_id=export_id))
    export = queries.export_named(session_of_request(), export_id)
    page = render_template("exports/edit.html", form=form, export=export, words=words, asks_baseline=export.is_baseline or current_actor().is_staff)
    return (page, 422) if form.is_submitted() else page


@blueprint.route("/<int:export_id>/withdraw", methods=["GET", "POST"])
@gate("export.log")
def withdraw(export_id: int) -> Page:
    """Take an export back, with the reason."""
    form = ReasonForm()

    def act(session: Session, actor: Actor, export: Export) -> None:
        service.withdraw_export(session, actor, export, form.reason.data)

    return ask_and_act(export_id, form, gettext("Withdraw this export"), act)


@blueprint.post("/<int:export_id>/confirm")
@gate("own.edit")
def confirm(export_id: int) -> Page:
    """Let the firm say by one tap that what staff entered is its own."""
    return act_on(export_id, service.confirm_own, gettext("Thank you. It counts as logged by you."))


@blueprint.post("/<int:export_id>/proof")
@gate("export.log")
def proof(export_id: int) -> Page:
    """Take one more file."""
    file, kind = request.files.get("proof"), request.form.get("kind", "other")

    def act(session: Session, actor: Actor, export: Export) -> None:
        if file is None or not file.filename:
            raise DomainError("file_empty")
        service.add_proof(session, actor, export, file, kind)

    return act_on(export_id, act, gettext("The file has been added."))


@blueprint.get("/<int:export_id>/files/<token>")
@gate("export.see")
def file(export_id: int, token: str) -> Response:
    """Hand out a file that belongs to this export, under a neutral name."""
    export = queries.export_named(session_of_request(), export_id)
    upload = next((each.upload for each in export.proofs if each.upload.token == token), None)
    if upload is None or upload.deleted_at is not None:
        raise DomainError("file_gone")
    name = f"export-{export.id}-{upload.id}{upload.path.suffix}"
    return send_file(upload.path, mimetype=upload.media_type, as_attachment=True, download_name=name)
