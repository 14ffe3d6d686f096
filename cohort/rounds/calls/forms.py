"""Asks what a manager says of a call; a ready template brings the rest. Checks that need facts stand in the service."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import (
    DateTimeLocalField,
    DecimalField,
    HiddenField,
    IntegerField,
    RadioField,
    SelectChoice,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.validators import DataRequired, InputRequired, Length, NumberRange, Optional
from wtforms.widgets import CheckboxInput, ListWidget, TextInput

from cohort.firms.words import country_choices
from cohort.kit.language import number, typed_number
from cohort.rounds.calls.parts import ReviewTerms, review_terms_of
from cohort.rounds.calls.protocol import TEMPLATES, Terms
from cohort.rounds.calls.service import NewRound
from cohort.rounds.calls.times import CITIES, from_local, to_local
from cohort.rounds.models import Round
from cohort.rounds.reviews.words import FINALS

_: Callable[..., str] = gettext
_NEEDED = DataRequired(_l("This cannot stay empty."))
_DAY = InputRequired(_l("Give a day and an hour."))
_WHEN = "%Y-%m-%dT%H:%M"


class PointsField(DecimalField):
    """Points typed and shown the reader's way: 62,5 in Chile, 62.5 in Mexico, and no decimals that say nothing."""

    widget = TextInput()  # a browser shows nothing of “62,5” in a box for numbers

    def process_formdata(self, valuelist: list[Any]) -> None:
        """Read what was typed; raises ValueError with what is expected."""
        if not valuelist:
            return
        self.data = None
        if valuelist[0].strip():
            try:
                self.data = typed_number(valuelist[0])
            except ValueError as fault:
                raise ValueError(_("Give a number.")) from fault

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return number(self.data) if self.data is not None else ""


class EdgesField(StringField):
    """Several numbers of points, with semicolons between them, typed and shown the reader's way: 80; 72,5."""

    data: tuple[Decimal, ...] | None

    def process_formdata(self, valuelist: list[Any]) -> None:
        """Read what was typed; raises ValueError with what is expected."""
        self.data = ()
        try:
            self.data = tuple(typed_number(text) for text in (valuelist[0] if valuelist else "").split(";") if text.strip())
        except ValueError as fault:
            raise ValueError(_("Give points with a semicolon between them, such as 80; 70.")) from fault

    def _value(self) -> str:
        return str(self.raw_data[0]) if self.raw_data else "; ".join(number(each) for each in self.data or ())


