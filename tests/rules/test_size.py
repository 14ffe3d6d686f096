"""Size classes: every vector of the five countries' rules, with the tables that ship."""

from __future__ import annotations

import doctest
from dataclasses import replace
from decimal import Decimal

import pytest

from cohort.reference import size_rules
from cohort.rules import size
from cohort.rules.size import SizeFacts, SizeResult, YearlyParameters, classify_size, main_sector

RULES = size_rules()


def test_examples_in_docstrings():
    result = doctest.testmod(size)
    assert (result.failed, result.attempted) == (0, 1)


@pytest.mark.parametrize(
    ("country", "sector", "sales", "year", "size_class", "figure"),
    [
        ("CL", None, "90000000", 2024, "micro", "2342.73"),
        ("CL", "commerce", "95347200", 2025, "small", "2400.002"),
        ("CL", None, "95347104", 2025, "micro", "2400.00"),
        ("CL", None, "2000000000", 2025, "medium", "50342.38"),
        ("CL", None, "4100000000", 2025, "large", "103201.88"),
        ("CL", None, "0", 2023, "micro", "0.00"),
        ("CO", "manufacturing", "1100000000", 2025, "micro", "22088.80"),
        ("CO", "services", "1700000000", 2025, "small", "34137.23"),
        ("CO", "services", "25000000000", 2025, "large", "502018.11"),
        ("CO", "commerce", "20000000000", 2025, "small", "401614.49"),
        ("CO", "it_services", "1700000000", 2025, "small", "34137.23"),
        ("CO", "industry", "1700000000", 2025, "small", "34137.23"),
        ("CO", "other", "1700000000", 2025, "small", "34137.23"),
        ("CO", None, "100", 2026, "micro", "0.00"),
        ("PE", None, "802500.00", 2025, "micro", "150.00"),
        ("PE", None, "802500.01", 2025, "small", "150.000002"),
        ("PE", "services", "9000000", 2025, "small", "1682.24"),
        ("PE", None, "12400000", 2026, "medium", "2254.55"),
        ("PE", None, "12700000", 2026, "large", "2309.09"),
    ],
)
def test_sales_in_units(
    country: str, sector: size.Sector | None, sales: str, year: int, size_class: str, figure: str
):
    rule = RULES[country]
    result = classify_size(SizeFacts(sector=sector, annual_sales=Decimal(sales), sales_year=year), rule)
    assert (result.size_class, result.figure) == (size_class, Decimal(figure))
    assert (result.unit_value, result.unit_year) == (rule.unit_values[year], year)
    assert result.rule_version == rule.version


def test_a_result_says_what_decided_it():
    facts = SizeFacts(sector="services", annual_sales=Decimal("25000000000"), sales_year=2025)
    assert classify_size(facts, RULES["CO"]) == SizeResult(
        "large",
        "units_above",
        {
            "figure": "502018.11",
            "bound": "483034",
            "unit": "UVT",
            "year": "2025",
            "unit_value": "49799",
        },
        "CO Decreto 957/2019",
        Decimal("502018.11"),
        Decimal(49799),
        2025,
    )


@pytest.mark.parametrize(
    ("sector", "workers", "sales_millions", "size_class", "score"),
    [
        ("commerce", 10, "4.0", "micro", "4.60"),
        ("commerce", 12, "3.9", "small", "4.71"),
        ("industry", 200, "200", "medium", "200.00"),
        ("commerce", 35, "260", "large", "237.50"),
        ("industry", 251, "249.9", "large", "250.01"),
        ("manufacturing", 250, "250", "medium", "250.00"),
        ("services", 30, "100", "small", "93.00"),
        ("commerce", 31, "100", "medium", "93.10"),
        ("it_services", 100, "250", "medium", "235.00"),
        (None, 10, "4.0", "micro", "4.60"),
    ],
)
def test_mexico(sector: size.Sector | None, workers: int, sales_millions: str, size_class: str, score: str):
    sales = Decimal(sales_millions) * 1_000_000
    result = classify_size(SizeFacts(sector, Decimal(workers), sales), RULES["MX"])
    assert (result.size_class, result.figure) == (size_class, Decimal(score))
    assert (result.unit_value, result.unit_year) == (None, None)
    assert result.note_code == ("score_above" if size_class == "large" else "score_up_to")


