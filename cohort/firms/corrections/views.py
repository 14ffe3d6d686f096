"""Takes the correction of a tax number from staff of the country, and names the firm that has the number already."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, url_for
from flask_babel import gettext

from cohort.firms import queries
from cohort.firms.corrections.forms import TaxNumberForm
from cohort.firms.corrections.service import correct_tax_id
from cohort.firms.views import Page, answer, blueprint, editable_firm, refuse, session_of_request
from cohort.kit.access import current_actor, gate
from cohort.kit.database import transaction
from cohort.kit.errors import DomainError, sentence
from cohort.reference import countries
from cohort.rules.taxid import format_tax_id

ABOUT_THE_NUMBER = ("tax_id_refused", "tax_id_doubtful", "tax_id_same", "tax_id_taken", "firm_exists")


@blueprint.route("/<int:firm_id>/tax-number", methods=["GET", "POST"])
@gate("firm.edit")
def tax_number(firm_id: int) -> Page:
    """Correct a firm's tax number."""
    editable_firm(session_of_request(), firm_id)
    form = TaxNumberForm()
    shown: dict[str, Any] = {"doubtful": bool(form.confirmed.data), "other_id": None}
    if form.validate_on_submit():
        try:
            with transaction() as session:
                correct_tax_id(session, current_actor(), queries.get_firm(session, firm_id), form.typed(), form.reason.data or "")
        except DomainError as error:
            shown |= _told(form, error)
        else:
            flash(gettext("The tax number is corrected. The one before stays in the history."), "success")
            return redirect(url_for("firms.detail", firm_id=firm_id, _anchor="profile"))
    firm = queries.get_firm(session_of_request(), firm_id)
    return answer("firms/tax_number.html", form, firm=firm, label=countries()[firm.country].tax_id_label,
                  standing=format_tax_id(firm.country, firm.tax_id), **shown)


def _told(form: TaxNumberForm, error: DomainError) -> dict[str, Any]:
    """Put a refusal where it belongs; return what the page then shows besides."""
    if error.code not in ABOUT_THE_NUMBER:
        refuse(form, error)
        return {}
    form.tax_id.errors = [sentence(error)]
    return {"doubtful": True} if error.code == "tax_id_doubtful" else {"other_id": error.params.get("firm_id")}
