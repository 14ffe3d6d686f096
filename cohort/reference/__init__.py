"""Holds the dated reference tables that ship with the software, from sizes and countries to the rubric and the diagnostic.

It leaves out every decision: rules take these values as arguments, and an installation's own policies are rows
of its database. A leaf: any layer but `rules` may read it.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any, Literal

from cohort.rules.size import Caps, Sector, SizeRule, YearlyParameters

Language = Literal["en", "es"]
Row = Mapping[str, Any]
TABLES = ("size", "countries", "channels", "incoterms", "consents", "seals", "rubric", "diagnostic")


@dataclass(frozen=True)
class Country:
    """One country of the plan; amounts in US dollars, `appeal_days` in working days, None where none is set."""

    code: str
    names: Mapping[Language, str]
    currency: str
    minor_units: int
    time_zone: str
    calling_code: str
    tax_id_label: str
    membership: Literal["member", "candidate"]
    membership_as_of: date
    counts_as_origin: bool
    counts_as_destination: bool
    simplified_limit_usd: Decimal | None
    appeal_days: int


@dataclass(frozen=True)
class Channel:
    """One way to sell, under the code that files and forms use."""

    code: str
    names: Mapping[Language, str]
    is_ecommerce: bool
    examples: tuple[str, ...]


@dataclass(frozen=True)
class Incoterm:
    """One of the Incoterms 2020."""

    code: str
    names: Mapping[Language, str]
    is_sea_only: bool


@dataclass(frozen=True)
class ConsentText:
    """What a person reads for one purpose, in one language, under the law of one country."""

    purpose: str
    version: str
    is_optional: bool
    title: str
    text: str
    legal_basis: str


@dataclass(frozen=True)
class Seal:
    """A country's seal for women's businesses, and the ownership profiles that name it."""

    country: str
    name: str
    issuer: str
    profiles: frozenset[str]


@dataclass(frozen=True)
class ReadyCriterion:
    """One criterion of the ready rubric: weight in percent, and by language what each mark from 0 to 5 means."""

    code: str
    weight: int
    names: Mapping[Language, str]
    anchors: tuple[Mapping[Language, str], ...]


@dataclass(frozen=True)
class DiagnosticArea:
    """One area of a firm's diagnostic, and by language what each mark from 1 to 5 means."""

    code: str
    names: Mapping[Language, str]
    anchors: tuple[Mapping[Language, str], ...]


@cache
def rows(table: str) -> Mapping[str, tuple[Row, ...]]:
    """Return the raw rows of one table by kind, each with `source` and `mark`, for pages that show sources."""
    if table not in TABLES:
        raise LookupError(f"no reference table {table!r}; there are {', '.join(TABLES)}")
    text = files(__name__).joinpath(f"{table}.toml").read_text("utf-8")
    return MappingProxyType({kind: tuple(found) for kind, found in tomllib.loads(text).items()})


@cache
def countries() -> Mapping[str, Country]:
    """Return the countries of the plan by code, in the order of their table."""
    found = rows("countries")
    standing = {row["country"]: row for row in found["membership"]}
    limit = {row["country"]: Decimal(row["usd"]) for row in found["simplified_limit"]}
    appeal = {row["country"]: int(row["working_days"]) for row in found["appeal"]}
    return MappingProxyType(
        {
            row["code"]: Country(
                code=row["code"],
                names=_names(row, "name"),
                currency=row["currency"],
                minor_units=row["minor_units"],
                time_zone=row["time_zone"],
                calling_code=row["calling_code"],
                tax_id_label=row["tax_id_label"],
                membership=standing[row["code"]]["status"],
                membership_as_of=standing[row["code"]]["as_of"],
                counts_as_origin=standing[row["code"]]["counts_as_origin"],
                counts_as_destination=standing[row["code"]]["counts_as_destination"],
                simplified_limit_usd=limit.get(row["code"]),
                appeal_days=appeal[row["code"]],
            )
            for row in found["country"]
        }
    )


@cache
def size_rules() -> Mapping[str, SizeRule]:
    """Return the size rule of each country by code, for `cohort.rules.size.classify_size`."""
    return size_rules_of(rows("size"))


def size_rules_of(found: Mapping[str, tuple[Row, ...]]) -> Mapping[str, SizeRule]:
    """Return the size rules that a table of `size.toml`'s kinds of rows holds, by country code."""
    return MappingProxyType({row["country"]: _size_rule(row, found) for row in found["rule"]})


