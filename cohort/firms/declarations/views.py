"""Takes declarations of ownership and size, verdicts, and hands out the documents that show them."""

from __future__ import annotations

import structlog
from flask import flash, redirect, send_file, url_for
from flask_babel import gettext
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from cohort.firms import queries, service
from cohort.firms.declarations import forms
from cohort.firms.models import Firm, OwnershipDeclaration
from cohort.firms.profiles import accepted_seals, profile_for
from cohort.firms.reach import may_read_files
from cohort.firms.views import Page, answer, blueprint, editable_firm, refuse, session_of_request
from cohort.kit import uploads
from cohort.kit.access import current_actor, gate
from cohort.kit.database import transaction
from cohort.kit.errors import DomainError
from cohort.kit.uploads import ACCEPTED, Upload
from cohort.reference import countries, size_rules
from cohort.rules.parity import OwnershipFacts

log = structlog.get_logger("cohort.firms")


@blueprint.route("/<int:firm_id>/ownership", methods=["GET", "POST"])
@gate("firm.see")
def ownership(firm_id: int) -> Page:
    """Declare who owns and leads the firm, with the document that shows it."""
    session, actor = session_of_request(), current_actor()
    country = editable_firm(session, firm_id).country
    form = forms.OwnershipForm().offer(country)
    facts = form.facts() if form.validate_on_submit() else None
    if facts is not None:
        try:
            with transaction() as session:
                _declare(session, queries.get_firm(session, firm_id), form, facts)
        except DomainError as error:
            refuse(form, error)
        else:
            flash(gettext("Declared. Another person compares it with the document."), "success")
            return redirect(url_for("firms.detail", firm_id=firm_id, _anchor="ownership"))
    session = session_of_request()
    profile = profile_for(session, actor)
    return answer("firms/ownership.html", form, firm=queries.get_firm(session, firm_id), profile=profile,
                  seal_counts=bool(accepted_seals(profile, country)))


def _declare(session: Session, firm: Firm, form: forms.OwnershipForm, facts: OwnershipFacts) -> None:
    actor = current_actor()
    upload = None
    if form.evidence.data and form.evidence.data.filename:
        upload = uploads.store(session, actor, form.evidence.data, "ownership", firm.id)
    profile = profile_for(session, actor)
    seal, until_on = form.seal_in_force
    service.declare_ownership(
        session, actor, firm, facts, profile, upload, declared_on=form.declared_on.data,
        seal=seal, seal_until_on=until_on, accepted_seals=accepted_seals(profile, firm.country),
    )


@blueprint.route("/<int:firm_id>/size", methods=["GET", "POST"])
@gate("firm.see")
def size(firm_id: int) -> Page:
    """Declare one year's sales and people; the country's rule gives the class."""
    editable_firm(session_of_request(), firm_id)
    form = forms.SizeForm()
    facts = form.facts() if form.validate_on_submit() else None
    if facts is not None:
        try:
            with transaction() as session:
                service.declare_size(session, current_actor(), queries.get_firm(session, firm_id), facts)
        except DomainError as error:
            refuse(form, error)
        else:
            flash(gettext("Saved."), "success")
            return redirect(url_for("firms.detail", firm_id=firm_id, _anchor="size"))
    firm = queries.get_firm(session_of_request(), firm_id)
    return answer("firms/size.html", form, firm=firm, rule=size_rules()[firm.country],
                  currency=countries()[firm.country].currency)


@blueprint.route("/<int:firm_id>/declarations/<int:declaration_id>/verdict", methods=["GET", "POST"])
@gate("firm.edit")
def verdict(firm_id: int, declaration_id: int) -> Page:
    """Compare a declaration with its document and say whether it holds."""
    form = forms.VerdictForm()
    if form.validate_on_submit():
        try:
            with transaction() as session:
                declaration = _declaration(session, firm_id, declaration_id)
                service.give_verdict(session, current_actor(), declaration, form.verdict.data, form.reason.data or "")
        except DomainError as error:
            refuse(form, error)
        else:
            flash(gettext("Noted."), "success")
            return redirect(url_for("firms.detail", firm_id=firm_id, _anchor="ownership"))
    session = session_of_request()
    return answer("firms/verdict.html", form, firm=queries.get_firm(session, firm_id),
                  declaration=_declaration(session, firm_id, declaration_id))


@blueprint.get("/<int:firm_id>/files/<token>")
@gate("firm.see")
def file(firm_id: int, token: str) -> Response:
    """Hand out one document under a neutral name, as a download and never as a page; each time is logged."""
    session, actor = session_of_request(), current_actor()
    firm = queries.get_firm(session, firm_id)
    if not may_read_files(actor, firm):
        raise DomainError("not_allowed")
    upload = session.scalar(select(Upload).where(Upload.firm_id == firm_id, Upload.token == token))
    if upload is None:
        raise DomainError("not_found")
    if upload.deleted_at is not None or not upload.path.exists():
        raise DomainError("file_gone")
    log.info("file_downloaded", firm_id=firm_id, upload_id=upload.id, person_id=actor.person_id)
    name = f"firm-{firm_id}-{upload.purpose}-{upload.id}.{ACCEPTED[upload.media_type]}"
    response = send_file(upload.path, upload.media_type, as_attachment=True, download_name=name, max_age=0)
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def _declaration(session: Session, firm_id: int, declaration_id: int) -> OwnershipDeclaration:
    found = session.scalar(select(OwnershipDeclaration).where(
        OwnershipDeclaration.id == declaration_id, OwnershipDeclaration.firm_id == firm_id
    ))
    if found is None:
        raise DomainError("not_found")
    return found
