"""Asks the questions that a call adds to the usual ones, as many fields as there are questions; a draft may leave any open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from flask_wtf.file import FileField
from wtforms import BooleanField, Field, RadioField, SelectChoice, StringField, TextAreaField
from wtforms.validators import Length

from cohort.rounds.applications.answers import LONGEST
from cohort.rounds.calls.parts import Question
from cohort.rounds.calls.words import said

_HINTS = {"number": _l("In figures."), "percentage": _l("From 0 to 100.")}
_ACCEPTED = _l("PDF or photo (JPG, PNG, WebP, HEIC), up to 10 MB.")
OUT = "-out"  # the box beside a file handed in, which takes it out


def asked_form(asked: Sequence[Question], answers: Mapping[str, Any]) -> FlaskForm:
    """Return a form with one field a question, under its name, filled in with the draft, and a box beside each file held."""
    fields = {each.name: _field(each) for each in asked}
    held = [each.name for each in asked if each.kind == "file" and answers.get(each.name)]
    fields |= {name + OUT: BooleanField(_l("Take this file out")) for name in held}
    typed = {each.name: answers.get(each.name) for each in asked if each.kind != "file"}
    made = cast(FlaskForm, type("AskedForm", (FlaskForm,), fields)(data=typed))
    for each in asked:
        if each.is_needed:  # said beside the question; a draft may still leave it open
            made[each.name].flags.required = True
    return made


def _field(asked: Question) -> Field:
    label, hint = said(asked.label), said(asked.help) or _HINTS.get(asked.kind, "")
    if asked.kind == "file":
        return FileField(label, description=" · ".join(str(each) for each in (said(asked.help), _ACCEPTED) if each))
    if asked.kind == "choice":
        choices = [SelectChoice(str(place), said(words)) for place, words in enumerate(asked.choices)]
        return RadioField(label, choices=choices, validate_choice=False, description=hint)
    if asked.kind == "long":
        return TextAreaField(label, [Length(max=LONGEST["long"])], description=hint, render_kw={"rows": 6})
    return StringField(label, [Length(max=400)], description=hint)
