"""Decides whether a tax number of Chile, Colombia, Costa Rica, Mexico or Peru is well formed, and shows it.

It leaves out whether the number is in use: no register is asked, and no wording is chosen (codes only).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal

from stdnum.cl import rut
from stdnum.co import nit
from stdnum.cr import cpf, cpj
from stdnum.cr import cr as dimex
from stdnum.exceptions import InvalidChecksum, InvalidComponent, InvalidLength, ValidationError
from stdnum.mx import rfc
from stdnum.pe import ruc

TaxIdStatus = Literal["valid", "warning", "invalid"]
COUNTRIES = ("CL", "CO", "CR", "MX", "PE")

_GENERIC_RFCS = frozenset({"XAXX010101000", "XEXX010101000"})
_FIRST_COMPANY_RUT = 50_000_000
_EXPONENT_FORM = re.compile(r"^[0-9]+([.,][0-9]+)?[Ee]\+?[0-9]+$")
_TYPED_CHECK_DIGIT = re.compile(r"^(.*[0-9])\s*[-\u2010-\u2015]+\s*([0-9])\s*$")


@dataclass(frozen=True)
class TaxIdResult:
    """Verdict on one number: `compact` is what is stored (empty when invalid), `formatted` what is shown."""

    status: TaxIdStatus
    compact: str
    formatted: str
    note_code: str
    params: Mapping[str, str] = field(default_factory=dict)


def check_tax_id(country: str, tax_id: str, check_digit: str | None = None) -> TaxIdResult:
    """Return the verdict on a tax number as typed, with spaces, dots and hyphens allowed.

    `check_digit` is the separate box: demanded in Colombia (a hyphen before one last digit is as good),
    allowed in Chile, ignored elsewhere. The last digit of a Colombian number is not taken for its check digit,
    except in ten digits that begin with 8 or 9, which can be nothing else. A Mexican number that fails only the check digit is a `warning`, for about 1.5 % of those in use
    do. An unknown country or an empty number is `invalid` with its reason; nothing is raised. Source: the
    tax registers' published algorithms as in python-stdnum 2.2, domain.md §4.

    >>> check_tax_id("CL", "12.345.678-5").formatted
    '12.345.678-5'
    >>> check_tax_id("CO", "900123456").note_code
    'co_check_digit_missing'
    >>> check_tax_id("MX", "CPA190301AB9").status
    'warning'
    """
    typed = tax_id.strip()
    check = _CHECKS.get(country.strip().upper())
    if check is None:
        code = "country_unsupported" if country.strip() else "country_missing"
        return _refused(code, country=country.strip().upper())
    if not typed:
        return _refused("tax_id_missing")
    if _EXPONENT_FORM.match(typed):
        return _refused("tax_id_exponent", tax_id=typed)
    try:
        return check(typed, (check_digit or "").strip().upper())
    except ValidationError as fault:
        return _refused(_reason_of(fault), country=country.strip().upper(), tax_id=typed)


def is_natural_person(country: str, compact: str) -> bool:
    """Return whether a compact, valid number belongs to a person, so that it is personal data (domain.md §9).

    Chile: below 50,000,000. Colombia: not nine digits that begin with 8 or 9. Mexico: 13 characters. Peru:
    not prefix 20. Costa Rica: not a cédula jurídica. An unknown country counts as a person: the careful side.

    >>> is_natural_person("PE", "10123456781"), is_natural_person("PE", "20123456786")
    (True, False)
    """
    if country == "CL":
        return int(compact[:-1]) < _FIRST_COMPANY_RUT
    if country == "CO":
        return not (len(compact) == 10 and compact[0] in "89")
    if country == "MX":
        return len(compact) == 13
    if country == "PE":
        return not compact.startswith("20")
    return not (country == "CR" and len(compact) == 10 and compact[0] != "0")


def format_tax_id(country: str, compact: str) -> str:
    """Return the customary written form of a stored number; an unknown country's number comes back as it is.

    >>> format_tax_id("CO", "9001234568")
    '900.123.456-8'
    """
    return _FORMATS.get(country, str)(compact)


@lru_cache(maxsize=10_000)  # the same firms stand on the same lists
def masked(country: str, compact: str) -> str:
    """Return the number for a list: a company's in full, a person's with all but the last three signs dotted.

    >>> masked("CL", "123456785"), masked("CL", "760012345")
    ('••••••785', '76.001.234-5')
    """
    if not is_natural_person(country, compact):
        return format_tax_id(country, compact)
    return "•" * max(len(compact) - 3, 0) + compact[-3:]


def nit_check_digit(base: str) -> str:
    """Return the check digit of a Colombian NIT given without it (digits only); errors: ValueError otherwise.

    >>> nit_check_digit("860003563")
    '9'
    """
    if not re.fullmatch("[0-9]{1,15}", base):
        raise ValueError(f"a NIT without its check digit has 1 to 15 digits, not {base!r}")
    return str(nit.calc_check_digit(base))


def _check_cl(typed: str, box: str) -> TaxIdResult:
    number = rut.compact(typed).lstrip("0")  # one stored form: 01000005-K and 1000005-K are the same firm
    hyphened = re.search(r"[-\u2010-\u2015]", typed) is not None
    if box and not hyphened and rut.is_valid(number + box):
        number += box
    elif box and not number.endswith(box):
        return _refused("check_digit_differs", tax_id=typed, check_digit=box)
    return _accepted("CL", rut.validate(number), "RUT")


def _check_co(typed: str, box: str) -> TaxIdResult:
    written = _TYPED_CHECK_DIGIT.match(typed)
    base = nit.compact(written[1] if written else typed).lstrip("0")
    if written and box and written[2] != box:
        return _refused("check_digit_differs", tax_id=typed, check_digit=box)
    digit = box or (written[2] if written else "")
    # Ten digits that begin with 8 or 9 are neither a company's nine nor a cédula (those begin with 1): here,
    # and nowhere else, the last one can only be the check digit.
    if not written and len(base) == 10 and base[0] in "89" and digit in ("", base[-1]):
        base, digit = base[:-1], base[-1]
    if not digit:
        return _refused("co_check_digit_missing", tax_id=typed)
    if len(digit) != 1:
        raise InvalidLength
    return _accepted("CO", nit.validate(base + digit), "NIT")


def _check_mx(typed: str, _box: str) -> TaxIdResult:
    number = rfc.compact(typed.replace(".", ""))
    if len(number) == 10:
        return _refused("mx_without_homoclave", tax_id=number)
    if number in _GENERIC_RFCS:
        return _refused("mx_generic", tax_id=number)
    number = rfc.validate(number)
    if not rfc.is_valid(number, validate_check_digits=True):
        return TaxIdResult(
            "warning", number, format_tax_id("MX", number), "mx_check_digit_unsure", {"tax_id": number}
        )
    return _accepted("MX", number, "RFC")


def _check_pe(typed: str, _box: str) -> TaxIdResult:
    return _accepted("PE", ruc.validate(re.sub(r"[-\u2010-\u2015.\s]", "", typed)), "RUC")


def _check_cr(typed: str, _box: str) -> TaxIdResult:
    number = cpj.compact(typed.replace(".", ""))
    if len(number) in (11, 12):
        return _accepted("CR", dimex.validate(number), "DIMEX", "valid_without_check_digit")
    if len(number) == 9 and "-" not in typed and cpj.is_valid(number + "0"):
        # 310132541: a firm's 3-101-… that lost a digit, or a person's 3-1013-2541 without its 0. Do not guess.
        return _refused("cr_nine_digits", tax_id=typed)
    person = cpf.compact(typed)  # pads the groups of 1-613-584; a company's hyphens never lead to a first 0
    if len(person) == 10 and person[0] == "0":
        return _accepted("CR", cpf.validate(person), "cédula física", "valid_without_check_digit")
    return _accepted("CR", cpj.validate(number), "cédula jurídica", "valid_without_check_digit")


def _accepted(country: str, number: str, kind: str, code: str = "valid_check_digit") -> TaxIdResult:
    shown = format_tax_id(country, number)
    return TaxIdResult("valid", number, shown, code, {"kind": kind, "tax_id": shown})


def _refused(code: str, **params: str) -> TaxIdResult:
    return TaxIdResult("invalid", "", "", code, params)


def _reason_of(fault: ValidationError) -> str:
    if isinstance(fault, InvalidChecksum):
        return "check_digit_wrong"
    if isinstance(fault, InvalidLength):
        return "length_wrong"
    return "component_wrong" if isinstance(fault, InvalidComponent) else "form_wrong"


def _format_cr(compact: str) -> str:
    if len(compact) != 10:
        return compact
    return str(cpf.format(compact) if compact[0] == "0" else cpj.format(compact))


def _format_mx(compact: str) -> str:
    return str(rfc.format(compact, separator="-"))


_CHECKS: Mapping[str, Callable[[str, str], TaxIdResult]] = {
    "CL": _check_cl,
    "CO": _check_co,
    "CR": _check_cr,
    "MX": _check_mx,
    "PE": _check_pe,
}
_FORMATS: Mapping[str, Callable[[str], str]] = {
    "CL": rut.format,
    "CO": nit.format,
    "CR": _format_cr,
    "MX": _format_mx,
}
