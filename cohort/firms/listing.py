"""Words the rows of the list of firms once a page instead of once a cell; which firms they are is `queries`' answer."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask import url_for
from flask_babel import gettext
from markupsafe import Markup, escape

from cohort.firms import words
from cohort.reference import countries
from cohort.rules.taxid import masked

_HINT = Markup('<span class="hint">{}</span>')
_PLUM = Markup('<span><span class="tag tag--plum">{}</span>{}</span>')


def list_rows(firms: Iterable[Any]) -> list[dict[str, Any]]:
    """Return each firm's cells as finished words, in the reader's language."""
    language = words.language()
    names = {code: country.names[language] for code, country in countries().items()}
    sizes: dict[str, Any] = {code: str(label) for code, label in words.SIZES.items()}
    sizes["unknown"] = _HINT.format(sizes["unknown"])
    sectors = {code: str(label) for code, label in words.SECTORS.items()}
    women: dict[tuple[str, str, bool], Any] = {}
    base = url_for("firms.index")
    rows = []
    for firm in firms:
        answer = (firm.women_owned, firm.women_led, firm.ownership_verified)
        if answer not in women:
            women[answer] = _women_cell(firm)
        rows.append({
            "name": Markup(f'<a href="{base}{firm.id}">{escape(firm.trade_name or firm.legal_name)}</a>'), "country": names[firm.country],
            "women": women[answer], "size": sizes[firm.size_class], "sector": sectors.get(firm.sector, ""),
            "tax_id": masked(firm.country, firm.tax_id),
        })
    return rows


def _women_cell(firm: Any) -> Any:
    """The plum tag of a women's firm, what is not known, or that it is neither."""
    womens = words.womens_words(firm)
    if womens:
        not_verified = Markup("") if firm.ownership_verified else Markup(" ") + _HINT.format(gettext("not yet verified"))
        return _PLUM.format(womens, not_verified)
    if "unknown" in (firm.women_owned, firm.women_led):
        return _HINT.format(gettext("we do not know"))
    return gettext("neither")
