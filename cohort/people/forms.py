"""Holds the room's forms: what is asked and how it is worded; what is done with the answers stands in the services."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import (
    EmailField,
    HiddenField,
    IntegerField,
    PasswordField,
    SelectField,
    SelectMultipleField,
    StringField,
)
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, Length, Optional
from wtforms.widgets import CheckboxInput, ListWidget

from cohort.kit.access import Role
from cohort.kit.language import LANGUAGES
from cohort.kit.notices import Notice
from cohort.people.words import country_choices, role_name

EMPTY = _l("This cannot stay empty.")
_email = (DataRequired(EMPTY), Length(max=254))


def _choices(pairs: list[tuple[str, str]], empty: str | None = None) -> list[SelectChoice]:
    first = [] if empty is None else [SelectChoice("", str(empty))]
    return first + [SelectChoice(value, words) for value, words in pairs]


class SignInForm(FlaskForm):
    """Mail address and password; without a password a link is mailed."""

    email = EmailField(_l("Mail address"), _email)
    password = PasswordField(_l("Password"), [Optional(), Length(max=500)])
    next = HiddenField()


class LinkForm(FlaskForm):
    """The mail address that a sign-in link goes to."""

    email = EmailField(_l("Mail address"), _email)
    next = HiddenField()


class CodeForm(FlaskForm):
    """A code of the authenticator app, or a recovery code."""

    code = StringField(_l("Code"), [DataRequired(EMPTY), Length(max=40)])


class AcceptForm(FlaskForm):
    """What a new person tells of themselves."""

    name = StringField(_l("Your name"), [DataRequired(EMPTY), Length(max=120)])
    language = SelectField(_l("Language"), [DataRequired(EMPTY)])
    password = PasswordField(_l("Password"), [Optional(), Length(max=500)])

    def offer(self) -> AcceptForm:
        """Fill the choices in the reader's language."""
        self.language.choices = _choices(list(LANGUAGES.items()))
        return self


class ProfileForm(FlaskForm):
    """Name, language and region of the account."""

    name = StringField(_l("Name"), [DataRequired(EMPTY), Length(max=120)])
    language = SelectField(_l("Language"), [DataRequired(EMPTY)])
    region = SelectField(_l("Country for numbers and dates"), [Optional()])

    def offer(self) -> ProfileForm:
        """Fill the choices in the reader's language."""
        self.language.choices = _choices(list(LANGUAGES.items()))
        self.region.choices = _choices(country_choices(), _l("As my firm or office"))
        return self


class PasswordForm(FlaskForm):
    """A new password, typed once; browsers can show it."""

    password = PasswordField(_l("New password"), [DataRequired(EMPTY), Length(max=500)])


class AddressForm(FlaskForm):
    """A new mail address, to be confirmed by a link."""

    email = EmailField(_l("New mail address"), _email)


class NoticesForm(FlaskForm):
    """Which of the mails that may be turned off the person wants."""

    wanted = SelectMultipleField(_l("Send me a mail about"), [Optional()], option_widget=CheckboxInput(), widget=ListWidget())

    def offer(self, notices: list[Notice], wanted: list[str] | None = None) -> NoticesForm:
        """Fill in what may be turned off, and tick what stands."""
        self.wanted.choices = _choices([(each.kind, str(each.words)) for each in notices])
        if wanted is not None:
            self.wanted.data = wanted
        return self


class InviteForm(FlaskForm):
    """Whom to invite, to which role, for which country or firm."""

    email = EmailField(_l("Mail address"), _email)
    role = SelectField(_l("Role"), [DataRequired(EMPTY)])
    country = SelectField(_l("Country"), [Optional()])
    firm_id = IntegerField(_l("Number of the firm"), [Optional()])
    language = SelectField(_l("Language of the invitation"), [DataRequired(EMPTY)])

    def offer(self, roles: list[Role], countries: frozenset[str] | None) -> InviteForm:
        """Fill the choices with what this reader may give."""
        known = [pair for pair in country_choices() if countries is None or pair[0] in countries]
        self.role.choices = _choices([(role.value, role_name(role)) for role in roles], _l("Choose a role"))
        self.country.choices = _choices(known, _l("No country"))
        self.language.choices = _choices(list(LANGUAGES.items()))
        return self


class RoleForm(FlaskForm):
    """A further role for somebody who has an account."""

    role = SelectField(_l("Role"), [DataRequired(EMPTY)])
    country = SelectField(_l("Country"), [Optional()])
    firm_id = IntegerField(_l("Number of the firm"), [Optional()])

    def offer(self, roles: list[Role], countries: frozenset[str] | None) -> RoleForm:
        """Fill the choices with what this reader may give."""
        known = [pair for pair in country_choices() if countries is None or pair[0] in countries]
        self.role.choices = _choices([(role.value, role_name(role)) for role in roles], _l("Choose a role"))
        self.country.choices = _choices(known, _l("No country"))
        return self
