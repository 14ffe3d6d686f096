"""Says in English and Spanish what the codes of `rules.taxid`, `rules.size` and `rules.parity` mean.

It leaves out the site's own texts, which stand in the catalogue: these must work in a command without the site.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Literal

from cohort.rules.parity import Answer, OwnershipJudgement, ProfileName, Reason
from cohort.rules.size import SizeResult
from cohort.rules.taxid import TaxIdResult

Language = Literal["en", "es"]
_Text = tuple[str, str]

_TAX_ID: dict[str, _Text] = {
    "valid_check_digit": (
        "{kind} {tax_id}: the check digit fits",
        "{kind} {tax_id}: el dígito verificador coincide",
    ),
    "valid_without_check_digit": (
        "{kind} {tax_id}: the form fits; this number has no check digit",
        "{kind} {tax_id}: la forma es correcta; este número no tiene dígito verificador",
    ),
    "mx_check_digit_unsure": (
        "RFC {tax_id}: the form fits but the last character does not; some RFCs in use are so: compare it with the "
        "tax certificate",
        "RFC {tax_id}: la forma es correcta pero el último carácter no coincide; algunos RFC vigentes son así: "
        "compárelo con la constancia de situación fiscal",
    ),
    "country_missing": ("the country is not given", "falta el país"),
    "country_unsupported": ("no rule for the country {country}", "no hay regla para el país {country}"),
    "tax_id_missing": ("no tax number given", "falta el número tributario"),
    "tax_id_exponent": (
        "{tax_id} was shortened by a spreadsheet; format the column as text and enter the number again",
        "una hoja de cálculo recortó {tax_id}; dé formato de texto a la columna y vuelva a escribir el número",
    ),
    "co_check_digit_missing": (
        "NIT {tax_id} has no check digit; give it in the column check_digit",
        "al NIT {tax_id} le falta el dígito de verificación; escríbalo en la columna check_digit",
    ),
    "check_digit_differs": (
        "{tax_id} and the check digit {check_digit} do not agree",
        "{tax_id} y el dígito verificador {check_digit} no coinciden",
    ),
    "check_digit_wrong": (
        "{tax_id}: the check digit does not fit",
        "{tax_id}: el dígito verificador no coincide",
    ),
    "length_wrong": (
        "{tax_id} has too few or too many characters for {country}",
        "{tax_id} tiene caracteres de menos o de más para {country}",
    ),
    "component_wrong": (
        "{tax_id}: a part of the number does not exist in {country}",
        "{tax_id}: una parte del número no existe en {country}",
    ),
    "form_wrong": (
        "{tax_id} is not written like a number of {country}",
        "{tax_id} no está escrito como un número de {country}",
    ),
    "cr_nine_digits": (
        "{tax_id} has nine digits and may be a cédula jurídica that lost one; write a person's with hyphens",
        "{tax_id} tiene nueve dígitos y puede ser una cédula jurídica a la que le falta uno; escriba con guiones el "
        "número de una persona",
    ),
    "mx_without_homoclave": (
        "RFC {tax_id} lacks its last three characters (homoclave)",
        "al RFC {tax_id} le faltan los tres últimos caracteres (homoclave)",
    ),
    "mx_generic": (
        "{tax_id} is the generic RFC for the public or foreigners, not a firm's own",
        "{tax_id} es el RFC genérico para el público o extranjeros, no el de una empresa",
    ),
}
_SIZE: dict[str, _Text] = {
    "units_up_to": (
        "{figure} {unit} at {unit_value} ({year}), up to {bound}; {rule}",
        "{figure} {unit} a {unit_value} ({year}), hasta {bound}; {rule}",
    ),
    "units_above": (
        "{figure} {unit} at {unit_value} ({year}), above {bound}; {rule}",
        "{figure} {unit} a {unit_value} ({year}), por encima de {bound}; {rule}",
    ),
    "score_up_to": ("score {figure}, up to {bound}; {rule}", "puntaje {figure}, hasta {bound}; {rule}"),
    "score_above": ("score {figure}, above {bound}; {rule}", "puntaje {figure}, por encima de {bound}; {rule}"),
    "facts_missing": ("not given: {facts}; {rule}", "falta: {facts}; {rule}"),
    "unit_value_missing": (
        "the {unit} of {year} is not on file; {rule}",
        "el valor de {unit} de {year} no está registrado; {rule}",
    ),
    "parameters_missing": (
        "the yearly parameters of {year} are not on file; {rule}",
        "los parámetros anuales de {year} no están registrados; {rule}",
    ),
    "sector_without_table": (
        "the rule has no table for the sector {sector}; {rule}",
        "la regla no tiene tabla para el sector {sector}; {rule}",
    ),
    "country_missing": ("the country is not given", "falta el país"),
    "country_unsupported": ("no rule for the country {country}", "no hay regla para el país {country}"),
}
_FACTS: dict[str, _Text] = {
    "annual_sales": ("annual sales", "ventas anuales"),
    "sales_year": ("year of the sales", "año de las ventas"),
    "employees": ("employees", "personal"),
    "sector": ("sector", "sector"),
    "fixed_assets": ("fixed assets", "activos fijos"),
    "total_assets": ("total assets", "activos totales"),
    "ownership": ("women's ownership", "propiedad de mujeres"),
    "control": ("management and control by women", "gestión y control de mujeres"),
    "signatory": ("a woman who signs", "una mujer que firma"),
    "independent": ("independence", "independencia"),
    "board": ("women on the board", "mujeres en el directorio"),
    "chief_executive": ("a woman chief executive", "una gerenta general"),
    "legal_representatives": (
        "women as more than 50 % of legal representatives",
        "más del 50 % de los representantes legales son mujeres",
    ),
    "owner": ("a woman owner", "una mujer dueña"),
    "decides_alone": ("she alone signs and decides", "ella sola firma y decide"),
}
_BOUNDS: dict[tuple[ProfileName, str], _Text] = {
    ("IWA34", "owned"): ("above 50 %", "de más de 50 %"),
    ("IWA34", "led"): ("of at least 25 %", "de al menos 25 %"),
    ("IFC", "owned"): ("of at least 51 %", "de al menos 51 %"),
    ("IFC", "led"): ("of at least 20 %", "de al menos 20 %"),
    ("WECONNECT", "owned"): ("of at least 51 %", "de al menos 51 %"),
    ("WECONNECT", "led"): ("of at least 51 %", "de al menos 51 %"),
    ("CHILECOMPRA", "owned"): ("above 50 %", "de más de 50 %"),
    ("CHILECOMPRA", "led"): ("above 50 %", "de más de 50 %"),
}
_ANSWERS: dict[Answer, _Text] = {
    "yes": ("yes", "sí"),
    "no": ("no", "no"),
    "unknown": ("unknown", "no se sabe"),
}


def tax_id_note(result: TaxIdResult, language: Language = "en") -> str:
    """Return the reason of a tax number's verdict as one sentence without a full stop."""
    return _in(language, _TAX_ID[result.note_code]).format(**result.params)


