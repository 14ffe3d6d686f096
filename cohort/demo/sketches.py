"""Draws the demo's firms from a seed: names, valid but invented tax ids, ownership, size and answers; stores nothing.

Nobody here is real: mail goes to a reserved domain, telephone numbers repeat one digit.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random

from stdnum.cl import rut
from stdnum.co import nit
from stdnum.mx import rfc
from stdnum.pe import ruc

from cohort.demo.words import CITIES, LEGAL_FORMS, MEN, PLACES, SURNAMES, TRADES, WOMEN, Trade

MAIL_DOMAIN = "demo.example.test"
OWNERSHIP_KINDS = ("owned", "led", "no", "unknown", "sole_woman", "sole_man", "couple_her", "couple_him")
OWNERSHIP_WEIGHTS = (22, 13, 40, 9, 5, 5, 3, 3)
WOMENS_KINDS = frozenset({"owned", "led", "sole_woman", "couple_her"})


@dataclass(frozen=True)
class Sketch:
    """One invented firm: who it is, what it says of itself on the form, and the points its file gets."""

    country: str
    number: int
    trade_name: str
    legal_name: str
    tax_id: str
    check_digit: str
    trade: Trade
    region: str
    city: str
    is_rural: bool
    owner: str
    email: str
    phone: str
    ownership: str
    points: float
    answers: dict[str, str] = field(default_factory=dict)


# Firms that a guide can point at: country, name, trade, kind of ownership, points.
NAMED = (
    ("CL", "Hilos del Sur", 0, "led", 94.2), ("CL", "Miel del Maule", 4, "owned", 90.4),
    ("CO", "Café Alto Nudo", 3, "no", 92.6), ("PE", "Tejidos Aymara", 0, "led", 91.1),
    ("PE", "Cacao Sierra Alta", 2, "no", 93.8), ("MX", "Papel Amate Lab", 10, "led", 89.7),
    ("MX", "Botica Herbal", 6, "led", 88.3), ("CO", "Cuero Vivo", 7, "no", 87.9),
)


def plain_letters(text: str) -> str:
    """Return text in small ASCII letters, for mail addresses.

    >>> plain_letters("Café Alto Nudo")
    'cafealtonudo'
    """
    apart = unicodedata.normalize("NFKD", text.lower())
    return "".join(sign for sign in apart if sign.isascii() and sign.isalnum())


def tax_id_of(country: str, number: int, is_person: bool = False) -> tuple[str, str]:
    """Return a tax number that passes its country's check, and the second box that Colombia has."""
    if country == "CL":
        base = str(79_900_000 + number)
        return base + rut.calc_check_digit(base), ""
    if country == "CO":
        base = str(901_990_000 + number)
        return base, nit.calc_check_digit(base)
    if country == "MX":
        base = f"XDE{10 + number % 10:02}{number // 10 % 12 + 1:02}{number // 120 % 28 + 1:02}{1 + number % 9}D"
        return base + rfc.calc_check_digit(base), ""
    if country == "PE":
        base = f"10{99_990_000 + number}" if is_person else f"20{99_900_000 + number}"
        return base + ruc.calc_check_digit(base), ""
    return f"3102{999_000 + number}", ""


def person_name(random: Random, country: str, is_woman: bool) -> str:
    """Return an invented first name with two surnames."""
    first, second = random.sample(SURNAMES[country], 2)
    return f"{random.choice(WOMEN if is_woman else MEN)} {first} {second}"


def draw_firms(random: Random, country: str, count: int, judged_on: date, *, start: int = 0) -> list[Sketch]:
    """Return `count` different firms of a country as they stand on `judged_on`, the named ones first when `start` is 0.

    `start` keeps the tax ids of several draws apart, and its names too.
    """
    sketches = []
    named = [each for each in NAMED if each[0] == country] if start == 0 else []
    names = _names(random, country)
    for _ in range(start):
        next(names)
    for place in range(start, start + count):
        if place - start < len(named):
            _country, name, trade, kind, points = named[place - start]
            sketches.append(_sketch(random, country, place, name, TRADES[trade], kind, judged_on, points))
            continue
        name, found = next(names)
        kind = random.choices(OWNERSHIP_KINDS, OWNERSHIP_WEIGHTS)[0]
        points = random.gauss(70.5 if kind in WOMENS_KINDS else 73.0, 9.0)
        sketches.append(_sketch(random, country, place, name, found, kind, judged_on, min(max(points, 35.0), 86.9)))
    return sketches


def _names(random: Random, country: str) -> Iterator[tuple[str, Trade]]:
    """Give names that differ, in an order that depends on the country alone, so that later draws go on where one ended."""
    pairs = [
        (f"{first} {place}", trade)
        for trade in TRADES if country in trade.countries.split() for first in trade.firsts for place in PLACES[country]
    ]
    Random(country).shuffle(pairs)
    yield from pairs


