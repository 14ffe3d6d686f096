"""Asks for the rules of a draft and for one further rule at a time; whether they can be kept is said by the service."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any, cast

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import (
    BooleanField,
    IntegerField,
    RadioField,
    SelectChoice,
    SelectField,
    SelectMultipleField,
    StringField,
)
from wtforms.validators import InputRequired, Length, NumberRange, Optional
from wtforms.widgets import CheckboxInput, ListWidget

from cohort.firms.words import SECTORS, SIZES, country_choices, country_name
from cohort.kit.errors import DomainError
from cohort.rounds.applications.words import CHECK_NAMES
from cohort.rounds.calls.forms import EdgesField, PointsField
from cohort.rounds.calls.parts import LotteryTerms, ScreeningTerms, lottery_terms_of, screening_terms_of
from cohort.rounds.calls.protocol import ALWAYS_ON, CHECKS
from cohort.rounds.calls.rule_drafts import Rules
from cohort.rounds.decisions.tie_criteria import TIE_CRITERIA
from cohort.rounds.decisions.words import COUNTS
from cohort.rounds.screening.terms import MOST_MULTIPLE
from cohort.rules.quotas import Quota

_WHOLE = InputRequired(_l("Give a whole number."))
_DAYS = [_WHOLE, NumberRange(1, 90, _l("From 1 to 90 days."))]
_FROM_0 = [_WHOLE, NumberRange(0, 100_000, _l("A whole number from 0."))]
OFFERED = tuple(check for check in CHECKS if check not in ALWAYS_ON and check != "owner_group")
USUAL_SCREENING = ScreeningTerms(3, Decimal(50))  # offered in a draft that has no such stage
COLUMNS = ("size_class", "sector", "rural", "womens", "country", "region")


TIES = ("tie_1", "tie_2", "tie_3")


def _tie(label: object) -> SelectField:
    return SelectField(label, default="", choices=[
        SelectChoice("", _l("The draw")), *(SelectChoice(value, words) for value, words in TIE_CRITERIA.items())])


class RulesForm(FlaskForm):
    """What is the same for every call; `rules_form` adds its checks and the days of its countries."""

    least_months = IntegerField(_l("Least months of selling"), _FROM_0)
    most_exports = IntegerField(_l("Most exports in the last 24 months"), _FROM_0)
    counts = RadioField(_l("What counts for parity"), choices=[SelectChoice(value, words) for value, words in COUNTS.items()])
    shortfall = RadioField(_l("When too few such firms are eligible"), choices=[SelectChoice(value, words) for value, words in (
        ("reserve", _l("Their seats stay empty, and the call can be extended")),
        ("release", _l("Their seats go to others, with a reason and a second person")),
        ("mirror", _l("No more other firms than women’s are taken; the rest stays empty")))])
    offer_days = IntegerField(_l("Working days to accept a seat"), _DAYS)
    appeal_answer_days = IntegerField(_l("Working days to answer an appeal"), _DAYS)
    waitlist_count = IntegerField(_l("Places on the waitlist"), _FROM_0)
    tie_1, tie_2, tie_3 = _tie(_l("First")), _tie(_l("Then")), _tie(_l("At last, before the draw"))
    has_lottery = BooleanField(_l("A draw inside merit bands decides, not the best total score"))
    bands = EdgesField(_l("Lower ends of the merit bands, in points"), [Optional()])
    has_screening = BooleanField(_l("Only the best files of the self-test go on to review"))
    screening_multiple = IntegerField(_l("Files that go on for each seat"), [
        Optional(), NumberRange(1, MOST_MULTIPLE, _l("A whole number from 1 to 20."))])
    screening_pass_mark = PointsField(_l("Pass mark of the self-test"), [
        Optional(), NumberRange(0, 100, _l("From 0 to 100 points."))])

    def rules(self, countries: list[str]) -> Rules:
        """Return what was said, for the service."""
        said = self.data
        return Rules(
            frozenset(check for check in OFFERED if said[f"check_{check}"]),
            {"least_months": said["least_months"], "most_exports": said["most_exports"]}, said["counts"], said["shortfall"],
            said["offer_days"], {code: said[f"appeal_days_{code}"] for code in countries},
            said["appeal_answer_days"], said["waitlist_count"], self._screening(), self._lottery(),
            tuple(said[name] for name in TIES if said[name]),
        )

    def _lottery(self) -> LotteryTerms | None:
        return LotteryTerms(tuple(self.bands.data or ())) if self.has_lottery.data else None

    def _screening(self) -> ScreeningTerms | None:
        """Return the stage when it is ticked; a number that was left out is out of reach, and the service says so."""
        if not self.has_screening.data:
            return None
        return ScreeningTerms(self.screening_multiple.data or 0, Decimal(-1) if (mark := self.screening_pass_mark.data) is None else mark)


def rules_form(protocol: Mapping[str, Any]) -> RulesForm:
    """Return the form of a draft, filled in with what it says."""
    held: dict[str, Any] = {name: protocol[name] for name in ("offer_days", "appeal_answer_days", "waitlist_count")}
    held |= {name: protocol["parity"][name] for name in ("counts", "shortfall")}
    held |= {name: usual for limits in CHECKS.values() for name, usual in limits.items()}
    lottery, screening = lottery_terms_of(protocol), screening_terms_of(protocol)
    held |= {"has_lottery": lottery is not None, "bands": lottery.bands if lottery else ()}
    shown = screening or USUAL_SCREENING
    held |= {"has_screening": screening is not None, "screening_multiple": shown.multiple, "screening_pass_mark": shown.pass_mark}
    held |= dict(zip(TIES, protocol.get("tie_criteria", ()), strict=False))
    fields: dict[str, Any] = {}
    for row in protocol["eligibility"]:
        held |= {f"check_{row['check']}": row["is_on"], **{name: row[name] for name in CHECKS[row["check"]] if name in row}}
    for check in OFFERED:
        fields[f"check_{check}"] = BooleanField(CHECK_NAMES[check])
    for code in protocol["countries"]:
        fields[f"appeal_days_{code}"] = IntegerField(_l("Working days to appeal in %(country)s", country=country_name(code)), _DAYS)
        held[f"appeal_days_{code}"] = protocol["appeal_days"][code]
    return cast(RulesForm, type("RulesFormOfCall", (RulesForm,), fields)(data=held))


def _several(label: object, choices: list[tuple[str, object]] | None = None) -> SelectMultipleField:
    return SelectMultipleField(label, widget=ListWidget(prefix_label=False), option_widget=CheckboxInput(),
                               choices=[SelectChoice(value, words) for value, words in choices or ()])


_SIZES = [(value, SIZES[value]) for value in ("micro", "small", "medium")]
_RURAL = [("yes", _l("Rural area")), ("no", _l("Not a rural area"))]
_WOMENS = [("yes", _l("Counts for parity")), ("no", _l("Does not count for parity"))]


class QuotaForm(FlaskForm):
    """One further rule: whom it covers, of whom a percentage is taken, at least and at most how many."""

    size_class = _several(_l("Size"), _SIZES)
    sector = _several(_l("Sector"), list(SECTORS.items()))
    rural = _several(_l("Territory"), _RURAL)
    womens = _several(_l("Ownership"), _WOMENS)
    country = _several(_l("Country"))
    region = StringField(_l("Regions"), [Length(max=400)])
    least = PointsField(_l("At least"), [Optional()])
    most = PointsField(_l("At most"), [Optional()])
    unit = RadioField(_l("Counted in"), default="places", choices=[
        SelectChoice("places", _l("Places")), SelectChoice("percent", _l("Percent"))])
    of_size_class = _several(_l("Size"), _SIZES)
    of_sector = _several(_l("Sector"), list(SECTORS.items()))
    of_rural = _several(_l("Territory"), _RURAL)
    of_womens = _several(_l("Ownership"), _WOMENS)
    of_country = _several(_l("Country"))
    of_region = StringField(_l("Regions"), [Length(max=400)])

    def offer(self, countries: list[str]) -> QuotaForm:
        """Fill in the countries of the call in the reader's language."""
        names = [SelectChoice(code, name) for code, name in country_choices() if code in countries]
        self.country.choices = self.of_country.choices = names
        return self

    def quota(self) -> Quota:
        """Return the rule that was said; raises when places are not whole."""
        least, most = self.least.data, self.most.data
        where, of = self._covered(""), self._covered("of_")
        if self.unit.data == "percent":
            return Quota("", where, min_share=_share(least), max_share=_share(most), of=of or None)
        if any(limit is not None and limit != limit.to_integral_value() for limit in (least, most)):
            raise DomainError("quota_whole")
        return Quota("", where, None if least is None else int(least), None if most is None else int(most), of=of or None)

    def _covered(self, prefix: str) -> dict[str, tuple[str, ...]]:
        said = {column: self[prefix + column].data for column in COLUMNS}
        said["region"] = [text.strip() for text in (said["region"] or "").split(";") if text.strip()]
        return {column: tuple(values) for column, values in said.items() if values}


def _share(percent: Decimal | None) -> Fraction | None:
    return None if percent is None else Fraction(percent) / 100