class RoundForm(FlaskForm):
    """A new call on one page, every field filled in with what is usual."""

    template = RadioField(_l("Ready template"), choices=[SelectChoice(value, words) for value, words in TEMPLATES.items()])
    title_es = StringField(_l("Title in Spanish"), [_NEEDED, Length(max=160)])
    title_en = StringField(_l("Title in English"), [_NEEDED, Length(max=160)])
    code = StringField(_l("Short code"), [_NEEDED, Length(max=30)], description=_l("It stands in the address of the call, such as /calls/2026-1."))
    countries = SelectMultipleField(_l("Countries"), widget=ListWidget(prefix_label=False), option_widget=CheckboxInput())
    seats = IntegerField(_l("Seats"), [InputRequired(_l("Give a whole number.")), NumberRange(1, 100_000, _l("A whole number from 1."))])
    share = IntegerField(_l("Women-owned or led, percent of the seats"), [InputRequired(_l("Give a whole number.")), NumberRange(0, 100, _l("A whole number from 0 to 100."))], default=50)
    minimum_score = PointsField(_l("Lowest score that can be selected"), [InputRequired(_l("Give a number.")), NumberRange(0, 100, _l("A number from 0 to 100."))], default=Decimal(60))
    opens_at = DateTimeLocalField(_l("Opens"), [_DAY], format=[_WHEN, "%Y-%m-%dT%H:%M:%S"])
    closes_at = DateTimeLocalField(_l("Closes"), [_DAY], format=[_WHEN, "%Y-%m-%dT%H:%M:%S"])
    time_zone = SelectField(_l("Hours are those of"), choices=[SelectChoice(zone, city) for zone, city in CITIES.items()])
    grace_minutes = IntegerField(_l("Grace after the deadline, minutes"), [InputRequired(_l("Give a whole number.")), NumberRange(0, 1440, _l("From 0 to 1,440 minutes."))], default=15)

    copied_from = HiddenField()
    scoring = RadioField(_l("Who scores?"), default="brought", choices=[
        SelectChoice("brought", _l("Scores are brought in: pasted, or from a sheet")),
        SelectChoice("reviews", _l("Evaluators review each file here"))])
    per_file = IntegerField(_l("Evaluators for each file"), [NumberRange(1, 5, _l("From 1 to 5 evaluators."))], default=2)
    gap = PointsField(_l("Points apart that call a third evaluator"), [NumberRange(0, 100, _l("A number from 0 to 100."))], default=Decimal(20))
    final = RadioField(_l("Which score counts"), default="mean_or_median", choices=[SelectChoice(value, words) for value, words in FINALS.items()])
    blind = RadioField(_l("Do evaluators see who the firm is?"), default="yes", choices=[
        SelectChoice("yes", _l("No, they review blind")), SelectChoice("no", _l("Yes"))])
    least_mark = IntegerField(_l("Least mark in each criterion"), [NumberRange(0, 5, _l("A whole number from 0 to 5."))], default=1)

    def offer(self) -> RoundForm:
        """Fill the choices in the reader's language."""
        self.countries.choices = [SelectChoice(code, name) for code, name in country_choices()]
        return self

    def prefill(self, countries: list[str], zone: str, now: datetime, number: int) -> None:
        """Write what is usual for a plan into an empty form: ten seats a country, four weeks, until the day's end."""
        start = to_local(now, zone).replace(second=0, microsecond=0)
        year = start.year
        self.template.data, self.countries.data, self.seats.data = "equal", countries, 10 * len(countries)
        self.code.data = f"{year}-{number}"
        self.title_es.data, self.title_en.data = f"Convocatoria {year}-{number}", f"Call {year}-{number}"
        self.time_zone.data, self.opens_at.data = zone, start
        self.closes_at.data = datetime.combine(start.date() + timedelta(days=28), time(23, 59))

    def show(self, round_: Round) -> None:
        """Write a draft into the form."""
        self.copy(round_)
        self.copied_from.data = ""
        self.code.data, self.title_es.data, self.title_en.data = round_.code, round_.title_es, round_.title_en
        self.opens_at.data = to_local(round_.opens_at, round_.time_zone)
        self.closes_at.data = to_local(round_.closes_at, round_.time_zone)

    def copy(self, earlier: Round, countries: list[str] | None = None) -> None:
        """Write into the form what an earlier call says, but its code, titles and dates; `countries` in place of its own."""
        protocol = earlier.protocol
        self.copied_from.data = str(earlier.id)
        self.template.data, self.countries.data, self.seats.data = protocol["template"], countries or protocol["countries"], earlier.seats
        self.share.data = int(Decimal(protocol["parity"]["share"]) * 100)
        self.minimum_score.data, self.grace_minutes.data = Decimal(protocol["minimum_score"]), earlier.grace_minutes
        self.time_zone.data = earlier.time_zone
        self._show_reviews(review_terms_of(protocol))

    def _show_reviews(self, said: ReviewTerms | None) -> None:
        if said is None:
            return
        self.scoring.data, self.per_file.data, self.gap.data = "reviews", said.per_file, said.gap
        self.final.data, self.blind.data, self.least_mark.data = said.final, "yes" if said.is_blind else "no", said.least_mark

    def reviews(self) -> ReviewTerms | None:
        """Return how files are reviewed; None when scores are brought in."""
        if self.scoring.data != "reviews":
            return None
        return ReviewTerms(self.per_file.data, self.gap.data or Decimal(0), self.final.data, self.blind.data == "yes", self.least_mark.data)

    def terms(self) -> NewRound:
        """Return what was said, for the service."""
        zone = self.time_zone.data
        return NewRound(
            code=self.code.data.strip().lower(), title_es=self.title_es.data.strip(), title_en=self.title_en.data.strip(),
            opens_at=from_local(self.opens_at.data, zone), closes_at=from_local(self.closes_at.data, zone),
            time_zone=zone, grace_minutes=self.grace_minutes.data,
            terms=Terms(
                template=self.template.data, seats=self.seats.data, countries=tuple(self.countries.data),
                share=Decimal(self.share.data) / 100, minimum_score=self.minimum_score.data or Decimal(0),
                reviews=self.reviews(),
            ),
        )


class AddendumForm(FlaskForm):
    """A clarification of an open call, in both languages, and a later deadline if there is one."""

    text_es = TextAreaField(_l("Text in Spanish"), [_NEEDED, Length(max=2000)])
    text_en = TextAreaField(_l("Text in English"), [_NEEDED, Length(max=2000)])
    closes_at = DateTimeLocalField(_l("New deadline"), [Optional()], format=[_WHEN, "%Y-%m-%dT%H:%M:%S"])


class ConfirmForm(FlaskForm):
    """A page that asks before it acts: nothing but the token."""
