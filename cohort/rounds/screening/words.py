"""Words the screening of a call: its terms, what becomes of a file and why, without naming another firm."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from flask_babel import gettext, ngettext
from flask_babel import lazy_gettext as _l

from cohort.firms.words import country_name
from cohort.kit.language import number
from cohort.rounds.calls.parts import screening_terms_of
from cohort.rounds.calls.words import WHO_COUNTS

_: Callable[..., str] = gettext

OUTCOMES = {"sent": _l("Goes on to review"), "failed": _l("Below the pass mark"), "not_among_best": _l("Not among the best")}
TONES = {"sent": "leaf", "failed": "coral", "not_among_best": "neutral"}


def terms_text(protocol: Mapping[str, Any]) -> str:
    """Return how files are screened before reviews, in a sentence; '' for a call that does not screen."""
    terms = screening_terms_of(protocol)
    if terms is None:
        return ""
    told: str = ngettext(
        "A self-test comes first; it takes %(mark)s of 100 points to pass. Of those who pass, for each seat of a country the best file of firms %(who)s and the best one of the others go on to review.",
        "A self-test comes first; it takes %(mark)s of 100 points to pass. Of those who pass, for each seat of a country the best %(count)s files of firms %(who)s and the best %(count)s of the others go on to review.",
        terms.multiple, count=terms.multiple, mark=number(terms.pass_mark), who=WHO_COUNTS[protocol["parity"]["counts"]])
    return told


def group_name(country: str, is_womens: bool, protocol: Mapping[str, Any]) -> str:
    """Return the group in which files are compared: `firms owned or led by women, Peru`."""
    if is_womens:
        return _("firms %(who)s, %(country)s", who=WHO_COUNTS[protocol["parity"]["counts"]], country=country_name(country))
    return _("other firms, %(country)s", country=country_name(country))


def reason_text(code: str, facts: Mapping[str, Any], protocol: Mapping[str, Any]) -> str:
    """Return why the screening left a file out, in a sentence that names no other firm."""
    reached = number(Decimal(facts["points"]))
    if code == "screen_failed":
        return _("the self-test gave %(points)s points; the pass mark is %(mark)s", points=reached, mark=number(Decimal(facts["pass_mark"])))
    told: str = ngettext(
        "place %(place)s in the self-test with %(points)s points (%(group)s); the best one went on to review",
        "place %(place)s in the self-test with %(points)s points (%(group)s); the best %(count)s went on to review",
        facts["sent_count"], place=facts["place"], points=reached, count=facts["sent_count"],
        group=group_name(facts["country"], facts["is_womens"], protocol))
    return told
