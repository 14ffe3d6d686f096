"""Asks for ownership, size and a verdict; every question may stay open, and an open one is never read as no."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any, cast

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from flask_wtf.file import FileField
from wtforms import RadioField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, Optional

from cohort.firms import words
from cohort.firms.forms import ANSWERS, DayField, ReadBackForm, WholeField, answer_field, choices
from cohort.reference import seals
from cohort.rules.parity import FirmForm as FirmKind
from cohort.rules.parity import OwnershipFacts
from cohort.rules.size import SizeFacts

_SHARES = ("women_ownership_pct", "woman_legal_rep_pct")
_QUESTIONS = ("women_control", "woman_signatory", "independent", "woman_chief_executive", "owner_is_woman", "woman_decides_alone")
_AMOUNTS = ("annual_sales", "fixed_assets", "total_assets")


class OwnershipForm(FlaskForm):
    """What the firm declares of its ownership, with the document that shows it."""

    kind = RadioField(_l("What the firm is"), choices=choices(words.FORMS), default="company")
    women_ownership_pct = StringField(_l("Part that women own, in percent"), [Length(max=12)], description=_l("Exactly as in the register of shareholders, such as 50 or 33.33."))
    women_control = answer_field(_l("Do women manage and control it?"))
    woman_signatory = answer_field(_l("Does a woman sign contracts and accounts?"))
    independent = answer_field(_l("Does it work independently of firms that women do not own?"))
    woman_chief_executive = answer_field(_l("Is a woman chief executive or general manager?"))
    woman_legal_rep_pct = StringField(_l("Women among the legal representatives, in percent"), [Length(max=12)])
    board_total = WholeField(_l("Members of the board"), [Optional()], description=_l("0 if there is no board; empty if we do not know."))
    board_women = WholeField(_l("Women among them"), [Optional()])
    owner_is_woman = answer_field(_l("One owner: is she a woman?"))
    woman_decides_alone = answer_field(_l("Two spouses: does she alone sign and decide from day to day?"))
    seal = SelectField(_l("National seal for women’s businesses"), [Optional()])
    seal_until_on = DayField(_l("The seal holds until"), [Optional()], description=_l("The last day printed on the seal."))
    declared_on = DayField(_l("Declared on"), [Optional()], description=_l("Empty: today."))
    evidence = FileField(_l("Document that shows it"), description=_l("Register of shareholders, certificate of the chamber or board act; PDF or photo, up to 10 MB."))

    def offer(self, country: str) -> OwnershipForm:
        """Offer the seals of the firm's country; where there is none, nobody is asked for one."""
        names = [(seal.name, f"{seal.name} ({seal.issuer})") for seal in seals(country)]
        self.seal.choices = choices(names, _l("No seal"))
        if not names:
            del self.seal, self.seal_until_on
        return self

    @property
    def seal_in_force(self) -> tuple[str, date | None]:
        """The seal chosen, empty if none, and the last day on which it holds."""
        return (self.seal.data or "", self.seal_until_on.data) if self.seal else ("", None)

    def facts(self) -> OwnershipFacts | None:
        """Return the facts, or None with an error at each field that cannot be read."""
        if self.seal and bool(self.seal.data) != bool(self.seal_until_on.data):
            faulty, words_ = (self.seal_until_on, _l("Give the last day of the seal.")) if self.seal.data else (self.seal, _l("Choose which seal holds until that day."))
            faulty.errors = [words_]
            return None
        told: dict[str, Any] = {name: self._share(name) for name in _SHARES}
        if any(self[name].errors for name in _SHARES):
            return None
        told |= {name: ANSWERS[self[name].data] for name in _QUESTIONS}
        told |= {"board_total": self.board_total.data, "board_women": self.board_women.data}
        return OwnershipFacts(form=cast(FirmKind, self.kind.data), **told)

    def _share(self, name: str) -> Decimal | None:
        # A share never reaches a thousand, so both signs can only stand before decimals, whatever the region.
        text = (self[name].data or "").strip().removesuffix("%").strip().replace(",", ".")
        if not text:
            return None
        if text.replace(".", "", 1).isdecimal() and 0 <= Decimal(text) <= 100:
            return Decimal(text)
        self[name].errors = [gettext("“%(text)s” is no percentage. Expected: 0 to 100, such as 51 or 33.33.", text=self[name].data)]
        return None


class SizeForm(ReadBackForm):
    """What decides the size class, for one year; money in the firm's own currency."""

    sales_year = WholeField(_l("Year of the sales"), [Optional()], description=_l("Usually the last calendar year."))
    annual_sales = StringField(_l("Sales of that year"), [Length(max=30)])
    employees = WholeField(_l("People who work there"), [Optional()])
    fixed_assets = StringField(_l("Fixed assets"), [Length(max=30)])
    total_assets = StringField(_l("Total assets"), [Length(max=30)])

    def facts(self) -> SizeFacts | None:
        """Return the facts, or None with an error at each field that cannot be read or must be read back."""
        if not self.read_numbers(*_AMOUNTS):
            return None
        employees = self.employees.data
        amounts: dict[str, Any] = self.numbers
        return SizeFacts(employees=None if employees is None else Decimal(employees), sales_year=self.sales_year.data, **amounts)


class VerdictForm(FlaskForm):
    """Whether the evidence shows what was declared, and why."""

    verdict = RadioField(_l("Does the document show what was declared?"), [InputRequired(_l("Choose one."))], choices=choices(words.VERDICTS))
    reason = TextAreaField(_l("Reason"), [Length(max=500)], description=_l("Needed when it is not proven: say what would change the answer."))
