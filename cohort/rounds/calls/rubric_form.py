"""Asks for the rubric of a draft: weights, names and what each mark means, as many fields as there are criteria.

Whether the weights sum to 100 is said by the service.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import BooleanField, IntegerField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from cohort.rounds.calls.drafting import is_own
from cohort.rounds.calls.parts import HIGHEST_MARK, Criterion

_FROM_0_TO_100 = NumberRange(0, 100, _l("A whole number from 0 to 100."))
_WEIGHT = [InputRequired(_l("Give a whole number.")), _FROM_0_TO_100]
_OWN_WEIGHT = [Optional(), _FROM_0_TO_100]  # the last section is empty when no further criterion is wanted
_NAMED = {"es": _l("Name in Spanish"), "en": _l("Name in English")}
_SPANISH = [_l("%(mark)s means, in Spanish", mark=mark) for mark in range(HIGHEST_MARK + 1)]
_ENGLISH = [_l("%(mark)s means, in English", mark=mark) for mark in range(HIGHEST_MARK + 1)]
_ANCHORS = {"es": _SPANISH, "en": _ENGLISH}
MARKS = range(HIGHEST_MARK + 1)


def rubric_form(criteria: Sequence[Criterion]) -> FlaskForm:
    """Return a form with the fields `<criterion>_weight`, `<criterion>_label_<language>` and `<criterion>_<mark>_<language>`.

    A criterion of the call's own has `<criterion>_removed` besides.
    """
    fields: dict[str, Any] = {}
    held: dict[str, Any] = {}
    for each in criteria:
        checks = _OWN_WEIGHT if is_own(each.name) else _WEIGHT
        fields[f"{each.name}_weight"], held[f"{each.name}_weight"] = IntegerField(_l("Weight in percent"), checks), each.weight
        if is_own(each.name):
            fields[f"{each.name}_removed"] = BooleanField(_l("This criterion goes, with its texts"))
        for language in ("es", "en"):
            name = f"{each.name}_label_{language}"
            fields[name], held[name] = StringField(_NAMED[language], [Length(max=120)]), each.label.get(language, "")
            for mark in MARKS:
                name = f"{each.name}_{mark}_{language}"
                fields[name] = TextAreaField(_ANCHORS[language][mark], [Length(max=400)], render_kw={"rows": 2})
                held[name] = each.anchors[mark].get(language, "")
    return cast(FlaskForm, type("RubricForm", (FlaskForm,), fields)(data=held))


def typed_criteria(form: FlaskForm, criteria: Sequence[Criterion]) -> list[Criterion]:
    """Return the criteria as they were typed."""
    said = form.data
    return [
        Criterion(
            each.name, said[f"{each.name}_weight"] or 0, _both(said, f"{each.name}_label"),
            tuple(_both(said, f"{each.name}_{mark}") for mark in MARKS),
        )
        for each in criteria
    ]


def removed_criteria(form: FlaskForm, criteria: Sequence[Criterion]) -> frozenset[str]:
    """Return the criteria of the call's own that were ticked to go."""
    return frozenset(each.name for each in criteria if is_own(each.name) and form.data[f"{each.name}_removed"])


def faulty_criteria(form: FlaskForm, criteria: Sequence[Criterion]) -> frozenset[str]:
    """Return the criteria with a fault inside, or named by a refusal, so that their texts are shown open."""
    def is_faulty(name: str) -> bool:
        if any(field.errors for field in form if field.name.startswith(f"{name}_")):
            return True
        labels = [form.data[f"{name}_label_{language}"] for language in ("es", "en")]
        return any(f"“{label}”" in text or f"«{label}»" in text for label in labels if label for text in form.form_errors)

    return frozenset(each.name for each in criteria if is_faulty(each.name))


def _both(said: dict[str, Any], stem: str) -> dict[str, str]:
    return {language: (said[f"{stem}_{language}"] or "").strip() for language in ("es", "en")}
