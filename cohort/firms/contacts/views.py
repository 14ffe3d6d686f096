"""Takes the people of a firm and what they agree to, one purpose at a time."""

from __future__ import annotations

from flask import flash, redirect, request, url_for
from flask_babel import gettext
from sqlalchemy import select

from cohort.firms import forms, queries, service
from cohort.firms.models import FirmPerson
from cohort.firms.views import Page, answer, blueprint, editable_firm, refuse, session_of_request
from cohort.kit.access import current_actor, gate
from cohort.kit.database import transaction
from cohort.kit.errors import DomainError


@blueprint.route("/<int:firm_id>/people/new", methods=["GET", "POST"])
@gate("firm.see")
def new_person(firm_id: int) -> Page:
    """Add a person who acts for the firm."""
    editable_firm(session_of_request(), firm_id)
    form = forms.PersonForm()
    if form.validate_on_submit():
        try:
            with transaction() as session:
                service.add_person(session, current_actor(), queries.get_firm(session, firm_id), form.new_person())
        except DomainError as error:
            refuse(form, error)
        else:
            flash(gettext("Saved."), "success")
            return redirect(url_for("firms.detail", firm_id=firm_id, _anchor="people"))
    return answer("firms/person.html", form, firm=queries.get_firm(session_of_request(), firm_id))


@blueprint.post("/<int:firm_id>/people/<int:firm_person_id>/end")
@gate("firm.see")
def end_person(firm_id: int, firm_person_id: int) -> Page:
    """Note that a person no longer acts for the firm."""
    with transaction() as session:
        person = session.scalar(select(FirmPerson).where(
            FirmPerson.id == firm_person_id, FirmPerson.firm_id == firm_id
        ))
        if person is None:
            raise DomainError("not_found")
        service.end_person(session, current_actor(), person)
    flash(gettext("Noted."), "success")
    return redirect(url_for("firms.detail", firm_id=firm_id, _anchor="people"))


@blueprint.post("/<int:firm_id>/consents")
@gate("firm.see")
def consent(firm_id: int) -> Page:
    """Give consent to one purpose, or take it back."""
    with transaction() as session:
        service.record_consent(
            session, current_actor(), queries.get_firm(session, firm_id), request.form.get("purpose", ""),
            request.form.get("version", "")[:20], is_given=request.form.get("given") == "yes",
        )
    flash(gettext("Noted."), "success")
    return redirect(url_for("firms.detail", firm_id=firm_id, _anchor="consents"))