def size_note(result: SizeResult, language: Language = "en") -> str:
    """Return the reason of a size class: the figure, the bound it was held against, and the rule's version."""
    params = dict(result.params)
    for name in ("figure", "bound", "unit_value"):
        if name in params:
            params[name] = _number(Decimal(params[name]), language)
    if "facts" in params:
        params["facts"] = ", ".join(fact_name(fact, language) for fact in params["facts"].split())
    return _in(language, _SIZE[result.note_code]).format(rule=result.rule_version, **params)


def women_note(judgement: OwnershipJudgement, language: Language = "en") -> str:
    """Return the reasons of both answers: the conditions that fail, or the facts that are missing."""
    sides = (
        ("owned", _in(language, ("owned", "propiedad")), judgement.owned, judgement.owned_reason),
        ("led", _in(language, ("led", "liderazgo")), judgement.led, judgement.led_reason),
    )
    parts = []
    for side, name, answer, reason in sides:
        why = _why(reason, judgement.profile, side, language)
        parts.append(f"{name} {_in(language, _ANSWERS[answer])}{why}")
    return f"{judgement.profile}: {'; '.join(parts)}"


def fact_name(fact: str, language: Language = "en") -> str:
    """Return a fact's or condition's name in words."""
    return _in(language, _FACTS[fact])


def _why(reason: Reason, profile: ProfileName, side: str, language: Language) -> str:
    def named(conditions: Iterable[str]) -> str:
        words = []
        for condition in conditions:
            bound = f" {_in(language, _BOUNDS[profile, side])}" if condition == "ownership" else ""
            words.append(fact_name(condition, language) + bound)
        return ", ".join(words)

    if reason.failed:
        return f" ({_in(language, ('not met', 'no se cumple'))}: {named(reason.failed)})"
    if reason.missing:
        return f" ({_in(language, ('not known', 'falta saber'))}: {named(reason.missing)})"
    return ""


def _number(amount: Decimal, language: Language) -> str:
    text = f"{amount:,f}"
    return text if language == "en" else text.translate(str.maketrans(",.", ".,"))


def _in(language: Language, text: _Text) -> str:
    return text[0] if language == "en" else text[1]
