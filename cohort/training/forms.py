"""Asks what is handed in, why something is sent back or waived, which new day a milestone gets."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from flask_wtf.file import FileField
from wtforms import BooleanField, DateField, TextAreaField
from wtforms.validators import DataRequired, InputRequired, Length

_SHORT = Length(max=1000, message=_l("At most 1,000 characters."))


class HandInForm(FlaskForm):
    """What shows that a milestone is done: words, a file, or both."""

    text = TextAreaField(_l("What you did"), [_SHORT])
    file = FileField(_l("Photo or PDF"), description=_l("PDF or photo, up to 10 MB."))


class ReasonForm(FlaskForm):
    """Why: the firm reads it."""

    text = TextAreaField(
        _l("Reason"), [DataRequired(_l("Say why, in words the firm can use.")), _SHORT],
        description=_l("The firm reads this."),
    )


class RedateForm(ReasonForm):
    """Another day for one milestone."""

    due_on = DateField(_l("New day"), [InputRequired(_l("Give a day."))])


class CallForm(FlaskForm):
    """What was said on the phone."""

    text = TextAreaField(_l("What was said"), [DataRequired(_l("A few words help whoever calls next.")), _SHORT])


class WhatsAppForm(FlaskForm):
    """The text of a message that a person sends from their own phone."""

    text = TextAreaField(_l("Message"), [DataRequired(_l("Write the message.")), _SHORT])
    with_link = BooleanField(_l("Add a sign-in link that works once, for 30 minutes"))
