"""Holds that administrators are told when a currency's rates grow too old, then weekly, and not once they have arrived."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from cohort.exports.models import ExchangeRate
from cohort.exports.rates import due
from cohort.exports.rates.service import rate_on
from cohort.kit import clock
from cohort.kit.database import db, transaction
from cohort.kit.jobs import run_job
from cohort.kit.mail import write
from cohort.kit.outbox import MAIL_KINDS, OutboxMessage
from tests.jobs.plan import live_in

CURRENCIES = ("CLP", "COP", "MXN", "PEN")
FIRST = date(2026, 11, 2)


def lived_in(app: Flask) -> None:
    """Two plans whose administrators hold their role since August."""
    with clock.at(datetime(2026, 8, 15, 12, tzinfo=UTC)):
        live_in(app)


def bring(app: Flask, on: date, *currencies: str, known_on: date | None = None) -> None:
    with app.app_context(), transaction() as session:
        session.add_all(
            ExchangeRate(currency=currency, on=on, per_usd="900", source="central bank",
                         recorded_at=datetime.combine(known_on or on, time(12), UTC))
            for currency in currencies
        )


def told(app: Flask, day: date, again: bool = False) -> int:
    with app.app_context(), clock.at(datetime.combine(day, time(11, 30), UTC)):
        return run_job("rates_due", day, again=again).counts["told"]


def mails(app: Flask) -> list[tuple[str, str, list[tuple[str, str]]]]:
    with app.app_context():
        rows = db.session.scalars(select(OutboxMessage).where(OutboxMessage.kind == "rates_due").order_by(OutboxMessage.id))
        return [(row.address, str(row.due_on), [(line["currency"], line["last_on"]) for line in row.params["lines"]]) for row in rows]


@pytest.fixture
def lived(any_site: Flask) -> Flask:
    lived_in(any_site)
    return any_site


def test_each_administrator_is_told_on_the_eighth_day_and_each_week(lived: Flask) -> None:
    bring(lived, FIRST, *CURRENCIES)
    days = [FIRST + timedelta(days=count) for count in range(23)]
    assert {str(day): count for day in days if (count := told(lived, day))} == {"2026-11-10": 2, "2026-11-17": 2, "2026-11-24": 2}
    lines = [(currency, "2026-11-02") for currency in CURRENCIES]
    assert mails(lived)[:2] == [(f"admin@{plan}.test", "2026-11-10", lines) for plan in ("older", "younger")]
    assert told(lived, days[8], again=True) == 0


def test_the_day_is_the_first_on_which_no_export_could_be_converted(sqlite_site: Flask) -> None:
    lived_in(sqlite_site)
    bring(sqlite_site, FIRST, *CURRENCIES)
    with sqlite_site.app_context():
        for back in range(20):
            day = FIRST + timedelta(days=back)
            lacking = {currency for currency in CURRENCIES if rate_on(db.session(), currency, day) is None}
            assert set(due.late_days(db.session(), day)) == lacking


def test_a_currency_without_any_rate_is_asked_for_from_the_plans_first_day(sqlite_site: Flask) -> None:
    lived_in(sqlite_site)
    bring(sqlite_site, date(2026, 9, 1), "COP", "MXN", "PEN")
    days = (date(2026, 8, 31), date(2026, 9, 1), date(2026, 9, 2), date(2026, 9, 8))
    assert [told(sqlite_site, day) for day in days] == [0, 2, 0, 2]
    assert [lines for _to, _on, lines in mails(sqlite_site)] == [[("CLP", "")]] * 4


def test_a_mail_that_waited_names_what_is_still_too_old(sqlite_site: Flask) -> None:
    lived_in(sqlite_site)
    bring(sqlite_site, FIRST, *CURRENCIES)
    told(sqlite_site, date(2026, 11, 10))
    still_true = MAIL_KINDS["rates_due"].still_true
    assert still_true is not None
    bring(sqlite_site, date(2026, 11, 9), "CLP", "PEN", known_on=date(2026, 11, 10))
    with sqlite_site.app_context(), clock.at(datetime(2026, 11, 10, 13, tzinfo=UTC)):
        message = db.session.scalars(select(OutboxMessage).where(OutboxMessage.kind == "rates_due")).first()
        assert message is not None
        message_id = message.id
        facts = still_true(db.session(), message)
        assert facts == {"lines": [{"currency": currency, "last_on": "2026-11-02"} for currency in ("COP", "MXN")]}
        message.language = "en"
        written = write(sqlite_site, message, facts)
        assert written.subject == "Exchange rates are due: COP, MXN"
        assert "- COP: newest rate of November 2, 2026\n" in written.text
        db.session.rollback()
    bring(sqlite_site, date(2026, 11, 10), "COP", "MXN")
    with sqlite_site.app_context(), clock.at(datetime(2026, 11, 10, 14, tzinfo=UTC)):
        assert still_true(db.session(), db.session.get_one(OutboxMessage, message_id)) is None


def test_a_replay_knows_only_what_was_known_then(sqlite_site: Flask) -> None:
    lived_in(sqlite_site)
    bring(sqlite_site, FIRST, *CURRENCIES)
    bring(sqlite_site, date(2026, 11, 9), *CURRENCIES, known_on=date(2026, 11, 12))
    assert told(sqlite_site, date(2026, 11, 10)) == 2
    assert told(sqlite_site, date(2026, 11, 17)) == 2  # eight days after the ninth
    assert told(sqlite_site, date(2026, 11, 24)) == 2
