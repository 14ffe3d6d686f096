"""Asks why a certificate is taken back."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import TextAreaField
from wtforms.validators import DataRequired, Length


class RevokeForm(FlaskForm):
    """The reason, which anybody who checks the certificate reads."""

    reason = TextAreaField(
        _l("Reason"), [DataRequired(_l("Say why: whoever checks the certificate reads it.")), Length(max=500, message=_l("At most 500 characters."))],
        description=_l("Anybody who checks the certificate reads this."))
