"""Decides a firm's size class (micro, small, medium, large) by its country's rule and the year's unit value.

It leaves out the figures themselves: caps, unit values and yearly parameters come in as a dated `SizeRule`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Literal, TypeVar

SizeClass = Literal["micro", "small", "medium", "large", "unknown"]
Sector = Literal["manufacturing", "industry", "commerce", "services", "it_services", "other"]
Method = Literal["sales_in_units", "workers_and_sales", "staff_sales_assets"]
SECTORS: tuple[Sector, ...] = ("manufacturing", "industry", "commerce", "services", "it_services", "other")

_Fact = TypeVar("_Fact")


@dataclass(frozen=True)
class SizeFacts:
    """What a firm states; None is not known. Money in local currency for the year `sales_year`."""

    sector: Sector | None = None
    employees: Decimal | None = None
    annual_sales: Decimal | None = None
    sales_year: int | None = None
    fixed_assets: Decimal | None = None
    total_assets: Decimal | None = None


@dataclass(frozen=True)
class Caps:
    """The greatest figure that is still micro, small and medium: each bound belongs to the smaller class."""

    micro: Decimal
    small: Decimal
    medium: Decimal


@dataclass(frozen=True)
class YearlyParameters:
    """What divides net sales (VAN) and assets (AFE or ATE) in Costa Rica's formula, in colones."""

    net_sales: Decimal
    assets: Decimal


@dataclass(frozen=True)
class SizeRule:
    """One country's rule, dated and named by `version`.

    `tables` maps each of the rule's own tables to its caps and `sector_tables` each sector to its table.
    `unit_values` holds the yearly unit (UF, UVT, UIT) in local currency. `weights` are those of a formula,
    `staff_bases` and `parameters` (by year, then table) are used by Costa Rica's alone.
    """

    country: str
    version: str
    method: Method
    tables: Mapping[str, Caps]
    sector_tables: Mapping[Sector, str]
    unit: str = ""
    unit_values: Mapping[int, Decimal] = field(default_factory=dict)
    weights: Mapping[str, Decimal] = field(default_factory=dict)
    staff_bases: Mapping[str, Decimal] = field(default_factory=dict)
    parameters: Mapping[int, Mapping[str, YearlyParameters]] = field(default_factory=dict)


@dataclass(frozen=True)
class SizeResult:
    """The class with what decided it: `figure` is the amount in units or the score, rounded to be shown."""

    size_class: SizeClass
    note_code: str
    params: Mapping[str, str]
    rule_version: str
    figure: Decimal | None = None
    unit_value: Decimal | None = None
    unit_year: int | None = None


def classify_size(facts: SizeFacts, rule: SizeRule) -> SizeResult:
    """Return the firm's size class under `rule`; `unknown` with its reason when a fact or value is missing.

    Bounds are inclusive and compared exactly, before any rounding. Without a sector the class is given only
    when every table of the country gives the same one. A year without its unit value or parameters is never
    replaced by another year's. Sources: Ley 20.416 (CL), Decreto 957/2019 (CO), DOF 30-Jun-2009 (MX),
    DS 013-2013-PRODUCE (PE), Decreto 39295-MEIC (CR); domain.md §3.
    """
    gap = _missing_value(facts, rule)
    if gap is not None:
        return gap
    missing = _missing_facts(facts, rule)
    if missing:
        return SizeResult("unknown", "facts_missing", {"facts": " ".join(missing)}, rule.version)
    if facts.sector is not None and facts.sector not in rule.sector_tables:
        params = {"country": rule.country, "sector": facts.sector}
        return SizeResult("unknown", "sector_without_table", params, rule.version)
    tables = set(rule.tables) if facts.sector is None else {rule.sector_tables[facts.sector]}
    results = [_in_table(facts, rule, table) for table in sorted(tables)]
    if len({result.size_class for result in results}) > 1:
        return SizeResult("unknown", "facts_missing", {"facts": "sector"}, rule.version)
    return results[0]


def main_sector(income_by_sector: Mapping[Sector, Decimal]) -> Sector:
    """Return the sector of highest income, whose table decides in Colombia; of two equal ones the first given.

    Errors: ValueError when there is none. Source: Decreto 957/2019, domain.md §3.

    >>> main_sector({"services": Decimal(10), "commerce": Decimal(11)})
    'commerce'
    """
    return max(income_by_sector, key=lambda sector: income_by_sector[sector])


