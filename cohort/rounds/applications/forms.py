"""Asks what a firm says when it applies; a draft keeps whatever was typed, so almost nothing is refused here."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import (
    BooleanField,
    EmailField,
    HiddenField,
    RadioField,
    SelectChoice,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.validators import DataRequired, Length, Optional
from wtforms.widgets import DateInput, TelInput

from cohort.firms.words import FORMS, country_choices
from cohort.rounds.applications.answers import BY_FORM, CONSENTS, NEEDED

_NEEDED = DataRequired(_l("This cannot stay empty."))
_LONG = Length(max=400)
YES_NO = [("yes", _l("Yes")), ("no", _l("No")), ("unknown", _l("I do not know"))]


def _choice(label: object, choices: list[tuple[str, object]]) -> RadioField:
    """Return a choice that may stay open: a draft is kept as it is."""
    return RadioField(label, choices=[SelectChoice(value, words) for value, words in choices], validate_choice=False)


class StartForm(FlaskForm):
    """Mail address and country: all that is asked before the link."""

    email = EmailField(_l("Mail address"), [_NEEDED, Length(max=254)])
    country = SelectField(_l("Country of your firm"))

    def offer(self, countries: list[str]) -> StartForm:
        """Fill in the countries of the call in the reader's language."""
        self.country.choices = [SelectChoice(code, name) for code, name in country_choices() if code in countries]
        return self


class TaxForm(FlaskForm):
    """The tax number of the firm; Colombia has a second box."""

    country = HiddenField()
    tax_id = StringField(_l("Tax number"), [_NEEDED, Length(max=40)])
    check_digit = StringField(_l("Check digit"), [Optional(), Length(max=2)])
    is_confirmed = BooleanField(_l("I have read the number again and it is right"))


class FirmPartForm(FlaskForm):
    """First page: the firm, what it sells, its size."""

    company_name = StringField(_l("Name of the firm"), [_LONG])
    contact_name = StringField(_l("Your name"), [_LONG])
    phone = StringField(_l("Telephone"), [_LONG], widget=TelInput())
    city = StringField(_l("City or town"), [_LONG])
    product = StringField(_l("What do you sell?"), [Length(max=200)])
    travels = _choice(_l("How does it reach the buyer?"), [
        ("parcel", _l("By parcel")), ("digital", _l("Digitally")), ("neither", _l("Neither"))])
    sells_online = _choice(_l("Do you sell online?"), [("now", _l("Yes, now")), ("soon", _l("Not yet, but we want to")), ("no", _l("No"))])
    founded_on = StringField(_l("Since when do you sell?"), [_LONG], widget=DateInput())
    exports_count = StringField(_l("Exports to the other countries of the plan in the last 24 months"), [_LONG])
    sales_year = SelectField(_l("Year of the sales"), validate_choice=False)
    annual_sales = StringField(_l("Sales of that year"), [_LONG])
    employees = StringField(_l("People who work in the firm"), [_LONG])
    form = _choice(_l("How is the firm owned?"), list(FORMS.items()))

    def offer(self, this_year: int) -> FirmPartForm:
        """Fill in the years whose sales may be told."""
        years = [("", "—"), *((str(year), str(year)) for year in range(this_year - 1, this_year - 4, -1))]
        self.sales_year.choices = [SelectChoice(value, words) for value, words in years]
        for name in NEEDED:  # said beside the question; a draft may still leave it open
            if name in self:
                self[name].flags.required = True
        return self


class OwnerPartForm(FlaskForm):
    """Second page: who owns and leads, asked by how the firm is owned, and the consents by purpose."""

    women_ownership_pct = StringField(_l("What percentage belongs to women?"), [_LONG])
    women_control = _choice(_l("Do women direct the firm?"), YES_NO)
    woman_signatory = _choice(_l("Does a woman sign for the firm?"), YES_NO)
    independent = _choice(_l("Does the firm decide independently of firms that are not women's?"), YES_NO)
    board_total = StringField(_l("Members of the board (0: there is none)"), [_LONG])
    board_women = StringField(_l("Women on the board"), [_LONG])
    owner_is_woman = _choice(_l("Is the owner a woman?"), YES_NO)
    woman_decides_alone = _choice(_l("Does the woman alone sign and decide from day to day?"), YES_NO)
    data_notice = BooleanField(_l("I have read this notice"))
    cross_border_sharing = BooleanField(_l("I agree"))
    public_display = BooleanField(_l("I agree"))
    whatsapp_contact = BooleanField(_l("I agree"))
    email_news = BooleanField(_l("I agree"))

    def concerning(self, form: str) -> list[str]:
        """Return the names of the questions that concern a firm owned this way."""
        names = list(BY_FORM.get(form, {}))
        return [*names, "board_women"] if form == "company" else names

    def typed(self, form: str) -> dict[str, Any]:
        """Return the answers that this page asks for, and no others."""
        return {name: self.data[name] for name in [*self.concerning(form), "data_notice", *CONSENTS]}


class AppealForm(FlaskForm):
    """Why we should look again."""

    text = TextAreaField(_l("What should we look at again, and why?"), [_NEEDED, Length(max=4000)])


class ColleagueForm(FlaskForm):
    """Who may act for the firm too."""

    email = EmailField(_l("Mail address of your colleague"), [_NEEDED, Length(max=254)])


class FindingForm(FlaskForm):
    """How one check of a file is settled."""

    check = HiddenField()
    answer = RadioField(_l("Answer"), [_NEEDED], choices=[
        SelectChoice("yes", _l("Holds")), SelectChoice("no", _l("Does not hold")), SelectChoice("unknown", _l("Take back"))])
    reason = TextAreaField(_l("Why, in words the firm reads"), [_NEEDED, Length(max=500)])
