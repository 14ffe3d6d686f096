"""Shows up to three what-ifs beside the sealed rules; the address holds them all, so that a page can be sent on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, cast

from flask import render_template, request, url_for
from flask_babel import gettext, ngettext
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from sqlalchemy import select
from sqlalchemy.orm import Session
from wtforms import BooleanField, IntegerField
from wtforms.validators import InputRequired, NumberRange, Optional

from cohort.firms.models import Firm
from cohort.kit.access import current_actor, gate
from cohort.kit.errors import DomainError, sentence
from cohort.kit.language import number, share
from cohort.rounds.calls import words as call_words
from cohort.rounds.calls.forms import PointsField
from cohort.rounds.calls.views import round_here
from cohort.rounds.decisions import reweighing, what_if, words
from cohort.rounds.decisions.reweighing import Marked
from cohort.rounds.decisions.solving import POINTS
from cohort.rounds.decisions.what_if import MOST_SCENARIOS, Outcome, Scenario
from cohort.rounds.models import Application, Round
from cohort.rounds.scores.service import latest_scores
from cohort.rounds.site import Page, back_with, session_now, staff

_: Callable[..., str] = gettext
LETTERS = "ABC"
_WEIGHT = [Optional(), NumberRange(0, 100, _l("A whole number from 0 to 100."))]
_ASKED = 4  # seats, share, lowest score, seats by country
assert len(LETTERS) == MOST_SCENARIOS


class ScenarioForm(FlaskForm):
    """One what-if: the figures that a committee asks about; `_form_of` adds a weight for each criterion with marks."""

    criteria: tuple[str, ...] = ()

    seats = IntegerField(_l("Seats"), [InputRequired(_l("Give a whole number.")), NumberRange(1, 10_000, _l("A whole number from 1 to 10,000."))])
    share = IntegerField(_l("Women-owned or led, percent"), [InputRequired(_l("Give a whole number.")), NumberRange(0, 100, _l("A whole number from 0 to 100."))])
    minimum = PointsField(_l("Lowest score"), [InputRequired(_l("Give a number.")), NumberRange(0, 100, _l("A number from 0 to 100."))])
    has_country_seats = BooleanField(_l("Equal seats for each country"))

    def validate(self, extra_validators: Mapping[str, Sequence[Any]] | None = None) -> bool:
        """Return whether everything typed holds; weights that do not sum are said at the first of them."""
        if not super().validate(extra_validators):
            return False
        total = sum(self.weights.values())
        if self.criteria and total != 100:
            self[f"weight_{self.criteria[0]}"].errors = [_("The weights sum to %(total)s. They have to sum to 100.", total=total)]
            return False
        return True

    @property
    def weights(self) -> dict[str, int]:
        """The weights as typed; an empty one is 0."""
        return {name: self[f"weight_{name}"].data or 0 for name in self.criteria}

    @property
    def weight_fields(self) -> list[Any]:
        """The fields of the weights, in the order of the rubric."""
        return [self[f"weight_{name}"] for name in self.criteria]

    def scenario(self, sealed: Mapping[str, int]) -> Scenario:
        """Return what was typed, for the service; sealed weights leave the scores as they are."""
        return Scenario(
            self.seats.data, Decimal(self.share.data) / 100, self.minimum.data or Decimal(0), self.has_country_seats.data,
            None if self.weights == dict(sealed) else self.weights)


@staff.get("/<int:round_id>/what-if")
@gate("round.decide")
def what_if_page(round_id: int) -> Page:
    """Show the scenarios that the address names, or three that a committee usually asks about."""
    session, round_ = session_now(), round_here(round_id)
    sealed = what_if.sealed_scenario(round_)
    held = reweighing.marked(session, round_)
    weights = held.sealed if held else {}
    forms = _forms(sealed, held)
    fault, outcomes = "", []
    answered = [form.validate() for form in forms] if request.args else []  # each, so that each says its fault
    if all(answered):
        try:
            outcomes = what_if.compare(session, current_actor(), round_, [form.scenario(weights) for form in forms])
        except DomainError as refusal:
            if refusal.code not in {"round_seats", "decision_empty"}:
                return back_with(refusal, url_for("rounds.decide", round_id=round_id))
            fault = sentence(refusal)
    return render_template(
        "rounds/what_if.html", round=round_, forms=list(zip(LETTERS, forms, strict=True)), fault=fault,
        columns=_columns(outcomes), rows=_rows(outcomes, round_.protocol, _weight_rows(outcomes, held)), changes=_changes(outcomes),
        call_words=call_words, sealed_share=float(sealed.share), points=_points(session, round_) if outcomes else [],
        has_marks=held is not None, sealed_weights=weights, unmarked_count=_unmarked_count(session, round_, held),
    )


def _points(session: Session, round_: Round) -> list[dict[str, Any]]:
    """Return what can be kept: each share with its best total and how many women's firms that cohort has."""
    return [
        {"share": float(each.share), "total": each.total / POINTS, "count": each.count}
        for each in what_if.price_of_share(session, round_) if each.total is not None
    ]


