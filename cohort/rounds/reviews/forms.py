"""Asks what evaluators and managers say around reviews; what it means is decided by the services."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import FileField, RadioField, SelectChoice, SelectField, TextAreaField
from wtforms.validators import DataRequired, Length

_NEEDED = DataRequired(_l("This cannot stay empty."))


class DeclareForm(FlaskForm):
    """Whether an evaluator has a conflict of interest with one file, and which."""

    has_conflict = RadioField(
        _l("Do you have a conflict of interest with this file?"),
        choices=[SelectChoice("no", _l("No, I am free to score it")), SelectChoice("yes", _l("Yes, I have a conflict"))])
    reason = TextAreaField(_l("If yes: what is it?"), [Length(max=500)])


class ReasonForm(FlaskForm):
    """A reason that is kept and can be read by whom it concerns."""

    reason = TextAreaField(_l("Why"), [_NEEDED, Length(max=300)])


class PairsForm(FlaskForm):
    """Assignments pasted from a spreadsheet, or a file of them."""

    sheet = TextAreaField(_l("Paste two columns: code of the file, and mail address of the evaluator"), [Length(max=300_000)])
    file = FileField(_l("Or choose a CSV or Excel file"))


class MoveForm(FlaskForm):
    """Files of one evaluator: ended, or moved to another, with a reason."""

    to_evaluator = SelectField(_l("Move to"), coerce=int, validate_choice=False)
    reason = TextAreaField(_l("Why"), [Length(max=300)])
