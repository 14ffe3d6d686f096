"""Says what an evaluator reads of a file: its answers without who it is, where the protocol is blind; stores nothing.

Ownership is never shown: it counts through the seats, not through the marks. Names typed inside other answers are
covered as well, however they are accented; a file is told without its name, and what stands inside it as it is.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext
from markupsafe import Markup
from sqlalchemy import select
from sqlalchemy.orm import Session

from cohort.firms.models import Firm, FirmPerson
from cohort.firms.words import SECTORS, SIZES, country_name
from cohort.kit.access import unscoped
from cohort.kit.errors import DomainError
from cohort.rounds.applications.answers import Given, KeptFile
from cohort.rounds.applications.freezing import sent_answers
from cohort.rounds.applications.told import LABELS, HrefOf, answer_text, file_words
from cohort.rounds.calls.parts import Question, questions_of, review_terms_of
from cohort.rounds.calls.words import said
from cohort.rounds.models import Application, Round

_: Callable[..., str] = gettext
COVER = "▒▒▒"
BUSINESS = ("product", "travels", "sells_online", "founded_on", "exports_count", "annual_sales", "employees")
LEAST_COVERED = 4  # a shorter name would cover half the words of the language


@dataclass(frozen=True)
class Shown:
    """What stands beside the sheet: neutral facts, who it is (empty when blind), and the answers, as (label, words)."""

    facts: tuple[tuple[str, str], ...]
    who: tuple[tuple[str, str], ...]
    answers: tuple[tuple[str, str], ...]


def shown_to_evaluator(session: Session, round_: Round, file: Application, href_of: HrefOf | None = None) -> Shown:
    """Return what an evaluator may read of a file they declared free of conflict; `href_of`: where what was handed in is."""
    given, is_blind = _sent(session, file), _is_blind(round_)
    names = identity_of(session, file, given)
    answers = [*_usual(given), *((said(each.label), _answer(each, given, href_of)) for each in shown_questions(round_))]
    who: tuple[tuple[str, str], ...] = ()
    if is_blind:
        answers = [(label, words if isinstance(words, Markup) else covered(words, names)) for label, words in answers]
    else:
        who = ((_("Name of the firm"), names[0] if names else ""), (_("Tax number"), file.tax_id),
               (_("Person"), given.text("contact_name")))
    return Shown(_facts(file), who, tuple(answers))


def file_shown(session: Session, round_: Round, file: Application, upload_id: int) -> tuple[str, KeptFile]:
    """Return (question, file handed in) for one that the evaluator may read; raises `not_found` for any other.

    Only what was last sent in is read, and nothing of a question that is hidden from evaluators.
    """
    given = _sent(session, file)
    for each in shown_questions(round_):
        kept = given.file(each.name) if each.kind == "file" else None
        if kept is not None and kept.id == upload_id:
            return each.name, kept
    raise DomainError("not_found")


def shown_questions(round_: Round) -> list[Question]:
    """Return the call's own questions that evaluators read: where the review is blind, a blind one is left out."""
    is_blind = _is_blind(round_)
    return [each for each in questions_of(round_.protocol) if not (is_blind and each.is_blind)]


def _is_blind(round_: Round) -> bool:
    terms = review_terms_of(round_.protocol)
    return terms is None or terms.is_blind


def _sent(session: Session, file: Application) -> Given:
    with unscoped(session):  # a file that `sheets.file_of` gave: whoever reads names elsewhere does not reach it otherwise
        return Given(sent_answers(session, [file.id]).get(file.id, {}), file.country)


def identity_of(session: Session, file: Application, given: Given) -> list[str]:
    """Return every name and number by which the file could be recognised, the firm's own name first."""
    keys = [key for key in (file.firm_id, file.asks_firm_id) if key is not None]
    with unscoped(session):  # the evaluator sees no firm: the names are needed to cover them
        firms = session.execute(select(Firm.trade_name, Firm.legal_name, Firm.web_address).where(Firm.id.in_(keys))).all()
        people = session.scalars(select(FirmPerson.name).where(FirmPerson.firm_id.in_(keys))).all()
    found = [*(name for row in firms for name in (row.trade_name, row.legal_name)), given.text("company_name"),
             *people, given.text("contact_name"), *(row.web_address for row in firms), file.tax_id, given.text("phone")]
    return [name for name in dict.fromkeys(found) if name and name != "—"]


def covered(text: str, names: Iterable[str]) -> str:
    """Return a text with every name covered, whatever its accents, case and blanks.

    >>> covered("Somos TEJIDOS ÑANDÚ, de Puno.", ["Tejidos Ñandu"])
    'Somos ▒▒▒, de Puno.'
    >>> covered("RUT 76.123.456-0", ["761234560"])
    'RUT ▒▒▒'
    """
    text = unicodedata.normalize("NFC", text)
    for name in sorted(names, key=len, reverse=True):
        parts = re.findall(r"\w+", _folded(name))
        if len("".join(parts)) < LEAST_COVERED:
            continue
        if any(sign.isdigit() for sign in name):  # a tax or telephone number may be set off anywhere
            parts = list("".join(parts))
        pattern = r"\b" + r"[\W_]*".join(re.escape(part) for part in parts) + r"\b"
        for found in reversed(list(re.finditer(pattern, _folded(text)))):
            text = text[: found.start()] + COVER + text[found.end():]
    return text


def _folded(text: str) -> str:
    """Return the text sign by sign in lower case without accents, as long as it was."""
    return "".join(unicodedata.normalize("NFD", sign)[0].lower()[:1] or sign for sign in unicodedata.normalize("NFC", text))


def _facts(file: Application) -> tuple[tuple[str, str], ...]:
    facts: Mapping[str, Any] = file.facts or {}
    is_rural = facts.get("is_rural")
    rural = "" if is_rural is None else _("Rural area") if is_rural else _("Not a rural area")
    pairs = (
        (_("Country"), country_name(file.country)), (_("Size"), str(SIZES.get(facts.get("size_class", ""), ""))),
        (_("Sector"), str(SECTORS.get(facts.get("sector", ""), ""))), (_("Region"), str(facts.get("region") or "")),
        (_("Territory"), rural),
    )
    return tuple((label, words) for label, words in pairs if words)


def _usual(given: Given) -> list[tuple[str, str]]:
    """Return the answers of the form that speak of the business, worded as staff read them."""
    sales = _("Sales of %(year)s", year=given.text("sales_year") or "—")
    return [(sales if name == "annual_sales" else str(LABELS[name]), answer_text(name, given)) for name in BUSINESS]


def _answer(question: Question, given: Given, href_of: HrefOf | None) -> str:
    """Return an answer in words; a file as a link that does not say what the firm called it."""
    if question.kind == "file":
        kept = given.file(question.name)
        return file_words(kept, href_of(kept) if href_of else "", _("Open the file")) if kept else ""
    text = given.text(question.name)
    if question.kind == "choice" and text.isdigit() and int(text) < len(question.choices):
        return said(question.choices[int(text)])
    return f"{text} %" if question.kind == "percentage" and text else text
