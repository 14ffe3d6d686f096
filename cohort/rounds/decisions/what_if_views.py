"""Shows up to three what-ifs beside the sealed rules; the address holds them all, so that a page can be sent on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from flask import render_template, request, url_for
from flask_babel import gettext, ngettext
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from sqlalchemy import select
from sqlalchemy.orm import Session
from wtforms import BooleanField, IntegerField
from wtforms.validators import InputRequired, NumberRange

from cohort.firms.models import Firm
from cohort.kit.access import current_actor, gate
from cohort.kit.errors import DomainError, sentence
from cohort.kit.language import number, share
from cohort.rounds.calls import words as call_words
from cohort.rounds.calls.forms import PointsField
from cohort.rounds.calls.views import round_here
from cohort.rounds.decisions import what_if, words
from cohort.rounds.decisions.solving import POINTS
from cohort.rounds.decisions.what_if import MOST_SCENARIOS, Outcome, Scenario
from cohort.rounds.models import Application, Round
from cohort.rounds.site import Page, back_with, session_now, staff

_: Callable[..., str] = gettext
LETTERS = "ABC"
assert len(LETTERS) == MOST_SCENARIOS


class ScenarioForm(FlaskForm):
    """One what-if: the four figures that a committee asks about."""

    seats = IntegerField(_l("Seats"), [InputRequired(_l("Give a whole number.")), NumberRange(1, 10_000, _l("A whole number from 1 to 10,000."))])
    share = IntegerField(_l("Women-owned or led, percent"), [InputRequired(_l("Give a whole number.")), NumberRange(0, 100, _l("A whole number from 0 to 100."))])
    minimum = PointsField(_l("Lowest score"), [InputRequired(_l("Give a number.")), NumberRange(0, 100, _l("A number from 0 to 100."))])
    has_country_seats = BooleanField(_l("Equal seats for each country"))

    def scenario(self) -> Scenario:
        """Return what was typed, for the service."""
        return Scenario(
            self.seats.data, Decimal(self.share.data) / 100, self.minimum.data or Decimal(0), self.has_country_seats.data)


@staff.get("/<int:round_id>/what-if")
@gate("round.decide")
def what_if_page(round_id: int) -> Page:
    """Show the scenarios that the address names, or three that a committee usually asks about."""
    session, round_ = session_now(), round_here(round_id)
    sealed = what_if.sealed_scenario(round_)
    forms = _forms(sealed, round_)
    fault, outcomes = "", []
    answered = [form.validate() for form in forms] if request.args else []  # each, so that each says its fault
    if all(answered):
        try:
            outcomes = what_if.compare(session, current_actor(), round_, [form.scenario() for form in forms])
        except DomainError as refusal:
            if refusal.code not in {"round_seats", "decision_empty"}:
                return back_with(refusal, url_for("rounds.decide", round_id=round_id))
            fault = sentence(refusal)
    return render_template(
        "rounds/what_if.html", round=round_, forms=list(zip(LETTERS, forms, strict=True)), fault=fault,
        columns=_columns(outcomes), rows=_rows(outcomes, round_.protocol), changes=_changes(outcomes),
        call_words=call_words, sealed_share=float(sealed.share), points=_points(session, round_) if outcomes else [],
    )


def _points(session: Session, round_: Round) -> list[dict[str, Any]]:
    """Return what can be kept: each share with its best total and how many women's firms that cohort has."""
    return [
        {"share": float(each.share), "total": each.total / POINTS, "count": each.count}
        for each in what_if.price_of_share(session, round_) if each.total is not None
    ]


def _forms(sealed: Scenario, round_: Round) -> list[ScenarioForm]:
    """Read the forms of the address; without any, offer no floor, more women and no seats by country."""
    usual = (
        Scenario(sealed.seats, Decimal(0), sealed.minimum, sealed.has_country_seats),
        Scenario(sealed.seats, min(sealed.share + Decimal("0.1"), Decimal(1)), sealed.minimum, sealed.has_country_seats),
        Scenario(sealed.seats, sealed.share, sealed.minimum, has_country_seats=False),
    )
    made = []
    for letter, scenario in zip(LETTERS, usual, strict=True):
        prefix = f"{letter.lower()}-"
        made.append(ScenarioForm(request.args or None, prefix=prefix, meta={"csrf": False}, data={
            "seats": scenario.seats, "share": int(scenario.share * 100), "minimum": scenario.minimum,
            "has_country_seats": scenario.has_country_seats,
        }))
    return made


def _columns(outcomes: Sequence[Outcome]) -> list[dict[str, Any]]:
    if not outcomes:
        return []
    names = [_("Sealed rules"), *(_("What if %(letter)s", letter=letter) for letter in LETTERS)]
    return [{"key": "figure", "label": _("Figure")}, *(
        {"key": str(place), "label": name, "kind": "number"} for place, name in enumerate(names))]


def _rows(outcomes: Sequence[Outcome], protocol: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return one row a figure, one cell a scenario."""
    said: list[tuple[str, Callable[[Outcome], str]]] = [
        (_("Seats"), lambda each: number(each.scenario.seats)),
        (_("Least share"), lambda each: share(each.scenario.share)),
        (_("Lowest score"), lambda each: number(each.scenario.minimum)),
        (_("Seats by country"), lambda each: _("equal") if each.scenario.has_country_seats else _("free")),
        (_("Firms chosen"), lambda each: number(len(each.found.selected))),
        (_("Women-owned or led"), lambda each: number(each.womens)),
        (_("Total score"), lambda each: "—" if each.total is None else number(each.total)),
        (_("Against the sealed rules"), lambda each: "—" if each.difference is None else number(each.difference)),
        (_("Come in, go out"), lambda each: f"+{len(each.enters)} −{len(each.leaves)}"),
        (_("Result"), lambda each: _result(each, protocol)),
    ]
    return [
        {"figure": name, **{str(place): told(each) for place, each in enumerate(outcomes)}} for name, told in said
    ] if outcomes else []


def _result(outcome: Outcome, protocol: Mapping[str, Any]) -> str:
    if outcome.total is None:
        rules = ", ".join(words.rule_name(name, protocol) for name in outcome.found.conflict)
        return _("impossible: %(rules)s", rules=rules)
    empty = sum(outcome.found.empty.values())
    return str(ngettext("%(num)s seat stays empty", "%(num)s seats stay empty", empty)) if empty else _("full")


def _changes(outcomes: Sequence[Outcome]) -> list[dict[str, Any]]:
    """Return for each what-if who comes in and who goes out, by name: for the committee's eyes."""
    told = [each for outcome in outcomes[1:] for each in (*outcome.enters, *outcome.leaves)]
    ids = [each.firm_id for each in told if each.firm_id]
    names = {row.id: row.trade_name or row.legal_name for row in session_now().execute(
        select(Firm.id, Firm.trade_name, Firm.legal_name).where(Firm.id.in_(ids)))}

    def name(each: Application) -> str:
        return str(names.get(each.firm_id or 0, each.code))

    return [
        {"letter": letter, "enters": [name(each) for each in outcome.enters], "leaves": [name(each) for each in outcome.leaves]}
        for letter, outcome in zip(LETTERS, outcomes[1:], strict=False) if outcome.enters or outcome.leaves
    ]
