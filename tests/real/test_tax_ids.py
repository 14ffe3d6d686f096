"""Tax numbers in use (beside the checkout, when they are there): none is refused, and a changed digit is."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

from cohort.rules.taxid import check_tax_id, nit_check_digit

REAL_DATA = Path(__file__).parents[2].parent / "shared" / "data"


def rows_of(name: str) -> list[dict[str, str]]:
    path = REAL_DATA / name
    if not path.exists():
        print(f"{path} is not here: nothing to compare with")
        return []
    with path.open(encoding="utf-8", newline="") as opened:
        return list(csv.DictReader(opened))


def test_no_number_in_use_is_refused_and_54_rfcs_want_a_persons_eye():
    rows = rows_of("company_tax_ids/tax_ids.csv")
    verdicts = Counter((row["country"], check_tax_id(row["country"], row["as_found"]).status) for row in rows)
    expected = {
        ("CL", "valid"): 80,
        ("CO", "valid"): 120,
        ("CR", "valid"): 134,
        ("MX", "valid"): 180,
        ("MX", "warning"): 54,
        ("PE", "valid"): 52,
    }
    assert dict(verdicts) == (expected if rows else {})


def test_the_stored_form_is_the_same_however_it_was_written():
    for row in rows_of("company_tax_ids/tax_ids.csv"):
        assert check_tax_id(row["country"], row["as_found"]).compact == row["compact"]


def test_a_changed_last_digit_is_refused():
    for row in rows_of("company_tax_ids/tax_ids.csv"):
        if row["id_type"] not in ("RUT", "NIT", "RUC"):
            continue
        base, right = row["compact"][:-1], row["compact"][-1]
        joint = "-" if row["id_type"] == "NIT" else ""
        for digit in set("0123456789") - {right}:
            result = check_tax_id(row["country"], f"{base}{joint}{digit}")
            assert (result.status, result.note_code) == ("invalid", "check_digit_wrong")


def test_a_nit_without_its_check_digit_is_refused_and_taken_with_it_in_its_own_box():
    for row in rows_of("company_tax_ids/tax_ids.csv"):
        if row["id_type"] == "NIT":
            base, digit = row["compact"][:-1], row["compact"][-1]
            assert check_tax_id("CO", base).note_code == "co_check_digit_missing"
            assert check_tax_id("CO", base, digit).compact == row["compact"]


def test_check_digits_of_505_colombian_companies():
    bases = sorted({row["nit"] for row in rows_of("companies_co_dirty/companies.csv")})
    digits = {base: nit_check_digit(base) for base in bases}
    statuses = Counter(check_tax_id("CO", base, digit).status for base, digit in digits.items())
    found = (sum(map(int, digits.values())), dict(statuses))
    assert found == ((2146, {"valid": 505}) if bases else (0, {}))
