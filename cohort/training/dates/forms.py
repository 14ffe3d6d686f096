"""Asks what changes about dates – a day, a pause, numbers of the template – and why; effects are shown by the service."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import DateField, Form, HiddenField, SelectMultipleField, TextAreaField
from wtforms.validators import DataRequired, InputRequired, Length
from wtforms.widgets import CheckboxInput, ListWidget

_DAY = InputRequired(_l("Give a day."))
_REASON = [DataRequired(_l("Say why, in words the firm can use.")), Length(max=500, message=_l("At most 500 characters."))]


class StartForm(Form):
    """The new first day of the plan; it changes nothing yet, so it is asked by address."""

    starts_on = DateField(_l("New first day of the plan"), [_DAY])


class ExtensionForm(Form):
    """Nothing is asked: the end is the plan's own."""


class TemplateForm(Form):
    """Which milestones get the day that the template says now."""

    numbers = SelectMultipleField(_l("Milestones of the template"), coerce=int, option_widget=CheckboxInput(), widget=ListWidget())


class PauseForm(Form):
    """From when to when a firm stands still."""

    from_on = DateField(_l("First day of the pause"), [_DAY])
    until_on = DateField(_l("Last day of the pause"), [_DAY])


class ApplyForm(FlaskForm):
    """The reason, and the mark of what was shown."""

    key = HiddenField()
    reason = TextAreaField(_l("Reason"), _REASON, description=_l("The firm reads this."))


class TakeBackForm(FlaskForm):
    """Why a change is taken back."""

    reason = TextAreaField(_l("Reason"), _REASON, description=_l("The firm reads this."))


class MoreTimeForm(FlaskForm):
    """Until when a firm asks for more time, and why."""

    until_on = DateField(_l("The day you can make"), [_DAY])
    reason = TextAreaField(_l("Reason"), [DataRequired(_l("A few words help your coordinator to answer.")), Length(max=500, message=_l("At most 500 characters."))])
