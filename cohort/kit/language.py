"""Chooses language and region for the reader and writes days, money and numbers their way.

Language (es or en) and region (the country of the person's firm or office) are two settings: texts load `es`
or `en`, formats use `es_<region>`, or `en` for English.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from gettext import NullTranslations
from typing import Any, cast
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_datetime, get_timezone_location
from babel.numbers import format_decimal, get_currency_precision, get_decimal_symbol, get_group_symbol
from babel.support import Translations
from flask import Flask, g, request, session
from flask_babel import Babel, force_locale
from flask_babel import get_locale as _babel_locale

LANGUAGES = {"es": "Español", "en": "English"}
REGIONS = ("CL", "CO", "CR", "MX", "PE")
ZONES = {
    "CL": "America/Santiago", "CO": "America/Bogota", "CR": "America/Costa_Rica",
    "MX": "America/Mexico_City", "PE": "America/Lima",
}

babel = Babel()


def reader_language() -> str:
    """Return `es` or `en`: the person's own, else what this browser chose here, else what it asks for, else Spanish."""
    chosen = g.get("language") or session.get("language")
    if chosen in LANGUAGES:
        return str(chosen)
    for tag, _quality in request.accept_languages:
        if tag[:2].lower() in LANGUAGES:
            return tag[:2].lower()
    return "es"


def reader_region() -> str:
    """Return the country whose formats the reader expects; the plan lead's where nothing is known."""
    region = g.get("region") or "CL"
    return region if region in REGIONS else "CL"


def _language() -> str:
    locale = _babel_locale()
    return locale.language if locale else "es"


def formats() -> Locale:
    """Return the locale by which numbers and days are written: `es_<region>`, or `en`."""
    return Locale.parse(f"es_{reader_region()}") if _language() == "es" else Locale.parse("en")


def number(value: Decimal | float | int, places: int | None = None) -> str:
    """Return a number the reader's way; `places` fixes the decimals."""
    pattern = None if places is None else "#,##0" + ("." + "0" * places if places else "")
    return format_decimal(value, format=pattern, locale=formats())


def money(minor: int, currency: str) -> str:
    """Return an amount of integer minor units: `US$ 508,40` for dollars, the ISO code for all others.

    "$" means four currencies here, so it never stands alone. Pesos of Chile have no minor unit.
    """
    precision = get_currency_precision(currency)
    amount = Decimal(minor).scaleb(-precision)
    return f"{'US$' if currency == 'USD' else currency} {number(amount, precision)}"


def share(value: Decimal | float, places: int = 0) -> str:
    """Return a share of 0–1 as a percentage with the sign set off by a thin space: `50 %`."""
    return number(Decimal(str(value)) * 100, places) + " %"


def day(value: date, form: str = "long") -> str:
    """Return a day in words (`long`), short (`short`: 24/11/2026) or without its year (`month`: 26 nov)."""
    if form == "month":
        return format_date(value, "d MMM", locale=formats()).rstrip(".")
    if form == "short":
        return format_date(value, "dd/MM/yyyy" if _language() == "es" else "d MMM yyyy", locale=formats())
    return format_date(value, "long", locale=formats())


def instant(value: datetime) -> str:
    """Return an instant as day and time in the reader's zone."""
    local = value.astimezone(ZoneInfo(ZONES[reader_region()]))
    pattern = "d 'de' MMM yyyy, HH:mm" if _language() == "es" else "d MMM yyyy, HH:mm"
    return format_datetime(local, pattern, locale=formats())


def clock_time(value: datetime) -> str:
    """Return the time of day of an instant in the reader's zone: `09:00`."""
    return f"{value.astimezone(ZoneInfo(ZONES[reader_region()])):%H:%M}"


def zone_city() -> str:
    """Return the city whose time the reader's instants are in, in the reader's language."""
    return str(get_timezone_location(ZONES[reader_region()], locale=formats(), return_city=True))


def is_ambiguous_number(text: str) -> bool:
    """Return whether `text` could mean a thousand or a fraction (`1.234`), so that it must be read back."""
    return re.fullmatch(r"\d{1,3}[.,]\d{3}", text.strip()) is not None


def typed_number(text: str) -> Decimal:
    """Return the number that a person of this region typed; raises `ValueError` when it is none.

    The region decides, whatever the language: `1.234,5` in Chile, Colombia and Costa Rica, `1,234.5` in Mexico
    and Peru. One mark before one or two digits is a decimal mark everywhere, because thousands come in threes:
    `508.40` is no fifty thousand in Chile either.
    """
    if re.fullmatch(r"\s*[0-9]+[.,][0-9]{1,2}\s*", text):
        return Decimal(text.strip().replace(",", "."))
    locale = Locale.parse(f"es_{reader_region()}")
    group, point = get_group_symbol(locale), get_decimal_symbol(locale)
    bare = re.sub(r"[\s\u00a0\u202f]", "", text)
    for symbol in {group, "."} - {point} if reader_region() in {"CL", "CO", "CR"} else {group} - {point}:
        bare = bare.replace(symbol, "")
    try:
        return Decimal(bare.replace(point, "."))
    except InvalidOperation as error:
        raise ValueError(text) from error


@dataclass(frozen=True)
class _Catalogues:
    """The catalogues of all languages, read once: a page says a hundred phrases, each of which asks for them."""

    by_language: dict[str, NullTranslations]

    def say(self, words: str) -> str:
        """Return the words in the present language."""
        return self.by_language[_language()].gettext(words)

    def say_counted(self, one: str, many: str, count: int) -> str:
        """Return the words for a number in the present language."""
        return self.by_language[_language()].ngettext(one, many, count)


def init_app(app: Flask, translations: str) -> None:
    """Choose the language of each request and give templates the format filters and the words."""
    app.config.update(BABEL_DEFAULT_LOCALE="es", BABEL_TRANSLATION_DIRECTORIES=translations)
    babel.init_app(app, locale_selector=reader_language, timezone_selector=lambda: ZONES[reader_region()])
    filters: dict[str, Callable[..., str]] = {
        "day": day, "instant": instant, "number": number, "money": money, "share": share,
    }
    app.jinja_env.filters.update(filters)
    words = _Catalogues({code: Translations.load(translations, [code]) for code in LANGUAGES})
    app.jinja_env.globals["zone_city"] = zone_city
    cast(Any, app.jinja_env).install_gettext_callables(words.say, words.say_counted, newstyle=True)
    app.jinja_env.globals["LANGUAGES"] = LANGUAGES


__all__ = ["force_locale"]