@cache
def channels() -> Mapping[str, Channel]:
    """Return the sales channels by code."""
    return MappingProxyType(
        {
            row["code"]: Channel(
                row["code"], _names(row, "name"), row["is_ecommerce"], tuple(row["examples"])
            )
            for row in rows("channels")["channel"]
        }
    )


@cache
def incoterms() -> Mapping[str, Incoterm]:
    """Return the Incoterms 2020 by code."""
    return MappingProxyType(
        {
            row["code"]: Incoterm(row["code"], _names(row, "name"), row["is_sea_only"])
            for row in rows("incoterms")["incoterm"]
        }
    )


@cache
def seals(country: str) -> tuple[Seal, ...]:
    """Return the seals for women's businesses that a country gives, none for a country without one."""
    return tuple(
        Seal(row["country"], row["name"], row["issuer"], frozenset(row["profiles"]))
        for row in rows("seals")["seal"] if row["country"] == country
    )


@cache
def rubric() -> tuple[ReadyCriterion, ...]:
    """Return the ready rubric in its order; the weights sum to 100."""
    return tuple(
        ReadyCriterion(row["code"], row["weight"], _names(row, "name"), _anchors(row)) for row in rows("rubric")["criterion"]
    )


@cache
def diagnostic() -> tuple[DiagnosticArea, ...]:
    """Return the seven areas of a firm's diagnostic in their order; each has five anchors, that of mark 1 first."""
    return tuple(DiagnosticArea(row["code"], _names(row, "name"), _anchors(row)) for row in rows("diagnostic")["area"])


@cache
def consent_texts(country: str, language: Language) -> Mapping[str, ConsentText]:
    """Return every purpose's text by code for a country's law: the common text, then what the law adds.

    A country without an addition reads the common text alone.
    """
    found = rows("consents")
    additions = {row["purpose"]: row for row in found["addition"] if row["country"] == country}
    return MappingProxyType(
        {row["code"]: _consent_text(row, additions.get(row["code"]), language) for row in found["purpose"]}
    )


def _consent_text(row: Row, addition: Row | None, language: Language) -> ConsentText:
    text = row[f"text_{language}"]
    if addition is not None:
        text = f"{text} {addition[f'text_{language}']}"
    return ConsentText(
        purpose=row["code"],
        version=row["version"],
        is_optional=row["is_optional"],
        title=row[f"title_{language}"],
        text=text,
        legal_basis=(addition or row)[f"legal_basis_{language}"],
    )


def _size_rule(row: Row, found: Mapping[str, tuple[Row, ...]]) -> SizeRule:
    country = row["country"]
    caps = [cap for cap in found["caps"] if cap["country"] == country]
    sector_tables: dict[Sector, str] = {sector: cap["table"] for cap in caps for sector in cap["sectors"]}
    parameters: dict[int, dict[str, YearlyParameters]] = {}
    for line in found.get("parameters", ()):
        if line["country"] == country:
            held = parameters.setdefault(line["year"], {})
            held[line["table"]] = YearlyParameters(Decimal(line["net_sales"]), Decimal(line["assets"]))
    return SizeRule(
        country=country,
        version=row["version"],
        method=row["method"],
        tables={cap["table"]: _caps(cap) for cap in caps},
        sector_tables=sector_tables,
        unit=row["unit"],
        unit_values={
            line["year"]: Decimal(line["value"]) for line in found["unit_value"] if line["country"] == country
        },
        weights=_decimals(row.get("weights", {})),
        staff_bases=_decimals(row.get("staff_bases", {})),
        parameters=parameters,
    )


def _caps(row: Row) -> Caps:
    return Caps(Decimal(row["micro"]), Decimal(row["small"]), Decimal(row["medium"]))


def _decimals(texts: Mapping[str, str]) -> dict[str, Decimal]:
    return {name: Decimal(text) for name, text in texts.items()}


def _anchors(row: Row) -> tuple[Mapping[Language, str], ...]:
    return tuple(MappingProxyType({"es": es, "en": en})
                 for es, en in zip(row["anchors_es"], row["anchors_en"], strict=True))


def _names(row: Row, stem: str) -> Mapping[Language, str]:
    return MappingProxyType({"en": row[f"{stem}_en"], "es": row[f"{stem}_es"]})
