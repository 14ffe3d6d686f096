"""The reference tables: every row names its source and mark, and the values are those of the design."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from cohort import reference
from cohort.reference import Country
from cohort.rules.size import YearlyParameters
from cohort.rules.taxid import COUNTRIES

MARKS = {"found", "computed", "K", "K?", "design"}


@pytest.mark.parametrize("table", reference.TABLES)
def test_every_row_says_where_it_comes_from(table: str):
    kinds = reference.rows(table)
    rows = [row for kind in kinds.values() for row in kind]
    assert rows
    assert [row for row in rows if not row["source"] or row["mark"] not in MARKS] == []


def test_an_unknown_table_is_refused():
    with pytest.raises(LookupError, match="no reference table 'rates'; there are size, countries"):
        reference.rows("rates")


def test_countries():
    countries = reference.countries()
    assert sorted(countries) == sorted(COUNTRIES)
    assert countries["PE"] == Country(
        code="PE",
        names={"en": "Peru", "es": "Perú"},
        currency="PEN",
        minor_units=2,
        time_zone="America/Lima",
        calling_code="51",
        tax_id_label="RUC",
        membership="member",
        membership_as_of=date(2024, 12, 13),
        counts_as_origin=True,
        counts_as_destination=True,
        simplified_limit_usd=Decimal(7500),
        appeal_days=15,
    )
    costa_rica = countries["CR"]
    assert (costa_rica.membership, costa_rica.counts_as_origin, costa_rica.counts_as_destination) == (
        "candidate",
        False,
        False,
    )
    limits = {code: country.simplified_limit_usd for code, country in countries.items()}
    assert limits == {"CL": 2000, "CO": None, "MX": None, "PE": 7500, "CR": None}
    appeals = {code: country.appeal_days for code, country in countries.items()}
    assert appeals == {"CL": 5, "CO": 10, "MX": 15, "PE": 15, "CR": 3}
    assert countries["CL"].minor_units == 0


def test_channels_and_incoterms():
    channels = reference.channels()
    assert list(channels) == ["own_store", "marketplace", "social", "b2b_platform", "storefront"]
    assert all(channel.is_ecommerce for channel in channels.values())
    sea_only = [code for code, term in reference.incoterms().items() if term.is_sea_only]
    assert (len(reference.incoterms()), sea_only) == (11, ["FAS", "FOB", "CFR", "CIF"])


def test_only_the_notice_is_not_optional_and_every_country_has_its_own():
    bases = set()
    for country in COUNTRIES:
        for language in ("en", "es"):
            texts = reference.consent_texts(country, language)
            assert [code for code, text in texts.items() if not text.is_optional] == ["data_notice"]
            assert all(text.title and text.text and text.legal_basis for text in texts.values())
            bases.add(texts["data_notice"].legal_basis)
    assert len(bases) == 10


def test_a_country_without_an_addition_reads_the_common_text():
    common = reference.consent_texts("BR", "en")["cross_border_sharing"]
    colombian = reference.consent_texts("CO", "en")["cross_border_sharing"]
    assert colombian.text.startswith(f"{common.text} This is a transfer")
    assert (common.legal_basis, reference.consent_texts("CL", "en")["cross_border_sharing"]) == (
        "Your consent",
        common,
    )


def test_no_year_of_costa_rica_ships_and_one_may_be_added_as_rows():
    assert reference.size_rules()["CR"].parameters == {}
    added = tomllib.loads(
        """
        [[parameters]]
        country = "CR"
        year = 2015
        table = "industry"
        net_sales = "1000000000"
        assets = "625000000"
        """
    )
    rules = reference.size_rules_of({**reference.rows("size"), "parameters": tuple(added["parameters"])})
    expected = {2015: {"industry": YearlyParameters(Decimal(1_000_000_000), Decimal(625_000_000))}}
    assert rules["CR"] == replace(reference.size_rules()["CR"], parameters=expected)
    assert rules["CL"] == reference.size_rules()["CL"]