def _missing_facts(facts: SizeFacts, rule: SizeRule) -> list[str]:
    needed: dict[str, object] = {"annual_sales": facts.annual_sales}
    if rule.method != "workers_and_sales":
        needed["sales_year"] = facts.sales_year
    if rule.method != "sales_in_units":
        needed["employees"] = facts.employees
    if rule.method == "staff_sales_assets":
        needed["sector"] = facts.sector
    if rule.method == "staff_sales_assets" and facts.sector is not None:
        needed |= _assets_of(facts, rule.sector_tables.get(facts.sector, ""))
    return [name for name, fact in needed.items() if fact is None]


def _assets_of(facts: SizeFacts, table: str) -> dict[str, Decimal | None]:
    """Industry is measured by its fixed assets, all others by their total assets (Decreto 39295-MEIC)."""
    if table == "industry":
        return {"fixed_assets": facts.fixed_assets}
    return {"total_assets": facts.total_assets}


def _missing_value(facts: SizeFacts, rule: SizeRule) -> SizeResult | None:
    """A result that says which year's value is not on file; None when there, not needed or yearless."""
    by_parameters = rule.method == "staff_sales_assets"
    held: Mapping[int, object] = rule.parameters if by_parameters else rule.unit_values
    if rule.method == "workers_and_sales" or facts.sales_year is None or facts.sales_year in held:
        return None
    code = "parameters_missing" if by_parameters else "unit_value_missing"
    params = {"country": rule.country, "unit": rule.unit, "year": str(facts.sales_year)}
    return SizeResult("unknown", code, params, rule.version, unit_year=facts.sales_year)


def _in_table(facts: SizeFacts, rule: SizeRule, table: str) -> SizeResult:
    exact = _FIGURES[rule.method](facts, rule, table)
    size_class, bound = _class_of(exact, rule.tables[table])
    figure = _shown(exact, rule.tables[table])
    params = {"figure": str(figure), "bound": str(bound), "unit": rule.unit}
    code = "above" if size_class == "large" else "up_to"
    if rule.method == "workers_and_sales":
        return SizeResult(size_class, f"score_{code}", params, rule.version, figure)
    year = _given(facts.sales_year)
    params["year"] = str(year)
    if rule.method == "staff_sales_assets":
        return SizeResult(size_class, f"score_{code}", params, rule.version, figure, unit_year=year)
    unit_value = rule.unit_values[year]
    params["unit_value"] = str(unit_value)
    return SizeResult(size_class, f"units_{code}", params, rule.version, figure, unit_value, year)


def _class_of(figure: Fraction, caps: Caps) -> tuple[SizeClass, Decimal]:
    if figure <= caps.micro:
        return "micro", caps.micro
    if figure <= caps.small:
        return "small", caps.small
    return ("medium" if figure <= caps.medium else "large"), caps.medium


def _shown(exact: Fraction, caps: Caps) -> Decimal:
    """Two places, half up; more where two would show a figure on the other side of a bound."""
    places = 2
    while True:
        scaled = exact * 10**places
        nearest = (2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)
        if _class_of(Fraction(nearest, 10**places), caps) == _class_of(exact, caps):
            return Decimal(nearest).scaleb(-places)
        places += 1


def _in_units(facts: SizeFacts, rule: SizeRule, _table: str) -> Fraction:
    return _exact(facts.annual_sales) / _exact(rule.unit_values[_given(facts.sales_year)])


def _workers_and_sales(facts: SizeFacts, rule: SizeRule, _table: str) -> Fraction:
    sales_in_millions = _exact(facts.annual_sales) / 1_000_000
    weights = rule.weights
    return (
        _exact(weights["workers"]) * _exact(facts.employees)
        + _exact(weights["sales_in_millions"]) * sales_in_millions
    )


def _staff_sales_assets(facts: SizeFacts, rule: SizeRule, table: str) -> Fraction:
    base = rule.parameters[_given(facts.sales_year)][table]
    (assets,) = _assets_of(facts, table).values()
    parts = {
        "staff": _exact(facts.employees) / _exact(rule.staff_bases[table]),
        "net_sales": _exact(facts.annual_sales) / _exact(base.net_sales),
        "assets": _exact(assets) / _exact(base.assets),
    }
    return 100 * sum((_exact(rule.weights[name]) * part for name, part in parts.items()), Fraction(0))


def _exact(amount: Decimal | None) -> Fraction:
    return Fraction(_given(amount))


def _given(fact: _Fact | None) -> _Fact:
    assert fact is not None, "_missing_facts lets no firm pass whose needed facts are unknown"
    return fact


_FIGURES: Mapping[Method, Callable[[SizeFacts, SizeRule, str], Fraction]] = {
    "sales_in_units": _in_units,
    "workers_and_sales": _workers_and_sales,
    "staff_sales_assets": _staff_sales_assets,
}
