"""Decides what one row of a milestone template may hold: both languages, a day, an anchor, who confirms.

Leaves out how rows stand to one another (`rules.template`) and who may change them (`template`).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, cast

from flask_babel import lazy_gettext as _l

from cohort import reference
from cohort.kit.errors import DomainError, wording
from cohort.plans.models import TemplateMilestone
from cohort.plans.words import PHASE_NAMES
from cohort.rules.anchors import Anchor, Unit
from cohort.rules.calendar import Offset
from cohort.rules.template import Row

wording("template_number", _l("A milestone has a number from 1 to %(most)s."))
wording("template_phase", _l("The phase is one of %(expected)s."))
wording("template_title", _l("The title in %(language)s is missing: every milestone has it in both languages."))
wording("template_evidence", _l("What shows it is missing in %(language)s: give it in both languages, or in none."))
wording("template_long", _l("“%(text)s…” is too long: at most %(most)s characters."))
wording("template_signs", _l("“%(text)s” holds a sign that cannot be printed."))
wording("template_day", _l("The count of days is a whole number from -%(most)s to %(most)s."))
wording("template_months", _l("The count of months is a whole number from -%(most)s to %(most)s."))
wording("template_unit", _l("The count is in days or in months."))
wording("template_anchor", _l("A milestone hangs on enrolment, on the plan or on another milestone (enrolment, plan, milestone)."))
wording("template_anchor_number", _l("Say on which other milestone it hangs, by its number; on that of enrolment or plan it has none."))
wording("template_confirms", _l("Choose who confirms it: %(expected)s."))
wording("template_after", _l("What comes first is told by numbers of other milestones, such as 15, 17."))
wording("template_yes_no", _l("Needed to complete the programme is yes or no."))
wording("template_country", _l("%(country)s is not a country of the programme; leave it empty for all countries."))

MOST_ROWS, MOST_NUMBER, MOST_TEXT, MOST_DAYS, MOST_MONTHS = 200, 999, 160, 1500, 60
ROLES = ("coach", "coordinator", "manager")
LANGUAGES = {"es": _l("Spanish"), "en": _l("English")}


@dataclass(frozen=True)
class RowFacts:
    """One row of a template as a person or a file says it; lists in their order."""

    number: int
    phase: str
    title_es: str
    title_en: str
    day: int
    unit: str = "days"
    anchor: str = "enrolment"
    anchor_number: int | None = None
    evidence_es: str = ""
    evidence_en: str = ""
    confirms: tuple[str, ...] = ()
    after: tuple[int, ...] = ()
    is_required: bool = False
    countries: tuple[str, ...] = ()

    @property
    def columns(self) -> dict[str, Any]:
        """The values of its columns in the table."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}

    @property
    def as_rule(self) -> Row:
        """What its dates and order hang on."""
        offset = Offset(self.number, self.day, cast(Anchor, self.anchor), self.anchor_number, cast(Unit, self.unit))
        return Row(offset, self.after, frozenset(self.countries))


FIELDS = tuple(RowFacts.__dataclass_fields__)


def facts_of(row: TemplateMilestone) -> RowFacts:
    """Return a row of the table as facts."""
    kept: dict[str, Any] = {}
    for name in FIELDS:
        value = getattr(row, name)
        kept[name] = tuple(value) if isinstance(value, list) else value
    return RowFacts(**kept)


def checked(said: Mapping[str, Any]) -> tuple[RowFacts | None, list[DomainError]]:
    """Return the row that was said in its plain form, or every refusal of it.

    Texts lose their margins and double blanks; lists come as lists and are sorted. A row with a refusal is None.
    """
    words = {name: " ".join(str(said.get(name) or "").split()) for name in ("title_es", "title_en", "evidence_es", "evidence_en")}
    confirms, after, countries = (tuple(said.get(name) or ()) for name in ("confirms", "after", "countries"))
    anchor_number = said.get("anchor_number")
    errors = [*_of_words(words), *_of_dates(said, anchor_number), *_of_lists(said.get("number"), confirms, after, countries)]
    if not _is_whole(said.get("number"), 1, MOST_NUMBER):
        errors.insert(0, DomainError("template_number", most=MOST_NUMBER))
    if said.get("phase") not in PHASE_NAMES:
        errors.append(DomainError("template_phase", expected=", ".join(PHASE_NAMES)))
    if not isinstance(said.get("is_required", False), bool):
        errors.append(DomainError("template_yes_no"))
    if errors:
        return None, errors
    return RowFacts(
        number=said["number"], phase=said["phase"], day=said["day"], unit=said.get("unit") or "days",
        anchor=said.get("anchor") or "enrolment", anchor_number=anchor_number, **words,
        confirms=tuple(role for role in ROLES if role in confirms), after=tuple(sorted(set(after))),
        is_required=said.get("is_required", False), countries=tuple(sorted(set(countries))),
    ), []


def _is_whole(value: object, least: int, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def _of_words(words: Mapping[str, str]) -> Iterator[DomainError]:
    for language, name in LANGUAGES.items():
        if not words[f"title_{language}"]:
            yield DomainError("template_title", language=name)
        other = "en" if language == "es" else "es"
        if words[f"evidence_{other}"] and not words[f"evidence_{language}"]:
            yield DomainError("template_evidence", language=name)
    for text in words.values():
        if len(text) > MOST_TEXT:
            yield DomainError("template_long", text=text[:30], most=MOST_TEXT)
        if any(unicodedata.category(sign) in {"Cc", "Cs"} for sign in text):
            yield DomainError("template_signs", text="".join(sign for sign in text if sign.isprintable())[:30])


def _of_dates(said: Mapping[str, Any], anchor_number: object) -> Iterator[DomainError]:
    unit, anchor = said.get("unit") or "days", said.get("anchor") or "enrolment"
    if unit not in ("days", "months"):
        yield DomainError("template_unit")
    if unit == "months" and not _is_whole(said.get("day"), -MOST_MONTHS, MOST_MONTHS):
        yield DomainError("template_months", most=MOST_MONTHS)
    if unit != "months" and not _is_whole(said.get("day"), -MOST_DAYS, MOST_DAYS):
        yield DomainError("template_day", most=MOST_DAYS)
    if anchor not in ("enrolment", "plan", "milestone"):
        yield DomainError("template_anchor")
    elif (anchor == "milestone") != _is_whole(anchor_number, 1, MOST_NUMBER) or (anchor != "milestone" and anchor_number is not None):
        yield DomainError("template_anchor_number")


def _of_lists(
    number: object, confirms: Sequence[object], after: Sequence[object], countries: Iterable[object]
) -> Iterator[DomainError]:
    if not confirms or not set(confirms) <= set(ROLES):
        yield DomainError("template_confirms", expected=", ".join(ROLES))
    if not all(_is_whole(each, 1, MOST_NUMBER) and each != number for each in after):
        yield DomainError("template_after")
    for country in countries:
        if country not in reference.countries():
            yield DomainError("template_country", country=str(country)[:30])
