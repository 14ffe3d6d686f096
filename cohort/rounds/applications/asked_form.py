"""Asks the questions that a call adds to the usual ones, as many fields as there are questions; a draft may leave any open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import Field, RadioField, SelectChoice, StringField, TextAreaField
from wtforms.validators import Length

from cohort.rounds.applications.answers import LONGEST
from cohort.rounds.calls.parts import Question
from cohort.rounds.calls.words import said

_HINTS = {"number": _l("In figures."), "percentage": _l("From 0 to 100.")}


def asked_form(asked: Sequence[Question], answers: Mapping[str, Any]) -> FlaskForm:
    """Return a form with one field a question, under its name, filled in with the draft."""
    made = cast(FlaskForm, type("AskedForm", (FlaskForm,), {each.name: _field(each) for each in asked})(data=dict(answers)))
    for each in asked:
        if each.is_needed:  # said beside the question; a draft may still leave it open
            made[each.name].flags.required = True
    return made


def _field(asked: Question) -> Field:
    label, hint = said(asked.label), said(asked.help) or _HINTS.get(asked.kind, "")
    if asked.kind == "choice":
        choices = [SelectChoice(str(place), said(words)) for place, words in enumerate(asked.choices)]
        return RadioField(label, choices=choices, validate_choice=False, description=hint)
    if asked.kind == "long":
        return TextAreaField(label, [Length(max=LONGEST["long"])], description=hint, render_kw={"rows": 6})
    return StringField(label, [Length(max=400)], description=hint)
