"""Words the states and rules of a call in the reader's language."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from flask_babel import gettext, ngettext
from flask_babel import lazy_gettext as _l

from cohort.firms.words import country_name
from cohort.kit.language import formats, number, reader_language, share
from cohort.rounds.calls.parts import Criterion, Words, criteria_of
from cohort.rounds.calls.protocol import RUBRIC_NAMES, checks_on, is_by_country
from cohort.rounds.models import Round

_: Callable[..., str] = gettext

STATES = {
    "draft": _l("Draft"), "open": _l("Open"), "closed": _l("Closed"), "decided": _l("Sealed"),
    "published": _l("Published"),
}
STATE_TONES = {"draft": "neutral", "open": "leaf", "closed": "sun", "decided": "sea", "published": "sea"}
STEP_NAMES = (_l("Draft"), _l("Open"), _l("Review"), _l("Selection"), _l("Sealed"), _l("Offers and appeals"))
PROFILES = {
    "IWA34": _l("ISO IWA 34: more than half owned, directed and signed for by women; led: a quarter owned, directed and signed for by women"),
    "IFC": _l("IFC: at least 51 percent owned; or 20 percent owned and directed by women"),
    "WECONNECT": _l("WEConnect: at least 51 percent owned, managed and controlled by women"),
    "CHILECOMPRA": _l("ChileCompra: more than half owned by women, a woman general manager, or mostly women as legal representatives"),
}
WHO_COUNTS = {
    "owned_or_led": _l("owned or led by women"), "owned": _l("owned by women"), "led": _l("led by women"),
    "both": _l("both owned and led by women"),
}
CHECK_RULES = {
    "country": _l("The firm is registered in a country of the call."),
    "size": _l("It is a micro, small or medium firm by the rule of its country."),
    "trading": _l("It has been selling for at least %(least_months)s months."),
    "tax_id": _l("Its tax number is valid."),
    "product": _l("It sells goods that travel by parcel, or digital services."),
    "sells_online": _l("It sells online, or will."),
    "not_recurring": _l("It exported to the other countries at most %(most_exports)s times in the last 24 months."),
    "data_notice": _l("Somebody of the firm has read the notice on data."),
    "owner_group": _l("Firms of the same owners can have one seat."),
    "acts_for_firm": _l("The person who applies acts for the firm."),
}


def said(texts: Words) -> str:
    """Return a text of the protocol in the reader's language, else in the one it has; empty for none."""
    return texts.get(formats().language) or next((text for text in texts.values() if text), "")


def criterion_name(criterion: Criterion) -> str:
    """Return a criterion's label in the reader's language, else its ready name."""
    return said(criterion.label) or str(RUBRIC_NAMES.get(criterion.name, criterion.name))


def title_of(round_: Round) -> str:
    """Return the title in the reader's language."""
    return round_.title_es if reader_language() == "es" else round_.title_en


def seats_text(protocol: Mapping[str, Any]) -> str:
    """Return how the seats are shared out, in a sentence."""
    limits = protocol["country_limits"]
    fixed = [code for code, limit in limits.items() if limit["min"] == limit["max"]]
    if len(limits) > 1 and len(fixed) == len(limits):
        parts = [_("%(country)s %(count)s", country=country_name(code), count=limit["max"]) for code, limit in limits.items()]
        return _("%(seats)s seats: %(parts)s", seats=protocol["seats"], parts=", ".join(parts))
    return str(ngettext("%(num)s seat", "%(num)s seats", protocol["seats"]))


def parity_text(protocol: Mapping[str, Any]) -> str:
    """Return the parity rule in a sentence."""
    parity = protocol["parity"]
    part, who = share(Decimal(parity["share"])), WHO_COUNTS[parity["counts"]]
    if "country" in parity["scope"]:
        return _("At least %(part)s of the chosen firms are %(who)s, in each country and overall.", part=part, who=who)
    return _("At least %(part)s of the chosen firms are %(who)s.", part=part, who=who)


def adoption_text(protocol: Mapping[str, Any]) -> str:
    """Return who adopts the list where each country does so for itself, in a sentence; empty elsewhere."""
    if not is_by_country(protocol):
        return ""
    return _("There is one list; each country adopts it for itself, by an administrative act of its own.")


def checks_text(protocol: Mapping[str, Any]) -> list[str]:
    """Return what a firm needs to take part, one sentence a check."""
    return [str(CHECK_RULES[row["check"]]) % row for row in checks_on(protocol)]


def rubric_rows(protocol: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the criteria with their weights, for a table."""
    return [{"criterion": criterion_name(each), "weight": f"{each.weight} %"} for each in criteria_of(protocol)]


def minimum_text(protocol: Mapping[str, Any]) -> str:
    """Return the lowest score that can be selected."""
    return _("%(points)s of 100 points", points=number(Decimal(protocol["minimum_score"])))
