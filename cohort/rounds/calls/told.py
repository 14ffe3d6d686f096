"""Tells what a call's protocol says beyond seats and parity: who scores, further rules, questions, days; decides nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

from flask_babel import gettext, ngettext

from cohort.firms.words import country_name
from cohort.kit.language import share
from cohort.rounds.calls.parts import review_terms_of
from cohort.rounds.decisions.tie_criteria import TIE_CRITERIA
from cohort.rounds.decisions.words import quota_name, rule_limit
from cohort.rounds.drawing.words import bands_text
from cohort.rounds.reviews.words import terms_text
from cohort.rounds.screening import words as screening_words

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


def choosing_text(protocol: Mapping[str, Any]) -> str:
    """Return how the list is chosen from the scored files: the best total, or a draw inside merit bands."""
    return bands_text(protocol) or _("The list has the highest total score that any list under these rules can have; equal lists are settled by the draw of the published seed.")


def screening_text(protocol: Mapping[str, Any]) -> str:
    """Return how files are screened before reviews, in a sentence; '' for a call that does not screen."""
    return screening_words.terms_text(protocol)


def quota_rows(protocol: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return the further rules by name, each in a sentence: `Rural area; micro: at least 3 places`."""
    return [{"name": row["name"], "text": _quota_text(row, protocol)} for row in protocol.get("quotas", ())]


def _quota_text(row: Mapping[str, Any], protocol: Mapping[str, Any]) -> str:
    whom = quota_name(row, protocol)
    least, most = row["min"], row["max"]
    if least is not None or most is not None:
        limit = ngettext("%(limit)s place", "%(limit)s places", most if most is not None else least, limit=rule_limit(least, most))
    else:
        limit = _share_limit(*(None if row[key] is None else Fraction(row[key]) for key in ("min_share", "max_share")))
    return _("%(whom)s: %(limit)s", whom=whom[:1].upper() + whom[1:], limit=limit)


def _share_limit(least: Fraction | None, most: Fraction | None) -> str:
    """Return a limit in percent: `at least 40 %`, `20 % to 30 %`."""
    low, high = (None if each is None else _percent(each) for each in (least, most))
    if low is not None and high is not None:
        return _("%(least)s to %(most)s", least=low, most=high)
    return _("at most %(count)s", count=high) if high is not None else _("at least %(count)s", count=low)


def _percent(part: Fraction) -> str:
    percent = Decimal(part.numerator) / Decimal(part.denominator) * 100
    return share(percent / 100, 0 if percent == percent.to_integral_value() else 1)


def tie_text(protocol: Mapping[str, Any]) -> str:
    """Return what settles equal points before the draw, in order; empty where the draw alone does."""
    named = [str(TIE_CRITERIA[each]) for each in protocol.get("tie_criteria", ())]
    told = "; ".join(each[:1].lower() + each[1:] for each in named)
    return _("Before the draw equal points are settled in this order: %(criteria)s. The public record shows where each "
             "code stands in it.", criteria=told) if told else ""


def days_text(protocol: Mapping[str, Any]) -> str:
    """Return how long an offer stands, and how long a firm has to appeal, country by country, in working days."""
    appeals = ", ".join(
        _("%(country)s %(count)s", country=country_name(code), count=days) for code, days in protocol["appeal_days"].items())
    return _("Working days to accept a seat: %(offer)s. To appeal: %(appeals)s. We answer within %(answer)s.",
             offer=protocol["offer_days"], appeals=appeals, answer=protocol["appeal_answer_days"])
