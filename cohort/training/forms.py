"""Asks what is handed in, why something is sent back or waived, which new day a milestone gets."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from flask_wtf.file import FileField
from wtforms import BooleanField, DateField, TextAreaField
from wtforms.validators import InputRequired, Length


class HandInForm(FlaskForm):
    """What shows that a milestone is done: words, a file, or both."""

    text = TextAreaField(_l("What you did"), [Length(max=1000, message=_l("At most 1,000 characters."))])
    file = FileField(_l("Photo or PDF"), description=_l("PDF or photo, up to 10 MB."))


class NoteForm(FlaskForm):
    """A word that goes with a confirmation; it may stay empty."""

    text = TextAreaField(_l("Note"), [Length(max=1000, message=_l("At most 1,000 characters."))])


class ReasonForm(FlaskForm):
    """Why: the firm reads it."""

    text = TextAreaField(
        _l("Reason"), [InputRequired(_l("Say why, in words the firm can use.")), Length(max=1000)],
        description=_l("The firm reads this."),
    )


class RedateForm(ReasonForm):
    """Another day for one milestone."""

    due_on = DateField(_l("New day"), [InputRequired(_l("Give a day."))])


class CallForm(FlaskForm):
    """What was said on the phone."""

    text = TextAreaField(_l("What was said"), [InputRequired(_l("A few words help whoever calls next.")), Length(max=1000)])


class WhatsAppForm(FlaskForm):
    """The text of a message that a person sends from their own phone."""

    text = TextAreaField(_l("Message"), [InputRequired(_l("Write the message.")), Length(max=1000)])
    with_link = BooleanField(_l("Add a sign-in link that works once, for 30 minutes"))
