"""Finds the rate of a day and converts to US cents; a missing rate is an answer (None), never a zero.

Which sources are official is said by whoever brings the file in; nothing is looked up on the net.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_EVEN, Decimal

from flask_babel import gettext
from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from cohort.exports import events
from cohort.exports.facts import whole_units
from cohort.exports.models import ExchangeRate, Export
from cohort.kit import language
from cohort.kit.access import SYSTEM

MOST_DAYS_BACK = 7  # no rate is published on week-ends and holidays; the last one before holds
DOLLAR = "USD"


@dataclass(frozen=True)
class Conversion:
    """An amount in US cents and the rate that gave it: units of the currency for one dollar, its day and source."""

    usd_cents: int
    per_usd: str
    rate_on: date
    source: str


def rate_on(session: Session, currency: str, day: date) -> ExchangeRate | None:
    """Return the rate of the day, or the last one of the seven days before; None when there is none.

    Of two sources for one day the one recorded first holds.
    """
    statement = select(ExchangeRate).where(
        ExchangeRate.currency == currency, ExchangeRate.on <= day, ExchangeRate.on >= day - timedelta(days=MOST_DAYS_BACK)
    )
    return session.scalars(statement.order_by(ExchangeRate.on.desc(), ExchangeRate.id).limit(1)).one_or_none()


def converted(session: Session, value_minor: int, currency: str, day: date) -> Conversion | None:
    """Return an amount in US cents at the rate of a day, rounded half-even; None when the rate is missing.

    >>> Decimal(480_000) / Decimal("944.14")  # doctest: +ELLIPSIS
    Decimal('508.39917...')
    """
    if currency == DOLLAR:
        return Conversion(value_minor, "1", day, "")
    rate = rate_on(session, currency, day)
    if rate is None:
        return None
    cents = (whole_units(value_minor, currency) / rate.rate * 100).quantize(Decimal(1), ROUND_HALF_EVEN)
    return Conversion(int(cents), rate.per_usd, rate.on, rate.source)


def conversion_words(conversion: Conversion | None, currency: str) -> str:
    """Return “US$ 508,40 at the rate of 24/11/2026”, or that the rate is still to come; empty for dollars."""
    if currency == DOLLAR:
        return ""
    if conversion is None:
        return str(gettext("The rate of that day is not there yet; we convert it as soon as it is."))
    return str(gettext(
        "%(amount)s at the rate of %(day)s", amount=language.money(conversion.usd_cents, DOLLAR),
        day=language.day(conversion.rate_on, "short"),
    ))


def fill_pending(session: Session) -> int:
    """Give every export without dollars the rate that has arrived meanwhile; returns how many were filled."""
    statement = select(Export).where(Export.fob_usd_cents.is_(None), Export.state.in_(("waiting", "verified")))
    filled = 0
    for export in session.scalars(statement.options(selectinload(Export.events)).order_by(Export.id)):
        found = converted(session, export.value_minor, export.currency, export.exported_on)
        if found is not None:
            events.append(session, SYSTEM, export, "rated", rate_columns(found))
            filled += 1
    return filled


def rate_columns(found: Conversion | None) -> dict[str, object]:
    """Return the columns of an export that keep its conversion, frozen with day and source."""
    if found is None:
        return {"fob_usd_cents": None, "rate_per_usd": None, "rate_on": None, "rate_source": ""}
    return {
        "fob_usd_cents": found.usd_cents, "rate_per_usd": found.per_usd, "rate_on": found.rate_on,
        "rate_source": found.source,
    }
