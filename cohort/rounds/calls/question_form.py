"""Asks for one question of a draft, in both languages; whether it is whole is said by the service."""

from __future__ import annotations

from itertools import zip_longest

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import BooleanField, RadioField, SelectChoice, StringField, TextAreaField
from wtforms.validators import DataRequired, Length

from cohort.rounds.calls.parts import Question

_NEEDED = DataRequired(_l("This cannot stay empty."))
KINDS = {
    "short": _l("A line of text"), "long": _l("A longer text"), "number": _l("A number"),
    "money": _l("An amount of money"), "percentage": _l("A percentage"), "choice": _l("One of several answers"),
    "file": _l("A file: PDF or photo"),
}


class QuestionForm(FlaskForm):
    """A question: how it is answered, its words, and whether it is needed or hidden from evaluators."""

    label_es = StringField(_l("Question in Spanish"), [_NEEDED, Length(max=200)])
    label_en = StringField(_l("Question in English"), [_NEEDED, Length(max=200)])
    help_es = StringField(_l("Help in Spanish"), [Length(max=400)])
    help_en = StringField(_l("Help in English"), [Length(max=400)])
    kind = RadioField(_l("How it is answered"), default="short", choices=[SelectChoice(value, words) for value, words in KINDS.items()])
    choices_es = TextAreaField(_l("Answers to choose from in Spanish"), [Length(max=2000)], render_kw={"rows": 4})
    choices_en = TextAreaField(_l("Answers to choose from in English"), [Length(max=2000)], render_kw={"rows": 4})
    is_needed = BooleanField(_l("It has to be answered before an application is sent"), default=True)
    is_self_test = BooleanField(_l("It is part of the self-test"))
    is_blind = BooleanField(_l("Evaluators who review blind do not see it"))

    def show(self, asked: Question) -> None:
        """Write a question into the form."""
        self.kind.data, self.is_needed.data, self.is_blind.data = asked.kind, asked.is_needed, asked.is_blind
        self.is_self_test.data = asked.is_self_test
        self.label_es.data, self.label_en.data = asked.label["es"], asked.label["en"]
        self.help_es.data, self.help_en.data = asked.help.get("es", ""), asked.help.get("en", "")
        self.choices_es.data = "\n".join(each["es"] for each in asked.choices)
        self.choices_en.data = "\n".join(each["en"] for each in asked.choices)

    def question(self, name: str = "") -> Question:
        """Return what was typed."""
        lines = [[line.strip() for line in (field.data or "").splitlines() if line.strip()]
                 for field in (self.choices_es, self.choices_en)]
        return Question(
            name, self.kind.data, {"es": self.label_es.data.strip(), "en": self.label_en.data.strip()},
            {"es": (self.help_es.data or "").strip(), "en": (self.help_en.data or "").strip()},
            self.is_needed.data, self.is_blind.data,
            tuple({"es": es, "en": en} for es, en in zip_longest(*lines, fillvalue="")), self.is_self_test.data,
        )
