"""Asks what staff say of a session, why one is cancelled, and for a file of attendance; services check what needs facts."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import (
    BooleanField,
    DateTimeLocalField,
    FileField,
    HiddenField,
    IntegerField,
    SelectChoice,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.validators import DataRequired, InputRequired, Length, NumberRange, Optional
from wtforms.widgets import CheckboxInput, ListWidget

from cohort.kit.language import ZONES
from cohort.plans.words import PHASE_NAMES, country_name
from cohort.rounds.calls.times import CITIES, from_local, to_local
from cohort.training.sessions.models import TrainingSession
from cohort.training.sessions.service import SessionFacts
from cohort.training.sessions.words import LANGUAGE_NAMES

_NEEDED = DataRequired(_l("This cannot stay empty."))
_DAY = InputRequired(_l("Give a day and an hour."))
_WHEN = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]


class SessionForm(FlaskForm):
    """Everything that staff say of a session, on one page."""

    title_es = StringField(_l("Title in Spanish"), [_NEEDED, Length(max=160)])
    title_en = StringField(_l("Title in English"), [_NEEDED, Length(max=160)])
    starts_at = DateTimeLocalField(_l("Begins"), [_DAY], format=_WHEN)
    ends_at = DateTimeLocalField(_l("Ends"), [_DAY], format=_WHEN)
    time_zone = SelectField(_l("Hours are those of"), [_NEEDED], choices=[SelectChoice(zone, city) for zone, city in CITIES.items()])
    host_country = SelectField(_l("Host country"), [_NEEDED])
    language = SelectField(_l("Language of the session"), [_NEEDED], choices=[SelectChoice(code, words) for code, words in LANGUAGE_NAMES.items()])
    trainer = StringField(_l("Trainer"), [Length(max=120)])
    place = StringField(_l("Place"), [Length(max=200)], description=_l("Empty for a session that is only online."))
    link = StringField(_l("Link to join"), [Length(max=300)], description=_l("Seen by the firms invited and by staff."))
    materials = StringField(_l("Materials"), [Length(max=300)], description=_l("A link, or where to find them."))
    capacity = IntegerField(_l("Places"), [Optional(), NumberRange(1, 100_000, _l("A whole number from 1."))], description=_l("Empty when there is room for all. First come, first served."))
    is_core = BooleanField(_l("Core training: it counts for the hours and the attendance that the plan asks for"), default=True)
    countries = SelectMultipleField(_l("Firms of these countries"), widget=ListWidget(prefix_label=False), option_widget=CheckboxInput(), description=_l("None ticked: all countries of the plan."))
    phases = SelectMultipleField(_l("Firms in these phases"), widget=ListWidget(prefix_label=False), option_widget=CheckboxInput(), description=_l("A firm's phase is that of its next open milestone. None ticked: all phases."))

    def offer(self, countries: list[str]) -> SessionForm:
        """Fill the choices in the reader's language."""
        named = [SelectChoice(code, country_name(code)) for code in countries]
        self.countries.choices = self.host_country.choices = named
        self.phases.choices = [SelectChoice(code, str(words)) for code, words in PHASE_NAMES.items()]
        return self

    def prefill(self, host: str, countries: list[str]) -> None:
        """Write what is usual: the reader's own country as host, its hours, its firms."""
        self.host_country.data, self.time_zone.data, self.countries.data = host, ZONES[host], countries

    def show(self, training: TrainingSession) -> None:
        """Write a session into the form."""
        for name in ("title_es", "title_en", "time_zone", "host_country", "language", "trainer", "place", "link", "materials", "capacity", "is_core"):
            self[name].data = getattr(training, name)
        self.starts_at.data = to_local(training.starts_at, training.time_zone)
        self.ends_at.data = to_local(training.ends_at, training.time_zone)
        self.countries.data, self.phases.data = training.invites["countries"], training.invites["phases"]

    def facts(self) -> SessionFacts:
        """Return what was said, for the service."""
        texts = {name: (self[name].data or "").strip() for name in ("title_es", "title_en", "trainer", "place", "link", "materials")}
        zone = self.time_zone.data
        return SessionFacts(
            **texts, starts_at=from_local(self.starts_at.data, zone), ends_at=from_local(self.ends_at.data, zone), time_zone=zone,
            host_country=self.host_country.data, language=self.language.data, capacity=self.capacity.data, is_core=self.is_core.data,
            countries=tuple(self.countries.data or ()), phases=tuple(self.phases.data or ()),
        )


class CancelForm(FlaskForm):
    """Why a session is not held: the firms invited read it."""

    text = TextAreaField(
        _l("Reason"), [DataRequired(_l("Say why, in words the firms can use.")), Length(max=500)], description=_l("The firms invited read this."))


class FileForm(FlaskForm):
    """The list of participants of a meeting tool: a file, or its text."""

    file = FileField(_l("CSV or Excel file of the meeting tool"))
    sheet = TextAreaField(_l("Or paste the list with its line of names"), [Length(max=500_000)])
    name = HiddenField()
