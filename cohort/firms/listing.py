"""Words the rows of the list of firms once a page instead of once a cell; which firms they are is `queries`' answer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import Any

from flask import url_for
from flask_babel import gettext
from markupsafe import Markup, escape

from cohort.firms import words
from cohort.firms.files.wording import Language
from cohort.firms.models import YES_NO_UNKNOWN
from cohort.firms.queries import FirmLine
from cohort.reference import countries
from cohort.rules.taxid import masked

_HINT = Markup('<span class="hint">{}</span>')
_PLUM = Markup('<span><span class="tag tag--plum">{}</span>{}</span>')


@dataclass(frozen=True)
class _Answer:
    """What a row says of its ownership."""

    women_owned: str
    women_led: str
    ownership_verified: bool


@dataclass(frozen=True)
class _Cells:
    """The finished words of every value that a cell may have, but names and numbers."""

    countries: dict[str, Markup]
    women: dict[tuple[str, str, bool], Markup]
    sizes: dict[str, Markup]
    sectors: dict[str, Markup]


def list_rows(firms: Iterable[FirmLine]) -> list[dict[str, Any]]:
    """Return each firm's cells as finished words, in the reader's language."""
    cells, base = _cells(words.language()), url_for("firms.index")
    country_words, women, sizes, sectors = cells.countries, cells.women, cells.sizes, cells.sectors
    return [
        {
            "name": Markup(f'<a href="{base}{firm.id}">{escape(firm.trade_name or firm.legal_name)}</a>'),
            "country": country_words[firm.country],
            "women": women[firm.women_owned, firm.women_led, firm.ownership_verified],
            "size": sizes[firm.size_class],
            "sector": sectors.get(firm.sector, ""),
            "tax_id": masked(firm.country, firm.tax_id),
        }
        for firm in firms
    ]


@cache
def _cells(language: Language) -> _Cells:
    """Return the words of the reader's language, which `language` names; they are looked up once, not once a page."""
    answers = [_Answer(owned, led, verified) for owned, led, verified in product(YES_NO_UNKNOWN, YES_NO_UNKNOWN, (True, False))]
    return _Cells(
        countries={code: escape(country.names[language]) for code, country in countries().items()},
        women={(each.women_owned, each.women_led, each.ownership_verified): _women_cell(each) for each in answers},
        sizes={code: _HINT.format(label) if code == "unknown" else escape(str(label)) for code, label in words.SIZES.items()},
        sectors={code: escape(str(label)) for code, label in words.SECTORS.items()},
    )


def _women_cell(answer: Any) -> Markup:
    """The plum tag of a women's firm, what is not known, or that it is neither."""
    womens = words.womens_words(answer)
    if womens:
        not_verified = Markup("") if answer.ownership_verified else Markup(" ") + _HINT.format(gettext("not yet verified"))
        return _PLUM.format(womens, not_verified)
    if "unknown" in (answer.women_owned, answer.women_led):
        return _HINT.format(gettext("we do not know"))
    return escape(gettext("neither"))
