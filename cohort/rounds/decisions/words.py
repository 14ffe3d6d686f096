"""Words the rules, their effects and the reason of each outcome; the codes and figures come from `rules`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

from flask_babel import gettext, ngettext
from flask_babel import lazy_gettext as _l

from cohort.firms.words import SECTORS, SIZES, country_name
from cohort.kit.language import formats, number, share
from cohort.rounds.applications.words import check_words
from cohort.rounds.calls.protocol import RUBRIC_NAMES
from cohort.rounds.screening.words import reason_text as screening_reason

_: Callable[..., str] = gettext

OUTCOMES = {
    "selected": _l("Selected"), "waitlist": _l("Waiting"), "not_selected": _l("Not selected"),
    "ineligible": _l("Not eligible"),
}
TONES = {"selected": "leaf", "waitlist": "sun", "not_selected": "neutral", "ineligible": "coral"}
COUNTS = {
    "owned_or_led": _l("Women-owned or led"), "owned": _l("Women-owned"), "led": _l("Women-led"),
    "both": _l("Women-owned and led"),
}
# How a rule about sizes alone names its firms: “small” by itself says nothing to a firm that reads why.
SIZES_ALONE = {"micro": _l("micro firms"), "small": _l("small firms"), "medium": _l("medium firms")}
SHORTFALLS = {
    "reserve": _l("Reserved seats stay empty: too few women-owned or led firms are eligible."),
    "release": _l("Reserved seats are released to other firms, with a reason and a second person."),
    "mirror": _l("As many other firms as women-owned or led ones are taken; the rest of the seats stay empty."),
}


def rule_name(name: str, protocol: Mapping[str, Any]) -> str:
    """Return a rule as people say it: `Peru’s 10 seats`, `women-owned or led in Peru`."""
    kind, _colon, code = name.partition(":")
    if kind == "seats":
        return _("the number of seats")
    if kind == "owner_group":
        return _("one seat for each group of owners")
    for quota in protocol.get("quotas", ()):
        if quota["name"] == name:
            return quota_name(quota, protocol)
    if kind == "country":
        most = protocol["country_limits"][code]["max"]
        return _("the %(count)s seats of %(country)s", count=most, country=country_name(code))
    words = _whose(protocol)
    if not code:
        return words
    return _("%(who)s in %(country)s", who=words, country=country_name(code))


def _whose(protocol: Mapping[str, Any]) -> str:
    """Return what counts for parity as it stands inside a sentence."""
    who = str(COUNTS[protocol["parity"]["counts"]])
    return who[:1].lower() + who[1:]


def quota_name(quota: Mapping[str, Any], protocol: Mapping[str, Any]) -> str:
    """Return whom a quota of the call covers: `rural; micro or small`, `women-owned or led among: Commerce`."""
    covered = _covered(quota["where"], protocol)
    if not quota["of"]:
        return covered
    return _("%(who)s among: %(whom)s", who=covered, whom=_covered(quota["of"], protocol))


def _covered(where: Mapping[str, list[str]], protocol: Mapping[str, Any]) -> str:
    alone: Mapping[str, Any] = SIZES_ALONE if set(where) == {"size_class"} else {}
    return "; ".join(
        _(" or ").join(str(alone.get(value) or value_name(column, value, protocol)) for value in values)
        for column, values in where.items())


def value_name(column: str, value: str, protocol: Mapping[str, Any]) -> str:
    """Return what a value of an attribute that rules name is called: `Peru`, `rural`, `women-owned or led`."""
    if column == "country":
        return country_name(value)
    if column == "womens":
        who = _whose(protocol)
        return who if value == "yes" else _("not %(who)s", who=who) if value == "no" else _("ownership not known")
    if column == "rural":
        return {"yes": _("rural"), "no": _("not rural")}.get(value, _("not known whether rural"))
    known: Mapping[str, Any] = {"size_class": SIZES, "sector": SECTORS}.get(column, {})
    if column == "size_class" and value == "unknown":
        return _("size not known")
    return str(known.get(value, value))


def rule_limit(least: int | None, most: int | None) -> str:
    """Return what a rule asks: `at least 20`, `10`, `at most 12`."""
    if least is not None and least == most:
        return _("exactly %(count)s", count=least)
    if least and most is not None:
        return _("%(least)s to %(most)s", least=least, most=most)
    return _("at most %(count)s", count=most) if most is not None else _("at least %(count)s", count=least or 0)


def reason_text(code: str, facts: Mapping[str, Any], protocol: Mapping[str, Any]) -> str:
    """Return why one file came out as it did, in a sentence that names no other firm."""
    points = facts.get("points")
    if code == "in_by_rule":
        return _("selected through %(rules)s", rules=rules_text(facts, protocol))
    if code in {"below_minimum", "low_mark", "ineligible"}:
        return _not_in_the_pool(code, facts)
    if code.startswith("screen_"):
        return screening_reason(code, facts, protocol)
    if code.endswith("_draw"):
        return _by_draw(code, facts)
    if code == "out_by_lot":
        return _by_lot(protocol)
    return _out(code, points, facts, protocol) if code in {"out_by_score", "out_by_rule"} else ""


def _by_lot(protocol: Mapping[str, Any]) -> str:
    if protocol.get("tie_criteria"):
        return _("same points as the last seat; the criteria for equal points and then the published draw decided")
    return _("same points as the last seat; the published draw decided")


def _by_draw(code: str, facts: Mapping[str, Any]) -> str:
    """Return what the draw made of a file, with its chance as published."""
    if code == "out_of_draw":
        return _("better merit bands and the rules left no seat to draw for it")
    chance = chance_text(Fraction(facts["chance"]))
    if code == "in_by_draw":
        return _("drawn; its published chance was %(chance)s", chance=chance)
    return _("not drawn; its published chance was %(chance)s", chance=chance)


def chance_text(chance: Fraction) -> str:
    """Return a chance as people read it: `9.1 %`."""
    return share(Decimal(chance.numerator) / Decimal(chance.denominator), 1)


def _not_in_the_pool(code: str, facts: Mapping[str, Any]) -> str:
    """Return why a file was not chosen from at all."""
    if code == "below_minimum":
        return _("below the minimum of %(minimum)s points", minimum=number(Decimal(facts["minimum"])))
    if code == "low_mark":
        return _("marked too low in: %(criteria)s", criteria=", ".join(_criterion(each) for each in facts["criteria"]))
    return "; ".join(check_words(each["check"], each["code"], each["params"]) for each in facts["checks"])


def _criterion(told: Mapping[str, Any]) -> str:
    """Return a criterion by its label in the language of the page or mail, else by its ready name."""
    return str(told["label"].get(formats().language) or RUBRIC_NAMES.get(told["name"], told["name"]))


def _out(code: str, points: str | None, facts: Mapping[str, Any], protocol: Mapping[str, Any]) -> str:
    blocked = _("%(rules)s stood before it", rules=rules_text(facts, protocol)) if facts.get("rules") and code == "out_by_rule" else ""
    if points is None:
        return blocked or _("no seat could be exchanged without breaking a rule")
    short = Decimal(points)
    missing: str = ngettext("%(points)s point short of a seat", "%(points)s points short of a seat", int(short) if short == 1 else 2, points=number(short))
    return f"{missing}; {blocked}" if blocked else missing


def rules_text(facts: Mapping[str, Any], protocol: Mapping[str, Any]) -> str:
    """Name the fewest rules: those of the firm's own country, else of a country, else those for all."""
    names = list(facts.get("rules") or [])
    own = [name for name in names if name.endswith(f":{facts.get('country')}")]
    special = own or [name for name in names if ":" in name] or names
    return _(" and ").join(_with_limit(name, protocol) for name in special[:2]) or _("several rules together")


def _with_limit(name: str, protocol: Mapping[str, Any]) -> str:
    """Return a rule by name, a further rule about places with what it asks: `small firms (at least 1)`."""
    for quota in protocol.get("quotas", ()):
        if quota["name"] == name and (quota["min"] is not None or quota["max"] is not None):
            return _("%(rule)s (%(limit)s)", rule=rule_name(name, protocol), limit=rule_limit(quota["min"], quota["max"]))
    return rule_name(name, protocol)


def relaxation_text(change: Mapping[str, Any], protocol: Mapping[str, Any]) -> str:
    """Return one suggested change of a limit in words."""
    facts = {"rule": rule_name(change["name"], protocol), "old": change["from"], "new": change["to"]}
    if change["limit"] == "min":
        return _("%(rule)s: at least %(new)s instead of %(old)s", **facts)
    return _("%(rule)s: at most %(new)s instead of %(old)s", **facts)


def empty_seat() -> str:
    """Return how a reserved seat without a firm is called."""
    return _("a reserved seat that stays empty")


def score_points(text: str) -> str:
    """Return points stored as plain text the reader's way."""
    return number(Decimal(text))
