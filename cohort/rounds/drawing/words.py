"""Words a published lottery: its merit bands, what the files of a kind share, and their chance."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

from flask_babel import gettext

from cohort.kit.language import number
from cohort.rounds.calls.parts import lottery_terms_of
from cohort.rounds.decisions.words import chance_text, value_name

_: Callable[..., str] = gettext


def bands_text(protocol: Mapping[str, Any]) -> str:
    """Return how a draw decides this call, in a sentence; empty when the best total score decides."""
    terms = lottery_terms_of(protocol)
    if terms is None:
        return ""
    if not terms.bands:
        return _("A draw decides among all eligible files that reach the lowest score; chances are as equal as the rules allow.")
    names = ", ".join(band_text(place, protocol) for place in range(1, len(terms.bands) + 2))
    return _("A draw decides inside merit bands, the best band first: %(bands)s. Chances are as equal as the rules allow.", bands=names)


def band_text(place: int, protocol: Mapping[str, Any]) -> str:
    """Return a merit band from its place, 1 the best: `80 points and more`, `60 to under 80 points`."""
    terms = lottery_terms_of(protocol)
    edges = (*(terms.bands if terms else ()), Decimal(protocol["minimum_score"]))
    if place == 1:
        return _("%(least)s points and more", least=number(edges[0]))
    return _("%(least)s to under %(most)s points", least=number(edges[place - 1]), most=number(edges[place - 2]))


def kind_rows(told: Mapping[str, Any], protocol: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the kinds of a lottery with how many files they hold and each one's chance, the best chance first."""
    rows = sorted(
        (-Fraction(kind["chance"]), band_text(int(who["band"]), protocol), _who(who, protocol), len(kind["ids"]))
        for kind, who in zip(told["lottery"]["kinds"], told["who"], strict=True)
    )
    return [{"chance": chance_text(-below), "band": band, "who": who, "count": count} for below, band, who, count in rows]


def _who(who: Mapping[str, str], protocol: Mapping[str, Any]) -> str:
    return "; ".join(value_name(name, value, protocol) for name, value in who.items() if name != "band" and value)


def least_text(told: Mapping[str, Any]) -> dict[str, str]:
    """Return the least chance of anybody who can be seated, and the bound that no lottery passes."""
    return {name: chance_text(Fraction(told["lottery"][name])) for name in ("least", "bound")}