def _unmarked_count(session: Session, round_: Round, held: Marked | None) -> int:
    """Return how many scored files have no marks behind their score, where others have."""
    return len(latest_scores(session, round_.id)) - len(held.files) if held else 0


def _forms(sealed: Scenario, held: Marked | None) -> list[ScenarioForm]:
    """Read the forms of the address; without any, offer no floor, more women and no seats by country."""
    usual = (
        Scenario(sealed.seats, Decimal(0), sealed.minimum, sealed.has_country_seats),
        Scenario(sealed.seats, min(sealed.share + Decimal("0.1"), Decimal(1)), sealed.minimum, sealed.has_country_seats),
        Scenario(sealed.seats, sealed.share, sealed.minimum, has_country_seats=False),
    )
    made, kind = [], _form_of(held)
    for letter, scenario in zip(LETTERS, usual, strict=True):
        prefix = f"{letter.lower()}-"
        made.append(kind(request.args or None, prefix=prefix, meta={"csrf": False}, data={
            "seats": scenario.seats, "share": int(scenario.share * 100), "minimum": scenario.minimum,
            "has_country_seats": scenario.has_country_seats,
            **{f"weight_{name}": weight for name, weight in (held.sealed if held else {}).items()},
        }))
    return made


def _form_of(held: Marked | None) -> type[ScenarioForm]:
    """Return the form with a field for the weight of each criterion, where there are marks."""
    if held is None:
        return ScenarioForm
    fields: dict[str, Any] = {
        f"weight_{each.name}": IntegerField(call_words.criterion_name(each), _WEIGHT) for each in held.criteria}
    return cast(type[ScenarioForm], type("ScenarioFormOfCall", (ScenarioForm,), {"criteria": tuple(held.sealed), **fields}))


def _columns(outcomes: Sequence[Outcome]) -> list[dict[str, Any]]:
    if not outcomes:
        return []
    names = [_("Sealed rules"), *(_("What if %(letter)s", letter=letter) for letter in LETTERS)]
    return [{"key": "figure", "label": _("Figure")}, *(
        {"key": str(place), "label": name, "kind": "number"} for place, name in enumerate(names))]


def _rows(
    outcomes: Sequence[Outcome], protocol: Mapping[str, Any], weights: Sequence[dict[str, str]]
) -> list[dict[str, str]]:
    """Return one row a figure, one cell a scenario; what was asked stands first, weights among it."""
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
    rows = [{"figure": name, **{str(place): told(each) for place, each in enumerate(outcomes)}} for name, told in said]
    return [*rows[:_ASKED], *weights, *rows[_ASKED:]] if outcomes else []


def _weight_rows(outcomes: Sequence[Outcome], held: Marked | None) -> list[dict[str, str]]:
    """Return one row a criterion with its weight in each scenario, where one of them has other weights."""
    if held is None or all(each.scenario.weights is None for each in outcomes):
        return []
    return [
        {"figure": _("Weight: %(criterion)s", criterion=call_words.criterion_name(criterion)), **{
            str(place): number((each.scenario.weights or held.sealed)[criterion.name]) for place, each in enumerate(outcomes)}}
        for criterion in held.criteria
    ]


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
