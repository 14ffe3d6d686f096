"""Holds what a person says of one export, and turns an amount as typed into whole minor units; judges no evidence."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from babel.numbers import get_currency_precision
from flask_babel import lazy_gettext as _l

from cohort.kit.errors import DomainError, wording

wording("value_not_positive", _l("The value of the goods must be more than zero."))
wording("value_decimals", _l("%(currency)s amounts have at most %(places)s decimals."))
wording("value_too_large", _l("That value is too large. Check the number of zeros."))

_MOST_MINOR = 10**15


@dataclass(frozen=True)
class ExportFacts:
    """One export as told: days and ISO codes, `value` in whole units of `currency` (not minor units)."""

    exported_on: date
    destination: str
    product: str
    value: Decimal
    currency: str
    channel: str
    marketplace: str = ""
    buyer: str = "B2C"
    hs_code: str = ""
    quantity: str = ""
    incoterm: str = ""
    shipment: str = ""
    document_type: str = ""
    document_number: str = ""
    is_baseline: bool = False
    is_sample: bool = False


def minor_units(value: Decimal, currency: str) -> int:
    """Return an amount in integer minor units; pesos of Chile have none.

    Errors: DomainError `value_not_positive`, `value_decimals` for more decimals than the currency has,
    `value_too_large`.
    """
    places = get_currency_precision(currency)
    if not value.is_finite() or value <= 0:
        raise DomainError("value_not_positive")
    scaled = value.scaleb(places)
    if scaled != scaled.to_integral_value():
        raise DomainError("value_decimals", currency=currency, places=places)
    if scaled > _MOST_MINOR:
        raise DomainError("value_too_large")
    return int(scaled)


def whole_units(minor: int, currency: str) -> Decimal:
    """Return minor units as an amount of the currency."""
    return Decimal(minor).scaleb(-get_currency_precision(currency))
