"""Tax numbers: every vector of the five countries, and what each way of writing them leads to."""

from __future__ import annotations

import doctest

import pytest

from cohort.rules import taxid
from cohort.rules.taxid import (
    TaxIdResult,
    check_tax_id,
    format_tax_id,
    is_natural_person,
    masked,
    nit_check_digit,
)


def test_examples_in_docstrings():
    result = doctest.testmod(taxid)
    assert (result.failed, result.attempted) == (0, 7)


@pytest.mark.parametrize(
    ("country", "typed", "box", "compact", "formatted"),
    [
        ("CL", "12345678-5", None, "123456785", "12.345.678-5"),
        ("CL", "12.345.678-5", "", "123456785", "12.345.678-5"),
        ("CL", "11111111-1", None, "111111111", "11.111.111-1"),
        ("CL", "1000005-K", None, "1000005K", "1.000.005-K"),
        ("CL", "1000005-k", None, "1000005K", "1.000.005-K"),
        ("cl", " 01000005-K ", None, "1000005K", "1.000.005-K"),
        ("CL", "12345678", "5", "123456785", "12.345.678-5"),
        ("CL", "12345678-5", "5", "123456785", "12.345.678-5"),
        ("CL", "123456785", "5", "123456785", "12.345.678-5"),
        ("CO", "900123456-8", None, "9001234568", "900.123.456-8"),
        ("CO", "900.123.456 - 8", None, "9001234568", "900.123.456-8"),
        ("CO", "900123456", "8", "9001234568", "900.123.456-8"),
        ("CO", "900123456-8", "8", "9001234568", "900.123.456-8"),
        ("CO", "9001234568", "8", "9001234568", "900.123.456-8"),
        ("CO", "9001234568", None, "9001234568", "900.123.456-8"),
        ("CO", "900 123 456 -— 8", None, "9001234568", "900.123.456-8"),
        ("CO", "1012345678", "9", "10123456789", "1.012.345.678-9"),
        ("CO", "1012345678-9", None, "10123456789", "1.012.345.678-9"),
        ("MX", "CPA190301AB0", None, "CPA190301AB0", "CPA-190301-AB0"),
        ("MX", "TAL 220830 QW3", None, "TAL220830QW3", "TAL-220830-QW3"),
        ("MX", "pegj-800101-ab6", None, "PEGJ800101AB6", "PEGJ-800101-AB6"),
        ("PE", "20123456786", None, "20123456786", "20123456786"),
        ("PE", "20-12345678-6", None, "20123456786", "20123456786"),
        ("PE", "10123456781", None, "10123456781", "10123456781"),
        ("PE", "17123456785", None, "17123456785", "17123456785"),
        ("CR", "3-101-999999", None, "3101999999", "3-101-999999"),
        ("CR", "4-000-123456", None, "4000123456", "4-000-123456"),
        ("CR", "5001123456", None, "5001123456", "5-001-123456"),
        ("CR", "1-613-584", None, "0106130584", "01-0613-0584"),
        ("CR", "3-1013-2541", None, "0310132541", "03-1013-2541"),
        ("CR", "701610395", None, "0701610395", "07-0161-0395"),
        ("CR", "155812994816", None, "155812994816", "155812994816"),
    ],
)
def test_valid(country: str, typed: str, box: str | None, compact: str, formatted: str):
    result = check_tax_id(country, typed, box)
    assert (result.status, result.compact, result.formatted) == ("valid", compact, formatted)
    code = "valid_without_check_digit" if country == "CR" else "valid_check_digit"
    kinds = {"CL": "RUT", "CO": "NIT", "MX": "RFC", "PE": "RUC"}
    assert result.note_code == code
    assert result.params["tax_id"] == formatted
    assert result.params["kind"] == kinds.get(country.upper(), result.params["kind"])