def _sketch(
    random: Random, country: str, number: int, name: str, trade: Trade, kind: str, judged_on: date, points: float
) -> Sketch:
    region, city = random.choice(CITIES[country])
    is_person = kind.startswith("sole")
    owner = person_name(random, country, kind in WOMENS_KINDS or random.random() < 0.15)
    tax_id, digit = tax_id_of(country, number, is_person)
    phone = f"{random.randint(0, 9)}" * 3
    sketch = Sketch(
        country=country, number=number, trade_name=name, tax_id=tax_id, check_digit=digit, trade=trade, region=region,
        legal_name=owner if is_person and country == "PE" else f"{name} {LEGAL_FORMS[country]}", city=city,
        is_rural=random.random() < 0.3, owner=owner, email=f"{plain_letters(name)}@{MAIL_DOMAIN}",
        phone=f"9 0000 0{phone}" if country != "CR" else f"8000 0{phone}", ownership=kind, points=points,
    )
    sketch.answers.update(_answers(random, sketch, judged_on, is_named=points > 87))
    return sketch


def _answers(random: Random, sketch: Sketch, judged_on: date, *, is_named: bool) -> dict[str, str]:
    """Return what the firm types into the form; a named one has nothing that keeps it out."""
    def chance(share: float) -> bool:
        return random.random() < share and not is_named

    months = random.randint(3, 11) if chance(0.04) else random.randint(14, 190)
    exports = str(random.randint(3, 9)) if chance(0.07) else random.choice(("0", "0", "1", "1", "2"))
    sales, employees = _size(random, sketch.country, is_large=chance(0.03))
    return {
        "company_name": sketch.legal_name, "contact_name": sketch.owner, "phone": sketch.phone,
        "product": sketch.trade.product, "travels": "neither" if chance(0.02) else _travels(sketch.trade),
        "sells_online": random.choices(("now", "soon", "no"), (70, 27, 0 if is_named else 3))[0],
        "founded_on": (judged_on - timedelta(days=round(months * 30.44))).isoformat(),
        "exports_count": "" if chance(0.03) else exports, "city": sketch.city,
        "sales_year": str(sales_year(judged_on)), "annual_sales": "" if chance(0.05) else str(sales),
        "employees": str(employees), "data_notice": "yes",
        "cross_border_sharing": "yes" if random.random() < 0.8 else "",
        "public_display": "yes" if random.random() < 0.7 else "",
        "whatsapp_contact": "yes" if random.random() < 0.75 else "",
        "email_news": "yes" if random.random() < 0.4 else "", **_ownership(random, sketch.ownership),
    }


def _travels(trade: Trade) -> str:
    return "digital" if trade.sector == "it_services" else "parcel"


def sales_year(judged_on: date) -> int:
    """Return the year of sales that a firm declares: the last one whose unit values all countries have on file."""
    return min(max(judged_on.year - 1, 2024), 2025)


# Yearly sales in local currency by size: what a micro, small, medium and large firm sells, least and most.
_SALES: dict[str, tuple[tuple[float, float], ...]] = {
    "CL": ((1.5e7, 8e7), (1.1e8, 8e8), (1.1e9, 3.5e9), (5e9, 9e9)),
    "CO": ((6e7, 9e8), (2.2e9, 5.5e9), (1.2e10, 2e10), (1.3e11, 2e11)),
    "MX": ((3e5, 3.5e6), (6e6, 7e7), (1.1e8, 2.2e8), (4e8, 8e8)),
    "PE": ((6e4, 7e5), (9e5, 8e6), (9.3e6, 1.15e7), (1.6e7, 4e7)),
    "CR": ((1e7, 6e7), (8e7, 4e8), (5e8, 9e8), (3e9, 6e9)),
}
_STAFF = ((1, 7), (8, 30), (40, 90), (280, 400))


def _size(random: Random, country: str, *, is_large: bool) -> tuple[int, int]:
    place = 3 if is_large else random.choices((0, 1, 2), (48, 42, 10))[0]
    least, most = _SALES[country][place]
    return round(random.uniform(least, most), -3).__int__(), random.randint(*_STAFF[place])


def _ownership(random: Random, kind: str) -> dict[str, str]:
    if kind.startswith("sole"):
        return {"form": "sole_trader", "owner_is_woman": "yes" if kind == "sole_woman" else "no"}
    if kind.startswith("couple"):
        return {"form": "couple", "woman_decides_alone": "yes" if kind == "couple_her" else "no"}
    company = {"form": "company", "independent": "yes", "board_total": "0"}
    if kind == "owned":
        share = random.choice((55, 60, 75, 100))
        return {**company, "women_ownership_pct": str(share), "women_control": "yes", "woman_signatory": "yes"}
    if kind == "led":
        share = random.choice((30, 40, 45, 50))
        return {**company, "women_ownership_pct": str(share), "women_control": "yes", "woman_signatory": "yes",
                "board_total": "3", "board_women": "1"}
    if kind == "no":
        share = random.choice((0, 0, 10, 20))
        return {**company, "women_ownership_pct": str(share), "women_control": "no", "woman_signatory": "no"}
    return {**company, "women_ownership_pct": "", "women_control": "", "woman_signatory": ""}
