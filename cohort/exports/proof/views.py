"""Takes a verifier's answers, and leads from one waiting export to the next."""

from __future__ import annotations

from flask import flash, redirect, request, url_for
from flask_babel import gettext
from sqlalchemy.orm import Session

from cohort.exports.entries import queries
from cohort.exports.entries.forms import ReasonForm, RefundForm
from cohort.exports.models import Export, ExportEvent
from cohort.exports.proof import service
from cohort.exports.proof.forms import VerifyForm
from cohort.exports.site import Page, ask_and_act, blueprint, detail_page, refuse, session_of_request
from cohort.kit.access import Actor, current_actor, gate
from cohort.kit.database import transaction
from cohort.kit.errors import DomainError, sentence


@blueprint.get("/queue")
@gate("export.verify")
def queue() -> Page:
    """Lead to the export that waits longest, beyond the one in the address."""
    actor = current_actor()
    following = queries.next_waiting(session_of_request(), actor, actor.plan_id or 0, request.args.get("after", type=int))
    if following is None:
        flash(gettext("Nothing waits for your check."), "success")
        return redirect(url_for("exports.index"))
    return redirect(url_for("exports.detail", export_id=following))


@blueprint.post("/<int:export_id>/verify")
@gate("export.verify")
def verify(export_id: int) -> Page:
    """Verify by document and number, then go on to the next."""
    form = VerifyForm().offer(queries.export_named(session_of_request(), export_id))
    if form.validate_on_submit():
        try:
            with transaction() as session:
                event = _verify(session, current_actor(), queries.export_named(session, export_id, for_change=True), form)
                is_first = event.kind == "approved"
        except DomainError as error:
            if error.code == "export_settled":  # somebody was faster: the page shows what they answered
                flash(sentence(error), "error")
                return redirect(url_for("exports.detail", export_id=export_id))
            refuse(form, error)
        else:
            said = gettext("Approved. A second person has to approve it too.") if is_first else gettext("Verified. The firm is told.")
            flash(said, "success")
            return redirect(url_for("exports.queue", after=export_id))
    return detail_page(export_id, form), 422


def _verify(session: Session, actor: Actor, export: Export, form: VerifyForm) -> ExportEvent:
    return service.verify_export(
        session, actor, export, form.level, form.document_type.data, form.document_number.data, hs_code=form.hs_code.data or ""
    )


@blueprint.route("/<int:export_id>/refuse", methods=["GET", "POST"])
@gate("export.verify")
def send_back(export_id: int) -> Page:
    """Send an export back with a reason, then go on to the next."""
    form = ReasonForm()

    def act(session: Session, actor: Actor, export: Export) -> None:
        service.refuse_export(session, actor, export, form.reason.data)

    return ask_and_act(export_id, form, gettext("Send back"), act, target=url_for("exports.queue", after=export_id))


@blueprint.route("/<int:export_id>/reopen", methods=["GET", "POST"])
@gate("export.verify")
def reopen(export_id: int) -> Page:
    """Let an answered export wait for a check again."""
    form = ReasonForm()

    def act(session: Session, actor: Actor, export: Export) -> None:
        service.reopen_export(session, actor, export, form.reason.data)

    return ask_and_act(export_id, form, gettext("Open it again"), act)


@blueprint.route("/<int:export_id>/refund", methods=["GET", "POST"])
@gate("export.verify")
def refund(export_id: int) -> Page:
    """Note what the buyer got back."""
    form = RefundForm()

    def act(session: Session, actor: Actor, export: Export) -> None:
        service.refund_export(session, actor, export, form.cents(), form.reason.data)

    return ask_and_act(export_id, form, gettext("Note a refund"), act)
