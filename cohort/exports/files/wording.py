"""Says in English and Spanish what the codes of `rules.next_step` mean.

It leaves out the site's own texts, which stand in the catalogue: these must work in a command without the site.
"""

from __future__ import annotations

from datetime import date
from typing import Literal

from cohort.rules.stages import NextStep, RecurrencePolicy

Language = Literal["en", "es"]
_MONTHS_EN = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
_MONTHS_ES = [
    "enero",
    "febrero",
    "marzo",
    "abril",
    "mayo",
    "junio",
    "julio",
    "agosto",
    "septiembre",
    "octubre",
    "noviembre",
    "diciembre",
]


def next_step_words(step: NextStep, policy: RecurrencePolicy, language: Language) -> str:
    """The next step of a firm as one sentence without full stop; waiting and resting do not occur in files."""
    say = _english if language == "en" else _spanish
    return say(step, policy)


def _english(step: NextStep, policy: RecurrencePolicy) -> str:
    is_one = step.exports == 1
    more = "" if step.code == "first_export" else "more "
    words = f"{step.exports} {more}verified {'export' if is_one else 'exports'}"
    words += _count_of(
        " in ", step.new_quarters, ("a new quarter", "new quarters", "different quarters"), step
    )
    words += _count_of(" to ", step.new_destinations, ("a new country", "new countries", "countries"), step)
    if step.missing_fob_usd:
        words += f" worth US${step.missing_fob_usd:,.2f} or more{'' if is_one else ' in all'}"
    if step.by_on is not None:
        words += f"{'' if is_one else ', the next'} by {_day_en(step.by_on)}"
    keeps = " keeps" if is_one else ", keep"
    if step.code == "keep":
        return f"{words}{keeps} the firm consolidated"
    if step.code == "consolidate":
        years = policy.annual_consecutive
        return f"{words}{keeps} the firm recurring; exports in {years} calendar years in a row make it consolidated"
    return words


def _spanish(step: NextStep, policy: RecurrencePolicy) -> str:
    is_one = step.exports == 1
    more = "" if step.code == "first_export" else " más"
    words = f"{step.exports} {'exportación verificada' if is_one else 'exportaciones verificadas'}{more}"
    quarters = ("un trimestre nuevo", "trimestres nuevos", "trimestres distintos")
    words += _count_of(" en ", step.new_quarters, quarters, step)
    words += _count_of(" a ", step.new_destinations, ("un país nuevo", "países nuevos", "países"), step)
    if step.missing_fob_usd:
        amount = f"{step.missing_fob_usd:,.2f}".translate(str.maketrans(",.", ".,"))
        words += f" por US${amount} o más{'' if is_one else ' en total'}"
    if step.by_on is not None:
        words += f"{'' if is_one else ', la próxima'} hasta el {_day_es(step.by_on)}"
    keeps = " mantiene" if is_one else ", mantienen"
    if step.code == "keep":
        return f"{words}{keeps} a la empresa consolidada"
    if step.code == "consolidate":
        years = policy.annual_consecutive
        return f"{words}{keeps} a la empresa como recurrente; exportar en {years} años calendario seguidos la consolida"
    return words


def _count_of(link: str, count: int, forms: tuple[str, str, str], step: NextStep) -> str:
    """Say "in a new quarter", "in 2 new quarters", or, where a firm begins anew and all is new, "in 2 different quarters"."""
    one, several, distinct = forms
    begins_anew = step.by_on is None
    if count == 0 or (begins_anew and count == 1):
        return ""
    if count == 1:
        return link + one
    return f"{link}{count} {distinct if begins_anew else several}"


def _day_en(day: date) -> str:
    return f"{day.day} {_MONTHS_EN[day.month - 1]} {day.year}"


def _day_es(day: date) -> str:
    return f"{day.day} de {_MONTHS_ES[day.month - 1]} de {day.year}"
