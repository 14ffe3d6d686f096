"""Asks for a firm's profile, its people and a file to bring in; what is done with the answers stands in services."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from flask_wtf.file import FileField, FileRequired
from wtforms import (
    BooleanField,
    DateField,
    EmailField,
    HiddenField,
    IntegerField,
    RadioField,
    SelectChoice,
    SelectField,
    StringField,
    TelField,
)
from wtforms.validators import DataRequired, Length, Optional

from cohort.firms import words
from cohort.firms.facts import FirmProfile, NewFirm, NewPerson
from cohort.firms.models import Firm
from cohort.kit.language import LANGUAGES, is_ambiguous_number, number, typed_number

NEEDED = DataRequired(_l("This cannot stay empty."))
ANSWERS = {"yes": True, "no": False, "unknown": None}


def choices(pairs: dict[str, Any] | list[tuple[str, str]], empty: object = None) -> list[SelectChoice]:
    """Return (value, words) pairs as WTForms wants them, with an empty choice first if it has words."""
    listed = list(pairs.items()) if isinstance(pairs, dict) else pairs
    first = [] if empty is None else [SelectChoice("", empty)]
    return first + [SelectChoice(value, label) for value, label in listed]


def answer_field(label: object, description: object = "") -> RadioField:
    """Return a question with three answers: yes, no, and that we do not know, which stands until somebody says."""
    return RadioField(label, choices=choices(words.ANSWERS), default="unknown", description=description)


def answer_of(value: bool | None) -> str:
    """Return a stored answer as the choice that stands for it."""
    return "unknown" if value is None else "yes" if value else "no"


class DayField(DateField):
    """A day; one that cannot be read is told with an example."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read the day or say what one looks like."""
        try:
            super().process_formdata(valuelist)
        except ValueError as error:
            raise ValueError(gettext("“%(text)s” is no day. Expected: such as 2019-03-31.", text=" ".join(valuelist))) from error


class WholeField(IntegerField):
    """A whole number; one that cannot be read is told with an example."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read the number or say what one looks like."""
        try:
            super().process_formdata(valuelist)
        except ValueError as error:
            raise ValueError(gettext("“%(text)s” is no whole number. Expected: digits alone, such as 25.", text=" ".join(valuelist))) from error


class ReadBackForm(FlaskForm):
    """A form with typed numbers: one that may mean thousands or decimals is read back before it is taken."""

    read_back = HiddenField()

    def read_numbers(self, *names: str) -> bool:
        """Turn the named texts into numbers in `numbers`; return False with an error at each that is none."""
        self.numbers: dict[str, Any] = {}
        doubtful: list[str] = []
        for name in names:
            field = self[name]
            text = (field.data or "").strip()
            try:
                self.numbers[name] = typed_number(text) if text else None
            except ValueError:
                field.errors = [gettext("“%(text)s” is no number. Expected: digits, such as %(example)s.", text=text, example=number(1234567))]
                continue
            if is_ambiguous_number(text):
                doubtful.append(f"{name}={text}")
                if f"{name}={text}" not in (self.read_back.data or "").split(";"):
                    field.errors = [gettext("We read this as %(number)s. Send again if that is right, or write it without signs for thousands.", number=number(self.numbers[name], 0) if self.numbers[name] >= 1000 else number(self.numbers[name]))]
        self.read_back.data = ";".join(doubtful)
        return not any(self[name].errors for name in names)


class ProfileForm(FlaskForm):
    """What a firm says of itself."""

    legal_name = StringField(_l("Legal name"), [NEEDED, Length(max=200)], description=_l("As it stands on the tax certificate."))
    trade_name = StringField(_l("Trade name"), [Length(max=200)], description=_l("The name that customers know, if it is another."))
    sector = SelectField(_l("Sector"), [Optional()], choices=choices(words.SECTORS, _l("We do not know yet")))
    product = StringField(_l("Main product"), [Length(max=200)])
    region = StringField(_l("Region or state"), [Length(max=80)])
    city = StringField(_l("City"), [Length(max=80)])
    is_rural = answer_field(_l("Does it work in the countryside?"))
    sells_online = answer_field(_l("Does it sell online already?"))
    web_address = StringField(_l("Web address"), [Length(max=200)])
    founded_on = DayField(_l("Started on"), [Optional()])
    owner_group = StringField(_l("Group of firms it belongs to"), [Length(max=120)])

    def profile_facts(self) -> dict[str, Any]:
        """Return what was typed, as keywords of `FirmProfile`."""
        facts = {name: self[name].data or "" for name in (
            "legal_name", "trade_name", "sector", "product", "region", "city", "web_address", "owner_group")}
        return {**facts, "founded_on": self.founded_on.data, "is_rural": ANSWERS[self.is_rural.data],
                "sells_online": ANSWERS[self.sells_online.data]}

    def profile(self) -> FirmProfile:
        """Return what was typed as facts."""
        return FirmProfile(**self.profile_facts())

    @classmethod
    def of(cls, firm: Firm) -> ProfileForm:
        """Return the form filled with what stands, or with what was just typed."""
        filled = {name: getattr(firm, name) for name in FirmProfile.__dataclass_fields__}
        return cls(data={**filled, "is_rural": answer_of(firm.is_rural), "sells_online": answer_of(firm.sells_online)})


class NewFirmForm(ProfileForm):
    """A firm to be registered: country and tax id first."""

    country = SelectField(_l("Country"), [NEEDED])
    tax_id = StringField(_l("Tax number"), [NEEDED, Length(max=30)], description=_l("RUT in Chile, NIT in Colombia, cédula jurídica in Costa Rica, RFC in Mexico, RUC in Peru. Dots and hyphens may stay."))
    check_digit = StringField(_l("Check digit (Colombia)"), [Length(max=2)], description=_l("The last digit of a NIT, after the hyphen."))
    confirmed = BooleanField(_l("I compared the tax number with the certificate, and it is right"))

    def offer(self, countries: frozenset[str] | None) -> NewFirmForm:
        """Fill the countries that this reader may register in."""
        known = [pair for pair in words.country_choices() if countries is None or pair[0] in countries]
        self.country.choices = choices(known)
        return self

    def new_firm(self) -> NewFirm:
        """Return what was typed as facts."""
        return NewFirm(country=self.country.data, tax_id=self.tax_id.data or "", check_digit=self.check_digit.data or "",
                       confirmed=self.confirmed.data, **self.profile_facts())


class PersonForm(FlaskForm):
    """A person who acts for the firm."""

    name = StringField(_l("Name"), [NEEDED, Length(max=120)])
    title = StringField(_l("What she or he does there"), [Length(max=80)])
    email = EmailField(_l("Mail address"), [Length(max=200)])
    phone = TelField(_l("Telephone"), [Length(max=30)], description=_l("With the country code, such as +56 9 1234 5678."))
    language = SelectField(_l("Language"), [NEEDED], choices=choices(LANGUAGES), default="es")

    def new_person(self) -> NewPerson:
        """Return what was typed as facts."""
        return NewPerson(name=self.name.data or "", title=self.title.data or "", email=self.email.data or "",
                         phone=self.phone.data or "", language=self.language.data)


class ImportForm(FlaskForm):
    """A file of firms and, where its columns are called otherwise, the file that says how."""

    file = FileField(_l("File of firms"), [FileRequired(_l("Choose a CSV or XLSX file."))], description=_l("CSV or XLSX, up to 10 MB. A list downloaded here can be brought in again."))
    mapping = FileField(_l("Mapping file"), description=_l("TOML, only if the columns have other names than ours."))