@pytest.mark.parametrize(
    ("country", "typed", "box", "code"),
    [
        ("CL", "12345678-K", None, "check_digit_wrong"),
        ("CL", "12345678-5", "4", "check_digit_differs"),
        ("CL", "12345678", "4", "check_digit_differs"),
        ("CL", "123-4", None, "length_wrong"),
        ("CL", "1234567A-5", None, "form_wrong"),
        ("CO", "900123456", None, "co_check_digit_missing"),
        ("CO", "1012345678", None, "co_check_digit_missing"),
        ("CO", "9001234567", None, "check_digit_wrong"),
        ("CO", "9001234568", "7", "check_digit_wrong"),
        ("CO", "900123456", "7", "check_digit_wrong"),
        ("CO", "900123456-8", "7", "check_digit_differs"),
        ("CO", "900123456", "88", "length_wrong"),
        ("CO", "900123456", "K", "form_wrong"),
        ("CO", "1012345679", "9", "check_digit_wrong"),
        ("CO", "900123456-7", None, "check_digit_wrong"),
        ("MX", "XAXX010101000", None, "mx_generic"),
        ("MX", "xexx010101000", None, "mx_generic"),
        ("MX", "COMG600703", None, "mx_without_homoclave"),
        ("MX", "CPA191301AB0", None, "component_wrong"),
        ("MX", "CPA190301A", None, "mx_without_homoclave"),
        ("MX", "CPA190301AB", None, "length_wrong"),
        ("MX", "1PA190301AB0", None, "form_wrong"),
        ("PE", "16123456789", None, "component_wrong"),
        ("PE", "20123456780", None, "check_digit_wrong"),
        ("PE", "2012345678", None, "length_wrong"),
        ("CR", "3-534-123559", None, "component_wrong"),
        ("CR", "310132541", None, "cr_nine_digits"),
        ("CR", "255812994816", None, "component_wrong"),
        ("CR", "31013", None, "length_wrong"),
        ("PE", "2,01235E+10", None, "tax_id_exponent"),
        ("CL", "  ", None, "tax_id_missing"),
        ("", "12345678-5", None, "country_missing"),
        ("BR", "12345678-5", None, "country_unsupported"),
    ],
)
def test_invalid(country: str, typed: str, box: str | None, code: str):
    result = check_tax_id(country, typed, box)
    assert (result.status, result.compact, result.formatted) == ("invalid", "", "")
    assert result.note_code == code


@pytest.mark.parametrize("number", ["CPA190301AB9", "PEGJ800101AB7", "CPA1903010B0"])
def test_a_mexican_check_digit_that_fails_is_a_warning_to_confirm(number: str):
    result = check_tax_id("MX", number)
    assert result == TaxIdResult(
        "warning", number, format_tax_id("MX", number), "mx_check_digit_unsure", {"tax_id": number}
    )


@pytest.mark.parametrize(
    ("country", "compact", "is_person", "shown"),
    [
        ("CL", "123456785", True, "••••••785"),
        ("CL", "520005439", False, "52.000.543-9"),
        ("CO", "9001234568", False, "900.123.456-8"),
        ("CO", "10123456789", True, "••••••••789"),
        ("CO", "7001234561", True, "•••••••561"),
        ("MX", "CPA190301AB0", False, "CPA-190301-AB0"),
        ("MX", "PEGJ800101AB6", True, "••••••••••AB6"),
        ("PE", "20123456786", False, "20123456786"),
        ("PE", "17123456785", True, "••••••••785"),
        ("CR", "3101999999", False, "3-101-999999"),
        ("CR", "0106130584", True, "•••••••584"),
        ("CR", "155812994816", True, "•••••••••816"),
        ("BR", "12", True, "12"),
    ],
)
def test_a_persons_number_is_masked_in_lists(country: str, compact: str, is_person: bool, shown: str):
    assert is_natural_person(country, compact) is is_person
    assert masked(country, compact) == shown


def test_check_digit_of_a_nit_wants_digits_alone():
    assert [nit_check_digit(base) for base in ("860003563", "890302629", "890700058")] == ["9", "8", "1"]
    with pytest.raises(ValueError, match=r"1 to 15 digits, not '860\.003\.563'"):
        nit_check_digit("860.003.563")
