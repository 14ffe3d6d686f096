"""Holds the questions of the application form and reads what was typed; what the answers mean is judged elsewhere.

Answers are kept as typed, so that a draft is never lost; a number or a day is read only when it is asked for.
The answer to a question for a file names the stored file; it is written by `files` alone, never as typed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from typing import Any, cast

from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from cohort.kit.language import typed_number
from cohort.kit.mail import read_by
from cohort.rounds.calls.parts import Question
from cohort.rounds.calls.words import said
from cohort.rules.parity import FirmForm, OwnershipFacts
from cohort.rules.size import SizeFacts

# Question → words in the list of what is missing. The first group is needed to send; the rest may come later.
NEEDED = {
    "company_name": _l("name of the firm"), "contact_name": _l("your name"), "product": _l("what you sell"),
    "travels": _l("how it travels"), "sells_online": _l("whether you sell online"),
    "form": _l("how the firm is owned"), "data_notice": _l("the notice on your data, read"),
}
WISHED = {
    "phone": _l("a telephone number"), "founded_on": _l("since when you sell"),
    "exports_count": _l("your exports of the last 24 months"), "sales_year": _l("the year of the sales"),
    "annual_sales": _l("the sales of that year"), "employees": _l("how many people work in the firm"),
}
BY_FORM = {
    "company": {
        "women_ownership_pct": _l("women's part of the ownership"), "women_control": _l("who directs the firm"),
        "woman_signatory": _l("who signs"), "independent": _l("whether the firm decides on its own"),
        "board_total": _l("the board"),
    },
    "sole_trader": {"owner_is_woman": _l("who the owner is")},
    "couple": {"woman_decides_alone": _l("who signs and decides")},
}
CONSENTS = ("cross_border_sharing", "public_display", "whatsapp_contact", "email_news")
# What a firm reads with its answers open while it writes on; kept, but never counted as missing.
OTHER = ("city", "board_women", *CONSENTS)
QUESTIONS = (*NEEDED, *WISHED, *(name for names in BY_FORM.values() for name in names), *OTHER)
LONGEST = {"long": 4000}  # signs by kind of a call's question; 400 for any other answer
NUMBERS = ("annual_sales", "employees", "exports_count", "women_ownership_pct", "board_total", "board_women")


@dataclass(frozen=True)
class KeptFile:
    """What an answer says of the file handed in: which upload, what the firm called it, what it is, its SHA-256."""

    id: int
    name: str
    media_type: str
    size_bytes: int
    sha256: str

    def as_text(self) -> str:
        """Return the answer to be kept: it names the content by its hash, so the receipt's hash covers it."""
        return json.dumps(asdict(self), ensure_ascii=False, sort_keys=True)


@dataclass(frozen=True)
class Given:
    """Answers as typed in one country's way of writing; unreadable numbers and days read as not known."""

    answers: Mapping[str, Any]
    country: str

    def text(self, name: str) -> str:
        """Return the words, without blanks around them."""
        return str(self.answers.get(name) or "").strip()

    def is_ticked(self, name: str) -> bool:
        """Return whether a box is ticked."""
        return self.text(name) == "yes"

    def yes_no(self, name: str) -> bool | None:
        """Return yes, no, or None for “I do not know” and for no answer."""
        return {"yes": True, "no": False}.get(self.text(name))

    def file(self, name: str) -> KeptFile | None:
        """Return the file handed in, or None when there is none."""
        return KeptFile(**json.loads(self.text(name))) if self.text(name) else None

    def number(self, name: str) -> Decimal | None:
        """Return a number written the country's way, or None when there is none."""
        try:
            with read_by("es", self.country):
                found = typed_number(self.text(name)) if self.text(name) else None
        except ValueError:
            return None
        return found if found is not None and found.is_finite() and 0 <= found < Decimal(10) ** 15 else None

    def whole(self, name: str) -> int | None:
        """Return a whole number, or None."""
        found = self.number(name)
        return int(found) if found is not None and found == found.to_integral_value() else None

    def day(self, name: str) -> date | None:
        """Return a day, or None."""
        try:
            return date.fromisoformat(self.text(name)) if self.text(name) else None
        except ValueError:
            return None


def clean(typed: Mapping[str, Any], asked: Sequence[Question] = ()) -> dict[str, str]:
    """Return those answers that are questions of the form or of the call, as text cut to length; a ticked box is yes.

    A file is no text: what was typed in its place is left out.
    """
    own = {each.name: LONGEST.get(each.kind, 400) for each in asked if each.kind != "file"}
    longest = {**dict.fromkeys(QUESTIONS, 400), **own}
    return {
        name: "yes" if value is True else str(value or "").strip()[:longest[name]]
        for name, value in typed.items() if name in longest
    }


def unread(given: Given, asked: Sequence[Question] = ()) -> list[str]:
    """Return the questions answered with something that cannot be read as the number, day or choice it should be."""
    wrong = [name for name in NUMBERS if given.text(name) and given.number(name) is None]
    whole = [name for name in ("employees", "exports_count", "board_total", "board_women")
             if given.number(name) is not None and given.whole(name) is None]
    days = [name for name in ("founded_on",) if given.text(name) and given.day(name) is None]
    return [*wrong, *whole, *days, *(each.name for each in asked if given.text(each.name) and not _reads(each, given))]


def _reads(asked: Question, given: Given) -> bool:
    if asked.kind in {"short", "long", "file"}:
        return True
    if asked.kind == "choice":
        return given.text(asked.name) in {str(place) for place in range(len(asked.choices))}
    amount = given.number(asked.name)
    return amount is not None and (asked.kind != "percentage" or amount <= 100)


def missing(given: Given, asked: Sequence[Question] = ()) -> tuple[list[object], list[object]]:
    """Return what is missing, in words: what is needed to send, and what may come later."""
    wished = {**WISHED, **BY_FORM.get(given.text("form"), {})}
    own = {is_needed: [LazyString(said, each.label) for each in asked if each.is_needed is is_needed and not given.text(each.name)]
           for is_needed in (True, False)}
    return (
        [*(words for name, words in NEEDED.items() if not given.text(name)), *own[True]],
        [*(words for name, words in wished.items() if not given.text(name)), *own[False]],
    )


def complete_share(given: Given, asked: Sequence[Question] = ()) -> Decimal:
    """Return the answered share of the questions that concern this firm, the call's own among them, 0 to 1."""
    names = [*NEEDED, *WISHED, *BY_FORM.get(given.text("form"), BY_FORM["company"]), *(each.name for each in asked)]
    answered = sum(1 for name in names if given.text(name))
    return Decimal(answered) / len(names)


def ownership_of(given: Given) -> OwnershipFacts:
    """Return the ownership facts that the answers declare; what was left open is not known."""
    form = cast(FirmForm, given.text("form") or "company")
    if form == "sole_trader":
        return OwnershipFacts(form=form, owner_is_woman=given.yes_no("owner_is_woman"))
    if form == "couple":
        return OwnershipFacts(form=form, woman_decides_alone=given.yes_no("woman_decides_alone"))
    return OwnershipFacts(
        given.number("women_ownership_pct"), given.yes_no("women_control"), given.yes_no("woman_signatory"),
        given.yes_no("independent"), board_total=given.whole("board_total"), board_women=given.whole("board_women"),
    )


def size_of(given: Given) -> SizeFacts | None:
    """Return the size facts that the answers declare, or None when there are none."""
    sales, employees, year = given.number("annual_sales"), given.number("employees"), given.whole("sales_year")
    if sales is None and employees is None:
        return None
    return SizeFacts(annual_sales=sales, employees=employees, sales_year=year)
