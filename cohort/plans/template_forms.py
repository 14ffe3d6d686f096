"""Asks what a row of the milestone template says, why it changes, and for a file of rows."""

from __future__ import annotations

import re
from typing import Any

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from flask_wtf.file import FileField, FileRequired
from wtforms import (
    BooleanField,
    IntegerField,
    SelectChoice,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.validators import DataRequired, InputRequired, Length, Optional
from wtforms.widgets import CheckboxInput, ListWidget

from cohort.plans import template_words, words
from cohort.plans.models import TemplateMilestone

_NEEDED = DataRequired(_l("This is needed."))
_WHOLE = InputRequired(_l("A whole number is needed."))
_LATER = _l("Members keep the dates they have; the change holds for firms that join later.")


class ReasonForm(FlaskForm):
    """Why the template changes."""

    reason = TextAreaField(_l("Reason"), [_NEEDED, Length(max=500)], description=_LATER)


class RowForm(FlaskForm):
    """One row of the template."""

    phase = SelectField(_l("Phase"), [_NEEDED], choices=[SelectChoice(code, name) for code, name in words.PHASE_NAMES.items()])
    title_es = StringField(_l("Title in Spanish"), [_NEEDED, Length(max=160)])
    title_en = StringField(_l("Title in English"), [_NEEDED, Length(max=160)])
    day = IntegerField(_l("Falls due after"), [_WHOLE], description=_l("A whole number; before another milestone it is negative."))
    unit = SelectField(_l("Counted in"), [_NEEDED], choices=[SelectChoice(code, name) for code, name in template_words.UNIT_NAMES.items()])
    anchor = SelectField(
        _l("Counted from"), [_NEEDED], choices=[SelectChoice(code, name) for code, name in template_words.ANCHOR_NAMES.items()],
        description=_l("Days from enrolment stretch and shrink with the days that a firm has left; everything else is a fixed date."),
    )
    anchor_number = IntegerField(_l("Number of that other milestone"), [Optional()])
    after = StringField(_l("Milestones that come first"), description=_l("Their numbers with commas between them, such as 15, 17."))
    evidence_es = StringField(_l("What shows it, in Spanish"), [Length(max=160)])
    evidence_en = StringField(_l("What shows it, in English"), [Length(max=160)])
    confirms = SelectMultipleField(
        _l("Who confirms it"), [_NEEDED], choices=[SelectChoice(code, name) for code, name in template_words.ROLE_NAMES.items()],
        option_widget=CheckboxInput(), widget=ListWidget(), description=_l("Whoever stands above them may do so too."),
    )
    is_required = BooleanField(_l("Needed to complete the programme"))
    countries = SelectMultipleField(
        _l("Countries"), option_widget=CheckboxInput(), widget=ListWidget(), description=_l("None chosen means all of them."),
    )
    reason = TextAreaField(_l("Reason"), [_NEEDED, Length(max=500)], description=_LATER)

    def facts(self) -> dict[str, Any]:
        """Return what was typed, in the shapes of a row; what is no number in a list of numbers stays as typed."""
        parts = [part for part in re.split(r"[\s,;]+", self.after.data or "") if part]
        typed = {name: value for name, value in self.data.items() if name not in {"csrf_token", "reason"}}
        return typed | {"after": [int(part) if part.isascii() and part.isdigit() else part for part in parts]}


class NewRowForm(RowForm):
    """A row that is not there yet: it brings its number."""

    number = IntegerField(_l("Number"), [_WHOLE])


class FileForm(FlaskForm):
    """A file that holds the whole template."""

    file = FileField(_l("File"), [FileRequired(_l("Choose a file."))], description=_l("TOML or CSV, as downloaded from this page."))


class ConfirmFileForm(ReasonForm):
    """The rows of a file that was looked at, once more in their plain form, and the template that they were compared with."""

    content = StringField()
    shown = StringField()


def row_form(row: TemplateMilestone, countries: list[SelectChoice]) -> RowForm:
    """Return the form of a row, filled with what holds."""
    form = RowForm(obj=row)
    form.countries.choices = countries
    if not form.is_submitted():
        form.after.data = ", ".join(str(number) for number in row.after)
    return form
