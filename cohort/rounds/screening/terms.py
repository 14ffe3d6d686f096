"""Decides whether a call's screening stage can work before the call opens, and spells it as the protocol holds it.

What the stage makes of files is decided in `rules.screening`.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from flask_babel import lazy_gettext as _l

from cohort.kit.errors import DomainError, wording
from cohort.rounds.calls.parts import ScreeningTerms, questions_of, screening_terms_of

wording("screening_range", _l("For the screening before reviews give a whole number of files a seat from 1 to 20, and a pass mark from 0 to 100."))
wording("screening_no_test", _l("This call screens its files before reviews, but no question of the self-test has to be answered. Mark one, a percentage or a choice, as part of the self-test and as needed."))

MOST_MULTIPLE = 20


def screening_json(terms: ScreeningTerms | None) -> dict[str, Any] | None:
    """Return the stage as a protocol holds it, None without one; raises `screening_range` for numbers out of reach.

    A pass mark has at most four decimals, as every score.
    """
    if terms is None:
        return None
    mark = terms.pass_mark
    if not 1 <= terms.multiple <= MOST_MULTIPLE or not mark.is_finite() or not 0 <= mark <= 100 or mark != round(mark, 4):
        raise DomainError("screening_range")
    return {"multiple": terms.multiple, "pass_mark": format((mark + 0).normalize() if mark else Decimal(0), "f")}


def require_screenable(protocol: Mapping[str, Any]) -> None:
    """Return when the call has no screening, or a self-test that has to be answered; raises `screening_no_test`."""
    if screening_terms_of(protocol) is None:
        return
    if not any(each.is_self_test and each.is_needed for each in questions_of(protocol)):
        raise DomainError("screening_no_test")
