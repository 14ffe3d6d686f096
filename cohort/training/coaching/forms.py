"""Asks what a coaching talk was about, how long it took and what comes next."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import DateField, IntegerField, StringField, TextAreaField
from wtforms.validators import DataRequired, InputRequired, Length, Optional

from cohort.training.coaching.service import Talk


class TalkForm(FlaskForm):
    """One talk; the next step has words and a day, or neither."""

    held_on = DateField(_l("Day of the talk"), [InputRequired(_l("Give a day."))])
    minutes = IntegerField(_l("Minutes"), [InputRequired(_l("How many minutes did it take? For example 60."))])
    about = TextAreaField(
        _l("What it was about"), [DataRequired(_l("Say in a few words what you talked about.")), Length(max=2000)],
        description=_l("Staff of the programme read it; the firm does not."))
    next_step = StringField(_l("Next step"), [Length(max=500)], description=_l("The firm reads it on its page."))
    next_on = DateField(_l("Due by"), [Optional()])

    @property
    def talk(self) -> Talk:
        """The talk as it was typed."""
        return Talk(self.held_on.data, self.minutes.data, self.about.data, self.next_step.data or "", self.next_on.data)
