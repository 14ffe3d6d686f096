"""Tells what a call's protocol says beyond seats and parity: who scores, further rules, questions, days; decides nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask_babel import gettext

from cohort.rounds.calls.parts import review_terms_of
from cohort.rounds.reviews.words import terms_text

_: Callable[..., str] = gettext


def scoring_text(protocol: Mapping[str, Any]) -> str:
    """Return who scores and how, in a sentence."""
    terms = review_terms_of(protocol)
    if terms is None:
        return _("The committee brings the scores in.")
    told = terms_text(terms)
    if terms.least_mark:
        told = _("%(terms)s · no mark below %(least)s in any criterion", terms=told, least=terms.least_mark)
    return told[:1].upper() + told[1:]
