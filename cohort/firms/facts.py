"""Holds what callers hand to the services of this room, as typed facts; it checks nothing and stores nothing.

Ownership and size facts are those of `rules.parity` and `rules.size`, so that no fact is named twice.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, kw_only=True)
class FirmProfile:
    """What a firm says of itself and may change at any time; None and empty text are not known."""

    legal_name: str
    trade_name: str = ""
    sector: str = ""
    region: str = ""
    city: str = ""
    is_rural: bool | None = None
    founded_on: date | None = None
    sells_online: bool | None = None
    product: str = ""
    web_address: str = ""
    owner_group: str = ""


@dataclass(frozen=True, kw_only=True)
class NewFirm(FirmProfile):
    """A firm to be registered: its profile, its country and its tax id as typed.

    `check_digit` is the second box of a Colombian NIT. `confirmed` says that a person read a doubtful tax id
    back and stands by it.
    """

    country: str
    tax_id: str
    check_digit: str = ""
    confirmed: bool = False


@dataclass(frozen=True, kw_only=True)
class NewPerson:
    """A person who acts for a firm; `person_id` when there is an account, `phone` as typed."""

    name: str
    title: str = ""
    email: str = ""
    phone: str = ""
    language: str = "es"
    person_id: int | None = None


def plain(text: str) -> str:
    """Return text in lower case and without accents: what names are sorted and searched by.

    >>> plain("  Tejidos ÑANDÚ ")
    'tejidos nandu'
    """
    apart = unicodedata.normalize("NFKD", text.strip().casefold())
    return "".join(sign for sign in apart if not unicodedata.combining(sign))
