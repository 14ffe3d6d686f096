"""Names certificates and reads their frozen content in the reader's language."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask_babel import get_locale, gettext
from flask_babel import lazy_gettext as _l

from cohort.firms.words import country_name
from cohort.kit.language import day

KIND_NAMES = {"training": _l("Certificate of training"), "completion": _l("Certificate of completion")}
EARNED_TITLES = {"training": _l("Earned the certificate of training"), "completion": _l("Earned the certificate of completion")}


def in_language(texts: dict[str, str]) -> str:
    """Return the text of the language that is being written, which on paper is the firm's and not the reader's."""
    locale = get_locale()
    return texts["en" if locale is not None and locale.language == "en" else "es"]


def issued_on(content: dict[str, Any]) -> date:
    """Return the day on which a certificate was issued."""
    return date.fromisoformat(content["issued_on"])


def joined_on(content: dict[str, Any]) -> date:
    """Return since when the firm was in the plan."""
    return date.fromisoformat(content["joined_on"])


def facts_of(content: dict[str, Any]) -> list[tuple[str, str]]:
    """Return what a certificate certifies, as (name, words), in the language that is being written."""
    legal = [(gettext("Legal name"), content["legal_name"])] if content["legal_name"] != content["firm"] else []
    return [
        (gettext("Firm"), content["firm"]), *legal, (gettext("Country"), country_name(content["country"])),
        (gettext("What for"), in_language(content["what"])), (gettext("Plan"), in_language(content["plan"])),
        (gettext("In the plan since"), day(joined_on(content))),
        (gettext("Issued on"), day(issued_on(content))), (gettext("Issued by"), content["issuer"]),
    ]
