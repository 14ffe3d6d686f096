"""Asks when a firm leaves the plan and why; what follows is told by the service."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import DateField, TextAreaField
from wtforms.validators import DataRequired, InputRequired, Length


class LeaveForm(FlaskForm):
    """The last day and the reason."""

    left_on = DateField(
        _l("Last day in the plan"), [InputRequired(_l("Give a day."))],
        description=_l("Exports up to this day still count once they are verified."),
    )
    reason = TextAreaField(
        _l("Reason"), [DataRequired(_l("Say why, in words the firm can use.")), Length(max=500, message=_l("At most 500 characters."))],
        description=_l("The firm reads this."),
    )
