"""Says what a firm answered in the reader's words and formats: amounts as money, days as days, choices as they were offered.

Answers are kept as they were typed; what cannot be read is shown as it stands.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from babel.numbers import get_currency_precision
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from markupsafe import Markup

from cohort import reference
from cohort.firms.words import FORMS
from cohort.kit.language import day, money, number, share
from cohort.kit.uploads import ACCEPTED
from cohort.rounds.applications.answers import BY_FORM, Given, KeptFile
from cohort.rounds.calls.parts import Question
from cohort.rounds.calls.words import said

_: Callable[..., str] = gettext
HrefOf = Callable[[KeptFile], str]  # where a file handed in is fetched by whoever reads the page

TRAVELS = {"parcel": _l("By parcel"), "digital": _l("Digitally"), "neither": _l("Neither")}
SELLS_ONLINE = {"now": _l("Yes, now"), "soon": _l("Not yet, but wants to"), "no": _l("No")}
YES_NO = {"yes": _l("Yes"), "no": _l("No"), "unknown": _l("the firm does not know")}
LABELS = {
    "company_name": _l("Name of the firm"), "contact_name": _l("Person"), "phone": _l("Telephone"),
    "city": _l("City or town"), "product": _l("What it sells"), "travels": _l("How it reaches the buyer"),
    "sells_online": _l("Sells online"), "founded_on": _l("Sells since"), "exports_count": _l("Exports in 24 months"),
    "annual_sales": _l("Sales of a year"), "employees": _l("People"), "form": _l("How it is owned"),
    "women_ownership_pct": _l("Women’s part of the ownership"), "women_control": _l("Women direct it"),
    "woman_signatory": _l("A woman signs for it"), "independent": _l("Decides on its own"),
    "board_total": _l("Members of the board"), "board_women": _l("Women on the board"),
    "owner_is_woman": _l("The owner is a woman"), "woman_decides_alone": _l("She signs and decides"),
    "data_notice": _l("Notice on data read"),
}
_YES_NO = ("women_control", "woman_signatory", "independent", "owner_is_woman", "woman_decides_alone", "data_notice")
_CHOICES: dict[str, Mapping[str, Any]] = {
    "travels": TRAVELS, "sells_online": SELLS_ONLINE, "form": FORMS, **dict.fromkeys(_YES_NO, YES_NO)}
_AMOUNTS = {"number": "employees", "money": "annual_sales", "percentage": "women_ownership_pct"}  # shown as these are
_MEGABYTE = 1024 * 1024
_COUNTS = ("exports_count", "employees", "board_total", "board_women")


def answer_rows(
    answers: Mapping[str, Any], country: str, asked: Sequence[Question] = (), href_of: HrefOf | None = None,
) -> list[tuple[str, str]]:
    """Return (question, answer) for the questions that concern the firm, in the order of the form; empty: not given.

    The call's own questions stand last.
    """
    given = Given(answers, country)
    own = ("board_women", *BY_FORM.get(given.text("form"), BY_FORM["company"]))
    others = {name for names in BY_FORM.values() for name in names} | {"board_women"}
    names = [name for name in LABELS if name not in others or name in own]
    if not given.number("board_total"):
        names.remove("board_women")
    return [*((_label(name, given), answer_text(name, given)) for name in names), *asked_rows(given, asked, href_of)]


def asked_rows(given: Given, asked: Sequence[Question], href_of: HrefOf | None = None) -> list[tuple[str, str]]:
    """Return (question, answer) for the call's own questions; empty: not given, as typed when it cannot be read.

    A file is told by name, size and SHA-256, as a link when `href_of` says where it is.
    """
    return [(said(each.label), _asked_text(each, given, href_of)) for each in asked]


def file_size(kept: KeptFile) -> str:
    """Return what a file is and its size in words, kept on one line: `PDF · 1.2 MB`; the least is 1 KB."""
    kind = ACCEPTED[kept.media_type].upper()
    if kept.size_bytes < _MEGABYTE:
        return f"{kind}\u00a0·\u00a0{number(max(1, round(kept.size_bytes / 1024)))}\u00a0KB"
    return f"{kind}\u00a0·\u00a0{number(Decimal(kept.size_bytes) / _MEGABYTE, 1)}\u00a0MB"


def file_words(kept: KeptFile, href: str = "", name: str = "") -> Markup:
    """Return a file in words, as a link where there is one; `name` stands in for what the firm called it."""
    title = name or kept.name
    shown = Markup('<a href="%s">%s</a>') % (href, title) if href else Markup("%s") % title
    return Markup('%s <span class="hint">%s</span>') % (shown, file_size(kept))


def _asked_text(asked: Question, given: Given, href_of: HrefOf | None = None) -> str:
    if asked.kind == "file":
        kept = given.file(asked.name)
        if kept is None:
            return ""
        seal = Markup('<br><span class="hint">SHA-256 <code>%s</code></span>') % kept.sha256
        return file_words(kept, href_of(kept) if href_of else "") + seal
    typed = given.text(asked.name)
    if asked.kind == "choice":
        return said(asked.choices[int(typed)]) if typed.isdigit() and int(typed) < len(asked.choices) else typed
    amount = given.number(asked.name) if asked.kind in _AMOUNTS else None
    return typed if amount is None else _amount_text(_AMOUNTS[asked.kind], amount, given.country)


def answer_text(name: str, given: Given) -> str:
    """Return one answer in words; empty when there is none, as typed when it cannot be read."""
    typed = given.text(name)
    if name in _CHOICES:
        return str(_CHOICES[name].get(typed, typed))
    amount = given.number(name) if name in (*_COUNTS, "annual_sales", "women_ownership_pct") else None
    if amount is not None:
        return _amount_text(name, amount, given.country)
    founded = given.day(name) if name == "founded_on" else None
    return day(founded) if founded else typed


def _amount_text(name: str, amount: Decimal, country: str) -> str:
    if name == "annual_sales":
        currency = reference.countries()[country].currency
        return money(round(amount.scaleb(get_currency_precision(currency))), currency)
    if name == "women_ownership_pct":
        return share(amount / 100, 0 if amount == amount.to_integral_value() else 1)
    return number(amount)


def _label(name: str, given: Given) -> str:
    if name == "annual_sales" and given.text("sales_year"):
        return _("Sales of %(year)s", year=given.text("sales_year"))
    return str(LABELS[name])
