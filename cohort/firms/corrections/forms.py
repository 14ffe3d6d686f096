"""Asks for the right tax number and why it changes; what may stand there is decided in the service."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import BooleanField, StringField, TextAreaField
from wtforms.validators import Length

from cohort.firms.corrections.service import TypedTaxId
from cohort.firms.forms import NEEDED


class TaxNumberForm(FlaskForm):
    """The number as it stands on the certificate; the second box is for a Colombian NIT alone."""

    tax_id = StringField(_l("Right tax number"), [NEEDED, Length(max=30)], description=_l("As it stands on the tax certificate. Dots and hyphens may stay."))
    check_digit = StringField(_l("Check digit"), [Length(max=2)], description=_l("The last digit of a NIT, after the hyphen."))
    confirmed = BooleanField(_l("I compared the tax number with the certificate, and it is right"))
    reason = TextAreaField(_l("Reason"), [NEEDED, Length(max=500)], description=_l("Why the number changes, and what shows it. It is kept with the change."))

    def typed(self) -> TypedTaxId:
        """Return what was typed of the number."""
        return TypedTaxId(tax_id=self.tax_id.data or "", check_digit=self.check_digit.data or "", confirmed=self.confirmed.data)
