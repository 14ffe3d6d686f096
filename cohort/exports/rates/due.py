"""Tells operators that the rates of a plan's currencies grow old, before exports wait for dollars; bringing them is `importer`'s."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cohort import reference
from cohort.exports.models import ExchangeRate
from cohort.exports.rates.service import DOLLAR, MOST_DAYS_BACK
from cohort.kit import clock
from cohort.kit.outbox import OutboxMessage, enqueue, mail_kind
from cohort.people.alarms import administrators, recipient
from cohort.plans import queries as plan_queries

MAIL, REPEAT_DAYS = "rates_due", 7


def currencies_of(session: Session, day: date) -> dict[str, date]:
    """Return the currencies of the origin countries of plans that run on `day`, each with the first such plan's start."""
    found: dict[str, date] = {}
    for plan in plan_queries.plans(session):
        if plan.starts_on <= day <= plan_queries.end_of(plan):
            for country in plan_queries.origins_on(session, plan.id, day):
                currency = reference.countries()[country].currency
                found[currency] = min(plan.starts_on, found.get(currency, plan.starts_on))
    found.pop(DOLLAR, None)
    return dict(sorted(found.items()))


def latest_rates(session: Session, day: date) -> dict[str, date]:
    """Return the day of the newest rate by currency, as known at the end of `day`."""
    ends_at = datetime.combine(day + timedelta(days=1), time(), UTC)
    statement = select(ExchangeRate.currency, func.max(ExchangeRate.on)).where(
        ExchangeRate.on <= day, ExchangeRate.recorded_at < ends_at)
    return {currency: on for currency, on in session.execute(statement.group_by(ExchangeRate.currency)) if on}


def late_days(session: Session, day: date) -> dict[str, int]:
    """Return for how many days the rate of a currency has been too old to convert an export of `day`, by currency.

    A rate serves its own day and the seven after; where there is none at all, the plan's first day counts as the first.
    """
    latest = latest_rates(session, day)
    ages = {
        currency: (day - latest[currency]).days - MOST_DAYS_BACK if currency in latest else (day - starts_on).days + 1
        for currency, starts_on in currencies_of(session, day).items()
    }
    return {currency: days for currency, days in ages.items() if days > 0}


def tell_due(session: Session, day: date) -> int:
    """Queue one mail to each administrator when a currency's rate has just grown too old, and each week after.

    Returns how many mails; none on the other days, and none when nothing is due.
    """
    late = late_days(session, day)
    if not any((days - 1) % REPEAT_DAYS == 0 for days in late.values()):
        return 0
    lines = _lines(late, latest_rates(session, day))
    told = [
        enqueue(session, recipient(person), MAIL, "digest", person.id, day, 0, {"lines": lines})
        for person in administrators(session, day)
    ]
    return sum(message is not None for message in told)


def _lines(late: Mapping[str, int], latest: Mapping[str, date]) -> list[dict[str, Any]]:
    return [
        {"currency": currency, "last_on": latest[currency].isoformat() if currency in latest else ""} for currency in late
    ]


def still_due(session: Session, _message: OutboxMessage) -> dict[str, Any] | None:
    """Return the currencies whose rate is too old on the day of sending; None when all have arrived."""
    today = clock.today()
    late = late_days(session, today)
    return {"lines": _lines(late, latest_rates(session, today))} if late else None


mail_kind(MAIL, still_due, title=_l("Exchange rates that are due"))