BASE_VALUES = {
    "industry": YearlyParameters(Decimal(1_000_000_000), Decimal(625_000_000)),
    "commerce_services": YearlyParameters(Decimal(2_000_000_000), Decimal(1_250_000_000)),
    "it_services": YearlyParameters(Decimal(2_000_000_000), Decimal(1_250_000_000)),
}
COSTA_RICA = replace(RULES["CR"], parameters={2015: BASE_VALUES})


@pytest.mark.parametrize(
    ("sector", "staff", "sales_millions", "assets_millions", "size_class", "score"),
    [
        ("industry", 5, 60, 30, "micro", "5.28"),
        ("industry", 25, 250, 125, "small", "24.50"),
        ("manufacturing", 90, 800, 500, "medium", "86.00"),
        ("commerce", 30, 2000, 1250, "medium", "100.00"),
        ("services", 33, 2100, 1300, "large", "107.90"),
        ("it_services", 25, 1000, 625, "medium", "50.00"),
    ],
)
def test_costa_rica_with_the_base_values(
    sector: size.Sector,
    staff: int,
    sales_millions: int,
    assets_millions: int,
    size_class: str,
    score: str,
):
    name = "fixed_assets" if sector in ("industry", "manufacturing") else "total_assets"
    facts = SizeFacts(sector, Decimal(staff), Decimal(sales_millions * 1_000_000), 2015)
    result = classify_size(replace(facts, **{name: Decimal(assets_millions * 1_000_000)}), COSTA_RICA)
    assert (result.size_class, result.figure, result.unit_year) == (size_class, Decimal(score), 2015)


SALES = Decimal(1_000_000_000)


@pytest.mark.parametrize(
    ("country", "facts", "code", "params"),
    [
        ("CL", SizeFacts(), "facts_missing", {"facts": "annual_sales sales_year"}),
        ("CL", SizeFacts(annual_sales=SALES), "facts_missing", {"facts": "sales_year"}),
        (
            "CL",
            SizeFacts(annual_sales=SALES, sales_year=2022),
            "unit_value_missing",
            {"country": "CL", "unit": "UF", "year": "2022"},
        ),
        (
            "PE",
            SizeFacts(annual_sales=SALES, sales_year=2027),
            "unit_value_missing",
            {"country": "PE", "unit": "UIT", "year": "2027"},
        ),
        (
            "CO",
            SizeFacts(annual_sales=Decimal(1_700_000_000), sales_year=2025),
            "facts_missing",
            {"facts": "sector"},
        ),
        ("MX", SizeFacts("commerce"), "facts_missing", {"facts": "annual_sales employees"}),
        (
            "MX",
            SizeFacts("other", Decimal(3), SALES),
            "sector_without_table",
            {"country": "MX", "sector": "other"},
        ),
        (
            "CR",
            SizeFacts("industry", Decimal(5), SALES, 2025, fixed_assets=SALES),
            "parameters_missing",
            {"country": "CR", "unit": "", "year": "2025"},
        ),
        ("CR", SizeFacts(), "facts_missing", {"facts": "annual_sales sales_year employees sector"}),
    ],
)
def test_unknown_with_its_reason(country: str, facts: SizeFacts, code: str, params: dict[str, str]):
    result = classify_size(facts, RULES[country])
    assert (result.size_class, result.note_code, result.params) == ("unknown", code, params)
    assert (result.figure, result.unit_value) == (None, None)


@pytest.mark.parametrize(("sector", "missing"), [("industry", "fixed_assets"), ("services", "total_assets")])
def test_costa_rica_names_the_assets_that_its_formula_wants(sector: size.Sector, missing: str):
    result = classify_size(SizeFacts(sector, Decimal(5), SALES, 2015), COSTA_RICA)
    assert (result.note_code, result.params) == ("facts_missing", {"facts": missing})


def test_the_sector_of_highest_income_decides():
    assert (
        main_sector({"services": Decimal(3), "manufacturing": Decimal(3), "commerce": Decimal(2)})
        == "services"
    )
    with pytest.raises(ValueError, match="empty"):
        main_sector({})
