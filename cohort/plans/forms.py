"""Asks what a person may say about a plan: dates, countries, a policy's values, a template row, a deputy."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import (
    BooleanField,
    DateField,
    Form,
    IntegerField,
    SelectChoice,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.validators import DataRequired, InputRequired, Length, NumberRange
from wtforms.widgets import CheckboxInput, ListWidget

from cohort.plans import checks, words

_NEEDED = DataRequired(_l("This is needed."))
_REASON = _l("Why: the reason is kept with the change.")


class PlanForm(FlaskForm):
    """A new plan: names, first day, who leads."""

    code = StringField(_l("Short code"), [_NEEDED, Length(max=30)], description=_l("For example PA-2026. It stands in addresses and files."))
    name_es = StringField(_l("Name in Spanish"), [_NEEDED, Length(max=120)])
    name_en = StringField(_l("Name in English"), [_NEEDED, Length(max=120)])
    starts_on = DateField(_l("First day"), [InputRequired(_l("Give a day."))], description=_l("The plan lasts two years; it can be extended later with a reason."))
    lead_country = SelectField(_l("Lead country"))
    goal_recurring_count = IntegerField(_l("Goal: recurring exporters by the end"), [NumberRange(0, 10_000, _l("A whole number from 0 to 10,000."))], default=40)
    promise_es = TextAreaField(_l("What the plan promises, in Spanish"), [Length(max=500)])
    promise_en = TextAreaField(_l("What the plan promises, in English"), [Length(max=500)])


class ExtensionForm(FlaskForm):
    """A later end."""

    ends_on = DateField(_l("New last day"), [InputRequired(_l("Give a day."))])
    reason = TextAreaField(_l("Reason"), [_NEEDED, Length(max=500)], description=_REASON)


class CountryForm(FlaskForm):
    """How a country stands from a day on."""

    country = SelectField(_l("Country"))
    effective_on = DateField(_l("From"), [InputRequired(_l("Give a day."))])
    membership = SelectField(_l("Membership"), choices=[SelectChoice(key, label) for key, label in words.MEMBERSHIP_NAMES.items()])
    counts_as_origin = BooleanField(_l("Its firms count"))
    counts_as_destination = BooleanField(_l("Exports to it count"))
    reason = TextAreaField(_l("Reason"), [_NEEDED, Length(max=500)], description=_REASON)


class DeputyForm(FlaskForm):
    """Who stands in, from when to when."""

    country = SelectField(_l("Country"))
    coordinator_id = SelectField(_l("Coordinator"), coerce=int)
    deputy_id = SelectField(_l("Deputy"), coerce=int)
    from_on = DateField(_l("From"), [InputRequired(_l("Give a day."))])
    until_on = DateField(_l("Until"), [InputRequired(_l("Give a day."))])


def policy_form(kind: str, settings: dict[str, Any], today: date) -> FlaskForm:
    """Return a form with one field a setting, filled with what holds now; lists are typed with commas."""
    fields: dict[str, Any] = {key: _field_of(key, value) for key, value in settings.items()}
    fields["valid_from_on"] = DateField(_l("Holds from"), [InputRequired(_l("Give a day."))], default=today)
    fields["reason"] = TextAreaField(_l("Reason"), [_NEEDED, Length(max=500)], description=_REASON)
    form_class = type(f"{kind.title()}PolicyForm", (FlaskForm,), fields)
    return form_class()


def _field_of(key: str, value: Any) -> Any:
    label = words.KEY_NAMES[key]
    if key in checks.CHOICES:
        return SelectField(label, choices=_choices(checks.CHOICES[key]), default=value)
    if key in checks.SEVERAL:
        return SelectMultipleField(
            label, choices=_choices(checks.SEVERAL[key]), default=value, option_widget=CheckboxInput(), widget=ListWidget()
        )
    if isinstance(value, bool):
        return BooleanField(label, default=value)
    if isinstance(value, int):
        return _whole_field(key, value)
    if isinstance(value, list):
        return StringField(label, default=", ".join(str(each) for each in value), description=_l("Several values with commas between them."))
    return StringField(label, [_NEEDED], default=value)


def _whole_field(key: str, value: int) -> Any:
    label = words.KEY_NAMES[key]
    if key == "digest_weekday":
        days = [SelectChoice(place, name) for place, name in enumerate(words.WEEKDAYS)]
        return SelectField(label, choices=days, coerce=int, default=value)
    return IntegerField(label, [InputRequired(_l("A whole number is needed."))], default=value)


def _choices(known: tuple[str, ...]) -> list[SelectChoice]:
    return [SelectChoice(each, words.VALUE_NAMES[each]) for each in known]


def typed_settings(form: Form, settings: dict[str, Any]) -> dict[str, Any]:
    """Return the form's values in the shapes of `settings`."""
    typed: dict[str, Any] = {}
    for key, before in settings.items():
        value = form[key].data
        if isinstance(before, list) and not isinstance(value, list):
            parts = [part.strip() for part in str(value or "").split(",") if part.strip()]
            value = [int(part) if part.isdigit() else part for part in parts]
        typed[key] = value
    return typed
