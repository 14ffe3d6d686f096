"""Asks for one export, a correction, a reason or a refund; what is refused is decided in services."""

from __future__ import annotations

import secrets
from datetime import date
from decimal import Decimal
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from flask_wtf.file import FileField
from wtforms import (
    BooleanField,
    DateField,
    HiddenField,
    RadioField,
    SelectChoice,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.validators import InputRequired, Length, ValidationError

from cohort import reference
from cohort.exports import words
from cohort.exports.documents import PROOF_KINDS, documents_of
from cohort.exports.entries.checks import SHIPMENTS, currencies
from cohort.exports.facts import ExportFacts, whole_units
from cohort.exports.models import Export
from cohort.firms.models import Firm
from cohort.kit.language import formats, typed_number
from cohort.rules.shipments import INCOTERMS

OTHER = "other"
_REASON = [InputRequired(_l("Say why, in words the firm can use.")), Length(max=500, message=_l("At most 500 characters."))]


def _pairs(pairs: Any, empty: object = None) -> list[SelectChoice]:
    first = [] if empty is None else [SelectChoice("", empty)]
    return first + [SelectChoice(value, label) for value, label in pairs]


def channel_choices() -> list[SelectChoice]:
    """Return how it was sold: the platforms people know by name, then the channel itself."""
    choices: list[SelectChoice] = []
    for channel in reference.channels().values():
        name = words.channel_name(channel.code)
        choices += [SelectChoice(f"{channel.code}|{example}", example) for example in channel.examples]
        choices.append(SelectChoice(f"{channel.code}|", gettext("%(channel)s, another one", channel=name) if channel.examples else name))
    return choices


class ExportForm(FlaskForm):
    """One export as a firm tells it; `more` fields are for staff."""

    destination = RadioField(_l("Where to"), [InputRequired(_l("Choose the country."))])
    other_destination = SelectField(_l("Which other country"), default="")
    exported_on = DateField(_l("Day it left"), [InputRequired(_l("Give the day on which it left."))])
    amount = StringField(_l("Value of the goods"), [InputRequired(_l("Type what the buyer paid for the goods."))])
    currency = SelectField(_l("Currency"), [InputRequired()])
    product = StringField(_l("Product"), [InputRequired(_l("Say in a few words what was sold.")), Length(max=200, message=_l("At most 200 characters."))])
    channel = SelectField(_l("Where it was sold"), [InputRequired(_l("Choose where it was sold."))])
    proof = FileField(_l("Proof"), description=_l("Invoice, courier guide or customs declaration. PDF or photo, up to 10 MB."))
    is_baseline = BooleanField(_l("This export was made before joining the plan"))
    request_key = HiddenField()
    kept_file = HiddenField()  # the token of a file that came with an earlier try of the same form
    hs_code = StringField(_l("HS code"), [Length(max=15)])
    quantity = StringField(_l("Quantity and unit"), [Length(max=40)])
    document_type = SelectField(_l("Document"), default="")
    document_number = StringField(_l("Number of the document"), [Length(max=60)])
    incoterm = SelectField(_l("Incoterm"), default="")
    shipment = SelectField(_l("How it went"), default="")
    buyer = SelectField(_l("Buyer"), default="B2C")
    is_sample = BooleanField(_l("It was a free sample"))
    reason = TextAreaField(_l("Reason"), [Length(max=500, message=_l("At most 500 characters."))], description=_l("Why it is changed; it is kept with the export."))

    def offer(self, firm: Firm, destinations: list[str], today: date) -> ExportForm:
        """Fill the choices for one firm; its own country is no destination."""
        offered = [(code, words.country_name(code)) for code in destinations if code != firm.country]
        self.destination.choices = _pairs([*offered, (OTHER, gettext("Other"))])
        others = [
            (code, words.country_name(code)) for code in reference.countries()
            if code != firm.country and code not in destinations
        ]
        self.other_destination.choices = _pairs([*others, *words.other_countries()], gettext("Choose"))
        self.currency.choices = _pairs([(code, code) for code in currencies()])
        self.channel.choices = channel_choices()
        self.document_type.choices = _pairs([(each.code, each.name) for each in documents_of(firm.country)], _l("None yet"))
        self.incoterm.choices = _pairs([(code, code) for code in sorted(INCOTERMS)], _l("not said"))
        self.shipment.choices = _pairs([(code, words.SHIPMENT_NAMES[code]) for code in SHIPMENTS])
        self.buyer.choices = _pairs([("B2C", _l("A person")), ("B2B", _l("A firm"))])
        if not self.is_submitted():
            self.exported_on.data = self.exported_on.data or today
            self.currency.data = self.currency.data or reference.countries()[firm.country].currency
        self.request_key.data = self.request_key.data or secrets.token_urlsafe(32)
        return self

    def show(self, export: Export) -> ExportForm:
        """Fill the form with what an export says."""
        listed = {str(choice.value) for choice in self.destination.choices}
        is_listed = export.destination in listed
        self.destination.data = export.destination if is_listed else OTHER
        self.other_destination.data = "" if is_listed else export.destination
        self.channel.data = self.channel_value(export.channel, export.marketplace)
        self.amount.data = plain_amount(whole_units(export.value_minor, export.currency))
        for name in ("exported_on", "currency", "product", "is_baseline", "hs_code", "quantity", "document_type",
                     "document_number", "incoterm", "shipment", "buyer", "is_sample"):
            self[name].data = getattr(export, name) or ("" if name.startswith("document") else getattr(export, name))
        return self

    def channel_value(self, channel: str, marketplace: str) -> str:
        """Return the choice that stands for a channel and a platform; a platform not listed falls back to its channel."""
        value = f"{channel}|{marketplace}"
        return value if value in {str(choice.value) for choice in self.channel.choices} else f"{channel}|"

    def validate_other_destination(self, field: Any) -> None:
        """Ask for the country when “other” was chosen."""
        if self.destination.data == OTHER and not field.data:
            raise ValidationError(gettext("Choose the country."))

    def validate_amount(self, field: Any) -> None:
        """Refuse what is no amount, with an example in the reader's own way."""
        try:
            typed_number(field.data or "")
        except ValueError as error:
            raise ValidationError(gettext("“%(text)s” is no amount. Type digits only, such as 480000.", text=field.data)) from error

    def facts(self) -> ExportFacts:
        """Return what was typed."""
        channel, _mark, marketplace = (self.channel.data or "").partition("|")
        destination = self.other_destination.data if self.destination.data == OTHER else self.destination.data
        return ExportFacts(
            exported_on=self.exported_on.data, destination=destination or "", product=self.product.data or "",
            value=typed_number(self.amount.data or ""), currency=self.currency.data or "", channel=channel,
            marketplace=marketplace, buyer=self.buyer.data or "B2C", hs_code=self.hs_code.data or "",
            quantity=self.quantity.data or "", incoterm=self.incoterm.data or "", shipment=self.shipment.data or "",
            document_type=self.document_type.data or "", document_number=self.document_number.data or "",
            is_baseline=bool(self.is_baseline.data), is_sample=bool(self.is_sample.data),
        )


def plain_amount(value: Decimal) -> str:
    """Return an amount as a person of this region would type it: no thousands marks, its own decimal mark."""
    whole = value == value.to_integral_value()
    text = format(value.to_integral_value() if whole else value, "f")
    return text.replace(".", "," if formats().number_symbols["latn"]["decimal"] == "," else ".")


class ReasonForm(FlaskForm):
    """Why: the firm reads it."""

    reason = TextAreaField(_l("Reason"), _REASON, description=_l("The firm reads this."))


class RefundForm(FlaskForm):
    """What the buyer got back."""

    refund = StringField(_l("Amount given back, US$"), description=_l("Empty: all that is left of the value."))
    reason = TextAreaField(_l("Reason"), _REASON, description=_l("The firm reads this."))

    def validate_refund(self, field: Any) -> None:
        """Refuse what is no amount of dollars and cents."""
        try:
            self.cents()
        except ValueError as error:
            raise ValidationError(gettext("“%(text)s” is no amount. Type digits only, such as 480000.", text=field.data)) from error

    def cents(self) -> int | None:
        """Return US cents, or None for all that is left."""
        text = (self.refund.data or "").strip()
        if not text:
            return None
        cents = typed_number(text) * 100
        if cents != cents.to_integral_value():
            raise ValueError(text)
        return int(cents)


class ProofForm(FlaskForm):
    """One more file."""

    proof = FileField(_l("Proof"), description=_l("Invoice, courier guide or customs declaration. PDF or photo, up to 10 MB."))
    kind = SelectField(_l("What it is"), choices=[SelectChoice(code, name) for code, name in PROOF_KINDS.items()], default="other")
